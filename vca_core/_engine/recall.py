"""Secret options of EEs that another process configured: read back, so that no text shows them here either."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vca_core._engine.request import Confidential, Request
from vca_core._loading.backend_session import BackendSession
from vca_core._tracking.concerned import Concerned
from vca_core._tracking.tracker import Tracker
from vca_core._tracking.trail import Trail
from vca_core.backend import RelationEnd
from vca_core.description import Description, OptionState
from vca_core.errors import BadArguments, NotFound
from vca_core.hookspecs import BackendHooks
from vca_core.naming import EeId, EeKey
from vca_core.secrets import LastingSecrets, as_vca_error
from vca_core.traits import Scope

_LOG = logging.getLogger(__name__)

_AT_A_TIME = 8
"""EEs that are described at the same time."""
_FEW = 8
"""EEs, or models, for each of which the store is asked by itself."""


class Recall:
    """Reads secret options back, once for each EE, if the backend can describe EEs.

    They are read again once another process has operated on the EE: it may have set new ones.

    Args:
        connector: the connector's name.
        owner: names the `Vca` among all that use the store.
        session: the connector's backend.
        tracker: knows the EEs.
        lasting: keeps their secrets.
        limit: seconds for one EE.

    Attributes:
        owner: as above.
    """

    def __init__(
        self,
        connector: str,
        owner: str,
        session: BackendSession,
        tracker: Tracker,
        lasting: LastingSecrets,
        limit: float,
    ) -> None:
        self._connector = connector
        self.owner = owner
        self._session = session
        self._tracker = tracker
        self._lasting = lasting
        self._limit = limit
        self._seen: set[str] = set()

    async def recall_concerned(self, trail: Trail, request: Request[Any]) -> None:
        """Learn the secret options of the EEs that an operation concerns, also of those unknown to the store."""
        if not self._can_read:
            return
        concerned = self._tracker.environments_of(trail)
        for one in concerned:
            if one.operator != self.owner or not self._is_known(one):
                await self._recall(one, self.owner)
        if trail.traits.removes is Scope.NOTHING:
            kept = {one.key for one in concerned}
            await self.recall([one for one in self._ee_ids_in(request) if EeKey.of(self._connector, one) not in kept])

    def is_new(self, model: str) -> bool:
        """Whether a model has not been asked for yet: the store may not know all that is in it."""
        return self._can_read and model not in self._seen

    async def recall_namespace(self, model: str, listed: Iterable[EeId]) -> None:
        """Learn the secret options of the EEs of a namespace.

        Args:
            model: its model.
            listed: the EEs that the backend lists there; the store may not know all of them.
        """
        if self._can_read:
            self._seen.add(model)
            kept = await self._tracker.environments_in(model)
            keys = {one.key for one in kept}
            unkept = [Concerned(EeKey.of(self._connector, one), one) for one in listed]
            await self._recall_all([*kept, *(one for one in unkept if one.key not in keys)])

    async def recall(self, ee_ids: Iterable[EeId]) -> None:
        """Learn the secret options of EEs."""
        if not self._can_read:
            return
        waiting = {EeKey.of(self._connector, one): one for one in ee_ids}
        if len(waiting) <= _FEW:
            concerned = [await self._tracker.find(one) for one in waiting.values()]
        else:
            models = {one.model for one in waiting}
            kept: dict[EeKey, Concerned] = {}
            for model in models if len(models) <= _FEW else [None]:
                kept |= {one.key: one for one in await self._tracker.environments_in(model)}
            concerned = [kept.get(key, Concerned(key, one)) for key, one in waiting.items()]
        await self._recall_all(concerned)

    async def recall_everything(self) -> None:
        """Learn the secret options of all EEs that the store knows."""
        if self._can_read:
            await self._recall_all(await self._tracker.environments_in(None))

    async def take(self, key: EeKey, described: Description, declared: frozenset[str]) -> None:
        """Learn the secrets in a description.

        Args:
            key: whose it is.
            described: the description, with the values of options as they are.
            declared: the names that the EE's charm is known to declare secret.
        """
        options: Mapping[str, Any] = described.options
        stated = {name: one for name, one in options.items() if isinstance(one, OptionState) and one.value}
        names = declared | {name for name, one in stated.items() if one.secret or one.type == "secret"}
        values = {name: one.value for name, one in stated.items()}
        try:
            found = await Confidential("options", values).find(names)
        except BadArguments as error:
            _LOG.warning("the secret options of %s are not kept out of texts: %s", described.ee_id, error.message)
        else:
            self._lasting.keep(key, found)

    @property
    def _can_read(self) -> bool:
        return self._session.hooks.has_hook(BackendHooks.describe_execution_environment.__name__)

    def _is_known(self, one: Concerned) -> bool:
        return one.key in self._lasting.known and self._lasting.known[one.key] == one.operator

    def _ee_ids_in(self, request: Request[Any]) -> Iterator[EeId]:
        for given in request.call.arguments.values():
            if isinstance(given, EeId):
                yield given
            elif isinstance(given, RelationEnd) and given.connector == self._connector:
                yield given.ee_id

    async def _recall_all(self, concerned: Iterable[Concerned]) -> None:
        waiting = [one for one in concerned if not self._is_known(one)]
        if not waiting:
            return
        left = iter(waiting)

        async def work() -> None:
            for one in left:
                await self._recall(one, one.operator)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(_AT_A_TIME, len(waiting))):
                tasks.create_task(work(), name=f"{self._connector}: recall")

    async def _recall(self, one: Concerned, operator: str | None) -> None:
        """Learn the secret options of an EE. If they cannot be read, the next time tries again."""
        try:
            async with asyncio.timeout(self._limit):
                spec = BackendHooks.describe_execution_environment
                described: object = await self._session.hooks.call(spec, ee_id=one.ee_id)
                if isinstance(described, Description):
                    await self.take(one.key, described, one.declared)
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            return  # the hook's own
        except NotFound:
            return  # it says nothing
        except Exception as error:  # noqa: BLE001 - a hook may raise anything; the operation does without
            secrets = self._session.secrets
            own = as_vca_error(error, secrets.scrub_own, secrets.scrub_foreign)
            _LOG.warning("the secret options of %s were not read back: %s", one.ee_id, own)
            return
        self._lasting.note(one.key, operator)
