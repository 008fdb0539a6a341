"""From a file or mapping to a `Service`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vca_core.config.checking import check_document, open_document
from vca_core.config.files import Document, check_plain
from vca_core.config.problems import KeyPath, Problem
from vca_core.config.references import References, references_in, refuse_references, resolve
from vca_core.secrets.frames import without_frames
from vca_core.service.inputs import place_of
from vca_core.service.ns_file import Service
from vca_core.written import Texts, Written

NOTHING = References()
"""Nothing may be referred to."""

_KEY_FILE = "private_key_path"
"""The credential of a machine that names a file."""

_WITH_VALUES = ("config", "machine", "options")
_IN = "config, machine, options and with"
"""Where references are replaced."""

_SHOWN = frozenset({"ns", "nsi", "connector", "charm", "vdu", "count", "kdu", "units", "run", "unit", "timeout"})


@without_frames
def read_service(
    source: str | os.PathLike[str] | Mapping[str, Any] | Service, references: References = NOTHING
) -> Service:
    """Read and check an NS file. It reads small files, and blocks for them.

    Values of ``config``, ``machine``, ``options`` and ``with`` may refer to variables and files, as in a config:
    ``password: ${env:ROUTER_PASSWORD}``, ``${file:router.password}``. Who wrote the file may be another than who runs
    it, and would read with the eyes of the latter: so only to what is allowed. The same goes for the file of a
    machine's private key (``private_key_path``), and for files that a charm is given as resources, unless they are
    named from the charm's folder on.

    Args:
        source: path of a YAML or TOML file; or a mapping of the same form; or a `Service`, which is given back.
        references: what values may refer to: the least is nothing, which is the default.

    Raises:
        BadArguments: all that is wrong, one a line, with file, line and column. No value that may be secret is shown.
    """
    if isinstance(source, Service):
        return source
    document = open_document(source, "an NS file", "vnfs", Service)
    check_plain(document)
    problems: list[Problem] = []
    referred = _find_references(document.values)
    document.values = _with_references(document, references, problems)
    service = check_document(document, Service, problems, _may_show, "the NS file")
    service.mark_references(referred)
    return service


def _find_references(values: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Find the places of references, by VNF."""
    vnfs = values.get("vnfs")
    found = {name: vnf for name, vnf in vnfs.items() if isinstance(vnf, dict)} if isinstance(vnfs, dict) else {}
    referred = {name: frozenset(place_of(*path) for path in references_in(vnf)) for name, vnf in found.items()}
    return {name: places for name, places in referred.items() if places}


def _with_references(document: Document, references: References, problems: list[Problem]) -> dict[str, Any]:
    vnfs = document.values.get("vnfs")
    problems += refuse_references(
        {key: value for key, value in document.values.items() if key != "vnfs" or not isinstance(value, dict)}, _IN
    )
    if not isinstance(vnfs, dict):
        return document.values
    made = {}
    texts: dict[KeyPath, Texts] = {}  # by the value that is resolved as a whole: a file may have thousands
    for place, written in document.texts.items():
        depth = 5 if place[2:3] == ("day1",) else 3
        texts.setdefault(place[:depth], {})[place[depth:]] = written

    def resolved(value: Any, place: KeyPath) -> Any:
        """A value with what it refers to, and what was written for what is in it."""
        found = resolve(value, place, document.folder, references, problems)
        return Written(found, texts.get(place, {})) if isinstance(found, dict) else found

    for name, vnf in vnfs.items():
        made[name] = vnf
        problems += refuse_references({name: _without_values(vnf)}, _IN, ("vnfs",))
        if not isinstance(vnf, dict):
            continue
        made[name] = dict(vnf)
        for key in _WITH_VALUES:
            if key in vnf:
                made[name][key] = resolved(vnf[key], ("vnfs", name, key))
        _place_key(made[name].get("machine"), ("vnfs", name, "machine"), document.folder, references, problems)
        _check_resources(made[name], name, references, problems)
        if isinstance(vnf.get("day1"), list):
            made[name]["day1"] = [
                {**one, "with": resolved(one["with"], ("vnfs", name, "day1", number, "with"))}
                if isinstance(one, dict) and "with" in one
                else one
                for number, one in enumerate(vnf["day1"])
            ]
    return {**document.values, "vnfs": made}


def _without_values(vnf: Any) -> Any:
    """What stands in a VNF where no reference is replaced."""
    if not isinstance(vnf, dict):
        return vnf
    others = {key: value for key, value in vnf.items() if key not in _WITH_VALUES}
    if isinstance(day1 := others.get("day1"), list):
        others["day1"] = [{**one, "with": None} if isinstance(one, dict) else one for one in day1]
    return others


def _place_key(machine: Any, place: KeyPath, folder: Path, references: References, problems: list[Problem]) -> None:
    """Let the file of a private key start from the NS file's folder, and refuse one that values could not refer to."""
    name = machine.get(_KEY_FILE) if isinstance(machine, dict) else None
    if not isinstance(name, str) or not name.strip():
        return
    try:
        file = folder / Path(name).expanduser()
    except RuntimeError:  # the backend says so
        return
    if references.can_reach(file):
        machine[_KEY_FILE] = str(file)
        return
    reason = f"refers to the file {file}, which this file may not see; allow its folder with `--allow-files DIR`"
    problems.append(Problem((*place, _KEY_FILE), reason))


def _check_resources(vnf: Mapping[str, Any], name: str, references: References, problems: list[Problem]) -> None:
    """Refuse resources that are files from elsewhere: they would be uploaded to the system behind the backend."""
    for operation in ("install", "upgrade"):
        _check_resources_at(vnf, ("options", operation, "resources"), name, references, problems)


def _check_resources_at(
    vnf: Mapping[str, Any], place: KeyPath, name: str, references: References, problems: list[Problem]
) -> None:
    given: Any = vnf
    for key in place:
        given = given.get(key) if isinstance(given, Mapping) else None
    for resource, path in given.items() if isinstance(given, Mapping) else ():
        if not isinstance(path, str):
            continue
        if path.startswith("~") or ".." in Path(path).parts:
            reason = "expected a path from the charm's folder on, or an absolute one, without `..` and `~`"
        elif Path(path).is_absolute() and not references.can_reach(Path(path)):
            allowing = "allow its folder with `--allow-files DIR`"
            reason = f"refers to the file {path}, which this file may not see; {allowing}"
        else:
            continue
        problems.append(Problem(("vnfs", name, *place, resource), reason))


def _may_show(path: KeyPath) -> bool:
    return bool(path) and path[-1] in _SHOWN and not {"config", "machine", "options", "with"} & set(path)
