"""YAML as charms hold it: what comes out of it, and what is refused."""

from __future__ import annotations

import gc
import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vca_core.errors import BadArguments
from vca_core.text_files import LARGEST_FILE, Unreadable
from vca_core.yaml_reader import OddKey, _Nodes, parse, read_yaml


def refusal(content: bytes | str) -> str:
    with pytest.raises(BadArguments) as caught:
        parse("x.yaml", content.encode() if isinstance(content, str) else content)
    assert caught.value.bad_args == ["artifact_path"]
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("# nothing\n", None),
        ("~", None),
        ("a: 1\nb: [x, 2.5, true, null]\n", {"a": 1, "b": ["x", 2.5, True, None]}),
        ("yes", True),
        ("Off", False),
        ("0x1F", 31),
        ("0644", 420),
        ("0o644", 420),
        ("0b11", 3),
        ("-7", -7),
        ("0", 0),
        ("1_000", 1000),
        ("1e+3", 1000.0),
        (".5e3", 500.0),
        ("[.5_0, .5_0e1_0, 1_0.5_0]", [0.5, 5e9, 10.5]),
        ("[.5_, .5__0, ._5, .5e_1]", [".5_", ".5__0", "._5", ".5e_1"]),
        ("[!mine 1, !mine ~, !mine , !!map x]", ["1", "~", "", "x"]),
        ("[!mine {a: 1}, !mine [1], !!str {a: 1}]", [{"a": 1}, [1], {"a": 1}]),
        ("{!mine 5: !<other> 1}", {"5": "1"}),
        ("[0X1F, 0o17, 017, 0B1]", [31, 15, 15, 1]),
        ("[18446744073709551615, 18446744073709551616]", [2**64 - 1, float(2**64)]),
        ("-.5", -0.5),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("'4096'", "4096"),
        ('!!int "1000"', 1000),
        ("!!str 22.04", "22.04"),
        ("!!float 1", 1.0),
        ("! 3", "3"),
        ("[08, -09, 010]", ["08", "-09", 8]),
        ("[y, n, Y, N, 'y']", [True, False, True, False, "y"]),
        ("|\n  two\n  lines\n", "two\nlines\n"),
        ("\ufeffa: b", {"a": "b"}),
    ],
)
def test_plain_data_comes_out(text: str, value: object) -> None:
    assert parse("x.yaml", text.encode()) == value


@pytest.mark.parametrize(
    "text",
    [
        "2020-01-01",
        "2020-01-01T10:00:00Z",
        "10:30",
        "1:2:3.5",
        "=",
        "0x",
        "1.2.3",
        "1e3",
        "5.",
        "00.5",
        "1e+999",
        "12e4567",
    ],
)
def test_what_juju_takes_for_text_is_text(text: str) -> None:
    assert parse("x.yaml", text.encode()) == text


def test_files_that_are_not_charms_have_no_y_and_n() -> None:
    assert read_yaml("[y, n, 08, yes]") == ["y", "n", "08", True]


def test_keys_are_text_whatever_they_look_like() -> None:
    odd = parse("x.yaml", b"{on: {1: a}, 'yes': b, c: d}")
    assert [key for key in odd if isinstance(key, OddKey)] == ["on"]
    assert [type(key) for key in odd["on"]] == [OddKey]
    assert parse("x.yaml", b"on: 1\n22.04: 2\n~: 3\n7: 4\n") == {"on": 1, "22.04": 2, "~": 3, "7": 4}


def test_a_key_given_twice_counts_as_it_stands_there_last() -> None:
    # Charms that were released and ran for years have this, and Juju takes it.
    text = "size: {type: int, default: 1, max: 3}\nother: 1\nsize: {type: string}\n"
    assert parse("x.yaml", text.encode()) == {"size": {"type": "string"}, "other": 1}


def test_what_is_merged_in_counts_where_it_stands() -> None:
    text = "x: &x {a: 1, b: 2}\ny: &y {b: 3}\nz: {a: 0, <<: *x, b: 4}\nboth: {<<: [*x, *y]}\nagain: {<<: *x, <<: *y}\n"
    read = parse("x.yaml", text.encode())
    assert read["z"] == {"a": 1, "b": 4}
    assert read["both"] == {"a": 1, "b": 2}
    assert read["again"] == {"a": 1, "b": 3}
    assert read_yaml("{x: &x {a: 1, b: 2}, z: {a: 0, <<: *x}}")["z"] == {"a": 0, "b": 2}


