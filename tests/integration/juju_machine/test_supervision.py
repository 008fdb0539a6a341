"""One supervised connection: what ends it, what does not, and who is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
from support.fair_clock import let_pass
from support.juju import until

from vca_core import NotFound, VcaConnectionError
from vca_core.errors import VcaError
from vca_juju_common.client.errors import ConnectionLost
from vca_juju_common.client.transport import connection, dial, wire
from vca_juju_common.client.transport.connection import Connection
from vca_juju_common.client.transport.dial import Account, Dialer
from vca_juju_common.client.transport.endpoints import Endpoint, Endpoints
from vca_juju_common.client.transport.tls import Tls
from vca_juju_common.client.transport.wire import Wire
from vca_jujusim.controller import SimulatedController

CANARY = "canary-91c2-secret"


@asynccontextmanager
async def supervised(
    controller: SimulatedController,
    on_open: Callable[[Wire], Awaitable[None]] | None = None,
    on_end: Callable[[VcaError], None] | None = None,
    wanted: Callable[[], bool] | None = None,
    *,
    path: str = "/api",
    patience: float = 5.0,
) -> AsyncIterator[Connection]:
    """A connection to the controller, with whatever password it takes at first; nothing is left of it."""
    password = controller.password

    async def secret() -> str:
        return password

    endpoints = Endpoints([Endpoint.parse(one) for one in controller.endpoints])
    dialer = Dialer(
        endpoints, Account(controller.username, secret), Tls(verify=False), connect_limit=5.0, request_limit=5.0
    )
    kept = Connection(dialer, path, "the API", patience, 5.0, on_open, on_end, wanted)
    try:
        yield kept
    finally:
        await kept.close()
        await dialer.close()
    assert not [
        task for task in asyncio.all_tasks() if task.get_name().startswith(("the API", "connection to", "dial"))
    ]


def change_password(controller: SimulatedController, password: str) -> None:
    controller.world.users[controller.username].password = password


async def test_what_is_raised_unexpectedly_ends_no_connection(controller: SimulatedController) -> None:
    troubles = [KeyError(CANARY), RuntimeError(CANARY)]

    async def read(_: Wire) -> None:
        if troubles:
            raise troubles.pop()

    async with supervised(controller, read) as kept:
        await kept.call("Pinger", "Ping")
    assert troubles == []
    assert controller.counts.opened == 3


async def test_an_unexpected_error_reaches_those_who_wait(controller: SimulatedController) -> None:
    async def read(_: Wire) -> None:
        raise KeyError(CANARY)

    async with supervised(controller, read, patience=0.3) as kept:
        with pytest.raises(VcaConnectionError, match="the API cannot be opened: KeyError") as caught:
            await kept.wire()
    assert caught.value.retryable
    assert CANARY not in str(caught.value)
    assert CANARY in repr(caught.value.__cause__.__cause__)  # type: ignore[union-attr] # the cause is kept


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pauses there were, anew after each good connection."""
    counts: list[int] = []

    def pauses(most: float) -> Iterator[float]:
        counts.append(0)
        while True:
            counts[-1] += 1
            yield 0.0

    monkeypatch.setattr(connection, "pauses", pauses)
    return counts


async def broken_thrice(controller: SimulatedController) -> None:
    async with supervised(controller) as kept:
        for _ in range(3):
            await kept.wire()
            opened = controller.counts.opened
            controller.cut()
            await until(lambda opened=opened: controller.counts.opened > opened)  # type: ignore[misc] # a default


async def test_short_lived_connections_are_remade_with_growing_pauses(
    controller: SimulatedController, drawn: list[int]
) -> None:
    await broken_thrice(controller)
    assert drawn == [3]


