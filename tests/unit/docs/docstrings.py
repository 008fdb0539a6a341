"""Finds the examples in docstrings: literal blocks (after ``::``) and doctests."""

from __future__ import annotations

import ast
import doctest
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_DRAWING = re.compile(r"[\u2500-\u257f]")
_ROW = re.compile(r"[\w.`*-]+ {2,}[^\s#]")
"""A row of a table: a word, a gap, and what is said of it. After a gap in Python there is a comment."""


@dataclass(frozen=True)
class Example:
    """An example in a docstring.

    Args:
        where: the file, with the line in which the docstring begins.
        text: what stands there, without its indentation.
    """

    where: str
    text: str

    @property
    def is_python(self) -> bool:
        """Whether it is to be Python: all is that is not plainly a transcript of a shell, a drawing or a table."""
        lines = [line for line in self.text.splitlines() if line.strip()]
        is_table = all(_ROW.match(line) for line in lines)
        return not (lines[0].startswith("$ ") or _DRAWING.search(self.text) or is_table)

    @property
    def problem(self) -> str:
        """Why it does not compile, as Python with an ``await`` wherever one is wanted; empty where it does."""
        try:
            compile(self.text, self.where, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        except SyntaxError as error:
            return f"{self.where}: {error.msg}: {(error.text or '').strip()}"
        return ""


def examples_of(source: str, name: str) -> Iterator[Example]:
    """The examples in the docstrings of a module, its classes and its functions.

    Args:
        source: the module's text.
        name: the module's file, for what is said of them.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node)
            if docstring is not None:
                for text in _examples_in(docstring):
                    yield Example(f"{name}:{node.body[0].lineno}", text)


def python_in(files: list[Path], root: Path) -> list[Example]:
    """All Python in the docstrings of some modules.

    Args:
        files: their sources.
        root: the folder that they are named from.
    """
    found = (one for file in files for one in examples_of(file.read_text("utf-8"), str(file.relative_to(root))))
    return [example for example in found if example.is_python]


def _examples_in(docstring: str) -> Iterator[str]:
    yield from (example.source for example in doctest.DocTestParser().get_examples(docstring))
    lines = docstring.splitlines()
    for number, line in enumerate(lines, start=1):
        if line.endswith("::"):
            block = textwrap.dedent("\n".join(_below(line, lines[number:]))).strip("\n")
            if block and not block.startswith(">>> "):
                yield block


def _below(line: str, following: list[str]) -> Iterator[str]:
    """The lines that are indented deeper than one in front of them."""
    for other in following:
        if other.strip() and _indentation(other) <= _indentation(line):
            return
        yield other


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())
