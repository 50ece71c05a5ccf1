"""The form of a research project as it is typed, and as the feature takes it."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from app.figures.exports.domain import Column
from app.figures.exports.schemas import ProjectIn
from app.figures.exports.tables import ResearchProject
from app.platform.kernel.errors import Invalid
from app.platform.web.fields import Note1000, Text20, Text40, Told120

SENTENCES = {
    "title": "Give the project a title.",
    "purpose": "Say what question the rows are to answer.",
    "researcher_id": "Choose a researcher of your agency.",
    "columns": "Choose from the list.",
    "starts_on": "Give the first day.",
    "ends_on": "Give the last day.",
}


class ProjectForm(BaseModel):
    """The fields as they are typed."""

    idempotency_key: Annotated[str, Field(max_length=120)] = ""
    version: int = 0
    title: Told120 = ""
    purpose: Note1000 = ""
    researcher_id: Text40 = ""
    columns: list[Text20] = Field(default=[], max_length=10)
    first_month: Text20 = ""
    last_month: Text20 = ""
    starts_on: Text20 = ""
    ends_on: Text20 = ""

    def entered(self) -> ProjectIn:
        """What was typed, in the form the service takes. Raises Invalid with a sentence per field."""
        try:
            return ProjectIn.model_validate(self.model_dump(exclude={"idempotency_key", "version"}))
        except ValidationError as error:
            fields = {str(e["loc"][0]): SENTENCES.get(str(e["loc"][0]), "This cannot be read.") for e in error.errors()}
            raise Invalid("The project was not saved. What you typed is still here.", fields=fields) from None

    @classmethod
    def fresh(cls, today: date, researcher: uuid.UUID | None) -> ProjectForm:
        """An empty form for a project of a year."""
        ends = today.replace(year=today.year + 1, day=min(today.day, 28))
        return cls(
            researcher_id=str(researcher or ""), columns=[c.value for c in Column], starts_on=today.isoformat(),
            ends_on=ends.isoformat(), last_month=f"{today:%Y-%m}", first_month=f"{today.year - 1}-{today:%m}",
        )  # fmt: skip

    @classmethod
    def of(cls, row: ResearchProject) -> ProjectForm:
        """A draft to go on with."""
        return cls(
            version=row.version, title=row.title, purpose=row.purpose, researcher_id=str(row.researcher_id),
            columns=list(row.columns), first_month=row.first_month, last_month=row.last_month,
            starts_on=row.starts_on.isoformat(), ends_on=row.ends_on.isoformat(),
        )  # fmt: skip
