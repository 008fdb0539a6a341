"""Secret options of EEs that another process configured: read back by name, so that no text shows them here either."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from vca_core._engine.request import Confidential
from vca_core._loading.backend_session import BackendSession
from vca_core.description import Description, OptionState
from vca_core.hookspecs import BackendHooks
from vca_core.naming import EeId, EeKey
from vca_core.secrets import LastingSecrets, as_vca_error

_LOG = logging.getLogger(__name__)


class Recall:
    """Reads secret options back, once for each EE, where the backend can describe one.

    Args:
        session: the connector's backend.
        lasting: keeps them.
        limit: seconds for one EE.
    """

    def __init__(self, session: BackendSession, lasting: LastingSecrets, limit: float) -> None:
        self._session = session
        self._lasting = lasting
        self._limit = limit

    async def recall(self, key: EeKey, ee_id: EeId, declared: frozenset[str]) -> None:
        """Know the secret options of an EE from now on. What cannot be read is tried again the next time.

        Args:
            key: which EE.
            ee_id: its id.
            declared: the names that its charm is known to declare secret.
        """
        spec = BackendHooks.describe_execution_environment
        if key in self._lasting.known or not self._session.hooks.implements(spec.__name__):
            return
        try:
            async with asyncio.timeout(self._limit):
                described: object = await self._session.hooks.call(spec, ee_id=ee_id)
                options: Mapping[str, Any] = described.options if isinstance(described, Description) else {}
                stated = {name: one for name, one in options.items() if isinstance(one, OptionState) and one.value}
                names = declared | {name for name, one in stated.items() if one.secret or one.type == "secret"}
                values = {name: one.value for name, one in stated.items()}
                found = await Confidential("options", values).find(names)
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            return  # the hook's own
        except Exception as error:  # noqa: BLE001 - a hook may raise anything; the operation does without
            own = as_vca_error(error, self._session.secrets.scrub_foreign)
            _LOG.warning("the secret options of %s were not read back: %s", ee_id, own)
            return
        self._lasting.keep(key, found)
        self._lasting.note(key)
