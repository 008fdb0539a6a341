from __future__ import annotations

import pytest

from vca_core.charm import Base, Charm
from vca_core.charm.places import place_for
from vca_core.errors import BadArguments
from vca_juju_common.client.things import Machine, Word
from vca_juju_common.facts import charm_name
from vca_juju_machine.bases import check_fits, check_kind

NOBLE = Base("ubuntu", "24.04")


def charm(*bases: Base, subordinate: bool = False, assumes: tuple[object, ...] = ()) -> Charm:
    return Charm(name="x", bases=bases, subordinate=subordinate, assumes=assumes)


def machine(base: str, arch: str = "amd64") -> Machine:
    return Machine("0", Word("started"), Word("running"), "alive", "i-0", "h", (), base, arch)


@pytest.mark.defect("D50")
@pytest.mark.parametrize(
    ("bases", "chosen"),
    [
        ([], None),
        ([Base("ubuntu", "20.04"), Base("ubuntu", "24.04/stable"), Base("ubuntu", "22.04")], "ubuntu@24.04"),
        ([Base("centos", "7"), Base("ubuntu", "22.04")], "ubuntu@22.04"),
        ([Base("centos", "7")], "centos@7"),
    ],
)
def test_the_newest_base_that_both_support_is_chosen(bases: list[Base], chosen: str | None) -> None:
    assert place_for(charm(*bases)).base == chosen


@pytest.mark.parametrize(
    ("bases", "base", "arch", "chosen"),
    [
        (
            [Base("ubuntu", "24.04", ("arm64",)), Base("ubuntu", "22.04", ("amd64",))],
            None,
            None,
            ("ubuntu@22.04", None),
        ),
        ([Base("ubuntu", "24.04", ("arm64",)), Base("ubuntu", "22.04")], None, "arm64", ("ubuntu@24.04", None)),
        ([Base("ubuntu", "24.04", ("arm64", "s390x"))], None, None, ("ubuntu@24.04", "arm64")),
        ([Base("ubuntu", "24.04", ("all",))], None, "s390x", ("ubuntu@24.04", None)),
        (
            [Base("ubuntu", "22.04"), Base("ubuntu", "20.04", ("arm64",))],
            "ubuntu@20.04",
            None,
            ("ubuntu@20.04", "arm64"),
        ),
        ([Base("ubuntu", "18.04")], "ubuntu@20.04", None, ("ubuntu@20.04", None)),
    ],
)
def test_base_and_architecture_are_chosen_together(
    bases: list[Base], base: str | None, arch: str | None, chosen: tuple[str | None, str | None]
) -> None:
    assert place_for(charm(*bases), base, arch) == chosen


def test_what_no_machine_can_run_is_refused_with_a_way_out() -> None:
    with pytest.raises(BadArguments, match=r"supports ubuntu@16.04, ubuntu@18.04, .*option base, .*option force"):
        place_for(charm(Base("ubuntu", "18.04"), Base("ubuntu", "16.04")))
    with pytest.raises(BadArguments, match=r"arch is arm64, and charm x supports ubuntu@22.04 on amd64") as caught:
        place_for(charm(Base("ubuntu", "22.04", ("amd64",))), arch="arm64")
    assert caught.value.bad_args == ["options.constraints"]
    with pytest.raises(BadArguments, match=r"arch is amd64, and charm x supports ubuntu@22.04 on arm64, s390x"):
        place_for(charm(Base("ubuntu", "22.04", ("arm64", "s390x"))), base="ubuntu@22.04", arch="amd64")


@pytest.mark.parametrize("base", [Base("ubuntu", "25.10"), Base("ubuntu", "23.04"), Base("centos", "8")])
def test_a_base_that_no_controller_makes_is_not_asked_for(base: Base) -> None:
    with pytest.raises(BadArguments, match=f"supports {base}, and Juju makes machines of"):
        place_for(charm(base))
    assert place_for(charm(base, Base("ubuntu", "26.04"))).base == "ubuntu@26.04"


def test_a_charm_has_to_fit_base_and_architecture() -> None:
    jammy = charm(Base("ubuntu", "22.04", ("amd64",)))
    check_fits(jammy, machine("ubuntu@22.04"))
    check_fits(charm(), machine("ubuntu@18.04"))
    check_fits(charm(Base("ubuntu", "22.04", ("all",))), machine("ubuntu@22.04", "arm64"))
    with pytest.raises(BadArguments, match="machine 0 has ubuntu@20.04"):
        check_fits(jammy, machine("ubuntu@20.04"))
    with pytest.raises(BadArguments, match="machine 0 is arm64"):
        check_fits(jammy, machine("ubuntu@22.04", "arm64"))


def test_subordinates_and_charms_for_kubernetes_are_refused() -> None:
    with pytest.raises(BadArguments, match="subordinate"):
        check_kind(charm(subordinate=True))
    with pytest.raises(BadArguments, match="Kubernetes"):
        check_kind(charm(assumes=("k8s-api",)))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("local:jammy/simple-router-3", "simple-router"),
        ("local:simple-0", "simple"),
        ("ch:amd64/jammy/router-12", "router"),
        ("ch:router", "router"),
    ],
)
def test_the_name_is_found_in_a_charms_url(url: str, name: str) -> None:
    assert charm_name(url) == name
