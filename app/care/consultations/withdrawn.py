"""Warnings and urgent messages that stood on the page of a sample and were withdrawn since: a page says so, because one that only
vanishes looks like an all-clear to anyone who read it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from babel.lists import format_list
from pydantic import BaseModel
from sqlmodel import Session

from app.care.alerts import service as alerts
from app.care.consultations import repository
from app.care.consultations.facts import label_of
from app.intake.samples import service as samples
from app.intake.sessions import service as sessions
from harm_messages import Context, Facts, Pack
from harm_messages.derived import derive


@dataclass(frozen=True, slots=True)
class WithdrawnWarning:
    """`about`: what it warned of, in the language of the page; empty where it was about how a sample looks. `message`: the title
    of the urgent message that it was, where it was one."""

    about: str
    at: datetime
    message: str = ""


class _Named(BaseModel):
    id: str


class _Facts(BaseModel):
    alerts: tuple[_Named, ...] = ()


class _Adjustments(BaseModel):
    urgent: tuple[str, ...] = ()


class _Shown(BaseModel):
    """What the display log keeps of the alerts and urgent messages on a page."""

    facts: _Facts = _Facts()
    adjustments: _Adjustments = _Adjustments()


def withdrawn_from(
    session: Session,
    sample: samples.Sample,
    checking: sessions.CheckingSession,
    pack: Pack,
    facts: Facts,
    context: Context,
    since: datetime,
    locale: str,
) -> tuple[WithdrawnWarning, ...]:
    """What this page warned of since then and warns of no more, the newest first. Not what another alert still says."""
    over = alerts.withdrawn_since(session, checking, since)
    if not over:
        return ()
    stood = {one.id for page in _pages(session, sample) for one in page.facts.alerts}
    fits = derive(pack, facts.model_copy(update={"alerts": tuple(one for one, _ in over)}), context).alerts
    still = {(one.substances, one.classes) for one in facts.alerts}
    return tuple(
        WithdrawnWarning(format_list([label_of(pack, name, locale) for name in (*one.substances, *one.classes)], locale=locale), at)
        for one, at in over
        if one.id in stood and one in fits and (one.substances, one.classes) not in still
    )  # fmt: skip


def stopped_on(
    session: Session,
    sample: samples.Sample,
    checking: sessions.CheckingSession,
    pack: Pack,
    urgent: Collection[str],
    since: datetime,
    locale: str,
) -> tuple[WithdrawnWarning, ...]:
    """Urgent messages that this page showed and that were stopped since then, the last one first; not what is among the `urgent`
    ones that it shows now, because it was asked for again."""
    region = sessions.site_of(session, checking).region
    rows = repository.urgents_stopped(session, checking.agency_id, checking.id, region, since)
    over = {row.snippet: row.stopped_at for row in reversed(rows) if row.stopped_at and row.snippet not in urgent}
    if not over:
        return ()
    stood = {one for page in _pages(session, sample) for one in page.adjustments.urgent}
    told = [(_title(pack, snippet, locale), at) for snippet, at in over.items() if snippet in stood]
    return tuple(WithdrawnWarning("", at, title) for title, at in sorted(told, key=lambda one: one[1], reverse=True))


def _title(pack: Pack, snippet: str, locale: str) -> str:
    """What the message is called; the name of the snippet itself where the pack no longer has it."""
    found = next((one.message for one in pack.snippets if one.id == snippet), "")
    return (pack.message(found, locale).title if found else "") or snippet


def _pages(session: Session, sample: samples.Sample) -> Iterator[_Shown]:
    for row in repository.shown(session, sample.id):
        if row.made_of is not None:
            yield _Shown.model_validate(row.made_of)
