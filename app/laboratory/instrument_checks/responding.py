"""Use cases of response factors: keep a weighed mixture, take it back, and what factors an instrument has."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from app.intake.samples import lookup
from app.laboratory.identification.parts import Component, Weight
from app.laboratory.instrument_checks.domain import DAILY, NewMixture, faults_of_mixture
from app.laboratory.instrument_checks.tables import WeighedMixture
from app.laboratory.readings import analyses, uploads
from app.laboratory.readings.machines import get_instrument
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.db.rows import row_of
from app.platform.kernel.actor import Actor, agency_of
from app.platform.kernel.errors import Conflict, Invalid
from app.platform.kernel.versions import check_may_end
from app.platform.live.publish import publish
from spectra.confidence.limits import load
from spectra.infrared.response import PairFactor, Weighed, pair_factors, weight_shares

Z95 = 1.959963984540054
NOT_KEPT = "The mixture was not saved. What you typed is still here."


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a reading's mixture, as it can be weighed: key, name, share with its standard uncertainty."""

    key: str
    name: str
    share: float
    share_u: float


@dataclass(frozen=True, slots=True)
class Factors:
    """What an instrument's weighed mixtures say: factors of pairs, names of compounds, and the mixtures, oldest first."""

    pairs: tuple[PairFactor, ...]
    names: Mapping[str, str]
    mixtures: tuple[WeighedMixture, ...]


def parts_of(session: Session, actor: Actor, reading_id: uuid.UUID) -> tuple[list[Part], uuid.UUID | None, Any]:
    """Parts of a reading's mixture, its instrument and the analysis. Raises NotFound."""
    row, answer = uploads.reading_with_answer(session, actor, reading_id)
    analysis = analyses.get_analysis(session, actor, row.analysis_id)
    components = answer.components if answer is not None else ()
    parts = [Part(_key_of(part), part.substance[:120], part.share, _share_u(part)) for part in components]
    return parts, analysis.instrument_id, analysis


def _key_of(part: Component) -> str:
    """The key of a part of a mixture: register id, else what the library calls the compound."""
    return (part.substance_id or part.compound)[:160]


def _share_u(part: Component) -> float:
    return max(part.high - part.low, 0.0) / (2 * Z95)


def add_mixture(uow: UnitOfWork, new: NewMixture) -> WeighedMixture:
    """Keep a weighed mixture; its shares are those of its reading. Raises NotFound, Invalid, Conflict (the same reading)."""
    machine = get_instrument(uow.session, uow.actor, new.instrument_id)
    if machine.method.value not in DAILY:
        raise Invalid(NOT_KEPT, fields={"instrument_id": "Response factors are measured on infrared instruments."})
    if new.reading_id is None:
        raise Invalid(NOT_KEPT, fields={"reading": "Choose the spectrum."})
    parts, on, analysis = parts_of(uow.session, uow.actor, new.reading_id)
    if lookup.lock_sample(uow, analysis.sample_id).withdrawn_at is not None:  # held: of two at once one is told
        raise Conflict("This sample was withdrawn. No mixture was saved.")
    if on is not None and on != machine.id:
        raise Invalid(NOT_KEPT, fields={"instrument_id": "This spectrum was measured on another instrument."})
    known = {part.key: part for part in parts}
    if new.first not in known or new.second not in known:
        raise Invalid(NOT_KEPT, fields={"second": "Choose two substances seen in this spectrum."})
    first, second = known[new.first], known[new.second]
    total = first.share + second.share
    share = first.share / total if total > 0 else 0.0
    share_u = max(first.share_u, second.share_u) / total if total > 0 else 0.0
    if wrong := faults_of_mixture(new, share, share_u):
        raise Invalid(NOT_KEPT, fields=wrong)
    there = _mixtures_of(uow.session, machine.id)
    if any(row.reading_id == new.reading_id and row.withdrawn_at is None for row in there):
        raise Conflict("This spectrum is already saved as a weighed mixture.")
    row = WeighedMixture(
        agency_id=agency_of(uow.actor), instrument_id=machine.id, reading_id=new.reading_id, first_compound=first.key,
        first_name=first.name, second_compound=second.key, second_name=second.name, first_mg=new.first_mg,
        second_mg=new.second_mg, balance_u_mg=new.balance_u_mg, share=round(share, 5),
        share_u=round(share_u, 5), measured_at=analysis.started_at, made_by=uow.actor.person_id, made_at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    after = {
        "first": row.first_compound, "second": row.second_compound, "first_mg": row.first_mg,
        "second_mg": row.second_mg, "share": row.share,
    }  # fmt: skip
    audit.record(uow, "keep", "weighed_mixture", row.id, version=row.version, after=after)
    publish(uow, "instrument", "instrument.mixture_kept", agency_id=row.agency_id, payload={"mixture_id": row.id})
    return row


def withdraw_mixture(uow: UnitOfWork, mixture_id: uuid.UUID, version: int, reason: str) -> WeighedMixture:
    """Take a mixture back: factors are made without it. Raises NotFound, Stale, Conflict, Invalid."""
    row = row_of(uow.session, WeighedMixture, agency_of(uow.actor), mixture_id, "mixture", lock=True)
    check_may_end("mixture", "withdrawn", version, row.version, row.withdrawn_at, reason)
    row.withdrawn_by, row.withdrawn_at, row.withdrawn_reason = uow.actor.person_id, uow.now, reason
    row.version += 1
    audit.record(uow, "withdraw", "weighed_mixture", row.id, version=row.version, reason=reason)
    publish(uow, "instrument", "instrument.mixture_withdrawn", agency_id=row.agency_id, payload={"mixture_id": row.id})
    return row


def factors_of(session: Session, actor: Actor, instrument_id: uuid.UUID) -> Factors:
    """Factors of an instrument of the actor's agency. Raises NotFound."""
    return factors_on(session, get_instrument(session, actor, instrument_id).id)


def factors_on(session: Session, instrument_id: uuid.UUID) -> Factors:
    """The response factors of an instrument for the reading job, which acts for no agency."""
    rows = _mixtures_of(session, instrument_id)
    counting = [row for row in rows if row.withdrawn_at is None]
    pairs = pair_factors(
        Weighed(
            row.first_compound, row.second_compound, row.first_mg, row.second_mg, row.share, row.share_u, row.balance_u_mg
        )
        for row in counting
    )  # fmt: skip
    names = {row.first_compound: row.first_name for row in counting}
    names |= {row.second_compound: row.second_name for row in counting}
    return Factors(tuple(pairs), names, tuple(rows))


def _mixtures_of(session: Session, instrument_id: uuid.UUID) -> list[WeighedMixture]:
    """Weighed mixtures measured on this instrument, oldest first; withdrawn ones too."""
    query = select(WeighedMixture).where(WeighedMixture.instrument_id == instrument_id)
    return list(session.exec(query.order_by(col(WeighedMixture.id))))


def weights_by(pairs: Sequence[PairFactor], parts: Sequence[Component]) -> list[Weight] | None:
    """Weight shares of a reading's parts; None unless every part has a factor against the others."""
    found = weight_shares(
        [_key_of(part) for part in parts], [part.share for part in parts], [_share_u(part) for part in parts], pairs
    )
    if found is None or len(parts) < 2:
        return None
    return [Weight(round(w.value, 4), round(w.low, 4), round(w.high, 4)) for w in found]


def most_unexplained() -> float:
    """Share of a reading that may stay unexplained where weight shares are still printed."""
    return float(load("infrared_instrument")["response"]["most_unexplained"])
