"""The one tree of errors: what each says, whether a retry helps, and what survives sharing and scrubbing."""

from __future__ import annotations

import copy
import json
import math
import pickle
import re
import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vca_core import errors
from vca_core.errors import (
    AlreadyExists,
    BackendError,
    BadArguments,
    Cause,
    ConflictError,
    ExecutionError,
    InvalidCertificate,
    NotFound,
    NotSupported,
    PluginError,
    StoreError,
    VcaConnectionError,
    VcaError,
    VcaTimeoutError,
    from_data,
)
from vca_core.secrets import scrub_cause

CANARY = "canary-4711"

PARENTS: dict[type[VcaError], type[Exception]] = {
    VcaError: Exception,
    BadArguments: VcaError,
    InvalidCertificate: BadArguments,
    VcaConnectionError: VcaError,
    VcaTimeoutError: VcaError,
    ExecutionError: VcaError,
    NotFound: VcaError,
    AlreadyExists: VcaError,
    ConflictError: VcaError,
    NotSupported: VcaError,
    StoreError: VcaError,
    BackendError: VcaError,
    PluginError: VcaError,
}

RETRYABLE = {VcaConnectionError, VcaTimeoutError, ConflictError, StoreError}

EXAMPLES: list[VcaError] = [
    *(kind("it failed") for kind in PARENTS),
    BadArguments("wrong", ["db_dict.path", "ee_id"], ee_id="m.a.0"),
    VcaConnectionError("no answer", "wss://host:17070", backend="edge (fake)"),
    VcaTimeoutError("still pending", "progress", 2.5, operation="scale"),
    ExecutionError("exit 1", "touch", {"code": 1}, ee_id="m.a.0", operation="exec_primitive", retryable=True),
    AlreadyExists("it is there", ee_id="m.a.0", retryable=True),
]

everyone = pytest.mark.parametrize("error", EXAMPLES, ids=repr)


def star(text: str) -> str:
    return text.replace(CANARY, "***")


def held(error: BaseException) -> dict[str, Any]:
    return {"type": type(error), "args": error.args, "text": str(error), **vars(error)}


@pytest.mark.parametrize(("kind", "parent"), PARENTS.items())
def test_errors_are_one_tree(kind: type[VcaError], parent: type[Exception]) -> None:
    assert kind.__bases__[0] is parent
    assert issubclass(kind, VcaError)


def test_the_tree_is_the_one_that_its_module_draws() -> None:
    drawn = re.findall(r"^[ │├└─]+(\w+)  ", errors.__doc__ or "", re.MULTILINE)
    assert sorted(drawn) == sorted(kind.__name__ for kind in PARENTS)
    defined = {thing for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, VcaError)}
    assert defined == set(PARENTS)


@pytest.mark.parametrize("kind", PARENTS)
def test_classes_say_if_retrying_helps_and_errors_may_override(kind: type[VcaError]) -> None:
    assert kind("x").retryable is (kind in RETRYABLE)
    assert kind("x", retryable=True).retryable is True
    assert kind("x", retryable=False).retryable is False
    assert kind.retryable is (kind in RETRYABLE)


def test_a_timeout_is_caught_as_the_timeout_of_the_language_too() -> None:
    assert issubclass(VcaTimeoutError, TimeoutError)
    with pytest.raises(TimeoutError, match="still pending"):
        raise VcaTimeoutError("still pending", "total", 3.0)


@pytest.mark.parametrize("kind", PARENTS)
def test_an_error_without_arguments_can_be_made(kind: type[VcaError]) -> None:
    error = kind()
    assert (error.message, str(error)) == ("", "")
    assert (error.backend, error.ee_id, error.operation) == (None, None, None)


def test_errors_carry_what_is_documented() -> None:
    assert VcaError("m").message == "m"
    assert BadArguments("m", ["a", "b.c"]).bad_args == ["a", "b.c"]
    assert BadArguments("m", iter(("a",))).bad_args == ["a"]
    assert InvalidCertificate("m", ["ca_cert"]).bad_args == ["ca_cert"]
    assert VcaConnectionError("m", "wss://h:1").url == "wss://h:1"
    assert VcaConnectionError("m").url is None
    assert BadArguments("m").bad_args == []
    assert AlreadyExists("m", ee_id="m.a.0").ee_id == "m.a.0"


