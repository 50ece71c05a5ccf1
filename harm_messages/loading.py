"""The door to packs: read, then refuse whatever does not agree inside. The shipped pack is read once.

Imports this package only.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from harm_messages.pack import Pack, read_pack
from harm_messages.structure import structural_problems
from harm_messages.types import PackError

SHIPPED = Path(__file__).parent / "packs" / "uk"


@lru_cache(maxsize=1)
def _shipped() -> Pack:
    return _checked(SHIPPED)


def _checked(folder: Path) -> Pack:
    pack = read_pack(folder)
    problems = structural_problems(pack)
    if problems:
        raise PackError("\n".join(str(p) for p in problems))
    return pack


def load_pack(path: Path | str | None = None) -> Pack:
    """The shipped pack, or the one in this folder. PackError lists everything that is wrong with it."""
    return _shipped() if path is None else _checked(Path(path))
