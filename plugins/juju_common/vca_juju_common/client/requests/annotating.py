"""Notes at entities: where an execution environment's namespace is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vca_juju_common.client.errors import check_result
from vca_juju_common.client.requests.target import Target
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
