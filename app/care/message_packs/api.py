"""JSON routes of message packs: versions, their files, the check, signatures and withdrawals."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse

from app.care.message_packs import comparing, drafting, previews, schemas, service, signing, web
from app.care.message_packs.web import Editor, Reader, Signer
from app.intake.people.web_proving import proven_lately
from app.platform.db import UnitOfWork
from app.platform.kernel.errors import NotFound, VersionRequired
from app.platform.web.etags import tagged
from app.platform.web.fields import Text80
from app.platform.web.paging import Cursor, Limit, Page, cut, decode_cursor
from app.runtime import ChangeDep, CreationDep, RuntimeDep

router = APIRouter(prefix="/api/v1/message-packs", tags=["message packs"])

FilePath = Annotated[str, Query(max_length=120, description="Path inside the pack, such as messages/en/M-HEAT.md")]


@router.get("")
def list_versions(who: Reader, rt: RuntimeDep, cursor: Cursor = "", limit: Limit = 50) -> Page[schemas.VersionOut]:
    """Versions of the caller's agency, newest first; the one that came with the software is the last."""
    with rt.read() as session:
        views = service.views_page(session, rt.packs, who, rt.now(), before=decode_cursor(cursor), limit=limit + 1)
    return cut(views, limit, schemas.VersionOut.of, lambda view: view.row.id)


@router.get("/in-force")
def in_force(who: Reader, rt: RuntimeDep, response: Response) -> schemas.VersionOut:
    """The version that pages are made from now."""
    with rt.read() as session:
        view = service.in_force_view(session, rt.packs, who, rt.now())
    return tagged(response, schemas.VersionOut.of(view))


@router.get("/{version_id}")
def show_version(version_id: uuid.UUID, who: Reader, rt: RuntimeDep, response: Response) -> schemas.VersionOut:
    """One version with its signatures and what was withdrawn from it."""
    return tagged(response, schemas.VersionOut.of(web.view(rt, who, version_id)))


@router.get("/{version_id}/files")
def export(version_id: uuid.UUID, who: Reader, rt: RuntimeDep) -> schemas.FilesOut:
    """All files of a version, for working with them in a folder."""
    with rt.read() as session:
        row = service.get_version(session, rt.packs, who, version_id)
        return schemas.FilesOut(number=row.number, files=rt.packs.texts_of(session, row))


@router.get("/{version_id}/file")
def show_file(
    version_id: uuid.UUID, who: Reader, rt: RuntimeDep, response: Response, path: FilePath
) -> schemas.FileOut:
    """One file of a version."""
    with rt.read() as session:
        row = service.get_version(session, rt.packs, who, version_id)
        text = rt.packs.texts_of(session, row).get(path)
    if text is None:
        raise NotFound("file")
    response.headers["ETag"] = f'"{row.files[path]}"'
    return schemas.FileOut(path=path, sha256=row.files[path], text=text)


@router.put("/{version_id}/file")
def save_file(
    version_id: uuid.UUID,
    body: schemas.FileIn,
    who: Editor,
    rt: RuntimeDep,
    request: Request,
    response: Response,
    path: FilePath,
    if_match: Annotated[str | None, Header(max_length=80, description="ETag of the file; “new” for a new one")] = None,
) -> schemas.FileOut:
    """Change a file of a draft, or add one. A rule that does something else gets its next version by itself."""
    if not if_match:
        raise VersionRequired(
            "This change does not say which text it starts from, so it was not saved.",
            hint="Read the file first and send its ETag back in If-Match; “new” for a file that is not there yet.",
        )
    was = if_match.strip().removeprefix("W/").strip('"')
    with rt.begin(who, request) as uow:
        row = drafting.save_file(uow, rt.packs, version_id, path, "" if was == "new" else was, body.text)
        text = rt.packs.texts_of(uow.session, row)[path]
    response.headers["ETag"] = f'"{row.files[path]}"'
    return schemas.FileOut(path=path, sha256=row.files[path], text=text)


@router.post("", status_code=201, response_model=schemas.VersionOut)
def begin(body: schemas.BeginIn, who: Editor, rt: RuntimeDep, creation: CreationDep) -> JSONResponse:
    """Begin a draft with the files of any version."""
    return creation.made(who, lambda uow: web.out(uow, rt, drafting.begin(uow, rt.packs, body.base_id, body.reason)))


@router.post("/import", status_code=201, response_model=schemas.VersionOut)
def import_files(body: schemas.ImportIn, who: Editor, rt: RuntimeDep, creation: CreationDep) -> JSONResponse:
    """Begin a draft with files from a folder. What the check finds in them is told by the draft, and keeps nothing out."""
    return creation.made(
        who, lambda uow: web.out(uow, rt, drafting.from_files(uow, rt.packs, body.base_id, body.files, body.reason))
    )


