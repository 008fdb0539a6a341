"""ModelConfig: values and constraints of a model."""

from __future__ import annotations

from vca_jujusim.dispatch import Answer, Call, Json, method
from vca_jujusim.problems import Refusal

DEFAULTS: Json = {
    "agent-metadata-url": "",
    "charmhub-url": "https://api.charmhub.io",
    "default-base": "",
    "development": False,
    "disable-network-management": False,
    "ftp-proxy": "",
    "http-proxy": "",
    "https-proxy": "",
    "image-stream": "released",
    "juju-ftp-proxy": "",
    "juju-http-proxy": "",
    "juju-https-proxy": "",
    "juju-no-proxy": "127.0.0.1,localhost,::1",
    "logging-config": "<root>=INFO",
    "mode": "requires-prompts",
    "no-proxy": "127.0.0.1,localhost,::1",
    "provisioner-harvest-mode": "destroyed",
    "proxy-ssh": False,
    "snap-http-proxy": "",
    "update-status-hook-interval": "5m",
}
FIXED = {"name", "uuid", "type"}


@method("ModelConfig.ModelGet")
def get(call: Call, _params: Json) -> Answer:
    """All values, and whether the model set them; keys are not among them."""
    config = call.model.record.config
    found = {key: {"value": value, "source": "default"} for key, value in DEFAULTS.items()}
    for key, value in config.items():
        if key != "authorized-keys":
            found[key] = {"value": value, "source": "model"}
    return {"config": found}


@method("ModelConfig.ModelSet", access="admin")
def set_values(call: Call, params: Json) -> Answer:
    """Set values."""
    record = call.model.record
    for key, value in (params.get("config") or {}).items():
        if key in FIXED and value != record.config.get(key):
            raise Refusal(f'cannot change {key} from "{record.config.get(key)}" to "{value}"')
        if key == "authorized-keys":
            raise Refusal('cannot change "authorized-keys"; use the KeyManager facade')
    record.config |= params.get("config") or {}
    call.model.note_change("model", record.uuid)
    return None


@method("ModelConfig.ModelUnset", access="admin")
def unset(call: Call, params: Json) -> Answer:
    """Values come back to their defaults."""
    record = call.model.record
    for key in params.get("keys") or []:
        if key in FIXED:
            raise Refusal(f'cannot unset "{key}"')
        record.config.pop(key, None)
    call.model.note_change("model", record.uuid)
    return None


@method("ModelConfig.GetModelConstraints")
def constraints(call: Call, _params: Json) -> Answer:
    """Constraints of all machines to come."""
    return {"constraints": call.model.record.constraints}


@method("ModelConfig.SetModelConstraints", access="write")
def set_constraints(call: Call, params: Json) -> Answer:
    """Set them."""
    record = call.model.record
    record.constraints = {key: value for key, value in (params.get("constraints") or {}).items() if value}
    call.model.note_change("model", record.uuid)
    return None
