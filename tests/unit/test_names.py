"""What asks has a name that asks."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCTS = ("vca_core", "plugins", "sim/juju/vca_jujusim")
ASKS = ("is_", "has_", "can_", "may_", "allows_")


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