def test_what_a_backend_calls_a_failure_goes_through_plain_data() -> None:
    data = BackendError("it refuses that", "operation is blocked", {"log": ["no space left"]}).as_data()
    assert (data["code"], data["backend_code"]) == ("backend-failed", "operation is blocked")
    again = from_data(data)
    assert isinstance(again, BackendError)
    assert (again.code, again.output) == ("operation is blocked", {"log": ["no space left"]})
    assert not {"backend_code", "output"} & BackendError("it failed").as_data().keys()


@pytest.mark.parametrize("data", [None, [], "text", 3])
def test_what_is_no_plain_form_becomes_an_error(data: Any) -> None:
    assert type(from_data(data)) is VcaError


def test_arguments_are_renamed_for_those_who_gave_them() -> None:
    error = BadArguments("run add: params_dict.metric: no number; params_dict.b: no", ["params_dict.metric", "ee_id"])
    error.rename({"params_dict": "with", "ee": "nobody"})
    assert str(error) == "run add: with.metric: no number; with.b: no"
    assert error.bad_args == ["with.metric", "ee_id"]


@pytest.mark.defect("D8")
def test_a_timeout_says_which_limit_was_hit_and_how_long_it_was() -> None:
    error = VcaTimeoutError("m", kind="progress", limit=5)
    assert (error.kind, error.limit) == ("progress", 5)
    assert VcaTimeoutError("m").kind == "total"


@pytest.mark.defect("D36")
def test_a_failed_primitive_carries_output_but_never_prints_it() -> None:
    output = {"stdout": CANARY, "code": 1}
    error = ExecutionError("exit 1", "touch", output, ee_id="m.a.0")
    output["code"] = 2
    assert (error.message, error.primitive, error.output) == ("exit 1", "touch", {"stdout": CANARY, "code": 1})
    shown = "".join(traceback.format_exception(error))
    assert CANARY not in f"{error!s} {error!r} {error.args} {shown}"
    assert ExecutionError("exit 1").output == {}


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ({}, "it failed"),
        ({"operation": "scale"}, "it failed [scale]"),
        ({"ee_id": "m.a.0"}, "it failed [EE m.a.0]"),
        ({"backend": "edge (fake)"}, "it failed [backend edge (fake)]"),
        (
            {"backend": "edge (fake)", "ee_id": "m.a.0", "operation": "scale"},
            "it failed [scale, EE m.a.0, backend edge (fake)]",
        ),
    ],
)
def test_the_text_says_what_happened_and_where(where: dict[str, Any], text: str) -> None:
    for kind in PARENTS:
        assert str(kind("it failed", **where)) == text
        assert repr(kind("it failed", **where)) == f"<{kind.__name__}: {text}>"


def test_locating_fills_in_the_missing_and_keeps_the_known() -> None:
    error = NotFound("gone", ee_id="m.a.0")
    assert error.locate(backend="edge (fake)", ee_id="m.b.1", operation="scale") is error
    assert (error.backend, error.ee_id, error.operation) == ("edge (fake)", "m.a.0", "scale")
    error.locate(backend="other", operation="upgrade").locate()
    assert (error.backend, error.ee_id, error.operation) == ("edge (fake)", "m.a.0", "scale")


@everyone
def test_an_error_can_be_pickled_and_copied(error: VcaError) -> None:
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):  # noqa: S301 - our own
        assert held(twin) == held(error)


@everyone
@pytest.mark.defect("D83")
def test_each_caller_sharing_a_failure_gets_its_own_error(error: VcaError) -> None:
    shared = copy.copy(error)
    shared.__cause__ = Cause("juju.JujuError", "why")
    shared.add_note("seen by all")
    twin = shared.duplicate()
    assert twin is not shared
    assert held(twin) == held(shared)
    assert twin.__cause__ is shared.__cause__
    assert twin.__traceback__ is None
    before = copy.deepcopy(held(shared))
    twin.add_note("seen by one")
    twin.locate(backend="one", ee_id="o.n.e", operation="one")
    for value in vars(twin).values():
        if isinstance(value, dict | list):
            value.clear()
    assert held(shared) == before


def test_a_failure_without_a_cause_is_shared_without_one() -> None:
    assert NotFound("gone").duplicate().__cause__ is None


