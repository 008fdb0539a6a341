"""Prepares an existing host over ssh, so that a Juju controller can take it as a manual machine.

The opposite of what libjuju does: any type of key, any port, IPv6, the host's key checked;
what the owner authorized stays; nothing blocks the event loop, nothing is printed.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import math
import re
from collections.abc import AsyncIterator, Iterable

import asyncssh

from vca_core.errors import BackendError, BadArguments, VcaConnectionError
from vca_core.secrets import SecretValues
from vca_core.tasks import in_thread
from vca_juju_machine.places import UNIT_NAME, USUAL, Places
from vca_juju_machine.provisioning import api_proxy as proxies
from vca_juju_machine.provisioning.connecting import close, connect
from vca_juju_machine.provisioning.deadline import Deadline
from vca_juju_machine.provisioning.facts import HostFacts, parse_facts
from vca_juju_machine.provisioning.remote import PROGRAMS, Outcome, Remote
from vca_juju_machine.provisioning.target import SshTarget, check_target

USER = "ubuntu"
"""The user with whom Juju's agent keeps the keys of a model; it fails where there is none."""

_log = logging.getLogger(__name__)
_LONGEST_PAUSE = 5.0  # seconds between attempts to reach a host that boots
_WORD = re.compile(r"[^\s'\"=:,;]{12,}")


@contextlib.asynccontextmanager
async def ssh_session(
    target: SshTarget, *, limit: float, patience: float = 0.0, places: Places = USUAL
) -> AsyncIterator[SshSession]:
    """Log in to a host for the length of a ``with`` block; at its end nothing of the connection is left.

    Args:
        target: the host; checked, with its key and its file of known hosts, before any network.
        limit: seconds for the whole block; each step raises when they have passed. To look a host name up may take
            longer: what the resolver does cannot be stopped, and is waited for.
        patience: seconds, within the limit, to go on trying while the host cannot be reached: a new machine boots.
        places: where files are on the host.

    Raises:
        BadArguments: the target cannot be right, the key cannot be used; ``bad_args`` names the credential.
        VcaConnectionError: the host cannot be reached (``retryable``); its key is not known or has changed, or it
            refuses the login (not ``retryable``).
        VcaTimeoutError: the limit passed.
    """
    if not math.isfinite(limit):
        raise BadArguments(f"limit: expected a finite number of seconds, got {limit}", ["limit"])
    check_target(target)
    deadline = Deadline(limit)
    secrets = SecretValues(filter(None, (target.private_key, target.passphrase, target.password)))
    connection = await _connect(target, deadline, secrets, Deadline(min(patience, limit)))
    try:
        yield SshSession(connection, target, deadline, secrets, places)
    finally:
        await close(connection)


async def _connect(
    target: SshTarget, deadline: Deadline, secrets: SecretValues, patience: Deadline
) -> asyncssh.SSHClientConnection:
    pause = 0.5
    while True:
        try:
            return await connect(target, deadline, secrets)
        except VcaConnectionError as error:
            if not error.retryable or patience.seconds_left() <= pause:
                raise
        # Nothing announces that a host begins to listen.
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


