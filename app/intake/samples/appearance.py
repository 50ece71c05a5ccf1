"""How samples look, for files about many of them at once. No number, no ticket, nothing anybody said."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from app.intake.samples.tables import Sample

AT_ONCE = 500
_COLUMNS: tuple[Any, ...] = (
    Sample.id, Sample.colours, Sample.logo, Sample.shape,
    Sample.width_mm, Sample.height_mm, Sample.thickness_mm, Sample.weight_mg,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Appearance:
    """What somebody sees of a sample; sizes in mm, weight in mg."""

    colours: tuple[str, ...]
    logo: str
    shape: str
    width_mm: float | None
    height_mm: float | None
    thickness_mm: float | None
    weight_mg: float | None


def appearances(session: Session, sample_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Appearance]:
    """Of every sample of ours among these. The caller answers for whose they are."""
    keys = sorted(sample_ids)
    found: dict[uuid.UUID, Appearance] = {}
    for start in range(0, len(keys), AT_ONCE):
        query = sa.select(*_COLUMNS).where(col(Sample.id).in_(keys[start : start + AT_ONCE]))
        for key, colours, *rest in session.connection().execute(query):
            found[key] = Appearance(tuple(colours), *rest)
    return found
