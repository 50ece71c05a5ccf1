"""HTML of message packs: what is in force, versions, messages with the check beside them, comparing. Reading only."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.care.message_packs import comparing, drafting, service, showing, web
from app.care.message_packs.domain import RULE_OF_SIGNING
from app.care.message_packs.web import Reader
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import MastError, NotFound
from app.platform.kernel.ids import new_id
from app.platform.web.fields import Text80
from app.platform.web.forms import Entered, fields_of
from app.platform.web.paging import Cursor, decode_cursor, encode_cursor
from app.platform.web.problems import status_of
from app.runtime import Runtime, RuntimeDep
from app.screens.messages import view as views

router = APIRouter(prefix="/messages", include_in_schema=False)

LIMIT = 25
PATIENCE = 2.0
"""Seconds a page waits for the check of the whole pack; then it says that the check is still running."""
TO_READ = 6.0
"""Seconds a page waits to know whether a version can be read, before it shows less."""
FilePath = Annotated[str, Query(max_length=120)]
DONE = {
    "begun": "The draft is begun. It changes nothing that people see until two people have signed it.",
    "saved": "Saved. Nothing that people see has changed.",
    "submitted": "The version waits for two signatures. Its files do not change any more.",
    "sent_back": "The version is a draft again.",
    "signed": "Your signature is kept. It is not in force yet: another one is missing.",
    "approved": "The version is signed by two people.",
    "set_aside": "The draft is set aside. It stays readable.",
    "withdrawn": "Withdrawn. From now on pages say: talk to us before you take any.",
}


@router.get("")
def overview(request: Request, who: Reader, rt: RuntimeDep, cursor: Cursor = "", done: Text80 = "") -> HTMLResponse:
    """What is in force, what waits for signatures, all versions."""
    return overview_page(request, rt, who, cursor=cursor, done=done)


def overview_page(
    request: Request, rt: Runtime, who: Actor, *, cursor: str = "", done: str = "", error: MastError | None = None,
    typed: dict[str, str] | None = None,
) -> HTMLResponse:  # fmt: skip
    """The overview, also with what could not be done."""
    with rt.read() as session:
        rows = service.views_page(session, rt.packs, who, rt.now(), before=decode_cursor(cursor), limit=LIMIT + 1)
        current = service.in_force_view(session, rt.packs, who, rt.now())
        rt.packs.current(session, who.agency_id, rt.now())  # so that what cannot be read is said here
    more = len(rows) > LIMIT and rows[LIMIT - 1].row.number > 0
    return rt.templates.page(
        request,
        "messages/overview.html",
        status=status_of(error),
        current=current,
        unreadable=rt.packs.unreadable.get(current.row.digest, ""),
        rows=rows[:LIMIT],
        older=f"/messages?cursor={encode_cursor(rows[LIMIT - 1].row.id)}" if more else None,
        newest="/messages" if cursor else None,
        t=Entered(typed or {}),
        key=str(new_id()),
        error=error,
        fields=fields_of(error),
        done=DONE.get(done, ""),
        **views.common(who),
    )


@router.get("/{version_id}")
def version(request: Request, version_id: uuid.UUID, who: Reader, rt: RuntimeDep, done: Text80 = "") -> HTMLResponse:
    """One version: what it changes, what the check finds, who signed."""
    return version_page(request, rt, who, version_id, done=done)


def version_page(
    request: Request, rt: Runtime, who: Actor, version_id: uuid.UUID, *, done: str = "",
    error: MastError | None = None, typed: dict[str, str] | None = None,
) -> HTMLResponse:  # fmt: skip
    """The page of a version, also with what could not be done."""
    view = web.view(rt, who, version_id)
    parent = web.parent(rt, who, view.row)
    ready = web.prepared(rt, who, version_id, PATIENCE)
    files = web.files(rt, who, version_id)
    changed = comparing.changed_paths(web.files(rt, who, parent.id), files) if parent else []
    return rt.templates.page(
        request,
        "messages/version.html",
        status=status_of(error),
        v=view,
        parent=parent,
        changed=changed,
        errors=ready.checked.errors,
        running=ready.checked.running,
        warnings=ready.checked.warnings,
        link_of=views.link_of(version_id, files),
        signed_already=any(one.person_id == who.person_id for one in view.signed),
        is_author=str(who.person_id) in view.row.authors,
        rule_of_signing=RULE_OF_SIGNING,
        t=Entered(typed or {}),
        error=error,
        fields=fields_of(error),
        done=DONE.get(done, ""),
        **views.tabs(view.row, "version"),
        **views.common(who),
    )


@router.get("/{version_id}/texts")
def texts(
    request: Request, version_id: uuid.UUID, who: Reader, rt: RuntimeDep, language: Text80 = "en", word: Text80 = ""
) -> HTMLResponse:
    """The messages of a version, the gravest first."""
    view, files = web.view(rt, who, version_id), web.files(rt, who, version_id)
    ready = web.prepared(rt, who, version_id, PATIENCE)
    return rt.templates.page(
        request,
        "messages/texts.html",
        v=view,
        rows=views.message_rows(files, ready.checked, language, word),
        languages=views.languages(files),
        language=language,
        word=word,
        today=rt.now().date(),
        **views.tabs(view.row, "texts"),
        **views.common(who),
    )


@router.get("/{version_id}/rules")
def rules(request: Request, version_id: uuid.UUID, who: Reader, rt: RuntimeDep) -> HTMLResponse:
    """The rules of a version, in words."""
    view, files = web.view(rt, who, version_id), web.files(rt, who, version_id)
    return rt.templates.page(
        request,
        "messages/rules.html",
        v=view,
        rows=views.rule_rows(files, web.pack_of(rt, view.row, files, TO_READ)),
        withdrawn={one.target for one in view.withdrawn},
        today=rt.now().date(),
        **views.tabs(view.row, "rules"),
        **views.common(who),
    )


@router.get("/{version_id}/files")
def files_list(request: Request, version_id: uuid.UUID, who: Reader, rt: RuntimeDep) -> HTMLResponse:
    """All files of a version."""
    view, files = web.view(rt, who, version_id), web.files(rt, who, version_id)
    return rt.templates.page(
        request,
        "messages/files.html",
        v=view,
        rows=views.file_rows(files),
        **views.tabs(view.row, "files"),
        **views.common(who),
    )


@router.get("/{version_id}/file")
def file(
    request: Request,
    version_id: uuid.UUID,
    who: Reader,
    rt: RuntimeDep,
    path: FilePath,
    line: int = 0,
    done: Text80 = "",
) -> HTMLResponse:
    """A file as text, with what the check finds in it."""
    return file_page(request, rt, who, version_id, path, line=line, done=done)


def file_page(
    request: Request, rt: Runtime, who: Actor, version_id: uuid.UUID, path: str, *, line: int = 0, done: str = "",
    error: MastError | None = None, typed: str | None = None, was: str | None = None,
) -> HTMLResponse:  # fmt: skip
    """The page of a file, also with a text that could not be saved."""
    view, files = web.view(rt, who, version_id), web.files(rt, who, version_id)
    if path not in files and typed is None:
        raise NotFound("file")
    checked = web.prepared(rt, who, version_id, PATIENCE).checked
    return rt.templates.page(
        request,
        "messages/file.html",
        status=status_of(error),
        v=view,
        path=path,
        text=files.get(path, "") if typed is None else typed,
        was=view.row.files.get(path, "") if was is None else was,
        line=line,
        found=checked.about(path, *views.rule_ids(files, path)),
        running=checked.running,
        may=views.may_edit(who, view.row),
        error=error,
        fields=fields_of(error),
        done=DONE.get(done, ""),
        **views.tabs(view.row, "files"),
        **views.common(who),
    )


@router.get("/{version_id}/message")
def message(
    request: Request, version_id: uuid.UUID, who: Reader, rt: RuntimeDep, path: FilePath, done: Text80 = ""
) -> HTMLResponse:
    """One message: to edit in a draft, to read elsewhere; the check and where it would show beside it."""
    return message_page(request, rt, who, version_id, path, done=done)


def message_page(
    request: Request, rt: Runtime, who: Actor, version_id: uuid.UUID, path: str, *, done: str = "",
    error: MastError | None = None, form: drafting.MessageForm | None = None, was: str | None = None,
) -> HTMLResponse:  # fmt: skip
    """The page of a message, also with what was typed and not saved."""
    view, files = web.view(rt, who, version_id), web.files(rt, who, version_id)
    if not views.is_message(path) or (path not in files and form is None):
        raise NotFound("message")
    checked = web.prepared(rt, who, version_id, PATIENCE).checked
    _, locale, name = path.split("/")
    message_id = name.removesuffix(".md")
    pack = web.pack_of(rt, view.row, files, TO_READ)
    look = views.look_of(path, files.get(path, ""), form, pack)
    return rt.templates.page(
        request,
        "messages/message.html",
        status=status_of(error),
        v=view,
        path=path,
        message_id=message_id,
        locale=locale,
        t=form or views.form_of(files.get(path, "")),
        was=view.row.files.get(path, "") if was is None else was,
        number=views.number_of(files.get(path, "")),
        look=look,
        found=checked.about(path) if form is None and not checked.running else look.problems,
        running=checked.running,
        shows=showing.shows(pack, message_id) if pack is not None else None,
        other_languages=[lo for lo in views.languages(files) if lo != locale and f"messages/{lo}/{name}" in files],
        gone=[one for one in view.withdrawn if one.target == message_id],
        may=views.may_edit(who, view.row),
        may_withdraw=views.may_withdraw(who, view, pack, message_id),
        pictograms=views.PICTOGRAMS,
        error=error,
        fields=fields_of(error),
        done=DONE.get(done, ""),
        **views.tabs(view.row, "texts"),
        **views.common(who),
    )


@router.get("/{version_id}/compare")
def compare(
    request: Request,
    version_id: uuid.UUID,
    who: Reader,
    rt: RuntimeDep,
    old: Annotated[uuid.UUID | None, Query(alias="with")] = None,
) -> HTMLResponse:
    """Two versions beside each other: words, cards, and the worked cases whose pages differ."""
    view = web.view(rt, who, version_id)
    with rt.read() as session:
        rows = service.views_page(session, rt.packs, who, rt.now(), limit=100)
    chosen = old or view.row.parent_id or rt.packs.shipped_id
    other = web.view(rt, who, chosen)
    before, after = web.files(rt, who, chosen), web.files(rt, who, version_id)
    packs = web.pack_of(rt, other.row, before, TO_READ), web.pack_of(rt, view.row, after, TO_READ)
    return rt.templates.page(
        request,
        "messages/compare.html",
        v=view,
        other=other,
        choices=[(str(one.row.id), f"Version {one.row.number}") for one in rows if one.row.id != version_id],
        changes=[(one, views.beside(one.path, *packs)) for one in comparing.changes(before, after)],
        cases=showing.changed_cases(packs[0], packs[1]) if packs[0] and packs[1] else None,
        **views.tabs(view.row, "compare"),
        **views.common(who),
    )
