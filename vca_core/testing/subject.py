"""What the conformance kit has to know about a backend: how to configure it, and what its world can do."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol


@dataclass(frozen=True)
class Charms:
    """Charms that the backend under test can install, where the kit's own ones are not to be taken.

    Args:
        folder: where they are.
        charm: path of the one that is installed, below the folder.
        upgraded: another version of it.
        other: a charm of another name.
        failing: a version of it whose hook `install` fails; None: there is none.
        partly: a version of it whose hook `install` fails on units that do not lead; None: there is none.
        apart: a version of it without the endpoint of `provides`; None: there is none.
        config: options of the charm with values that are good.
        wrong: an option of the charm, and a value that is of another type.
        provides: an endpoint of the charm.
        requires: another one, that the first one fits.
        look: whether both versions have the options of the kit's own charm, and its primitive `look`.
    """

    folder: Path
    charm: str
    upgraded: str
    other: str
    failing: str | None = None
    partly: str | None = None
    apart: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    wrong: tuple[str, Any] | None = None
    provides: str | None = None
    requires: str | None = None
    look: bool = False


@dataclass(frozen=True)
class Subject:
    """A configured backend, to be examined.

    Args:
        backend: its name, as it is installed.
        options: the connector's options.
        kind: what the kit's own charm is made for: ``machine`` or ``k8s``.
        works: a primitive that succeeds, and its parameters; by default the action ``echo`` of the kit's own charm.
            None: the checks that need it are skipped.
        fails: a primitive that fails, and its parameters; by default the action ``fail``. None: as above.
        charms: what to install instead of the kit's own charm.
        credentials: of a host that can be registered; None: there is no such host.
        operation_options: options of operations, by hook.
        folder: where relative paths in the options start; None: in a folder that every check has for itself.
        look: whether the charm's own program is run for a primitive, so that the kit's `look` shows what its unit sees.
        hooks: whether the charm's hooks are run; where `look` is true, too.
        persistent: whether what the backend made is still there for another `Vca` with the same options.
        shared_addresses: whether EEs share machines, and so have addresses in common.
        disposable: whether each check has a system of its own, which ends with it; nothing is removed from it then.
        patience: all limits of the kit are multiplied by it; for systems that take their time.
        seed: what later moments of cancellation are drawn by.
    """

    backend: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    kind: Literal["machine", "k8s"] = "machine"
    works: tuple[str, Mapping[str, Any]] | None = ("echo", {"text": "hello"})
    fails: tuple[str, Mapping[str, Any]] | None = ("fail", {})
    charms: Charms | None = None
    credentials: Mapping[str, Any] | None = field(default=None, repr=False)
    operation_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    folder: Path | None = None
    look: bool = True
    hooks: bool = True
    persistent: bool = False
    shared_addresses: bool = False
    disposable: bool = False
    patience: float = 1.0
    seed: int = 0


class Faults(Protocol):
    """What the system behind a backend must be made to do. The kit undoes it by leaving the context.

    A system that runs no hooks of charms may have a method more, ``fail_hooks()``, of the same kind: inside, the hook
    `install` of new units fails, and goes on failing. Else the kit installs a charm whose hook fails. Such a
    system may also have ``fail_later_hooks()``: inside, it fails on new units of an EE but for the first one.

    A system that can drop its connections and go on listening may have ``cut()``, of the same kind, too: connections
    are cut when it is entered, and new ones accepted at once. Else the kit leaves `disconnect` as soon as it has
    entered it. One whose EEs are reached by connections of their own may have ``lose(ee_id)``: inside, that EE cannot
    be reached, and those of other NSs can.
    """

    def silence(self) -> AbstractAsyncContextManager[None]:
        """Inside, the system neither answers nor changes anything; what was going on goes on afterwards."""

    def stream(self) -> AbstractAsyncContextManager[None]:
        """Inside, what is asked for does not get done, and the state of what is waited for changes all the time.

        A system that only answers, and never reports anything by itself, has no such method: the level then says so.
        """

    def disconnect(self) -> AbstractAsyncContextManager[None]:
        """Connections are cut when it is entered, and refused inside; afterwards the system can be reached again."""
