"""Where files are on the hosts that are registered."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Places:
    """Where files are on a host.

    Args:
        script: the program that makes and removes the rules of an ``api_proxy``.
        units: systemd's folder of units of the administrator; Juju's agents have theirs there too.
        sudo: the folder of files that say who may use sudo.
        juju: the folder of Juju's agents.
    """

    script: str = "/etc/vca/api-proxy"
    units: str = "/etc/systemd/system"
    sudo: str = "/etc/sudoers.d"
    juju: str = "/var/lib/juju"

    @property
    def unit(self) -> str:
        """The unit that runs the program at each boot."""
        return f"{self.units}/{UNIT_NAME}"

    def sudoers(self, user: str) -> str:
        """The file that lets a user use sudo without a password."""
        return f"{self.sudo}/90-vca-{user}"


UNIT_NAME = "vca-api-proxy.service"

USUAL = Places()
"""Where they are on every host, but for those of tests."""
