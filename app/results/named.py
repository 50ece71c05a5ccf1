"""What the readings of a sample name, what each answer offers as a finding, and what became of each name: recorded, dismissed with a
reason, or still open.

One decision for parts of a mixture, peaks of a run and single spectra, at submit and at verify alike. Pure: it takes
stored answers, findings and dismissals.

**Which peaks count.** Every peak whose own answer names something (`NAMING_LEVELS`), however small its area, and every part
that the screen offers. Column bleed, air, solvent and what the blank of the batch explains were taken out before the peaks were
compared, and what is smaller than `LEAST_AREA_PERCENT` of a run was not compared at all: the run says how many of each. A peak
whose answer is only a likeness names nothing, whatever its area; the run says how many have no name.

**How a name maps to a finding.** By the register's id, which libraries' keys and names lead to. Salts, hydrates and the base of
one substance are that substance. What a spectrum cannot tell apart is named as one set, and a finding of any of it records the
set. A name that the register does not know is its own, and a finding kept as typed records it.

**How long a dismissal holds.** As long as the files it was given for name the same set, and, where it says “below what we
report”, no more of it. Another file, another set or a larger share opens the name again.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue, TypeAdapter

from app.laboratory.identification.answer import NAMING_LEVELS, Answer, Level, Peak, PeakAnswer
from app.laboratory.identification.parts import Candidate, Component
from app.laboratory.identification.substances import without_salt
from app.laboratory.readings import analyses as reading_analyses
from app.laboratory.readings import domain
from app.results.domain import DismissReason, NameState
from app.results.finding import NewFinding, look_alikes
from harm_messages.register import Register, within
from harm_messages.vocabulary import Abundance
from spectra import ReadingKind

MOST_ALIKE = 12
NAME_MAX = 80
POSSIBLE = "possible"
"""The grade of a part that a fit can do without: an indication at most."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What an answer offers as a finding. `alike` are names this spectrum cannot tell from it; `candidate` stands behind it."""

    substance: str
    substance_id: str = ""
    substance_class: str = ""
    alike: tuple[str, ...] = ()
    only_possible: bool = False
    candidate: Candidate | None = None

    @property
    def key(self) -> str:
        """What a finding made of it has as its key: the register id, else the name the library gives it."""
        return self.substance_id or self.substance[:NAME_MAX].casefold()


def offer_of(candidate: Candidate) -> Offer:
    """A candidate as it is offered."""
    return Offer(
        candidate.substance, candidate.substance_id, candidate.substance_class, candidate.ambiguous_with,
        candidate=candidate,
    )  # fmt: skip


def offer_of_part(part: Component) -> Offer:
    """A part of a mixture as it is offered."""
    return Offer(
        part.substance, part.substance_id, part.substance_class, part.not_distinguished, part.grade == POSSIBLE
    )  # fmt: skip


def with_offers(there: Sequence[NewFinding], offers: Iterable[tuple[Offer, uuid.UUID]]) -> list[NewFinding]:
    """The findings with each of these among them, each with its analysis. A second technique narrows down what cannot be told
    apart."""
    out = list(there)
    for offer, analysis_id in offers:
        out = _merged(out, finding_of(offer, analysis_id), narrows=True)
    return out


def with_strip(
    there: Sequence[NewFinding], target: str, is_substance: bool, analysis_id: uuid.UUID
) -> list[NewFinding]:
    """The findings with what a positive strip says among them: its class, or the one substance it reacts to."""
    new = NewFinding(
        substance_id=target if is_substance else None,
        substance_class="" if is_substance else target,
        abundance=Abundance.INDICATION,
        analysis_ids=(analysis_id,),
    )
    return _merged(there, new, narrows=False)


def _merged(there: Sequence[NewFinding], new: NewFinding, *, narrows: bool) -> list[NewFinding]:
    """One that is there already gains the analysis of the new one."""
    if all(old.key != new.key for old in there):
        return [*there, new]
    return [_gained(old, new, narrows) if old.key == new.key else old for old in there]


def _gained(old: NewFinding, new: NewFinding, narrows: bool) -> NewFinding:
    if set(new.analysis_ids) <= set(old.analysis_ids):
        return old
    alike = tuple(a for a in old.cannot_tell_from if a in new.cannot_tell_from or not narrows)
    return replace(old, analysis_ids=(*old.analysis_ids, *new.analysis_ids), cannot_tell_from=alike)


def finding_of(offer: Offer, analysis_id: uuid.UUID) -> NewFinding:
    """A new finding; what is only possible is an indication. What the register does not know keeps the library's name and has no
    name of ours yet."""
    known = offer.substance_id
    return NewFinding(
        substance_id=known or None,
        substance_class=offer.substance_class if known else "",
        unknown_label="" if known else offer.substance[:NAME_MAX],
        abundance=Abundance.INDICATION if offer.only_possible else Abundance.PRESENT_UNQUANTIFIED,
        analysis_ids=(analysis_id,),
        cannot_tell_from=tuple(name[:NAME_MAX] for name in offer.alike)[:MOST_ALIKE],
    )


