"""Passwords that are words: what is ours stays readable, and what comes from outside is masked."""

from __future__ import annotations

import gc
import sys
import threading
import types

import pytest
from pydantic import SecretStr
from support.backends import Plain
from support.making import MakeVca

from vca_core.backend import NoOptions
from vca_core.errors import BackendError, Cause, NotFound
from vca_core.secrets import SecretValues, as_vca_error, own_words, scrub_plain
from vca_core.secrets.own_words import is_own_word
from vca_core.traits import TRAITS

WORDS = ("install", "active", "units", "EXPECTED", "already", "num_units", "db_dict", "vca.yaml")


@pytest.mark.parametrize("word", WORDS)
def test_a_text_of_ours_keeps_its_words(word: str) -> None:
    secrets = SecretValues([word, "correct-horse"])
    text = f"expected active units, got {word}: install num_units of vca.yaml and db_dict already, correct-horse"
    assert secrets.scrub_own(text) == text.replace("correct-horse", "***")
    assert word not in secrets.scrub(text)


def test_only_words_of_our_texts_are_ours() -> None:
    assert all(map(is_own_word, WORDS))
    assert not any(map(is_own_word, ("letmein", "tr0ub4dor", "hunter", "", "install it", "über", "install-hunter")))
    assert all(is_own_word(word) for operation in TRAITS for word in operation.split("_"))


def test_words_are_read_while_other_threads_load_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever Python makes many objects it collects garbage, and then lets other threads go on."""
    loaded: list[str] = []

    def load(phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            loaded.append(f"loaded_meanwhile_{len(loaded)}")
            monkeypatch.setitem(sys.modules, loaded[-1], types.ModuleType(loaded[-1]))

    monkeypatch.setattr(own_words, "_words", {})
    monkeypatch.setattr(own_words, "_looked_at", 0)
    before, pairs = gc.get_threshold(), [(number, number) for number in range(10_000)]  # so that further ones are made
    gc.callbacks.append(load)
    try:
        gc.set_threshold(100)
        assert is_own_word("install")
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(load)
    assert loaded
    assert len(pairs) == 10_000


def test_an_error_keeps_its_names_and_masks_its_cause() -> None:
    secrets = SecretValues(["core", "demo-7", "install"])
    error = NotFound("demo-7.app-vnf-core.0 is gone", ee_id="demo-7.app-vnf-core.0")
    error.__cause__ = RuntimeError("login with install refused")
    own = as_vca_error(
        error.locate(operation="install_configuration_sw", backend="demo-7 (fake)"),
        lambda text: secrets.scrub_own(text, ["demo-7.app-vnf-core.0", "demo-7 (fake)"]),
        secrets.scrub,
    )
    assert str(own) == (
        "demo-7.app-vnf-core.0 is gone [install_configuration_sw, EE demo-7.app-vnf-core.0, backend demo-7 (fake)]"
    )
    assert isinstance(own.__cause__, Cause)
    assert own.__cause__.text == "login with *** refused"


def test_a_foreign_error_is_reported_in_our_words_about_its_own() -> None:
    secrets = SecretValues(["backend", "failed"])
    own = as_vca_error(RuntimeError("it failed"), secrets.scrub_own, secrets.scrub)
    assert isinstance(own, BackendError)
    assert own.message == "the backend failed with RuntimeError: it ***"


def test_plain_data_keeps_its_fields_and_statuses() -> None:
    scrub = SecretValues(["units", "active", "message"]).scrub
    given = {"units": [{"status": "active", "message": "login as active refused"}], "of active": 1}
    assert scrub_plain(given, scrub) == {
        "units": [{"status": "active", "message": "login as *** refused"}],
        "of ***": 1,
    }


class Guarded(Plain):
    """Has a password itself."""

    class Options(NoOptions):
        """Its options."""

        password: SecretStr = SecretStr("hunter2-of-it")


async def test_our_words_are_read_beside_the_loop(make_vca: MakeVca, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the first operation with a password, and where a backend has one from the beginning."""
    threads: list[int] = []

    def words(module: types.ModuleType) -> frozenset[str]:
        threads.append(threading.get_ident())
        return frozenset()

    monkeypatch.setattr(own_words, "_words_of", words)
    for backend, params in ((Plain, {"password": "hunter2-given"}), (Guarded, {})):
        monkeypatch.setattr(own_words, "_words", {})
        monkeypatch.setattr(own_words, "_looked_at", 0)
        threads.clear()
        connector = make_vca(backend).connector()
        ee_id, _ = await connector.create_execution_environment(".ns.vnf")
        await connector.exec_primitive(ee_id, "touch", params)
        assert threads
        assert threading.get_ident() not in threads


def test_each_module_adds_what_is_its_own() -> None:
    """What Python puts into each of them would be most of the work."""
    assert not is_own_word("ZeroDivisionError")
