"""A secret is found in base64 of texts that hold it, and among escape sequences of terminals, and nothing else is."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vca_core.secrets import SecretValues
from vca_core.secrets.encodings import MOST_PACKED, layers, unpacked
from vca_core.secrets.values import LONGEST_TOLD

CANARIES = ("hunter2-secret", 'it\'s <1/2> & "x"', "gr\xfc\xdfe-an-alle", "C:\\dir\\pw9", "two words\nand lines")


def packed(text: str, encoding: str = "utf-8") -> str:
    return base64.b64encode(text.encode(encoding)).decode()


@pytest.mark.parametrize("before", ["", "a", "ab"])
@pytest.mark.parametrize("canary", CANARIES)
def test_a_secret_is_masked_in_base64_of_json(canary: str, before: str) -> None:
    """Wherever it falls on the grid of base64."""
    text = packed(json.dumps({f"{before}pw": canary}))
    assert SecretValues([canary]).scrub(f"data: {text} end") == "data: *** end"


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize(
    "write",
    [
        lambda text: packed(packed(text)),
        lambda text: packed(f"Basic {packed(f'admin:{text}')}"),
        lambda text: packed(text, "utf-16-le"),
        lambda text: packed(quote(text, safe="")),
        lambda text: packed(json.dumps(json.dumps(text))).rstrip("="),
        lambda text: base64.urlsafe_b64encode(json.dumps([text, "\xff\xbf\xfe>>>???"]).encode()).decode(),
        lambda text: f"{packed(json.dumps({'a': text, 'b': 'end'}))[:-5]}",  # its end is cut off
    ],
    ids=["base64", "basic authentication", "UTF-16", "a URL's part", "no padding", "of URLs", "cut off"],
)  # fmt: skip
def test_a_secret_is_masked_in_base64_of(write: object, canary: str) -> None:
    assert callable(write)
    assert SecretValues([canary]).scrub(f"{write(canary)}") == "***"


def test_a_secret_is_masked_in_base64_in_lines() -> None:
    text = packed(json.dumps({"first": "x" * 70, "pw": 'a "quoted" one'}))
    lines = [text[at : at + 30] for at in range(0, len(text), 30)]
    assert SecretValues(['a "quoted" one']).scrub("\n  ".join(["data:", *lines, "end."])) == "data:\n  ***\n  end."


def test_lines_that_do_not_belong_together_are_each_read() -> None:
    secret, other = packed('{"pw": "a \\"quoted\\" one"}'), packed('{"pw": "nothing of it"}')
    scrubbed = SecretValues(['a "quoted" one']).scrub(f"{other}\n{secret}\nadministrator")
    assert "***" in scrubbed
    assert secret not in scrubbed


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_base64_without_a_secret_stays_as_it_is(text: str) -> None:
    written = (
        f"an internationalization of AdministratorS1 {packed(text)} /usr/share/Documents-1/x {packed(packed(text))}"
    )
    assert SecretValues(["hunter2-secret"]).scrub(written) == written


def test_base64_is_taken_off_no_more_often_than_that() -> None:
    text = "a text of some length"
    for _ in range(MOST_PACKED + 2):
        text = packed(text)
    assert len(unpacked(layers(text)[-1])) == MOST_PACKED
    assert sum(len(view.text) for view in unpacked(layers("QUFBQUFBQUFBQUFB " * 1_000)[-1])) <= 2 * 17_000


@pytest.mark.parametrize(
    "sign", ["\x1b[31m", "\x1b[0;1m", "\x1b[K", "\x1b]8;;http://x\x07", "\x1b(B", "\\x1b[31m", "\\033[1m"]
)
def test_a_secret_is_masked_with_escape_sequences_in_it(sign: str) -> None:
    assert SecretValues(["hunter2-secret"]).scrub(f"pw hun{sign}ter2-{sign}secret end") == "pw *** end"


def test_escape_sequences_without_a_secret_stay() -> None:
    text = "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b[ half"
    assert SecretValues(["hunter2-secret"]).scrub(text) == text


def test_a_long_text_is_read_as_a_short_one_is() -> None:
    """It is searched in parts, so that other threads go on."""
    escapes, letters, signs = "\\n" * 9_000, "x" * 40_000, "&amp;" * 5_000
    text = f"{escapes} %68unter2%2Dsecret {letters} {packed('a hunter2-secret')} {signs}"
    assert SecretValues(["hunter2-secret"]).scrub(text) == f"{escapes} *** {letters} *** {signs}"


@pytest.mark.parametrize("at", [0, LONGEST_TOLD // 4, LONGEST_TOLD // 2 - 1])
def test_nothing_is_shown_of_a_secret_that_a_text_is_cut_in(at: int) -> None:
    secret = "".join(f"part-{number:05}-" for number in range(1_000))[: LONGEST_TOLD - at]
    for text in (f"{'x' * at}{secret} refused", f"{'x' * at}{secret[:-1]}.{secret}", f"{'x' * at}{quote(secret * 2)}"):
        scrubbed = SecretValues([secret * 2, secret]).scrub_foreign(f"{text}{'y' * LONGEST_TOLD}")
        assert scrubbed.startswith("x" * at + "***")
        assert "part-" not in scrubbed
