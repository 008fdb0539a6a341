"""The page of the backend says what its code says."""

from __future__ import annotations

import json

from pydantic import BaseModel
from unit.docs.pages import DOCS, rows

from vca_juju_k8s.backend import JujuK8sBackend
from vca_juju_k8s.options import JujuK8sOptions

PAGE = DOCS / "reference" / "juju-k8s.md"


def defaults(model: type[BaseModel]) -> dict[str, str]:
    names = {"config_of_models": "model_config"}
    return {
        names.get(name, name): "required"
        if field.is_required()
        else json.dumps(field.get_default(call_default_factory=True))
        for name, field in model.model_fields.items()
    }


def test_every_option_is_told_with_its_default() -> None:
    assert {row[0]: row[2] for row in rows(PAGE, "## Options")} == defaults(JujuK8sOptions)


def test_every_option_of_an_operation_is_told_with_its_default() -> None:
    told = rows(PAGE, "## Options of operations")
    hooks = {"install": "install_configuration_sw", "upgrade": "upgrade"}
    for word, hook in hooks.items():
        own = {row[1]: row[2] for row in told if word in row[0].split(", ")}
        assert own == defaults(JujuK8sBackend.operation_options[hook])
