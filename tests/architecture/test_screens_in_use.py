"""Every template, macro, script and style sheet of a screen is asked for by another file."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from tests.architecture.code import ROOT

SCREENS = ROOT / "app" / "screens"
NAMED = re.compile(r"[\w./-]+\.(?:html|js|css)")
COMPOSED = {"offline.css", "paper-receipt.css"}
"""Style sheets whose address a script or a template puts together."""


@cache
def texts() -> dict[Path, str]:
    """Everything that may ask for a file of a screen; comments of templates ask for nothing."""
    paths = [*(ROOT / "app").rglob("*.py"), *(p for kind in ("html", "js", "css") for p in SCREENS.rglob(f"*.{kind}"))]
    found = {path: path.read_text(encoding="utf-8") for path in paths}
    return {p: re.sub(r"{#.*?#}", "", t, flags=re.DOTALL) if p.suffix == ".html" else t for p, t in found.items()}


def test_every_template_script_and_style_sheet_is_asked_for() -> None:
    asked: dict[str, set[Path]] = {}
    for path, text in texts().items():
        for name in NAMED.findall(text):
            asked.setdefault(name if name.endswith(".html") else name.rpartition("/")[2], set()).add(path)
    files = {path: str(path.relative_to(SCREENS)) for path in texts() if path.suffix != ".py"}
    names = {path: name if path.suffix == ".html" else path.name for path, name in files.items()}
    assert len(names) > 200
    assert [files[p] for p, name in names.items() if name not in COMPOSED and not asked.get(name, set()) - {p}] == []


def test_every_macro_is_called() -> None:
    pages = [text for path, text in texts().items() if path.suffix == ".html"]
    made = {name for text in pages for name in re.findall(r"macro (\w+)\(", text)}
    called = {name for text in pages for name in re.findall(r"(?<!macro )\b(\w+)\(", text)}
    assert len(made) > 60
    assert made - called == set()
