"""The files of a pack as text: from a folder, or as someone hands them over.

Why apart: a pack may live in a folder or in a database; everything after this module sees names and text only,
and no other module here opens a file. Imports this package's errors only.
"""

from __future__ import annotations

from pathlib import Path

from harm_messages.errors import PackError, Problem

SHIPPED = Path(__file__).parent / "packs" / "uk"
KINDS = (".yaml", ".md", ".tsv")


def pack_files(folder: Path | None = None) -> dict[str, str]:
    """Path inside the pack → text, of the shipped pack or of this folder; sorted. PackError names an unreadable one."""
    root = SHIPPED if folder is None else Path(folder)
    found: dict[str, str] = {}
    for file in sorted(f for f in root.rglob("*") if f.suffix in KINDS and f.is_file()):
        name = file.relative_to(root).as_posix()
        try:
            found[name] = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PackError([unreadable(name, error)]) from error
    return found


def unreadable(name: str, error: Exception) -> Problem:
    """A file that is there but is no UTF-8 text, or may not be opened."""
    return Problem("unreadable", name, f"The file cannot be read as text ({error}).", file=name)
