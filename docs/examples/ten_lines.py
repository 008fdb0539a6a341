"""What an orchestrator's engineer needs at least."""

import asyncio

from vca_core import Vca


async def main() -> None:
    async with Vca.from_config("docs/examples/vca.yaml") as vca:
        day1 = vca.connector()
        ee_id, address = await day1.create_execution_environment(".ns1.vnf1.vdu1-0")
        await day1.install_configuration_sw(ee_id, "simple-router", config={"hostname": "edge"})
        print(ee_id, address, await day1.exec_primitive(ee_id, "show-routes"))


asyncio.run(main())