@router.get("/{version_id}/check", responses={202: {"model": schemas.CheckOut, "description": "The check is running"}})
def check(version_id: uuid.UUID, who: Reader, rt: RuntimeDep, response: Response) -> schemas.CheckOut:
    """What the check finds in a version as it would be signed. The worker makes it: while it runs the answer is 202 and says
    `running` and how far it is. Ask again after the seconds of Retry-After."""
    found = web.prepared(rt, who, version_id).checked
    if found.running:
        response.status_code = 202
        response.headers["Retry-After"] = "2"
    problems = [schemas.ProblemOut.model_validate(p) for p in found.problems]
    return schemas.CheckOut(errors=len(found.errors), problems=problems, running=found.running, percent=found.percent)


@router.get("/{version_id}/compare")
def compare(
    version_id: uuid.UUID,
    who: Reader,
    rt: RuntimeDep,
    old: Annotated[uuid.UUID, Query(alias="with", description="The older version")],
) -> schemas.CompareOut:
    """What is different in this version: files word by word, and the worked cases whose pages differ."""
    before, after = web.files(rt, who, old), web.files(rt, who, version_id)
    rows = web.row(rt, who, old), web.row(rt, who, version_id)
    packs = web.pack_once_read(rt, who, rows[0], before), web.pack_once_read(rt, who, rows[1], after)
    cases = previews.changed_cases(packs[0], packs[1]) if packs[0] and packs[1] else []
    return schemas.CompareOut(
        files=comparing.changes(before, after),
        cases=[schemas.CaseChangeOut.model_validate(one) for one in cases],
    )


@router.get("/{version_id}/messages/{message_id}/where")
def where_shown(version_id: uuid.UUID, message_id: Text80, who: Reader, rt: RuntimeDep) -> schemas.WhereOut:
    """The rules that bring a message to a page, in words, and the worked cases that show it."""
    pack = web.pack_once_read(rt, who, web.row(rt, who, version_id), web.files(rt, who, version_id))
    if pack is None or not any(message_id == known for known, _ in pack.messages):
        raise NotFound("message")
    return schemas.WhereOut.model_validate(previews.shows(pack, message_id))


@router.post("/{version_id}/submit")
def submit(
    version_id: uuid.UUID, body: schemas.SubmitIn, who: Editor, rt: RuntimeDep, change: ChangeDep
) -> schemas.VersionOut:
    """Send a draft to review: its files are frozen. Refused (409) with what the check finds, and until it has ended."""
    ready = web.prepared(rt, who, version_id)

    def submitted(uow: UnitOfWork) -> schemas.VersionOut:
        web.check_if_match(uow, rt, version_id, change.version)
        return web.out(uow, rt, signing.submit(uow, rt.packs, version_id, ready, **body.model_dump()))

    return change.made(who, submitted)


@router.post("/{version_id}/send-back")
def send_back(
    version_id: uuid.UUID, body: schemas.ReasonIn, who: Signer, rt: RuntimeDep, change: ChangeDep
) -> schemas.VersionOut:
    """Make a version that waits for signatures a draft again. Its signatures do not hold for what is changed then."""
    return change.made(
        who,
        lambda uow: web.out(uow, rt, signing.send_back(uow, rt.packs, version_id, change.version, body.reason)),
    )


@router.post("/{version_id}/sign", dependencies=[proven_lately()])
def sign(
    version_id: uuid.UUID, body: schemas.SignIn, who: Signer, rt: RuntimeDep, request: Request, response: Response
) -> schemas.VersionOut:
    """Sign the files with this digest. Two people sign; one of them is a clinician who changed nothing in it."""
    with rt.begin(who, request) as uow:
        return tagged(response, web.out(uow, rt, signing.sign(uow, rt.packs, version_id, body.digest)))


@router.post("/{version_id}/set-aside")
def set_aside(
    version_id: uuid.UUID, body: schemas.ReasonIn, who: Editor, rt: RuntimeDep, change: ChangeDep
) -> schemas.VersionOut:
    """Give a draft up. It stays readable."""
    return change.made(
        who,
        lambda uow: web.out(uow, rt, drafting.set_aside(uow, rt.packs, version_id, change.version, body.reason)),
    )


@router.post("/{version_id}/withdrawals", status_code=201, response_model=schemas.WithdrawalOut)
def withdraw(
    version_id: uuid.UUID, body: schemas.WithdrawIn, who: Signer, rt: RuntimeDep, creation: CreationDep
) -> JSONResponse:
    """Withdraw a message, a rule or the whole version, at once. It adds caution: the page says "talk to us first"."""

    def create(uow: UnitOfWork) -> schemas.WithdrawalOut:
        mark = signing.withdraw(uow, rt.packs, version_id, body.kind, body.target, body.reason)
        return schemas.WithdrawalOut.model_validate(mark)

    return creation.made(who, create)
