"""HTML of message packs: what is in force, versions, messages with the check beside them, comparing. Reading only."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.care.message_packs import (
    comparing,
    concurrent_edits,
    drafting,
    message_files,
    previews,
    rule_files,
    service,
    web,
)
from app.care.message_packs.checking import Checked
from app.care.message_packs.domain import RULE_OF_SIGNING, PackState
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Invalid, MastError, NotFound
from app.platform.kernel.ids import new_id
from app.platform.security.policy import allow
from app.platform.web.fields import Text80
from app.platform.web.forms import Entered, fields_of, shown_again
from app.platform.web.paging import Cursor, decode_cursor, encode_cursor
from app.runtime import RuntimeDep
from app.screens.messages import view as views
from app.screens.messages.choosing import choice_of, is_part, part_words
from app.screens.messages.lists import FIRST_LANGUAGE, is_message, language_names
from app.screens.visits import Visit, visitor
from harm_messages import Pack

router = APIRouter(prefix="/messages", include_in_schema=False)

LIMIT = 25
Reader = Annotated[Visit, visitor(*web.READERS)]
FilePath = Annotated[str, Query(max_length=120)]
DONE = {
    "begun": "Draft begun. Result pages change only once two people have signed it.",
    "saved": "Saved. Result pages have not changed.",
    "submitted": "The version needs two signatures. Its files are frozen.",
    "sent_back": "The version is a draft again.",
    "signed": "Your signature is saved. One more is needed before it is in force.",
    "approved": "Two people have signed the version. Client pages use it from its start date.",
    "nothing_to_sign": "Nothing waits for your signature.",
    "set_aside": "The draft is set aside. You can still read it.",
    "withdrawn": "Withdrawn. Pages now say “talk to us before you take any”.",
}


@dataclass(frozen=True, slots=True)
class Done:
    """What was done just before, as the address of a page says it. `theirs`: parts that someone else had changed."""

    key: str = ""
    theirs: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """In a sentence."""
        said = DONE.get(self.key, "")
        if said and self.theirs:
            said += f" Someone else’s changes were kept too: {', '.join(self.theirs)}."
        return said


NOTHING = Done()


def _done(done: Text80 = "", theirs: Annotated[list[Text80] | None, Query(max_length=400)] = None) -> Done:
    return Done(done, tuple(part_words(one) for one in theirs or () if is_part(one)))


AfterSaving = Annotated[Done, Depends(_done)]


@router.get("")
def overview(visit: Reader, cursor: Cursor = "", done: Text80 = "") -> HTMLResponse:
    """What is in force, what waits for signatures, all versions."""
    return overview_page(visit, cursor=cursor, done=done)


def overview_page(
    visit: Visit, *, cursor: str = "", done: str = "", error: MastError | None = None, reason: str = ""
) -> HTMLResponse:
    """The overview, also with what could not be done."""
    rt, who, now = visit.rt, visit.who, visit.rt.now()
    with rt.read() as session:
        rows = service.views_page(session, rt.packs, who, now, before=decode_cursor(cursor), limit=LIMIT + 1)
        current = service.in_force_view(session, rt.packs, who, now)
        rt.packs.current(session, who.agency_id, now)  # so that what cannot be read is said here
    more = len(rows) > LIMIT and rows[LIMIT - 1].row.number > 0
    return visit.page(
        "messages/overview.html",
        current=current,
        unreadable=rt.packs.unreadable.get(current.row.digest, ""),
        rows=rows[:LIMIT],
        older=f"/messages?cursor={encode_cursor(rows[LIMIT - 1].row.id)}" if more else None,
        newest="/messages" if cursor else None,
        t=Entered(reason=reason),
        key=str(new_id()),
        error=error,
        fields=fields_of(error),
        done=DONE.get(done, ""),
        **views.common(visit.who),
    )


@dataclass(frozen=True, slots=True)
class VersionVisit(Visit):
    """A request about one version of the message pack."""

    version_id: uuid.UUID

    def opened(self) -> tuple[service.VersionView, dict[str, str]]:
        """The version and its files. Raises NotFound."""
        return web.view(self.rt, self.who, self.version_id), web.files(self.rt, self.who, self.version_id)

    def checked(self) -> Checked:
        """What the check finds in it, as far as it has come."""
        return web.prepared(self.rt, self.who, self.version_id).checked

    def shown_again(self, form: str = "", **typed: str) -> AbstractContextManager[None]:
        """Where what is inside is refused, the page of the version with why, and with what was typed into the form."""
        return shown_again(lambda e: version_page(self, error=_named(e, form), typed=Entered(typed)), but=NotFound)

    def back(self, done: str, of: str = "?") -> RedirectResponse:
        """To the page of the version, or of what the end `of` of an address names in it, saying what was done."""
        return RedirectResponse(f"/messages/{self.version_id}{of}done={done}", 303)


def at_version(*roles: Role) -> object:
    """Dependency: the request about a version, if it comes from someone with one of `roles`."""
    policy = allow(*roles)

    def at(request: Request, rt: RuntimeDep, version_id: uuid.UUID, who: Actor = policy) -> VersionVisit:
        return VersionVisit(request, rt, who, version_id)

    return Depends(at)


def _named(error: MastError, form: str) -> MastError:
    """A page with several forms: the sentence about a reason goes to the field of its own form."""
    if not form or "reason" not in error.fields:
        return error
    rest = {key: said for key, said in error.fields.items() if key != "reason"}
    return Invalid(error.detail, fields={f"reason-{form}": error.fields["reason"], **rest})


AtVersion = Annotated[VersionVisit, at_version(*web.READERS)]


@router.get("/{version_id}")
def version(at: AtVersion, done: Text80 = "") -> HTMLResponse:
    """One version: what it changes, what the check finds, who signed."""
    return version_page(at, done=done)


def version_page(
    at: VersionVisit, *, done: str = "", error: MastError | None = None, typed: Entered | None = None
) -> HTMLResponse:
    """The page of a version, also with what could not be done."""
    view, files = at.opened()
    parent = web.row(at.rt, at.who, view.row.parent_id) if view.row.parent_id else None
    checked = at.checked()
    changed = comparing.changed_paths(web.files(at.rt, at.who, parent.id), files) if parent else []
    return at.page(
        "messages/version.html",
        parent=parent,
        changed=changed,
        called={path: _called(path, files) for path in changed[:8]},
        errors=checked.errors,
        running=checked.running,
        percent=checked.percent,
        warnings=checked.warnings,
        turned_english=_turned_english(at, view, checked.pack),
        link_of=views.link_of(at.version_id, files),
        signed_already=any(one.person_id == at.who.person_id for one in view.signed),
        is_author=str(at.who.person_id) in view.row.authors,
        rule_of_signing=RULE_OF_SIGNING,
        t=typed or Entered(),
        error=error,
        fields=fields_of(error),
        done=DONE.get(done, ""),
        **views.frame(at.who, view, "version"),
    )


def _called(path: str, files: Mapping[str, str]) -> str:
    """A changed message by its title, with its language where that is another; any other file by its name."""
    *_, folder, name = ["", *path.split("/")]
    title = message_files.read(files.get(path, "")).get("title") if is_message(path) else ""
    return f"{title} ({folder})" if title and folder != FIRST_LANGUAGE else title or name


def _turned_english(at: VersionVisit, view: service.VersionView, then: Pack | None) -> list[previews.TurnsEnglish]:
    """What pages in other languages lose once this version is signed; nothing where it is not to be signed."""
    if then is None or view.row.state not in (PackState.DRAFT, PackState.IN_REVIEW):
        return []
    with at.rt.read() as session:
        now = at.rt.packs.current(session, at.who.agency_id, at.rt.now())
    return previews.turned_english(now, then)


@router.get("/{version_id}/files")
def files_list(at: AtVersion) -> HTMLResponse:
    """All files of a version."""
    view, files = at.opened()
    return at.page(
        "messages/files.html",
        rows=views.file_rows(files),
        **views.frame(at.who, view, "files"),
    )


@router.get("/{version_id}/file")
def file(at: AtVersion, path: FilePath, done: AfterSaving, line: int = 0) -> HTMLResponse:
    """A file as text, with what the check finds in it."""
    return file_page(at, path, line=line, done=done)


def file_page(
    at: VersionVisit,
    path: str,
    *,
    line: int = 0,
    error: MastError | None = None,
    typed: str | None = None,
    was: str | None = None,
    done: Done = NOTHING,
) -> HTMLResponse:
    """The page of a file, also with a text that could not be saved."""
    view, files = at.opened()
    if path not in files and typed is None:
        raise NotFound("file")
    choice = choice_of(error)
    if choice is not None:
        typed, was = "".join(choice.yours.values()), choice.seen
    checked = at.checked()
    rules_here = list(rule_files.rules_in(files.get(path, ""))) if rule_files.is_rules(path) else []
    return at.page(
        "messages/file.html",
        path=path,
        text=files.get(path, "") if typed is None else typed,
        was=view.row.files.get(path, "") if was is None else was,
        line=line,
        found=checked.about(path, *rules_here),
        running=checked.running,
        may=views.may_edit(at.who, view.row),
        typed=typed is not None,
        choice=choice,
        error=error,
        fields=fields_of(error),
        done=done.words,
        **views.frame(at.who, view, "files"),
    )


@router.get("/{version_id}/message")
def message(at: AtVersion, path: FilePath, done: AfterSaving) -> HTMLResponse:
    """One message: to edit in a draft, to read elsewhere; the check and where it would show beside it."""
    return message_page(at, path, done=done)


def message_page(
    at: VersionVisit,
    path: str,
    *,
    error: MastError | None = None,
    form: drafting.MessageForm | None = None,
    was: str | None = None,
    done: Done = NOTHING,
) -> HTMLResponse:
    """The page of a message, also with what was typed and not saved."""
    view, files = at.opened()
    choice = choice_of(error)
    if choice is not None:
        form, was = concurrent_edits.form_from(choice.yours), choice.seen
    if not is_message(path) or (path not in files and form is None):
        raise NotFound("message")
    checked = at.checked()
    _, locale, name = path.split("/")
    message_id = name.removesuffix(".md")
    pack = web.pack_to_type_against(at.rt, at.who, view.row, files)
    look = views.look_of(path, files.get(path, ""), form, pack)
    called = language_names(pack or at.rt.pack, files)
    there = message_files.read(files.get(path, ""))
    return at.page(
        "messages/message.html",
        path=path,
        message_id=message_id,
        locale=locale,
        t=form or drafting.form_of(files.get(path, "")),
        was=view.row.files.get(path, "") if was is None else was,
        number=there.number,
        marked=there.get("status"),
        look=look,
        found=checked.about(path) if form is None and not checked.running else look.problems,
        running=checked.running,
        shows=previews.shows(pack, message_id) if pack is not None else None,
        languages=called,
        other_languages=[lo for lo in called if lo != locale and f"messages/{lo}/{name}" in files],
        gone=[one for one in view.withdrawn if one.target == message_id],
        may=views.may_edit(at.who, view.row),
        may_withdraw=views.may_withdraw(at.who, view, pack, message_id),
        pictograms=views.PICTOGRAMS,
        typed=form is not None,
        choice=choice,
        error=error,
        fields=fields_of(error),
        done=done.words,
        **views.frame(at.who, view, "texts"),
    )


@router.get("/{version_id}/compare")
def compare(at: AtVersion, old: Annotated[uuid.UUID | None, Query(alias="with")] = None) -> HTMLResponse:
    """Two versions beside each other: words, cards, and the worked cases whose pages differ."""
    rt = at.rt
    view, after = at.opened()
    with rt.read() as session:
        rows = service.views_page(session, rt.packs, at.who, rt.now(), limit=100)
    other, before = replace(at, version_id=old or view.row.parent_id or rt.packs.shipped_id).opened()
    packs = web.pack_of(rt, at.who, other.row, before), web.pack_of(rt, at.who, view.row, after)
    return at.page(
        "messages/compare.html",
        other=other,
        choices=[(str(one.row.id), f"Version {one.row.number}") for one in rows if one.row.id != at.version_id],
        changes=[(one, views.beside(one.path, *packs)) for one in comparing.changes(before, after)],
        cases=previews.changed_cases(packs[0], packs[1]) if packs[0] and packs[1] else None,
        **views.frame(at.who, view, "compare"),
    )
