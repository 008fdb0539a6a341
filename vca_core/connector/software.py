"""Operations on the charm of an execution environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vca_core import arguments
from vca_core._engine.answers import check_nothing
from vca_core._engine.request import Call, Confidential, Request, operation
from vca_core.arguments import Seconds
from vca_core.connector.base import ConnectorBase, DbDict
from vca_core.hookspecs import BackendHooks
from vca_core.naming import EeId, EeKey


class SoftwareOperations(ConnectorBase):
    """Operations on the charm of an execution environment."""

    async def install_configuration_sw(
        self,
        ee_id: str | EeId,
        artifact_path: str,
        db_dict: DbDict | None = None,
        progress_timeout: Seconds = None,
        total_timeout: Seconds = None,
        config: Mapping[str, Any] | None = None,
        num_units: int = 1,
        *,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Install a charm in an execution environment and wait until its units are ready.

        Args:
            ee_id: where.
            artifact_path: the charm: a folder or ``.charm`` file below the config's ``artifacts``, or ``ch:NAME``.
            db_dict: where the statuses and the outcome go.
            progress_timeout: seconds without any change after which it is given up.
            total_timeout: seconds in all.
            config: values of the charm's options.
            num_units: how many units, from 1 up to the config's `limits.units`.
            options: what the backend's model for this operation takes.

        Raises:
            NotFound: the EE is gone.
            AlreadyExists: another charm is installed there.
        """
        parsed = EeId.parse(ee_id)
        artifact = self._artifact(artifact_path)
        values = arguments.values(config, "config")
        units = arguments.count(num_units, "num_units", self._engine.shared.config.limits.units)
        checked = self._options("install_configuration_sw", options)
        call = operation(BackendHooks.install_configuration_sw)(
            ee_id=parsed, artifact=artifact, config=values, num_units=units, options=checked
        )
        secrets = Confidential("config", values, options=checked, lasting=True)
        await self._change(call, parsed, db_dict, progress_timeout, total_timeout, secrets)

    async def upgrade(
        self,
        ee_id: str | EeId,
        artifact_path: str,
        db_dict: DbDict | None = None,
        config: Mapping[str, Any] | None = None,
        progress_timeout: Seconds = None,
        total_timeout: Seconds = None,
        *,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Replace the installed charm by another version of it and wait until its units are ready.

        Args:
            ee_id: where.
            artifact_path: the new charm, as in `install_configuration_sw`.
            db_dict: where the statuses and the outcome go.
            config: values of options to set with it.
            progress_timeout: seconds without any change after which it is given up.
            total_timeout: seconds in all.
            options: what the backend's model for this operation takes.
        """
        parsed = EeId.parse(ee_id)
        artifact = self._artifact(artifact_path)
        values = arguments.values(config, "config")
        checked = self._options("upgrade", options)
        call = operation(BackendHooks.upgrade)(ee_id=parsed, artifact=artifact, config=values, options=checked)
        secrets = Confidential("config", values, options=checked, lasting=True)
        await self._change(call, parsed, db_dict, progress_timeout, total_timeout, secrets)

    async def scale(
        self,
        ee_id: str | EeId,
        num_units: int,
        db_dict: DbDict | None = None,
        progress_timeout: Seconds = None,
        total_timeout: Seconds = None,
        *,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Bring the number of units to a given one and wait until they are ready or gone.

        Args:
            ee_id: where.
            num_units: how many units there are to be, from 1 up; from 0 where the backend can do without, as Juju on
                Kubernetes can.
            db_dict: where the statuses and the outcome go.
            progress_timeout: seconds without any change after which it is given up.
            total_timeout: seconds in all.
            options: what the backend's model for this operation takes.
        """
        parsed = EeId.parse(ee_id)
        most, least = self._engine.shared.config.limits.units, self._engine.session.least_units
        units = arguments.count(num_units, "num_units", most, least=least)
        checked = self._options("scale", options)
        call = operation(BackendHooks.scale)(ee_id=parsed, num_units=units, options=checked)
        secrets = Confidential(options=checked)
        await self._change(call, parsed, db_dict, progress_timeout, total_timeout, secrets)

    async def _change(
        self,
        call: Call[None],
        ee_id: EeId,
        db_dict: DbDict | None,
        progress: Seconds,
        total: Seconds,
        confidential: Confidential,
    ) -> None:
        request = Request(
            call,
            check_nothing,
            keys=(EeKey.of(self.name, ee_id),),
            model=ee_id.model,
            ee_id=ee_id,
            db_dict=db_dict,
            progress=progress,
            total=total,
            confidential=confidential,
        )
        await self._engine.run(request)
