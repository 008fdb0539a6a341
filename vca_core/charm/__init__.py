"""What a charm says about itself, and whether given values fit it.

::

    charm = read_charm(Path("charms/simple"))           # a folder or a .charm file; blocks: in a thread
    config = coerce(charm.options, {"ssh-key-bits": "4096"})
    params = check_params(charm.action("touch"), {"filename": "/tmp/x"})
    params = await check_params_aside(charm.action("touch"), {"filename": "/tmp/x"})     # in an event loop
"""

from __future__ import annotations

from vca_core.charm.coerce import coerce
from vca_core.charm.model import (
    Action,
    Base,
    Charm,
    Container,
    Device,
    Endpoint,
    Mount,
    Option,
    OptionType,
    Resource,
    Role,
    Storage,
)
from vca_core.charm.parameters import check_params, check_params_aside
from vca_core.charm.reader import read_charm

__all__ = [
    "Action",
    "Base",
    "Charm",
    "Container",
    "Device",
    "Endpoint",
    "Mount",
    "Option",
    "OptionType",
    "Resource",
    "Role",
    "Storage",
    "check_params",
    "check_params_aside",
    "coerce",
    "read_charm",
]
