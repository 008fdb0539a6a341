"""Mutants: what is left in the process, and set for all of it."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
import socket
import ssl
import sys
import tempfile
import threading
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_fake.options import InstallOptions

_WHOLE = caught_by("nothing_is_set_for_the_whole_process")


class SetsAnEnvironmentVariable(EffectMutant):
    """For a client library that reads it."""

    CAUGHT_BY = _WHOLE

    @hookimpl
    async def open(self) -> None:
        os.environ["VCA_MUTANT"] = os.urandom(4).hex()
        await super().open()


class SetsTheLevelOfTheRootLogger(EffectMutant):
    """To see what a client library says."""

    CAUGHT_BY = _WHOLE

    @hookimpl
    async def open(self) -> None:
        root = logging.getLogger()
        root.setLevel(logging.ERROR if root.level != logging.ERROR else logging.CRITICAL)
        await super().open()


class SetsTheTimeoutOfSockets(EffectMutant):
    """For all sockets of the process."""

    CAUGHT_BY = _WHOLE

    @hookimpl
    async def open(self) -> None:
        socket.setdefaulttimeout(600 + (socket.getdefaulttimeout() or 0))
        await super().open()


class Prints(EffectMutant):
    """It says what it does where programs write their results."""

    CAUGHT_BY = _WHOLE

    @hookimpl
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        sys.stdout.write(f"deleting {ee_id}\n")
        await super().delete_execution_environment(op, ee_id)


class LeavesParametersInAFile(EffectMutant):
    """Parameters are handed on in a temporary file, which stays."""

    CAUGHT_BY = _WHOLE

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        with tempfile.NamedTemporaryFile("w", delete=False) as file:
            file.write(repr(params))
        return await super().exec_primitive(op, ee_id, primitive, params, unit)


class LeavesAThreadWhenAPrimitiveFails(EffectMutant):
    """What was started for a primitive ends with its success only."""

    CAUGHT_BY = caught_by("failed_primitives_leave_nothing")

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        over = threading.Event()
        threading.Thread(target=over.wait, name="watcher", daemon=True).start()
        output = await super().exec_primitive(op, ee_id, primitive, params, unit)
        over.set()
        return output


class LeavesAChild(EffectMutant):
    """A helper is started with the connection, and stays."""

    CAUGHT_BY = caught_by("a_disconnect_leaves_no[child]")

    @hookimpl
    async def open(self) -> None:
        await super().open()
        await asyncio.create_subprocess_exec("sleep", "20", stdin=asyncio.subprocess.DEVNULL)


class LeavesAFileWhenAPrimitiveFails(EffectMutant):
    """What was opened for a primitive is closed with its success only."""

    CAUGHT_BY = caught_by("failed_primitives_leave_nothing")

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        number = os.open(os.devnull, os.O_RDONLY)
        output = await super().exec_primitive(op, ee_id, primitive, params, unit)
        os.close(number)
        return output


class SetsASignalHandler(EffectMutant):
    """To end a client library in good order."""

    CAUGHT_BY = caught_by("nothing_is_set_for_the_whole_process")

    @hookimpl
    async def open(self) -> None:
        signal.signal(signal.SIGTERM, lambda *_: None)
        await super().open()


class SetsTheUmask(EffectMutant):
    """So that its own files are nobody else's to read."""

    CAUGHT_BY = caught_by("nothing_is_set_for_the_whole_process")

    @hookimpl
    async def open(self) -> None:
        os.umask(0o077)
        await super().open()


class HandlesExceptionsOfAllTasks(EffectMutant):
    """So that nobody hears of those of its own."""

    CAUGHT_BY = caught_by("nothing_is_set_for_the_whole_process")

    @hookimpl
    async def open(self) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        await super().open()


class LeavesWhatItUploaded(EffectMutant):
    """A charm is packed in a temporary file, which stays."""

    CAUGHT_BY = caught_by("nothing_is_set_for_the_whole_process")

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
        (Path(tempfile.mkdtemp()) / "charm.zip").write_bytes(b"packed")
        await super().install_configuration_sw(op, ee_id, artifact, config, num_units, options)


class _SetsWhenOpened(EffectMutant):
    CAUGHT_BY = _WHOLE

    def set(self) -> None:
        """Set something for the whole process."""
        raise NotImplementedError

    @hookimpl
    async def open(self) -> None:
        self.set()
        await super().open()


class SilencesWarnings(_SetsWhenOpened):
    """A client library warns of something that nobody here can change."""

    def set(self) -> None:
        warnings.simplefilter("ignore")


class SeedsRandom(_SetsWhenOpened):
    """So that it can be tested."""

    def set(self) -> None:
        random.seed(7)


class DisablesLoggers(_SetsWhenOpened):
    """A client library says too much."""

    def set(self) -> None:
        logging.disable(logging.INFO)


class ChecksNoCertificates(_SetsWhenOpened):
    """Its system has one that nobody signed; but others' have not."""

    def set(self) -> None:
        vars(ssl).update(_create_default_https_context=ssl._create_unverified_context)


class SetsTheLimitOfRecursion(_SetsWhenOpened):
    """For what its system nests deeply."""

    def set(self) -> None:
        sys.setrecursionlimit(sys.getrecursionlimit() + 1)


class OpensAFileForEachStatus(EffectMutant):
    """What was opened to read a status is not closed."""

    CAUGHT_BY = caught_by("a_disconnect_leaves_no[descriptor]")

    @hookimpl
    async def get_status(self, namespace: Namespace) -> dict[str, Any]:
        os.open(os.devnull, os.O_RDONLY)
        return await super().get_status(namespace)
