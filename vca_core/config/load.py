"""From a file or mapping to a `VcaConfig`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vca_core.config.checking import check_document, open_document
from vca_core.config.files import Document, check_plain, check_size
from vca_core.config.overrides import apply_environment
from vca_core.config.problems import KeyPath, Problem
from vca_core.config.references import References, resolve_references
from vca_core.config.settings import ConnectorConfig, Limits, StatusSettings, Timeouts, VcaConfig
from vca_core.plain import copy_plain
from vca_core.secrets.frames import without_frames

_SHOWN = {
    "default",
    "artifacts",
    "ssh_key",
    "backend",
    "name",
    *Timeouts.model_fields,
    *StatusSettings.model_fields,
    *Limits.model_fields,
}


@without_frames
def load_config(
    source: str | os.PathLike[str] | Mapping[str, Any] | VcaConfig,
    environ: Mapping[str, str] | None = None,
    *,
    providers: bool = False,
    taken: set[str] | None = None,
) -> VcaConfig:
    """Read and check a configuration. It reads files, and blocks for them; it connects to nothing.

    In an event loop that must not wait for a large file: ``Vca(await asyncio.to_thread(load_config, path))``.

    Variables of the environment override what a file says (``VCA_TIMEOUTS__TOTAL=60``), and options may refer to
    variables and files (``password: ${env:EDGE_PASSWORD}``, ``${file:edge.password}``): `vca_core.config.references`.

    Args:
        source: path of a YAML or TOML file; or a mapping of the same form; or a `VcaConfig`, which is given back.
        environ: the environment. None: that of the process, for the references, and for the overrides of a file;
            a mapping is overridden only by an environment that is passed. ``{}``: none.
        providers: whether connectors are looked up elsewhere, too, so that the configuration needs none.
        taken: what references stand for is put in here, also if the configuration is refused: it is secret.

    Raises:
        BadArguments: all that is wrong, one a line, with file, line and column, or with the variable that it came from;
            `bad_args` has the dotted keys. Values of options are never shown.
    """
    if isinstance(source, VcaConfig):
        return source
    document = open_document(source, "a configuration", "connectors", VcaConfig)
    variables = os.environ if environ is None else environ
    problems: list[Problem] = []
    if environ is not None or not isinstance(source, Mapping):
        problems += apply_environment(document, variables)
        check_size(document)
    references = References(variables, names=None, folders=None)
    problems += resolve_references(document, references)
    if taken is not None:
        taken |= references.taken
    config = check_document(document, VcaConfig, problems, _may_show, "the configuration", {"providers": providers})
    for path, place in document.places.items():
        if path[:1] == ("connectors",) and path[2:3] == ("options",):
            config.connectors[path[1]].keep_place(path[3:], place)
    return config


def load_definition(name: str, values: object, origin: str) -> ConnectorConfig:
    """Check the definition of a connector that is not in the configuration, as one that is there.

    Overrides and references are not for it: who writes it does not see this process's environment and files.

    Args:
        name: the connector's.
        values: what ``connectors.NAME`` would hold; copied.
        origin: where it comes from, as errors name it.

    Raises:
        BadArguments: all that is wrong, one a line, with the origin. Values of options are never shown.
    """
    document = Document({"connectors": {name: values}}, Path.cwd(), {(): origin})
    check_size(document)
    check_plain(document)
    document.values = copy_plain(document.values)
    return check_document(document, VcaConfig, [], _may_show, f"the connector {name}").connectors[name]


def _may_show(path: KeyPath) -> bool:
    """Values of keys that no secret can be meant for; those of the store's URL and of options are not among them."""
    return bool(path) and path[-1] in _SHOWN and "options" not in path
