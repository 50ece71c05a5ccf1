"""What the researcher's page is asked: the fields of its form, or the words of the API, as one question.

Kept apart from the routes so that a question that makes no sense still gets its form back, with the reason above it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query

from app.figures.trends.charts import Drawn
from app.figures.trends.domain import Question
from app.figures.trends.query import Split, question
from app.platform.kernel.errors import Invalid
from app.platform.web.fields import Text80
from app.screens.trends import forms

FIRST_FIGURE, FIRST_SPLIT = "expected_found", Split("month")
"""What the page shows to somebody who has asked nothing yet."""
TOGETHER = "found_with"
"""Counted by year alone, so the form does not make anybody choose it."""


@dataclass(frozen=True, slots=True)
class Words:
    """The query as it came, without what was left empty."""

    measure: str
    by: tuple[str, ...]
    where: tuple[str, ...]
    found: str
    months: tuple[str, str]
    baseline: str
    figure: str
    fields: dict[str, str]
    drawn: Drawn

    def question(self) -> Question:
        """In the words of the API. Raises Invalid."""
        measure, found = forms.composed(self.figure, self.fields) if self.figure else (self.measure, self.found)
        try:
            by = [Split(part) for part in dict.fromkeys(self.by)]
        except ValueError:
            raise Invalid("That is not a way to split the figures.", fields={"by": "unknown"}) from None
        role = self.fields["role"]
        more: dict[str, Any] = {k: v for k, v in (("role", role), ("baseline", self.baseline)) if v}
        if not (by or self.measure or self.figure):
            by = [FIRST_SPLIT]
        if self.figure == TOGETHER:
            by = [Split("year")]
        return question(
            measure=measure or FIRST_FIGURE,
            by=by or None,
            where=list(self.where),
            found=found,
            from_month=self.months[0],
            to_month=self.months[1],
            **more,
        )


def words(
    measure: Annotated[Text80, Query()] = "",
    by: Annotated[list[Text80] | None, Query(max_length=8)] = None,
    where: Annotated[list[Text80] | None, Query(max_length=12)] = None,
    found: Annotated[Text80, Query()] = "",
    from_month: Annotated[Text80, Query(alias="from")] = "",
    to_month: Annotated[Text80, Query(alias="to")] = "",
    baseline: Annotated[Text80, Query()] = "",
    figure: Annotated[Text80, Query()] = "",
    split: Annotated[Text80, Query(description="several ways to split, with commas: links made before 2026-12")] = "",
    substance: Annotated[Text80, Query()] = "",
    verdict: Annotated[Text80, Query()] = "",
    role: Annotated[Text80, Query()] = "",
    drawn: Annotated[Drawn, Query()] = Drawn.AUTO,
) -> Words:
    """Dependency."""
    fields = {
        "substance": substance,
        "verdict": verdict,
        "role": role,
    }
    return Words(
        measure,
        tuple(part for part in (*split.split(","), *(by or ())) if part),
        tuple(part for part in where or () if part),
        found,
        (from_month, to_month),
        baseline,
        figure,
        fields,
        drawn,
    )
