"""Notes at entities: where an execution environment's namespace is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vca_juju_common.client.errors import check_result
from vca_juju_common.client.requests.target import Target
from vca_juju_common.client.requests.undoing import undo_or_owe
from vca_juju_common.client.retries import retry_races
from vca_juju_common.client.transport.generated import classes


async def annotate(model: Target, tags: Sequence[str], notes: Mapping[str, str]) -> None:
    """Note the same at one or several entities, with one request; an empty text takes a note away."""
    params = [classes().EntityAnnotations(entity=tag, annotations=dict(notes)) for tag in tags]

    async def work() -> None:
        facade = await model.facade("Annotations")
        for result in (await facade.Set(annotations=params)).results or ():
            check_result(result)

    await retry_races(work)
    for tag in tags:
        model.note(tag, notes)


async def read_notes(model: Target, tag: str) -> dict[str, str]:
    """Read what is noted at an entity now: its deltas may come later."""
    reply = await model.call("Annotations", "Get", {"entities": [{"tag": tag}]})
    return dict(check_result(reply["results"][0]).get("annotations") or {})


async def undo_note(model: Target, tag: str, name: str, text: str) -> None:
    """Remove a note that has lost its owner: now, or, if that fails, when the controller is back.

    Args:
        model: where.
        tag: of the entity.
        name: of the note.
        text: what it says; a different one belongs to others, and stays.
    """

    async def undo(model: Target) -> None:
        if (await read_notes(model, tag)).get(name) == text:
            await annotate(model, [tag], {name: ""})

    await undo_or_owe(model, f"note {name} at {tag} of model {model.name}", undo)
