"""The words of our own texts: a password that is one of them would take apart what an error or a status says.

They are found in the code itself: the constants of all functions of the framework and its plugins that are loaded.
"""

from __future__ import annotations

import inspect
import re
import sys
import types
from collections.abc import Iterator
from typing import Any

from vca_core.tasks import compute_in_thread

_PACKAGES = "vca_"
"""How the names of the framework's packages and of its plugins begin."""

_LONGEST = 40
"""Characters of the longest word that is looked up."""
_WORD = re.compile(r"[^\W\d_]+")
_NAME = re.compile(r"\w(?:[\w./:-]*\w)?")
"""What is several words in one, such as ``num_units``, ``ssh-password``, ``vca.yaml``."""

_words: dict[str, frozenset[str]] = {}
_looked_at = 0
"""How many modules were loaded when they were looked at."""


def is_own_word(text: str) -> bool:
    """Whether a text is one word, or several in one, that stands in texts of ours, in upper or in lower case."""
    if len(text) > _LONGEST or _NAME.fullmatch(text) is None:
        return False
    _read_own_words()
    word = text.lower()
    return any(word in words for words in list(_words.values()))


async def read_own_words_aside() -> None:
    """Read them in a thread, before there is an error to tell: the first time takes a while."""
    if not _is_all_read():
        await compute_in_thread(_read_own_words)


def _is_all_read() -> bool:
    return len(sys.modules) == _looked_at


def _read_own_words() -> None:
    """Read the texts of modules that were loaded since the last time."""
    global _looked_at  # noqa: PLW0603 - a number, which any thread may set
    if _is_all_read():
        return
    modules = sys.modules.copy()  # at once, while other threads load modules; as a list of its items it is not
    for name, module in modules.items():
        if name.startswith(_PACKAGES) and name not in _words:
            _words[name] = _words_of(module)
    _looked_at = len(modules)


def _words_of(module: types.ModuleType) -> frozenset[str]:
    texts: set[str] = set()
    for given, value in vars(module).copy().items():
        if given == "__builtins__":  # not ours, and there in each module
            continue
        if isinstance(value, type) and value.__module__ == module.__name__:
            for name, item in vars(value).copy().items():
                if name != "__doc__":
                    texts.update(_texts_in(_function_of(item)))
        elif getattr(value, "__module__", module.__name__) == module.__name__:
            texts.update(_texts_in(value))
    found = "\n".join(texts).lower()
    return frozenset((*_WORD.findall(found), *(name for name in _NAME.findall(found) if len(name) <= _LONGEST)))


def _function_of(item: Any) -> Any:
    if isinstance(item, property):
        return item.fget
    if isinstance(item, classmethod | staticmethod):
        return item.__func__
    return inspect.unwrap(item) if isinstance(item, types.FunctionType) else item


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | list | set | frozenset):
        for item in value:
            yield from _texts_in(item) if isinstance(item, str | tuple) else ()
    elif isinstance(value, dict):
        held = dict(value)  # others may change it meanwhile
        yield from _texts_in((*held, *held.values()))
    elif isinstance(value, types.FunctionType):
        yield from _constants(value.__code__, value.__doc__)


def _constants(code: types.CodeType, documentation: str | None) -> Iterator[str]:
    """The texts in a function and in those within it; documentation is none of them."""
    for constant in code.co_consts:
        if isinstance(constant, str) and constant != documentation:
            yield constant
        elif isinstance(constant, types.CodeType):
            yield from _constants(constant, documentation)
