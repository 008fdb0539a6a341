"""What programs make of a text on its way, taken off again, with the place where each part of it stood.

A secret comes back in whatever way its text was written in between: by Go's or Python's JSON, in a URL, by a shell, in
YAML, in base64. There are more such ways than could be listed for each secret, as they are also applied to each other.
So it is the other way round: a text is read as it is, with one layer of escapes taken off, with a second one, and so
on. And it is read in two further ways, as secrets are. Loosely, as deep as it goes: quotation marks of both kinds are
one, and so are several in a row; a blank, a plus sign and the end of a line with what is indented after it are one,
too. And as base64: with lines joined, and the alphabet of URLs as the other one.

All of it takes a time that grows with the text only.
"""

from __future__ import annotations

import binascii
import functools
import itertools
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence

MOST_LAYERS = 4
"""How many layers of escapes are taken off: JSON in JSON has two."""

MOST_PACKED = 2
"""How often base64 is taken off: a Kubernetes secret that holds a basic-auth header is base64 of base64."""

_AT_ONCE = 32 * 1024
"""Characters that `re` searches without letting other threads go on."""

_HEX = "[0-9A-Fa-f]"
_ESCAPE = re.compile(
    rf"""(
      \\u[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}}         # two for one character: JSON
    | \\(?:u{_HEX}{{4}} | U{_HEX}{{8}} | u\{{{_HEX}{{1,6}}\}} | x{_HEX}{{2}} | [0-3][0-7]{{2}})
    | \\(?:[abefnrtvELNP_0] | \r?\n[ \t]* | [^\w\s] | [ ])
    | %(?:[cCdD]{_HEX}%[89abAB]{_HEX} | [eE]{_HEX}(?:%[89abAB]{_HEX}){{2}} | [fF][0-7](?:%[89abAB]{_HEX}){{3}})
    | %(?:{_HEX}{{2}} | u{_HEX}{{4}})
    | &(?:amp | lt | gt | quot | apos | \#[0-9]{{1,7}} | \#[xX]{_HEX}{{1,6}});
    | \x1b(?:\[[0-?]{{0,40}}[ -/]{{0,4}}[@-~] | \][^\x07\x1b]{{0,200}}(?:\x07|\x1b\\))          # of terminals
    | \x1b(?:[()][0-9A-Z] | [=>78cM])
    )""",
    re.VERBOSE,
)
_BYTES = re.compile("([\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})")
"""Bytes of UTF-8, each of which stands as a character."""

_SIGNS = ("\\", "%", "&", "\x1b")
"""One of them begins each escape of ASCII."""

_LETTERS = {
    "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0",
    "L": "\u2028", "N": "\x85", "P": "\u2029", "_": "\xa0",
}  # fmt: skip
_NAMES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}

# A run of blanks is looked at from its first one only, so no search is in vain.
_LINE_END = r"(?<![ \t])[ \t]*+[\r\n\x85\u2028\u2029]\s*+"
_LAYOUT = re.compile(f"('{{2,}}|{_LINE_END})")
_BREAK = re.compile(f"({_LINE_END})")


_PACKED = re.compile(
    r"((?<![\w+/-])(?=[a-z_/-]*+[A-Z0-9+])[\w+/-]{12,}(?:=*+[ \t]*+\r?\n[ \t]*+[\w+/-]{4,})*={0,2})", re.ASCII
)
"""What may be base64, in one line or several; words are none. Shorter ones are found by their forms."""

_BLANKS = re.compile(r"\s+")
_UTF_16 = re.compile(b"(?:[\x09\x0a\x0d\x20-\xff]\x00){4,}")
"""Western text as Windows and its PowerShell put it into base64."""

_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


