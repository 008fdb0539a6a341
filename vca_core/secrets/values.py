"""The secret values of the moment, and the one way to take them out of a text."""

from __future__ import annotations

import base64
import contextlib
import html
import itertools
import json
import re
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

from vca_core.secrets.occurrences import find_spans
from vca_core.secrets.own_words import is_own_word, read_own_words
from vca_core.status import STATUS_WORDS

MASK = "***"
SHORTEST = 4
"""Characters of the shortest text that is taken out of others. A shorter one would be found everywhere: it is taken out
only where it is all that there is."""

_WORDS = frozenset(
    {"apikey", "auth", "credential", "credentials", "passphrase", "password", "secret", "token", "username"}
)
"""Words that name secrets in our own texts, such as "look at username and secret"; they would be no passwords."""
_MOST_TRIED = 1_000
"""Forms that are looked for one by one; of more, only those are that the text can hold."""

MOST_SECRETS = 500
"""Secret texts that one operation may bring, each line of one of several lines counted."""

LONGEST_SECRETS = 64 * 1024
"""How many characters they may have together."""

LONGEST_TOLD = 64 * 1024
"""Characters of a text that others wrote, such as a status, before its secrets are taken out."""

MOST_ROUNDS = 5
"""How often values are taken out of a text that has others again after it; then the text is taken out as a whole."""

_SHORTEST_LINE = 8
_SHORTEST_BASE64_PART = 6


class HeldSecrets:
    """A receipt of `SecretValues.add`, to give back to `SecretValues.remove`. It shows nothing of the values."""

    __slots__ = ("_forms",)

    def __init__(self, forms: Iterable[str]) -> None:
        self._forms = tuple(forms)

    def take(self) -> tuple[str, ...]:
        """Give up what the receipt stands for, once: the second time there is nothing."""
        forms, self._forms = self._forms, ()
        return forms


_LOCK = threading.Lock()
_shared: tuple[weakref.ref[SecretValues], ...] = ()


