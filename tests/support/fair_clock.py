"""The event loop of the tests: its clock is fair, one can move it on, and no connection may be left open."""

from __future__ import annotations

import asyncio

from vca_core.testing.fair_clock import FairLoop


def let_pass(seconds: float) -> None:
    """Have it be so many seconds later: limits that lie in between expire."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, FairLoop)
    loop.clock.passed += seconds


class StrictLoop(FairLoop):
    """An event loop with a fair clock, which complains at its end of what is left."""

    def close(self) -> None:
        """Close the loop.

        Raises:
            ResourceWarning: a connection is still open. Python itself warns when the connection is collected, which
                fails whichever test runs then.
        """
        transports = [] if self.is_closed() else list(self._transports.values())  # type: ignore[attr-defined]
        left = [str(one) for one in transports if not one.is_closing()]
        super().close()
        if left:
            raise ResourceWarning(f"still open when the event loop ended: {left}")

    def abort_connections_at(self, port: int) -> None:
        """Abort the connections that were accepted at a port, those too that a server does not know of yet."""
        for transport in list(self._transports.values()):  # type: ignore[attr-defined]
            address = transport.get_extra_info("sockname")
            if isinstance(address, tuple) and address[1] == port:
                transport.abort()
