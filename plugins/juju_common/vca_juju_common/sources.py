"""Charms that are sources: what `charmcraft pack` would write beside them, where that can be told without it.

A charm of the newer layout keeps everything in ``charmcraft.yaml``, which Juju does not read. What it reads is rendered
from there, with a program that starts the charm: it makes a virtual environment on the machine for what
``requirements.txt`` names. Charms that are more than Python sources have to be packed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vca_core.charm import read_charm
from vca_core.errors import BadArguments

EXECUTABLE, PLAIN = 0o755, 0o644

_METADATA = (
    "name",
    "summary",
    "description",
    "assumes",
    "containers",
    "devices",
    "extra-bindings",
    "peers",
    "provides",
    "requires",
    "resources",
    "storage",
    "subordinate",
    "terms",
)

_PLUGINS = frozenset({"charm", "dump"})

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


def is_source(folder: Path) -> bool:
    """Whether a folder holds a charm that Juju could not read as it is."""
    return folder.is_dir() and not (folder / "metadata.yaml").is_file()


def render_beside(folder: Path) -> dict[str, tuple[int, bytes]]:
    """What is to stand beside the sources of a charm.

    Args:
        folder: of the sources.

    Returns:
        Mode and content by name.

    Raises:
        BadArguments: the charm has to be packed first.
    """
    from vca_core.yaml_reader import parse  # PyYAML is for those who have sources

    document = parse("charmcraft.yaml", (folder / "charmcraft.yaml").read_bytes())
    _check(folder, document)
    charm = read_charm(folder)
    bases = [
        {"name": base.name, "channel": base.channel, "architectures": list(base.architectures) or ["all"]}
        for base in charm.bases
    ]
    metadata = {key: document[key] for key in _METADATA if key in document}
    if "title" in document:
        metadata["display-name"] = document["title"]
    files: dict[str, Any] = {
        "metadata.yaml": metadata,
        "manifest.yaml": {"bases": bases},
        "config.yaml": document.get("config"),
        "actions.yaml": document.get("actions"),
    }
    made = {
        name: (PLAIN, _as_yaml(content)) for name, content in files.items() if content and not (folder / name).exists()
    }
    if not (folder / "dispatch").exists():
        made["dispatch"] = (EXECUTABLE, _DISPATCH.encode())
    return made


def _as_yaml(content: Any) -> bytes:
    """Write YAML that Juju reads as the same data; PyYAML leaves bare what it does not take for a number itself."""
    import yaml

    class Quoting(yaml.SafeDumper):
        pass

    numbers = re.compile(r"[-+]?(?:[0-9][0-9_]*[eE][-+]?[0-9]+|0o[0-7_]+)\Z")
    Quoting.add_implicit_resolver("tag:yaml.org,2002:float", numbers, list("-+0123456789"))
    text: str = yaml.dump(content, Dumper=Quoting, sort_keys=True, allow_unicode=True)
    return text.encode()


def _check(folder: Path, document: Any) -> None:
    if not isinstance(document, Mapping):
        raise _pack_first(folder, "its charmcraft.yaml is not a mapping")
    if not (folder / "dispatch").is_file() and not (folder / "src" / "charm.py").is_file():
        raise _pack_first(folder, "it has no src/charm.py")
    for name, part in (document.get("parts") or {}).items():
        settings = dict(part or {})
        plugin = settings.pop("plugin", name)
        if plugin not in _PLUGINS or settings:
            raise _pack_first(folder, f"its part {name} is built")
    for key in ("extensions", "charm-libs"):
        if document.get(key):
            raise _pack_first(folder, f"it uses {key}")


def _pack_first(folder: Path, reason: str) -> BadArguments:
    return BadArguments(
        f"artifact_path: {folder.name} holds the sources of a charm, and {reason}: pack it first (charmcraft pack) and "
        "name the .charm file",
        ["artifact_path"],
    )
