"""MachineManager: adding and removing machines."""

from __future__ import annotations

from vca_jujusim.dispatch import Answer, Call, Json, method, parse_tag
from vca_jujusim.problems import Refusal
from vca_jujusim.world.entities import Status
from vca_jujusim.world.machines import add_machine
from vca_jujusim.world.removal import destroy_machine
from vca_jujusim.world.settling import settle


@method("MachineManager.AddMachines", access="write")
def add_machines(call: Call, params: Json) -> Answer:
    """Add machines."""
    return {"machines": call.results(params.get("params"), lambda one: {"machine": add_machine(call.model, one).id})}


@method("MachineManager.DestroyMachineWithParams", access="write")
def destroy(call: Call, params: Json) -> Answer:
    """Begin to remove machines."""
    model = call.model

    def one(tag: str) -> Json:
        machine = model.machine(parse_tag(tag, "machine"))
        if params.get("dry-run"):
            units = model.units_on(machine.id)
        else:
            units = destroy_machine(model, machine, force=params.get("force") is True, keep=params.get("keep") is True)
        return {
            "info": {
                "machine-id": machine.id,
                "destroyed-units": [{"tag": f"unit-{unit.name.replace('/', '-')}"} for unit in units],
                "destroyed-storage": [],
                "detached-storage": [],
                "destroyed-containers": [],
            }
        }

    return {"results": call.results(params.get("machine-tags"), one)}


@method("MachineManager.ProvisioningScript", access="admin")
def provisioning_script(call: Call, params: Json) -> Answer:
    """Return the script to run on an existing machine. It holds secrets."""
    machine = call.model.machine(str(params.get("machine-id") or ""))
    if not machine.nonce or params.get("nonce") != machine.nonce:
        raise Refusal(f"cannot get provisioning script: machine {machine.id} has another nonce")
    return {
        "script": call.session.controller.provisioning_script(call.model, machine, str(params.get("data-dir") or ""))
    }


@method("MachineManager.RetryProvisioning", access="write")
def retry(call: Call, params: Json) -> Answer:
    """Ask the cloud again."""
    model = call.model
    tags = [f"machine-{key}" for key in model.machines] if params.get("all") else params.get("machines")

    def one(tag: str) -> Json:
        machine = model.machine(parse_tag(tag, "machine"))
        if machine.instance.current == "provisioning error":
            machine.instance = Status("pending")
            model.note_change("machine", machine.id)
            settle(model, "machine", machine.id)
        return {}

    return {"results": call.results(tags, one)}