class SecretValues:
    """The secret values of this moment, and the one way to take them out of a text.

    Values are counted: one that two operations brought stays known until both have left. `add` and `remove` belong to
    one thread; `scrub` may be called from any.

    Args:
        values: texts that are secret for good.
        also: others whose values are taken out, too, and with them all that is shared in this process.
    """

    def __init__(self, values: Iterable[str] = (), also: SecretValues | None = None) -> None:
        self._known: Counter[str] = Counter()
        self._by_start: dict[str, dict[str, None]] = {}
        self._also = also
        self.add(values)

    def __repr__(self) -> str:
        return f"<SecretValues: {len(self._known)} texts>"

    def add(self, values: Iterable[str]) -> HeldSecrets:
        """Know these values from now on.

        Args:
            values: secret texts; blank ones are ignored, and so are words that only name secrets: ``password``.

        Returns:
            The receipt to `remove` them with.
        """
        return self.add_forms(forms_of(values))

    def add_forms(self, forms: Sequence[str]) -> HeldSecrets:
        """Know values from now on whose forms are known.

        Args:
            forms: what `forms_of` made of the values; that takes its time, and may be done in another thread.

        Returns:
            The receipt to `remove` them with.
        """
        for form in forms:
            if form not in self._known:
                self._by_start.setdefault(form[:SHORTEST], {})[form] = None
            self._known[form] += 1
        return HeldSecrets(forms)

    def remove(self, held: HeldSecrets) -> None:
        """Forget what `add` brought, but for what others brought, too. A second time nothing happens."""
        for form in held.take():
            self._known[form] -= 1
            if not self._known[form]:
                del self._known[form]
                same_start = self._by_start[form[:SHORTEST]]
                del same_start[form]
                if not same_start:
                    del self._by_start[form[:SHORTEST]]

    @contextlib.contextmanager
    def hold_for(self, values: Iterable[str]) -> Iterator[None]:
        """Know these values for the length of a ``with`` block."""
        held = self.add(values)
        try:
            yield
        finally:
            self.remove(held)

    def scrub(self, text: str) -> str:
        """Replace every known value by ``***``.

        Found are: a value as it is; as `repr`, JSON, URLs, HTML and shells' single quotes write it; in hexadecimal
        numbers; in base64, inside a longer base64 text too (a basic-auth header); each longer line of a value of
        several lines. Values of less than four characters are replaced only where they are the whole text. Where values
        overlap, all of them go.

        Args:
            text: any text.

        Returns:
            The text without the values; to scrub it again changes nothing.
        """
        return self._scrub(text, own=False, spared=())

    def scrub_own(self, text: str, spared: Iterable[str] = ()) -> str:
        """Scrub a text of ours, such as an error of the tree: its own words stay, even where one is a password.

        Args:
            text: any text; of more than `LONGEST_TOLD` characters only the first ones are looked at.
            spared: what else is ours in it: names of EEs and operations.
        """
        return _shorten(text, lambda text: self._scrub(text, own=True, spared=tuple(filter(None, spared))))

    def _scrub(self, text: str, *, own: bool, spared: tuple[str, ...]) -> str:
        if not text:  # as the details of most statuses are, and there may be thousands of forms
            return text
        # Taking one value out can put another one together, so it is done until nothing is found. That ends: each round
        # leaves fewer characters that are no asterisks, or as many of those and a shorter text. But a text can be made
        # to take a round for each of its characters: after some rounds, nothing of it is told.
        for number in itertools.count():
            if not (forms := self._forms_in(text)):
                break
            if own:
                forms = [form for form in forms if not is_own_word(form)]
            kept = [span for one in spared for span in _occurrences(one, text)]
            spans = sorted(
                (start, end)
                for form in forms
                for start, end in _occurrences(form, text)
                if not any(first <= start and end <= last for first, last in kept)
            )
            if not spans:
                break
            if number == MOST_ROUNDS:
                return MASK
            text = _mask(text, spans)
        return text

    def scrub_foreign(self, text: str) -> str:
        """Scrub a text that others wrote, such as a status or an error: what is endless of it is left out.

        Args:
            text: any text; of more than `LONGEST_TOLD` characters only the first ones are looked at.
        """
        return _shorten(text, self.scrub)

    def share(self) -> None:
        """Have the values taken out for all others of the process that have an `also`, until `withdraw`."""
        global _shared  # noqa: PLW0603 - it is replaced as a whole: readers in other threads need no lock
        with _LOCK:
            if all(one() is not self for one in _shared):
                _shared = (*(one for one in _shared if one() is not None), weakref.ref(self))

    def withdraw(self) -> None:
        """Undo `share`."""
        global _shared  # noqa: PLW0603 - as above
        with _LOCK:
            _shared = tuple(one for one in _shared if one() is not None and one() is not self)

    def _forms_in(self, text: str) -> list[str]:
        """The forms that may be in a text. With many EEs there are thousands; a status has a hundred characters."""
        found: list[str] = []
        if (also := self._also) is not None:
            found += also._forms_in(text)  # noqa: SLF001 - of the same class
            for reference in _shared:
                other = reference()
                if other is not None and other is not also:
                    found += other._forms_in(text)  # noqa: SLF001 - as above
        if not self._known:
            return found
        if len(self._known) <= _MOST_TRIED:
            known = list(self._known)  # one atomic copy: another thread may add meanwhile
            return found + [form for form in known if form in text]
        starts = {text[at : at + length] for length in range(1, SHORTEST + 1) for at in range(len(text) - length + 1)}
        candidates = (list(self._by_start.get(start, ())) for start in starts)  # atomic copies, as above
        return found + [form for forms in candidates for form in forms if form in text]


def _shorten(text: str, scrub: Callable[[str], str]) -> str:
    scrubbed = scrub(text[:LONGEST_TOLD])
    more = len(text) - LONGEST_TOLD
    # Where it was cut, there may be half a secret, which would not be recognized.
    return scrubbed if more <= 0 else f"{scrubbed[: LONGEST_TOLD // 8]}... ({more} more characters)"


def forms_of(values: Iterable[str]) -> list[str]:
    """Find every text that gives secret values away; any thread may do it.

    Args:
        values: secret texts; blank ones are ignored, and so are words that only name secrets: ``password``.
    """
    if not (found := set(values)):
        return []
    read_own_words()
    return [form for value in found if value.strip() not in _WORDS for form in _forms(value)]


@dataclass(frozen=True, slots=True, repr=False)
class FoundSecrets:
    """Secret texts, with all that gives them away.

    Args:
        texts: as they were given.
        forms: what `forms_of` made of them.
    """

    texts: frozenset[str]
    forms: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> FoundSecrets:
        """Find the forms of texts."""
        found = frozenset(texts)
        return cls(found, tuple(forms_of(found)))


