"""An operation that does not hold its execution environment any more changes nothing; what undoes is let through."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from support.juju import backend_of, connected, installed

from vca_core import ConflictError
from vca_core.backend import Operation
from vca_core.naming import EeId, Namespace
from vca_juju_common.client.interface import Model
from vca_juju_common.client.values import NewApplication, NewMachine, Origin
from vca_jujusim.controller import SimulatedController

APP = "app-vnf-vnf1"
URL = "local:jammy/simple-router-0"
NEW = NewApplication("other", URL, Origin("local", "ubuntu@22.04", "amd64"), ["0"])


class Lost:
    """An operation whose EE is another process's; implements what a session needs of it."""

    cleanup = 60.0

    async def held(self) -> None:
        raise ConflictError("the execution environment is another process's now")


def lost() -> Operation:
    given: Any = Lost()
    made: Operation = given
    return made


CHANGES: dict[str, Callable[[Model], Awaitable[object]]] = {
    "add_machine": lambda model: model.add_machine(NewMachine()),
    "annotate": lambda model: model.annotate(["machine-0"], {"a": "b"}),
    "deploy": lambda model: model.deploy(NEW),
    "set_config": lambda model: model.set_config(APP, {"mtu": 1500}),
    "destroy_applications": lambda model: model.destroy_applications([APP], destroy_storage=True),
    "destroy_machines": lambda model: model.destroy_machines(["0"]),
    "enqueue_action": lambda model: model.enqueue_action(APP, None, "show-routes", {}),
    "upload_charm": lambda model: model.upload_charm(io.BytesIO(b"x"), 1, lambda *_: None),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_nothing_is_changed_without_the_environment(controller: SimulatedController, change: str) -> None:
    async with connected(controller) as edge:
        await installed(edge)
        before = dict(controller.counts.requests)
        async with backend_of(edge).session.use("ns1", lost()) as model:
            with pytest.raises(ConflictError, match="another process's now"):
                await CHANGES[change](model)
            assert model.state.applications.keys() == {APP}
        assert {name for name, count in controller.counts.requests.items() if count != before.get(name, 0)} <= {
            "AllWatcher.Next"
        }


async def test_what_was_made_is_undone_all_the_same(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await installed(edge)
        async with backend_of(edge).session.controller.use("ns1") as model:
            machine = await model.add_machine(NewMachine())
        async with backend_of(edge).session.use("ns1", lost()) as model:
            await model.undo_machines([machine])
            await model.wait(lambda: True if machine not in model.state.machines else None)


async def test_no_model_is_made_or_destroyed_without_it(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        backend = backend_of(edge)
        with pytest.raises(ConflictError):
            await backend.session.make("ns2", lost(), _fail)
        await installed(edge)
        with pytest.raises(ConflictError):
            await backend.delete_namespace(lost(), Namespace.parse(".ns1"))
        with pytest.raises(ConflictError):
            await backend.delete_execution_environment(lost(), EeId("ns1", APP, "0"))
        assert [record.ee_id for record in await edge.list_execution_environments()] == [EeId("ns1", APP, "0")]


async def _fail(_model: object) -> None:
    raise AssertionError("the model was made")
