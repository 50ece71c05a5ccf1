"""Pages of the bench for reading: the worklist, one sample, and the parts of it that change live; and the page of a sample again,
with what was typed and what is wrong with it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel

from app.intake.samples import substances
from app.intake.tasks import service as tasks
from app.laboratory.identification.domain import methods
from app.laboratory.identification.in_house import void_now
from app.laboratory.incoming import service as incoming
from app.laboratory.instrument_checks import service as instrument_checks
from app.laboratory.readings import analyses, arrays, figures, plots
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import MastError, NotFound
from app.platform.kernel.ids import new_id
from app.platform.plots import Plot
from app.platform.security.policy import allow
from app.platform.web.forms import Entered, fields_of, shown_again
from app.results import words
from app.results.bench import Line, Shown, analysis_title, bench, strip_targets, worklist
from app.results.domain import Action, NameState, State
from app.runtime import RuntimeDep
from app.screens.bench.forms import FindingForm
from app.screens.bench.spectrum_view import SpectrumView, view_of
from app.screens.visits import Visit, visitor
from harm_messages.register import Register
from harm_messages.vocabulary import Abundance
from instruments import Format, assurance_sentence, formats
from spectra.infrared.sentences import limit_percent

router = APIRouter(include_in_schema=False)

STAFF = (Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)
Staff = Annotated[Visit, visitor(*STAFF)]
Peak = Annotated[int | None, Query(ge=0, le=100_000)]
Compare = Annotated[int, Query(ge=0, le=200)]
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
    "reread": "The file is being read again.",
    "warnings": "Kept: you have looked at these warnings.",
    "again": "The files of this analysis are read and compared again, with the libraries and own standards of now.",
    "correction": "Kept. The file is being read again as you said.",
    "as_the_file_says": "Taken back. The file is being read again as it says itself.",
    "draft": "A new draft has begun, with a copy of the findings.",
}


_WITH_SPECTRUM = ("bench/sample.html", "bench/_spectrum.html")


@dataclass(frozen=True, slots=True)
class SampleVisit(Visit):
    """A request about one sample at the bench."""

    sample_id: uuid.UUID

    def shown_again(self, *, where: str = "", typed: BaseModel | Entered | None = None) -> AbstractContextManager[None]:
        """Where what is inside is refused, the page once more with why, and with what was `typed` into the form `where`.

        What is not there stays not there.
        """

        def again(error: MastError) -> HTMLResponse:
            entered = Entered(typed.model_dump(mode="json")) if isinstance(typed, BaseModel) else typed
            return page(self, error=error, where=where, typed=entered)

        return shown_again(again, but=NotFound)

    def back(self, done: str = "", *, reading: uuid.UUID | None = None) -> RedirectResponse:
        """To the page of the sample, saying what was done."""
        parts = (f"reading={reading}" if reading else "", f"done={done}" if done else "")
        query = "&".join(part for part in parts if part)
        return RedirectResponse(f"/bench/samples/{self.sample_id}" + (f"?{query}" if query else ""), 303)


def at_bench(*roles: Role) -> object:
    """Dependency: the request about a sample, if it comes from somebody with one of `roles`."""
    policy = allow(*roles)

    def at(request: Request, rt: RuntimeDep, sample_id: uuid.UUID, who: Actor = policy) -> SampleVisit:
        return SampleVisit(request, rt, who, sample_id)

    return Depends(at)


AtSample = Annotated[SampleVisit, at_bench(*STAFF)]


@router.get("/bench")
def bench_page(visit: Staff) -> HTMLResponse:
    """What is to be done: the samples of the open sessions."""
    return _list(visit, "bench/worklist.html")


@router.get("/bench/worklist")
def worklist_part(visit: Staff) -> HTMLResponse:
    """The live part of the same."""
    return _list(visit, "bench/_worklist_table.html")


def _list(visit: Visit, template: str) -> HTMLResponse:
    rt, who, now = visit.rt, visit.who, visit.rt.now()
    with rt.read() as session:
        work = worklist(session, who, now, rt.pack.substances)
        files = incoming.counts(session, who)[incoming.IncomingState.WAITING]
        checks = instrument_checks.open_tasks(session, who)
    return visit.page(template, work=work, files=files, State=State, now=now, instrument_tasks=checks)


@router.get("/bench/samples/{sample_id}")
def sample_page(
    at: AtSample,
    reading: uuid.UUID | None = None,
    peak: Peak = None,
    compare: Compare = 0,
    done: Annotated[str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """Spectrum and findings of one sample. No ticket anywhere."""
    return page(at, reading_id=reading, peak=peak, compare=compare, done=done)


@router.get("/bench/samples/{sample_id}/worklist")
def sample_worklist_part(at: AtSample) -> HTMLResponse:
    """The narrow worklist beside a sample."""
    return page(at, template="bench/_worklist.html")


@router.get("/bench/samples/{sample_id}/files")
def files_part(at: AtSample) -> HTMLResponse:
    """Analyses and what became of their files."""
    return page(at, template="bench/_files.html")


@router.get("/bench/samples/{sample_id}/spectrum")
def spectrum_part(
    at: AtSample, reading: uuid.UUID | None = None, peak: Peak = None, compare: Compare = 0
) -> HTMLResponse:
    """The middle of the page: analyses, the reading, its candidates."""
    return page(at, template="bench/_spectrum.html", reading_id=reading, peak=peak, compare=compare)


@router.get("/bench/samples/{sample_id}/findings")
def findings_part(at: AtSample) -> HTMLResponse:
    """The right of the page: findings and what may be done with them."""
    return page(at, template="bench/_findings.html")


def page(
    at: SampleVisit,
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
    rt, who, now = at.rt, at.who, at.rt.now()
    with rt.read() as session:
        shown = bench(session, who, at.sample_id, now, rt.pack.substances, reading_id=reading_id, peak=peak)
        work = worklist(session, who, now, rt.pack.substances)
        todo = tasks.of_sample(session, who, at.sample_id)
    return at.page(
        template,
        b=shown,
        sample_id=at.sample_id,
        sample_tasks=todo,
        task_back="bench",
        x=_view(at, shown.shown, compare) if template in _WITH_SPECTRUM else None,
        work=work,
        now=now,
        compare=compare,
        done=DONE.get(done, ""),
        error=error,
        where=where,
        fields=_fields(error, where),
        reasons=error.reasons if error else (),
        typed=typed or Entered(),
        entered_form=form_of,
        typed_form=lambda values, line: form_of(line, values, rt.pack.substances),
        key=new_id(),
        methods=[m for m in methods().values() if m.active],
        targets=strip_targets(rt.pack.substances),
        file_words=file_words(),
        takes_folders=takes_folders(),
        upload_limit=rt.blobs.max_bytes,
        words=words,
        analysis_title=analysis_title,
        files_of=analyses.files_of,
        figure_words=figures.shown,
        assurance_sentence=assurance_sentence,
        limit_percent=limit_percent,
        Action=Action,
        NameState=NameState,
        State=State,
    )


def _view(at: SampleVisit, shown: Shown | None, compare: int) -> SpectrumView:
    # of the agency, as it is now; not for every row
    registry = lru_cache(maxsize=1)(lambda: at.rt.registry.of(at.who.agency_id))

    def picture() -> Plot:
        """The plot with the entry that is drawn: the chosen one, else the best."""
        assert shown is not None
        peak = shown.peak.peak if shown.peak is not None else None
        store = arrays.array_store(at.rt.blobs.root)
        return plots.plot_of(shown.reading, shown.answer, store, registry(), compare or 1, peak)

    return view_of(shown, picture, lambda candidate: void_now(candidate, registry()))


def form_of(line: Line | None = None, typed: Entered | None = None, register: Register | None = None) -> Entered:
    """Values of the finding form: what was typed, else what is stored, else a fresh one."""
    if typed is not None and register is not None:
        form = FindingForm.model_validate(typed)
        chosen = [{"id": i, "label": substances.label_of(register, i)} for i in form.substance if i]
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


_FAMILIES: tuple[tuple[str, frozenset[str]], ...] = (
    ("Infrared, Raman, UV", frozenset({"IR", "Raman", "UV"})),
    ("Mass spectra and runs", frozenset({"MS", "GC-MS", "LC-MS"})),
    ("Chromatograms", frozenset({"GC", "LC", "chromatography"})),
)
_TABLES = "text"
_SHORT = re.compile(r".*\(([A-Z]{2,6})\)$")
_DROPPED = re.compile(
    r"^(an?|the)\s+|\s*\(\.[^)]*\)$|\s+(files?|folders?|spectrum|spectral group|chromatogram|records?|library|run|series)$"
)


def file_words() -> tuple[str, ...]:
    """Which files can be read here: one sentence per family of instruments, then tables, then vendor folders if there are any.

    From the readers that are registered, so that no screen promises more.
    """
    return _words(formats())


def takes_folders() -> bool:
    """Whether any vendor's folder can be read."""
    return any(f.sniff_folder is not None and (f.extra is None or f.extra.installed) for f in formats())


@lru_cache(maxsize=4)
def _words(known: tuple[Format, ...]) -> tuple[str, ...]:
    usable = [f for f in known if f.extra is None or f.extra.installed]
    out = []
    for family, techniques in _FAMILIES:
        if names := _names(f for f in usable if f.name != _TABLES and f.techniques & techniques):
            out.append(f"{family}: {', '.join(names)}.")
    if any(f.name == _TABLES for f in usable):
        out.append("Tables of any of them: CSV, TXT.")
    if folders := _names(f for f in usable if f.sniff_folder is not None):
        out.append(f"Vendor folders as one zip each: {', '.join(folders)}.")
    return tuple(out)


def _names(some: Iterable[Format]) -> list[str]:
    """Titles as words of a list: without article, without ending."""
    found = []
    for known in some:
        name = _SHORT.sub(r"\1", known.title)
        while (shorter := _DROPPED.sub("", name)) != name:
            name = shorter
        found.append(name)
    return sorted(dict.fromkeys(found), key=str.lower)
