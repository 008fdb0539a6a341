"""What installed charms say of themselves: asked for once, then kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vca_core.charm import Action, Option
from vca_core.naming import EeId
from vca_core.refusals import no_charm, no_environment, no_primitive
from vca_juju_common.client.interface import Model
from vca_juju_common.client.things import Application
from vca_juju_common.notes import LOCATOR_NOTE


@dataclass(slots=True)
class _Facts:
    options: Mapping[str, Option] | None = None
    actions: Mapping[str, Action] | None = None


@dataclass(slots=True)
class CharmFacts:
    """Options and actions of the charms in applications, by model, application and charm."""

    _kept: dict[str, dict[str, tuple[str, _Facts]]] = field(default_factory=dict)

    def learn(
        self,
        model: Model,
        application: str,
        charm_url: str,
        options: Mapping[str, Option],
        actions: Mapping[str, Action] | None,
    ) -> None:
        """Keep what the artifact of an installed charm says; None: it does not say."""
        self._kept.setdefault(model.uuid, {})[application] = (charm_url, _Facts(options, actions))

    def forget(self, uuid: str, application: str) -> None:
        """Forget what is kept of an application."""
        self._kept.get(uuid, {}).pop(application, None)

    def forget_model(self, uuid: str) -> None:
        """Forget what is kept of a model's applications."""
        self._kept.pop(uuid, None)

    async def options(self, model: Model, application: Application) -> Mapping[str, Option]:
        """The options of an application's charm."""
        facts = self._facts(model, application)
        if facts.options is None:
            now = await model.get_config(application.name)
            facts.options = {name: one.option for name, one in now.items()}
        return facts.options

    async def actions(self, model: Model, application: Application) -> Mapping[str, Action]:
        """The actions of an application's charm."""
        facts = self._facts(model, application)
        if facts.actions is None:
            declared = await model.declared_actions(application.name)
            actions = {name: Action(name, schema) for name, schema in declared.items()}
            if not actions and application.charm_url.startswith("ch:"):
                return actions  # it may not have been downloaded yet
            facts.actions = actions
        return facts.actions

    async def action(self, model: Model, application: Application, name: str) -> Action:
        """One action.

        Raises:
            BadArguments: the charm does not declare it.
        """
        actions = await self.actions(model, application)
        if name not in actions:
            raise no_primitive(f"the charm of {application.name}", name, actions)
        return actions[name]

    def _facts(self, model: Model, application: Application) -> _Facts:
        kept = self._kept.setdefault(model.uuid, {})
        charm_url, facts = kept.get(application.name, ("", _Facts()))
        if charm_url != application.charm_url:
            facts = _Facts()
            kept[application.name] = (application.charm_url, facts)
        return facts


def charm_name(charm_url: str) -> str:
    """The name in a charm's URL: ``local:jammy/simple-router-3`` is ``simple-router``."""
    last = charm_url.rpartition("/")[2].rpartition(":")[2]
    head, _, revision = last.rpartition("-")
    return head if head and revision.isdigit() else last


def require_application(model: Model, application: str) -> Application:
    """An application that is to be there.

    Raises:
        NotFound: no charm is installed there.
    """
    there = model.state.applications.get(application)
    if there is None or there.life in {"dying", "dead"}:
        raise no_charm(model.name, application)
    return there


def is_succeeded(model: Model, ee_id: EeId) -> bool:
    """Whether the application of an execution environment is that of a later one of the same names.

    Numbers of machines do not come again while a model is there, so one whose machine is gone is gone itself.
    """
    state = model.state
    if ee_id.locator in state.machines or ee_id.application not in state.applications:
        return False
    units = state.units_of(ee_id.application)
    noted = state.notes(f"application-{ee_id.application}").get(LOCATOR_NOTE)
    present = noted or (units[0].machine if units else "")
    return bool(present) and present != ee_id.locator


def require_environment(model: Model, ee_id: EeId) -> Application:
    """The application of an execution environment that is to be there.

    Raises:
        NotFound: no charm is installed there, or the id is one of an earlier EE of the same names.
    """
    if is_succeeded(model, ee_id):
        raise no_environment(ee_id)
    return require_application(model, ee_id.application)


__all__ = ["CharmFacts", "charm_name", "is_succeeded", "require_application", "require_environment"]
