"""Mutants: what is set or left for the whole process, where others do not look for it."""

from __future__ import annotations

import asyncio
import atexit
import gc
import locale
import logging
import os
import resource
import signal
import socket
import sys
import tempfile
import warnings
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId
from vca_fake.options import InstallOptions

_WHOLE = caught_by("nothing_is_set_for_the_whole_process")


class _SetsWhenOpened(EffectMutant):
    CAUGHT_BY = _WHOLE

    def set(self) -> None:
        """Set something for the whole process."""
        raise NotImplementedError

    @hookimpl
    async def open(self) -> None:
        self.set()
        await super().open()


class LeavesWorkForTheEnd(_SetsWhenOpened):
    """Each connection is closed once more when the process ends."""

    def set(self) -> None:
        atexit.register(int)


class ReplacesAFunctionOfSockets(_SetsWhenOpened):
    """Names are looked up in a way of its own, by all that the process does."""

    def set(self) -> None:
        vars(socket).update(getaddrinfo=partial(socket.getaddrinfo))


class AddsAHandlerToItsLogger(_SetsWhenOpened):
    """What it says is said once more with each connection."""

    def set(self) -> None:
        logging.getLogger("mutant").addHandler(logging.NullHandler())


class SilencesTheLoop(_SetsWhenOpened):
    """The event loop complains of what it does not end."""

    def set(self) -> None:
        logger = logging.getLogger("asyncio")
        logger.setLevel(logger.level + 1)


class SetsWhatIsSlow(_SetsWhenOpened):
    """The event loop complains of what it does not do quickly."""

    def set(self) -> None:
        asyncio.get_running_loop().slow_callback_duration += 1


class SetsTheLimitOfOpenFiles(_SetsWhenOpened):
    """So that it has enough of them, or nobody too many."""

    def set(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))


class CollectsGarbageLater(_SetsWhenOpened):
    """It makes many objects at once."""

    def set(self) -> None:
        first, *others = gc.get_threshold()
        gc.set_threshold(first + 1, *others)


class _SetsWhenMade(EffectMutant):
    CAUGHT_BY = _WHOLE

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.set()

    def set(self) -> None:
        """Set something for the whole process, to the same each time."""
        raise NotImplementedError


class SetsTheUmaskWhenMade(_SetsWhenMade):
    """Its files are for nobody else, and neither are those of others."""

    def set(self) -> None:
        os.umask(0o077)


class HandlesEndsOfChildren(_SetsWhenMade):
    """Whoever waited for a signal of children does not get it any more."""

    def set(self) -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)


class ShowsExceptionsItself(_SetsWhenMade):
    """What others do with exceptions that nobody handles is not done any more."""

    def set(self) -> None:
        sys.excepthook = sys.__excepthook__


class SilencesWarningsWhenMade(_SetsWhenMade):
    """Nobody is warned any more."""

    def set(self) -> None:
        warnings.simplefilter("ignore", ResourceWarning)


class TakesThePlaceOfTheUser(_SetsWhenMade):
    """Dates and numbers are as the environment says."""

    def set(self) -> None:
        locale.setlocale(locale.LC_TIME, "C.UTF-8")


class _LeavesWhenInstalling(EffectMutant):
    CAUGHT_BY = _WHOLE

    def leave(self, ee_id: EeId) -> None:
        """Leave something behind."""
        raise NotImplementedError

    @hookimpl
    async def install_configuration_sw(
        self,
        op: Operation,
        ee_id: EeId,
        artifact: Artifact,
        config: Mapping[str, Any],
        num_units: int,
        options: InstallOptions,
    ) -> None:
        self.leave(ee_id)
        await super().install_configuration_sw(op, ee_id, artifact, config, num_units, options)


class LeavesAnEmptyFolder(_LeavesWhenInstalling):
    """What is in its temporary folder is removed, and the folder is not."""

    def leave(self, ee_id: EeId) -> None:
        tempfile.mkdtemp()


class WritesWhereItWasStarted(_LeavesWhenInstalling):
    """A log of each install, in whichever folder the process works."""

    def leave(self, ee_id: EeId) -> None:
        Path(f"{ee_id}.log").touch()
