"""Facts that a page takes from outside its own result: the other samples of the visit, harm, and the same drug elsewhere.

Looked up at that moment, because it goes on changing after a version was submitted. Nothing of it was said by the client
about themselves: samples are checked against each other by what was found in them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from app.care.counted import series
from app.intake.samples import lookup
from app.intake.samples import service as samples
from app.platform.kernel.place import day_of
from app.results import session_facts as results
from harm_messages import Confidence, Facts, Pack
from harm_messages.register import within

RECENT = timedelta(days=30)
"""As long as a local professional alert runs."""


@dataclass(frozen=True, slots=True)
class RelatedFacts:
    """Register ids and classes found in other samples of the visit; what makes a confirmed finding a matter for more people."""

    same_visit: tuple[str, ...] = ()
    harm_reported: bool = False
    second_sample: bool = False

    def to(self, made: Facts) -> Facts:
        """The facts of a version, with this."""
        return made.model_copy(update=asdict(self))


def for_client(session: Session, sample: samples.Sample, pack: Pack) -> RelatedFacts:
    """What may change words on a client's page: harm and other people's samples do not."""
    return RelatedFacts(_same_visit(session, sample, pack))


def for_staff(session: Session, sample: samples.Sample, made: Facts, pack: Pack, now: datetime) -> RelatedFacts:
    """What may change what staff are asked to do."""
    return RelatedFacts(
        _same_visit(session, sample, pack),
        lookup.is_harmed(sample),
        series.confirmed_elsewhere(
            session, sample.agency_id, watched(made, pack), besides=sample.id, since=day_of(now - RECENT)
        ),
    )


def _same_visit(session: Session, sample: samples.Sample, pack: Pack) -> tuple[str, ...]:
    others = lookup.of_the_same_visit(session, sample)
    if not others:
        return ()
    told = results.facts_of_samples(session, others, individual_results=True)
    found = {name for fact in told.values() for name in (*(one.found for one in fact.found), *fact.reacted)}
    return tuple(sorted(one for one in found if one in pack.substances or pack.substances.is_class(one)))


def watched(made: Facts, pack: Pack) -> set[str]:
    """Confirmed substances that an alert is proposed for by their name or class; not those every group holds."""
    sure = {f.substance for f in made.findings if f.substance and f.confidence is Confidence.CONFIRMED}
    known = {one: pack.substances[one].drug_class if one in pack.substances else "" for one in sure}
    named = {one for row in pack.staff for one in row.substances}
    classes = {one for row in pack.staff for one in row.classes if one != "*"}
    return {one for one in sure if one in named or any(within(known[one], each) for each in classes)}