class View:
    """A text in which parts of another one are replaced.

    Args:
        text: the text.
        source: what it was made of; None: it is the first one.
        before: the source's text in parts, of which every second one was replaced; none: each character was, by one.
        after: the parts as they are here.
    """

    __slots__ = ("_after", "_before", "_ends", "_source", "text")

    def __init__(
        self, text: str, source: View | None = None, before: Sequence[str] = (), after: Sequence[str] = ()
    ) -> None:
        self.text = text
        self._source = source
        self._before = before
        self._after = after
        self._ends: tuple[list[int], list[int]] | None = None

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Where in the first text what stands here came from, with the whole of each escape."""
        if self._before:
            if self._ends is None:  # most texts hold no secret
                self._ends = _ends(self._before), _ends(self._after)
            before, after = self._ends
            first, last = bisect_right(after, start) - 1, bisect_right(after, end - 1) - 1
            start = before[first] + (0 if first % 2 else start - after[first])
            end = before[last + 1] if last % 2 else before[last] + end - after[last]
        return (start, end) if self._source is None else self._source.origin(start, end)


def _ends(parts: Sequence[str]) -> list[int]:
    """Where each part ends, with a 0 in front of them."""
    return list(itertools.accumulate(map(len, parts), initial=0))


def _replace(view: View, pattern: re.Pattern[str], replacement: Callable[[str], str]) -> View:
    """Replace all that one group of a pattern matches."""
    before = pattern.split(view.text) if len(view.text) <= _AT_ONCE else _split(view.text, pattern)
    if len(before) == 1:
        return view
    after = before.copy()
    after[1::2] = map(replacement, before[1::2])
    return View("".join(after), view, before, after)


def _split(text: str, pattern: re.Pattern[str]) -> list[str]:
    """Do as `re.Pattern.split` does, where one group is the whole pattern, but not all at once."""
    found, done = [], 0
    for one in pattern.finditer(text):
        found += [text[done : one.start()], one[0]]
        done = one.end()
    return [*found, text[done:]]


def layers(text: str) -> list[View]:
    """Read a text as it is, then with each further layer of escapes taken off, as long as there are any.

    Args:
        text: any text.
    """
    return _layers(View(text))


def _layers(view: View) -> list[View]:
    found = _with_bytes_joined(view)
    for _ in range(MOST_LAYERS):
        last = found[-1]
        if not any(sign in last.text for sign in _SIGNS):
            break
        view = _replace(last, _ESCAPE, _decode)
        if view.text == last.text:
            break
        # Bytes that were written as escapes are joined before the next layer, which may take off what was no escape.
        found += _with_bytes_joined(view)
    return found


def _with_bytes_joined(view: View) -> list[View]:
    """A text, and the same with its bytes of UTF-8 joined, where it has any."""
    if view.text.isascii():
        return [view]
    joined = _replace(view, _BYTES, _decode)
    return [view] if joined is view else [view, joined]


@functools.lru_cache(maxsize=4096)
def _decode(escape: str) -> str:
    """What an escape stands for; itself, where that is nothing."""
    sign, rest = escape[0], escape[1:]
    if sign == "\\":
        return _decode_backslash(rest)
    if sign == "\x1b":
        return ""
    if sign == "&":
        name = rest[:-1]
        return _NAMES[name] if name in _NAMES else _character(name[2:], 16) if name[1] in "xX" else _character(name[1:])
    if sign == "%":
        return _character(rest[1:], 16) if rest[0] == "u" else _text_of(bytes.fromhex(rest.replace("%", "")))
    return _text_of(escape.encode("latin-1"))


def _decode_backslash(rest: str) -> str:
    kind = rest[0]
    if kind in "\r\n":
        return ""
    if len(rest) == 1:
        return _LETTERS.get(kind, kind)
    if kind.isdigit():
        return _character(rest, 8)
    if "\\" in rest:
        high, low = int(rest[1:5], 16), int(rest[7:], 16)
        return chr(0x10000 + ((high - 0xD800) << 10) + low - 0xDC00)
    return _character(rest[1:].strip("{}"), 16)


def _character(digits: str, base: int = 10) -> str:
    number = int(digits, base)
    return chr(number) if number < 0x110000 else "\ufffd"


def _text_of(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def loosen(view: View) -> View:
    """Read a text loosely, as the module says.

    Args:
        view: the last of its `layers`.
    """
    text = view.text.replace('"', "'").replace("+", " ")
    return _replace(
        view if text == view.text else View(text, view), _LAYOUT, lambda part: "'" if part[0] == "'" else " "
    )


def join_base64(view: View) -> View:
    """Read a text as one in which there is base64, as the module says.

    Args:
        view: the last of its `layers`.
    """
    joined = _replace(view, _BREAK, lambda _: "")
    text = joined.text.replace("-", "+").replace("_", "/")
    return joined if text == joined.text else View(text, joined)


def unpacked(view: View) -> list[View]:
    """Read what stands in base64 in a text, and what stands in base64 in that, each as `layers` does.

    Args:
        view: the last of its `layers`.

    Returns:
        The readings; none, where nothing in it is base64 of a text.
    """
    found: list[View] = []
    for _ in range(MOST_PACKED):
        inner = _replace(view, _PACKED, _unpack)
        if inner.text == view.text:
            break
        found += _layers(inner)
        view = found[-1]
    return found


def _unpack(written: str) -> str:
    """The text that something is base64 of; itself, where it is not base64 of a text."""
    lines = _BLANKS.split(written)
    text = _text_in_base64("".join(lines))
    if text is None and len(lines) > 1:  # they do not belong together
        return "\n".join(map(_unpack, lines))
    return written if text is None else text


def _text_in_base64(written: str) -> str | None:
    digits = written.rstrip("=").replace("-", "+").replace("_", "/")
    digits = digits[: len(digits) - (len(digits) % 4 == 1)]  # the rest of it was cut off
    try:
        data = binascii.a2b_base64(digits + "=" * (-len(digits) % 4), strict_mode=True)
        text = data.decode("utf-16-le" if _UTF_16.fullmatch(data) else "utf-8")
    except ValueError:
        return None
    return None if _NO_TEXT.search(text) else text
