"""What was typed into a worksheet: lists of its tests, lots and letters, row by row, as a form without a script sends them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from app.laboratory.worksheets.domain import MOST_COLUMNS, MOST_ROWS, REAGENT, REAGENTS, STRIP, Column, NewWorksheet
from app.platform.kernel.errors import Invalid
from app.platform.web.fields import Text40, Text80

Letter = Annotated[str, Field(max_length=4)]
_NOT_SAVED = "The worksheet was not saved. What you entered is still here."
Columns = Field(max_length=MOST_COLUMNS)


class WorksheetForm(BaseModel):
    """The fields of the grid. `cell` holds the letters of the first sample, then those of the second, and so on."""

    idempotency_key: Annotated[str, Field(max_length=120)] = ""
    session: uuid.UUID
    batch: Text40 = ""
    test: Annotated[list[Text80], Columns] = []
    lot: Annotated[list[Text40], Columns] = []
    blank: Annotated[list[Letter], Columns] = []
    control: Annotated[list[Letter], Columns] = []
    sample: Annotated[list[uuid.UUID], Field(max_length=MOST_ROWS)] = []
    cell: Annotated[list[Letter], Field(max_length=MOST_COLUMNS * MOST_ROWS)] = []

    def entered(self, targets: Sequence[tuple[str, str]]) -> NewWorksheet:
        """The worksheet as the service takes it; a column without a test and with nothing in it is left out. Raises Invalid."""
        width = len(self.test)
        lists = (self.lot, self.blank, self.control)
        if any(len(one) != width for one in lists) or len(self.cell) != width * len(self.sample):
            raise Invalid("Part of the worksheet did not arrive. Nothing was saved.", hint="Send it again.")
        wrong = self._without_test(targets)
        if wrong:
            raise Invalid(_NOT_SAVED, fields=wrong)
        used = [place for place in range(width) if self.test[place]]
        columns = tuple(self._column(place) for place in used)
        rows = tuple(
            (key, tuple(_letter(self.cell[row * width + place]) for place in used))
            for row, key in enumerate(self.sample)
        )
        new = NewWorksheet(self.batch, columns, rows)
        if wrong := new.problems():
            raise Invalid(_NOT_SAVED, fields={_placed(name, used): text for name, text in wrong.items()})
        return new

    def _column(self, place: int) -> Column:
        kind, _, test = self.test[place].partition(":")
        return Column(kind, test, self.lot[place], _letter(self.blank[place]), _letter(self.control[place]))

    def _without_test(self, targets: Sequence[tuple[str, str]]) -> dict[str, str]:
        known = {key for key, _ in tests(targets)}
        wrong = {}
        for place, test in enumerate(self.test):
            letters = [self.blank[place], self.control[place], *self.cell[place :: len(self.test)]]
            if (test and test not in known) or (not test and any(letter.strip() for letter in letters)):
                wrong[f"test-{place}"] = "Choose the test of this column."
        return wrong


def _placed(name: str, used: Sequence[int]) -> str:
    """The name of a field by its place in the form, where columns without a test stand between the others."""
    head, _, place = name.rpartition("-")
    return f"{head}-{used[int(place)]}" if head and int(place) < len(used) else name


def _letter(typed: str) -> str:
    return typed.strip().upper()


def tests(targets: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """What may stand at the head of a column: strips, then reagents."""
    strips = [(f"{STRIP}:{key}", words) for key, words in targets]
    return [*strips, *((f"{REAGENT}:{name}", name) for name in REAGENTS)]
