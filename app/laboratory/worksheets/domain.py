"""A worksheet: samples down, tests across, one letter for each result, with the blank and the control of every test. Pure.

A letter is P (positive), N (negative), F (faint) or I (invalid); an empty cell says that the test was not made. A blank that is
not negative or a control that is not positive fails its whole column: what was seen stays recorded and counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from harm_messages.vocabulary import StripReading

LETTERS: dict[str, StripReading] = {
    "P": StripReading.POSITIVE,
    "N": StripReading.NEGATIVE,
    "F": StripReading.FAINT,
    "I": StripReading.INVALID,
}
REAGENTS = (
    "Marquis",
    "Mecke",
    "Mandelin",
    "Liebermann",
    "Froehde",
    "Simon’s",
    "Ehrlich",
    "Hofmann",
    "Scott",
    "Zimmermann",
)
MOST_COLUMNS, MOST_ROWS = 6, 80
STRIP, REAGENT = "strip", "reagent"


@dataclass(frozen=True, slots=True)
class Column:
    """One test across the samples: `kind` strip or reagent, `test` its target or name, with lot, blank and control."""

    kind: str
    test: str
    lot: str = ""
    blank: str = ""
    control: str = ""

    @property
    def key(self) -> str:
        """How a form names it."""
        return f"{self.kind}:{self.test}"

    @property
    def failed(self) -> bool:
        """Whether its blank or its control says that its results count for nothing."""
        return self.blank not in ("", "N") or self.control not in ("", "P")


@dataclass(frozen=True, slots=True)
class NewWorksheet:
    """What was written: the tests, and for each sample one letter or nothing per test."""

    batch: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[UUID, tuple[str, ...]], ...]

    def cells(self) -> Iterator[tuple[UUID, Column, str]]:
        """Every result, sample by sample in the order of their keys, so that two worksheets wait for one another."""
        for sample_id, letters in sorted(self.rows, key=lambda row: row[0]):
            for column, letter in zip(self.columns, letters, strict=True):
                if letter:
                    yield sample_id, column, letter

    def problems(self) -> dict[str, str]:
        """Field → sentence; empty when all may be saved. Cells are named `cell-2-0`: the third sample, the first test."""
        wrong: dict[str, str] = {}
        if not self.batch:
            wrong["batch"] = "Enter a batch, for example 13Jun-1."
        tests = [column.key for column in self.columns]
        for place, column in enumerate(self.columns):
            if tests.index(column.key) != place:
                wrong[f"test-{place}"] = f"{column.test} stands twice. Choose another test."
            for name in ("blank", "control"):
                if not _is_letter(getattr(column, name)):
                    wrong[f"{name}-{place}"] = _WRONG
        wrong |= _wrong_cells(self.rows)
        if not wrong and not any(True for _ in self.cells()):
            wrong["cell-0-0"] = "Enter at least one result."
        return wrong


_WRONG = "Enter P, N, F or I, or leave it empty."


def _is_letter(text: str) -> bool:
    return not text or text in LETTERS


def _wrong_cells(rows: Sequence[tuple[UUID, tuple[str, ...]]]) -> dict[str, str]:
    return {
        f"cell-{row}-{place}": _WRONG
        for row, (_, letters) in enumerate(rows)
        for place, letter in enumerate(letters)
        if not _is_letter(letter)
    }
