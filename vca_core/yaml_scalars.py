"""What a text of YAML that is in no quotes stands for: nothing, true, a number, or itself.

There are two ways to tell: `read_ours`, for what people write for this framework, and `read_as_juju`, for charms. Juju
3 reads charms with its own copy of an early version of Go's yaml.v2, to which ``1e3``, ``08`` and ``5.`` are text, and
``0X1F``, ``1e+3`` and ``.5e3`` are numbers. Dates are text to both, and so is ``10:30``.
"""

from __future__ import annotations

import math
import re

from vca_core.plain import LARGEST_NUMBER

Scalar = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_WORDS_OF_JUJU: dict[str, Scalar] = {**_WORDS, "y": True, "Y": True, "n": False, "N": False}

_INT = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]*|[1-9][0-9_]*)")
_FLOAT = re.compile(
    r"[-+]?(?:(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+)"
)

# Of what begins with a sign or a digit, Juju drops all underscores first.
_INT_OF_JUJU = re.compile(r"[-+]?(?:0[bB][01]+|0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_FLOAT_OF_JUJU = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+][0-9]+)?")
# Of what begins with a dot, it takes those between digits.
_FRACTION_OF_JUJU = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")


class TooManyDigitsError(ValueError):
    """A number is larger than anybody means."""


def read_ours(text: str) -> Scalar:
    """What a text stands for in a file for this framework.

    Raises:
        TooManyDigitsError: a number is too large.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return _int(text.replace("_", ""))
    return float(text.replace("_", "")) if _FLOAT.fullmatch(text) else text


def read_as_juju(text: str) -> Scalar:
    """What a text stands for in a charm.

    Raises:
        TooManyDigitsError: a number is too large.
    """
    if text in _WORDS_OF_JUJU:
        return _WORDS_OF_JUJU[text]
    if text[0] == ".":
        return _float_of_juju(text) if _FRACTION_OF_JUJU.fullmatch(text) else text
    if text[0] not in "+-0123456789":
        return text
    digits = text.replace("_", "")
    if _INT_OF_JUJU.fullmatch(digits):
        number = _int(digits.lower())
        if -(2**63) <= number < 2**64:
            return number
    return _float_of_juju(text) if _FLOAT_OF_JUJU.fullmatch(digits) else text


def _int(digits: str) -> int:
    if re.fullmatch(r"[-+]?0[0-7]+", digits):
        digits = digits.replace("0", "0o", 1)  # an octal of YAML 1.1
    try:
        number = int(digits, 0)
    except ValueError:  # Python makes no decimals of so many digits, and none of no digit
        number = LARGEST_NUMBER
    if abs(number) >= LARGEST_NUMBER:
        raise TooManyDigitsError
    return number


def _float_of_juju(text: str) -> float | str:
    number = float(text.replace("_", ""))
    return text if math.isinf(number) else number
