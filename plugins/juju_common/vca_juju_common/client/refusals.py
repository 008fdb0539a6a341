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


def left_of_model(name: str, uuid: str, reason: Exception | None = None) -> BadArguments:
    """A namespace of Kubernetes is taken by what is left of a model.

    Args:
        name: of the namespace.
        uuid: the model's; the controller has no such model, of any user.
        reason: what the controller said; None: it was not asked.
    """
    return BadArguments(
        f"namespace: {name} is taken in the Kubernetes cluster, by what is left of model {uuid}, which this controller "
        "does not have: it was interrupted while it made or removed it; choose another ns_id, or "
        f"{remove_by_hand(name)}{f' ({reason})' if reason else ''}",
        ["namespace"],
    )


def remove_by_hand(name: str) -> str:
    """How an operator removes a namespace, which nothing of ours does.

    Args:
        name: its name.
    """
    return f"run 'kubectl delete namespace {name}' if nothing in it is needed"
