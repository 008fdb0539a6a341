"""What counts of the charms of a service: their content, and what they declare secret."""

from __future__ import annotations

from dataclasses import dataclass

from vca_core.artifacts import ArtifactRoot
from vca_core.config import VcaConfig
from vca_core.errors import BadArguments
from vca_core.service.ns_file import Service


@dataclass(frozen=True, slots=True)
class CharmFacts:
    """What counts of a charm.

    Args:
        content: the digest of what is in it; of a charm of Charmhub its reference; None: it is not known.
        secret_names: the options and parameters that it declares secret; of a charm of Charmhub none is known.
        absent: why it is not found.
        broken: why it cannot be read.
    """

    content: str | None = None
    secret_names: frozenset[str] = frozenset()
    absent: BadArguments | None = None
    broken: BadArguments | None = None


async def read_charms(config: VcaConfig, service: Service) -> dict[str, CharmFacts]:
    """Read the charms of a service, by the paths that name them; what is wrong with one is kept, too."""
    root = ArtifactRoot(config.artifacts_folder or config.folder)
    charms: dict[str, CharmFacts] = {}
    for path in dict.fromkeys(vnf.charm for vnf in service.vnfs.values() if vnf.charm is not None):
        try:
            artifact = root.find(path)
        except BadArguments as error:
            charms[path] = CharmFacts(absent=error)
            continue
        try:
            if artifact.path is None:
                charms[path] = CharmFacts(path)
            else:
                charms[path] = CharmFacts(await artifact.digest(), (await artifact.read()).secret_names)
        except BadArguments as error:
            charms[path] = CharmFacts(broken=error)
    return charms
