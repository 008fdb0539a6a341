"""The reference says what the code says: its tables are compared with what they describe."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from unit.docs.pages import DOCS, ROOT, blocks, rows

from vca_core import errors
from vca_core._tracking.place import status_fields
from vca_core.config.settings import ConnectorConfig, ExtensionConfig, ProviderConfig, VcaConfig
from vca_core.connector import Connector
from vca_core.naming import CHARM_NAMES, Namespace
from vca_core.status import NATIVE_STATUS, DeploymentStatus
from vca_core.stores import StatusStore, store_from_url
from vca_core.vca import Vca
from vca_fake.options import FakeOptions
from vca_juju_machine.options import JujuMachineOptions

REFERENCE = DOCS / "reference"


# Config.


def keys_of(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str]]:
    """The keys of a model with their defaults, as the page writes them."""
    lists: dict[str, tuple[str, type[BaseModel]]] = {
        "connectors": ("connectors.NAME.", ConnectorConfig),
        "extensions": ("extensions[].", ExtensionConfig),
        "connector_providers": ("connector_providers[].", ProviderConfig),
    }
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True, validated_data={})
        if isinstance(default, BaseModel):
            yield from keys_of(type(default), f"{prefix}{name}.")
        else:
            yield prefix + name, "required" if default is PydanticUndefined else json.dumps(default)
        if model is VcaConfig and name in lists:
            prefix_below, model_below = lists[name]
            yield from keys_of(model_below, prefix_below)


def test_the_config_page_has_each_key_with_its_default_only() -> None:
    listed = [(row[0], row[2]) for row in rows(REFERENCE / "config.md")]
    assert sorted(listed) == sorted(keys_of(VcaConfig))


def test_the_page_of_the_fake_has_its_options() -> None:
    listed = [(row[0], row[2]) for row in rows(ROOT / "plugins" / "fake" / "README.md")]
    assert listed == list(keys_of(FakeOptions))


# Operations.


def public(cls: type) -> dict[str, Any]:
    """The public methods of a class."""
    found = {name: inspect.getattr_static(cls, name) for name in dir(cls) if not name.startswith("_")}
    functions = {name: getattr(value, "__func__", value) for name, value in found.items()}
    return {name: value for name, value in functions.items() if inspect.isfunction(value)}


def signature(name: str, function: Any) -> str:
    """A signature without types, as the page writes it."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]
    return f"{name}{inspect.Signature(bare)}"


def test_the_operations_page_has_each_methods_signature_only() -> None:
    page = REFERENCE / "operations.md"
    wanted = [signature(name, function) for cls in (Connector, Vca) for name, function in public(cls).items()]
    listed = [re.sub(r"\s+", " ", block.text.strip()) for block in blocks(page)]
    assert sorted(listed) == sorted(wanted)


# Errors.


def test_the_errors_page_has_each_error_with_what_it_carries() -> None:
    wanted = {}
    for name, cls in vars(errors).items():
        if inspect.isclass(cls) and issubclass(cls, errors.VcaError):
            [base, *_] = cls.__bases__
            own = (
                set(vars(cls()))
                - set(vars(base() if issubclass(base, errors.VcaError) else Exception()))
                - {"retryable"}
            )
            retryable = "yes" if cls.retryable else "no"
            wanted[name] = ([one.__name__ for one in cls.__bases__], retryable, own, cls().as_data()["code"])
    listed = {
        row[0]: (row[1].split(", "), row[2], {word for word in row[3].split(", ") if word}, row[4])
        for row in rows(REFERENCE / "errors.md")
    }
    assert listed == wanted


def test_the_how_to_of_errors_has_every_error_callers_meet() -> None:
    listed = {name for row in rows(DOCS / "how-to" / "handle-errors.md") for name in row[0].split(", ")}
    there = {
        name for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, errors.VcaError)
    }
    assert there - listed == {"VcaError"}
    assert listed <= there


# Statuses.


def test_the_statuses_page_has_the_table_of_native_words() -> None:
    wanted = [[kind, word, status.value] for kind, words in NATIVE_STATUS.items() for word, status in words.items()]
    assert rows(REFERENCE / "statuses.md", "## Native words") == wanted


def test_the_statuses_page_has_the_five_fields_and_the_words() -> None:
    fields = status_fields(DeploymentStatus.PENDING, "", "", "")
    assert [row[0] for row in rows(REFERENCE / "statuses.md", "## The five fields")] == list(fields)
    words = [[status.value, status.name] for status in DeploymentStatus]
    assert rows(REFERENCE / "statuses.md", "## The words") == words


# Stores.


@pytest.mark.parametrize("url", [row[0] for row in rows(REFERENCE / "stores.md")])
def test_every_url_on_the_stores_page_names_a_store(url: str, tmp_path: Path) -> None:
    assert isinstance(store_from_url(url, tmp_path), StatusStore)


def test_the_stores_page_has_every_store_method_and_no_other() -> None:
    listed = [call for row in rows(REFERENCE / "stores.md", "## Methods") for call in re.findall(r"\w+\(.*?\)", row[0])]
    assert sorted(listed) == sorted(signature(name, function) for name, function in public(StatusStore).items())


# Names.


@pytest.mark.parametrize(("namespace", "model", "application"), rows(REFERENCE / "namespaces.md"))
def test_the_names_on_the_namespaces_page_are_the_derived_ones(namespace: str, model: str, application: str) -> None:
    parsed = Namespace.parse(namespace)
    assert (str(parsed), CHARM_NAMES.model(parsed), CHARM_NAMES.application(parsed)) == (namespace, model, application)


# The project's own verbs.


LIMITS = DOCS / "reference" / "limits.md"
SETTINGS = {
    "limits.units": VcaConfig.model_validate({"connectors": {"edge": {"backend": "fake"}}}).limits.units,
    "upload_limit in the options of the connector": JujuMachineOptions.model_fields["upload_limit"].default,
}
NOT_OF_CALLERS = {
    "vca_core._tracking.batches.MOST_WRITES",  # how the store is written to
    "vca_core.cli.plugin.LONGEST",  # of the names of new plugins: on the command's page
    "vca_core.config.problems.MOST_TOLD",  # how many problems an error names
}


def limits_of_the_core() -> Iterator[tuple[str, int]]:
    """The public constants that are limits, by where they stand."""
    for file in sorted((ROOT / "vca_core").rglob("*.py")):
        if "testing" in file.parts:
            continue
        for name in re.findall(r"^((?:MOST|LARGEST|LONGEST|DEEPEST)\w*) = ", file.read_text(), re.MULTILINE):
            module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            yield f"{module}.{name}", getattr(importlib.import_module(module), name)


@pytest.mark.parametrize(("what", "limit", "place"), rows(LIMITS), ids=lambda cell: cell[:40])
def test_the_limits_page_has_the_values_in_the_code(what: str, limit: str, place: str) -> None:
    value = SETTINGS[place] if place in SETTINGS else dict(limits_of_the_core())[place]
    assert str(len(str(value)) - 1 if what.startswith("digits") else value) == limit


def test_the_limits_page_has_every_limit_of_the_core() -> None:
    there = {place for place, _ in limits_of_the_core()}
    text = LIMITS.read_text()
    assert {place for place in there if f"`{place}`" not in text} == NOT_OF_CALLERS


def test_contributing_has_every_verb_of_make_and_no_other() -> None:
    verbs = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    listed = [row[0].removeprefix("make ") for row in rows(ROOT / "CONTRIBUTING.md")]
    assert sorted(listed) == sorted(verbs)
