"""Signals of one sample whose result was told: first detection, harm, unusual strength. Reads only.

A sample counts where its client agreed to figures or to be used in an alert; with neither, nothing is drafted from it.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from pydantic import JsonValue
from sqlmodel import Session

from app.care.alerts.certainty import Certainty, certainty_of
from app.care.alerts.domain import Tier, Trigger
from app.care.alerts.drafting import Setting, Signal
from app.care.consultations.facts import facts_of
from app.care.counted import series
from app.intake.samples import lookup, substances
from app.intake.samples.domain import ConsentAnswer, ConsentKind, HarmEvent
from app.intake.samples.lookup import may_be_described
from app.intake.sessions import service as sessions
from app.platform.kernel.place import day_of
from app.results import service as results
from harm_messages import Pack
from harm_messages.amounts import band_of, band_row, convert
from harm_messages.evidence import Evidence, interferents
from harm_messages.types import Band

if TYPE_CHECKING:
    from app.results.tables import Finding

HARM: dict[HarmEvent, Tier] = {
    HarmEvent.MEDICAL_HELP: Tier.T1, HarmEvent.OVERDOSE: Tier.T2, HarmEvent.FATAL: Tier.T2,
}  # fmt: skip

STALE = timedelta(days=7)
"""A result told longer ago than that is no news: nothing is drafted from it any more."""


PERCENTILE = 0.99
CONFIDENCE = 0.95
MIN_EARLIER = 20


@dataclass(frozen=True, slots=True)
class Strength:
    """An amount against earlier ones of the same substance, unit and basis.

    `limit`: the earlier amount it has to exceed; `chance`: how often an amount of the same kind does by chance;
    `percentile` with `low` and `high`: the 99th percentile and its order-statistic bounds, None where the number of
    earlier amounts gives none (an upper one needs 299).
    """

    amount: float
    n: int
    limit: float
    chance: float
    percentile: float
    low: float | None
    high: float | None

    @property
    def unusual(self) -> bool:
        """Whether it exceeds what it has to."""
        return self.amount > self.limit


def strength(amount: float, earlier: Sequence[float]) -> Strength | None:
    """How an amount stands among the earlier ones; None under MIN_EARLIER of them.

    With N exchangeable earlier amounts the next one exceeds the k-th largest with probability k/(N + 1) at most: k is
    the largest for which that is 1 % or less, from N = 99 on; with fewer it has to exceed all of them, and what that
    happens by chance is said. Bounds of the percentile: Conover, Practical Nonparametric Statistics, 3rd ed. 1999, 3.2.
    """
    n = len(earlier)
    if n < MIN_EARLIER:
        return None
    from scipy.stats import binom  # takes half a second, which a server need not spend to start

    ordered = np.sort(np.asarray(earlier, dtype=np.float64))
    k = max(1, int((1 - PERCENTILE) * (n + 1) + 1e-9))
    # low is a bound where P(Bin(n, .99) ≥ rank) ≥ .95, high where P(Bin(n, .99) < rank) ≥ .95; ranks count from 1
    low = int(binom.ppf(1 - CONFIDENCE, n, PERCENTILE))
    high = int(binom.ppf(CONFIDENCE, n, PERCENTILE)) + 1
    return Strength(
        amount=amount,
        n=n,
        limit=float(ordered[n - k]),
        chance=k / (n + 1),
        percentile=float(np.quantile(ordered, PERCENTILE, method="median_unbiased")),
        low=float(ordered[low - 1]) if low >= 1 else None,
        high=float(ordered[high - 1]) if high <= n else None,
    )


MIN_SAMPLES_BEFORE = 50
"""So many earlier samples make “never before” worth saying; a substance that is always warned of needs none."""
MONTHS_OF_REGION = 12


class First(StrEnum):
    """How new it is; the widest that holds."""

    EVER = "ever"
    REGION = "region"
    SESSION = "session"


_FIRST_WORDS = {
    First.EVER: "the first this service has seen",
    First.REGION: "the first in the region for twelve months",
    First.SESSION: "the first at this session",
}


def first(
    here: int, in_region: int, ever: int, samples_in_region: int, samples_ever: int, *, warned_of: bool
) -> First | None:
    """The widest circle in which it was not seen before, or None. `here`, `in_region`, `ever`: earlier samples that hold it in
    three circles around a sample; the others: earlier samples at all.

    `warned_of`: a substance that is potent or always warned of. Only such a one is told for being new to a session
    alone: everything else is new to most sessions.
    """
    if not ever and (warned_of or samples_ever >= MIN_SAMPLES_BEFORE):
        return First.EVER
    if not in_region and (warned_of or samples_in_region >= MIN_SAMPLES_BEFORE):
        return First.REGION
    return First.SESSION if warned_of and not here else None


@dataclass(frozen=True, slots=True)
class Named:
    """One finding with a name, how sure it is, and whether something that fools its strip is in the sample."""

    finding: Finding
    certainty: Certainty
    fooled: bool = False

    @property
    def name(self) -> str:
        """Register id or class."""
        return self.finding.named

    @property
    def watched(self) -> bool:
        """Whether it was not expected, and adds more than weight."""
        return self.finding.role.value in series.WATCHED_ROLES

    def evidence(self, at: Setting) -> dict[str, JsonValue]:
        """What a draft keeps of every signal: where it was found and how sure it is."""
        return {
            "session": at.checking.name, "region": at.region, "consent_to_describe": at.described,
            **self.certainty.said, "fooled": self.fooled,
        }  # fmt: skip


def look(session: Session, sample_id: uuid.UUID, pack: Pack, now: datetime) -> list[tuple[Setting, list[Signal]]]:
    """The signals of one sample for each thing they are about, and where they were found; none where it may not be used, nothing
    of it is told, or that was long ago."""
    sample = lookup.sample_for_system(session, sample_id)
    if sample is None or sample.withdrawn_at is not None:
        return []
    checking = sessions.session_for_system(session, sample.session_id)
    consents = lookup.consents_of(session, sample_id)
    counted = consents[ConsentKind.AGGREGATE_DATA] is ConsentAnswer.YES
    described = may_be_described(session, [sample_id])
    if checking is None or not (counted or described):
        return []
    view = results.released(session, sample_id)
    if view is None and not checking.licence_mode.individual_results:
        newest = results.latest(session, sample_id)  # back of house nothing is ever released: verified counts
        view = newest if newest is not None and newest.result.verified_at is not None else None
    told_at = (view.result.released_at or view.result.verified_at) if view else None
    if view is None or told_at is None or now - told_at > STALE:
        return []
    at = Setting(sample.agency_id, checking, sessions.site_of(session, checking).region, sample, described)
    found = list(_named(view, pack))
    signals: defaultdict[str, list[Signal]] = defaultdict(list)
    for one in (
        *_firsts(session, at, told_at, found, pack),
        *_strengths(session, at, told_at, found, pack),
        *_harm(at, found),
    ):
        signals[one.about].append(one)
    return [(at, of_one) for of_one in signals.values()]


def _named(view: results.ResultView, pack: Pack) -> Iterator[Named]:
    """What was seen and has a name. A colour test counts only for what is always warned of."""
    made = facts_of(view, pack)
    evidence = Evidence(pack, made)
    for one in (f for f in view.present if f.named):
        name, certainty = one.named, certainty_of(one)
        if certainty is None or (certainty is Certainty.COLOUR_TEST and not warned_of(pack, name)):
            continue
        if certainty is Certainty.STRIP and evidence.could_see(name) is not None:
            certainty = Certainty.DISPUTED
        fooled = any(interferents(pack, made, strip) for strip in made.strips if strip.target == name)
        yield Named(one, certainty, fooled)


def _firsts(session: Session, at: Setting, told_at: datetime, found: Sequence[Named], pack: Pack) -> Iterator[Signal]:
    assert at.sample is not None
    for one in (f for f in found if f.watched):
        name = one.name
        since = day_of(at.sample.received_at) - timedelta(days=round(30.44 * MONTHS_OF_REGION))
        seen = series.earlier(
            session, at.agency_id, name, besides=at.sample.id, told_at=told_at,
            session_id=at.checking.id, region=at.region, region_since=since,
        )  # fmt: skip
        scope = first(*astuple(seen), warned_of=warned_of(pack, name))
        if scope is None:
            continue
        place = {First.EVER: "", First.REGION: at.region, First.SESSION: str(at.checking.id)}[scope]
        # a note of the laboratory at every evidence; once it is confirmed, a notice of what is always warned of: another signal
        notice = one.certainty is Certainty.CONFIRMED and warned_of(pack, name)
        signal = f"first:{scope}:{place}:{name}{':confirmed' if notice else ''}"
        yield Signal(
            Trigger.FIRST_DETECTION, name, signal, str(at.sample.id), Tier.T1 if notice else Tier.T0,
            f"{substances.label_of(pack.register, name)}: {_FIRST_WORDS[scope]}.", x=1,
            samples=(at.sample.id,), certainty=one.certainty, fooled=one.fooled,
            detail={
                **one.evidence(at), "scope": scope.value, "confidence": one.finding.confidence.value,
                "methods": list(one.finding.methods),
                "earlier_here": seen.here, "earlier_in_region": seen.in_region, "earlier_ever": seen.ever,
                "samples_in_region": seen.samples_in_region, "samples_ever": seen.samples_ever,
            },
        )  # fmt: skip


def warned_of(pack: Pack, name: str) -> bool:
    """Whether weak evidence of it is enough to warn: potent by the register, or always warned of by its class."""
    row = pack.register.get(name)
    if row is not None and row.potent:
        return True
    of_class = row.drug_class if row is not None else name
    classes = pack.register.classes
    return of_class in classes and classes[of_class].always_warn == "yes"


def _strengths(
    session: Session, at: Setting, told_at: datetime, found: Sequence[Named], pack: Pack
) -> Iterator[Signal]:
    assert at.sample is not None
    for named in (f for f in found if f.finding.substance_id):
        one, name = named.finding, named.name
        if one.amount_value is None or one.amount_unit is None:
            continue
        unit, basis = one.amount_unit.value, one.basis.value
        earlier = series.amounts_before(session, at.agency_id, name, unit, basis, besides=at.sample.id, told_at=told_at)
        stands = strength(one.amount_value, earlier)
        top = _top_band(pack, at, one)
        if not top and (stands is None or not stands.unusual):
            continue
        why = "in the top band of the register" if top else f"above {stands.n if stands else 0} earlier ones"
        yield Signal(
            Trigger.UNUSUAL_STRENGTH, name, f"strength:{at.checking.id}:{name}:{unit}:{basis}", str(at.sample.id),
            Tier.T1 if named.certainty is Certainty.CONFIRMED else Tier.T0,
            f"{substances.label_of(pack.register, name)}: unusually strong, {why}.", certainty=named.certainty,
            n=len(earlier), probability=stands.chance if stands else None, samples=(at.sample.id,),
            detail={
                **named.evidence(at), "amount": one.amount_value, "unit": unit, "basis": basis, "top_band": top,
                "limit": stands.limit if stands else None, "percentile": stands.percentile if stands else None,
                "percentile_low": stands.low if stands else None, "percentile_high": stands.high if stands else None,
            },
        )  # fmt: skip


def _top_band(pack: Pack, at: Setting, one: Finding) -> str:
    """The band of the pack an amount lies in, where that is its highest; value + U, as the messages read it."""
    assert at.sample is not None
    if one.substance_id is None or one.amount_unit is None or one.amount_value is None:
        return ""
    row = band_row(pack, one.substance_id, one.amount_unit, at.sample.form)
    if row is None:
        return ""
    upper = one.amount_high if one.amount_high is not None else one.amount_value
    band = band_of(row, convert(upper, one.basis, row.basis, pack.substances[one.substance_id].formula))
    top = Band.EXTREME if row.very_high_max is not None else Band.VERY_HIGH
    return band.value.replace("_", " ") if band is top else ""


def _harm(at: Setting, found: Sequence[Named]) -> Iterator[Signal]:
    assert at.sample is not None
    tier = HARM.get(at.sample.harm_event) if at.sample.harm_event else None
    if at.sample.batch_linked_to_incident:
        tier = Tier.T2
    if tier is None or not found:
        return
    unexpected = [f for f in found if f.watched]
    one = (unexpected or found)[0]
    if one.certainty not in (Certainty.CONFIRMED, Certainty.INDICATED):
        tier = Tier.T1  # a strip or a colour test is no matter for partners yet
    happened = at.sample.harm_event.value.replace("_", " ") if at.sample.harm_event else ""
    said = "its batch is linked to an incident" if at.sample.batch_linked_to_incident else f"reported: {happened}"
    yield Signal(
        Trigger.HARM_LINKED, one.name, f"harm:{at.sample.id}:{one.certainty}", str(at.sample.id), tier,
        f"A sample with this is linked to harm ({said}).", samples=(at.sample.id,), certainty=one.certainty, fooled=one.fooled,
        detail={
            **one.evidence(at), "harm_event": happened, "batch_linked_to_incident": bool(at.sample.batch_linked_to_incident),
            "found": [f.name for f in found],
        },
    )  # fmt: skip
