"""What the question form offers to whoever asks: names that enough samples have, never a count."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlmodel import Session

from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Forbidden, Invalid
from app.trends import asking, repository, repository_offers, repository_snapshot
from app.trends.domain import Audience, Dimension, Question
from app.trends.measures import MEASURES

FILTERS = (
    Dimension.EXPECTED,
    Dimension.REGION,
    Dimension.FORM,
    Dimension.SERVICE_TYPE,
    Dimension.SUBMITTER_TYPE,
    Dimension.EXPECTED_CLASS,
)
"""What a form filters by. Everything else may still be asked for in the words of the API."""


@dataclass(frozen=True, slots=True)
class Offers:
    """By dimension the values enough samples have; `splits` are the dimensions this person may split by."""

    splits: tuple[Dimension, ...] = ()
    values: Mapping[Dimension, list[str]] = field(default_factory=dict)
    months: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()


LARGE = 5_000
"""Samples; below that looking up takes no time."""
_KEPT: dict[tuple[str, Audience, uuid.UUID | None], tuple[tuple[int, int], Offers]] = {}
_LOCK = threading.Lock()


def offers(session: Session, actor: Actor) -> Offers:
    """For one person. Raises Forbidden for somebody who sees no figures.

    In a large collection they are kept until a fact changes, so that a name is offered just as long as enough samples
    have it.
    """
    audience, agency_id = asking.audience_of(actor)
    at = repository_snapshot.moment(session)
    if at[1] < LARGE or repository_snapshot.changing(session):
        return _offers(session, audience, agency_id)
    key = (str(session.get_bind().engine.url), audience, agency_id)
    with _LOCK:
        kept = _KEPT.get(key)
    if kept is None or kept[0] != at:
        kept = (at, _offers(session, audience, agency_id))
        with _LOCK:
            _KEPT[key] = kept
    return kept[1]


def _offers(session: Session, audience: Audience, agency_id: uuid.UUID | None) -> Offers:
    least = audience.threshold

    def fine(dimension: Dimension) -> bool:
        try:
            asking.check_fineness(audience, Question(next(iter(MEASURES)), (dimension,)))
        except (Forbidden, Invalid):
            return False
        return True

    def of(dimension: Dimension, at_least: int = least) -> list[str]:
        return [v for v in repository.choices(session, dimension, least=at_least, agency_id=agency_id) if v]

    splits = tuple(d for d in Dimension if fine(d))
    return Offers(
        splits,
        {d: of(d) for d in FILTERS if d in splits},
        tuple(of(Dimension.MONTH, 1)),
        tuple(repository_offers.found_names(session, least=least, agency_id=agency_id)),
        tuple(repository.methods_asked(session)),
    )
