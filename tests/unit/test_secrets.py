"""Secrets are kept out of every text: values that are known, in each form in which they tend to turn up."""

from __future__ import annotations

import base64
import io
import json
import logging
import sys
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from vca_core.errors import Cause
from vca_core.secrets import (
    ScrubbingLog,
    SecretValues,
    excess_of_secrets,
    finding,
    forms,
    is_secret_name,
    model_secrets,
    scrub_cause,
    scrub_plain,
    secret_strings,
    secrets_in,
    url_without_credentials,
)
from vca_core.secrets.values import LONGEST_SECRETS, LONGEST_TOLD, MOST_ROUNDS

CANARY = "s3cr3t-canary/value"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=["Cs", "Cc", "Zs"]), min_size=8, max_size=30
).filter(lambda value: value not in forms._WORDS)  # words that name secrets


@given(VALUES, TEXTS, TEXTS)
def test_a_known_value_never_survives(value: str, before: str, behind: str) -> None:
    assert value not in SecretValues([value]).scrub(f"{before}{value}{behind}").replace("***", "")


@pytest.mark.parametrize(
    "form",
    [
        str,
        repr,
        json.dumps,
        quote,
        lambda value: base64.b64encode(value.encode()).decode(),
        lambda value: f"https://user:{quote(value, safe='')}@host/",
        lambda value: repr({"a": [value]}),
    ],
)
@pytest.mark.parametrize("value", [CANARY, 'quo"ted and\\slashed', "with blank & sign", "zwölf-Kühe-ünd"])
def test_a_known_value_is_known_in_other_forms(form: Any, value: str) -> None:
    text = SecretValues([value]).scrub(f"it said {form(value)} and went on")
    assert form(value) not in text
    assert value not in text
    assert text.startswith("it said ")
    assert text.endswith(" and went on")


@pytest.mark.parametrize("value", ["1", "no", "eth", " 22 ", "::1", "é"])
def test_a_short_value_takes_no_text_apart(value: str) -> None:
    secrets = SecretValues([value])
    bare = value.strip()
    for text in (f"unit {bare} of 3: {bare}", f"[{bare}]:17070", f"there is {value} node", f"{bare}{bare}", ""):
        assert secrets.scrub(text) == text
        assert secrets.scrub_own(text) == text
    assert secrets.scrub(value) == secrets.scrub(f"{bare}\n") == "***"
    assert scrub_plain({"a": [bare, f"a {bare}"]}, secrets.scrub) == {"a": ["***", f"a {bare}"]}


def test_values_are_forgotten_when_nobody_holds_them_any_more() -> None:
    secrets = SecretValues()
    first, second = secrets.add([CANARY]), secrets.add([CANARY])
    secrets.remove(first)
    assert CANARY not in secrets.scrub(CANARY)
    secrets.remove(second)
    assert secrets.scrub(CANARY) == CANARY


def test_the_longer_of_two_values_goes_first() -> None:
    assert "canary" not in SecretValues(["abcdefgh", "abcdefgh-canary"]).scrub("x abcdefgh-canary y")


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (["hunter2*"], "hunter2" * 9_000 + "*"),
        (["x***y", "zzzzq"], "x" * 30_000 + "zzzzq" + "y" * 30_000),
    ],
    ids=["each mask goes on", "from the middle"],
)
def test_a_text_that_goes_on_making_values_is_taken_out_whole(values: list[str], text: str) -> None:
    assert SecretValues(values).scrub(text) == "***"


def test_a_number_as_a_key_is_nobodys_name() -> None:
    assert secrets_in({"filename": {10**5000: "a", b"password": "b"}}) == ["b"]


def test_own_words_that_stay_make_no_text_go_as_a_whole() -> None:
    secrets = SecretValues(["hunter2*", "execution"])
    text = secrets.scrub_own("the execution: " + "hunter2" * MOST_ROUNDS + "*")
    assert text.strip("*") == "the execution: "


def test_nothing_of_the_values_is_in_a_repr() -> None:
    assert CANARY not in repr(SecretValues([CANARY]))


@pytest.mark.parametrize(
    "name",
    ["password", "ssh-password", "Password", "api_key", "apiKey", "secret", "client-secret", "token", "private_key",
     "passphrase", "ssh_private_key", "credential"],
)  # fmt: skip
def test_names_of_secrets_are_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "hostname",
        "username",
        "filename",
        "keyboard",
        "mtu",
        "monkey",
        "compass",
        "public_key",
        "token_life",
        "token_age",
        "auth-provider",
    ],
)
def test_other_names_are_none(name: str) -> None:
    assert not is_secret_name(name)