async def test_a_connection_that_lasted_is_made_anew_at_once(
    controller: SimulatedController, drawn: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LASTING", 0.0)
    await broken_thrice(controller)
    assert sum(drawn) == 0


async def test_a_wanted_connection_comes_back_after_a_wrong_password(
    controller: SimulatedController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "SLOWLY", 0.05)
    right, ended = controller.password, list[VcaError]()
    async with supervised(controller, on_end=ended.append, wanted=lambda: True) as kept:
        await kept.wire()
        change_password(controller, "another")
        controller.cut()
        await until(lambda: len(ended) >= 3)
        change_password(controller, right)
        opened = controller.counts.opened
        await until(lambda: controller.counts.opened > opened and controller.counts.open == 1)
        await kept.call("Pinger", "Ping")
        assert not any(error.retryable for error in ended)


async def test_a_caller_meanwhile_fails_at_once_and_a_new_try_begins(controller: SimulatedController) -> None:
    right = controller.password
    async with supervised(controller, wanted=lambda: True) as kept:
        change_password(controller, "another")
        for _ in range(2):
            with pytest.raises(VcaConnectionError, match="refuses the login"):
                await kept.wire()
        change_password(controller, right)
        await kept.call("Pinger", "Ping")
    assert controller.counts.failed_logins == 2


async def test_unwanted_or_impossible_connections_are_not_retried(
    controller: SimulatedController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "SLOWLY", 0.0)
    asked: list[str] = []

    def wanted() -> bool:
        asked.append("wanted?")
        return False

    nowhere = "/model/00000000-0000-4000-8000-000000000000/api"
    async with supervised(controller, wanted=wanted, path=nowhere) as kept:
        with pytest.raises(NotFound):
            await kept.wire()
    assert asked == []
    async with supervised(controller, wanted=wanted) as kept:
        change_password(controller, "another")
        with pytest.raises(VcaConnectionError, match="refuses the login"):
            await kept.wire()
        await until(lambda: asked)
        assert not [task for task in asyncio.all_tasks() if task.get_name() == "the API: supervisor"]
    assert len(asked) == 1
    assert controller.counts.failed_logins == 1


async def test_a_controller_that_refuses_pings_is_up_and_asked_again(
    controller: SimulatedController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "PING_EVERY", 0.02)
    controller.faults.refuse("Pinger.Ping", "model migration in progress", times=None)
    async with supervised(controller) as kept:
        await kept.wire()
        await until(lambda: max(controller.counts.pings.values(), default=0) >= 3)
    assert controller.counts.opened == 1


async def test_only_so_many_connections_are_made_at_once(
    controller: SimulatedController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dial, "AT_ONCE", 2)
    rule = controller.faults.delay("Admin.Login", 30.0)
    async with supervised(controller) as kept, asyncio.TaskGroup() as group:
        dialer = kept._dialer
        others = [Connection(dialer, "/api", "the API", 5.0, 5.0) for _ in range(3)]
        asked = [group.create_task(one.wire()) for one in (kept, *others)]
        await until(lambda: controller.counts.requests["Admin.Login"] == 2)
        for _ in range(20):
            await asyncio.sleep(0)
        assert controller.counts.opened == 2
        rule.times = 0
        controller.cut()
        await asyncio.gather(*asked)
        await asyncio.gather(*(one.close() for one in others))


async def test_waiting_for_the_turn_to_be_dialled_costs_no_patience(controller: SimulatedController) -> None:
    async with supervised(controller, patience=0.5) as kept, asyncio.TaskGroup() as group:
        for _ in range(dial.AT_ONCE):
            await kept._dialer.line.acquire()
        asked = group.create_task(kept.wire())
        await until(lambda: kept._turn.waited)
        for _ in range(3):
            let_pass(60.0)
            await asyncio.sleep(0)
        assert not asked.done()
        for _ in range(dial.AT_ONCE):
            kept._dialer.line.release()
        await asked


async def test_a_connection_that_was_lost_costs_no_patience_in_line(controller: SimulatedController) -> None:
    async with supervised(controller) as kept:
        await kept.wire()
        before = kept._turn.waited
        for _ in range(dial.AT_ONCE):
            await kept._dialer.line.acquire()
        controller.cut()
        await until(lambda: kept._turn.waited > before)
        let_pass(60.0)
        assert kept.seconds_left()
        for _ in range(dial.AT_ONCE):
            kept._dialer.line.release()
        await kept.wire()


async def test_what_is_reported_is_how_long_one_really_waited(controller: SimulatedController) -> None:
    controller.faults.refuse("connect", "not now", times=None)
    async with supervised(controller, patience=0.4) as kept, asyncio.TaskGroup() as group:
        asked = group.create_task(outcome_of(kept))
        await until(lambda: kept._trouble)
        let_pass(7.0)
        assert "no connection within 7" in (await asked).message


async def test_time_in_which_the_loop_did_not_look_costs_no_patience(controller: SimulatedController) -> None:
    rule = controller.faults.delay("Admin.Login", 4.0)
    async with supervised(controller, patience=2.0) as kept, asyncio.TaskGroup() as group:
        asked = group.create_task(kept.wire())
        await until(lambda: rule.hits)
        let_pass(4.0)  # at once: both the answer and the end of the patience are due
        await asked


async def test_all_waiters_hear_although_the_first_asks_again(controller: SimulatedController) -> None:
    async with supervised(controller) as kept:
        change_password(controller, "another")

        async def ask_twice() -> None:
            for _ in range(2):
                with pytest.raises(VcaConnectionError, match="look at username and secret"):
                    await kept.wire()

        await asyncio.gather(*(ask_twice() for _ in range(3)))


async def test_nothing_is_written_to_a_socket_that_is_gone(
    controller: SimulatedController, caplog: pytest.LogCaptureFixture
) -> None:
    async with supervised(controller) as kept:
        there = await kept.wire()
        controller.cut()
        await asyncio.sleep(0)  # its end is closed then, and ours has not looked
        found = await asyncio.gather(*(there.call("Pinger", "Ping") for _ in range(20)), return_exceptions=True)
        assert {type(one) for one in found} == {ConnectionLost}
    assert "socket.send()" not in caplog.text


async def outcome_of(kept: Connection) -> VcaConnectionError:
    with pytest.raises(VcaConnectionError) as caught:
        await kept.wire()
    return caught.value
