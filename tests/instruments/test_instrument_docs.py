"""The manual's table of formats, kept true: every registered format, its assurance, and the number of real files."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from instruments import DEFAULT_LIMITS, Folder, Format, formats
from instruments.archive import unpack
from instruments.folder import open_folder
from instruments.registry import sniff_folder, sniff_probe
from instruments.source import open_source
from tests.instruments.real_facts import REAL, manifest

MANUAL = (Path(__file__).resolve().parents[2] / "docs/methods/instruments.md").read_text(encoding="utf-8")


class Documented(NamedTuple):
    """A row of the table."""

    origin: str
    files: int
    assurance: str
    not_read: str


def table() -> dict[str, Documented]:
    rows = re.findall(r"^\| `([\w-]+)` \| (.+?) \| (\d+) \| (\w+) \| (.+?) \|$", MANUAL, re.M)
    found = {name: Documented(origin, int(files), assurance, rest) for name, origin, files, assurance, rest in rows}
    assert len(found) == len(rows)
    return found


def ours() -> dict[str, Format]:
    """Without what a laboratory has installed on this machine."""
    return {f.name: f for f in formats() if f.read.__module__.startswith("instruments.readers.")}


def test_every_format_has_its_row_and_every_row_its_format() -> None:
    assert set(table()) == set(ours())
    for name, row in table().items():
        assert row.assurance == ours()[name].confidence, name
        assert len(row.not_read) > 5, name


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared test data are not on this machine")
def test_the_numbers_of_files_are_those_of_the_manifest() -> None:
    assert Counter({name: row.files for name, row in table().items()}) == Counter(
        best_format(r.path) for r in manifest()
    )


def best_format(path: Path) -> str:
    """What it is recognised as; that it is read so, and agrees with the facts, is shown file by file elsewhere."""
    opened = open_folder(path, None, DEFAULT_LIMITS) if path.is_dir() else open_source(path, None, DEFAULT_LIMITS)
    content = unpack(opened, DEFAULT_LIMITS)
    found = sniff_folder(content.folder_probe) if isinstance(content, Folder) else sniff_probe(content.probe)
    content.close()
    opened.close()
    return found[0].format
