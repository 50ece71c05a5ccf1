"""Which sample a file's name speaks of: never a guess, and never two."""

from __future__ import annotations

from uuid import uuid4

import pytest

from app.laboratory.incoming.domain import OpenSample, suggest

SESSION, OTHER = uuid4(), uuid4()


def sample(number: int, session: object = SESSION) -> OpenSample:
    return OpenSample(uuid4(), number, session, "Saturday")  # type: ignore[arg-type]


OPEN = [sample(n) for n in (1, 2, 7, 12, 41, 42, 114, 1001)]


@pytest.mark.parametrize(
    ("name", "number", "certain"),
    [
        ("041_ketamine.dx", 41, True),
        ("S041.spa", 41, True),
        ("#041", 41, True),
        ("#41.spa", 41, True),
        ("sample 41.csv", 41, True),
        ("Sample_041-rerun.mzML.gz", 41, True),
        ("ketamine 041.0", 41, True),  # an OPUS counter is no number
        ("2026-07-01_041.spa", 41, True),
        ("20260701 1412 S041.spa", 41, True),
        ("01.07.2026-041.dx", 41, True),
        ("114.D", 114, True),
        ("114.D.zip", 114, True),
        ("1001_mdma.jdx", 1001, True),
        ("999_041.spa", 41, False),  # no open sample has the number 999, but one may have been told already
        ("S041_999.spa", 41, True),
        ("4000-500_041.csv", 41, False),
        ("041 12 mg.spa", 41, True),
        ("41_ketamine.dx", 41, False),
        ("12_scans_041.spa", 41, True),
        ("041.1.spa", 41, True),
    ],
)
def test_a_number_that_stands_alone_is_understood(name: str, number: int, certain: bool) -> None:
    found = suggest(name, OPEN)
    assert found is not None
    assert (found.sample.number, found.certain) == (number, certain)
    assert found.token in found.reason


@pytest.mark.parametrize(
    "name",
    [
        "ketamine.dx",
        "ketamine_2.dx",  # a bare figure behind something is a counter
        "run041.dx",
        "041a.dx",
        "scan 041.spa",
        "vial_041.D",
        "041_042.spa",  # two samples
        "S43 of 114.csv",  # sample 43 is not open; 114 is something else
        "S041 S042.spa",
        "blank_041.spa",
        "041 background.spa",
        "QC 041.dx",
        "0.041.csv",
        "2026-07-12.spa",
        "20260712.spa",
        "12.07.2026.spa",
        "041 mg.csv",
        "500.spa",
        "",
        ".",
        "9" * 300,
    ],
)
def test_everything_else_suggests_nothing(name: str) -> None:
    assert suggest(name, OPEN) is None


def test_a_number_of_two_open_sessions_suggests_nothing() -> None:
    assert suggest("041.spa", [*OPEN, sample(41, OTHER)]) is None
