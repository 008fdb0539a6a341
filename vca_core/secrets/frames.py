"""Errors without the frames below: those hold what a caller gave, and some log locals."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from vca_core.errors import VcaError

P = ParamSpec("P")
R = TypeVar("R")


def without_frames(function: Callable[P, R]) -> Callable[P, R]:
    """Let errors of the tree leave a function without the frames below, and so those that led to them."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except VcaError as error:
            del args, kwargs
            _forget(error)
            raise error.with_traceback(None)  # noqa: B904 - the same error, not one that another led to

    return call


def _forget(error: BaseException) -> None:
    waiting: list[BaseException | None] = [error.__cause__, error.__context__]
    seen = {id(error)}
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            one.__traceback__ = None
            waiting += [one.__cause__, one.__context__]
