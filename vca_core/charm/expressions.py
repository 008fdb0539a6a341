"""Regular expressions of charms: RE2's, as Go and so Juju have them; matching takes time linear in the text.

This module loads RE2; it is loaded with the first schema or folder.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, NamedTuple

import re2

from vca_core.errors import BadArguments

LONGEST = 10_000
"""How many characters a pattern may have: reading it takes as long as it has many."""

MOST_MEMORY = 2 * 1024**2
"""How many bytes RE2 may use for a pattern. It writes sets of letters out in bytes, and Go does not: a hundred letters
of any language fit in this. Python, and with it the event loop, stands still while a pattern is compiled: this bounds
it to some tens of milliseconds."""

MOST_KEPT = 1_000_000
"""How large all patterns that are kept may be together, in instructions of RE2: a hundred letters have 120,000."""

MOST_PATTERNS = 1_000
"""How many patterns are kept, however small."""

MOST_IN_A_CHARM = 1_000_000
"""How large all patterns of a charm may be together, in instructions: half a second's work."""

_STEPS_OF_A_CALL = 2

_SMALL = 20_000
"""Up to how many instructions a pattern is small: it is kept by RE2's module, too, and is run as long as it says."""

_ESCAPED = re.compile(r"\\Q.*?(?:\\E|\Z)|\\(.)", re.DOTALL)
"""What stands behind a backslash, where that means something; of all of it, Go lacks ``\\C`` only."""


_left: ContextVar[list[int]] = ContextVar("vca_pattern_instructions")


@contextmanager
def count_instructions() -> Iterator[None]:
    """Give the patterns of a charm, which is read within this, a budget of instructions."""
    token = _left.set([MOST_IN_A_CHARM])
    try:
        yield
    finally:
        _left.reset(token)


class _Compiled(NamedTuple):
    """A pattern that RE2 took.

    Args:
        regexp: RE2's.
        size: how many instructions it has.
        effort: how many of them RE2 may go through at each character.
    """

    regexp: Any
    size: int
    effort: int


class Patterns:
    """Patterns that were compiled, the ones last asked for. Threads may share it.

    Args:
        size: how many instructions they may have together; the one that was asked for last is kept all the same.
    """

    def __init__(self, size: int = MOST_KEPT) -> None:
        self._most = size
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Compiled] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """How many instructions the patterns have that are kept."""
        return sum(one.size for one in self._kept.values())

    def compiled(self, pattern: str) -> _Compiled:
        """Compile a pattern, or take the one that is kept.

        Raises:
            BadArguments: RE2 refuses it; says why.
        """
        with self._lock:
            found = self._kept.get(pattern)
            if found is None:
                found = self._kept[pattern] = _compile(pattern)
                size = self.size
                while (size > self._most or len(self._kept) > MOST_PATTERNS) and len(self._kept) > 1:
                    size -= self._kept.popitem(last=False)[1].size
            self._kept.move_to_end(pattern)
            return found


_patterns = Patterns()


def _compile(pattern: str) -> _Compiled:
    try:
        if len(pattern) > LONGEST:
            text = f"it has {len(pattern)} characters, and {LONGEST} are the most; write less"
        elif "C" in _ESCAPED.findall(pattern):
            text = "invalid escape sequence: \\C"
        else:
            regexp = _compile_within(pattern)
            if regexp is not None:
                return _measured(pattern, regexp)
            text = f"compiled, it has more than {MOST_MEMORY} bytes; repeat less in it"
    except (re2.error, UnicodeError) as error:
        text = _reason(error)
    raise BadArguments(f"expected a regular expression of Go and Juju (RE2), got {pattern[:60]!r}: {text}")


def _compile_within(pattern: str | bytes) -> Any:
    """Compile a pattern; None: it needs more memory than it may use."""
    options = re2.Options()
    options.log_errors = False  # or it writes to stderr
    options.max_mem = MOST_MEMORY
    if isinstance(pattern, bytes):
        options.encoding = re2.Options.Encoding.LATIN1
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        if "too large" in _reason(error):
            return None
        raise


def _measured(pattern: str, regexp: Any) -> _Compiled:
    size: int = regexp.programsize
    if size <= _SMALL:
        return _Compiled(regexp, size, size)
    re2.purge()  # it keeps whatever was compiled, however large
    # Of a set of letters written out in bytes only a few are tried at a time. How many places there are in a pattern
    # is seen where each character is a byte: a place takes as long as 9 instructions of a small pattern.
    with suppress(re2.error):
        if (places := _compile_within(pattern.encode())) is not None:
            return _Compiled(regexp, size, min(size, 3 * places.programsize + size // 40))
    return _Compiled(regexp, size, size)


def _reason(error: re2.error | UnicodeError) -> str:
    reason = error.args[0] if error.args else "it cannot be compiled"
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)


def expression(pattern: str) -> Any:
    """Compile a pattern.

    Raises:
        BadArguments: RE2 refuses it; says why.
    """
    return _patterns.compiled(pattern).regexp


def effort_to_compile(pattern: str) -> int:
    """Compile a pattern of a charm, and say how many steps of a check that takes, be it kept or not.

    Raises:
        BadArguments: RE2 refuses it, or the charm's patterns are too much together; says why.
    """
    size = _patterns.compiled(pattern).size
    if (left := _left.get(None)) is not None:
        left[0] -= size
        if left[0] < 0:
            raise BadArguments(
                f"expected patterns of at most {MOST_IN_A_CHARM} instructions of RE2 in a charm, got more with "
                f"{pattern[:60]!r}; repeat less in them"
            )
    return 20 + size // 100


def effort_of(pattern: str, length: int) -> int:
    """Say how many steps of a check it takes to look for a pattern: RE2 may go through all of it at each character.

    Args:
        pattern: a sound one.
        length: how many characters there are to look at.
    """
    return _patterns.compiled(pattern).effort * length // 10_000


def effort_to_match(pattern: str, length: int) -> int:
    """Say how much work it is to hold a pattern against a name, in steps of up to four microseconds.

    Args:
        pattern: a sound one.
        length: how many bytes the name has.
    """
    return _STEPS_OF_A_CALL + _patterns.compiled(pattern).effort * length // 1_000


def is_found(pattern: str, text: str) -> bool:
    """Say whether a pattern matches anywhere in a text; half a character matches nothing."""
    try:
        return expression(pattern).search(text) is not None
    except UnicodeError:
        return False


def is_whole(pattern: str, text: str) -> bool:
    """Say whether a pattern matches a whole text; half a character matches nothing."""
    try:
        return expression(pattern).fullmatch(text) is not None
    except UnicodeError:
        return False
