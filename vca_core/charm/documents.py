"""The documents of a charm as Juju will have them, in whichever files they are written.

Juju reads ``metadata.yaml``, ``config.yaml``, ``actions.yaml`` and ``manifest.yaml``. In a folder, ``charmcraft.yaml``
may hold what is missing there: charmcraft writes it into those files when it packs. So what is read of a folder, what
is checked and what is uploaded are one thing: all of it is taken from here. In a ``.charm`` file only Juju's files
count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vca_core.charm.fields import Field

JUJU_FILES = ("metadata.yaml", "config.yaml", "actions.yaml", "manifest.yaml")
"""What Juju reads of a charm."""

CHARMCRAFT = "charmcraft.yaml"
"""What charmcraft makes of it, too."""

_CARRIED = (
    *("name", "summary", "description", "assumes", "charm-user", "containers", "devices", "extra-bindings", "peers"),
    *("provides", "requires", "resources", "storage", "subordinate", "terms"),
)
"""The keys that charmcraft carries into ``metadata.yaml`` as they are."""

_LINKS = {"documentation": "docs", "issues": "issues", "source": "source", "website": "website"}


class Documents:
    """The documents of a charm.

    Args:
        files: what is read of it, by name.
        is_packed: whether it is a ``.charm`` file.

    Attributes:
        metadata: what stands in ``metadata.yaml``, by key.
        config: what stands in ``config.yaml``; None: nothing.
        actions: what stands in ``actions.yaml``; None: nothing.
        source: what charmcraft adds to it; None: nothing does.
    """

    def __init__(self, files: Mapping[str, Field], *, is_packed: bool) -> None:
        self.files = files
        charmcraft = files.get(CHARMCRAFT)
        self.source = None if is_packed and "metadata.yaml" in files else charmcraft
        self._carried = dict(self._carry())
        self.metadata = {**self._carried, **self._own("metadata.yaml")}
        self.config = self._whole("config.yaml", "config")
        self.actions = self._whole("actions.yaml", "actions")

    @property
    def bases(self) -> Field | None:
        """What ``manifest.yaml`` says that the charm runs on."""
        return self._own("manifest.yaml").get("bases")

    @property
    def has_bases(self) -> bool:
        """Whether ``manifest.yaml`` says what the charm runs on, as it is or when it is made."""
        if self.bases is not None:
            return bool(self.bases.value)
        return any(self.source_field(key) is not None for key in ("platforms", "bases"))

    @property
    def is_without_bases(self) -> bool:
        """Whether ``manifest.yaml`` says something, and nothing of what the charm runs on: then series do not count."""
        manifest = self.files.get("manifest.yaml")
        return manifest is not None and manifest.value is not None and not self.has_bases

    @property
    def uploaded_metadata(self) -> dict[str, Field]:
        """What will stand in ``metadata.yaml`` when the charm is uploaded, keys without a value included."""
        return self.metadata if self._has_to_be_made() else self.files["metadata.yaml"].mapping(empty=True)

    def source_field(self, key: str) -> Field | None:
        """What stands under a key of ``charmcraft.yaml``, where that counts."""
        return None if self.source is None else self.source.get(key)

    def missing_files(self, bases: list[dict[str, Any]] | None) -> dict[str, Any]:
        """The contents of the files that Juju reads and that are not there like that.

        Args:
            bases: what the charm runs on, in the words of ``manifest.yaml``.
        """
        made: dict[str, Any] = {}
        if self._has_to_be_made():
            made["metadata.yaml"] = {key: field.value for key, field in self.metadata.items()}
        for name, whole in (("config.yaml", self.config), ("actions.yaml", self.actions)):
            if whole is not None and whole.file != name:
                made[name] = whole.value
        if bases is not None and self.bases is None:
            manifest = {key: field.value for key, field in self._own("manifest.yaml").items()}
            made["manifest.yaml"] = {**manifest, "bases": bases}
        return made

    def _has_to_be_made(self) -> bool:
        """Whether ``metadata.yaml`` lacks something that charmcraft carries there, or is not there."""
        return "metadata.yaml" not in self.files or bool(self._carried.keys() - self._own("metadata.yaml").keys())

    def _own(self, name: str) -> dict[str, Field]:
        return self.files[name].mapping() if name in self.files else {}

    def _whole(self, name: str, key: str) -> Field | None:
        own = self.files.get(name)
        return own if own is not None and own.value is not None else self.source_field(key)

    def _carry(self) -> Iterator[tuple[str, Field]]:
        for key in _CARRIED:
            if (field := self.source_field(key)) is not None:
                yield key, field
        if (title := self.source_field("title")) is not None:
            yield "display-name", title
        links = self.source_field("links")
        if links is None:
            return
        for key, name in _LINKS.items():
            if (link := links.get(key)) is not None:
                yield name, link
        if (contact := links.get("contact")) is not None:
            several = [contact.value] if isinstance(contact.value, str) else contact.value
            yield "maintainers", Field(contact.file, several, contact.path)
