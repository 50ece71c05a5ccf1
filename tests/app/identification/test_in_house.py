"""Own standards against one spectrum, without a database: when retention may exclude an isomer."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from app.laboratory.identification.in_house import retention_fits, with_own
from app.laboratory.identification.parts import Isomer
from app.laboratory.identification.ranking import SearchConditions, not_compared
from app.laboratory.library.domain import Opened, OwnEntry, Technique
from spectra import LibraryEntry, MassLibrary, MassSpectrum, Provenance

PEAKS = MassSpectrum([58.0, 77.0, 135.0, 136.0], [999.0, 60.0, 90.0, 60.0])
ABOUT = Provenance("own", "own", "")
DAY = datetime(2026, 6, 1, tzinfo=UTC)


def book(instrument: str) -> Opened:
    """One run each of two isomers with the same spectrum, 60 index units apart."""
    made = MassLibrary.build([LibraryEntry(c, c, c, "MS", PEAKS, ABOUT) for c in ("ortho", "para")], "Own", False, {})
    own = {
        c: OwnEntry(c, c, uuid.uuid4(), instrument, DAY, retention_index=index)
        for c, index in (("ortho", 950.0), ("para", 1010.0))
    }
    return Opened("own", "Own", Technique.MS, False, False, "", "own", "", made, own)


def isomers(of_standards: str, of_reading: str) -> list[Isomer]:
    conditions = SearchConditions(retention_index=951.0, instrument=of_reading)
    found = with_own(not_compared("nothing else"), PEAKS, [book(of_standards)], conditions)
    assert found.in_house is not None
    return [row for row in found.in_house.isomers or () if row.compound == "para"]


def test_retention_on_the_same_named_instrument_excludes_an_isomer() -> None:
    (row,) = isomers("GC 1", "gc 1") or [Isomer()]
    assert (row.excluded, row.by) == (True, "retention")


@pytest.mark.parametrize(("of_standards", "of_reading"), [("", ""), ("GC 1", ""), ("", "GC 1"), ("GC 2", "GC 1")])
def test_retention_excludes_nothing_where_nobody_named_the_instrument(of_standards: str, of_reading: str) -> None:
    assert not any(row.excluded for row in isomers(of_standards, of_reading))


@pytest.mark.parametrize(
    ("of_standard", "of_reading", "fits"),
    [("GC-MS 1", "gc-ms 1", True), ("GC-MS 1", "GC-MS 2", None), ("", "GC-MS 2", True)],
)
def test_times_are_compared_on_one_instrument_only(of_standard: str, of_reading: str, fits: bool | None) -> None:
    fact = OwnEntry("c", "c", uuid.uuid4(), of_standard, DAY, retention_time_s=300.0)
    assert retention_fits(fact, SearchConditions(retention_time_s=300.5, instrument=of_reading)) is fits
