"""What a connector asks for: one frozen value, written by `vca_core.connector` and run by `vca_core._engine`.

A call is a hook with its arguments, checked by mypy against the spec::

    operation(BackendHooks.scale)(ee_id=ee_id, num_units=3, options=None)

A request is a call with all that the engine has to know to run it. Nothing is added to it later: what happens while it
runs is in its `RunningOperation` and its `Trail`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from pydantic import BaseModel

from vca_core._engine.operation import RunningOperation
from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.errors import BadArguments
from vca_core.naming import EeId, EeKey, Namespace
from vca_core.plain import weight
from vca_core.secrets import (
    FoundSecrets,
    excess_of_secrets,
    model_secrets,
    read_own_words_aside,
    secret_strings,
    secrets_in,
)
from vca_core.tasks import compute_in_thread
from vca_core.traits import TRAITS, OperationTraits
from vca_core.written import spell

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

_LIGHT = 100
"""Up to which weight (`vca_core.plain.weight`) secrets are found in a millisecond or two."""


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A hook with its arguments.

    Args:
        hook: its name.
        traits: what is true of the operation.
        arguments: its arguments by name, but for ``op``.
        spec: its spec function.
    """

    hook: str
    traits: OperationTraits
    arguments: Mapping[str, Any] = field(repr=False)
    spec: Callable[..., Coroutine[Any, Any, T]] = field(repr=False)


def operation(spec: Callable[Concatenate[Any, Operation, P], Coroutine[Any, Any, T]]) -> Callable[P, Call[T]]:
    """Make calls of an operation hook, which also gets the running operation.

    Args:
        spec: the hook's spec: ``BackendHooks.scale``.
    """

    def call(*_: P.args, **arguments: P.kwargs) -> Call[T]:
        return Call(spec.__name__, TRAITS[spec.__name__], arguments, spec)

    return call


def read_call(spec: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]) -> Callable[P, Call[T]]:
    """Make calls of a hook that only reads.

    Args:
        spec: the hook's spec: ``BackendHooks.get_status``.
    """

    def call(*_: P.args, **arguments: P.kwargs) -> Call[T]:
        return Call(spec.__name__, TRAITS[spec.__name__], arguments, spec)

    return call


def run_id(operation: str, owner: str, number: int) -> str:
    """Name one run of an operation, unlike any other of any process.

    Args:
        operation: the operation's name.
        owner: names the `Vca` that runs it.
        number: counts the runs of that `Vca`.
    """
    return f"{operation}-{owner}-{number}"


@dataclass(frozen=True, slots=True)
class Confidential:
    """How to find the secrets of a request.

    Args:
        argument: how errors call what holds them.
        values: values by name; those whose name sounds secret, or that the EE's charm declares secret, are.
        certain: what is secret as a whole, under any name.
        options: the operation's, of which their model says what is secret.
        lasting: whether the EE keeps the values: they stay secret for as long as it lives.
    """

    argument: str = "options"
    values: Mapping[str, Any] | None = None
    certain: Mapping[str, Any] | None = None
    options: BaseModel | None = None
    lasting: bool = False

    def __repr__(self) -> str:
        return f"<Confidential: {self.argument}>"

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in which secrets could be."""
        return not self.values and not self.certain and self.options is None

    async def find(self, declared: frozenset[str], texts: Collection[str] = ()) -> dict[str, FoundSecrets]:
        """Find the secrets. Many are searched for in a thread; the caller sets the time limit.

        Args:
            declared: names that are secret, too.
            texts: texts that are secret under any name.

        Returns:
            The secrets, by the name of the value that holds them; those of `certain` and `options` under the empty
            name.

        Raises:
            BadArguments: there are more than can be kept out of all texts.
        """
        if self.is_empty:
            return {}
        if weight((self.values, self.certain, self.options), _LIGHT + 1, characters=10) <= _LIGHT:
            found = self._find(declared, texts)
        else:
            found = await compute_in_thread(lambda: self._find(declared, texts))
        if found:  # an error of the operation may be told with one of them
            await read_own_words_aside()
        return found

    def _find(self, declared: frozenset[str], texts: Collection[str]) -> dict[str, FoundSecrets]:
        of_options = () if self.options is None else model_secrets(self.options)
        found: dict[str, Iterable[str]] = {"": [*secret_strings(self.certain), *of_options]}
        spelled = spell(self.values or {})  # the text that was written may be what is passed on
        for name, value in (self.values or {}).items():
            both = {name: value}, {name: spelled[name]}
            found[name] = [
                *dict.fromkeys(text for one in both for text in secrets_in(one, declared)),
                *(text for text in (secret_strings(both) if texts else ()) if text in texts),
            ]
        reason = excess_of_secrets(itertools.chain(*found.values()))
        if reason is not None:
            raise BadArguments(f"{self.argument}: has {reason}; give less", [self.argument])
        return {name: FoundSecrets.of(texts) for name, texts in found.items() if texts}


NO_SECRETS = Confidential()
"""Of a request that has none."""


@dataclass(frozen=True, slots=True)
class Request(Generic[R]):
    """One operation as it was asked for.

    Args:
        call: the hook with its arguments.
        answer: checks what the hook returned and makes the caller's answer of it; also gets the operation.
        keys: the EEs it needs to itself; the first one is its own.
        model: the model it works in; None for what concerns no model.
        namespace: the namespace it was given, where it was given one.
        ee_id: the EE; None where it makes one.
        db_dict: where its statuses go; None: nowhere, or to the home of its EE.
        total: seconds in all; None: the config's.
        progress: seconds without any change after which it is given up; None: the config's.
        confidential: how to find its secrets.
        recalls: whether the answer may say what the EEs of its namespace were configured with by another process.
        speaks_of: returns the EEs that the answer says something about, which another process may have configured;
            None: possibly all. The answer may still hold their secrets; the caller of this removes them.
        host: of the machine that it takes into service; see `vca_core.hosts.same_host`.
        before: a call that is made first, under the same lock; a failure of it is ignored and not reported.
    """

    call: Call[Any]
    answer: Callable[[Any, RunningOperation], R]
    keys: tuple[EeKey, ...] = ()
    model: str | None = None
    namespace: Namespace | None = None
    ee_id: EeId | None = None
    db_dict: Mapping[str, Any] | None = None
    total: float | None = None
    progress: float | None = None
    confidential: Confidential = NO_SECRETS
    recalls: bool = False
    speaks_of: Callable[[R], Iterable[EeId] | None] | None = None
    host: str | None = None
    before: Call[Any] | None = None

    @property
    def artifact(self) -> Artifact | None:
        """The charm it was given, where it was given one."""
        found = self.call.arguments.get("artifact")
        return found if isinstance(found, Artifact) else None
