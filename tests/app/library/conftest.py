"""Libraries to import, and where they are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.laboratory.library.importing import ImportParts
from app.laboratory.library.registry import LibraryRegistry
from app.laboratory.library.usable import raw_store
from app.platform.db import Database

MSP = """Name: Testamine
InChIKey: AAAAAAAAAAAAAA-UHFFFAOYSA-N
Formula: C10H15N
Num Peaks: 4
58 999; 91 120; 65 60; 148 10;

Name: Othersine
Formula: C17H21NO4
Num Peaks: 3
82 999; 182 700; 303 150;

Name: Thirdol
Num Peaks: 2
44 999; 77 300;
"""
OWN = ("Own 2026", "CC0", "our bench")


@pytest.fixture
def parts(sqlite_database: Database, tmp_path: Path) -> ImportParts:
    return ImportParts(sqlite_database, tmp_path / "libraries", raw=raw_store(tmp_path / "blobs"))


@pytest.fixture
def msp(tmp_path: Path) -> Path:
    path = tmp_path / "own.msp"
    path.write_text(MSP)
    return path


def shelf_of(parts: ImportParts) -> LibraryRegistry:
    """The libraries of these parts as a search opens them."""
    return LibraryRegistry(parts.library_dir, parts.db)
