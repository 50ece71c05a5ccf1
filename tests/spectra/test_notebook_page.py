"""The notebook page of the documents: every block runs in order and prints what stands below it."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "mass_spectra_notebook.md"
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_every_block_of_the_notebook_page_is_followed_by_what_it_prints() -> None:
    assert len(BLOCKS) >= 12
    assert [language for language, _ in BLOCKS] == ["python", "text"] * (len(BLOCKS) // 2)


def test_the_blocks_of_the_notebook_page_print_what_the_page_says() -> None:
    names: dict[str, object] = {"__name__": "notebook"}
    for (_, code), (_, shown) in zip(BLOCKS[::2], BLOCKS[1::2], strict=True):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, PAGE.name, "exec"), names)
        assert printed.getvalue().strip() == shown.strip(), code
