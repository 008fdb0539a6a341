"""The logger that backends are given."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any

from vca_core.secrets.causes import qualified_name, scrub_cause


class ScrubbingLog(logging.LoggerAdapter[logging.Logger]):
    """The logger that a backend is given: secrets are out before any handler sees a record.

    A message is formatted first and scrubbed then, so a secret among its arguments does not get through; an exception
    is logged as a `Cause`; texts in `extra` are scrubbed.

    Args:
        logger: where to log to, a logger of the standard library.
        scrub: takes secrets out of a text, as `SecretValues.scrub`.
    """

    def __init__(self, logger: logging.Logger, scrub: Callable[[str], str]) -> None:
        super().__init__(logger, {})
        self._scrub = scrub

    def log(
        self,
        level: int,
        msg: object,
        *args: object,
        exc_info: Any = None,
        stack_info: bool = False,
        stacklevel: int = 1,
        extra: Mapping[str, object] | None = None,
        **kwargs: object,
    ) -> None:
        """Log as `logging.Logger.log` does, without secrets."""
        if not self.isEnabledFor(level):
            return
        if isinstance(exc_info, tuple):
            exc_info = exc_info[1]
        elif exc_info and not isinstance(exc_info, BaseException):
            exc_info = sys.exc_info()[1]
        # One level more: this very method is not who logs.
        self.logger.log(
            level,
            self._scrub(_format(msg, args)),
            exc_info=scrub_cause(exc_info, self._scrub) if exc_info else None,
            stack_info=stack_info,
            stacklevel=stacklevel + 1,
            extra={name: self._scrub_value(value) for name, value in extra.items()} if extra else None,
            **kwargs,
        )

    def _scrub_value(self, value: object) -> object:
        text = self._scrub(str(value))
        return value if isinstance(value, int | float | None) and text == str(value) else text


def _format(msg: object, args: tuple[object, ...]) -> str:
    values: Any = args[0] if len(args) == 1 and isinstance(args[0], Mapping) and args[0] else args
    try:
        return str(msg) % values if args else str(msg)
    except Exception as broken:  # noqa: BLE001 - a foreign object's __str__ may raise anything
        shown = msg if isinstance(msg, str) else type(msg).__qualname__
        return f"{shown} (cannot be formatted: {qualified_name(type(broken))})"
