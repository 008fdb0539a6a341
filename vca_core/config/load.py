"""From a file or mapping to a `VcaConfig`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vca_core.config.files import Document, read_document
from vca_core.config.overrides import apply_environment, resolve_references
from vca_core.config.problems import Path as KeyPath
from vca_core.config.problems import checked, refusal
from vca_core.config.settings import StatusSettings, Timeouts, VcaConfig
from vca_core.errors import BadArguments, Cause, PluginError
from vca_core.plain import copied

_SHOWN = {"default", "artifacts", "ssh_key", "backend", "name", *Timeouts.model_fields, *StatusSettings.model_fields}


def load_config(
    source: str | os.PathLike[str] | Mapping[str, Any] | VcaConfig, environ: Mapping[str, str] | None = None
) -> VcaConfig:
    """Read and check a configuration. It reads small files, and blocks for them; it connects to nothing.

    Variables of the environment override what a file says (``VCA_TIMEOUTS__TOTAL=60``), and options may refer to
    variables and files (``password: ${env:EDGE_PASSWORD}``, ``${file:edge.password}``): `vca_core.config.overrides`.

    Args:
        source: path of a YAML or TOML file; or a mapping of the same form; or a `VcaConfig`, which is given back.
        environ: the environment (D97). None: that of the process, for the references, and for the overrides of a file;
            a mapping is overridden only by an environment that is passed. ``{}``: none.

    Raises:
        BadArguments: all that is wrong, one a line, with file, line and column, or with the variable that it came from;
            `bad_args` has the dotted keys. Values of options are never shown.
    """
    if isinstance(source, VcaConfig):
        return source
    if isinstance(source, Mapping):
        document = Document(copied(source), Path.cwd())
        overrides = environ or {}
    elif isinstance(source, str | os.PathLike):
        document = read_document(Path(source))
        document.values = copied(document.values)  # a YAML alias is one object in two places
        overrides = os.environ if environ is None else environ
    else:
        raise BadArguments(
            f"a configuration is a path, a mapping or a VcaConfig, not a {type(source).__name__}", ["source"]
        )
    problems = apply_environment(document, overrides)
    problems += resolve_references(document, os.environ if environ is None else environ)
    found = checked(
        lambda: VcaConfig.in_folder(document.values, document.folder), VcaConfig, document.values, _is_shown
    )
    if isinstance(found, Cause):
        raise PluginError("the configuration cannot be checked") from found
    if isinstance(found, list):
        problems += found
    if problems or isinstance(found, list):
        raise refusal(problems, document.place_of)
    return found


def _is_shown(path: KeyPath) -> bool:
    """Values of keys that no secret can be meant for; those of the store's URL and of options are none."""
    return bool(path) and path[-1] in _SHOWN and "options" not in path
