"""Pages of the health worker's consultation. They call the same use cases as the API."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from app.care.consultations import service, web
from app.care.consultations.client_view import client_view
from app.care.consultations.domain import Intention, Referral, Tick
from app.care.consultations.result_queue import Turn, result_queue
from app.care.consultations.schemas import LONGEST_TALK
from app.care.consultations.words import ENGLISH
from app.intake.samples import lookup
from app.intake.sessions import service as sessions
from app.intake.tasks import service as tasks
from app.platform.kernel.errors import Invalid, MastError, NotFound
from app.platform.kernel.ids import new_id
from app.platform.web.forms import fields_of
from app.screens.consultation.adjusting_page import Teller, adjusting_of
from app.screens.consultation.view import AT_HAND, MINUTES, PLANS, Choice, seen_line
from app.screens.visits import Visit
from harm_messages import Pack, Severity
from harm_messages.content import CoUse

router = APIRouter(include_in_schema=False)
LARGEST_GROUP = 20


@dataclass(frozen=True, slots=True)
class Mixing:
    """One row of the table: what someone takes or what is true of them, and what must not meet it."""

    plain: str
    grave: tuple[str, ...]
    serious: tuple[str, ...]


def short_list(pack: Pack, kind: str) -> list[Choice]:
    """The pack's short list: of what people take (`taken`), which stands open, or of what a person may say about themselves
    (`about_you`): pregnancy, an illness, a habit. Never an age."""
    return [Choice(one.id, one.label, " ".join(one.aliases)) for one in pack.co_use.values() if one.kind == kind]


def to_find(pack: Pack) -> list[Choice]:
    """The register's drugs and medicines by name; not cuts and by-products, which nobody says they take, nor what the
    short list has already."""
    tapped = {word.casefold() for one in pack.co_use.values() for word in (one.id, one.label, *one.aliases)}
    paired = {one for group in pack.groups.values() for one in group.substances}
    rows = [s for s in pack.substances if s.psychoactive or s.id in paired or s.drug_class.startswith("medicine")]
    rows.sort(key=lambda s: s.name.casefold())
    return [Choice(s.id, s.name, " ".join(s.aliases)) for s in rows if s.name.casefold() not in tapped]


def known(pack: Pack, said: Iterable[str]) -> tuple[str, ...]:
    """Of what came back, what this pack knows, each once; the rest is dropped without a word anywhere."""
    return tuple(dict.fromkeys(one for one in said if one in pack.co_use or one in pack.substances))


def labels(pack: Pack, also: Iterable[str], kind: str = "taken") -> list[str]:
    """The names of those of this kind, for the screen of the person who asked."""
    known = [pack.co_use.get(one) or CoUse(id=one, label=pack.substances[one].name) for one in also]
    return [one.label for one in known if one.kind == kind]


def mixing_table(pack: Pack) -> list[Mixing]:
    """Every side of a dangerous pair of the pack by its plain name, with the sides that must not meet it."""
    sides: dict[str, dict[str, Severity]] = {}
    for pair in pack.pairs:
        for one, other in ((pair.a, pair.b), (pair.b, pair.a)):
            met, plain = sides.setdefault(pack.groups[one].plain, {}), pack.groups[other].plain
            met[plain] = min(pair.severity, met.get(plain, pair.severity), key=lambda s: s.rank)
    return [
        Mixing(
            plain,
            tuple(sorted((p for p, s in met.items() if s.rank <= Severity.S1.rank), key=str.casefold)),
            tuple(sorted((p for p, s in met.items() if s.rank > Severity.S1.rank), key=str.casefold)),
        )
        for plain, met in sorted(sides.items(), key=lambda row: row[0].casefold())
    ]


class ConsultationForm(BaseModel):
    """What is ticked and typed about a consultation."""

    intention: list[Intention] = []
    minutes: Annotated[str, Field(max_length=4)] = ""
    naloxone: Annotated[str, Field(max_length=3)] = ""
    referral: Referral | Literal[""] = ""
    person: Annotated[int, Field(ge=1, le=LARGEST_GROUP)] = 1
    dependent_adult: Annotated[str, Field(max_length=3)] = ""
    idempotency_key: Annotated[str, Field(max_length=60)] = ""


@router.get("/consultations")
def consultations_page(visit: Teller) -> HTMLResponse:
    """Results that nobody was told come first, the dangerous ones marked; then those still waiting."""
    return _list(visit, "consultation/list.html")


@router.get("/consultations/queue")
def consultations_queue(visit: Teller) -> HTMLResponse:
    """The live part of the list."""
    return _list(visit, "consultation/queue.html")


def _list(visit: Visit, template: str) -> HTMLResponse:
    rt, who, now = visit.rt, visit.who, visit.rt.now()
    with rt.read() as session:
        found = sessions.sessions_of(session, who, open_only=True)
        open_sessions = [s for s in found if s.licence_mode.individual_results]  # elsewhere there is nobody to tell
        pack = rt.packs.current(session, who.agency_id, now)
        every = result_queue(session, who, open_sessions, pack, now)
    return visit.page(
        template,
        sessions=open_sessions,
        ready=[one for one in every if one.turn in (Turn.NEVER_TOLD, Turn.CHANGED)],
        told=[one for one in every if one.turn is Turn.TOLD],
        waiting=[one for one in every if one.turn is Turn.WAITING],
        Turn=Turn,
        now=now,
    )


@router.get("/consultations/samples/{sample_id}")
def consultation_page(
    visit: Teller, sample_id: uuid.UUID, person: Annotated[int, Query(ge=1, le=LARGEST_GROUP)] = 1
) -> HTMLResponse:
    """The client's page with what staff may do beside it. `person`: of the group, who is talked to next."""
    return _page(visit, sample_id, form=ConsultationForm(person=person))


