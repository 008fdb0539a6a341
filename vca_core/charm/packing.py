"""Whether a charm can be installed as it is, and what has to be made for that: as little as packing would do.

A charm of the newer layout keeps everything in ``charmcraft.yaml``, which Juju does not read. What it reads is made
from there, with a program that starts the charm: it makes a virtual environment on the machine for what
``requirements.txt`` names. Charms that are more than Python sources have to be packed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vca_core.charm.documents import JUJU_FILES, Documents
from vca_core.charm.model import Base
from vca_core.charm.source import Found

EXECUTABLE, PLAIN = 0o755, 0o644

_PLUGINS = frozenset({"charm", "dump"})

_USUAL: Mapping[str, Any] = {
    "source": ".",
    "charm-entrypoint": "src/charm.py",
    "charm-requirements": ["requirements.txt"],
}
"""What they do by default."""

_DISPATCH = """\
#!/bin/sh
# Starts the charm. It was installed from its sources: what it needs is installed here, once for each requirements.txt.
set -e
cd "$(dirname "$0")"
python=python3
if [ -s requirements.txt ]; then
    python=.venv/bin/python
    if ! cmp -s requirements.txt .venv/requirements.txt; then
        python3 -c 'import ensurepip, venv' 2>/dev/null || { apt-get update && apt-get install -y python3-venv; }
        python3 -m venv --clear .venv
        .venv/bin/pip install --quiet --requirement requirements.txt
        cp requirements.txt .venv/requirements.txt
    fi
fi
export PYTHONPATH="lib:src${PYTHONPATH:+:$PYTHONPATH}"
exec "$python" src/charm.py
"""


def obstacles(found: Found, documents: Documents, *, says_bases: bool) -> Iterator[str]:
    """Say why a charm cannot be installed as it is: what Juju or its client refuse of every charm.

    Args:
        found: its files.
        documents: what they say.
        says_bases: whether it says what it runs on.
    """
    if found.is_packed and "metadata.yaml" not in documents.files:
        yield "it has no metadata.yaml, which is what Juju reads"
    for key in ("summary", "description"):
        if key not in documents.uploaded_metadata:
            yield f"its metadata has no {key}"
    if not says_bases:
        yield "it does not say what it runs on: no bases, no series"
    for name in sorted(found.ignored & set(JUJU_FILES)):
        yield f".jujuignore leaves its {name} out"
    if is_without_dispatch(found, documents):
        if not found.has_sources:
            yield "it has no src/charm.py"
    elif not found.has_program:
        yield "it has neither hooks nor a dispatch file, so it could not run"
    yield from _packing_steps(found, documents)


def is_without_dispatch(found: Found, documents: Documents) -> bool:
    """Whether it is a source that `files_to_make` gives a program: all of it, or its parts, are in charmcraft.yaml."""
    if found.is_packed or found.has_program:
        return False
    return "metadata.yaml" not in documents.files or documents.source_field("parts") is not None


def files_to_make(found: Found, documents: Documents, bases: tuple[Base, ...]) -> dict[str, tuple[int, bytes]]:
    """Make the files of a folder that Juju needs beside, or instead of, those that are there.

    Args:
        found: its files.
        documents: what they say.
        bases: what the charm runs on.

    Returns:
        Mode and content by name.
    """
    words = None
    if bases and documents.source is not None and ("platforms" in _keys(documents) or "bases" in _keys(documents)):
        words = [_base(base) for base in bases]
    made = {name: (PLAIN, _as_yaml(content)) for name, content in documents.missing_files(words).items()}
    if is_without_dispatch(found, documents):
        made["dispatch"] = (EXECUTABLE, _DISPATCH.encode())
    return made


def _keys(documents: Documents) -> set[str]:
    return set() if documents.source is None else set(documents.source.mapping())


def _packing_steps(found: Found, documents: Documents) -> Iterator[str]:
    """What only charmcraft adds to a source."""
    if documents.source is None or "manifest.yaml" in documents.files:
        return  # it was packed already
    is_source = "metadata.yaml" not in documents.files or is_without_dispatch(found, documents)
    if is_source and (parts := documents.source_field("parts")) is not None:
        yield from (f"its part {name} is built" for name in _parts_to_build(parts.value))
    for key in ("extensions", "charm-libs"):
        field = documents.source_field(key)
        if field is not None and field.value:
            yield f"it uses {key}"


def _parts_to_build(parts: Any) -> Iterator[str]:
    """The parts that are more than Python sources, or malformed."""
    for name, part in parts.items() if isinstance(parts, Mapping) else ():
        settings = dict(part) if isinstance(part, Mapping) else {"": part} if part else {}
        if settings.pop("plugin", name) not in _PLUGINS or any(_USUAL.get(key) != settings[key] for key in settings):
            yield name


def _base(base: Base) -> dict[str, Any]:
    fields: dict[str, Any] = {"name": base.name, "channel": base.channel}
    # Without architectures it runs on whatever there is; Juju knows no word for that.
    architectures = [one for one in base.architectures if one != "all"]
    return fields | {"architectures": architectures} if architectures else fields


def _as_yaml(content: Any) -> bytes:
    """Write YAML with all texts in quotes: no reader makes a number or a date of them."""
    import yaml  # for those who have sources

    class Quoting(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - what is there twice is written twice
            return True

    def quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')

    Quoting.add_representer(str, quoted)
    Quoting.add_multi_representer(str, quoted)  # of keys that do not look like text
    text: str = yaml.dump(content, Dumper=Quoting, sort_keys=True, allow_unicode=True, width=2**31)
    return text.encode()