@pytest.mark.parametrize(
    ("text", "place", "key"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3, column 1", "a"),
        ("a: 1\na: true\n", "line 2, column 1", "a"),
        ("a: {b: [1]}\na: {b: [2]}\n", "line 2, column 1", "a"),
        ("a: {<<: {b: 1}, <<: {c: 1}}", "line 1, column 17", "<<"),
    ],
)
def test_charmcraft_has_no_key_twice(text: str, place: str, key: str) -> None:
    with pytest.raises(BadArguments, match=f"{place}: .*the key '{key}' is there twice; keep one"):
        parse("charmcraft.yaml", text.encode())
    assert parse("charmcraft.yaml", b"a: 1\na: 1\n") == {"a": 1}


def test_aliases_and_merges_are_written_out() -> None:
    text = "base: &b {type: int, default: 1}\nx: {<<: *b, default: 2}\ny: {<<: [*b, {more: 3, type: no}]}\n"
    assert parse("x.yaml", text.encode()) == {
        "base": {"type": "int", "default": 1},
        "x": {"type": "int", "default": 2},
        "y": {"type": "int", "default": 1, "more": 3},
    }


@pytest.mark.parametrize("more", ["--- \nb: 1\n", "---\n[\n", "...\n*x\n", "--- {}\n---\n"])
def test_of_several_documents_a_charm_has_the_first(more: str) -> None:
    assert parse("a.yaml", f"a: 1\n{more}".encode()) == {"a": 1}
    assert isinstance(read_yaml(f"a: 1\n{more}"), Unreadable)


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("a: [1, 2\nb: 3\n", "line 2, column 2", "expected ',' or ']'"),
        ("a: 1\n\tb: 2\n", "line 2, column 1", "a tab character"),
        ("a: \x01\n", "line 1, column 4", "U+0001"),
        ("a: {<<: 1}", "line 1, column 9", "expected mappings for '<<'"),
        ("? [a]\n: 1\n", "line 1, column 3", "expected text as a key"),
        ("a: *nobody\n", "line 1, column 4", "found undefined alias"),
        ("a: !!binary aGk=\n", "line 1, column 4", "a tag that does not fit"),
        ("a: !!int x\n", "line 1, column 4", "a tag"),
        ("a: !!bool 7\n", "line 1, column 4", "a tag"),
        ("a: !!null 7\n", "line 1, column 4", "a tag"),
        ("a: &x [*x]\n", "line 1, column 8", "an alias within what it names"),
        ("a: &x {<<: *x}\n", "line 1, column 12", "an alias within what it names"),
        (f"a: 0x{'f' * 5000}\n", "line 1, column 4", "too many digits"),
        (f"a: 1{'0' * 5000}\n", "line 1, column 4", "too many digits"),
        ('a: "\\ud800"\n', "line 1, column 7", "invalid Unicode character"),
        ("é: \x07\n", "line 1, column 4", "U+0007"),
        ("a: b\ufeffc\n", "line 1, column 5", "U+FEFF"),
        ("a: !<tag:%ff> x", "line 1, column 10", "a tag"),
    ],
)
def test_what_is_wrong_is_reported_with_line_and_column(text: str, place: str, reason: str) -> None:
    message = refusal(text)
    assert message.startswith(f"x.yaml: {place}: is not valid YAML: ")
    assert reason in message


@pytest.mark.parametrize("text", ['a: "\\UFFFFFFFF"', 'a: "\\xRANCY"', "a: |CANARY\n x", "a: @CANARY", "!CANARY%C 1"])
def test_no_character_of_a_value_is_in_an_error(text: str) -> None:
    assert not set("CANRY") & set(refusal(text).partition("YAML:")[2].replace("Unicode", "").replace("URI", ""))


def test_other_encodings_are_reported() -> None:
    assert refusal("name: Über".encode("latin-1")) == "x.yaml: is not UTF-8 (byte 6); save it as UTF-8"
    assert "UTF-8" in refusal("name: a".encode("utf-16"))


def test_the_size_is_limited() -> None:
    assert parse("x.yaml", b"a: " + b"x" * (LARGEST_FILE - 3)) is not None
    assert f"expected at most {LARGEST_FILE} bytes" in refusal(b"a: " + b"x" * (LARGEST_FILE - 2))


def test_bombs_of_aliases_do_not_go_off() -> None:
    levels = [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]" for i in range(1, 12)]
    assert "more than 50000 values" in refusal("\n".join(["l0: &l0 [x]", *levels]))