def excess_of_secrets(values: Iterable[str]) -> str | None:
    """Say in what secret texts are more than one operation may bring; None: in nothing."""
    found = set(values)
    if sum(value.count("\n") + 1 for value in found) > MOST_SECRETS:
        return f"more than {MOST_SECRETS} secret texts, or lines of them"
    if sum(map(len, found)) > LONGEST_SECRETS:
        return f"more than {LONGEST_SECRETS} characters of secret texts"
    return None


def scrub_plain(value: Any, scrub: Callable[[str], str]) -> Any:
    """Take secrets out of plain data: out of its texts and keys, and numbers that are secret as a whole.

    A key that is a word of our own texts stays, and so does what is a word for a status.

    Args:
        value: plain data.
        scrub: takes secrets out of a text.
    """
    if isinstance(value, str):
        return value if value in STATUS_WORDS else scrub(value)
    if isinstance(value, Mapping):
        return {_scrub_key(str(key), scrub): scrub_plain(item, scrub) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [scrub_plain(item, scrub) for item in value]
    if value is None or isinstance(value, bool) or scrub(str(value)) == str(value):
        return value
    return scrub(str(value))


def _scrub_key(key: str, scrub: Callable[[str], str]) -> str:
    scrubbed = scrub(key)
    return key if scrubbed == key or is_own_word(key) else scrubbed


def _occurrences(form: str, text: str) -> Iterator[tuple[int, int]]:
    if len(form.strip()) >= SHORTEST:
        yield from find_spans(form, text)
    elif text.strip() == form.strip():
        yield 0, len(text)


def _mask(text: str, spans: list[tuple[int, int]]) -> str:
    pieces = []
    done = 0
    for start, end in spans:
        if start >= done:
            pieces += [text[done:start], MASK]
        done = max(done, end)
    return "".join([*pieces, text[done:]])


def _forms(value: str) -> set[str]:
    """Every text that gives a value away."""
    stripped = value.strip()
    lines = [line.strip() for line in value.splitlines()]
    parts = {value, stripped} | {line for line in lines if len(line) >= _SHORTEST_LINE and not line.startswith("-----")}
    forms = {form for part in parts for form in _spellings(part)}
    if len(stripped) >= SHORTEST:
        forms |= _base64_forms(value) | _base64_forms(stripped)
        forms |= {form for part in parts if len(part) >= SHORTEST for form in _foreign_spellings(part)}
    # A short text of asterisks is what a mask looks like.
    return {form for form in forms if form.strip() and (len(form) >= SHORTEST or form.strip("*"))}


def _spellings(text: str) -> set[str]:
    # Escaped twice, too: the repr of an error whose message quotes a repr, JSON inside JSON.
    escaped = {twice for once in _escapes(text) for twice in (once, *_escapes(once))}
    quoted = {
        quote(text, safe="", errors="surrogatepass"),
        quote(text, errors="surrogatepass"),
        quote(text, safe="!$&'()*+,;=", errors="surrogatepass"),
        quote_plus(text, errors="surrogatepass"),
    }
    lower = {re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), form) for form in quoted}
    return {text} | escaped | quoted | lower


def _escapes(text: str) -> set[str]:
    return {
        repr(text)[1:-1],
        repr('"' + text)[2:-1],  # inside a longer text that holds the other quotation mark
        ascii(text)[1:-1],
        repr(text.encode("utf-8", "surrogatepass"))[2:-1],
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
    }


def _foreign_spellings(text: str) -> set[str]:
    """As HTML, shells and JSON of others write a text, and in hexadecimal numbers."""
    in_hex = text.encode("utf-8", "surrogatepass").hex()
    return {
        html.escape(text, quote=False),
        html.escape(text),
        html.escape(text).replace("&#x27;", "&#39;"),
        text.replace("'", "'\"'\"'"),
        text.replace("'", "'\\''"),
        text.replace("/", "\\/"),
        json.dumps(text)[1:-1].replace("/", "\\/"),
        json.dumps(text, ensure_ascii=False)[1:-1].replace("/", "\\/"),
        in_hex,
        in_hex.upper(),
    }


def _base64_forms(text: str) -> set[str]:
    """A text in base64, and as it looks in the middle of a longer one: there are three ways to fall on the grid."""
    data = text.encode("utf-8", "surrogatepass")
    forms = {base64.b64encode(data).decode()}
    for before, unsure in ((0, 0), (1, 2), (2, 3)):
        sure = (before + len(data)) * 8 // 6
        part = base64.b64encode(bytes(before) + data).decode()[unsure:sure]
        if len(part) >= _SHORTEST_BASE64_PART:
            forms.add(part)
    return forms | {form.translate({ord("+"): "-", ord("/"): "_"}) for form in forms}
