"""Where charms come from, as requests have it."""

from __future__ import annotations

from typing import Any

from vca_juju_common.client.transport.generated import classes
from vca_juju_common.client.values import Origin


def origin_value(origin: Origin) -> Any:
    """An origin as the generated class has it."""
    if origin.resolved is not None:
        return origin.resolved
    name, _, channel = origin.base.partition("@")
    juju = classes()
    return juju.CharmOrigin(
        source=origin.source, architecture=origin.arch, base=juju.Base(name=name, channel=channel), risk=""
    )