class SshSession:
    """An open login; made by `ssh_session`.

    Every step raises what it says, and `VcaConnectionError` when the connection breaks (``retryable``) or the user may
    not become root, which all steps but `facts` need (not ``retryable``); `VcaTimeoutError` when the session's limit
    passed; `BackendError` when a command fails that should not, with what it printed.
    """

    def __init__(
        self,
        connection: asyncssh.SSHClientConnection,
        target: SshTarget,
        deadline: Deadline,
        secrets: SecretValues,
        places: Places,
    ) -> None:
        self._target = target
        self._deadline = deadline
        self._secrets = secrets
        self._places = places
        self._remote = Remote(connection, target, secrets)

    def __repr__(self) -> str:
        return f"<SshSession {self._target.url}>"

    async def facts(self) -> HostFacts:
        """Ask the host what it is.

        Raises:
            NotSupported: it does not say what it runs, or Juju has no agent for its processor.
        """
        async with self._deadline.step(f"to read what {self._target.url} is"):
            return parse_facts(await self._remote.run_checked("facts", self._places.units))

    async def check_root(self) -> None:
        """Find out, before anything is changed, that the user may become root; raises as all steps that need it."""
        async with self._deadline.step(f"to become root on {self._target.url}"):
            await self._remote.as_root()

    async def ensure_user(self, public_key: str, mark: str) -> None:
        """Make the user `USER`, with whom Juju's agent keeps the model's keys, where the host has none of that name.

        A new user may use sudo without a password, as on Ubuntu's own images; one that is there stays as it is, but for
        the key. That is appended to ``~/.ssh/authorized_keys`` where it is not there yet; those who could log in before
        still can. The folder gets mode 0700 and the file 0600.

        Args:
            public_key: one line in OpenSSH's format.
            mark: goes into all that is made, so that `undo` finds it.

        Raises:
            BadArguments: it is not a public key.
        """
        line = _public_line(public_key)
        sudoers = self._places.sudoers(USER)
        async with self._deadline.step(f"to make sure of the user {USER} on {self._target.url}"):
            await self._remote.run_checked("ensure_user", USER, line, sudoers, PROGRAMS["authorize"], mark, root=True)

    async def run_script(self, script: str) -> None:
        """Run a provisioning script as root, with bash.

        The script is a secret. On the host it is in a file that only root can read, which is gone before the script's
        first line runs; it is not part of a command line, a log or an error. What it prints is shown in an error only:
        the end of it, without the script's own lines and words.

        When this is cancelled, the session's limit passes or the connection breaks, the script is stopped.

        Args:
            script: its text; its standard input is empty.

        Raises:
            BadArguments: there is no script.
            BackendError: it failed; shows its exit code.
        """
        if not script.strip() or "\0" in script:
            raise BadArguments("script: expected a shell script, got one that is blank or has a NUL", ["script"])
        # bash has a descriptor of its own by then; a service that the script starts must not keep the file alive.
        data = f"exec 3<&-; {script}\n".encode()
        async with self._deadline.step(f"to run the provisioning script on {self._target.url}"):
            outcome = await self._remote.run("run_script", str(len(data)), data=data, root=True)
        if outcome.status:
            output = await in_thread(functools.partial(_last_output, outcome, self._secrets, script))
            raise BackendError(
                f"the provisioning script failed on {self._target.url} with exit code {outcome.status}: {output}"
            )
        _log.debug("the provisioning script (%d bytes) ran on %s", len(data), self._target.url)

    async def proxy_api(self, api_proxy: str | None, controller_endpoints: Iterable[str], mark: str) -> None:
        """Make the machine reach the controller through another address, from now on and after each boot.

        The files are the same ones every time, so the last call holds.

        Args:
            api_proxy: the address, such as ``"10.0.0.1"`` or ``"10.0.0.1:17070"``; without one, nothing is done.
            controller_endpoints: the controller's own, as ``"10.1.2.3:17070"``; see `api_proxy.render_rules`. Where the
                proxy is itself the only one, no rules are made.
            mark: goes into all that is made, so that `undo` finds it.

        Raises:
            BadArguments: the proxy is not an IP address, or of no use for these endpoints.
            BackendError: the host has no systemd, or neither iptables nor nft, or they refuse.
        """
        if not api_proxy:
            return
        rules = proxies.render_rules(proxies.parse_api_proxy(api_proxy), controller_endpoints)
        if not rules:
            return
        places = self._places
        async with self._deadline.step(f"to set up the API proxy on {self._target.url}"):
            await self._install(places.script, "0755", proxies.render_script(rules, mark))
            await self._install(places.unit, "0644", proxies.render_unit(places))
            await self._remote.run_checked("proxy_on", places.script, UNIT_NAME, root=True)

    async def undo(self, mark: str) -> None:
        """Undo all that bears a mark, however far it came; what does not bear it stays. Finding nothing is fine.

        Gone are the rules and files of `proxy_api`, the key that `ensure_user` appended and the user that it made, and
        a Juju agent whose configuration holds the mark, as a part of its machine's nonce.

        Args:
            mark: the one that the steps were given.
        """
        places = self._places
        arguments = (USER, places.sudoers(USER), PROGRAMS["unauthorize"], places.script, UNIT_NAME)
        async with self._deadline.step(f"to undo what was done on {self._target.url}"):
            await self._remote.run_checked("undo", mark, *arguments, places.units, places.juju, root=True)

    async def _install(self, path: str, mode: str, text: str) -> None:
        data = text.encode()
        await self._remote.run_checked("install_file", path, mode, str(len(data)), data=data, root=True)


def _public_line(public_key: str) -> str:
    line = public_key.strip()
    try:
        # Only what it exports is used of the key: options in front of it would be the caller's to grant, not ours.
        key = asyncssh.import_public_key(line)
        kind, data = key.export_public_key().decode().split()[:2]
    except (asyncssh.KeyImportError, ValueError):
        pass
    else:
        comment = line.partition(data)[2].strip()
        if "\n" not in line and line.startswith(f"{kind} ") and comment.isprintable():
            return f"{kind} {data} {comment}".rstrip()
    raise BadArguments("public_key: expected one line in OpenSSH's format: type, key, comment", ["public_key"])


def _last_output(outcome: Outcome, secrets: SecretValues, script: str) -> str:
    """The end of what a script printed, without what stands in the script; takes a moment, so it runs in a thread."""
    # A command that fails may print a part of its line: whatever looks like a token is taken for one.
    words = {word for word in _WORD.findall(script) if any(map(str.isdigit, word)) and any(map(str.isalpha, word))}
    own = SecretValues([script, *words])
    return outcome.tail(lambda text: own.scrub(secrets.scrub(text)))
