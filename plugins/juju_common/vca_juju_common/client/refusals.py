"""What is refused of a cloud or a namespace, in one wording."""

from __future__ import annotations

from vca_core.errors import BadArguments


def wrong_cloud(name: str, *, is_kubernetes: bool) -> BadArguments:
    """A cloud has no models of the kind that a connector works with.

    Args:
        name: of the cloud, in words.
        is_kubernetes: whether it is one of Kubernetes, else of machines.
    """
    there, wanted = ("Kubernetes", "machines") if is_kubernetes else ("machines", "Kubernetes")
    return BadArguments(
        f"options.cloud: {name} is one of {there}; name one of {wanted} (juju clouds lists them)", ["options.cloud"]
    )
