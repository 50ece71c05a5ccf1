"""What the client of a sample sees now. Reads only; a closed gate is told, never opened."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from app.care.alerts import service as alerts
from app.care.consultations import facts, repository
from app.care.consultations.domain import SHUT_FOR_STAFF, AdjustmentKind, Shut, Stage, ViewKind, stage_of
from app.care.consultations.facts import MadeOf, changes
from app.care.consultations.related_facts import RelatedFacts, for_client
from app.care.consultations.tables import PageAdjustment
from app.care.consultations.withdrawn import WithdrawnWarning, stopped_on, withdrawn_from
from app.care.consultations.words import Words, words_of
from app.intake.samples import lookup, queue
from app.intake.samples import service as samples
from app.intake.sessions import service as sessions
from app.laboratory.readings import analyses
from app.platform.kernel.errors import NotFound
from app.results import service as results
from app.results.domain import ChangeReason, Grade
from app.results.view import ClientState
from harm_messages import (
    Context,
    Facts,
    GateClosed,
    HarmMessageError,
    Help,
    Pack,
    Page,
    UnknownSubstance,
    evaluate,
    help_for_anyone,
)
from harm_messages.adjusting import Adjustments
from harm_messages.types import AlertFact

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ClientView:
    """Everything the client's page needs; the health worker's page shows the same.

    `changed_at`: while waiting, when the stage last changed; afterwards, since when the result differs from what was
    shown before, if it ever did, `changed_from` the headline it had then, and `changes` what is warned of now and not then,
    or then and not now. `mate_changed_at`: when the result of a sample that looks the same last changed, since this one was
    released; `withdrawn`: urgent messages and warnings that stood on the page and were taken back since. `why` is for the client, `staff_why` for
    anyone who tells them. What the client reads is in `locale`. `typical_wait`: while waiting, half of the results of the
    session took as long. `help`: what to do for someone who is unwell, where no page says it.
    """

    kind: ViewKind
    place: str
    site: str = ""
    locale: str = "en"
    stage: Stage | None = None
    before: int | None = None
    changed_at: datetime | None = None
    page: Page | None = None
    help: Help | None = None
    result_id: uuid.UUID | None = None
    result_number: int = 0
    confirmed: bool = False
    under_review: bool = False
    reason: ChangeReason | None = None
    changed_from: str = ""
    changes: tuple[str, ...] = ()
    mate_changed_at: datetime | None = None
    withdrawn: tuple[WithdrawnWarning, ...] = ()
    typical_wait: tuple[timedelta, timedelta] | None = None
    shut: Shut | None = None
    staff_why: str = ""
    stages: Sequence[tuple[Stage, datetime | None, bool]] = field(default=())
    made_of: MadeOf | None = None

    @property
    def words(self) -> Words:
        """The words around the messages."""
        return words_of(self.locale)

    @property
    def why(self) -> str:
        """Why there is no result to read, for the client."""
        if self.shut is Shut.LOOKUP_OFF and self.changed_at is not None:
            return self.words.lookup_off_changed
        return self.words.shut[self.shut] if self.shut else ""

    @property
    def title(self) -> str:
        """What the tab of a client's browser says."""
        if self.kind is ViewKind.RESULT:
            return self.words.ready
        told = {ViewKind.RETRACTED: self.words.retracted, ViewKind.IN_PERSON: self.words.in_person}
        return told.get(self.kind, self.words.your_ticket)

    @property
    def call(self) -> str:
        """The number to call that the help block names; nothing where it names none."""
        told = self.page or self.help
        lines = " ".join(line.text for line in told.emergency) if told else ""
        found = re.search(r"\b(999|112|911|000|111)\b", lines)
        return found[0] if found else ""

    @property
    def change_reason(self) -> str:
        """Why the result is another than before, in a fixed sentence."""
        return self.words.reasons[self.reason] if self.reason else ""


