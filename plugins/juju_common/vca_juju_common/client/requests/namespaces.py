"""Namespaces of Kubernetes that models would have, and that are taken: by whom, as far as the controller says."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from vca_core.errors import BadArguments
from vca_juju_common.client.errors import ApiError, check_result
from vca_juju_common.client.refusals import left_of_model
from vca_juju_common.client.requests.target import Facades
from vca_juju_common.client.retries import retry_races
from vca_juju_common.client.transport.generated import classes

LEAVING = 15.0
"""Seconds that a namespace which is taken has to go, where Juju does not say whether it is being removed: more than
twice what Kubernetes takes for an empty one. The caller hears of one that is in use that much later."""

_LEAVING = re.compile(r"\bis being (?:terminated|deleted)\b|\bobject is being deleted\b")
"""What Kubernetes says of a namespace that is on its way out."""

_ABOUT_NAMESPACE = re.compile(
    r"\bannotations map\[.*\bfor namespace\b|\bnamespace\b[^:]*\b(?:not valid|may be in use)\b|"
    r"\bis not owned by Juju\b|\bnamespaces? .*\bis being (?:terminated|deleted)\b|"
    r"\bcreating namespace [^:]*: not found$",
    re.DOTALL,
)
"""What Juju says where a namespace is there that the model would have, beside that it exists. Words around these have
changed between releases; what it says where it cannot reach the cluster, or may not do something there, is not among
them."""

_OWNERS = re.compile(r"\b(controller|model)\.juju\.is/id:([0-9a-f-]{36})")
"""Whose it is, in the text of a refusal; also whose it would have to be."""


class NamespaceTaken(Exception):
    """A namespace that a model would have is there already."""

    def __init__(self, reason: str) -> None:
        super().__init__(" ".join(reason.split()))

    @property
    def is_leaving(self) -> bool:
        """Whether it is said that it is on its way out."""
        return _LEAVING.search(str(self)) is not None

    @property
    def controllers(self) -> set[str]:
        """The uuids of the controllers that are named."""
        return {uuid for kind, uuid in _OWNERS.findall(str(self)) if kind == "controller"}

    @property
    def holders(self) -> list[str]:
        """The uuid of the model whose it is: the first one that is named; the other is the one that it would be."""
        return [uuid for kind, uuid in _OWNERS.findall(str(self)) if kind == "model"][:1]

    @property
    def models(self) -> set[str]:
        """The uuids of the models that are named."""
        return {uuid for kind, uuid in _OWNERS.findall(str(self)) if kind == "model"}


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a namespace.

    Args:
        name: in words; empty: not known.
        stays: whether it is known that the namespace is not on its way out.
        is_leaving: whether it is known that it is.
        left_of: the uuid of the model that it was made for, where the controller has none of it; empty: not known.
    """

    name: str = ""
    stays: bool = False
    is_leaving: bool = False
    left_of: str = ""


def is_about_namespace(error: ApiError) -> bool:
    """Whether the making of a model was refused because its namespace is there."""
    return error.is_there_already or _ABOUT_NAMESPACE.search(error.message) is not None


async def find_holder(
    controller: Facades, taken: NamespaceTaken, is_no_model: Callable[[str], Awaitable[bool]]
) -> Holder:
    """Find out who has a namespace, where that is a model: then the refusal names it.

    Args:
        controller: where.
        taken: what it said.
        is_no_model: asks whether it has no model with a given uuid, of any user.
    """
    if foreign := taken.controllers - {controller.controller_uuid}:
        return Holder(f"a model of another Juju controller ({', '.join(sorted(foreign))})", stays=True)
    for uuid in sorted(taken.models):
        found = await _describe(controller, uuid)
        if found is not None:
            return found
    gone = [uuid for uuid in taken.holders if await is_no_model(uuid)]
    return Holder(left_of=gone[0]) if gone else Holder(is_leaving=taken.is_leaving)


async def _describe(controller: Facades, uuid: str) -> Holder | None:
    """What a model is; None: it is not there, or only those may look at it who may do everything."""

    async def work() -> Holder:
        facade = await controller.facade("ModelManager")
        entities = [classes().Entity(tag=f"model-{uuid}")]
        found = check_result((await facade.ModelInfo(entities=entities)).results[0]).result
        name = f"model {str(found.owner_tag).removeprefix('user-')}/{found.name}"
        if found.life == "alive":
            return Holder(name, stays=True)
        return Holder(f"{name}, which is on its way out", is_leaving=True)

    try:
        return await retry_races(work)
    except ApiError:
        return None


def taken_namespace(name: str, cloud: str | None, holder: Holder, taken: NamespaceTaken) -> BadArguments:
    """A namespace is taken.

    Args:
        name: of the namespace.
        cloud: in whose cluster it is.
        holder: who has it.
        taken: what the controller said.
    """
    if holder.left_of:
        return left_of_model(name, holder.left_of, taken)
    by = f"by {holder.name}" if holder.name else "and not by a model of ours"
    later = "" if holder.stays else ", or try again if it is on its way out"
    return BadArguments(
        f"namespace: {name} is taken in the Kubernetes cluster of cloud {cloud}, {by}; choose another "
        f"ns_id{later} ({taken})",
        ["namespace"],
    )
