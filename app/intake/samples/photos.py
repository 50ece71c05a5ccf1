"""The photo of a sample: one, of the sample and a scale. Anyone who sees the sample sees it; it goes when the sample is withdrawn."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlmodel import Session, col

from app.intake.samples.tables import Sample, SamplePhoto
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.errors import Conflict, Invalid, TooLarge
from app.platform.kernel.pictures import NotAPictureError, Picture, without_metadata

LARGEST_BYTES = 1_000_000
"""A browser with scripts sends at most 400 kB."""
LARGEST_SMALL_BYTES = 20_000
LARGEST_SMALL_SIDE = 300


def read(content: bytes) -> Picture:
    """The photo to keep, without what the camera wrote into it. Raises TooLarge, Invalid."""
    if len(content) > LARGEST_BYTES:
        raise TooLarge("The photo is larger than 1 MB. It was not saved.", hint="Take it again at a smaller size.")
    try:
        return without_metadata(content)
    except NotAPictureError as error:
        raise Invalid(f"{error} Nothing was saved.", fields={"photo": str(error)}) from None


def small_of(photo: Picture) -> bytes | None:
    """The photo as large as a list shows it, without its metadata; the browser sends it behind the end of the whole one."""
    if not photo.behind or len(photo.behind) > LARGEST_SMALL_BYTES:
        return None
    try:
        small = without_metadata(photo.behind)
    except NotAPictureError:
        return None  # a camera may write what it likes there
    return small.content if max(small.width, small.height) <= LARGEST_SMALL_SIDE else None


def attach(uow: UnitOfWork, sample: Sample, sha256: str, small: bytes | None = None) -> None:
    """Keep this photo for the sample, in place of an earlier one. Its bytes are durable and known already."""
    if sample.withdrawn_at is not None:
        raise Conflict("This sample was withdrawn and can no longer be changed.")
    remove(uow, sample.id)
    uow.session.add(
        SamplePhoto(
            sample_id=sample.id, blob_sha256=sha256, small=small, created_at=uow.now, created_by=uow.actor.person_id
        )
    )
    uow.session.flush()
    audit.record(uow, "photograph", "sample", sample.id, version=sample.version, session_id=sample.session_id)


def remove(uow: UnitOfWork, sample_id: uuid.UUID) -> None:
    """Forget the photo of a sample; its bytes follow with the next purge."""
    uow.session.execute(sa.delete(SamplePhoto).where(col(SamplePhoto.sample_id) == sample_id))


def photo_of(session: Session, sample_id: uuid.UUID) -> str | None:
    """The hash of its bytes, where there is a photo. The caller answers for who asks."""
    row = session.get(SamplePhoto, sample_id)
    return row.blob_sha256 if row is not None else None


def small_photo_of(session: Session, sample_id: uuid.UUID) -> bytes | None:
    """The small one, where there is one. The caller answers for who asks."""
    row = session.get(SamplePhoto, sample_id)
    return row.small if row is not None else None
