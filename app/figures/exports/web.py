"""What the API and the pages of research projects share: who may do what, and the file of an extract."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import Path, Request
from fastapi.responses import Response

from app.figures.exports import extract_job
from app.figures.exports.domain import APPROVERS, WRITERS
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
from app.runtime import Runtime

Writer = Annotated[Actor, allow(*WRITERS)]
Approver = Annotated[Actor, allow(*APPROVERS)]
Researcher = Annotated[Actor, allow(Role.RESEARCHER)]
Number = Annotated[int, Path(ge=1, le=10**6)]
TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


def file_of(rt: Runtime, who: Actor, request: Request, project_id: uuid.UUID, number: int, format_: str) -> Response:
    """The download."""
    with rt.begin(who, request) as uow:
        name, content = extract_job.fetch(uow, project_id, number, format_)
    disposition = f'attachment; filename="{name}"'
    return Response(content, media_type=TYPES[format_], headers={"Content-Disposition": disposition})