def test_bombs_of_merges_do_not_go_off() -> None:
    levels = [f"l{i}: &l{i} {{<<: [{', '.join([f'*l{i - 1}'] * 10)}]}}" for i in range(1, 12)]
    assert "more than 50000 values" in refusal("\n".join(["l0: &l0 {a: 1}", *levels]))


def test_bombs_of_merges_of_nothing_do_not_go_off() -> None:
    levels = [f"l{i}: &l{i} {{<<: [{', '.join([f'*l{i - 1}'] * 10)}]}}" for i in range(1, 12)]
    assert "more than 50000 values" in refusal("\n".join(["l0: &l0 {}", *levels]))


@pytest.mark.parametrize("text", ["!!python/object:os.system {}", "!mine 1", "!!omap [a: 1]", "!!binary aGk="])
def test_tags_are_refused_where_no_juju_reads(text: str) -> None:
    """Python's readers, such as charmcraft's, make objects of them, or refuse them."""
    with pytest.raises(BadArguments, match="charmcraft.yaml: line 1, column 4: .* a tag that does not fit"):
        parse("charmcraft.yaml", f"a: {text}".encode())
    assert isinstance(read_yaml(f"a: {text}"), Unreadable)


def test_options_that_are_there_twice_are_put_together() -> None:
    """As Juju reads them into a structure, which no other key of a charm's files is read into."""
    twice = b"options: {a: {type: int}, b: {}}\noptions: {b: {type: float}, c: {}}\n"
    assert parse("config.yaml", twice) == {"options": {"a": {"type": "int"}, "b": {"type": "float"}, "c": {}}}
    assert parse("config.yaml", b"options: {a: {}}\noptions:\n") == {"options": None}
    assert parse("config.yaml", b"options: {a: {}}\n<<: {options: {b: {}}}\n") == {"options": {"a": {}, "b": {}}}
    assert parse("config.yaml", b"options: {a: {b: {c: 1}, b: {d: 1}}}") == {"options": {"a": {"b": {"d": 1}}}}
    assert parse("metadata.yaml", twice) == {"options": {"b": {"type": "float"}, "c": {}}}


@pytest.mark.parametrize("text", ["*{}", "&{} x: &{} y", "!{}!x 1", "!!int {}", "!!bool {}", "!{}%ff 1", "%TAG !{}! x"])
def test_no_value_is_in_an_error(text: str) -> None:
    assert "CANARY" not in refusal(f"a: {text}\n".replace("{}", "CANARY"))


def test_bombs_of_long_text_do_not_go_off() -> None:
    assert "too much text" in refusal(f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 100)}]")


def test_the_number_of_values_is_limited() -> None:
    assert "more than 50000 values" in refusal("[" + "a," * 60_000 + "]")


def test_the_depth_is_limited() -> None:
    assert "deeper than 50 levels" in refusal("[" * 100_000)
    assert "deeper than 50 levels" in refusal("\n".join(" " * i + "a:" for i in range(60)))


TEXTS = st.text(max_size=10)
DATA = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)


class Quoting(yaml.SafeDumper):
    """Writes text in quotes: PyYAML leaves them out where only Juju sees a number, as in 1e3."""


Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


@given(DATA)
def test_what_was_written_as_yaml_is_read_back(data: Any) -> None:
    written = yaml.dump(data, Dumper=Quoting, allow_unicode=True)
    assert parse("x.yaml", written.encode()) == data


@given(st.one_of(st.binary(max_size=60), st.text("[]{}:,-?&*!|>'\"%@`#~<ab01 \n\t\\uUx.", max_size=60).map(str.encode)))
def test_whatever_is_read_it_is_data_or_refused(content: bytes) -> None:
    try:
        data = parse("x.yaml", content)
    except BadArguments as error:
        assert str(error).startswith("x.yaml: ")  # noqa: PT017 - both ways are fine
    else:
        assert isinstance(data, dict | list | str | int | float | bool | None)


def test_a_large_text_leaves_the_collector_little_to_look_at() -> None:
    """It holds up the event loop while it looks at what there is, whatever thread made it."""
    text = "\n".join(f"v{number}: {{charm: c, after: [a, b]}}" for number in range(5_000))
    gc.collect()
    before = len(gc.get_objects())
    root = _Nodes(text).root()
    for _ in range(10):  # it lets go of a tuple when it has let go of all that is in it
        gc.collect()
    assert root is not None
    assert len(gc.get_objects()) - before < 100
