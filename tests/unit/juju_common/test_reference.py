"""The page of each backend says what its code says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel
from unit.docs.pages import DOCS, rows

from vca_juju_k8s.backend import JujuK8sBackend
from vca_juju_machine.backend import JujuMachineBackend

WORDS = {
    "create_execution_environment": "create",
    "install_configuration_sw": "install",
    "upgrade": "upgrade",
}
"""How pages call operations."""

of_each = pytest.mark.parametrize(
    ("page", "backend"), [("juju-machine.md", JujuMachineBackend), ("juju-k8s.md", JujuK8sBackend)]
)


def defaults(model: type[BaseModel]) -> dict[str, str]:
    names = {"config_of_models": "model_config"}
    return {
        names.get(name, name): "required"
        if field.is_required()
        else json.dumps(field.get_default(call_default_factory=True))
        for name, field in model.model_fields.items()
    }


@of_each
def test_every_option_is_on_the_page_with_its_default(page: str, backend: Any) -> None:
    assert {row[0]: row[2] for row in rows(DOCS / "reference" / page, "## Options")} == defaults(backend.Options)


@of_each
def test_every_option_of_an_operation_is_on_the_page(page: str, backend: Any) -> None:
    listed = rows(DOCS / "reference" / page, "## Options of operations")
    for hook, model in backend.operation_options.items():
        own = {row[1]: row[2] for row in listed if WORDS[hook] in row[0].split(", ")}
        assert own == defaults(model)
