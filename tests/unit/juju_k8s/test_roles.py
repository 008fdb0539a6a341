"""The roles of accounts in a cluster, and the page that shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from vca_juju_k8s.cluster.kubeconfig import ClusterOptions
from vca_juju_k8s.cluster.roles import EVERYTHING, READING, UNTRUSTED

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "juju-k8s-roles.md"


@pytest.mark.parametrize(("place", "rules"), list(enumerate([EVERYTHING, UNTRUSTED, READING])))
def test_the_page_shows_the_roles_that_accounts_get(place: int, rules: list[dict[str, Any]]) -> None:
    block = PAGE.read_text("utf-8").split("```yaml\n")[1:][place].split("```")[0]
    assert yaml.safe_load(block)["rules"] == rules
    told = block.partition("rules:\n")[2].splitlines()
    before = [told[number - 1] for number, line in enumerate(told) if line.startswith("  - ")]
    assert all(line.startswith("  # ") for line in before), "each rule says why"


def test_what_reads_has_no_verb_that_changes() -> None:
    assert {verb for rule in READING for verb in rule["verbs"]} == {"get", "list", "watch"}


@pytest.mark.parametrize(("given", "seconds"), [("24h", 86400), ("10m", 600), (3600, 3600), ("7d", 604800)])
def test_the_life_of_tokens_is_seconds_or_a_text(given: Any, seconds: float) -> None:
    options = {"name": "edge", "kubeconfig": "in-cluster", "token_life": given}
    assert ClusterOptions.model_validate(options).token_life == seconds


@pytest.mark.parametrize("given", ["5m", "24", "1w", True, 1e12, float("nan"), [600]])
def test_other_lives_of_tokens_are_refused(given: Any) -> None:
    with pytest.raises(ValidationError, match="token_life"):
        ClusterOptions.model_validate({"name": "edge", "kubeconfig": "in-cluster", "token_life": given})


@pytest.mark.parametrize("option", [{"token_life": "24h"}, {"untrusted": True}])
def test_options_of_accounts_need_a_cluster_with_a_name(option: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="expected a name beside it"):
        ClusterOptions.model_validate({"kubeconfig": "in-cluster", **option})
