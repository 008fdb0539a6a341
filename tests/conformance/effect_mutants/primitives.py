"""Mutants: primitives."""

from __future__ import annotations

import asyncio
import json
import unicodedata
from collections.abc import Mapping
from typing import Any

from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core.backend import Operation
from vca_core.errors import ExecutionError, VcaConnectionError
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId


class _Runs(EffectMutant):
    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        return await self.instead(op, ee_id, primitive, params, unit)

    async def run(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        """Run it as the fake does."""
        return await super().exec_primitive(op, ee_id, primitive, params, unit)

    async def instead(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        """What is done instead."""
        raise NotImplementedError

    async def name_of(self, ee_id: EeId, index: int) -> str:
        """The name of a unit."""
        return await self.edit(ee_id, lambda application: application.units[index].id)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return value


class RunsNothing(_Runs):
    """A primitive is told to be done."""

    CAUGHT_BY = caught_by(
        "a_primitive_is_run_once",
        "parameters_arrive_as_they_were_given[empty]",
        "parameters_arrive_as_they_were_given[texts]",
    )

    async def instead(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        return {"did": "nothing"}


class RunsTwice(_Runs):
    """A primitive is run twice."""

    CAUGHT_BY = caught_by("a_primitive_is_run_once")

    async def instead(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        await self.run(op, ee_id, primitive, params, unit)
        return await self.run(op, ee_id, primitive, params, unit)


class RunsOnEveryUnit(_Runs):
    """A primitive is run on all units, and the output is that of one."""

    CAUGHT_BY = caught_by("a_primitive_is_run_once", "a_primitive_is_run_on_the_unit_that_is_named")

    async def instead(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        units = await self.edit(ee_id, lambda application: [one.id for one in application.units])
        outputs = {one: await self.run(op, ee_id, primitive, params, one) for one in units}
        return outputs[unit or units[0]]


class RunsOnTheFirstUnit(_Runs):
    """The unit that is named is not heeded."""

    CAUGHT_BY = caught_by("a_primitive_is_run_on_the_unit_that_is_named")

    async def instead(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        return await self.run(op, ee_id, primitive, params, None)


class RunsOnTheNewestUnit(_Runs):
    """Where no unit is named, it is not the leader."""

    CAUGHT_BY = caught_by("a_primitive_is_run_on_the_leader")

    async def instead(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        return await self.run(op, ee_id, primitive, params, unit or await self.name_of(ee_id, -1))


class RunsOnUnitsInTurn(_Runs):
    """Where no unit is named, each one has its turn."""

    CAUGHT_BY = caught_by("a_primitive_is_run_on_the_leader")
    _turn = 0

    async def instead(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        self._turn = (self._turn + 1) % await self.count_units(ee_id)
        return await self.run(op, ee_id, primitive, params, unit or await self.name_of(ee_id, self._turn))


class DropsEmptyParameters(_Runs):
    """Empty text, zero and false are taken for nothing."""

    CAUGHT_BY = caught_by("parameters_arrive_as_they_were_given[empty]")

    async def instead(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        return await self.run(op, ee_id, primitive, {name: value for name, value in params.items() if value}, unit)


class DropsNullsInParameters(_Runs):
    """An object's entries that are null are left out, as if they had not been given."""

    CAUGHT_BY = caught_by("parameters_arrive_as_they_were_given[empty]")

    async def instead(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        return await self.run(op, ee_id, primitive, _without_nulls(params), unit)


class FlattensParameters(_Runs):
    """What lies within other parameters is lost."""

    CAUGHT_BY = caught_by("parameters_arrive_as_they_were_given[empty]", "parameters_arrive_as_they_were_given[texts]")

    async def instead(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        flat = {name: {} if isinstance(value, Mapping) else value for name, value in params.items()}
        return await self.run(op, ee_id, primitive, flat, unit)


class AnswersWithTheOutputBefore(_Runs):
    """The output is that of the call before."""

    CAUGHT_BY = caught_by("a_primitive_is_run_once")
    _before: dict[str, Any] | None = None

    async def instead(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        now = await self.run(op, ee_id, primitive, params, unit)
        before, self._before = self._before or now, now
        return before


class MixesOutputsUp(_Runs):
    """Of calls side by side, the last one's output is everybody's."""

    CAUGHT_BY = caught_by("primitives_of_several_ees_are_kept_apart")
    _output: dict[str, Any]
    _running = 0

    async def instead(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        self._running += 1
        try:
            self._output = await self.run(op, ee_id, primitive, params, unit)
            await self._lives.pause("answer")
        finally:
            self._running -= 1
        while self._running:
            await self._lives.pause("answer")
        return self._output


class RunsAgainAfterALostConnection(_Runs):
    """What was asked when the connection was lost is asked again."""

    CAUGHT_BY = caught_by("a_lost_connection_runs_no_primitive_twice")

    async def instead(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        running, was_lost = asyncio.ensure_future(self.run(op, ee_id, primitive, params, unit)), False
        while not running.done() or self._is_lost:
            was_lost = was_lost or self._is_lost
            await asyncio.sleep(0.005)
        return await self.run(op, ee_id, primitive, params, unit) if was_lost else await running

    @property
    def _is_lost(self) -> bool:
        return any(rule.disconnect for rule in self.script._rules)


class RunsAgainAfterACut(_Runs):
    """What was asked when the connection was cut is asked again, if the system can be reached at once."""

    CAUGHT_BY = caught_by("a_primitive_is_not_run_again_after_a_cut")

    async def instead(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        try:
            return await self.run(op, ee_id, primitive, params, unit)
        except VcaConnectionError:
            return await self.run(op, ee_id, primitive, params, unit)


class ForgetsWhatRanWhenClosed(EffectMutant):
    """A disconnect makes the units anew."""

    CAUGHT_BY = caught_by("a_primitive_is_run_once_after_a_disconnect")

    @hookimpl
    async def close(self) -> None:
        for model in await self._worlds.models():
            for ee_id in [one.ee_id for one in model.applications.values()]:
                for place in self._programs._of(self._programs._folder, ee_id).glob("*-*/.vca*"):  # type: ignore[arg-type]
                    place.unlink()
        await super().close()


class _RunsWithOtherTexts(EffectMutant):
    CAUGHT_BY = caught_by("parameters_arrive_as_they_were_given[texts]")

    def other(self, text: str) -> str:
        """The text that is given instead."""
        raise NotImplementedError

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        other = {name: self.other(value) if isinstance(value, str) else value for name, value in params.items()}
        return await super().exec_primitive(op, ee_id, primitive, other, unit)


class StripsParameters(_RunsWithOtherTexts):
    """Blanks at the ends of texts are lost."""

    def other(self, text: str) -> str:
        return text.strip()


class RunsInAscii(_RunsWithOtherTexts):
    """Other letters are lost."""

    def other(self, text: str) -> str:
        return text.encode("ascii", "replace").decode()


class CutsParameters(_RunsWithOtherTexts):
    """What does not fit on a line of a terminal is lost."""

    def other(self, text: str) -> str:
        return text[:4096]


class TakesTextsForOptions(_RunsWithOtherTexts):
    """What begins like an option of a command is not passed on as it is."""

    CAUGHT_BY = caught_by("an_output_comes_back_as_the_program_gave_it")

    def other(self, text: str) -> str:
        return text.lstrip("-")


class NormalizesParameters(_RunsWithOtherTexts):
    """A letter with an accent of its own becomes one letter."""

    def other(self, text: str) -> str:
        return unicodedata.normalize("NFC", text)


class RunsOnUnitsOfOtherEes(EffectMutant):
    """A unit is looked for by its name, whatever the EE."""

    CAUGHT_BY = caught_by("a_unit_of_another_ee_is_not_found")

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        for model in await self._worlds.models():
            for one in model.applications.values():
                if unit in [entity.id for entity in one.units]:
                    return await super().exec_primitive(op, one.ee_id, primitive, params, unit)
        return await super().exec_primitive(op, ee_id, primitive, params, unit)


class TriesAFailureAgain(EffectMutant):
    """A primitive that failed is run a second time."""

    CAUGHT_BY = caught_by("a_primitive_that_fails_is_run_once")

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        try:
            return await super().exec_primitive(op, ee_id, primitive, params, unit)
        except ExecutionError:
            return await super().exec_primitive(op, ee_id, primitive, params, unit)


class RoundsParameters(EffectMutant):
    """Of numbers, six digits are kept."""

    CAUGHT_BY = caught_by("parameters_arrive_as_they_were_given[empty]")

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        rounded = {name: round(value, 6) if isinstance(value, float) else value for name, value in params.items()}
        return await super().exec_primitive(op, ee_id, primitive, rounded, unit)


class _EndsOtherwise(EffectMutant):
    CAUGHT_BY = caught_by("an_output_comes_back_as_the_program_gave_it")

    def other(self, output: dict[str, Any]) -> dict[str, Any]:
        """The output that is given instead."""
        raise NotImplementedError

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        output = await super().exec_primitive(op, ee_id, primitive, params, unit)
        return output if primitive == "look" else self.other(output)


class CutsOutputs(_EndsOtherwise):
    """What is longer than a field of its table is lost."""

    def other(self, output: dict[str, Any]) -> dict[str, Any]:
        return {name: value[:255] if isinstance(value, str) else value for name, value in output.items()}


class DropsEmptyOutputs(_EndsOtherwise):
    """An output that is empty is taken for none."""

    def other(self, output: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in output.items() if value not in ("", None)}


class StripsOutputs(_EndsOtherwise):
    """Blanks at the ends are lost."""

    def other(self, output: dict[str, Any]) -> dict[str, Any]:
        return {name: value.strip() if isinstance(value, str) else value for name, value in output.items()}


class CutsLongOutputs(_EndsOtherwise):
    """What does not fit into the buffer of a reader is lost."""

    def other(self, output: dict[str, Any]) -> dict[str, Any]:
        return {name: value[: 2**16] if isinstance(value, str) else value for name, value in output.items()}


class FailsOnLongOutputs(_EndsOtherwise):
    """A line that does not fit into the buffer of a reader is taken for the end of the connection."""

    def other(self, output: dict[str, Any]) -> dict[str, Any]:
        if len(json.dumps(output)) > 2**16:
            raise VcaConnectionError("the connection was lost")
        return output


class NormalizesOutputs(_EndsOtherwise):
    """A letter with an accent of its own becomes one letter."""

    def other(self, output: dict[str, Any]) -> dict[str, Any]:
        normalized: dict[str, Any] = json.loads(unicodedata.normalize("NFC", json.dumps(output, ensure_ascii=False)))
        return normalized


class FailsWithTheOutputBefore(EffectMutant):
    """The output of a primitive that failed is what is left of the last one that did not."""

    CAUGHT_BY = caught_by("a_failed_primitive_is_an_execution_error_with_output")
    _output: Mapping[str, Any] = {}

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        try:
            self._output = output = await super().exec_primitive(op, ee_id, primitive, params, unit)
        except ExecutionError as error:
            raise ExecutionError(error.message, primitive, self._output or error.output) from None
        return output


class FailsWithoutAReason(EffectMutant):
    """That a primitive failed is told, and not why."""

    CAUGHT_BY = caught_by("a_failed_primitive_is_an_execution_error_with_output")

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        try:
            return await super().exec_primitive(op, ee_id, primitive, params, unit)
        except ExecutionError as error:
            raise ExecutionError("it failed", primitive, error.output) from None


class CountsActionsAnew(EffectMutant):
    """Actions are counted by each connection for itself, so that the first one comes again."""

    CAUGHT_BY = caught_by("a_primitive_that_succeeds_is_reported_to_its_end")

    @hookimpl
    async def close(self) -> None:
        for model in await self._worlds.models():
            for application in model.applications.values():
                await self.edit(application.ee_id, lambda one: setattr(one, "actions_so_far", 0))
        await super().close()


class KeepsParametersIn32Bits(EffectMutant):
    """A larger number is cut."""

    CAUGHT_BY = caught_by("parameters_arrive_as_they_were_given[texts]")

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        cut = {name: min(value, 2**31 - 1) if type(value) is int else value for name, value in params.items()}
        return await super().exec_primitive(op, ee_id, primitive, cut, unit)