@everyone
@pytest.mark.defect("D83")
def test_scrubbing_takes_secrets_out_of_every_text(error: VcaError) -> None:
    error = copy.deepcopy(error)
    kind = type(error)
    error.message = f"no {CANARY}"
    error.args = (f"no {CANARY}", 7)
    error.locate(backend=CANARY, ee_id=f"m.{CANARY}.0", operation=CANARY)
    error.add_note(f"with {CANARY}")
    for name in ("url", "primitive"):
        if hasattr(error, name):
            setattr(error, name, f"x-{CANARY}")
    if isinstance(error, BadArguments):
        error.bad_args = [f"config.{CANARY}"]
    assert error.scrub(star) is error
    assert type(error) is kind
    assert CANARY not in f"{error!r} {vars(error)} {error.args} {''.join(traceback.format_exception(error))}"
    assert error.message == "no ***"
    assert error.args == ("no ***", 7)


def test_scrubbing_leaves_raw_output_and_what_is_no_text_alone() -> None:
    error = ExecutionError("m", "p", {"key": CANARY}, retryable=True).scrub(star)
    assert (error.output, error.retryable) == ({"key": CANARY}, True)
    timeout = VcaTimeoutError("m", "progress", 2.5).scrub(star)
    assert (timeout.kind, timeout.limit) == ("progress", 2.5)


@pytest.mark.defect("D83")
def test_types_and_causes_survive_raising() -> None:
    cause = Cause("juju.errors.JujuError", "not found", ["juju/model.py:7 in deploy"])
    with pytest.raises(NotFound) as caught:
        raise NotFound("gone", ee_id="m.a.0") from cause
    assert caught.value.__cause__ is cause


def test_a_cause_says_its_type_its_text_and_its_frames() -> None:
    cause = Cause("juju.errors.JujuError", "not found", iter(["model.py:7 in deploy", "rpc.py:1 in call"]))
    assert (cause.kind, cause.text) == ("juju.errors.JujuError", "not found")
    assert cause.frames == ("model.py:7 in deploy", "rpc.py:1 in call")
    assert str(cause) == "juju.errors.JujuError: not found\n  model.py:7 in deploy\n  rpc.py:1 in call"
    assert str(Cause("KeyError", "'x'")) == "KeyError: 'x'"
    assert not isinstance(cause, VcaError)


def test_a_cause_can_be_pickled_and_copied() -> None:
    cause = Cause("KeyError", "'x'", ["a.py:1 in f"])
    for twin in (pickle.loads(pickle.dumps(cause)), copy.copy(cause)):  # noqa: S301 - our own
        assert held(twin) == held(cause)


# The plain form.

_TEXT = st.text(max_size=20)
_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=10,
)
_OWN: dict[type[VcaError], dict[str, st.SearchStrategy[Any]]] = {
    BadArguments: {"bad_args": st.lists(_TEXT, max_size=3)},
    InvalidCertificate: {"bad_args": st.lists(_TEXT, max_size=3)},
    VcaConnectionError: {"url": st.none() | _TEXT},
    VcaTimeoutError: {"kind": st.sampled_from(["total", "progress"]), "limit": st.floats(0, 1e9) | st.just(math.inf)},
    ExecutionError: {"primitive": _TEXT, "output": st.dictionaries(_TEXT, _PLAIN, max_size=3)},
}


@st.composite
def any_error(draw: st.DrawFn) -> VcaError:
    """Draw an error of any class of the tree, with anything that it may carry."""
    kind = draw(st.sampled_from(list(PARENTS)))
    where = {name: draw(st.none() | _TEXT) for name in ("backend", "ee_id", "operation", "operation_id")}
    own = {name: draw(strategy) for name, strategy in _OWN.get(kind, {}).items()}
    return kind(draw(_TEXT), retryable=draw(st.none() | st.booleans()), **where, **own)


def carried(error: VcaError) -> dict[str, Any]:
    """Give all that the plain form carries; whether the class or the error itself says that it is retryable is one."""
    return {**held(error), "retryable": error.retryable}


@given(any_error())
def test_an_error_comes_back_from_its_plain_form(error: VcaError) -> None:
    data = error.as_data()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    again = from_data(json.loads(json.dumps(data)))
    assert carried(again) == carried(error)
    assert again.as_data() == data


def test_a_limit_without_an_end_comes_back_from_json() -> None:
    data = json.loads(json.dumps(VcaTimeoutError("m", limit=math.inf).as_data(), allow_nan=False))
    again = from_data(data)
    assert isinstance(again, VcaTimeoutError)
    assert (data["limit"], again.limit) == ("inf", math.inf)


