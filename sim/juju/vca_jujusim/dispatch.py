"""Finds the method that answers a request."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from vca_jujusim.faults import WireFault
from vca_jujusim.problems import NOT_FOUND, NOT_IMPLEMENTED, NOT_SUPPORTED, UNAUTHORIZED, UPGRADING, Refusal
from vca_jujusim.schemas import check_answer, check_request
from vca_jujusim.world.model import Model
from vca_jujusim.world.world import World

if TYPE_CHECKING:
    from vca_jujusim.session import Session

Json = dict[str, Any]
Where = Literal["controller", "model", "both"]
T = TypeVar("T")

# Versions that a controller of 3.6 has, and on which connections.
FACADES: dict[str, tuple[tuple[int, ...], Where]] = {
    "Action": ((7,), "model"),
    "Admin": ((3,), "both"),
    "AllWatcher": ((3,), "model"),
    "Annotations": ((2,), "model"),
    "Application": ((19, 20), "model"),
    "ApplicationOffers": ((4, 5), "controller"),
    "Block": ((2,), "model"),
    "Charms": ((5, 6, 7), "model"),
    "Client": ((6, 7, 8), "model"),
    "Cloud": ((7,), "controller"),
    "Controller": ((11, 12), "controller"),
    "KeyManager": ((1,), "model"),
    "MachineManager": ((9, 10), "model"),
    "MetricsDebug": ((2,), "model"),
    "ModelConfig": ((3,), "model"),
    "ModelManager": ((9, 10), "controller"),
    "Pinger": ((1,), "both"),
    "Resources": ((3,), "model"),
    "UserManager": ((3,), "controller"),
}

_WHILE_UPGRADING = {"Admin.Login", "Pinger.Ping", "Client.FullStatus", "Client.FindTools"}

_WHILE_MIGRATING = {"Admin.Login", "Pinger.Ping", "Client.FullStatus"}

Answer = Json | None


@dataclass(slots=True)
class Call:
    """A request: who asks, about which model, and which single results go wrong."""

    session: Session
    name: str
    watcher: str = ""
    result_faults: list[WireFault] = field(default_factory=list)

    @property
    def world(self) -> World:
        """The controller's world."""
        return self.session.world

    @property
    def user(self) -> str:
        """Who asks."""
        return self.session.user

    @property
    def model(self) -> Model:
        """The model of this connection, as long as it is there."""
        return self.session.require_model()

    def results(self, items: Iterable[T] | None, answer: Callable[[T], Json]) -> list[Json]:
        """Answer each item of a bulk call; what is refused becomes the error of its result."""
        found: list[Json] = []
        for index, item in enumerate(items or []):
            try:
                for fault in self.result_faults:
                    if fault.index == index and fault.error is not None:
                        raise fault.error
                found.append(answer(item))
            except Refusal as refusal:
                found.append({"error": refusal.as_result()})
        return found


Method = Callable[[Call, Json], Answer | Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class _Entry:
    function: Method
    access: str | None
    waits: bool


_METHODS: dict[str, _Entry] = {}


def method(name: str, *, access: str | None = "read") -> Callable[[Method], Method]:
    """Register what answers `Facade.Method`; on a model's connection the user needs this access to the model."""

    def register(function: Method) -> Method:
        _METHODS[name] = _Entry(function, access, inspect.iscoroutinefunction(function))
        return function

    return register


def facade_versions(*, is_on_model: bool) -> list[Json]:
    """Return the facade versions, as the answer to a login has them."""
    here = "model" if is_on_model else "controller"
    return [
        {"name": name, "versions": list(versions)}
        for name, (versions, where) in FACADES.items()
        if where in {here, "both"}
    ]


def has_to_wait(name: str) -> bool:
    """Whether what is asked for is an event, which comes when it comes."""
    entry = _METHODS.get(name)
    return entry is not None and entry.waits


def has_to_ask_clusters(name: str, world: World) -> bool:
    """Whether a cluster has to answer before the controller can."""
    return world.clusters is not None and name in _ASKING_CLUSTERS


_ASKING_CLUSTERS = {"ModelManager.CreateModel", "Cloud.UpdateCredentialsCheckModels"}


def find(session: Session, facade: str, version: int, request: str, params: Json) -> _Entry:
    """The method of a request.

    Raises:
        Refusal: there is no such request, or its parameters are not valid.
    """
    known = FACADES.get(facade)
    if known is None:
        raise Refusal(f'unknown facade type "{facade}"', NOT_IMPLEMENTED)
    here = "model" if session.is_on_model else "controller"
    if known[1] not in {here, "both"}:
        raise Refusal(f'facade "{facade}" not supported for {here} API connection', NOT_SUPPORTED)
    entry = _METHODS.get(f"{facade}.{request}")
    if version not in known[0] or entry is None:
        missing = f"{facade}({version}).{request}" if entry is None else f"{facade}({version})"
        raise Refusal(f"no such request - method {missing} is not implemented", NOT_IMPLEMENTED)
    problem = check_request(facade, version, request, params)
    if problem is not None:
        raise Refusal(problem)
    return entry


async def answer(call: Call, facade: str, version: int, request: str, params: Json) -> Json:
    """Answer a request; the answer is checked against the schema.

    Raises:
        Refusal: it fails as a whole.
        SchemaError: the simulator is wrong.
    """
    entry = find(call.session, facade, version, request, params)
    if facade != "Admin" and not call.session.user:
        raise Refusal("not logged in", UNAUTHORIZED)
    if call.session.upgrading and f"{facade}.{request}" not in _WHILE_UPGRADING:
        call.session.controller.faults.note_upgrade_refusal()
        raise Refusal("upgrade in progress", UPGRADING)
    if call.session.migrating and f"{facade}.{request}" not in _WHILE_MIGRATING:
        raise Refusal("model migration in progress")
    if facade == "MachineManager" and call.model.kind == "caas":
        raise Refusal(f'facade "{facade}" not supported for container models', NOT_SUPPORTED)
    if facade != "Admin" and call.session.is_on_model and entry.access is not None:
        call.model.check_access(call.user, entry.access)
    found = entry.function(call, _without_nulls(params))
    result = (await found if inspect.isawaitable(found) else found) or {}
    check_answer(facade, version, request, result)
    return result


_FREE = frozenset({"parameters"})
"""What Go does not read into its own types, but keeps as it is: the parameters of actions."""


def _without_nulls(value: Any) -> Any:
    """Remove nulls: where Go reads into its own types, null is the same as nothing."""
    if isinstance(value, dict):
        return {
            key: inner if key in _FREE else _without_nulls(inner) for key, inner in value.items() if inner is not None
        }
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def parse_tag(tag: Any, kind: str) -> str:
    """What a tag names.

    Raises:
        Refusal: it is not a tag of this kind.
    """
    text = str(tag or "")
    if not text.startswith(f"{kind}-"):
        raise Refusal(f'"{text}" is not a valid {kind} tag', "" if text else NOT_FOUND)
    rest = text[len(kind) + 1 :]
    if kind == "unit":
        return "/".join(rest.rsplit("-", 1))
    if kind == "machine":
        return rest.replace("-", "/")
    return rest.removesuffix("@local") if kind == "user" else rest
