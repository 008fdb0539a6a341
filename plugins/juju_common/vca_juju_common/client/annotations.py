"""Notes at entities: where an execution environment's namespace is kept."""

from __future__ import annotations

from collections.abc import Mapping

from vca_juju_common.client.connection import over_races
from vca_juju_common.client.errors import checked
from vca_juju_common.client.generated import classes
from vca_juju_common.client.model import Model


async def annotate(model: Model, tag: str, notes: Mapping[str, str]) -> None:
    """Note something at an entity; an empty text takes a note away."""
    params = classes().EntityAnnotations(entity=tag, annotations=dict(notes))

    async def work() -> None:
        facade = await model.facade("Annotations")
        for result in (await facade.Set(annotations=[params])).results or ():
            checked(result)

    await over_races(work)
    model.noted(tag, notes)