@everyone
def test_the_plain_form_says_all_that_callers_go_by(error: VcaError) -> None:
    data = error.as_data()
    assert (data["version"], data["class"], data["text"]) == (1, type(error).__name__, error.message)
    where = ("operation", "operation_id", "backend", "ee_id")
    assert data["where"] == {name: getattr(error, name) for name in where}
    assert data["retryable"] is error.retryable
    assert re.fullmatch("[a-z]+(-[a-z]+)*", data["code"])


def test_each_class_has_a_code_of_its_own() -> None:
    codes = {kind().as_data()["code"] for kind in PARENTS}
    assert len(codes) == len(PARENTS)
    assert NotFound().as_data()["code"] == "not-found"


@everyone
@pytest.mark.parametrize("news", [{"version": 2}, {"class": "Newer"}, {"class": ["NotFound"]}, {"version": None}])
def test_what_is_not_known_comes_back_as_an_error_with_the_text(error: VcaError, news: dict[str, Any]) -> None:
    again = from_data({**error.as_data(), **news})
    assert type(again) is VcaError
    assert (str(again), again.retryable) == (str(error), error.retryable)


@everyone
def test_a_newer_field_is_left_out(error: VcaError) -> None:
    data = error.as_data()
    newer = {**data, "colour": "red", "where": {**data["where"], "planet": "Mars"}}
    assert carried(from_data(newer)) == carried(from_data(data))


_KEYS = ["version", "class", "text", "retryable", "where", "bad_args", "url", "kind", "limit", "primitive", "output"]


@given(st.sampled_from(list(PARENTS)), st.dictionaries(st.sampled_from(_KEYS), _PLAIN))
def test_any_plain_form_becomes_an_error(kind: type[VcaError], data: dict[str, Any]) -> None:
    error = from_data({"version": 1, "class": kind.__name__, **data})
    assert from_data(json.loads(json.dumps(error.as_data()))).as_data() == error.as_data()


def test_an_error_of_a_plugins_class_comes_back_as_its_base() -> None:
    class NoSuchShelf(NotFound):
        """One of a plugin."""

    again = from_data(NoSuchShelf("no shelf 7", ee_id="m.a.0").as_data())
    assert type(again) is NotFound
    assert str(again) == "no shelf 7 [EE m.a.0]"


def test_an_error_of_a_derived_class_becomes_one_of_the_tree() -> None:
    class NoSuchShelf(ExecutionError):
        """One of a plugin."""

        shelf = 7

    error = NoSuchShelf("no shelf 7", "take", {"tried": "yes"}, retryable=True)
    own = error.as_tree_error()
    assert type(own) is ExecutionError
    assert own.as_data() == error.as_data()
    assert str(own) == str(error)
    assert own.as_tree_error() is own


def test_raw_output_stands_under_output_only_and_is_plain() -> None:
    endless: list[Any] = []
    endless.append(endless)
    error = ExecutionError("exit 1", "p", {"key": CANARY, "tuple": (1, b"x"), "no": float("nan"), "endless": endless})
    data = error.as_data()
    received = json.loads(json.dumps(data, allow_nan=False))
    output = data.pop("output")
    assert CANARY not in json.dumps(data)
    assert (output["key"], output["tuple"], output["no"]) == (CANARY, [1, "b'x'"], "nan")
    assert from_data(received).as_data() == {**data, "output": output}
    assert "output" not in ExecutionError("exit 1", "p").as_data()


def test_what_each_link_of_a_chain_says_is_scrubbed_once() -> None:
    looked: list[str] = []
    link: BaseException | None = None
    for _ in range(10):
        error = RuntimeError("the same secret")
        error.__cause__, link = link, error
    assert link is not None

    def scrub(text: str) -> str:
        looked.append(text)
        return text.replace("secret", "***")

    cause = scrub_cause(link, scrub)
    assert looked == ["the same secret"]
    assert isinstance(cause.__cause__, Cause)
    assert (cause.text, cause.__cause__.text) == ("the same ***", "the same ***")


def test_a_text_that_an_error_has_twice_is_scrubbed_once() -> None:
    """Its message is among its arguments, too; it may be long, and it is done in the event loop."""
    looked: list[str] = []

    def scrub(text: str) -> str:
        looked.append(text)
        return text.replace("secret", "***")

    error = BadArguments("a secret", ["secret", "other"]).scrub(scrub)
    assert (error.message, error.args, error.bad_args) == ("a ***", ("a ***",), ["***", "other"])
    assert sorted(looked) == ["a secret", "other", "secret"]
