"""Shapes of results over HTTP. The bench's forms pass through the same shapes, so both refuse alike."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from pydantic import AliasChoices, BaseModel, Field, TypeAdapter

from app.platform.web.fields import FreeText, Note60, Note80, Note140, Note200, Text60, Text80
from app.results import domain as d
from app.results.derivation import Signal
from app.results.domain import Decision
from app.results.finding import NewFinding
from app.results.named import Named
from app.results.tables import Finding, FindingShown, VersionShown
from app.results.view import ResultView
from harm_messages.vocabulary import Abundance, Basis, Confidence, Unit

Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e12, le=1e12)]


class AmountIn(BaseModel, extra="forbid"):
    """How much: the value, its interval at coverage factor `k`, the unit, and which form of the substance it counts."""

    value: Number
    low: Number | None = None
    high: Number | None = None
    k: Number = 2.0
    unit: Unit
    basis: Basis


class FindingIn(BaseModel, extra="forbid"):
    """One finding: `substance` (register id), else `substance_class`, else `unknown_label` for what has no name yet."""

    substance: Text60 | None = None
    substance_class: Text60 = ""
    unknown_label: Note80 = ""
    abundance: Abundance = Abundance.PRESENT_UNQUANTIFIED
    amount: AmountIn | None = None
    below: Note60 = Field("", description="Limit of detection, needed for not_detected")
    analyses: list[uuid.UUID] = Field([], max_length=40, description="Analyses it stands on")
    cannot_tell_from: list[Note80] = Field([], max_length=12, description="What the method cannot tell it from")
    confidence: Confidence | None = Field(None, description="Set by hand instead of by rule; wants a reason")
    confidence_reason: Note200 = ""
    retention_compared: list[uuid.UUID] = Field(
        [], max_length=40, description="Of `analyses`: the retention time agreed with a standard run beside it"
    )

    def entered(self) -> NewFinding:
        """What was sent, in the form the service takes."""
        renamed = {
            "substance_id": self.substance or None,
            "substance_class": "" if self.substance else self.substance_class,
            "analysis_ids": tuple(dict.fromkeys(self.analyses)),
            "retention_ids": tuple(dict.fromkeys(self.retention_compared)),
        }
        return _ENTERED.validate_python({**self.model_dump(), **renamed})


_ENTERED = TypeAdapter(NewFinding)


class FindingsIn(FreeText, extra="forbid"):
    """All findings of a draft; they replace what is there."""

    findings: list[FindingIn] = Field([], max_length=40)
    nothing_found: bool = False


class DismissalIn(BaseModel, extra="forbid"):
    """Why something a spectrum names is no finding. `key` as in `named` of the result; `other` wants a note."""

    key: Text80
    reason: d.DismissReason
    note: Note140 = ""


class DismissalsIn(FreeText, extra="forbid"):
    """Everything dismissed in a draft; it replaces what is there."""

    dismissals: list[DismissalIn] = Field([], max_length=200)


class StepIn(FreeText, extra="forbid"):
    """What goes with a step. `reason` for return, amend and retract; `override_reason` to go on past a certificate;
    `accept_open` to submit or verify while something a spectrum names is neither recorded nor dismissed."""

    reason: Note200 = ""
    override_reason: Note200 = ""
    change_reason: d.ChangeReason | None = Field(None, description="What the client reads after an amend or retract")
    accept_open: bool = False


class AmountOut(BaseModel):
    """An amount with its interval."""

    value: float
    low: float | None
    high: float | None
    k: float | None
    unit: Unit
    basis: Basis


class MinimumOut(BaseModel):
    """The SWGDRUG minimum for an identification: whether it is met, by what, and what is missing."""

    met: bool
    edition: str
    used: list[str]
    missing: list[str]
    not_counted: list[str]
    confirm: list[str] = Field(description="What only a chemist can know; the minimum is met provided it holds")
    sentence: str


class FindingOut(FindingShown):
    """A finding with everything that was derived from it."""

    substance: str | None
    minimum: MinimumOut | None = Field(None, description="None for what was not detected or has no name")
    amount: AmountOut | None
    analyses: list[str]
    retention_compared: list[str]
    signal: list[Signal] = Field([], description="Share of the signal (not of the weight) in each reading it stands on")

    @classmethod
    def of(cls, f: Finding) -> FindingOut:
        """From a row."""
        amount = f.amount and {**asdict(f.amount), "k": f.coverage_k}
        renamed = {"substance": f.substance_id, "analyses": f.analysis_ids, "retention_compared": f.retention_ids}
        return cls.model_validate({**f.model_dump(), **renamed, "amount": amount, "minimum": f.minimum or None})


class StepOut(BaseModel):
    """One step this version could take: whether you may, which fields it asks for, and what stands in the way."""

    action: d.Action
    allowed: bool
    asks: list[str]
    reasons: list[str]

    @classmethod
    def of(cls, action: d.Action, decision: Decision) -> StepOut:
        """From a decision."""
        return cls(action=action, allowed=decision.offered, asks=list(decision.asks), reasons=list(decision.blocking))


class ResultOut(VersionShown):
    """One version of a result."""

    nothing_found: bool
    findings: list[FindingOut]
    authors: str
    verifier: str
    released_by: str
    supersedes: uuid.UUID | None

    @classmethod
    def of(cls, view: ResultView) -> ResultOut:
        """From a view."""
        r = view.result
        renamed = {"nothing_found": r.says_nothing_found, "released_by": view.releaser, "supersedes": r.supersedes_id}
        who = {"authors": view.authors, "verifier": view.verifier}
        return cls.model_validate(
            {**r.model_dump(), **renamed, **who, "findings": [*map(FindingOut.of, view.findings)]}
        )


class PlaceOut(BaseModel, from_attributes=True):
    """Where a substance is named: the analysis, its reading, of a run the peak, and how strongly."""

    analysis: uuid.UUID = Field(validation_alias=AliasChoices("analysis", "analysis_id"))
    reading: uuid.UUID = Field(validation_alias=AliasChoices("reading", "reading_id"))
    peak: int | None
    method: str
    strength: str


class NamedOut(BaseModel):
    """Something a spectrum names, and what became of it. `key` is the register id, else the library's name in lower case."""

    key: str
    name: str
    state: d.NameState
    places: list[PlaceOut]
    reason: d.DismissReason | None
    note: str
    dismissed_by: str
    dismissed_at: datetime | None

    @classmethod
    def of(cls, one: Named, view: ResultView) -> NamedOut:
        """The dismissal for the answer, with the name of the person who dismissed it."""
        given = one.dismissal
        return cls(
            key=one.key,
            name=one.name,
            state=one.state,
            places=[PlaceOut.model_validate(place) for place in one.mentions],
            reason=given.reason if given else None,
            note=given.note if given else "",
            dismissed_by=view.names.get(given.by, "") if given else "",
            dismissed_at=given.at if given else None,
        )


class LeftOpenOut(BaseModel):
    """Someone confirmed, with this step, that these names stay open."""

    step: d.Action
    names: list[str]
    by: str
    at: datetime


class ResultWithSteps(ResultOut):
    """A version together with what its readings name and what the caller may do with it."""

    named: list[NamedOut]
    left_open: list[LeftOpenOut]
    steps: list[StepOut]
