"""What the models of all our files share: strict parts, and values as people write them in YAML."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticKnownError

from vca_core.written import keep_texts


class Part(BaseModel):
    """A part of a file: frozen, without unknown keys, and without the given values in its errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True)


def _number(value: Any) -> Any:
    if isinstance(value, bool):  # pydantic would take true for 1
        raise PydanticKnownError("float_type")
    return value


def _mapping(value: Any) -> Any:
    return {} if value is None else value  # a key with nothing behind it


def _entries(value: Any) -> Any:
    return [] if value is None else value


def _with_texts(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    return keep_texts(check(value), value)


Number = BeforeValidator(_number)
Mapped = BeforeValidator(_mapping)
Listed = BeforeValidator(_entries)
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False), Number]
Values = Annotated[dict[str, Any], Mapped, WrapValidator(_with_texts)]
