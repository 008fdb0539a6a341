"""The parameters of a primitive: from the command line and from a file, with what they refer to."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vca_core.config.files import Document
    from vca_core.config.references import References


def read_words(words: Sequence[str], references: References) -> dict[str, Any]:
    """Read ``name=value``. Values are text, and one in quotes is what stands in them: the charm declares the types.

    Args:
        words: what was typed.
        references: what values may refer to.

    Raises:
        BadArguments: a word is something else, or a name is there twice; no value is shown.
    """
    from vca_core.config.files import Document
    from vca_core.errors import BadArguments

    parsed: dict[str, Any] = {}
    for number, word in enumerate(words, start=1):
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise BadArguments(f"PARAMS: expected name=value, got something else in place {number}", ["PARAMS"])
        if name in parsed:
            raise BadArguments(f"PARAMS.{name}: is given twice; give it once", [f"PARAMS.{name}"])
        parsed[name] = _without_quotes(text)
    return _with_references(Document(parsed, Path.cwd()), references)


def _without_quotes(text: str) -> str:
    from vca_core.yaml_reader import read_yaml

    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        inner = read_yaml(text)
        return inner if isinstance(inner, str) else text
    return text


def read_params_file(file: str, references: References) -> dict[str, Any]:
    """Read a file of parameters: a mapping in YAML or JSON.

    Args:
        file: its path; ``-``: standard input.
        references: what values may refer to.

    Raises:
        BadArguments: it cannot be read, or is something else; no value is shown.
    """
    from vca_core.config.files import Document
    from vca_core.errors import BadArguments
    from vca_core.text_files import LARGEST_FILE, Places, Unreadable
    from vca_core.written import Texts, Written
    from vca_core.yaml_reader import read_yaml

    texts: Texts = {}
    places: Places = {}
    shown = "standard input" if file == "-" else file
    try:
        if file == "-":
            content = sys.stdin.buffer.read(LARGEST_FILE + 1)
        else:
            with Path(file).open("rb") as opened:  # it may be a pipe, as of a shell's <(...)
                content = opened.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise BadArguments(f"{shown}: expected at most {LARGEST_FILE} bytes, got more", ["--params-file"])
        values = read_yaml(content.decode("utf-8-sig"), places, texts=texts)
    except OSError as error:
        raise BadArguments(f"{shown}: cannot be read: {error.strerror}", ["--params-file"]) from error
    except UnicodeDecodeError as error:
        reason = f"is not UTF-8 (byte {error.start})"
        raise BadArguments(f"{shown}: {reason}", ["--params-file"]) from None  # the error has the content
    if isinstance(values, Unreadable):
        where = "" if values.line is None else f":{values.line}:{values.column}"
        raise BadArguments(f"{shown}{where}: {values.reason}", ["--params-file"])
    if not isinstance(values, dict):
        raise BadArguments(f"{shown}: expected parameters by name, as `name: value`", ["--params-file"])
    folder = Path.cwd() if file == "-" else Path(file).absolute().parent
    marks = {at: f"{shown}:{line}:{column}" for at, (line, column) in places.items()}
    document = Document(values, folder, {(): shown, **marks})
    return Written(_with_references(document, references), texts)


def _with_references(document: Document, references: References) -> dict[str, Any]:
    from vca_core.config.problems import Problem, refusal
    from vca_core.config.references import resolve

    problems: list[Problem] = []
    resolved: dict[str, Any] = resolve(document.values, (), document.folder, references, problems)
    if problems:
        raise refusal(problems, document.place_of)
    return resolved


def read_seconds(text: str, option: str) -> float:
    """Read how many seconds something may take.

    Args:
        text: what was typed.
        option: the option that it was typed for.

    Raises:
        BadArguments: it is not a finite number from 0 up.
    """
    from vca_core.errors import BadArguments

    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise BadArguments(f"{option}: expected a finite number of seconds, from 0 up, got {text!r}", [option])
    return seconds
