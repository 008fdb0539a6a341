"""The type of the fixture `make_vca`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from vca_core.stores import StatusStore
from vca_core.vca import Vca


class MakeVca(Protocol):
    """Makes a `Vca` whose connectors ``c0``, ``c1`` … have the given backends; disconnected when the test ends."""

    def __call__(
        self,
        *backends: type,
        store: StatusStore | None = None,
        timeouts: dict[str, float] | None = None,
        on_update_db: Callable[..., Any] | None = None,
        options: dict[str, Any] | None = None,
        secrets: Iterable[str] = (),
        **config: Any,
    ) -> Vca: ...
