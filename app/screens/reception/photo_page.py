"""The photo of a sample: taken at reception or here, shown to anyone who may see the sample."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi import APIRouter, UploadFile
from fastapi.responses import RedirectResponse, Response

from app.intake.samples import lookup, photos
from app.laboratory.readings.uploads import keep_file
from app.platform.db import UnitOfWork
from app.platform.kernel.errors import Invalid, NotFound
from app.platform.kernel.pictures import media_type_of
from app.platform.storage import BlobStore, Received
from app.screens.visits import Sent, Staff

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A photo that is durable, and the small one that came with it."""

    whole: Received
    small: bytes | None


@contextmanager
def received(store: BlobStore, photo: UploadFile | None) -> Iterator[StoredPhoto | None]:
    """The photo of a form without its metadata, durable; None where there is none. Raises Invalid, TooLarge."""
    if photo is None or not photo.filename:
        yield None
        return
    picture = photos.read(photo.file.read(photos.LARGEST_BYTES + 1))
    with store.hold_now([picture.content]) as held:
        yield StoredPhoto(held.keep(), photos.small_of(picture))


def attach(uow: UnitOfWork, sample_id: uuid.UUID, photo: StoredPhoto | None) -> None:
    """Keep it for the sample, if there is one."""
    if photo is not None:
        keep_file(uow, photo.whole)
        photos.attach(uow, lookup.lock_sample(uow, sample_id), photo.whole.sha256, photo.small)


@router.get("/samples/{sample_id}/photo")
def show(sample_id: uuid.UUID, visit: Staff) -> Response:
    """The photo itself."""
    with visit.rt.read() as session:
        lookup.get_sample(session, visit.who, sample_id)
        sha256 = photos.photo_of(session, sample_id)
    if sha256 is None:
        raise NotFound("photo")
    content = visit.rt.blobs.path(sha256).read_bytes()
    return Response(content, media_type=media_type_of(content))


@router.get("/samples/{sample_id}/photo/small")
def show_small(sample_id: uuid.UUID, visit: Staff) -> Response:
    """The photo as large as a list shows it; whole where no small one was made."""
    with visit.rt.read() as session:
        lookup.get_sample(session, visit.who, sample_id)
        content = photos.small_photo_of(session, sample_id)
    return show(sample_id, visit) if content is None else Response(content, media_type=media_type_of(content))


@router.post("/samples/{sample_id}/photo")
def take(sample_id: uuid.UUID, visit: Staff, photo: Sent = None) -> Response:
    """Keep a photo, in place of an earlier one, and show the sample again."""
    with received(visit.rt.blobs, photo) as kept, visit.begin() as uow:
        if kept is None:
            raise Invalid("No photo was chosen. Nothing was saved.", fields={"photo": "Choose a photo."})
        attach(uow, sample_id, kept)
    return RedirectResponse(f"/samples/{sample_id}", 303)
