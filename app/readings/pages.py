"""The one form of this feature that needs no script: files as multipart. The bench's pages belong to results."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Annotated, BinaryIO

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response

from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Invalid
from app.platform.security.policy import allow
from app.readings import service
from app.readings.domain import Method
from app.runtime import RuntimeDep
from app.samples import service as samples

router = APIRouter(include_in_schema=False)

Chemist = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]


@router.post("/bench/samples/{sample_id}/uploads")
def upload_files(
    request: Request,
    sample_id: uuid.UUID,
    who: Chemist,
    rt: RuntimeDep,
    file: Annotated[list[UploadFile], File()],
    method: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Take files in, each by itself: one that is refused does not spoil the others before it."""
    chosen = _method(method)
    with rt.read() as session:
        samples.get_sample(session, who, sample_id)
    for one in file:
        received = rt.blobs.put(_chunks(one.file))
        with rt.begin(who, request) as uow:
            service.record_upload_for_sample(uow, sample_id, received, one.filename or "", chosen)
    return RedirectResponse(f"/bench/samples/{sample_id}", 303)


def _method(text: str) -> Method | None:
    if not text:
        return None
    try:
        return Method(text)
    except ValueError:
        raise Invalid("There is no such method.", fields={"method": "Choose one of the methods."}) from None


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(1 << 20):
        yield piece
