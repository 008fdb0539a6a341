"""A connector's backend: made from its plugin, opened when first needed, closed at a disconnect."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from vca_core._loading.backends import load_backend, register
from vca_core._loading.hook_caller import HookCaller
from vca_core._loading.opening import Opening
from vca_core.backend import NoOptions
from vca_core.config import ConnectorConfig, validate_model
from vca_core.errors import PluginError
from vca_core.hookspecs import BackendHooks
from vca_core.naming import CHARM_NAMES, EeId, NameRules
from vca_core.secrets import ScrubbingLog, SecretValues, as_vca_error, model_secrets, read_own_words_aside
from vca_core.status import DeploymentStatus, Entity
from vca_core.tasks import OwnedTasks, settle

if TYPE_CHECKING:
    from vca_core.ssh_keys import SshKeyPair

Report = Callable[[EeId, Entity, str | None, str, DeploymentStatus | None], None]


@dataclass(slots=True, repr=False)
class ConnectorHost:
    """What a backend is constructed with; implements `vca_core.backend.Host`."""

    connector: str
    options: Any
    names: NameRules
    folder: Path
    ssh_key: SshKeyPair
    log: logging.LoggerAdapter[Any]
    reporter: Report
    secrets: SecretValues

    def report(
        self,
        ee_id: EeId,
        entity: Entity,
        native: str | None,
        detail: str = "",
        status: DeploymentStatus | None = None,
    ) -> None:
        """Report what is seen of an entity; see `vca_core.backend.Host.report`."""
        self.reporter(ee_id, entity, native, detail, status)

    def add_secrets(self, texts: Iterable[str]) -> Callable[[], None]:
        """Keep secrets out of logs, errors and statuses; see `vca_core.backend.Host.add_secrets`."""
        return partial(self.secrets.remove, self.secrets.add(texts))


class BackendSession:
    """The backend of one connector.

    Args:
        connector: the connector's name.
        config: its section of the config.
        folder: the config file's folder.
        ssh_key: the key pair of machines.
        reporter: takes what the backend reports.
        also: secrets that are not this connector's alone.
        secret_texts: what is secret wherever it appears.

    Raises:
        BadArguments: no such backend, or options that it refuses.
        PluginError: the backend's plugin is broken.

    Attributes:
        name: how errors name the connector and its backend: ``edge (fake)``.
        backend: the backend.
        hooks: calls its hooks.
        secrets: the connector's secret values.
        secret_texts: what is secret wherever it appears.
        names: the rules that name models and applications.
        least_units: how few units an EE may be scaled to.
        operation_options: models of operations' options.
    """

    def __init__(
        self,
        connector: str,
        config: ConnectorConfig,
        folder: Path,
        ssh_key: SshKeyPair,
        reporter: Report,
        also: SecretValues,
        secret_texts: Iterable[str] = (),
    ) -> None:
        self.name = f"{connector} ({config.backend})"
        self.secret_texts = frozenset(secret_texts)
        self.secrets = SecretValues(self.secret_texts, also)
        loaded = load_backend(config.backend)
        cls: Any = loaded.cls
        options = validate_model(
            getattr(cls, "Options", NoOptions), config.options, f"connectors.{connector}.options", config.place_of
        )
        self.secrets.add(model_secrets(options))
        self.names: NameRules = getattr(cls, "names", CHARM_NAMES)
        self.least_units = 0 if getattr(cls, "scales_to_none", False) else 1
        self.operation_options: dict[str, type[BaseModel]] = dict(getattr(cls, "operation_options", {}))
        log = ScrubbingLog(logging.getLogger(f"vca.backend.{config.backend}"), self.secrets.scrub_own)
        host = ConnectorHost(connector, options, self.names, folder, ssh_key, log, reporter, self.secrets)
        try:
            self.backend: object = cls(host)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            raise PluginError(
                f"backend {config.backend!r} of {loaded.distribution} cannot be constructed", backend=self.name
            ) from as_vca_error(error, self.secrets.scrub_own, self.secrets.scrub)
        self.hooks = HookCaller(register(self.backend, config.backend), self.name)
        self._tasks = OwnedTasks(self.name)
        self.opening = Opening(self.name, "the backend was", self._open, self.secrets.scrub_own, self.secrets.scrub)

    async def ensure_open(self, limit: float) -> None:
        """Open the backend, unless it is open; see `Opening.ensure`."""
        await self.opening.ensure(limit)

    async def _open(self) -> None:
        if self.hooks.has_hook("open"):
            await self.hooks.call(BackendHooks.open)
        if not self.secrets.is_empty:  # after `open`, which loads most of a backend
            await read_own_words_aside()

    async def close(self, limit: float) -> list[str]:
        """Close the backend, if it is open or being opened.

        Args:
            limit: seconds that opening has to end after its cancellation, and again that closing may take.

        Returns:
            The names of tasks that still live.
        """
        alive = await self.opening.cancel(limit) + await self._tasks.cancel(limit)
        if self.opening.is_open:
            self.opening.is_open = False
            if self.hooks.has_hook("close"):
                task = self._tasks.spawn(self._close(), "close")
                cancelled = await settle(task, limit)
                if not task.done():
                    alive += await self._tasks.cancel(0.1)
                if cancelled is not None:
                    raise cancelled
        return alive

    async def _close(self) -> None:
        try:
            await self.hooks.call(BackendHooks.close)
        except (asyncio.CancelledError, KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001 - a hook may raise anything
            logging.getLogger(__name__).warning(
                "%s: closing failed: %s", self.name, as_vca_error(error, self.secrets.scrub_own, self.secrets.scrub)
            )
