"""docs/extend/hooks/: a page for each hook, from the hookspecs and their docstrings."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from generators.made import DOCS, ROOT, Made, generated_from, table
from vca_core import hookspecs
from vca_core.extensions import ExtensionHooks
from vca_core.hookspecs import LIFECYCLE_HOOKS, OPERATIONS_WITH_OPTIONS, BackendHooks
from vca_core.traits import TRAITS

FOLDER = DOCS / "extend" / "hooks"
BACKENDS, EXTENSIONS = "vca_core/hookspecs", "vca_core/extensions.py"

HEAD = """# Hooks

What a backend may implement, each as an `async def` marked with `@hookimpl`. An implementation takes the arguments that
it needs, by name. What all of them have in common is also in [what a backend promises](../promises.md); the classes of
arguments and results are among the [objects](../objects.md).

"""
BETWEEN = """
`open` and `close` are not capabilities: a backend with nothing to connect to leaves them out.

## Hooks of extensions

See [write an extension](../extension.md).

"""
OUTCOME = """
## Outcome

On success, the outcome of this operation is the status of the EE itself: if the charm is blocked, it is `running`. If
the hook reported nothing, the core calls `list_execution_environments` to find out.
"""
_SECTION = re.compile(r"^(Args|Returns|Raises|Example):{1,2}\n", re.MULTILINE)


def hooks_of(cls: type) -> dict[str, Any]:
    """The spec functions of a class, in the order they stand there; those that it inherits come last."""
    return {
        name: function for part in cls.__mro__ for name, function in vars(part).items() if hasattr(function, "vca_spec")
    }


def generate() -> Made:
    """Make the pages of all hooks, and their list."""
    files = {}
    lists = {}
    for cls, source in ((BackendHooks, BACKENDS), (ExtensionHooks, EXTENSIONS)):
        listed = []
        for name, function in hooks_of(cls).items():
            file = f"{name}.md" if cls is BackendHooks else f"extension_{name}.md"
            files[FOLDER / file] = page(name, function, is_backend=cls is BackendHooks)
            arguments = ", ".join(f"`{argument}`" for argument in arguments_of(function))
            listed.append([f"[`{name}`]({file})", arguments, summary(function)])
        lists[source] = table(["hook", "arguments", "what it does"], listed)
    head = generated_from(f"{BACKENDS} and {EXTENSIONS}") + HEAD
    files[FOLDER / "index.md"] = head + lists[BACKENDS] + BETWEEN + lists[EXTENSIONS]
    return Made(files, folder=FOLDER)


def page(name: str, function: Any, *, is_backend: bool) -> str:
    """The page of one hook, of a backend or of an extension."""
    first, sections = split(inspect.getdoc(function) or "")
    text = f"{generated_from(source_of(function))}# {name}\n\n{prose(first)}\n"
    text += f"\n## Signature\n\n```python\n{signature(name, function)}\n```\n"
    if "Args" in sections:
        text += _table_of("Arguments", "argument", "what it is", dict(entries(sections["Args"])))
    if "Returns" in sections:
        text += f"\n## Returns\n\n{prose(sections['Returns'])}\n"
    if errors := errors_of(name, function):
        text += _table_of("Errors", "error", "when", errors)
    if "Example" in sections:
        text += f"\n## Example\n\n```python\n{sections['Example']}\n```\n"
    notes = []
    if is_backend:
        if name in LIFECYCLE_HOOKS:
            notes.append("It is not a capability: a backend with nothing to connect to leaves it out.")
        else:
            text += common(name)
        if name in OPERATIONS_WITH_OPTIONS:
            notes.append(f'`options` are described by `operation_options["{name}"]`, a model of pydantic.')
        notes.append("More: [what all backends promise](../promises.md), [what hooks take and return](../objects.md).")
    else:
        notes.append("How extensions are written: [write an extension](../extension.md).")
    return text + "\n" + " ".join(notes) + "\n"


def source_of(function: Any) -> str:
    """The file that a function stands in, from the root of the repository."""
    return str(Path(inspect.getfile(function)).relative_to(ROOT))


def common(name: str) -> str:
    """What a hook has in common with the others of its kind: the list in their module's docstring."""
    kind = "hook that reads" if TRAITS[name].reads else "operation"
    text, _ = split(inspect.getdoc(module_of(name)) or "")
    _, _, listed = text.partition("\n\n- ")
    outcome = OUTCOME if TRAITS[name].is_aggregate else ""
    return f"{outcome}\n## What holds for every {kind}\n\n- {prose(listed)}\n"


def module_of(name: str) -> ModuleType:
    """The module whose docstring says what a hook has in common with the others of its kind."""
    return hookspecs.reads if TRAITS[name].reads else hookspecs


def errors_of(name: str, function: Any) -> dict[str, str]:
    """What a hook raises, and when: what stands in its own docstring, then what any hook of its kind may raise."""
    own = _raises_of(function)
    common = _raises_of(module_of(name)) if name in TRAITS else {}
    return own | {error: when for error, when in common.items() if error not in own}


def _raises_of(documented: object) -> dict[str, str]:
    return dict(entries(split(inspect.getdoc(documented) or "")[1].get("Raises", "")))


def _table_of(title: str, head: str, what: str, rows: Mapping[str, str]) -> str:
    return f"\n## {title}\n\n" + table([head, what], [[f"`{name}`", text] for name, text in rows.items()])


def split(text: str) -> tuple[str, dict[str, str]]:
    """A docstring's prose, and its sections by title."""
    parts = _SECTION.split(text)
    bodies = {title: textwrap.dedent(body).strip() for title, body in zip(parts[1::2], parts[2::2], strict=True)}
    return parts[0].strip(), bodies


def entries(body: str) -> list[tuple[str, str]]:
    """The entries of a section, ``name: text`` with indented further lines, as names and texts."""
    parts = [re.sub(r"\s+", " ", entry).partition(": ") for entry in re.split(r"\n(?=\S)", body) if entry]
    return [(name, prose(text)) for name, _, text in parts]


def prose(text: str) -> str:
    """Text of a docstring as Markdown: one kind of backticks."""
    return text.replace("``", "`")


def summary(function: Any) -> str:
    """The first paragraph of a docstring."""
    return prose((inspect.getdoc(function) or "").split("\n\n", 1)[0].replace("\n", " ")).rstrip(".")


def arguments_of(function: Any) -> list[str]:
    """The names of a hook's arguments."""
    return list(inspect.signature(function).parameters)[1:]


def signature(name: str, function: Any) -> str:
    """A signature, an argument a line where there are several."""
    parameters = inspect.signature(function).parameters.values()
    made = [p.name if p.annotation is p.empty else f"{p.name}: {p.annotation}" for p in parameters]
    result = inspect.signature(function).return_annotation
    word = "async def" if inspect.iscoroutinefunction(function) else "def"
    inner = ", ".join(made) if len(made) < 3 else "\n    " + ",\n    ".join(made) + ",\n"
    return f"{word} {name}({inner}) -> {result}: ..."
