"""Refresh tokens that an auth-provider takes once: the next one is kept where ``kubectl`` keeps it.

That is the file of the kubeconfig. Processes take turns at it, or each would use up the token of the others.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from vca_core.file_locks import wait_lock
from vca_core.text_files import Unreadable, read_text
from vca_juju_k8s.cluster.kubeconfig import parse_kubeconfig, user_of, with_provider_config


class Turn:
    """A turn at the file of a kubeconfig, within a ``with`` block: no other process that takes one changes it.

    Args:
        file: the file.
        context: whose user is meant; None: that of the current one.
    """

    def __init__(self, file: Path, context: str | None) -> None:
        self._file = file
        self._context = context
        self._descriptor = -1
        self._refusal: OSError | None = None

    def __enter__(self) -> Self:
        while True:
            try:
                self._descriptor = os.open(self._file, os.O_RDWR | os.O_CLOEXEC)
            except OSError as error:  # those who may only read it take turns as well
                self._refusal = error
                self._descriptor = os.open(self._file, os.O_RDONLY | os.O_CLOEXEC)
            wait_lock(self._descriptor)
            if os.path.samestat(os.fstat(self._descriptor), self._file.stat()):
                return self
            os.close(self._descriptor)  # others have put another file in its place meanwhile

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def read(self) -> dict[str, Any]:
        """Read the config of the user's auth-provider.

        Raises:
            ValueError: the file is not a kubeconfig.
        """
        return _config_in(parse_kubeconfig(self._text()), self._context)

    def keep(self, values: Mapping[str, str]) -> str:
        """Put values into the config of the user's auth-provider.

        Args:
            values: by their names.

        Returns:
            Why that is not possible; empty: it was done.
        """
        try:
            if self._refusal is not None:
                raise self._refusal
            text = self._text()
            new = _with_values(text, self._context, values)
            self._write(len(text.encode()), new.encode())
        except ValueError as error:
            return str(error)
        except OSError as error:
            return f"{self._file} cannot be written: {error.strerror}"
        return ""

    def _text(self) -> str:
        text = read_text(self._file)
        if isinstance(text, Unreadable):
            raise ValueError(f"{self._file} cannot be read: {text.reason}")  # noqa: TRY004 - like a text that is none
        return text

    def _write(self, length: int, new: bytes) -> None:
        """Write in place, as it may be a link or a mount; it is whole at each moment, for blank lines mean nothing."""
        if len(new) > length:
            os.pwrite(self._descriptor, b"\n" * (len(new) - length), length)
        os.pwrite(self._descriptor, new.ljust(length, b"\n"), 0)
        os.ftruncate(self._descriptor, len(new))
        os.fsync(self._descriptor)


def _config_in(kubeconfig: Mapping[str, Any], context: str | None) -> dict[str, Any]:
    provider = user_of(kubeconfig, context).get("auth-provider")
    config = provider.get("config") if isinstance(provider, Mapping) else None
    return dict(config) if isinstance(config, Mapping) else {}


def _with_values(text: str, context: str | None, values: Mapping[str, str]) -> str:
    """A kubeconfig with other values; all else stays as it is written, if that is possible."""
    given = parse_kubeconfig(text)
    former, wanted = _config_in(given, context), with_provider_config(given, context, values)
    new = text
    for name, value in values.items():
        if old := former.get(name):
            new = new.replace(str(old), value)
    try:
        is_so = parse_kubeconfig(new) == wanted
    except ValueError:
        is_so = False
    return new if is_so else json.dumps(wanted, indent=2) + "\n"  # which is YAML, too