def test_secrets_are_found_at_any_depth_by_name_schema_and_type() -> None:
    values = {
        "password": "one",
        "list": [{"api-key": "two"}, {"plain": "no"}],
        "declared": {"below": "three"},
        "typed": SecretStr("four"),
        "url": "amqp://user:five@host/",
        "secret url": SecretStr("http://user:six@host/"),
        "host": "no",
    }
    found = {"one", "two", "three", "four", "five", "http://user:six@host/", "six"}
    assert set(secrets_in(values, {"declared"})) == found


def test_all_texts_of_a_secret_are_secret() -> None:
    assert set(secret_strings({"a": ["one", 22, {"b": "three"}]})) >= {"one", "three"}
    assert set(secret_strings({"a": '{"b": ["one", 007]}'})) >= {"one", "007"}
    many = json.dumps([f"part-{number}" for number in range(101)])
    assert list(secret_strings(many)) == [many], "a document of many parts is a secret as a whole only"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{password: 0x10}", {"16", "0x10"}),
        ('[{"a": {"token": "x1"}}, {"b": "x2"}]', {"x1"}),
        ('{"a": "{\\"token\\": \\"x1\\"}"}', {"x1"}),
        ('{"a": "\\ud83d\\ude00", "t\\u006fken": "x1"}', {"x1"}),
        ("a: 1\ndeclared: x1", {"x1"}),
        ("? token\n: x1", {"x1"}),
        ("token: [x1, {b: x2}]", {"x1", "x2"}),
        ('{"token": "x1", ' + ", ".join(f'"{n}": 1' for n in range(26_000)) + "}", {"x1"}),
        ("the password is here: look", set()),
        ("{token: ", set()),
        ("[" * 100_000 + "token:", set()),
        ('{"token":' * 5_000, set()),
    ],
)
def test_secrets_are_found_in_text_that_is_yaml_or_json(text: str, found: set[str]) -> None:
    assert set(secrets_in({"plain": text}, {"declared"})) == found


def test_text_within_text_has_an_end() -> None:
    text = "{token: x1}"
    for _ in range(30):
        text = "a: |\n" + "\n".join(f"  {line}" for line in text.splitlines())
    assert secrets_in({"plain": text}) == []


def test_a_models_secrets_are_its_secret_fields() -> None:
    class Below(BaseModel):
        token: str

    class Model(BaseModel):
        password: SecretStr
        below: Below
        host: str

    model = Model(password=SecretStr("one"), below=Below(token="two"), host="no")
    assert set(model_secrets(model)) == {"one", "two"}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mongodb://user:canary@host:27017/db", "host:27017"),
        ("mongodb://user:can%40ary@host/db", "host"),
        ("sqlite:///status.db", "status.db"),
        ("memory:", "memory:"),
    ],
)
def test_a_url_is_shown_without_its_credentials(url: str, shown: str) -> None:
    cleaned = url_without_credentials(url)
    assert "ary@" not in cleaned
    assert shown in cleaned


# What MongoDB's driver takes for a password, escaped or not, and what it refuses but people write.
PASSWORDS = ["a canary", "12 canary", "a\tcanary", "a\ncanary", "a#canary", "a #canary", "a;canary", "a&token=canary"]
REFUSED = [
    "a@canary",
    "a:canary",
    "100%canary",
    "a/canary",
    "a /canary",
    "a?canary",
    "a ?canary",
    "12/3 canary",
    "12/3?canary",
]


@pytest.mark.parametrize("password", [*PASSWORDS, *REFUSED], ids=ascii)
@pytest.mark.parametrize("scheme", ["mongodb", "mongodb+srv"])
def test_a_password_of_mongodb_is_hidden_however_written(scheme: str, password: str) -> None:
    url = f"{scheme}://osm user:{password}@h1:27017,h2/osm?appName=me@x&w=1"
    if "/" in password or "?" in password:  # what follows could be of the password
        url = url.partition("?appName")[0]
    assert "canary" not in url_without_credentials(url)
    assert "h1:27017,h2/osm" in url_without_credentials(url)
    assert password in secrets_in({"url": url})