# -- from what an answer names to a finding ------------------------------------------------------------------------


NOTE_MAX = 140


@dataclass(frozen=True, slots=True)
class Place:
    """A set of names in one file, and how much of it there is (whole percent of the area or of the signal)."""

    upload_id: UUID | None
    ids: tuple[str, ...]
    names: tuple[str, ...]
    percent: int | None = None

    def holds(self, now: Place, *, at_most: bool) -> bool:
        """Whether the same set is named there now. `at_most`: and there is no more of it than there was."""
        same = (self.upload_id, self.ids, self.names) == (now.upload_id, now.ids, now.names)
        grown = self.percent is not None and now.percent is not None and now.percent > self.percent
        return same and not (at_most and grown)


@dataclass(frozen=True, slots=True)
class Mention:
    """One place where a stored answer names a substance. `key` is what a finding of it would have.

    `ids` are the register ids of the set that is named (itself and what this spectrum cannot tell from it), `names`
    what of that set has no id with the answer. `peak` is the number of the peak of a run, `percent` its share of the area or
    that of a part of the signal.
    """

    key: str
    name: str
    drug_class: str
    analysis_id: UUID
    reading_id: UUID
    method: str
    strength: str
    ids: tuple[str, ...]
    names: tuple[str, ...]
    peak: int | None = None
    upload_id: UUID | None = None
    percent: int | None = None

    @property
    def place(self) -> Place:
        """What someone who dismisses it has looked at."""
        return Place(self.upload_id, tuple(sorted(self.ids)), tuple(sorted(self.names)), self.percent)

    @property
    def where(self) -> str:
        """`GC-MS, peak 2 at 7.18 min, 17 % of the area`."""
        return f"{self.method}, {self.strength}"


@dataclass(frozen=True, slots=True)
class Dismissal:
    """Why a named substance is no finding: it holds for what someone looked at, and for nothing that came later."""

    key: str
    name: str
    reason: DismissReason
    note: str
    by: UUID
    at: datetime
    places: tuple[Place, ...] = ()

    def holds(self, mention: Mention) -> bool:
        """Whether it was given for what is named here now."""
        at_most = self.reason is DismissReason.BELOW_REPORTING
        return any(place.holds(mention.place, at_most=at_most) for place in self.places)


@dataclass(frozen=True, slots=True)
class Named:
    """One substance with everywhere it is named, and what became of it."""

    key: str
    name: str
    mentions: tuple[Mention, ...]
    state: NameState
    dismissal: Dismissal | None = None

    @property
    def is_open(self) -> bool:
        """Neither recorded nor dismissed."""
        return self.state is NameState.OPEN

    @property
    def where(self) -> str:
        """All places in one phrase."""
        return "; ".join(dict.fromkeys(m.where for m in self.mentions))


_DISMISSALS = TypeAdapter(tuple[Dismissal, ...])


def dismissals_from(column: Sequence[object]) -> tuple[Dismissal, ...]:
    """Read the dismissals that are stored with a version."""
    return _DISMISSALS.validate_python(column)


def dismissals_json(given: Sequence[Dismissal]) -> list[JsonValue]:
    """Write the dismissals as the version stores them."""
    kept: list[JsonValue] = _DISMISSALS.dump_python(tuple(given), mode="json")
    return kept


# -- what became of each name --------------------------------------------------------------------------------------


def resolve_names(
    mentions: Iterable[Mention], findings: Sequence[NewFinding], dismissals: Iterable[Dismissal], register: Register
) -> tuple[Named, ...]:
    """Each named substance once, in the order in which the readings name them.

    Recorded: every place that names it is covered by a finding. Dismissed: a dismissal holds in every place where it is not
    recorded. Anything else is open.
    """
    places: dict[str, list[Mention]] = {}
    for mention in mentions:
        places.setdefault(mention.key, []).append(mention)
    given = {one.key: one for one in dismissals}
    return tuple(_resolved(key, found, findings, given.get(key), register) for key, found in places.items())


def _resolved(
    key: str, found: Sequence[Mention], findings: Sequence[NewFinding], dismissal: Dismissal | None, register: Register
) -> Named:
    rest = [m for m in found if not any(covers(finding, m, register) for finding in findings)]
    open_ = Named(key, found[0].name, tuple(found), NameState.OPEN)
    if not rest:
        return replace(open_, state=NameState.RECORDED)
    if dismissal is not None and all(map(dismissal.holds, rest)):
        return replace(open_, state=NameState.DISMISSED, dismissal=dismissal)
    return open_


