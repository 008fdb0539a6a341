"""Images of containers: how they are named, and the document by which a controller learns of one."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from vca_core.backend import Options
from vca_core.charm.images import check_reference

Reference = Annotated[str, AfterValidator(check_reference)]
"""The reference of an image."""


class Image(Options):
    """An image, and how to log in to its registry."""

    image: Reference
    """Its reference."""
    username: Annotated[str, Field(min_length=1)] | None = None
    """Who may have it; None: everyone."""
    password: SecretStr | None = None
    """Of the user."""


def document_of(image: Image) -> bytes:
    """Write the document that a controller is sent for an image; the password is in it.

    It is YAML in block style: what could be JSON is read by other keys.
    """
    import yaml  # takes a moment, and is for those who install charms on Kubernetes

    entry = {"registrypath": image.image}
    if image.username is not None:
        entry["username"] = image.username
    if image.password is not None:
        entry["password"] = image.password.get_secret_value()
    text: str = yaml.safe_dump(entry, default_flow_style=False, default_style='"', width=2**31, sort_keys=False)
    return text.encode()
