"""What charms assume of Juju."""

from __future__ import annotations

import re
from typing import Any

import pytest

from vca_core.charm import Charm
from vca_core.charm.assumptions import check_assumptions, unmet, unmet_by_all
from vca_core.errors import BadArguments


@pytest.mark.parametrize(
    ("assumes", "missing"),
    [
        (["juju"], []),
        (["juju >= 3.1", "juju < 4"], []),
        (["juju >= 3.6.5"], ["juju >= 3.6.5"]),
        (["juju>=3.6.4.1"], ["juju>=3.6.4.1"]),
        (["juju >= 3.6-beta2", "juju >= 3"], []),
        (["juju < 3"], ["juju < 3"]),
        (["unicorns"], ["unicorns"]),
        (["k8s-api >= 1.25"], ["k8s-api >= 1.25"]),
        ([{"any-of": ["juju >= 4", "juju >= 3.4"]}], []),
        ([{"any-of": ["juju >= 4", "k8s-api"]}], ["any-of: juju >= 4, k8s-api"]),
        ([{"any-of": []}, {"all-of": []}], []),
        ([{"all-of": ["juju >= 3", {"any-of": ["unicorns", "juju < 4"]}]}], []),
        ([{"all-of": ["juju >= 3", {"any-of": ["unicorns"]}]}], ["all-of: juju >= 3, any-of: unicorns"]),
    ],
)
def test_what_a_charm_assumes_is_held_to_juju(assumes: list[Any], missing: list[str]) -> None:
    assert unmet(assumes, "3.6.4", on_kubernetes=False) == missing


@pytest.mark.parametrize("assumes", [["k8s-api"], ["juju >= 3.1", "k8s-api >= 1.25"]])
def test_kubernetes_has_its_own_feature(assumes: list[Any]) -> None:
    assert unmet(assumes, "3.6.4", on_kubernetes=True) == []


@pytest.mark.parametrize(
    ("assumes", "missing"),
    [
        (["k8s-api"], []),
        (["k8s-api >= 1.25", "k8s-api < 1.31"], []),
        (["k8s-api>=1.30.4"], []),
        (["k8s-api >= 1.31"], ["k8s-api >= 1.31"]),
        ([{"any-of": ["k8s-api < 1.30", "juju < 3"]}], ["any-of: k8s-api < 1.30, juju < 3"]),
    ],
)
def test_the_version_of_kubernetes_counts_where_it_is_known(assumes: list[Any], missing: list[str]) -> None:
    assert unmet(assumes, "3.6.4", on_kubernetes=True, kubernetes="1.30.4") == missing


@pytest.mark.parametrize(
    ("assumes", "missing"),
    [
        (["juju >= 3.1", "juju < 4"], []),
        (["juju >= 3.6.17"], []),
        (["juju < 3.6.1"], []),
        ([{"all-of": ["juju >= 3.6.5", "juju < 3.6.7"]}], []),
        (["juju >= 4", "juju < 3", "unicorns"], ["juju >= 4", "juju < 3", "unicorns"]),
        (["juju >= 3.6.7", "juju < 3.6.5"], ["juju >= 3.6.7"]),
        ([{"any-of": ["unicorns", "juju >= 3.6.9"]}], []),
        ([{"any-of": ["unicorns", "juju >= 4"]}], ["any-of: unicorns, juju >= 4"]),
    ],
)
def test_what_no_release_has_is_known_beforehand(assumes: list[Any], missing: list[str]) -> None:
    assert unmet_by_all(Charm("web", assumes=tuple(assumes))) == missing


def test_force_is_for_features_and_not_for_the_oldest_juju() -> None:
    check_assumptions(Charm("web", assumes=("unicorns",)), "3.6.4", on_kubernetes=False, force=True)
    with pytest.raises(BadArguments, match=re.escape("assumes unicorns, which Juju 3.6.4 does not have on machines")):
        check_assumptions(Charm("web", assumes=("unicorns",)), "3.6.4", on_kubernetes=False)
    check_assumptions(Charm("web", min_juju_version="3.6.1"), "3.6-rc1", on_kubernetes=False)
    with pytest.raises(BadArguments, match=re.escape("needs Juju 4.0.0 (min-juju-version), and this is 3.6.4")):
        check_assumptions(Charm("web", min_juju_version="4.0.0"), "3.6.4", on_kubernetes=False, force=True)
