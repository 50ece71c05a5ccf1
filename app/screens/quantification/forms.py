"""What was typed on the pages of quantification: the points of a curve, and the responses of a sample, as people write numbers."""

from __future__ import annotations

import uuid
from typing import Annotated

from pydantic import BaseModel, Field

from app.laboratory.identification.domain import Method
from app.laboratory.quantification.domain import AskedUnit, CurveUnit
from app.laboratory.quantification.schemas import CurveIn, LevelIn, PreparationIn, QuantifyIn, ResponseIn
from app.laboratory.standards.web import at_noon
from app.platform.kernel.errors import Invalid
from app.platform.web.fields import Note200, Text40, Text60, Text80
from app.platform.web.typed import key_of, number
from spectra.quantify import Weighting

POINTS, REPEATS = 12, 3
FIRST_YEAR, LAST_YEAR = 2000, 2100
Cells = Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=40)]
Words = Annotated[list[Text60], Field(max_length=4)]
_KEPT = "What you typed is still here."


class CurveForm(BaseModel):
    """The fields of a new curve. `concentration`, `response` and `standard` are columns of one table."""

    idempotency_key: Annotated[str, Field(max_length=120)] = ""
    substance: Words = []
    substance_words: Words = []
    method: Annotated[str, Field(max_length=20)] = ""
    unit: CurveUnit = CurveUnit.MG_PER_ML
    standard_form: Text40 = "base"
    internal_standard: Text80 = ""
    weighting: Weighting = Weighting.NONE
    through_zero: Annotated[str, Field(max_length=10)] = ""
    valid_until: Annotated[str, Field(max_length=20)] = ""
    instrument_id: Annotated[str, Field(max_length=40)] = ""
    batch: Text40 = ""
    note: Note200 = ""
    purity: Text40 = ""
    purity_u: Text40 = ""
    supersedes: Annotated[str, Field(max_length=40)] = ""
    concentration: Cells = []
    response: Cells = []
    standard: Cells = []

    def entered(self) -> CurveIn:
        """The form as the service takes it. Raises Invalid with a sentence per field."""
        wrong: dict[str, str] = {}
        levels = self._levels(wrong)
        until = at_noon(self.valid_until, "valid_until", wrong)
        purity, purity_u = (number(getattr(self, name), name, wrong) for name in ("purity", "purity_u"))
        chosen = next((one for one in self.substance if one), "")
        if not chosen:
            wrong["substance"] = "Choose a substance from the list."
        if self.method not in list(Method):
            wrong["method"] = "Choose a method."
        if until is None or not FIRST_YEAR <= until.year < LAST_YEAR:
            wrong.setdefault("valid_until", "Enter the date, for example 2026-07-18.")
        if wrong or until is None:
            raise Invalid(f"The curve was not saved. {_KEPT}", fields=wrong)
        return CurveIn(
            substance=chosen, method=Method(self.method), unit=self.unit, levels=levels, valid_until=until,
            standard_form=self.standard_form or "base", internal_standard=self.internal_standard,
            weighting=self.weighting, through_zero=bool(self.through_zero), instrument_id=key_of(self.instrument_id),
            batch=self.batch, note=self.note, purity=1.0 if purity is None else purity / 100,
            purity_u=0.0 if purity_u is None else purity_u / 100, supersedes=key_of(self.supersedes),
        )  # fmt: skip

    def _levels(self, wrong: dict[str, str]) -> list[LevelIn]:
        levels = []
        standards = [*self.standard, *[""] * len(self.concentration)]
        for row, (c, r, s) in enumerate(zip(self.concentration, self.response, standards, strict=False)):
            if not (c.strip() or r.strip() or s.strip()):
                continue
            names = (f"concentration-{row}", f"response-{row}", f"standard-{row}")
            values = [number(text, name, wrong) for text, name in zip((c, r, s), names, strict=True)]
            for name, value in zip(names[:2], values[:2], strict=True):
                if value is None:
                    wrong.setdefault(name, "Enter a number, for example 0.5.")
            if values[0] is not None and values[1] is not None:
                levels.append(LevelIn(concentration=values[0], response=values[1], internal_standard=values[2]))
        return levels


class AmountForm(BaseModel):
    """The fields of an amount: the curve, the analysis, repeats of one solution, and how that was made."""

    idempotency_key: Annotated[str, Field(max_length=120)] = ""
    curve: Annotated[str, Field(max_length=40)] = ""
    analysis: Annotated[str, Field(max_length=40)] = ""
    response: Cells = []
    standard: Cells = []
    mass_mg: Text40 = ""
    mass_u_mg: Text40 = ""
    volume_ml: Text40 = ""
    volume_u_ml: Text40 = ""
    dilution: Text40 = ""
    unit: AskedUnit = AskedUnit.PERCENT_WW
    unit_mg: Text40 = ""

    def entered(self) -> tuple[uuid.UUID, QuantifyIn]:
        """The curve, and what is read off it. Raises Invalid with a sentence per field."""
        wrong: dict[str, str] = {}
        curve, analysis = key_of(self.curve), key_of(self.analysis)
        if curve is None:
            wrong["curve"] = "Choose a curve."
        if analysis is None:
            wrong["analysis"] = "Choose an analysis."
        responses = self._responses(wrong)
        figures = ("mass_mg", "mass_u_mg", "volume_ml", "volume_u_ml", "dilution", "unit_mg")
        typed = {name: number(getattr(self, name), name, wrong) for name in figures}
        unit_mg = typed.pop("unit_mg")
        if wrong or curve is None or analysis is None:
            raise Invalid(f"No amount was read. {_KEPT}", fields=wrong)
        made = PreparationIn.model_validate({name: value for name, value in typed.items() if value is not None})
        return curve, QuantifyIn(
            analysis_id=analysis, responses=responses, preparation=made, unit=self.unit,
            unit_weights_mg=[unit_mg] if unit_mg is not None else [],
        )  # fmt: skip

    def _responses(self, wrong: dict[str, str]) -> list[ResponseIn]:
        out = []
        standards = [*self.standard, *[""] * len(self.response)]
        for row, (r, s) in enumerate(zip(self.response, standards, strict=False)):
            value = number(r, f"response-{row}", wrong)
            standard = number(s, f"standard-{row}", wrong)
            if value is not None:
                out.append(ResponseIn(response=value, internal_standard=standard))
            elif standard is not None:
                wrong.setdefault(f"response-{row}", "Enter the response too, for example 420.")
        if not out:
            wrong.setdefault("response-0", "Enter a response, for example 420.")
        return out
