"""Programs that log the user of a kubeconfig in (`exec`): bounded, and ended with all that they have started.

An `auth-provider` is asked by such a program, too, of ours: the `kubernetes` package would run programs and ask servers
without a limit, and nobody could end that.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from vca_core.tasks import settle
from vca_juju_k8s.cluster.errors import ClusterError
from vca_juju_k8s.cluster.kubeconfig import check_token
from vca_juju_k8s.cluster.masking import mask
from vca_juju_k8s.cluster.outputs import Output

LIMIT = 60.0
"""Seconds that a program has: it may ask a service, or have somebody log in with a browser."""

ANSWER = 1_000_000
"""Bytes that an answer may have."""

COMPLAINTS = 16_000_000
"""Bytes that a program may print to its standard error: one that is asked to explain itself prints much."""

_COMPLAINT = 65_536
"""Bytes of those that are looked at: the last ones."""

_LINES = 3
_SHOWN = 500
"""How many lines, and characters, of that are shown at the most: the last ones."""

OWN_VERSION = "client.authentication.k8s.io/v1"
"""The version of the API by which our own program answers."""


@dataclass(frozen=True)
class Program:
    """A program, as a kubeconfig names it.

    Args:
        command: with its arguments.
        environment: what it gets beside ours.
        version: of the API by which it answers.
        folder: where it runs; None: where this process does.
        provider: the name of the auth-provider that it asks; None: it is one of others, which `exec` names.
        given: what it reads; empty: nothing.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    version: str
    folder: Path | None
    provider: str | None = None
    given: bytes = field(default=b"", repr=False)

    @classmethod
    def of(cls, given: Mapping[str, Any], folder: Path | None) -> Program:
        """Read it from a kubeconfig.

        Args:
            given: the part ``exec`` of a user.
            folder: of the kubeconfig.

        Raises:
            ValueError: it lacks what it needs.
        """
        for name in ("command", "apiVersion"):
            if not isinstance(given.get(name), str) or not given[name]:
                raise ValueError(f"exec.{name} of its user: expected a text")
        arguments = [str(one) for one in given.get("args") or ()]
        environment = {
            str(one["name"]): str(one.get("value", "")) for one in given.get("env") or () if isinstance(one, Mapping)
        }
        return cls((given["command"], *arguments), environment, given["apiVersion"], folder)

    @classmethod
    def of_provider(
        cls,
        provider: str,
        user: Mapping[str, Any],
        file: Path | None,
        context: str | None,
        replaced: Mapping[str, Any] | None,
    ) -> Program:
        """Make the one that asks an auth-provider for a token.

        Args:
            provider: its name.
            user: the part ``user`` of a kubeconfig.
            file: where the kubeconfig is; None: it is in no file.
            context: the user's; None: the current one.
            replaced: what an earlier login has of this name; None: nothing.
        """
        command = (sys.executable, "-P", "-m", "vca_juju_k8s.cluster.providers")
        path = None if file is None else str(file.absolute())
        given = {"user": user, "file": path, "context": context, "replaced": replaced}
        return cls(command, {}, OWN_VERSION, None, provider, json.dumps(given, default=str).encode())

    @property
    def title(self) -> str:
        """What it is called in errors."""
        if self.provider is not None:
            return f"the auth-provider {self.provider!r} of the kubeconfig"
        return f"the program {self.command[0]!r} of the kubeconfig"


@dataclass(frozen=True)
class Login:
    """What a program gave.

    Args:
        user: how its user logs in, as a kubeconfig has it: a token, or a certificate with its key.
        replaced: the refresh token of the kubeconfig that an auth-provider has replaced (``spent``), and the ``values``
            in place of those beside it; None: it has not, or the kubeconfig's file has them.
        unkept: why they do not.
    """

    user: Mapping[str, str] = field(repr=False)
    replaced: Mapping[str, Any] | None = field(default=None, repr=False)
    unkept: str = ""


