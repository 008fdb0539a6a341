"""The secret values of the moment, and the one way to take them out of a text."""

from __future__ import annotations

import contextlib
import itertools
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vca_core.secrets.encodings import View
from vca_core.secrets.forms import SHORTEST, Form, Reading, Views, Way, forms_of
from vca_core.secrets.occurrences import drop_within, find_spans
from vca_core.secrets.own_words import is_own_word
from vca_core.status import STATUS_WORDS

MASK = "***"
_MOST_TRIED = 1_000
"""Forms that are looked for one by one; of more, only those are that the text can hold."""

MOST_SECRETS = 500
"""Secret texts that one operation may bring, each line of one of several lines counted."""

LONGEST_SECRETS = 64 * 1024
"""How many characters they may have together."""

LONGEST_TOLD = 16 * 1024
"""Characters of a text that others wrote, such as a status, that are looked at: it is done in the event loop, where
statuses are reported and errors told. Of a longer text half as many are shown."""

_SHOWN = LONGEST_TOLD // 2
_BEGINNING = 64
"""Characters by which a secret is recognized at the end of what is looked at, where the rest of it is cut off."""

MOST_ROUNDS = 5
"""How often values are taken out of a text that has others again after it; then the text is taken out as a whole."""


class HeldSecrets:
    """A receipt of `SecretValues.add`, to give back to `SecretValues.remove`. It shows nothing of the values."""

    __slots__ = ("_forms",)

    def __init__(self, forms: Iterable[Form]) -> None:
        self._forms = tuple(forms)

    def take(self) -> tuple[Form, ...]:
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
        self._known: Counter[Form] = Counter()
        self._by_start: dict[Way, dict[str, dict[Form, None]]] = {way: {} for way in Way}
        self._also = also
        self.add(values)

    def __repr__(self) -> str:
        return f"<SecretValues: {len(self._known)} texts>"

    @property
    def is_empty(self) -> bool:
        """Whether it knows no values by itself."""
        return not self._known

    def add(self, values: Iterable[str]) -> HeldSecrets:
        """Know these values from now on.

        Args:
            values: secret texts; blank ones are ignored, and so are words that only name secrets: ``password``.

        Returns:
            The receipt to `remove` them with.
        """
        return self.add_forms(forms_of(values))

    def add_forms(self, forms: Sequence[Form]) -> HeldSecrets:
        """Know values from now on whose forms are known.

        Args:
            forms: what `forms_of` made of the values; that takes its time, and may be done in another thread.

        Returns:
            The receipt to `remove` them with.
        """
        for form in forms:
            if form not in self._known:
                self._by_start[form.way].setdefault(form.text[:SHORTEST], {})[form] = None
            self._known[form] += 1
        return HeldSecrets(forms)

    def remove(self, held: HeldSecrets) -> None:
        """Forget what `add` brought, but for what others brought, too. A second time nothing happens."""
        for form in held.take():
            self._known[form] -= 1
            if not self._known[form]:
                del self._known[form]
                starts, start = self._by_start[form.way], form.text[:SHORTEST]
                del starts[start][form]
                if not starts[start]:
                    del starts[start]

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

        Found are: a value as it is, and with up to `vca_core.secrets.encodings.MOST_LAYERS` layers of escapes, as
        Python, Go, JSON, YAML, URLs, HTML and shells write them; in hexadecimal numbers; in base64, inside a longer
        base64 text too (a basic-auth header); each longer line of a value of several lines. Values of less than four
        characters are replaced only where they are the whole text. Where values overlap, all of them go.

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
        return self._scrub(text, own=True, spared=tuple(filter(None, spared)), longest=LONGEST_TOLD)

    def _scrub(self, text: str, *, own: bool, spared: tuple[str, ...], longest: int | None = None) -> str:
        if not text:  # as the details of most statuses are, and there may be thousands of forms
            return text
        if longest is not None and len(text) > longest:
            return f"{self._beginning(text, own=own, spared=spared)}... ({len(text) - longest} more characters)"
        # Taking one value out can put another one together, so it is done until nothing is found. That ends: each round
        # leaves fewer characters that are no asterisks, or as many of those and a shorter text. But a text can be made
        # to take a round for each of its characters: after some rounds, nothing of it is told.
        for number in itertools.count():
            if not (spans := self._spans_in(text, own=own, spared=spared)):
                break
            if number == MOST_ROUNDS:
                return MASK
            text = _mask(text, spans)
        return text

    def _beginning(self, text: str, *, own: bool, spared: tuple[str, ...]) -> str:
        """The beginning of a long text, without secrets, and without the beginning of one that goes on behind it."""
        text = text[:LONGEST_TOLD]
        spans = [span for span in self._spans_in(text, own=own, spared=spared, is_cut=True) if span[0] < _SHOWN]
        end = max([_SHOWN, *(end for _, end in spans)])
        return self._scrub(_mask(text[:end], spans), own=own, spared=spared)

    def _spans_in(
        self, text: str, *, own: bool, spared: tuple[str, ...], is_cut: bool = False
    ) -> list[tuple[int, int]]:
        """Where values are in a text, in order, as they are or written in another way.

        Args:
            text: the text.
            own: whether words of ours stay.
            spared: what else stays.
            is_cut: whether the text goes on, and so may a secret at its end.
        """
        known = [one for one in self._all() if one._known]  # noqa: SLF001 - of the same class
        if not known:
            return []
        reading = Reading(text)
        # A line of a secret may stand here as it is, and its other lines in another way: both are looked for at once.
        spans = {
            span
            for views in (reading.as_it_is, reading.decoded)
            for one in known
            for form, view in one._forms_in(views)  # noqa: SLF001 - as above
            if not (own and _is_ours(form))
            for span in _occurrences(form, view)
        }
        if is_cut:
            spans |= {
                span
                for views in (reading.as_it_is, reading.decoded)
                for one in known
                for span in one._cut_off_in(views)  # noqa: SLF001 - as above
            }
        if spans and spared:
            spans = drop_within(spans, [span for one in spared for span in find_spans(one, text)])
        return sorted(spans)

    def scrub_foreign(self, text: str) -> str:
        """Scrub a text that others wrote, such as a status or an error: what is endless of it is left out.

        Args:
            text: any text; of more than `LONGEST_TOLD` characters only the first ones are looked at.
        """
        return self._scrub(text, own=False, spared=(), longest=LONGEST_TOLD)

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

    def _all(self) -> Iterator[SecretValues]:
        """This and those whose values are taken out, too."""
        yield self
        if (also := self._also) is not None:
            yield also
            for reference in _shared:
                other = reference()
                if other is not None and other is not also:
                    yield other

    def _forms_in(self, views: Views) -> Iterator[tuple[Form, View]]:
        """The forms that are in a text. With many EEs there are thousands; a status has a hundred characters."""
        if len(self._known) <= _MOST_TRIED:
            known = list(self._known)  # one atomic copy: another thread may add meanwhile
        else:
            known = [form for way, several in views.items() for form in self._candidates(way, several)]
        for form in known:
            for view in views.get(form.way, ()):
                if form.text in view.text:
                    yield form, view

    def _cut_off_in(self, views: Views) -> Iterator[tuple[int, int]]:
        """Where long values begin that a text ends within."""
        for form in [form for form in list(self._known) if len(form.text) > _BEGINNING]:
            for view in views.get(form.way, ()):
                start = view.text.find(form.text[:_BEGINNING], max(0, len(view.text) - len(form.text) + 1))
                if start >= 0:
                    yield view.origin(start, len(view.text))

    def _candidates(self, way: Way, views: Sequence[View]) -> Iterator[Form]:
        """The forms with whose first characters some part of a text begins."""
        starts = self._by_start[way]
        for start in {start for view in views for start in starts.keys() & _parts_of(way, view.text)}:
            yield from list(starts.get(start, ()))  # an atomic copy, as above


def _parts_of(way: Way, text: str) -> Iterable[str]:
    """The parts of a text that may be the beginning of a form."""
    if way is Way.WHOLE:
        return (text.strip()[:SHORTEST],)
    return map("".join, zip(*(text[at:] for at in range(SHORTEST)), strict=False))


@dataclass(frozen=True, slots=True, repr=False)
class FoundSecrets:
    """Secret texts, with all that gives them away.

    Args:
        texts: as they were given.
        forms: what `forms_of` made of them.
    """

    texts: frozenset[str]
    forms: tuple[Form, ...]

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


def _is_ours(form: Form) -> bool:
    return is_own_word(form.text.strip(" '") if form.way is Way.LOOSE else form.text)


def _occurrences(form: Form, view: View) -> Iterator[tuple[int, int]]:
    if form.way is not Way.WHOLE:
        for start, end in find_spans(form.text, view.text):
            yield view.origin(start, end)
    elif view.text.strip() == form.text:
        yield view.origin(0, len(view.text))


def _mask(text: str, spans: list[tuple[int, int]]) -> str:
    pieces = []
    done = 0
    for start, end in spans:
        if start >= done:
            pieces += [text[done:start], MASK]
        done = max(done, end)
    return "".join([*pieces, text[done:]])