def client_view(
    session: Session,
    pack: Pack,
    sample: samples.Sample,
    now: datetime,
    *,
    also_taking: tuple[str, ...] = (),
    locale: str = "en",
) -> ClientView:
    """What may be told about this sample at this moment, by its page or by a worker.

    In the pack's own first language where the pack does not have the one asked for.
    """
    locale = locale if locale in pack.locales else pack.manifest.default_locale
    site = sessions.site_of(session, checking_session_of(session, sample)).name
    view = replace(_view(session, pack, sample, now, also_taking, locale), locale=locale, site=site)
    return view if view.page else replace(view, help=help_for_anyone(pack, locale))


def _view(
    session: Session, pack: Pack, sample: samples.Sample, now: datetime, also_taking: tuple[str, ...], locale: str
) -> ClientView:
    checking = checking_session_of(session, sample)
    place = f"{sessions.site_of(session, checking).name}, {checking.name}"
    context = _context(session, sample, checking, place, also_taking)
    if sample.withdrawn_at is not None:
        return _shut(place, Shut.WITHDRAWN)
    if not checking.licence_mode.individual_results:
        return _shut(place, Shut.BACK_OF_HOUSE, "Back of house: the licence allows no individual results to anybody.")
    told = results.client_result(session, sample.id)
    if told.state is ClientState.RETRACTED:
        return ClientView(ViewKind.RETRACTED, place, changed_at=told.changed_at, reason=told.reason)
    if told.view is None:
        return _waiting(session, sample, place)
    try:
        made = MadeOf(
            _facts(pack, told.view, alerts.facts_for(session, checking, now), for_client(session, sample, pack)),
            context,
            adjustments_of(session, checking, told.view.result.id, now),
            locale,
            now,
        )
        page = made.page(pack)
    except GateClosed as closed:
        return _shut(place, Shut(closed.reason), closed.text)
    except HarmMessageError as error:
        # a finding the pack has no words for must reach a person, never be left out
        what = error.name if isinstance(error, UnknownSubstance) else "this result"
        _log.error("no_words_for_result", sample_id=str(sample.id), error=type(error).__name__)
        return _shut(place, Shut.NO_WORDS, SHUT_FOR_STAFF[Shut.NO_WORDS].format(what=what))
    return ClientView(
        ViewKind.RESULT,
        place,
        page=page,
        result_id=told.view.result.id,
        result_number=told.view.result.number,
        confirmed=told.view.result.grade is Grade.CONFIRMED,
        under_review=told.view.under_review,
        changed_at=told.changed_at,
        reason=told.reason,
        changed_from=_headline(pack, told.before, context, locale, now),
        changes=changes(pack, _facts(pack, told.before), made.facts, locale, words_of(locale)) if told.before else (),
        mate_changed_at=_mate_changed_at(session, sample, told.view),
        withdrawn=_withdrawn(session, sample, checking, pack, made, told.view),
        made_of=made,
    )


def _context(
    session: Session,
    sample: samples.Sample,
    checking: sessions.CheckingSession,
    place: str,
    also_taking: tuple[str, ...] = (),
) -> Context:
    return Context(
        licence_mode=checking.licence_mode,
        released=True,
        dependent_adult_confirmed=repository.dependent_adult_confirmed(session, sample.id),
        session_place=place,
        also_taking=also_taking,
    )


def headline_once_released(
    session: Session, pack: Pack, sample: samples.Sample, view: results.ResultView, now: datetime
) -> str:
    """What the client reads first once this version is released; nothing where the pack cannot say it."""
    context = _context(session, sample, checking_session_of(session, sample), "")
    return _headline(pack, view, context, pack.manifest.default_locale, now)


def _headline(pack: Pack, before: results.ResultView | None, context: Context, locale: str, now: datetime) -> str:
    """What the version before said first, in today's words; nothing where these words cannot say it."""
    if before is None:
        return ""
    try:
        return evaluate(pack, _facts(pack, before), context, locale, now).loggable().headline
    except HarmMessageError:
        return ""


