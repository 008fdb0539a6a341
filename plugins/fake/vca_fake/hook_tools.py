"""Runs a program of a charm in a process, with the hook tools that Juju gives it.

The simulated controller has its own: it knows nothing of what is tested with it. A test holds the two together.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

from vca_core.errors import NotFound
from vca_core.tasks import in_thread, settle

_GET = """\
#!/bin/sh
# Answers with what was written down before the program was started.
form=txt key=all
while [ $# -gt 0 ]; do
    case $1 in
        --format=json | --format=yaml) form=json ;;  # JSON is YAML, too
        --format | -o) [ "$2" = smart ] || form=json; shift ;;
        -*) ;;
        *) key=.$1 ;;
    esac
    shift
done
answer="$HOOK_CONTEXT/${0##*/}/$key.$form"
if [ -e "$answer" ]; then exec cat "$answer"; elif [ $form = json ]; then echo null; fi
"""
_SET = """\
#!/bin/sh
for one; do printf '%s\\0' "$one"; done >>"$HOOK_CONTEXT/output"
"""
_FAIL = """\
#!/bin/sh
printf '%s' "${1:-action failed without reason given, check action for errors}" >"$HOOK_CONTEXT/failed"
"""
_NOTHING = "#!/bin/sh\nexit 0\n"
_TOOLS = {
    **dict.fromkeys(("action-get", "config-get", "is-leader", "relation-ids"), _GET),
    "action-set": _SET,
    "action-fail": _FAIL,
    **dict.fromkeys(("action-log", "application-version-set", "juju-log", "status-set"), _NOTHING),
}
_SYSTEM = ("/usr/local/bin", "/usr/bin", "/bin")
_OUTPUTS = ("stdout", "stderr")
_LOOK = 0.1
"""Seconds between two looks whether a unit is there still."""


@dataclass(frozen=True)
class Action:
    """An action, or a hook, that is to run.

    Args:
        name: of the action.
        charm: the charm's folder.
        folder: the unit's own, in which the program works.
        unit: the unit.
        leader: whether it is the leader.
        options: the options of the charm with their values, but for those without.
        params: the action's parameters.
        relations: ids of relations, by endpoint.
        kind: the folder of the charm that has the program.
    """

    name: str
    charm: Path
    folder: Path
    unit: str
    leader: bool
    options: Mapping[str, Any] = field(repr=False)
    params: Mapping[str, Any] = field(repr=False)
    relations: Mapping[str, Sequence[str]]
    kind: Literal["actions", "hooks"] = "actions"

    @property
    def program(self) -> Path:
        """What is run."""
        return self.charm / self.kind / self.name


@dataclass(frozen=True)
class Ended:
    """An action that has run.

    Args:
        output: what it left behind.
        failure: why it failed; None: it did not.
    """

    output: dict[str, Any] = field(repr=False)
    failure: str | None


async def run(action: Action) -> Ended:
    """Run an action. A cancellation kills the program, and waits until it is gone; and so does the end of its unit.

    Raises:
        NotFound: the unit is gone.
    """
    with tempfile.TemporaryDirectory(prefix="vca-fake-") as name:
        context = Path(name)
        await in_thread(lambda: _write(context, action))
        search = (context / "tools", Path(sys.executable).parent, *_SYSTEM)
        environment = {
            "HOOK_CONTEXT": name,
            "PATH": os.pathsep.join(map(str, search)),
            "LANG": "C.UTF-8",
            "JUJU_UNIT_NAME": action.unit,
            "JUJU_ACTION_NAME": action.name,
            "JUJU_CHARM_DIR": str(action.charm),
            "CHARM_DIR": str(action.charm),
        }
        with _outputs(context) as (stdout, stderr):
            process = await asyncio.create_subprocess_exec(
                action.program,
                cwd=action.folder,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
            try:
                await _wait(process, action)
            except BaseException:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await settle(process.wait(), float("inf"))
                raise
        return await in_thread(lambda: _read(context, process.returncode or 0))


async def _wait(process: asyncio.subprocess.Process, action: Action) -> None:
    """Wait for the end of a program, or of its unit: another process may delete the EE.

    Raises:
        NotFound: the unit is gone.
    """
    while action.folder.exists():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK):
                await process.wait()
                return
    raise NotFound(f"unit {action.unit} is gone")


@contextlib.contextmanager
def _outputs(context: Path) -> Iterator[list[IO[bytes]]]:
    """Open files for what the program prints: a child that outlives it may hold these, and would hold up a pipe."""
    with contextlib.ExitStack() as files:
        yield [files.enter_context((context / name).open("wb")) for name in _OUTPUTS]


def _write(context: Path, action: Action) -> None:
    """Write down what the program may ask for, and the tools that answer."""
    action.folder.mkdir(parents=True, exist_ok=True)
    (context / "tools").mkdir()
    for name, text in _TOOLS.items():
        tool = context / "tools" / name
        tool.write_text(text, "utf-8")
        tool.chmod(0o700)
    _write_answers(context / "config-get", action.options, action.options)
    _write_answers(context / "action-get", action.params, dict(_flat(action.params)))
    _write_answers(context / "is-leader", action.leader, {})
    _write_answers(context / "relation-ids", [], action.relations)


def _write_answers(folder: Path, all_of_it: object, by_key: Mapping[str, object]) -> None:
    folder.mkdir()
    for key, value in [("all", all_of_it), *((f".{key}", value) for key, value in by_key.items() if "/" not in key)]:
        (folder / f"{key}.json").write_text(json.dumps(value) + "\n", "utf-8")
        (folder / f"{key}.txt").write_text(_text_of(value) + "\n", "utf-8")


def _flat(values: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """All values, those within others by their path: ``outer.inner``."""
    found = []
    for key, value in values.items():
        found.append((before + key, value))
        if isinstance(value, Mapping):
            found += _flat(value, f"{before}{key}.")
    return found


def _text_of(value: object) -> str:
    """A value as Juju writes it where no format is asked for."""
    if isinstance(value, str | bool):
        return str(value)
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return "\n".join(value)
    return json.dumps(value)


def _read(context: Path, code: int) -> Ended:
    """Read what the program left behind."""
    output: dict[str, Any] = {"return-code": code}
    for name in _OUTPUTS:
        text = (context / name).read_bytes()
        if text:
            output[name] = text.decode("utf-8", "replace")
    written = context / "output"
    for one in written.read_bytes().decode("utf-8", "replace").split("\0")[:-1] if written.exists() else ():
        path, _, value = one.partition("=")
        *outer, last = path.split(".")
        place = output
        for key in outer:
            inner = place.setdefault(key, {})
            place = inner if isinstance(inner, dict) else place.setdefault(f"{key}.", {})
        place[last] = value
    failed = context / "failed"
    if failed.exists():
        return Ended(output, failed.read_text("utf-8", "replace"))
    return Ended(output, f"exit status {code}" if code else None)
