"""What makes a class of checks a suite: what each check needs, and that no check is replaced behind its back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import pytest

from vca_core.errors import VcaError

Check = TypeVar("Check", bound=Callable[..., Any])


def needs(*hooks: str) -> Callable[[Check], Check]:
    """Say which hooks a backend has to implement for a check to apply."""

    def mark(check: Check) -> Check:
        vars(check)["vca_needs"] = frozenset(hooks)
        return check

    return mark


def with_faults(check: Check) -> Check:
    """Mark a check that needs the fixture `faults`; those make the level FULL."""
    vars(check)["vca_faults"] = True
    return check


def sees(*hooks: str) -> Callable[[Check], Check]:
    """Say that a check looks around in units of the kit's charm, and which other hooks it needs."""

    def mark(check: Check) -> Check:
        vars(check)["vca_look"] = True
        return needs("install_configuration_sw", "exec_primitive", *hooks)(check)

    return mark


class Suite:
    """Base of the suites. A class that adopts one may add checks of its own.

    Raises:
        TypeError: a check was replaced.
    """

    checks: ClassVar[frozenset[str]] = frozenset()
    """The names of the suite's own checks."""

    def __init_subclass__(cls, *, suite: bool = False, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if suite:
            cls.checks = frozenset(name for name in dir(cls) if name.startswith("test_"))
            return
        cls.refuse_replaced()

    @classmethod
    def refuse_replaced(cls) -> None:
        """Check that no check is replaced: by the class, by what it derives from, or behind its back.

        Raises:
            TypeError: one is.
        """
        for name in sorted(cls.checks):
            found = getattr(cls, name, None)
            if found is not cls.original(name) and not _is_expected_to_fail(found):
                raise TypeError(
                    f"{cls.__qualname__}.{name} replaces a check of the conformance kit. If your backend cannot pass "
                    "it, mark the override with @pytest.mark.xfail(reason='...') and call super(); then everybody "
                    "sees that, and why"
                )

    @classmethod
    def original(cls, check: str) -> Any:
        """A check as the kit has it, whatever overrides it."""
        for base in reversed(cls.__mro__):
            if check in vars(base) and issubclass(base, Suite):
                return vars(base)[check]
        raise LookupError(check)


def _is_expected_to_fail(override: object) -> bool:
    marks = getattr(override, "pytestmark", [])
    return any(
        mark.name == "xfail"
        and not mark.args
        and "condition" not in mark.kwargs  # it could be false
        and str(mark.kwargs.get("reason", "")).strip()
        for mark in marks
    )


def check_error(caught: VcaError) -> VcaError:
    """Check that an error says something, and give it."""
    assert caught.message.strip(), f"a {type(caught).__name__} without a text"
    return caught


def skip_unless(condition: object, reason: str) -> None:
    """Skip the check, with a reason, unless something is so."""
    if not condition:
        pytest.skip(reason)
