"""Mutants: values of options that are taken for something else than they are."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

import yaml
from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId
from vca_fake.options import InstallOptions


def _arrive(case: str) -> frozenset[str]:
    return caught_by(
        *(f"options_arrive_at_every_unit[{case}-{way}]" for way in ("install_configuration_sw", "configure"))
    )


class _SetsOther(EffectMutant):
    def other(self, name: str, value: Any) -> Any:
        """What an option is set to instead, by install and configure."""
        raise NotImplementedError

    @hookimpl
    async def install_configuration_sw(
        self,
        op: Operation,
        ee_id: EeId,
        artifact: Artifact,
        config: Mapping[str, Any],
        num_units: int,
        options: InstallOptions,
    ) -> None:
        config = {name: self.other(name, value) for name, value in config.items()}
        await super().install_configuration_sw(op, ee_id, artifact, config, num_units, options)

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        await super().configure(op, ee_id, {name: self.other(name, value) for name, value in values.items()})


class _SetsOtherTexts(_SetsOther):
    def other(self, name: str, value: Any) -> Any:
        return self.text(value) if isinstance(value, str) else value

    def text(self, value: str) -> str:
        """What is set instead of a text."""
        raise NotImplementedError


class NormalizesOptions(_SetsOtherTexts):
    """A letter with an accent of its own becomes one letter."""

    CAUGHT_BY = _arrive("some")

    def text(self, value: str) -> str:
        return unicodedata.normalize("NFC", value)


class SplitsAtEqualsSigns(_SetsOtherTexts):
    """`name=value` is split at each equals sign, and two parts are kept."""

    CAUGHT_BY = _arrive("some")

    def text(self, value: str) -> str:
        return f"label={value}".split("=")[1]


class ReadsValuesAsYaml(_SetsOtherTexts):
    """A text goes through YAML on its way: a number loses its zeros, and `no` is false."""

    CAUGHT_BY = _arrive("some") | _arrive("empty")

    def text(self, value: str) -> str:
        if not value.isalnum():
            return value
        read = yaml.safe_load(value)
        return str(read).lower() if isinstance(read, bool) else str(read)


class ReadsFilesForTexts(_SetsOtherTexts):
    """A text that begins with @ names a file, as for many commands; here the file would be missing."""

    CAUGHT_BY = _arrive("defaults")

    def text(self, value: str) -> str:
        return "" if value.startswith("@") else value


class KeepsLineEndsOfItsOwn(_SetsOtherTexts):
    """Lines end in one way."""

    CAUGHT_BY = _arrive("some")

    def text(self, value: str) -> str:
        return "\n".join(value.split("\r\n"))


class HasFieldsOf4096Characters(_SetsOtherTexts):
    """What a text has beyond that is lost."""

    CAUGHT_BY = _arrive("some")

    def text(self, value: str) -> str:
        return value[:4096]


class HasNumbersOf32Bits(_SetsOther):
    """What is larger is cut."""

    CAUGHT_BY = _arrive("some")

    def other(self, name: str, value: Any) -> Any:
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return (value + 2**31) % 2**32 - 2**31 if is_number else value


class SetsTheMask(_SetsOther):
    """Secrets are masked in what is logged, and what is logged is what is set."""

    CAUGHT_BY = _arrive("some") | _arrive("empty") | _arrive("defaults")

    def other(self, name: str, value: Any) -> Any:
        return "***" if name == "token" else value