def covers(finding: NewFinding, mention: Mention, register: Register) -> bool:
    """Whether a finding records what is named here: the substance, or any that this spectrum cannot tell from it.

    A finding of a class does where it stands on this very analysis: a strip that reacts to a class leaves a substance
    named by a spectrum open. A finding that something was not detected records nothing.
    """
    if not finding.seen:
        return False
    if finding.substance_id:
        named = [form for name in mention.names for form in (name, without_salt(name))]
        return finding.substance_id in mention.ids or finding.substance_id in look_alikes(named, None, register)
    if finding.substance_class:
        return mention.analysis_id in finding.analysis_ids and within(mention.drug_class, finding.substance_class)
    label = finding.unknown_label.strip().casefold()
    return any(label == name[:NAME_MAX].strip().casefold() for name in mention.names)


# -- what the readings name ----------------------------------------------------------------------------------------


def mentions_of(analyses: Iterable[reading_analyses.AnalysisView]) -> tuple[Mention, ...]:
    """Everything the newest answers of a sample's readings name, analysis by analysis, the largest peak or part first."""
    return tuple(mention for mention, _ in offers_of(analyses))


def offers_of(analyses: Iterable[reading_analyses.AnalysisView]) -> Iterator[tuple[Mention, Offer]]:
    """Everything the newest answers name, each with what they offer as a finding of it.

    A peak or a spectrum names a substance from `NAMING_LEVELS` on: there the run's own summary lists it
    as found. Below that level the screen shows a likeness, which names nothing. A mixture names the parts that the screen
    offers as findings. An analysis that did not go well supports no answer, so it names nothing.
    """
    for analysis in analyses:
        if analysis.analysis.status is not domain.AnalysisStatus.OK:
            continue
        for view in analysis.readings:
            if view.answer is not None:
                for named in _named_in(view.answer, view.reading.kind):
                    yield _mention(analysis, view, named), named.offer


@dataclass(frozen=True, slots=True)
class _NamedBy:
    """What an answer names, with all that belongs to its set, how strongly, and the number of its peak."""

    offer: Offer
    members: tuple[Offer, ...]
    strength: str
    peak: int | None = None
    share: float | None = None
    """Percent of the area of a run, or of the signal."""


def _named_in(answer: Answer, kind: str) -> Iterator[_NamedBy]:
    if answer.peaks:
        for peak in answer.peaks:
            yield from _of_peak(peak)
        return
    parts = list(_parts(answer, kind))
    yield from parts
    of_parts = {member.key for part in parts for member in part.members}
    for named in _best(answer.level, answer, answer.candidates):
        if not of_parts & {member.key for member in named.members}:
            yield named


def _of_peak(peak: Peak) -> Iterator[_NamedBy]:
    area = peak.area_percent
    share = "" if area is None else f", {area:.0f} % of the area" if area >= 1 else ", under 1 % of the area"
    at = f"peak {peak.peak} at {peak.retention_time_s / 60:.2f} min{share}"
    for named in _best(peak.level, peak.answer or PeakAnswer(), peak.candidates):
        yield replace(named, strength=at, peak=peak.peak, share=area)


def _best(level: Level, answer: Answer | PeakAnswer, candidates: Sequence[Candidate]) -> Iterator[_NamedBy]:
    """The best compound of the set that is named, with the whole set, also what is not among the rows that are kept."""
    if level not in NAMING_LEVELS or not candidates:
        return
    within_set = set(answer.set)
    rows = [row for row in candidates if row.compound in within_set] or [candidates[0]]
    called = answer.probability.probability_names if answer.probability is not None else {}
    others = within_set - {row.compound for row in rows}
    members = (*map(offer_of, rows), *(Offer(called[compound]) for compound in sorted(others) if compound in called))
    score = rows[0].score
    yield _NamedBy(members[0], members, f"score {score:.2f}" if score <= 1 else f"score {score:.0f}")


def _parts(answer: Answer, kind: str) -> Iterator[_NamedBy]:
    parts = answer.components
    lead_only = answer.infrared is not None and answer.infrared.mostly_unexplained
    if lead_only or (kind == ReadingKind.MASS_SPECTRUM and len(parts) < 2):
        return  # the screen offers no part then; of one mass spectrum the best compound is named
    for part in parts:
        offer = offer_of_part(part)
        grade = ", possible only" if offer.only_possible else ""
        members = (offer, *(Offer(name) for name in offer.alike))
        yield _NamedBy(offer, members, f"{100 * part.share:.0f} % of the signal{grade}", share=100 * part.share)


def _mention(analysis: reading_analyses.AnalysisView, view: reading_analyses.ReadingView, named: _NamedBy) -> Mention:
    offer, members = named.offer, named.members
    return Mention(
        key=offer.key,
        name=offer.substance,
        drug_class=offer.substance_class,
        analysis_id=analysis.analysis.id,
        reading_id=view.reading.id,
        method=analysis.method.title,
        strength=named.strength.replace(" %", "\u00a0%"),
        ids=tuple(dict.fromkeys(member.substance_id for member in members if member.substance_id)),
        names=tuple(dict.fromkeys(member.substance for member in members if not member.substance_id)),
        peak=named.peak,
        upload_id=view.reading.upload_id,
        percent=None if named.share is None else math.ceil(named.share),
    )
