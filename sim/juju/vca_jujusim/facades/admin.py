"""Admin: logins."""

from __future__ import annotations

import hmac

from vca_jujusim.dispatch import Answer, Call, Json, facade_versions, method, parse_tag
from vca_jujusim.papers import macaroon
from vca_jujusim.problems import REDIRECT, UNAUTHORIZED, Refusal, denial
from vca_jujusim.world.deltas import AGENT_VERSION
from vca_jujusim.world.entities import now
from vca_jujusim.world.model import Model


@method("Admin.Login", access=None)
def login(call: Call, params: Json) -> Answer:
    """Log in with a password."""
    session, sim = call.session, call.session.controller
    trouble = sim.faults.login
    if trouble and sim.faults.login_of in {"any", "model" if session.is_on_model else "controller"}:
        match trouble:
            case "redirect":
                info = {"servers": sim.host_ports(), "ca-cert": sim.ca_cert, "controller-alias": "elsewhere"}
                raise Refusal("redirection to alternative server required", REDIRECT, info)
            case "redirect-info":
                raise Refusal("redirection to alternative server required", REDIRECT)
            case "discharge":
                return {"discharge-required": macaroon(), "discharge-required-error": "no macaroons"}
            case "migrating":
                session.migrating = session.is_on_model
            case "upgrading":
                session.upgrading = True
    name = parse_tag(params.get("auth-tag"), "user")
    user = call.world.users.get(name)
    given = str(params.get("credentials") or "")
    if user is None or user.disabled or not hmac.compare_digest(user.password.encode(), given.encode()):
        sim.counts.failed_logins += 1
        raise Refusal("invalid entity name or password", UNAUTHORIZED)
    found: Json = {
        "controller-tag": f"controller-{call.world.uuid}",
        "servers": sim.host_ports(),
        "server-version": AGENT_VERSION,
        "public-dns-name": "",
        "facades": facade_versions(is_on_model=session.is_on_model),
        "user-info": {
            "display-name": user.display_name,
            "identity": f"user-{name}",
            "last-connection": user.last_connection,
            "controller-access": user.access,
            "model-access": "",
        },
    }
    if session.is_on_model:
        model = _model_for(call, name)
        found["model-tag"] = f"model-{model.record.uuid}"
        found["user-info"]["model-access"] = model.record.access.get(name, "admin")
    session.user = name
    user.last_connection = now()
    return found


def _model_for(call: Call, user: str) -> Model:
    """The model of a connection. That one is gone is told before anybody's rights are looked at.

    While one is dead, only superusers learn that: the rights went before it.
    """
    try:
        model = call.session.require_model()
    except Refusal:
        if call.world.is_superuser(user) or not call.session.is_model_listed:
            raise
        raise denial() from None
    model.check_access(user, "read")
    return model


@method("Admin.RedirectInfo", access=None)
def redirect_info(call: Call, _params: Json) -> Answer:
    """Where to go instead."""
    sim = call.session.controller
    if sim.faults.login != "redirect-info":
        raise Refusal("not redirected")
    return {"servers": sim.host_ports(), "ca-cert": sim.ca_cert}
