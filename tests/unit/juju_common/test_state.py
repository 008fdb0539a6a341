from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vca_juju_common.client.state import State
from vca_juju_common.client.things import Change, Key, Machine, Thing, Word, machine_tag

IDS = {"machine": "id", "application": "name", "unit": "name", "action": "id", "annotation": "tag", "relation": "key"}


def delta(kind: str, number: int, verb: str = "change", word: str = "") -> list[Any]:
    name = f"a/{number}" if kind == "unit" else str(number)
    return [kind, verb, {IDS[kind]: name, "life": word, "status": word if kind == "action" else {"current": word}}]


deltas = st.lists(
    st.builds(
        delta,
        st.sampled_from(sorted(IDS)),
        st.integers(0, 3),
        st.sampled_from(["change", "add", "remove"]),
        st.sampled_from(["alive", "dying"]),
    ),
    max_size=30,
)


def keys(state: State) -> set[Key]:
    return {(kind, id_) for kind in IDS for id_ in state.table(kind)}


@given(deltas)
def test_what_is_there_is_what_was_reported_last(batch: list[Any]) -> None:
    state, there = State(), {}
    state.apply(batch)
    for kind, verb, data in batch:
        there[kind, str(data[IDS[kind]])] = verb != "remove"
    assert keys(state) == {key for key, is_there in there.items() if is_there}
    assert state.removed == {key for key, is_there in there.items() if not is_there}


@given(deltas, deltas)
def test_deltas_that_come_twice_change_nothing(first: list[Any], second: list[Any]) -> None:
    state = State()
    state.apply(first)
    state.apply(second)
    last = {(kind, data[IDS[kind]]): [kind, verb, data] for kind, verb, data in second}
    assert state.apply(last.values()) == []


@given(deltas, deltas)
def test_a_whole_reading_leaves_nothing_but_what_it_names(first: list[Any], second: list[Any]) -> None:
    state, fresh = State(), State()
    state.apply(first)
    vanished = keys(state)
    fresh.apply(second)
    changes = dict(state.apply(second, whole=True))
    assert keys(state) == keys(fresh)
    assert {key for key, thing in changes.items() if thing is None} >= vanished - keys(fresh)
    assert state.readings == 1


def test_kinds_that_are_of_no_use_are_left_alone() -> None:
    assert State().apply([["block", "change", {"id": "1"}]]) == []


@pytest.mark.parametrize("base", ["ubuntu@22.04/stable", "ubuntu@22.04", {"name": "ubuntu", "channel": "22.04/stable"}])
def test_a_machine_is_read(base: object) -> None:
    state = State()
    data = {
        "id": "0/lxd/1",
        "instance-id": "manual:h",
        "agent-status": {"current": "started", "message": "m"},
        "instance-status": {"current": "running"},
        "base": base,
        "hardware-characteristics": {"arch": "arm64"},
        "addresses": [
            {"value": "127.0.0.1", "scope": "local-machine"},
            {"value": "10.0.0.5", "scope": "local-cloud"},
            {"value": "192.0.2.5", "scope": "public"},
        ],
    }
    state.apply([["machine", "change", data]])
    machine = state.machines["0/lxd/1"]
    assert (machine.base, machine.arch, machine.address, machine.is_manual) == (
        "ubuntu@22.04",
        "arm64",
        "192.0.2.5",
        True,
    )
    assert machine_tag(machine.id) == "machine-0-lxd-1"


def test_a_machine_has_no_address_until_one_is_reported() -> None:
    state = State()
    state.apply([["machine", "change", {"id": "0"}]])
    assert isinstance(state.machines["0"], Machine)
    assert state.machines["0"].address is None


def test_units_come_in_the_order_of_their_numbers() -> None:
    state = State()
    state.apply([["unit", "change", {"name": f"a/{number}", "application": "a"}] for number in (10, 9, 0)])
    assert [unit.name for unit in state.units_of("a")] == ["a/0", "a/9", "a/10"]


def _unit(number: int, word: str) -> list[Any]:
    return ["unit", "change", {"name": f"app/{number}", "workload-status": {"current": word, "message": f"{word}!"}}]


def _application(word: str) -> list[Any]:
    return ["application", "change", {"name": "app", "status": {"current": word, "message": "told"}}]


