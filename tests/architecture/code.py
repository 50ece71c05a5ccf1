"""What tests of the code's structure share."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def imported_by(path: Path) -> frozenset[str]:
    """The top-level packages a file imports anywhere, inside functions too. A package's folder stands for its `__init__`."""
    path = path if path.exists() else path.with_suffix("") / "__init__.py"
    found = set[str]()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return frozenset(found)
