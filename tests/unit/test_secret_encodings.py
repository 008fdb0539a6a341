"""A secret is found in whatever way programs wrote it, one in another too, in a time that grows with the text."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import textwrap
from collections.abc import Callable, Mapping
from urllib.parse import quote, quote_plus, urlencode

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st

from vca_core.secrets import SecretValues
from vca_core.secrets.encodings import MOST_LAYERS, layers
from vca_core.secrets.forms import forms_of

Encoder = Callable[[str], str]

CANARIES = ('it\'s <1/2> & 3%25\\n "ü" \U0001f600 \u2028+x', "hunter2-secret", "two words\nand lines", "Ã¼ber\x7f\x01?")


def go_json(text: str, *, upper: bool = False) -> str:
    """As Go's `encoding/json` writes a text, or a program that writes digits of escapes in upper case."""
    written = json.dumps(text, ensure_ascii=upper)
    for sign in "&<>\u2028\u2029":
        written = written.replace(sign, f"\\u{ord(sign):04x}")
    return (
        re.sub(r"(?<!\\)\\u[0-9a-f]{4}", lambda found: found[0].upper().replace("U", "u"), written)
        if upper
        else written
    )


def go_quoted(text: str) -> str:
    """As Go's ``%+q`` writes a text."""
    return '"' + "".join(map(_go_rune, text)) + '"'


def _go_rune(one: str) -> str:
    known = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
    if one in known or one in '"\\':
        return known.get(one, f"\\{one}")
    code = ord(one)
    if code < 0x80:
        return one if one.isprintable() else f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def ansi_c(text: str) -> str:
    """As bash's ``printf %q`` and `ls` write what is not printable."""
    return "$'" + "".join(one if one.isalnum() and one.isascii() else _octal(one) for one in text) + "'"


def _octal(one: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in one.encode())


def percent_u(text: str) -> str:
    if max(text, default="") > "\uffff":
        return quote(text)
    return "".join(one if one.isalnum() and one.isascii() else f"%u{ord(one):04X}" for one in text)


def backslashed(text: str) -> str:
    return re.sub(r"([^\w\n])", r"\\\1", text).replace("\n", "$'\\n'") if text.isascii() else shlex.quote(text)


def in_base64(text: str, width: int | None = None, *, alphabet: str = "+/") -> str:
    written = base64.b64encode(f"someone:{text}:{text}".encode(), alphabet.encode()).decode()
    return "\n".join(textwrap.wrap(written, width)) if width else written


ENCODERS: Mapping[str, Encoder] = {
    "Python's repr": repr,
    "Python's ascii": ascii,
    "Python's bytes": lambda text: repr(text.encode()),
    "Python's json": json.dumps,
    "Python's json, not ASCII": lambda text: json.dumps(text, ensure_ascii=False),
    "Go's json": go_json,
    "json with upper-case digits": lambda text: go_json(text, upper=True),
    "json with slashes": lambda text: json.dumps(text).replace("/", "\\/"),
    "Go's %+q": go_quoted,
    "a URL's part": lambda text: quote(text, safe=""),
    "a URL's path": quote,
    "a URL's path, lower-case": lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text)),
    "a form": quote_plus,
    "a query": lambda text: urlencode({"a": text}),
    "JavaScript's escape": percent_u,
    "HTML": html.escape,
    "HTML in decimal numbers": lambda text: "".join(f"&#{ord(one)};" for one in text),
    "XML in hexadecimal numbers": lambda text: "".join(f"&#x{ord(one):X};" for one in text),
    "a shell's single quotes": shlex.quote,
    "a shell's backslashes in quotes": lambda text: "'" + text.replace("'", "'\\''") + "'",
    "a shell's backslashes": backslashed,
    "a shell's $''": ansi_c,
    "YAML": yaml.safe_dump,
    "YAML, not ASCII": lambda text: yaml.safe_dump(text, allow_unicode=True),
    "YAML, single quotes": lambda text: yaml.safe_dump([{"a": text}], default_style="'"),
    "YAML, double quotes": lambda text: yaml.safe_dump([{"a": text}], default_style='"'),
    "YAML, folded": lambda text: yaml.safe_dump([{"a": text}], default_style='"', width=20),
}  # fmt: skip
"""What keeps the text, with escapes in it."""

FORMS = ("a form", "a query")

WHOLE: Mapping[str, Encoder] = {
    "base64": in_base64,
    "base64 of URLs": lambda text: in_base64(text, alphabet="-_"),
    "base64 in lines of 64": lambda text: in_base64(text, 64),
    "base64 in lines of 76": lambda text: in_base64(text, 76),
    "base64 of JSON": lambda text: in_base64(json.dumps({"a": text})),
    "base64 of base64": lambda text: in_base64(in_base64(text)),
    "hexadecimal numbers": lambda text: text.encode().hex(),
    "hexadecimal numbers, upper-case": lambda text: text.encode().hex().upper(),
}
"""What leaves nothing of it."""