@pytest.mark.parametrize(
    ("setting", "secret"),
    [
        ("authMechanismProperties=SERVICE_NAME:x,AWS_SESSION_TOKEN:can ary", "can ary"),
        ("authMechanismProperties=AWS_SESSION_TOKEN%3Acan%20ary", "can ary"),
        ("tlsCertificateKeyFilePassword=can ary", "can ary"),
        ("tlsCertificateKeyFilePassword=can+ary", "can ary"),
        ("ssl_pem_passphrase=can#ary", "can#ary"),
        ("PROXYPASSWORD=can/ary", "can/ary"),
        ("tlsCertificateKeyFilePasswor%64=canary", "canary"),
    ],
)
def test_secret_settings_of_mongodb_are_hidden(setting: str, secret: str) -> None:
    url = f"mongodb://h1,h2/osm?w=1&{setting}&tls=true"
    assert "ary" not in url_without_credentials(url)
    assert "tls=true" in url_without_credentials(url)
    assert secret in secrets_in({"url": url})


@pytest.mark.parametrize(
    "text",
    [
        "mongodb://h1:27017,h2:27017/osm?appName=me@x",
        "mongodb://[::1]:27017/osm?appName=me@x",
        "https://h:17070 does not answer: ask me@x",
    ],
)
def test_a_url_without_credentials_is_shown_as_it_is(text: str) -> None:
    assert url_without_credentials(text) == text


def test_blanks_belong_to_the_password_of_any_store() -> None:
    assert url_without_credentials("known://me:a canary@h/x") == "known://***@h/x"
    assert url_without_credentials("see mongodb://me:a canary@h/x there") == "see mongodb://***@h/x there"


