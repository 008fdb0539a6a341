"""What a command was started with, and how it ends."""

from __future__ import annotations

import asyncio
import functools
import getpass
import logging
import os
import signal
import socket
import traceback
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import typer

from vca_core.cli.logs import log_to_stderr
from vca_core.cli.options import signature_with_options, take_options
from vca_core.cli.output import echo, flush, is_output_lost

if TYPE_CHECKING:
    from vca_core.config import VcaConfig
    from vca_core.errors import VcaError
    from vca_core.secrets import SecretValues
    from vca_core.vca import Vca

_LOG = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

DEFAULT_STORE = "sqlite:///vca-status.db"
"""Where a command keeps statuses when the config names no store: in memory they would be gone with it."""


@dataclass
class State:
    """The values of the options that all commands have.

    Args:
        config: the config file.
        json: whether one JSON document is wanted.
        verbose: how much is logged.
    """

    config: Path
    json: bool
    verbose: int
    _hidden: set[str] = field(default_factory=set, init=False, repr=False)
    _known: tuple[int, SecretValues] | None = field(default=None, init=False, repr=False)

    def take(self, *, config: Path | None, json: bool | None, verbose: bool | None, debug: bool | None) -> None:
        """Take the options that stood behind the command's name; they go before those in front of it."""
        self.config = config or self.config
        self.json = bool(self.json or json)
        self.verbose = max(self.verbose, 2 if debug else int(bool(verbose)))

    def load(self) -> VcaConfig:
        """Read the config; without a store it is a SQLite file beside it."""
        from vca_core.config import load_config  # commands import what they need
        from vca_core.errors import BadArguments

        try:
            Path.cwd()
        except OSError:
            raise BadArguments(
                "--config: the folder that this was started in is not there any more; go to another one", ["--config"]
            ) from None
        if not self.config.exists():
            raise BadArguments(
                f"--config: there is no file {self.config}; name yours with --config or VCA_CONFIG (`vca demo` makes "
                "an example)",
                ["--config"],
            )
        config = load_config(self.config, taken=self._hidden)
        if "store" in config.model_fields_set:
            return config
        return config.model_copy(update={"store": DEFAULT_STORE})

    def vca(self, config: VcaConfig, on_update_db: Callable[..., Any] | None = None) -> Vca:
        """Make a `Vca`."""
        from vca_core.vca import Vca

        return Vca.from_config(config, on_update_db=on_update_db, actor=_actor(), secrets=self._hidden)

    def hide(self, secrets: Iterable[str]) -> None:
        """Take texts for secret: `clean` takes them out, and so does a `Vca` that is made later."""
        self._hidden.update(secrets)

    def clean(self, value: Any) -> Any:
        """Take what is secret out of what a backend or a charm gave, as an output that echoes a parameter."""
        from vca_core.secrets import scrub_plain  # commands import what they need

        return scrub_plain(value, self._values().scrub)

    def clean_error(self, error: VcaError) -> dict[str, Any]:
        """Give an error as plain data, without what is secret."""
        data = error.as_data()
        spared = _names_in(error)
        texts = {name: data[name] for name in ("text", "message") if isinstance(data.get(name), str)}
        data |= {name: self.clean_text(text, spared) for name, text in texts.items()}
        return {**data, "output": self.clean(data["output"])} if "output" in data else data

    def clean_text(self, text: str, spared: Iterable[str] = ()) -> str:
        """Take what is secret out of a text of ours; its own words stay, even where one is a password.

        Args:
            text: a text of ours.
            spared: what else is ours in it.
        """
        return self._values().scrub_own(text, spared)

    def clean_line(self, line: str, *, is_ours: bool) -> str:
        """Take what is secret out of a line of the log; any thread may do it.

        Args:
            line: with all that belongs to it.
            is_ours: whether it has only words of ours.
        """
        return self._values().scrub_own(line) if is_ours else self._values().scrub_foreign(line)

    def _values(self) -> SecretValues:
        """What is secret: what the command was given, and options of EEs that connectors know."""
        from vca_core.secrets import SecretValues

        hidden = tuple(self._hidden)  # a copy: the log has lines of other threads
        if self._known is None or self._known[0] != len(hidden):
            self._known = (len(hidden), SecretValues(hidden, also=SecretValues()))
        return self._known[1]


def _names_in(error: VcaError) -> tuple[str, ...]:
    """What an error names beside what went wrong: an EE, an operation, a backend."""
    return tuple(str(name) for name in (error.ee_id, error.operation, error.backend) if name)


def _actor() -> str:
    """Who runs the command: ``user@host``."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # no user has this number here, such as in a container
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


class Interrupted(Exception):
    """A signal ended the command.

    Args:
        number: which one.
        told: what is said about it.
    """

    def __init__(self, number: int, told: str = "Stopped.") -> None:
        super().__init__(number)
        self.number = number
        self.told = told


def run_async(work: Coroutine[Any, Any, R]) -> R:
    """Run a coroutine; the first Ctrl-C cancels it and lets it clean up, the second one ends the program at once.

    Raises:
        Interrupted: a signal ended it.
    """
    received: list[int] = []

    async def supervise() -> R:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def interrupt(number: int) -> None:
            if received:
                os._exit(128 + number)
            received.append(number)
            if task is not None:
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, interrupt, number)
        _LOG.debug("it is begun; from now on, an interrupt lets it clean up")
        return await work

    try:
        return asyncio.run(supervise())
    except asyncio.CancelledError:
        if received:
            raise Interrupted(received[0]) from None
        raise


def command(function: Callable[P, None]) -> Callable[P, None]:
    """Make a command of a function: errors of the framework become a message and an exit code."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        context: Any = next(iter([*args, *kwargs.values()]))
        state: State = context.obj
        state.take(**take_options(kwargs))
        try:
            with log_to_stderr(state.verbose, state.clean_line):
                function(*args, **kwargs)
        except (Interrupted, KeyboardInterrupt) as error:
            interrupted = error if isinstance(error, Interrupted) else Interrupted(signal.SIGINT)
            echo(interrupted.told, err=True)
            raise typer.Exit(128 + interrupted.number) from None
        except Exception as error:
            from vca_core.errors import VcaError

            if not isinstance(error, VcaError):
                raise
            if state.verbose > 1:
                echo(state.clean_text("".join(traceback.format_exception(error))), err=True)
            print_error(state, error)
            raise typer.Exit(code_of(error)) from None
        flush()
        if is_output_lost():
            raise typer.Exit(1)

    call.__signature__ = signature_with_options(function)  # type: ignore[attr-defined] # typer makes options of it
    return call


def code_of(error: VcaError) -> int:
    """The exit code for an error."""
    from vca_core import errors

    if isinstance(error, errors.BadArguments):
        return 2
    passing = (errors.VcaConnectionError, errors.VcaTimeoutError, errors.StoreError, errors.ConflictError)
    return 3 if isinstance(error, passing) and error.retryable else 1


def print_error(state: State, error: VcaError) -> None:
    """Print an error: as a JSON object, or as text for people."""
    from vca_core.cli.output import print_json

    if state.json:
        print_json({"error": state.clean_error(error)})
        return
    echo(f"error: {state.clean_text(str(error), _names_in(error))}", err=True)
    for name, value in state.clean(getattr(error, "output", {})).items():
        echo(f"  {name}: {value}", err=True)
    if error.retryable:
        echo("The same command may succeed later.", err=True)