@router.get("/consultations/samples/{sample_id}/part")
def consultation_part(visit: Teller, sample_id: uuid.UUID) -> HTMLResponse:
    """The client's page alone, refreshed live."""
    rt, who, now = visit.rt, visit.who, visit.rt.now()
    with rt.read() as session:
        sample = lookup.get_sample(session, who, sample_id)
        pack = rt.packs.current(session, sample.agency_id, now)
        view = client_view(session, pack, sample, now, locale=web.asked_for(visit.request, rt) or "en")
        todo = tasks.of_sample(session, who, sample_id)
        saw = service.client_saw(session, sample, view, pack)
    return visit.page(
        "consultation/part.html",
        view=view,
        seen=seen_line(saw, view),
        sample=sample,
        sample_tasks=todo,
        said_in=_said_in(visit),
        now=now,
    )


def _said_in(visit: Visit) -> str:
    """The end of an address that keeps the language the client's page is shown in; nothing where it is English."""
    locale = web.asked_for(visit.request, visit.rt)
    return f"?{web.ASKED}={locale}" if locale else ""


@router.post("/consultations/samples/{sample_id}/with")
def consultation_with(
    visit: Teller, sample_id: uuid.UUID, also: Annotated[list[str] | None, Form()] = None
) -> HTMLResponse:
    """The client's page alone, with what the person says they also take: made from memory, written nowhere, not in the
    address, and no page of its own, so that no browser's history holds what was sent."""
    rt, who = visit.rt, visit.who
    named = known(rt.pack_of(who.agency_id), also or ())
    dropped = not set(also or ()) <= set(named)
    sample, view = web.view_for_staff(rt, visit.request, who, sample_id, named)
    with rt.read() as session:
        pack = rt.packs.current(session, sample.agency_id, rt.now())
        todo = tasks.of_sample(session, who, sample_id)
        saw = service.client_saw(session, sample, view, pack)
    return visit.page(
        "consultation/with.html" if named or dropped else "consultation/part.html",
        view=view,
        seen=seen_line(saw, view),
        sample=sample,
        sample_tasks=todo,
        said_in=_said_in(visit),
        taken=labels(pack, named, "taken"),
        about=labels(pack, named, "about_you"),
        dropped=dropped,
        now=rt.now(),
    )


def _page(
    visit: Visit, sample_id: uuid.UUID, *, error: MastError | None = None, form: ConsultationForm | None = None
) -> HTMLResponse:
    rt, who = visit.rt, visit.who
    sample, view = web.view_for_staff(rt, visit.request, who, sample_id)
    with rt.read() as session:
        checking = sessions.get_session(session, who, sample.session_id)
        past = service.consultations_of(session, who, sample_id)
        todo = tasks.of_sample(session, who, sample_id)
        pack = rt.packs.current(session, sample.agency_id, rt.now())
        saw = service.client_saw(session, sample, view, pack)
    return visit.page(
        "consultation/sample.html",
        sample=sample,
        checking=checking,
        view=view,
        seen=seen_line(saw, view),
        said_in=_said_in(visit),
        languages=web.choices(rt, f"/consultations/samples/{sample_id}", view.locale),
        language=view.words.name,
        w=ENGLISH,
        past=past,
        to_tap=short_list(pack, "taken")[:AT_HAND],
        to_tap_too=short_list(pack, "taken")[AT_HAND:],
        about_them=short_list(pack, "about_you"),
        mixing=mixing_table(pack),
        to_find=to_find(pack),
        plans=PLANS,
        lengths=MINUTES,
        people=sample.group_size or 1,
        referrals=list(Referral),
        error=error,
        fields=fields_of(error),
        values=form or ConsultationForm(),
        idempotency_key=str(new_id()),
        now=rt.now(),
        sample_id=sample_id,
        sample_tasks=todo,
        task_back="consultation",
        **adjusting_of(rt, who, sample, view),
    )


@router.post("/consultations/samples/{sample_id}")
def record(visit: Teller, sample_id: uuid.UUID, form: Annotated[ConsultationForm, Form()]) -> Response:
    """Record what the person intends; sent twice, it is recorded once."""
    with visit.work(lambda error: _page(visit, sample_id, error=error, form=form), but=NotFound) as uow:
        minutes = _minutes(form.minutes)
        sample = lookup.lock_sample(uow, sample_id)  # pressed twice at once: the second finds that it is done
        people = sample.group_size or 1

        def create() -> uuid.UUID:
            recorded = service.record_consultation(
                uow,
                sample_id,
                [Tick(i, person_index=form.person) for i in form.intention],
                minutes=minutes,
                naloxone_given={"yes": True, "no": False}.get(form.naloxone),
                referral=form.referral or None,
                dependent_adult_confirmed=form.dependent_adult == "yes",
            )
            return recorded.row.id

        visit.sent_once(form.idempotency_key).run(uow, create)
    said_in = _said_in(visit).replace("?", "&")
    following = f"&person={form.person + 1}" if form.person < people else ""
    return RedirectResponse(f"/consultations/samples/{sample_id}?recorded={form.person}{following}{said_in}", 303)


def _minutes(typed: str) -> int | None:
    text = typed.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or int(text) > LONGEST_TALK:
        raise Invalid(
            f"Minutes are a whole number up to {LONGEST_TALK}, such as 12. Nothing was recorded.",
            fields={"minutes": "not a whole number of minutes"},
        )
    return int(text)
