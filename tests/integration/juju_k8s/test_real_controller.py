"""The example charm for pods on a controller: a simulated one, and a real one where one is named.

That is named by `VCA_TEST_JUJU_K8S_*`: see docs/how-to/use-juju-on-kubernetes.md.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from support.juju import CHARMS
from support.juju_k8s import options_of, real_options

from vca_core import Vca
from vca_jujusim import SimulatedController

EXAMPLES = CHARMS.parent / "kubernetes" / "charms"
IMAGE = os.environ.get("VCA_TEST_JUJU_K8S_IMAGE", "nginx:1.27")
IMAGES = {"resources": {"nginx": IMAGE}}


@pytest.fixture(params=["simulated", "real"])
def options(request: pytest.FixtureRequest, controller: SimulatedController) -> dict[str, Any]:
    """The options of a connector on a controller."""
    if request.param == "simulated":
        return options_of(controller, cloud="k8s")
    if not real_options():
        pytest.skip("VCA_TEST_JUJU_K8S_ENDPOINTS names no controller")
    return real_options()


@pytest.mark.timeout(3600)  # real pods take their time
async def test_the_example_charm_lives_on_pods_from_create_to_delete(options: dict[str, Any]) -> None:
    limits = {"total": 3000.0, "progress": 1500.0, "cleanup": 600.0, "read": 300.0}
    pods = {"backend": "juju-k8s", "options": options, "timeouts": limits}
    config = {"artifacts": str(EXAMPLES), "connectors": {"pods": pods}}
    async with Vca.from_config(config, environ={}) as vca:
        connector = vca.connector("pods")
        try:
            ee_id, address = await connector.create_execution_environment(".vcatest.cache")
            assert address
            await connector.install_configuration_sw(ee_id, "cache-k8s", options=IMAGES)
            assert await connector.exec_primitive(ee_id, "purge", {"pattern": "/old/*"})
            await connector.scale(ee_id, 2)
            await connector.scale(ee_id, 1)
            assert (await connector.get_status(".vcatest.cache"))["applications"]
            await connector.delete_execution_environment(ee_id)
        finally:
            await connector.delete_namespace(".vcatest")
