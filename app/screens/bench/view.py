"""Renders the bench: the page with all its parts, or the page again with what was typed and what is wrong with it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import TypedDict

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel

from app.intake.samples import service as samples
from app.intake.tasks import service as tasks
from app.laboratory.identification.in_house import void_now
from app.laboratory.identification.methods import methods
from app.laboratory.library.service import LibraryRegistry
from app.laboratory.readings import service as readings
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import MastError, NotFound
from app.platform.kernel.ids import new_id
from app.platform.plots import Plot
from app.platform.web.forms import Entered, fields_of
from app.platform.web.problems import status_of
from app.results import words
from app.results.bench import Line, Shown, analysis_title, bench, strip_targets
from app.results.domain import Action, DismissReason, Grade, NameState, State
from app.results.worklist import worklist
from app.runtime import Runtime
from app.screens.bench.forms import FindingForm
from app.screens.bench.spectrum_view import SpectrumView, view_of
from harm_messages.register import Register
from harm_messages.vocabulary import Abundance, Basis, Confidence, FindingRole, Outcome, Unit, Verdict
from instruments import assurance_sentence
from spectra.infrared.sentences import limit_percent

DONE: dict[str, str] = {
    **{action.value: text for action, text in words.DONE_WORDS.items()},
    "finding": "The finding is saved in the draft.",
    "parts": "The parts are findings of the draft, each with its share of the signal. Look at every one.",
    "removed": "The finding is removed from the draft.",
    "dismissed": "Dismissed with your reason. The verifier sees it.",
    "open_again": "The dismissal is taken back.",
    "nothing": "Saved: nothing was found.",
    "analysis": "The analysis is recorded.",
    "file": "The file is here and is being read.",
    "files": "The files are here and are being read.",
    "answer": "Thank you. The file is being read again.",
    "warnings": "Kept: you have looked at these warnings.",
    "again": "The files of this analysis are read and compared again, with the libraries and own standards of now.",
    "correction": "Kept. The file is being read again as you said.",
    "as_the_file_says": "Taken back. The file is being read again as it says itself.",
    "draft": "A new draft has begun, with a copy of the findings.",
}


class Words(TypedDict):
    """Words, choices and functions every part of the bench may use."""

    state_words: dict[State | None, str]
    action_words: dict[Action, str]
    verdict_words: dict[Verdict, str]
    outcome_words: dict[Outcome, str]
    grade_words: dict[Grade, str]
    abundance_words: dict[Abundance, str]
    confidence_words: dict[Confidence, str]
    role_words: dict[FindingRole, str]
    abundances: list[tuple[str, str]]
    confidences: list[tuple[str, str]]
    units: list[tuple[str, str]]
    bases: list[tuple[str, str]]
    dismiss_words: dict[DismissReason, str]
    dismiss_reasons: list[tuple[str, str]]
    change_reasons: list[tuple[str, str]]
    analysis_title: Callable[[readings.AnalysisView], str]
    files_of: Callable[[readings.AnalysisView], list[readings.FileView]]
    figure_words: Callable[..., object]
    assurance_sentence: Callable[[str], str]
    limit_percent: Callable[[float], str]
    Action: type[Action]
    Abundance: type[Abundance]
    Unit: type[Unit]
    Basis: type[Basis]
    Confidence: type[Confidence]
    NameState: type[NameState]
    State: type[State]


_WORDS: Words = {
    "state_words": words.STATE_WORDS,
    "action_words": words.ACTION_WORDS,
    "verdict_words": words.VERDICT_WORDS,
    "outcome_words": words.OUTCOME_WORDS,
    "grade_words": words.GRADE_WORDS,
    "abundance_words": words.ABUNDANCE_WORDS,
    "confidence_words": words.CONFIDENCE_WORDS,
    "role_words": words.ROLE_WORDS,
    "abundances": [(a.value, text) for a, text in words.ABUNDANCE_WORDS.items()],
    "confidences": [(c.value, text) for c, text in words.CONFIDENCE_WORDS.items()],
    "units": [(u.value, text) for u, text in words.UNIT_WORDS.items()],
    "bases": [(b.value, text) for b, text in words.BASIS_WORDS.items()],
    "dismiss_words": words.DISMISS_WORDS,
    "dismiss_reasons": [(r.value, text) for r, text in words.DISMISS_WORDS.items()],
    "change_reasons": [(c.value, text) for c, text in words.CHANGE_WORDS.items()],
    "analysis_title": analysis_title,
    "files_of": readings.files_of,
    "figure_words": readings.figure_words,
    "assurance_sentence": assurance_sentence,
    "limit_percent": limit_percent,
    "Action": Action,
    "Abundance": Abundance,
    "Unit": Unit,
    "Basis": Basis,
    "Confidence": Confidence,
    "NameState": NameState,
    "State": State,
}


_WITH_SPECTRUM = ("bench/sample.html", "bench/_spectrum.html")


def page(
    request: Request,
    rt: Runtime,
    who: Actor,
    sample_id: uuid.UUID,
    *,
    template: str = "bench/sample.html",
    reading_id: uuid.UUID | None = None,
    peak: int | None = None,
    compare: int = 0,
    done: str = "",
    error: MastError | None = None,
    where: str = "",
    typed: Entered | None = None,
) -> HTMLResponse:
    """The page of one sample, or with `template` a part of it. `where`: the form the error belongs to."""
    now = rt.now()
    with rt.read() as session:
        shown = bench(session, who, sample_id, now, rt.pack.substances, reading_id=reading_id, peak=peak)
        work = worklist(session, who, now, rt.pack.substances)
        todo = tasks.of_sample(session, who, sample_id)
    return rt.templates.page(
        request,
        template,
        status=status_of(error),
        b=shown,
        sample_id=sample_id,
        sample_tasks=todo,
        task_back="bench",
        x=_view(rt, who, shown.shown, compare) if template in _WITH_SPECTRUM else None,
        work=work,
        now=now,
        compare=compare,
        done=DONE.get(done, ""),
        error=error,
        where=where,
        fields=_fields(error, where),
        reasons=error.reasons if error else (),
        typed=typed or Entered(),
        empty_form=form_of,
        entered_form=form_of,
        typed_form=lambda values, line: form_of(line, values, rt.pack.substances),
        key=new_id(),
        methods=[m for m in methods().values() if m.active],
        targets=strip_targets(rt.pack.substances),
        file_words=readings.file_words(),
        takes_folders=readings.takes_folders(),
        upload_limit=rt.blobs.max_bytes,
        **_WORDS,
    )


def _view(rt: Runtime, who: Actor, shown: Shown | None, compare: int) -> SpectrumView:
    registry = lru_cache(maxsize=1)(
        lambda: rt.registry.of(who.agency_id)
    )  # of the agency, as it is now; not for every row
    return view_of(
        shown, lambda: _picture(rt, shown, registry(), compare), lambda candidate: void_now(candidate, registry())
    )


def _picture(rt: Runtime, shown: Shown | None, registry: LibraryRegistry, compare: int) -> Plot:
    """The plot with the entry that is drawn: the chosen one, else the best."""
    assert shown is not None
    peak = shown.peak.peak if shown.peak is not None else None
    store = readings.array_store(rt.blobs.root)
    return readings.plot_of(shown.reading, shown.answer, store, registry, compare or 1, peak)


def form_of(line: Line | None = None, typed: Entered | None = None, register: Register | None = None) -> Entered:
    """Values of the finding form: what was typed, else what is stored, else a fresh one."""
    if typed is not None and register is not None:
        form = FindingForm.model_validate(typed)
        chosen = [{"id": i, "label": samples.label_of(register, i)} for i in form.substance if i]
        free = [w for w in form.substance_words if w and not chosen]
        return Entered({**typed, "chosen": chosen, "free": free, "has_amount": bool(typed.get("amount_value"))})
    if line is None:
        fresh = {"chosen": (), "free": (), "analyses": (), "abundance": Abundance.PRESENT_UNQUANTIFIED.value}
        return Entered(fresh)
    entered, amount = line.entered, line.entered.amount
    key = entered.substance_id or entered.substance_class
    values = {
        "chosen": [{"id": key, "label": line.name}] if key else [],
        "free": [] if key else [entered.unknown_label],
        "keep_words": not key,
        "abundance": entered.abundance.value,
        "analyses": entered.analysis_ids,
        "has_amount": amount is not None,
        "amount_value": words.figure(amount.value) if amount else "",
        "amount_low": words.figure(amount.low) if amount and amount.low is not None else "",
        "amount_high": words.figure(amount.high) if amount and amount.high is not None else "",
        "coverage_k": words.figure(amount.k) if amount else "",
        "amount_unit": amount.unit.value if amount else "",
        "basis": amount.basis.value if amount else "",
        "below": entered.below,
        "confidence": entered.confidence.value if entered.confidence else "",
        "confidence_reason": entered.confidence_reason,
        "cannot_tell_from": entered.cannot_tell_from,
        "retention_compared": entered.retention_ids,
    }
    return Entered(values)


def _fields(error: MastError | None, where: str) -> Entered:
    """Field id → sentence. Of `findings.2.amount_low` the form of that finding shows the last part."""
    prefix = f"{where}-" if where else ""
    return Entered({prefix + name.rsplit(".", 1)[-1]: text for name, text in fields_of(error).items()})


def back(sample_id: uuid.UUID, *, done: str = "", reading: uuid.UUID | None = None) -> RedirectResponse:
    """To the page of the sample, saying what was done."""
    query = "&".join(part for part in (f"reading={reading}" if reading else "", f"done={done}" if done else "") if part)
    return RedirectResponse(f"/bench/samples/{sample_id}" + (f"?{query}" if query else ""), 303)


def again(
    request: Request,
    rt: Runtime,
    who: Actor,
    sample_id: uuid.UUID,
    error: MastError,
    *,
    where: str = "",
    typed: BaseModel | Entered | None = None,
) -> HTMLResponse:
    """The page once more with what went wrong; a sample that is not there stays not there."""
    if isinstance(error, NotFound):
        raise error
    entered = Entered(typed.model_dump(mode="json")) if isinstance(typed, BaseModel) else typed
    return page(request, rt, who, sample_id, error=error, where=where, typed=entered)
