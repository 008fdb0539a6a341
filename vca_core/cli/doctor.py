"""``vca doctor``: tries everything that a service needs, and says what to do about what fails."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from vca_core.cli.output import print_json, print_table
from vca_core.cli.state import State, command, run_async

if TYPE_CHECKING:
    from vca_core.config import VcaConfig
    from vca_core.errors import VcaError
    from vca_core.vca import Vca


@dataclass
class Finding:
    """What came of one thing that was tried.

    Args:
        what: the thing.
        ok: whether it works.
        detail: what was found, or what is wrong.
        error: what it failed with, where it raised something.
    """

    what: str
    ok: bool
    detail: str = ""
    error: VcaError | None = None

    @classmethod
    def of(cls, what: str, error: VcaError) -> Finding:
        """Make the finding about something that raised an error."""
        return cls(what, ok=False, detail=error.message, error=error)

    def as_data(self, state: State) -> dict[str, Any]:
        """Write it as plain data, the error in its versioned form."""
        error = None if self.error is None else state.clean_error(self.error)
        return {"what": self.what, "ok": self.ok, "detail": state.clean_text(self.detail), "error": error}


@command
def doctor(context: typer.Context) -> None:
    """Try everything that a service needs.

    That is the config, plugins, artifacts, store, clock and providers of connectors, and whether each connector
    reaches its system.
    """
    state: State = context.obj
    findings = run_async(_examine(state))
    if state.json:
        print_json({"ok": all(one.ok for one in findings), "findings": [one.as_data(state) for one in findings]})
    else:
        print_table(
            ("CHECK", "", ""),
            [(one.what, "ok" if one.ok else "FAILED", state.clean_text(one.detail)) for one in findings],
        )
    if not all(one.ok for one in findings):
        raise typer.Exit(1)


async def _examine(state: State) -> list[Finding]:
    from vca_core.errors import VcaError  # commands import what they need

    try:
        config = state.load()
    except VcaError as error:
        return [Finding.of("config", error)]
    findings = [
        Finding("config", ok=True, detail=str(state.config)),
        *_plugins(),
        *_files(config),
        _clock(config.folder),
    ]
    async with state.vca(_without_wrong_spill(config, findings)) as vca:
        findings += [await _store(vca)]
        findings += [await _provider(config, number) for number in range(len(config.connector_providers))]
        findings += [finding async for finding in _connectors(vca)]
    return findings


def _without_wrong_spill(config: VcaConfig, findings: list[Finding]) -> VcaConfig:
    """The config without a spill folder that cannot be used: everything else is tried nevertheless."""
    if all(one.ok for one in findings if one.what == "status.spill"):
        return config
    return config.model_copy(update={"status": config.status.model_copy(update={"spill": None})})


def _plugins() -> list[Finding]:
    from vca_core.cli.plugin import find_plugins

    return [
        Finding(
            f"plugin {one.name}" if kind == "backend" else f"plugin {one.name} ({kind})",
            ok=one.ok,
            detail=one.reason or f"{one.distribution} {one.version}",
        )
        for kind, one in find_plugins()
    ]


def _files(config: VcaConfig) -> list[Finding]:
    from vca_core.cli.named_files import problems_of_named_files

    wrong = [(key, text) for key, text in problems_of_named_files(config) if key != "store"]  # that one is tried
    artifacts = str(config.artifacts_folder or "the config names no folder")
    fine = {"artifacts": artifacts, "ssh_key": str(config.ssh_key_path)}
    if config.spill_folder is not None:
        fine["status.spill"] = str(config.spill_folder)
    wrong_keys = {key for key, _ in wrong}
    return [
        *(Finding(key, ok=True, detail=detail) for key, detail in fine.items() if key not in wrong_keys),
        *(Finding(key, ok=False, detail=detail) for key, detail in wrong),
    ]


def _clock(folder: Path) -> Finding:
    """Statuses and certificates depend on it; the file system's clock is often another machine's."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            skew = abs(Path(file.name).stat().st_mtime - time.time())
    except OSError as error:
        return Finding("clock", ok=True, detail=f"not compared: {folder} cannot be written to ({error.strerror})")
    if skew > 5:
        return Finding("clock", ok=False, detail=f"it is {skew:.0f} s off from the file system's; synchronise it (NTP)")
    return Finding("clock", ok=True)


async def _store(vca: Vca) -> Finding:
    from vca_core.errors import VcaError
    from vca_core.secrets import SecretValues, scrub_cause, secrets_in, url_without_credentials

    table, probe = "vca_doctor", {"_id": "probe"}
    try:
        await vca.store.ensure(table, probe)
        await vca.store.set(table, probe, {"tried": time.time()})
        found = await vca.store.get(table, probe)
        await vca.store.delete(table, probe)
    except VcaError as error:
        return Finding.of("store", error)
    except Exception as error:  # noqa: BLE001 - a plugin's store may raise anything, with its URL in it
        url = vca.config.store
        cause = scrub_cause(error, SecretValues([url, *secrets_in({"url": url})]).scrub)
        return Finding("store", ok=False, detail=f"it failed with {cause.kind}: {cause.text}")
    if found is None:
        return Finding("store", ok=False, detail="what was written was not found again")
    return Finding("store", ok=True, detail=url_without_credentials(vca.config.store))


async def _provider(config: VcaConfig, number: int) -> Finding:
    """Ask a provider of connectors for one that it hardly has: it answers when it can look."""
    from vca_core.errors import VcaError
    from vca_core.providers import make_provider

    entry = config.connector_providers[number]
    what = f"provider {entry.name}"
    try:
        provider = make_provider(entry.name, entry.options, config.folder)
        try:
            await provider.definition("vca-doctor")
            return Finding(what, ok=True, detail=provider.origin)
        finally:
            await provider.close()
    except VcaError as error:
        return Finding.of(what, error)


async def _connectors(vca: Vca) -> AsyncIterator[Finding]:
    from vca_core.errors import VcaError

    for name, section in vca.config.connectors.items():
        what = f"connector {name} ({section.backend})"
        try:
            connector = vca.connector(name)
            detail = "it has neither health nor a listing: its reach was not tried"
            if "list_execution_environments" in connector.capabilities:  # first: health may tell of what was looked at
                detail = f"{len(await connector.list_execution_environments())} execution environments"
            if "health" in connector.capabilities:
                health = await connector.health()
                detail = ", ".join(_masked_text(key, value) for key, value in health.items() if value != [])
        except VcaError as error:
            yield Finding.of(what, error)
        else:
            yield Finding(what, ok=True, detail=detail)


def _masked_text(key: str, value: Any) -> str:
    """What health says of something, in words."""
    words = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"{key.replace('_', ' ')} {words}"
