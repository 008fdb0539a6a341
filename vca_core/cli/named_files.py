"""What a config names, and whether it is there: folders, the ssh key, and the files of connectors' options."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vca_core.config import VcaConfig


def problems_of_named_files(config: VcaConfig) -> Iterator[tuple[str, str]]:
    """Look at what a config names; it blocks for a moment.

    Args:
        config: the config; that connectors' options fit is checked elsewhere.

    Returns:
        The key that names something unusable, and what is wrong with it.
    """
    from vca_core._tracking.spill import problem_of_folder  # commands import what they need
    from vca_core.errors import BadArguments, VcaError
    from vca_core.providers import make_provider
    from vca_core.ssh_keys import SshKeyPair
    from vca_core.stores import urls

    artifacts = config.artifacts_folder
    if artifacts is not None and not os.path.isdir(artifacts):  # noqa: PTH112 - that of a path raises for long names
        yield "artifacts", f"there is no folder {artifacts}; make it, or name another one"
    for problem in urls.problems_of_files(config.store, config.folder):
        yield "store", problem
    spill = config.spill_folder
    if spill is not None and (wrong := problem_of_folder(spill)) is not None:
        yield "status.spill", wrong
    try:
        SshKeyPair(config.ssh_key_path).check()
    except BadArguments as error:
        yield "ssh_key", error.message.removeprefix("ssh_key: ")
    for entry in config.connector_providers:
        with suppress(VcaError):  # one that cannot be made is reported elsewhere
            for problem in make_provider(entry.name, entry.options, config.folder).problems_of_files():
                yield f"connector_providers.{entry.name}.options", problem
    for name in config.connectors:
        with suppress(VcaError):  # options that do not fit name no files, and are reported elsewhere
            for problem in problems_of_connector(config, name):
                yield f"connectors.{name}.options", problem


def problems_of_connector(config: VcaConfig, name: str) -> Iterable[str]:
    """Look at the files that the options of a connector name; they are named in what is wrong."""
    from vca_core._loading.backends import load_backend
    from vca_core.config import validate_model

    section = config.connector(name)
    model: Any = getattr(load_backend(section.backend).cls, "Options", None)
    if not hasattr(model, "problems_of_files"):  # a plugin's model need not be one of our base
        return ()
    found: Iterable[str] = validate_model(model, section.options).problems_of_files(config.folder.absolute())
    return found