def _mate_changed_at(session: Session, sample: samples.Sample, told: results.ResultView) -> datetime | None:
    """Since this result was released. Whose sample that was is neither looked up nor said."""
    changed = results.last_changed(session, lookup.look_alikes(session, sample))
    released = told.result.released_at
    return changed if changed is not None and released is not None and changed > released else None


def _withdrawn(
    session: Session,
    sample: samples.Sample,
    checking: sessions.CheckingSession,
    pack: Pack,
    made: MadeOf,
    told: results.ResultView,
) -> tuple[WithdrawnWarning, ...]:
    since = told.result.released_at or made.now
    warnings = withdrawn_from(session, sample, checking, pack, made.facts, made.context, since, made.locale)
    return (*stopped_on(session, sample, checking, pack, made.adjustments.urgent, since, made.locale), *warnings)


def own_view(session: Session, pack: Pack, sample: samples.Sample, now: datetime, *, locale: str = "en") -> ClientView:
    """The view of a sample for the client's own screen, where the session's look-up may be off.

    Off, the queue and a withdrawn result are still said: the first tells when to come, the second is a warning.
    """
    view = client_view(session, pack, sample, now, locale=locale)
    if view.kind is not ViewKind.RESULT or checking_session_of(session, sample).client_lookup:
        return view
    told = help_for_anyone(pack, view.locale)
    shut = _shut(view.place, Shut.LOOKUP_OFF)
    return replace(shut, locale=view.locale, site=view.site, changed_at=view.changed_at, help=told)


def checking_session_of(session: Session, sample: samples.Sample) -> sessions.CheckingSession:
    """The session a sample was handed in at; for clients too, who act for no agency."""
    found = sessions.session_for_system(session, sample.session_id)
    if found is None:
        raise NotFound("session")
    return found


def adjustments_of(
    session: Session, checking: sessions.CheckingSession, result_id: uuid.UUID, now: datetime
) -> Adjustments:
    """What staff did to the page of this version, and the urgent messages of the place. A new version begins without."""
    done = repository.adjustments(session, result_id)
    region = sessions.site_of(session, checking).region
    urgent = repository.urgents_shown(session, checking.agency_id, checking.id, region, now)
    return Adjustments(
        pinned=_targets(done, AdjustmentKind.PIN),
        not_relevant=_targets(done, AdjustmentKind.NOT_RELEVANT),
        snippets=_targets(done, AdjustmentKind.SNIPPET),
        urgent=tuple(dict.fromkeys(row.snippet for row in urgent)),
    )


def _targets(done: Iterable[PageAdjustment], kind: AdjustmentKind) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.target for row in done if row.kind is kind))


def _facts(
    pack: Pack,
    view: results.ResultView,
    warned: tuple[AlertFact, ...] = (),
    others: RelatedFacts | None = None,
) -> Facts:
    """The facts of a page, with the alerts in force and what was found in other samples of the visit."""
    made = facts.facts_of(view, pack)
    made = made.model_copy(update={"alerts": warned}) if warned else made
    return others.to(made) if others else made


def _shut(place: str, reason: Shut, staff_why: str = "") -> ClientView:
    said = staff_why or SHUT_FOR_STAFF.get(reason, "")
    return ClientView(ViewKind.IN_PERSON, place, shut=reason, staff_why=said)


def _waiting(session: Session, sample: samples.Sample, place: str) -> ClientView:
    latest = results.latest(session, sample.id)
    analysed = sample.analysed_at is not None or bool(analyses.analyses_of(session, sample.id))
    stage = stage_of(latest.result.state.value if latest else None, analysed=analysed)
    order = list(Stage)
    reached = order.index(stage)
    times = (sample.received_at, sample.analysed_at, sample.verified_at, None)
    steps = tuple((s, times[i] if i < reached or i == 0 else None, i == reached) for i, s in enumerate(order))
    return ClientView(
        ViewKind.WAITING,
        place,
        stage=stage,
        before=queue.before_in_queue(session, sample) if stage is Stage.QUEUED else None,
        typical_wait=queue.typical_wait(session, sample.session_id),
        changed_at=max(t for t in times if t is not None),
        stages=steps,
    )
