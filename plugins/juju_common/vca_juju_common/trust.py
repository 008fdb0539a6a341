"""The trust of an application that gets another charm, which has it when it comes; if it does not, none stays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from vca_core.errors import VcaError
from vca_juju_common.client.errors import ApiError
from vca_juju_common.client.interface import Model
from vca_juju_common.finishing import run_uninterrupted, undo_in_time
from vca_juju_common.options import CharmOptions
from vca_juju_common.session import Session


def asked_trust(asked: CharmOptions) -> bool | None:
    """Whether an application is to have trust; None: nothing is said, and it has what it has."""
    return asked.trust if "trust" in asked.model_fields_set else None


@asynccontextmanager
async def trust_first(session: Session, model: Model, application: str, *, wanted: bool | None) -> AsyncIterator[None]:
    """Change the trust of an application before a ``with`` block asks for its charm; undone if that is refused.

    Where it is not known whether the charm has come, the trust stays: the charm may need it.

    Args:
        session: the controller.
        model: where the application is.
        application: its name.
        wanted: whether it is to have trust; None: as it is.
    """
    if wanted is None or await model.has_trust(application) == wanted:
        yield
        return

    async def take_back() -> None:
        try:
            await model.set_config(application, {"trust": not wanted})
        except VcaError as error:
            session.log.warning(
                "application %s of model %s keeps trust: %s, which was set for a charm that did not come: %s",
                application,
                model.name,
                str(wanted).lower(),
                error.message,
            )

    is_charm_asked_for = False
    try:
        await run_uninterrupted(model.set_config(application, {"trust": wanted}))
        is_charm_asked_for = True
        yield
    except BaseException as error:
        # A cancellation has the refusal as its cause where that came while it was held back.
        if not is_charm_asked_for or any(isinstance(one, ApiError) for one in (error, error.__cause__)):
            await undo_in_time(take_back)
        raise
