"""The door to packs: read, then refuse whatever does not agree inside. The shipped pack is read once.

Imports this package only.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from harm_messages.errors import PackError
from harm_messages.files import pack_files
from harm_messages.pack import Pack
from harm_messages.pack_reader import read_pack
from harm_messages.structure import structural_problems


@lru_cache(maxsize=1)
def _shipped() -> Pack:
    return _checked(pack_files())


def _checked(files: Mapping[str, str]) -> Pack:
    pack = read_pack(files)
    problems = structural_problems(pack)
    if problems:
        raise PackError(problems)
    return pack


def load_pack(source: Path | str | Mapping[str, str] | None = None) -> Pack:
    """The shipped pack, the one in a folder, or one given as path → text. PackError lists everything wrong with it."""
    if source is None:
        return _shipped()
    return _checked(source if isinstance(source, Mapping) else pack_files(Path(source)))