class LoginPrograms:
    """Runs programs, each in a process group of its own, which ends with it, in time, or with this."""

    def __init__(self) -> None:
        self._running: set[asyncio.subprocess.Process] = set()
        self._closed = False

    async def close(self) -> None:
        """End what runs; who waits for it is told."""
        self._closed = True
        running = list(self._running)
        for process in running:
            _kill(process.pid)
        await asyncio.gather(*(process.wait() for process in running))

    async def log_in(self, program: Program) -> Login:
        """Run a program.

        Args:
            program: which one.

        Raises:
            ClusterError: it cannot be run, fails, does not end in time, or gives no login.
        """
        title, asked = program.title, {"apiVersion": program.version, "kind": "ExecCredential"}
        info = json.dumps({**asked, "spec": {"interactive": False}})
        is_of_others = program.provider is None
        shows = is_of_others and sys.stderr is not None and sys.stderr.isatty()  # where to log in with a browser
        with Output(ANSWER, ANSWER) as answer, Output(COMPLAINTS, _COMPLAINT) as complaint:
            try:
                process = await asyncio.create_subprocess_exec(
                    *program.command,
                    stdin=asyncio.subprocess.PIPE if program.given else asyncio.subprocess.DEVNULL,
                    stdout=answer.writer,
                    stderr=None if shows else complaint.writer,
                    cwd=program.folder,
                    env={**os.environ, **program.environment, "KUBERNETES_EXEC_INFO": info},
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or "its name or its environment is not valid"
                raise ClusterError(f"{title} cannot be run: {reason}") from None
            try:
                with self._known(process):
                    for output in (answer, complaint):
                        output.start(partial(_kill, process.pid))
                    if process.stdin is not None:  # its secrets are in no file
                        process.stdin.write(program.given)
                        process.stdin.close()
                    async with asyncio.timeout(LIMIT):
                        code = await process.wait()
            except TimeoutError:
                raise ClusterError(f"{title} has not ended within {LIMIT:g} s, and was ended", retryable=True) from None
            finally:
                _kill(process.pid)
                await settle(process.wait(), float("inf"))
            if self._closed:
                raise ClusterError("the connection to the cluster is closed")
            given, complaints = answer.rest(), complaint.rest()
            said = _shorten(complaints) if is_of_others else ""
            reason = f": {said}" if said else ""
            for output, place in ((answer, "output"), (complaint, "error")):
                if output.is_exceeded:
                    most = f"more than {output.most} bytes to its standard {place}"
                    raise ClusterError(f"{title} has printed {most}, and was ended; expected a login{reason}")
            if code:
                raise ClusterError(f"{title} has failed with exit code {code}{reason}")
            user = _user_in(given, title, program.version)
            return Login(user) if is_of_others else _with_replaced(user, given)

    @contextmanager
    def _known(self, process: asyncio.subprocess.Process) -> Iterator[None]:
        if self._closed:  # while it was started
            _kill(process.pid)
        self._running.add(process)
        try:
            yield
        finally:
            self._running.discard(process)


def _shorten(complaints: bytes) -> str:
    """The end of what a program complains; what looks like a secret is masked before anything is cut."""
    said = mask(complaints.decode(errors="replace"))
    return " ".join(said.strip().splitlines()[-_LINES:])[-_SHOWN:]


def _kill(group: int) -> None:
    """End a program with what it has started, also where the program itself has ended."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _with_replaced(user: Mapping[str, str], answer: bytes) -> Login:
    """A login with what our own program has found beside it."""
    status = json.loads(answer)["status"]
    return Login(user, status.get("replaced"), status.get("unkept", ""))


def _user_in(answer: bytes, title: str, version: str) -> dict[str, str]:
    try:
        found = json.loads(answer)
        status = found["status"]
        given = {one: status[one] for one in ("token", "clientCertificateData", "clientKeyData") if status.get(one)}
        is_of_version = found["apiVersion"] == version
    except (ValueError, TypeError, KeyError, AttributeError):
        given, is_of_version = {}, True
    if not is_of_version:
        raise ClusterError(f"{title} answers by another API than its {version}")
    if (token := given.get("token")) is not None:
        try:
            check_token(token)
        except ValueError:
            raise ClusterError(f"{title} gives a token with spaces, or not of ASCII") from None
        return {"token": token}
    pair = (given.get("clientCertificateData"), given.get("clientKeyData"))
    if not all(isinstance(one, str) for one in pair):
        raise ClusterError(f"{title} gives neither a token nor a certificate with its key")
    names = ("client-certificate-data", "client-key-data")
    return {key: base64.b64encode(str(one).encode()).decode() for key, one in zip(names, pair, strict=True)}
