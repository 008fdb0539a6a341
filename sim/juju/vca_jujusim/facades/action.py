"""Action: operations and their actions."""

from __future__ import annotations

from typing import Any

from vca_jujusim.charms import check_params
from vca_jujusim.dispatch import Answer, Call, Json, method, parse_tag
from vca_jujusim.facades.charms import action_spec
from vca_jujusim.problems import NOT_FOUND, NOT_SUPPORTED, Refusal
from vca_jujusim.world.actions import FINAL, finish_action
from vca_jujusim.world.entities import Action
from vca_jujusim.world.model import Model
from vca_jujusim.world.settling import settle


@method("Action.EnqueueOperation", access="write")
def enqueue(call: Call, params: Json) -> Answer:
    """Ask units to run actions."""
    model = call.model
    if not params.get("actions"):
        raise Refusal("no actions specified", "bad request")
    operation = str(model.next_number("task") + 1)
    results = call.results(params["actions"], lambda given: _enqueue(model, operation, given))
    return {"operation": f"operation-{operation}", "actions": results}


def _enqueue(model: Model, operation: str, given: Json) -> Json:
    name, unit = str(given.get("name") or ""), _receiver(model, str(given.get("receiver") or ""))
    params = check_params(model.charms[model.unit(unit).charm_url], unit, name, given.get("parameters") or {})
    action = Action(str(model.next_number("task") + 1), operation, unit, name, params)
    model.put("action", action.id, action)
    settle(model, "action", action.id)
    return describe(action)


def _receiver(model: Model, given: str) -> str:
    """The unit that is meant: by tag, or the leader of an application."""
    if given.endswith("/leader"):
        application = model.application(given.removesuffix("/leader"))
        for unit in model.units_of(application.name):
            if unit.leader:
                return unit.name
        raise Refusal(f'could not determine leader for "{application.name}"')
    unit = model.unit(parse_tag(given, "unit") if given.startswith("unit-") else given)
    if unit.life == "dead":
        raise Refusal(f'unit "{unit.name}" is dead')
    return unit.name


def describe(action: Action) -> Json:
    """An action with its result."""
    found: dict[str, Any] = {
        "action": {
            "tag": f"action-{action.id}",
            "receiver": f"unit-{action.unit.replace('/', '-')}",
            "name": action.name,
            "parameters": action.params,
            "parallel": False,
            "execution-group": "",
        },
        "enqueued": action.enqueued,
        "status": action.status,
        "message": action.message,
        "output": action.output,
        "log": action.log,
    }
    if action.started:
        found["started"] = action.started
    if action.completed:
        found["completed"] = action.completed
    return found


def _action(model: Model, entity: Json) -> Action:
    key = parse_tag(entity.get("tag"), "action")
    found = model.actions.get(key)
    if found is None:
        raise Refusal(f'action "{key}" not found', NOT_FOUND)
    return found


@method("Action.Actions")
def actions(call: Call, params: Json) -> Answer:
    """What became of actions."""
    return {"results": call.results(params.get("entities"), lambda one: describe(_action(call.model, one)))}


@method("Action.Cancel", access="write")
def cancel(call: Call, params: Json) -> Answer:
    """Cancel what is pending, abort what runs."""
    model = call.model

    def one(entity: Json) -> Json:
        action = _action(model, entity)
        if action.status in FINAL:
            raise Refusal(f"action {action.id} has already finished")
        if action.status == "pending":
            finish_action(model, action, "cancelled", "action cancelled via the API")
        else:
            action.status = "aborting"
            model.note_change("action", action.id)
            settle(model, "action", action.id)
        return describe(action)

    return {"results": call.results(params.get("entities"), one)}


@method("Action.ApplicationsCharmsActions")
def charm_actions(call: Call, params: Json) -> Answer:
    """The actions that applications have."""
    model = call.model

    def one(entity: Json) -> Json:
        name = parse_tag(entity.get("tag"), "application")
        charm = model.charm_of(model.application(name))
        return {
            "application-tag": f"application-{name}",
            "actions": {key: action_spec(charm, key) for key in charm.actions},
        }

    return {"results": call.results(params.get("entities"), one)}


def _operation(model: Model, key: str) -> Json:
    found = [action for action in model.actions.values() if action.operation == key]
    if not found:
        raise Refusal(f'operation "{key}" not found', NOT_FOUND)
    statuses = {action.status for action in found}
    order = ("running", "aborting", "pending", "failed", "error", "cancelled", "aborted", "completed")
    status = next(one for one in order if one in statuses)
    fields: Json = {
        "operation": f"operation-{key}",
        "summary": f"{found[0].name} run on {', '.join(action.unit for action in found)}",
        "fail": "",
        "enqueued": found[0].enqueued,
        "status": status,
        "actions": [describe(action) for action in found],
    }
    if found[0].started:
        fields["started"] = found[0].started
    if statuses <= FINAL:
        fields["completed"] = max(action.completed or "" for action in found)
    return fields


@method("Action.Operations")
def operations(call: Call, params: Json) -> Answer:
    """What became of operations."""
    model = call.model

    def one(entity: Json) -> Json:
        return _operation(model, parse_tag(entity.get("tag"), "operation"))

    return {"results": call.results(params.get("entities"), one)}


@method("Action.ListOperations")
def list_operations(call: Call, params: Json) -> Answer:
    """Operations, filtered."""
    model = call.model
    keys = list(dict.fromkeys(action.operation for action in model.actions.values()))
    found = []
    for operation in (_operation(model, key) for key in keys):
        units = {action["action"]["receiver"].removeprefix("unit-") for action in operation["actions"]}
        names = {action["action"]["name"] for action in operation["actions"]}
        fits = (
            (not params.get("actions") or names & set(params["actions"]))
            and (not params.get("status") or operation["status"] in params["status"])
            and (not params.get("units") or units & {unit.replace("/", "-") for unit in params["units"]})
            and (
                not params.get("applications")
                or {unit.rpartition("-")[0] for unit in units} & set(params["applications"])
            )
        )
        if fits:
            found.append(operation)
    first, limit = int(params.get("offset") or 0), int(params.get("limit") or 0) or len(found)
    return {"results": found[first : first + limit], "truncated": first + limit < len(found)}


@method("Action.Run", access="admin")
def run(_call: Call, _params: Json) -> Answer:
    """Refuse commands of a shell: there is no shell here."""
    raise Refusal("running commands is not supported by the simulated controller", NOT_SUPPORTED)
