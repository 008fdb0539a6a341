"""What becomes of an application when its options are set, or its charm is installed again or replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vca_core import refusals
from vca_core.charm import Charm, coerce
from vca_core.charm.coerce import keep_fitting
from vca_fake.checks import charm_in
from vca_fake.world import Application


def merge_options(application: Application, values: Mapping[str, Any]) -> dict[str, Any]:
    """Say which options have values once others were given; None takes one away.

    Args:
        application: whose charm has them.
        values: what is given, by name, as the caller gave it.

    Raises:
        NotFound: no charm is installed.
        BadArguments: there is no such option, or a value does not fit.
    """
    options = charm_in(application).options
    given = coerce(options, values)
    after = application.config | given
    return {name: value for name, value in after.items() if value is not None}


def set_options(application: Application, values: Mapping[str, Any], now: float) -> None:
    """Set options; a proxy charm that now knows how to reach its VNF goes on.

    Args:
        application: whose charm has them.
        values: what is given, by name; None resets an option to the charm's default.
        now: what time it is.

    Raises:
        NotFound: no charm is installed.
        BadArguments: there is no such option, or a value does not fit.
    """
    application.config = merge_options(application, values)
    for unit in application.units:
        state = application.state(unit)
        if state is not None and state.native == "blocked":
            application.put(unit, "maintenance", "configuring ssh", now)


def install_again(
    application: Application,
    charm: Charm,
    digest: str | None,
    config: Mapping[str, Any],
    resources: Mapping[str, str],
    num_units: int,
    now: float,
) -> None:
    """Set the given options, hand over resources that are missing, and add units up to a number; none is removed.

    Args:
        application: where the charm is installed already.
        charm: what is to be installed.
        digest: of its files.
        config: options, as the caller gave them.
        resources: marks of the contents of those that are given, by name.
        num_units: how many units there are to be; 1 asks for nothing.
        now: what time it is.

    Raises:
        AlreadyExists: another charm is installed.
        BadArguments: it is another version of the charm, there are more units, an option does not fit, or a resource
            is there with another content.
    """
    installed = charm_in(application)
    if installed.name != charm.name:
        raise refusals.another_charm(installed.name, charm.name, application.ee_id)
    if digest != application.digest:
        raise refusals.another_version(charm.name)
    there = len(application.units)
    if 1 < num_units < there:
        raise refusals.fewer_units(num_units, there)
    merge_options(application, config)  # what does not fit is refused before anything is done
    for name, mark in resources.items():
        if application.resources.get(name, mark) != mark:
            raise refusals.another_resource(name)
    application.resources.update(resources)
    set_options(application, config, now)
    application.add_units(num_units - there, now)


def require_version(application: Application, charm: Charm) -> None:
    """Check that what is installed is another version of a charm.

    Raises:
        NotFound: no charm is installed.
        BadArguments: the one that is installed has another name.
    """
    installed = charm_in(application)
    if installed.name != charm.name:
        raise refusals.not_a_version(installed.name, charm.name)


def replace_charm(
    application: Application,
    charm: Charm,
    digest: str | None,
    config: Mapping[str, Any],
    resources: Mapping[str, str],
    now: float,
) -> None:
    """Replace the charm by another version of it. Options keep their values where these still fit.

    Args:
        application: where it is installed.
        charm: the new version.
        digest: of its files.
        config: further options, as the caller gave them.
        resources: marks of the contents of those that it gets, by name; others that it declares stay.
        now: what time it is.

    Raises:
        BadArguments: there is no such option, or a value does not fit.
    """
    given = coerce(charm.options, config)
    application.config = keep_fitting(charm.options, application.config)
    application.configure(given)
    held = {name: mark for name, mark in application.resources.items() if name in charm.resources}
    application.resources = {**held, **resources}
    application.charm, application.digest = charm, digest
    application.revision += 1
    for unit in application.units:
        if not application.has_failed(unit):  # its hook is still to be run, that of this version
            application.put(unit, "maintenance", "upgrading charm", now)
