"""Makes an error of the tree of whatever a plugin raised."""

from __future__ import annotations

from collections.abc import Callable

from vca_core.errors import BackendError, Cause, VcaError
from vca_core.secrets import scrub_cause


def translate(error: BaseException, scrub: Callable[[str], str]) -> VcaError:
    """Make an error of the tree of whatever a hook raised, without secrets and without the foreign object (D83).

    Args:
        error: what was raised.
        scrub: takes secrets out of a text.

    Returns:
        The error itself if it is of the tree, else a `BackendError`; its cause is a `vca_core.errors.Cause`.
    """
    if isinstance(error, VcaError):
        foreign = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        own: VcaError = error.scrubbed(scrub).with_traceback(None)
        own.__cause__ = foreign if foreign is None or isinstance(foreign, Cause) else scrub_cause(foreign, scrub)
    else:
        cause = scrub_cause(error, scrub)
        own = BackendError(f"the backend failed with {cause.kind}: {cause.text}")
        own.__cause__ = cause
    own.__context__ = None
    own.__suppress_context__ = True
    return own
