"""Undoing what an operation made in vain: now, or when there is a connection again."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from vca_core.errors import NotFound
from vca_juju_common.client.errors import ApiError
from vca_juju_common.client.holding import ask_first
from vca_juju_common.client.requests.target import Target

_LOG = logging.getLogger(__name__)


async def undo_or_owe(model: Target, what: str, undo: Callable[[Any], Awaitable[None]]) -> None:
    """Undo something that has lost its owner: now, or, if that fails, when the controller is back.

    Args:
        model: where.
        what: it is, for the log: ``note x of model y``.
        undo: undoes it in the model that it is given. What is there no more, or belongs to others, it leaves alone.
    """
    try:
        with ask_first(None):
            await undo(model)
    except NotFound:  # the model is gone, and it with the model
        raise
    except ApiError as error:
        if not error.is_gone:  # else it was not made
            _LOG.warning(
                "%s was made in vain, and the controller does not remove it (%s); that is tried once more by the next"
                " operation there",
                *(what, error.code or "no code"),
            )
            model.debts.owe(undo)
        raise
    except BaseException:
        _LOG.warning("%s was made in vain; it is removed when the controller is back, if this process lives", what)
        model.owe(undo)
        raise
