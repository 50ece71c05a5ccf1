"""Recording an analysis done by hand (a strip, a reagent, or a machine whose file comes later), and leaving one out."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response
from pydantic import BaseModel, Field

from app.intake.samples import lookup
from app.laboratory.identification.domain import Method
from app.laboratory.readings import analyses
from app.laboratory.readings.domain import AnalysisStatus
from app.platform.kernel.errors import Invalid, NotFound
from app.platform.web.fields import Note80, Note140, Text40, Text60
from app.platform.web.typed import number
from app.screens.bench.look import Part
from app.screens.bench.steps_page import Bench, Id
from harm_messages.register import MatchKind, Register
from harm_messages.vocabulary import StripReading

router = APIRouter(include_in_schema=False)

Words = Annotated[list[Note80], Field(max_length=20)]


class AnalysisForm(BaseModel):
    """The fields of an analysis done by hand: a strip, a reagent, or a machine whose file comes later."""

    idempotency_key: Annotated[str, Field(max_length=120)] = ""
    method: Method
    instrument_id: Annotated[str, Field(max_length=40)] = ""
    batch: Text40 = ""
    qc_failed: Annotated[str, Field(max_length=10)] = ""
    read_by_hand: Annotated[str, Field(max_length=10)] = ""
    observation: Note140 = ""
    strip_target: Text60 = ""
    strip_other: Words = []
    strip_other_words: Words = []
    strip_reading: Annotated[str, Field(max_length=20)] = ""
    strip_lot: Text40 = ""
    strip_cut_off_ng_ml: Text40 = ""
    strip_dilution: Text40 = ""

    def entered(self, register: Register) -> analyses.NewAnalysis:
        """As the readings feature takes it. Raises Invalid."""
        wrong: dict[str, str] = {}
        cut_off = number(self.strip_cut_off_ng_ml, "strip_cut_off_ng_ml", wrong)
        try:
            instrument = uuid.UUID(self.instrument_id) if self.instrument_id else None
            strip = StripReading(self.strip_reading) if self.strip_reading else None
        except ValueError:
            wrong["strip_reading"] = "Choose one of the answers."
        target = self.strip_target or self._other(register, wrong)
        if wrong:
            raise Invalid("The analysis was not saved. What you typed is still here.", fields=wrong)
        read = {"instrument_id": instrument, "strip_reading": strip, "strip_cut_off_ng_ml": cut_off,
                "strip_target": target}  # fmt: skip
        ticked = {"qc_failed": bool(self.qc_failed), "read_by_hand": bool(self.read_by_hand)}
        return analyses.NewAnalysis(**self.model_dump(exclude=_FORM_ONLY) | read | ticked)

    def _other(self, register: Register, wrong: dict[str, str]) -> str:
        """What a strip is for that has no tile of its own: what was chosen from the list, else what the words mean."""
        chosen = next((one for one in self.strip_other if one), "")
        said = next((one for one in self.strip_other_words if one), "")
        if chosen or not said:
            return chosen
        meant = register.resolve(said)
        if len(meant) == 1 and meant[0].kind is not MatchKind.INTENT:
            return meant[0].id
        wrong["strip_other"] = f"“{said}” is not in the substance list. Choose from the list."
        return ""


_FORM_ONLY = {"idempotency_key", "strip_other", "strip_other_words"}


@router.post("/bench/samples/{sample_id}/analyses")
def add_analysis(at: Bench, form: Annotated[AnalysisForm, Form()]) -> Response:
    """Record a strip, a reagent or another analysis."""
    where = form.method.value if form.method.value in ("strip", "reagent") else "analysis"
    with at.shown_again(where=where, typed=form), at.begin() as uow:
        at.once(
            uow,
            form.idempotency_key,
            lambda: analyses.add_analysis(
                uow, at.sample_id, form.entered(at.rt.pack.substances), register=at.rt.pack.substances
            ),
        )
    return at.back("analysis", part=Part.STRIPS)


@router.post("/bench/samples/{sample_id}/counts")
def let_count(
    at: Bench, analysis: Id, version: Annotated[int, Form()], counts: Annotated[bool, Form()] = False
) -> Response:
    """Leave an analysis out of every answer, because its file is of another sample or is no good, or let it count again."""
    status = AnalysisStatus.OK if counts else AnalysisStatus.REPEAT
    with at.shown_again(), at.begin() as uow:
        if analyses.get_analysis(uow.session, at.who, analysis).sample_id != at.sample_id:
            raise NotFound("analysis")
        lookup.lock_sample(uow, at.sample_id)
        analyses.update_analysis(uow, analysis, version, {"status": status}, reason="set at the bench")
    return at.back("counts" if counts else "left_out", part=Part.FILES)
