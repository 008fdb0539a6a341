"""UserManager: who may log in."""

from __future__ import annotations

import secrets

from vca_jujusim.dispatch import Answer, Call, Json, method, parse_tag
from vca_jujusim.problems import ALREADY_EXISTS, Refusal, denial
from vca_jujusim.world.entities import User


@method("UserManager.AddUser")
def add_user(call: Call, params: Json) -> Answer:
    """Add users."""
    call.world.check_superuser(call.user)

    def one(given: Json) -> Json:
        name = str(given.get("username") or "")
        if name in call.world.users:
            raise Refusal(f"failed to create user: username unavailable: user {name} already exists", ALREADY_EXISTS)
        password = str(given.get("password") or secrets.token_urlsafe())
        call.world.users[name] = User(name, password, display_name=str(given.get("display-name") or name))
        call.world.keep(None, "user", name)
        return {"tag": f"user-{name}"}

    return {"results": call.results(params.get("users"), one)}


@method("UserManager.UserInfo")
def info(call: Call, params: Json) -> Answer:
    """Describe users; without names, all of them."""
    tags = [entity.get("tag") for entity in params.get("entities") or []]
    if not tags:
        tags = [
            f"user-{name}"
            for name, user in call.world.users.items()
            if params.get("include-disabled") or not user.disabled
        ]

    def one(tag: object) -> Json:
        name = parse_tag(tag, "user")
        if name not in call.world.users or (name != call.user and not call.world.is_superuser(call.user)):
            raise denial()
        user = call.world.users[name]
        return {
            "result": {
                "username": name,
                "display-name": user.display_name,
                "access": user.access,
                "created-by": "admin",
                "date-created": user.created,
                "last-connection": user.last_connection,
                "disabled": user.disabled,
            }
        }

    return {"results": call.results(tags, one)}


@method("UserManager.SetPassword")
def set_password(call: Call, params: Json) -> Answer:
    """Change passwords."""

    def one(change: Json) -> Json:
        name = parse_tag(change.get("tag"), "user")
        if name != call.user:
            call.world.check_superuser(call.user)
        call.world.user(name).password = str(change.get("password") or "")
        call.world.keep(None, "user", name)
        return {}

    return {"results": call.results(params.get("changes"), one)}


def _each(call: Call, params: Json, *, disabled: bool) -> Answer:
    call.world.check_superuser(call.user)

    def one(entity: Json) -> Json:
        user = call.world.user(parse_tag(entity.get("tag"), "user"))
        user.disabled = disabled
        call.world.keep(None, "user", user.name)
        return {}

    return {"results": call.results(params.get("entities"), one)}


@method("UserManager.DisableUser")
def disable(call: Call, params: Json) -> Answer:
    """Forbid users to log in."""
    return _each(call, params, disabled=True)


@method("UserManager.EnableUser")
def enable(call: Call, params: Json) -> Answer:
    """Allow users to log in again."""
    return _each(call, params, disabled=False)


@method("UserManager.RemoveUser")
def remove(call: Call, params: Json) -> Answer:
    """Remove users."""
    call.world.check_superuser(call.user)

    def one(entity: Json) -> Json:
        user = call.world.user(parse_tag(entity.get("tag"), "user"))
        del call.world.users[user.name]
        call.world.keep(None, "user", user.name)
        return {}

    return {"results": call.results(params.get("entities"), one)}
