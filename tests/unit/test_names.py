"""What asks has a name that asks."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCTS = ("vca_core", "plugins", "sim/juju/vca_jujusim")
ASKS = ("is_", "has_", "can_", "may_", "allows_")
TERMS = ("has", "contains", "matches")
"""What the field calls such a question."""


def test_properties_that_say_yes_or_no_ask_by_their_name() -> None:
    named = [
        f"{file.relative_to(ROOT)}:{node.lineno}: {node.name}"
        for product in PRODUCTS
        for file in sorted((ROOT / product).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(decorator).endswith("property") for decorator in node.decorator_list)
        and node.returns is not None
        and ast.unparse(node.returns) == "bool"
        and not node.name.lstrip("_").startswith(ASKS)
    ]
    assert named == []


def test_functions_that_say_whether_ask_by_their_name() -> None:
    named = [
        f"{file.relative_to(ROOT)}:{node.lineno}: {node.name}"
        for product in PRODUCTS
        for file in sorted((ROOT / product).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.returns is not None
        and ast.unparse(node.returns) == "bool"
        and (ast.get_docstring(node) or "").startswith(("Whether ", "Say whether ", "Ask whether "))
        and not node.name.lstrip("_").startswith((*ASKS, "are_", "take_"))
        and node.name not in TERMS
    ]
    assert named == []