def steps(work: Callable[[], object]) -> int:
    """How many calls something makes, into Python and into C: unlike its time, it does not depend on the machine."""
    count = 0

    def note(_: FrameType | None, event: str, __: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("part", ["?a=b;c=d;", "a@b ", " @ :", "://", "http://h/p?x=y ", "mongodb://h/?w=1&", "word "])
def test_what_is_no_credential_takes_no_step(part: str) -> None:
    few = 100
    for text in (part * 5_000, "http://h/" + part * 5_000 + " http://me:canary@h/"):
        assert steps(lambda: url_without_credentials(text)) < few  # noqa: B023 - it is called at once
        assert steps(lambda: secrets_in({"url": text})) < few  # noqa: B023 - as above


@pytest.mark.parametrize("part", ["?token=1&", "http://me:canary@h/ ", "mongodb://me:canary@h/ ", "x@://", "://a:@"])
def test_each_credential_takes_a_few_steps(part: str) -> None:
    for count in (1_000, 2_000):
        assert steps(lambda: url_without_credentials(part * count)) < 12 * count + 200  # noqa: B023 - as above


def test_of_countless_settings_all_are_secret() -> None:
    names = [f"token_{number}_url" for number in range(3_000)]
    url = "http://h/?" + "&".join(f"{name}=canary" for name in names)
    assert steps(lambda: url_without_credentials(url)) < 60 * 1_000 + 12 * 3_000
    assert url_without_credentials(url).endswith("&token_2999_url=***")
    assert url_without_credentials(url).startswith("http://h/?token_0_url=canary&")


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001 - it is what is wanted
        return caught


def test_a_cause_keeps_type_text_and_frames_and_nothing_else() -> None:
    cause = scrub_cause(raised(KeyError(f"no {CANARY}")), SecretValues([CANARY]).scrub)
    assert cause.kind == "KeyError"
    assert CANARY not in cause.text
    assert any("in raised" in frame for frame in cause.frames)
    assert cause.__traceback__ is None


def test_causes_contexts_notes_and_groups_lose_their_secrets() -> None:
    inner = raised(ValueError(f"inner {CANARY}"))
    inner.add_note(f"note {CANARY}")
    group = ExceptionGroup(f"group {CANARY}", [OSError(f"member {CANARY}")])
    outer = RuntimeError("outer")
    outer.__cause__ = inner
    inner.__context__ = group
    cause = scrub_cause(outer, SecretValues([CANARY]).scrub)
    text = "".join(traceback.format_exception(cause))
    assert CANARY not in text
    for word in ("outer", "inner", "note", "group", "member"):
        assert word in text


def test_an_endless_chain_of_causes_ends() -> None:
    first, second = RuntimeError("first"), RuntimeError("second")
    first.__cause__, second.__cause__ = second, first
    assert isinstance(scrub_cause(first, str), Cause)


def test_what_pydantic_was_given_is_not_in_a_cause() -> None:
    class Model(BaseModel):
        port: int

    with pytest.raises(ValueError) as caught:
        Model.model_validate({"port": CANARY})
    cause = scrub_cause(caught.value, str)
    assert CANARY not in str(cause)
    assert "port" in cause.text


def test_an_exception_that_has_no_text_is_named_by_its_type() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    assert "its text cannot be read" in scrub_cause(Mute(), str).text


@pytest.fixture
def logged() -> tuple[ScrubbingLog, io.StringIO]:
    stream = io.StringIO()
    logger = logging.Logger("test", level=1)  # noqa: LOG001 - one of its own, out of the tree of loggers
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s %(funcName)s"))
    logger.addHandler(handler)
    return ScrubbingLog(logger, SecretValues([CANARY]).scrub), stream


@pytest.mark.defect("D79")
@pytest.mark.defect("D80")
@pytest.mark.parametrize("level", [1, logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL])
def test_no_level_of_a_backends_log_shows_a_secret(logged: tuple[ScrubbingLog, io.StringIO], level: int) -> None:
    log, stream = logged
    log.log(level, "plain " + CANARY)  # noqa: G003 - as careless people log
    log.log(level, "argument %s", CANARY)
    log.log(level, "mapping %(a)s", {"a": CANARY})
    log.log(level, "repr %r", [CANARY])
    log.log(level, "broken %d", CANARY)
    log.log(level, "extra", extra={"password": CANARY})
    try:
        raise LookupError(CANARY)
    except LookupError:
        log.log(level, "with its exception", exc_info=True)
    text = stream.getvalue()
    assert CANARY not in text
    assert "LookupError" in text
    assert text.count("test_no_level_of_a_backends_log_shows_a_secret") >= 7, "the caller is named as who logs"


@pytest.mark.parametrize("word", ["secret", "password", " token "])
def test_words_that_name_secrets_stand_in_our_texts(word: str) -> None:
    text = "the controller refuses the login: look at username, secret, password and token"
    assert SecretValues([word]).scrub(text) == text


def test_of_endless_text_of_others_the_beginning_is_kept() -> None:
    secrets = SecretValues([CANARY])
    assert secrets.scrub_foreign(f"{CANARY} was refused") == "*** was refused"
    text = secrets.scrub_foreign("x" * (LONGEST_TOLD - 5) + CANARY * 10_000)
    assert CANARY[:5] not in text
    assert len(text) < LONGEST_TOLD // 2 + 50


def test_with_thousands_of_secrets_each_is_still_found() -> None:
    secrets = SecretValues(f"hunter{number}-secret" for number in range(500))
    assert secrets.scrub("hunter7-secret, and hunter499-secret; no hunter500-secret") == (
        "***, and ***; no hunter500-secret"
    )


@pytest.mark.parametrize("values", [["a"] * 9_000, [f"{number}\n" for number in range(200)], ["x" * LONGEST_SECRETS]])
def test_so_many_secrets_may_be_brought(values: list[str]) -> None:
    assert excess_of_secrets(values) is None


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([str(number) for number in range(501)], "more than 500 secret texts"),
        (["\n" * 501], "or lines of them"),
        (["x" * LONGEST_SECRETS, "y"], "more than 65536 characters"),
    ],
)
def test_more_secrets_than_that_are_refused(values: list[str], reason: str) -> None:
    assert reason in (excess_of_secrets(values) or "")


@pytest.mark.parametrize(
    "form",
    [
        "it&#x27;s &lt;1/2&gt;", "it&#39;s &lt;1/2&gt;", "it's &lt;1/2&gt;", "it'\"'\"'s <1/2>", "it'\\''s <1/2>",
        "it's <1\\/2>", "69742773203c312f323e", "69742773203C312F323E", "it%27s%20%3C1%2F2%3E",
    ],
)  # fmt: skip
def test_a_secret_is_masked_in_html_shells_slashes_and_hex(form: str) -> None:
    assert SecretValues(["it's <1/2>"]).scrub(f"a {form} b") == "a *** b"


def test_a_secret_of_one_sign_takes_no_html_apart() -> None:
    assert SecretValues(["<"]).scrub("a &lt; b <p>x</p>") == "a &lt; b <p>x</p>"


@given(st.text(alphabet="AaUuTtHhKkEeYyPpSsWwDdOoNnRrCcIi-_ .1\u0130\u017f\u212a", max_size=16))
def test_a_name_without_any_hint_names_no_secret(name: str) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(finding, "_HINTS", ("",))  # in every name
        expected = is_secret_name(name)
    assert is_secret_name(name) == expected
