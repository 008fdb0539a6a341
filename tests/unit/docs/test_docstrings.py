"""The examples in docstrings are Python that compiles."""

from __future__ import annotations

import pytest
from unit.docs.docstrings import Example, examples_of, python_in
from unit.docs.pages import ROOT

from vca_core.hookspecs import HOOKS

SOURCES = [
    *sorted(ROOT.glob("vca_core/**/*.py")),
    *sorted(ROOT.glob("plugins/*/vca_*/**/*.py")),
    *sorted(ROOT.glob("sim/*/vca_*/**/*.py")),
]


def test_python_in_docstrings_compiles() -> None:
    assert [example.problem for example in python_in(SOURCES, ROOT) if example.problem] == []


def test_every_hook_has_an_example_in_python() -> None:
    found = python_in(sorted((ROOT / "vca_core" / "hookspecs").glob("*.py")), ROOT)
    assert [hook for hook in HOOKS if not any(f"async def {hook}(" in one.text for one in found)] == []


BLOCK = '''
class Desk:
    def clean(self):
        """Clean it.

        Example::

            desk = Desk()

            await desk.clean({arguments})

        Raises:
            OSError: it is stuck.
        """
'''
DOCTEST = '''
async def clean(desk):
    """Clean it.

    >>> await clean({arguments})
    True
    """
'''


@pytest.mark.parametrize("source", [BLOCK, DOCTEST], ids=["block", "doctest"])
def test_broken_python_in_a_docstring_is_noticed(source: str) -> None:
    (whole,) = examples_of(source.format(arguments="3"), "desk.py")
    (broken,) = examples_of(source.format(arguments="3 ->"), "desk.py")
    assert (whole.is_python, whole.problem) == (True, "")
    assert broken.is_python
    assert broken.problem.startswith("desk.py:")


@pytest.mark.parametrize(
    ("text", "is_python"),
    [
        ("$ vca apply service\nbrought up", False),
        ("Error       what went wrong\n├── Lost    it was lost", False),
        ("model     the file, checked\nplan      the steps", False),
        ("x = clean(desk)     # a comment\ny = 3", True),
        ("clean(desk)     # a comment", True),
        ("import desk", True),
        ("what is nothing of these", True),
    ],
)
def test_tables_drawings_and_transcripts_are_not_python(text: str, is_python: bool) -> None:
    assert Example("desk.py:1", text).is_python is is_python