TEXTS = st.text(
    st.characters(exclude_categories=["Cs"])
    | st.sampled_from("'\"\\/&<>%+=;#:!$*()[]{}|~`^? \n\t0aAbfnrtuxüß\xa0\u2028\U0001f600"),
    min_size=6,
    max_size=25,
)  # fmt: skip


def is_telling(text: str) -> bool:
    """Whether enough of a text is left when all signs of quotation are taken for the same, and it reads in one way."""
    is_plain = text.strip() == text and not text.endswith("\\") and not re.search("[\xc2-\xf4][\x80-\xbf]", text)
    return is_plain and len(re.sub(r"[\s'\"+\\*%&;]", "", text)) >= 6


SECRETS = TEXTS.filter(is_telling).filter(lambda text: forms_of([text]))  # a word that names secrets has none


def letters_left(secret: str, written: str) -> str:
    """The letters and digits of a text that are told once a secret is taken out of it."""
    values = SecretValues([secret])
    scrubbed = values.scrub(f"<< {written} >>")
    assert values.scrub(scrubbed) == scrubbed
    return "".join(re.findall(r"\w", layers(scrubbed)[-1].text))


@pytest.mark.parametrize("name", ENCODERS)
def test_a_secret_is_masked_whoever_wrote_it(name: str) -> None:
    for canary in CANARIES:
        assert len(letters_left(canary, ENCODERS[name](canary))) <= 2


@given(st.sampled_from(sorted(ENCODERS)), st.sampled_from(sorted(ENCODERS)), SECRETS)
@example("Go's %+q", "Python's bytes", "00000\x80\\")
@example("Go's %+q", "Go's %+q", "00000\r00000000")
def test_a_secret_is_masked_if_one_writes_what_another_wrote(outer: str, inner: str, secret: str) -> None:
    # A form makes plus signs of the indentation of YAML's lines, and a shell that uses backslashes quotes their ends.
    assume(not (inner.startswith("YAML") and outer in (*FORMS, "a shell's backslashes")))
    assert len(letters_left(secret, ENCODERS[outer](ENCODERS[inner](secret)))) <= 4


@pytest.mark.parametrize("name", WHOLE)
@given(st.sampled_from(sorted({"nobody", *ENCODERS} - {"a shell's backslashes"})), SECRETS)
def test_a_secret_is_masked_in_base64_and_numbers(name: str, outer: str, secret: str) -> None:
    written = WHOLE[name](secret)
    assert len(letters_left(secret, ENCODERS[outer](written) if outer in ENCODERS else written)) <= 26


@given(st.sampled_from(sorted(ENCODERS)), TEXTS)
def test_what_holds_no_secret_stays_as_it_is(name: str, text: str) -> None:
    written = ENCODERS[name](text)
    assert SecretValues(CANARIES).scrub(written) == written


@given(st.sampled_from(sorted(ENCODERS)), st.text(max_size=3), TEXTS, TEXTS)
def test_a_short_secret_takes_no_text_apart_however_written(name: str, secret: str, before: str, after: str) -> None:
    text = before + ENCODERS[name](secret) + after
    assert SecretValues([secret]).scrub(text) == text
    assert SecretValues([secret]).scrub_own(text) == text
    if secret.strip().strip("*"):
        assert SecretValues([secret]).scrub(secret) == "***"


def test_more_layers_than_that_are_left_alone() -> None:
    text = "quoted"
    for _ in range(MOST_LAYERS + 2):
        text = quote(text.replace("q", "%71"))
    assert len(layers(text)) == MOST_LAYERS + 1


@pytest.mark.parametrize(
    "part", ["\\n", "%41", "&amp;", "\\u0041", " ", "\n", "'", "%25", "\\\\", "+", "\xc3\xbc", " \n"]
)
def test_the_work_grows_with_the_text_only(part: str) -> None:
    def steps(count: int) -> int:
        views = layers(part * count)
        return sum(len(view.text) for view in views)

    assert steps(4_000) <= 4 * steps(1_000)
    assert len(layers(part * 4_000)) <= MOST_LAYERS + 1


def test_a_secret_in_a_long_text_of_escapes_is_found() -> None:
    values = SecretValues(CANARIES)
    assert (
        values.scrub("\\n" * 10_000 + "hunter2\\u002dsecret" + "%41" * 5_000) == "\\n" * 10_000 + "***" + "%41" * 5_000
    )
