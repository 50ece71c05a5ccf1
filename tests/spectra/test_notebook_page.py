"""The notebook pages of the documents: every block runs in order and prints what stands below it."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
PAGES = ["mass_spectra_notebook.md", pytest.param("infrared_notebook.md", marks=pytest.mark.long)]


def blocks(page: str) -> list[tuple[str, str]]:
    """Language and text of each block of a page."""
    return re.findall(r"```(\w+)\n(.*?)```", (EXAMPLES / page).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_notebook_page_print_what_the_page_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "notebook"}
    found = blocks(page)
    assert [language for language, _ in found] == ["python", "text"] * (len(found) // 2)
    assert len(found) >= 12
    for (_, code), (_, shown) in zip(found[::2], found[1::2], strict=True):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, page, "exec"), names)
        assert printed.getvalue().strip() == shown.strip(), code
