"""What a measurement is told: where the controller is, and what to live with."""

from __future__ import annotations

from dataclasses import dataclass

CHARM = "proxy"
"""The charm of all lives, in the folder `Place.charms`."""

SIDECAR = "pods/proxy"
"""The same for Kubernetes."""

CLOUD = "k8s"
"""The controller's cloud of Kubernetes."""

IMAGE = "registry.example.com/dns:1"
"""What runs there."""

SSH = {"ssh-hostname": "10.9.9.9", "ssh-username": "osm", "ssh-password": "not-a-secret"}
"""What a proxy charm has to be told."""


@dataclass(frozen=True, slots=True)
class Place:
    """A controller, and charms.

    Args:
        endpoint: ``host:port``.
        username: a user of it.
        password: of the user.
        ca: certificate of its authority, in PEM.
        charms: the folder that holds charms.
    """

    endpoint: str
    username: str
    password: str
    ca: str
    charms: str
