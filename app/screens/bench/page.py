"""Pages of the bench for reading: the worklist, one sample, and the parts of it that change live; and the page of a sample again,
with what was typed and what is wrong with it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, TypedDict

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel
from sqlmodel import Session

from app.care.consultations.client_view import headline_once_released
from app.intake.samples import photos, substances
from app.intake.tasks import service as tasks
from app.laboratory.identification.domain import methods
from app.laboratory.identification.in_house import void_now
from app.laboratory.identification.parts import whole_percent
from app.laboratory.incoming import service as incoming
from app.laboratory.instrument_checks import service as instrument_checks
from app.laboratory.readings import analyses, arrays, figures, plots
from app.laboratory.readings.plot_range import PlotContent
from app.laboratory.readings.strip_targets import strip_targets
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import MastError, NotFound
from app.platform.kernel.ids import new_id
from app.platform.plots import Plot
from app.platform.security.policy import allow
from app.platform.web.forms import Entered, fields_of, shown_again
from app.results import edits, presence, words
from app.results.bench import Bench, Shown, Worklist, analysis_title, bench, worklist
from app.results.domain import Action, NameState, State
from app.results.review import name_of
from app.results.whole import offers_of_whole
from app.runtime import RuntimeDep
from app.screens.bench.ahead_page import AHEAD
from app.screens.bench.bar import Undo, bar_of, undo_of
from app.screens.bench.choosing import choice_of
from app.screens.bench.file_words import file_words, takes_folders
from app.screens.bench.forms import entered_form, typed_form
from app.screens.bench.look import PLAIN, Look, Looked, Part, Tab, keep_tab
from app.screens.bench.spectrum_view import SpectrumView, named_here, view_of
from app.screens.bench.viewer import Viewer, viewer_of
from app.screens.visits import Visit, visitor
from harm_messages.register import Register
from instruments import assurance_sentence

router = APIRouter(include_in_schema=False)

STAFF = (Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)
Staff = Annotated[Visit, visitor(*STAFF)]
Since = Annotated[int | None, Query(ge=0, lt=2**31)]
DONE: dict[str, str] = {
    **{action.value: text for action, text in words.DONE_WORDS.items()},
    "finding": "Finding added.",
    "whole": "Added from the answer of the whole sample, each with the methods that show it.",
    "replied": "Answer saved. The verifier sees it.",
    "parts": "Components added with their share of the signal. Check each one.",
    "removed": "Finding removed.",
    "dismissed": "Dismissed. The verifier sees your reason.",
    "open_again": "Dismissal removed.",
    "nothing": "Recorded “nothing detected”.",
    "analysis": "Analysis recorded.",
    "left_out": "Left out. The answer for the sample is worked out without it.",
    "counts": "Counts again. The answer for the sample is worked out with it.",
    "file": "File received. It is being read.",
    "files": "Files received. They are being read.",
    "answer": "Importing the file with these settings.",
    "reread": "The file is being read again.",
    "warnings": "Saved that you have checked these warnings.",
    "again": "Searching again with today’s libraries and in-house standards.",
    "correction": "Saved. Importing the file with these settings.",
    "as_the_file_says": "Correction removed. Settings are detected from the file.",
    "draft": "New draft started with a copy of the findings.",
    "undone": "Submission recalled. The findings are yours to edit again.",
}


_WITH_SPECTRUM = ("bench/sample.html", "bench/_spectrum.html", "bench/_below.html", "bench/_panel.html")
_PART_OF_FORM = {"strip": Part.STRIPS, "reagent": Part.STRIPS, "analysis": Part.STRIPS}


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

    def back(
        self,
        done: str = "",
        *,
        reading: uuid.UUID | None = None,
        peak: int | None = None,
        part: Part | None = None,
        at: uuid.UUID | None = None,
        submitted: uuid.UUID | None = None,
        since: int | None = None,
    ) -> RedirectResponse:
        """To the page of the sample, or of the sample `at`, saying what was done, and what others changed `since` a version of the draft."""
        asked = {"reading": reading, "peak": peak, "part": part, "submitted": submitted, "done": done, "since": since}
        query = "&".join(f"{name}={value}" for name, value in asked.items() if value)
        return RedirectResponse(f"/bench/samples/{at or self.sample_id}" + (f"?{query}" if query else ""), 303)


def at_bench(*roles: Role) -> object:
    """Dependency: the request about a sample, if it comes from someone with one of `roles`."""
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
    at: AtSample, look: Looked, done: Annotated[str, Query(max_length=20)] = "", since: Since = None
) -> HTMLResponse:
    """Spectrum and findings of one sample. No ticket anywhere."""
    answer = page(at, look=look, done=done, since=since)
    answer.headers.update(AHEAD)
    return _kept(at, look, answer)


@router.get("/bench/samples/{sample_id}/worklist")
def sample_worklist_part(at: AtSample) -> HTMLResponse:
    """The narrow worklist beside a sample."""
    return page(at, template="bench/_worklist.html")


@router.get("/bench/samples/{sample_id}/readings")
def readings_part(at: AtSample, look: Looked) -> HTMLResponse:
    """The tabs above the spectrum: one for each reading, then strips and files."""
    return page(at, template="bench/_readings.html", look=look)


@router.get("/bench/samples/{sample_id}/files")
def files_part(at: AtSample) -> HTMLResponse:
    """Analyses and what became of their files."""
    return page(at, template="bench/_files.html")


@router.get("/bench/samples/{sample_id}/spectrum")
def spectrum_part(at: AtSample, look: Looked) -> HTMLResponse:
    """The middle of the page: the reading, its picture, and the tab below it."""
    return page(at, template="bench/_spectrum.html", look=look)


@router.get("/bench/samples/{sample_id}/below")
def below_part(at: AtSample, look: Looked) -> HTMLResponse:
    """What stands below the picture: of a run the spectrum of the chosen peak, then the tabs."""
    return page(at, template="bench/_below.html", look=look)


@router.get("/bench/samples/{sample_id}/panel")
def panel_part(at: AtSample, look: Looked) -> HTMLResponse:
    """The tabs below the picture, with the one that is open."""
    return _kept(at, look, page(at, template="bench/_panel.html", look=look))


@router.get("/bench/samples/{sample_id}/findings")
def findings_part(at: AtSample, look: Looked, since: Since = None) -> HTMLResponse:
    """The right of the page: findings and what they still need."""
    return page(at, template="bench/_findings.html", look=look, since=since)


@router.get("/bench/samples/{sample_id}/bar")
def bar_part(at: AtSample, look: Looked) -> HTMLResponse:
    """The action bar."""
    return page(at, template="bench/_bar.html", look=look)


def _kept(at: SampleVisit, look: Look, answer: HTMLResponse) -> HTMLResponse:
    keep_tab(answer, at.request, at.rt, look)
    return answer


def page(
    at: SampleVisit,
    *,
    template: str = "bench/sample.html",
    look: Look = PLAIN,
    done: str = "",
    error: MastError | None = None,
    where: str = "",
    typed: Entered | None = None,
    since: int | None = None,
) -> HTMLResponse:
    """The page of one sample, or with `template` a part of it. `where`: the form the error belongs to."""
    register = at.rt.pack.substances
    asks_release = Action.RELEASE.value in (look.ask, where)
    read = _read(at, template, look, since, asks_release=asks_release)
    shown, spectrum = read["b"], template in _WITH_SPECTRUM
    return at.page(
        template,
        **read,
        sample_id=at.sample_id,
        task_back="bench",
        x=_view(at, shown.shown, look.compare) if spectrum else None,
        w=shown.whole,
        together=_together(shown),
        here=named_here(shown),
        bar=bar_of(shown, at.who),
        asks_release=asks_release,
        look=look,
        part=_part(shown, look, where, error),
        tab=Tab.FILE if where.startswith("correct-") else look.tab or _tab(shown),
        Tab=Tab,
        since=since,
        choice=choice_of(error, register),
        now=at.rt.now(),
        done=DONE.get(done, ""),
        error=error,
        where=where,
        fields=_fields(error, where),
        typed=typed or Entered(),
        entered_form=entered_form,
        typed_form=lambda values: typed_form(values, register),
        key=new_id(),
        methods=[m for m in methods().values() if m.active],
        targets=_strips(register, read["last_strips"]),
        no_strip=analyses.LastStrip(),
        file_words=file_words(),
        takes_folders=takes_folders(),
        upload_limit=at.rt.blobs.max_bytes,
        words=words,
        analysis_title=analysis_title,
        files_of=analyses.files_of,
        figure_words=figures.shown,
        assurance_sentence=assurance_sentence,
        whole_percent=whole_percent,
        Action=Action,
        NameState=NameState,
        State=State,
    )


class _Read(TypedDict):
    """What the page takes from the database, by the names its templates know."""

    b: Bench
    work: Worklist
    sample_tasks: list[tasks.TaskView]
    undo: Undo | None
    last_strips: dict[str, analyses.LastStrip]
    headline: str
    merged: list[str]
    colleague: bool
    viewer: Viewer
    has_photo: bool


def _read(at: SampleVisit, template: str, look: Look, since: int | None, *, asks_release: bool) -> _Read:
    rt, who, now, register = at.rt, at.who, at.rt.now(), at.rt.pack.substances
    with rt.read() as session:
        shown = bench(session, who, at.sample_id, now, register, reading_id=look.reading, peak=look.peak)
        work = worklist(session, who, now, register)
        return {
            "b": shown,
            "work": work,
            "sample_tasks": tasks.of_sample(session, who, at.sample_id),
            "undo": undo_of(session, who, look.submitted),
            "last_strips": analyses.last_strips(session, who),
            "headline": _headline(at, session, shown) if asks_release else "",
            "merged": _by_others(session, who, shown, since, register),
            "colleague": presence.colleague_here(session, who, at.sample_id, now),
            "viewer": viewer_of(session, rt, who, shown, look, work) if template in _WITH_SPECTRUM else Viewer(),
            "has_photo": photos.photo_of(session, at.sample_id) is not None,
        }


def _strips(register: Register, used: Iterable[str]) -> list[tuple[str, str]]:
    """What strips exist for, and what else someone has used one for."""
    known = dict(strip_targets(register))
    return [*known.items(), *((one, substances.label_of(register, one)) for one in used if one not in known)]


def _part(shown: Bench, look: Look, where: str, error: MastError | None) -> Part:
    """What the middle holds: what was asked for, the form that was refused, the newest spectrum, else the place for files."""
    if error is not None and ("upload" in error.fields or where.startswith("ask-")):
        return Part.FILES
    if where in _PART_OF_FORM:
        return _PART_OF_FORM[where]
    if look.part is not None:
        return look.part
    return Part.SPECTRUM if shown.shown is not None else Part.FILES


def _together(shown: Bench) -> int:
    """How many parts “Add all” takes from the answer of the whole sample; 0 where one method alone speaks, or nothing is new."""
    whole = shown.whole
    if whole is None or whole.stale or not whole.answer.several:
        return 0
    dismissed = {one.key for one in shown.named if one.state is NameState.DISMISSED}
    offers = [one for one in offers_of_whole(whole.answer) if one[0].key not in dismissed]
    new = any(str(analysis_id) not in shown.used for _, analysis_id in offers)
    return len({offer.key for offer, _ in offers}) if new else 0


def _tab(shown: Bench) -> Tab:
    """What opens first: what all methods say together, where there are several."""
    return Tab.SAMPLE if shown.whole is not None and shown.whole.answer.several else Tab.MATCHES


def _headline(at: SampleVisit, session: Session, shown: Bench) -> str:
    if shown.view is None or shown.state is not State.VERIFIED:
        return ""
    return headline_once_released(session, at.rt.pack, shown.sample, shown.view, at.rt.now())


def _by_others(session: Session, who: Actor, shown: Bench, since: int | None, register: Register) -> list[str]:
    """What others changed in the draft since a version someone had seen."""
    if since is None or shown.view is None:
        return []
    return edits.by_others(session, shown.view.result, since, who.person_id, lambda f: name_of(register, f))


def _view(at: SampleVisit, shown: Shown | None, compare: int) -> SpectrumView:
    # of the agency, as it is now; not for every row
    registry = lru_cache(maxsize=1)(lambda: at.rt.registry.of(at.who.agency_id))

    def picture() -> Plot:
        """The plot with the entry that is drawn: the chosen one, else the best."""
        assert shown is not None
        peak = shown.peak.peak if shown.peak is not None else None
        store = arrays.array_store(at.rt.blobs.root)
        return plots.plot_of(shown.reading, shown.answer, store, registry(), PlotContent(compare or 1, peak))

    return view_of(shown, picture, lambda candidate: void_now(candidate, registry()))


def _fields(error: MastError | None, where: str) -> Entered:
    """Field id → sentence. Of `findings.2.amount_low` the form of that finding shows the last part."""
    prefix = f"{where}-" if where else ""
    return Entered({prefix + name.rsplit(".", 1)[-1]: text for name, text in fields_of(error).items()})