@pytest.mark.parametrize("unset", ["unset", "unknown", ""])
def test_an_application_without_status_has_its_worst_units(unset: str) -> None:
    state = State()
    state.apply([_application(unset)])
    assert state.status_of(state.applications["app"]).current == "unknown"
    state.apply([_unit(0, "active"), _unit(1, "blocked"), _unit(2, "maintenance")])
    assert state.status_of(state.applications["app"]) == Word("blocked", "blocked!")


def test_a_status_that_a_charm_sets_for_its_application_counts() -> None:
    state = State()
    state.apply([_application("active"), _unit(0, "maintenance")])
    assert state.status_of(state.applications["app"]) == Word("active", "told")


def machine_read(agent: str, id_: str = "0") -> dict[Key, Thing]:
    word = Word(agent, "says nothing")
    return {("machine", id_): Machine(id_, word, Word("running"), "alive", "", "", (), "", "")}


def machine_delta(agent: str, message: str = "") -> list[Any]:
    data = {"id": "0", "agent-status": {"current": agent, "message": ""}, "life": "alive"}
    return ["machine", "change", {**data, "instance-status": {"current": "running", "message": message}}]


def look_at_agents(state: State, things: dict[Key, Thing], number: int | None = None) -> list[Change]:
    return state.take_status(state.begin_reading() if number is None else number, things, is_watched=True)


def test_a_lost_agent_stays_lost_until_it_speaks_or_is_there() -> None:
    state = State()
    state.apply([machine_delta("started")])
    ((key, thing),) = look_at_agents(state, machine_read("down"))
    assert (key, state.machines["0"].agent.current, thing) == (("machine", "0"), "down", state.machines["0"])
    assert state.apply([machine_delta("started")], whole=True) == []  # what the watcher repeats says nothing of it
    ((_, thing),) = state.apply([machine_delta("started", "moved")])
    assert (thing.agent.current, thing.instance.message) == ("down", "moved")  # type: ignore[union-attr]
    look_at_agents(state, machine_read("started"))
    assert (state.machines["0"].agent.current, state.machines["0"].instance.message) == ("started", "moved")
    look_at_agents(state, machine_read("down"))
    state.apply([machine_delta("stopped", "moved")])
    assert state.machines["0"].agent.current == "stopped"


def test_a_reading_older_than_what_is_known_is_old_news() -> None:
    state = State()
    early, late = state.begin_reading(), state.begin_reading()
    state.apply([machine_delta("started")])  # it came since they began
    assert look_at_agents(state, machine_read("down"), early) == []
    fresh = state.begin_reading()
    assert look_at_agents(state, machine_read("down") | machine_read("down", "7"), fresh)
    assert look_at_agents(state, machine_read("started"), late) == []
    assert (state.machines["0"].agent.current, list(state.machines)) == ("down", ["0"])


def test_a_full_status_beside_a_watcher_is_not_whole() -> None:
    state = State()
    state.apply([machine_delta("started")], whole=True)
    readings = state.readings
    assert look_at_agents(state, {}) == []
    assert (list(state.machines), state.readings) == (["0"], readings)


def test_a_full_status_without_a_watcher_is_whole() -> None:
    state = State()
    state.apply([delta("action", 1), delta("annotation", 1)])
    before = state.begin_reading()
    asked = state.begun
    after = state.begin_reading()
    state.take_status(before, machine_read("started"), is_watched=False)
    assert state.readings <= asked  # it began before what was asked for, and shows nothing of it
    changes = state.take_status(after, machine_read("down", "1"), is_watched=False)
    assert dict(changes) == {("machine", "0"): None, ("machine", "1"): state.machines["1"]}
    assert state.readings > asked
    assert ("machine", "0") in state.removed
    assert state.is_lost("machine", "1", asked)
    assert not state.is_lost("machine", "1", after)
    assert (list(state.actions), list(state.annotations)) == (["1"], ["1"])  # it says nothing of them


def test_an_older_full_status_is_old_news() -> None:
    state = State()
    early, late = state.begin_reading(), state.begin_reading()
    state.apply([machine_delta("started")], whole=True, number=late)
    assert state.take_status(early, {}, is_watched=False) == []
    assert (list(state.machines), state.readings) == (["0"], late)


def test_a_whole_reading_counts_by_when_it_began() -> None:
    state = State()
    early, late = state.begin_reading(), state.begin_reading()
    state.apply([], whole=True, number=late)
    state.apply([], whole=True, number=early)
    assert (state.begun, state.readings) == (late, late)
