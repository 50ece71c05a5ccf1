"""What the pages of message packs send: begin, edit, submit, sign, send back, set aside, withdraw."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, time
from itertools import zip_longest
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.care.message_packs import concurrent_edits, drafting, signing, web
from app.care.message_packs.domain import PackState, Target
from app.intake.people.web_proving import proven_lately
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Invalid, NotFound
from app.platform.kernel.place import zone
from app.platform.web.fields import FOR_OTHERS, FOR_STAFF, OF_A_PACK, Note200, Text20, Text80, Text140, keeps_nothing
from app.screens.messages import page, view
from app.screens.messages.lists import is_message
from app.screens.visits import Visit, visitor
from harm_messages.reading import MAX_CHARACTERS

router = APIRouter(prefix="/messages", include_in_schema=False)

Begins = Annotated[Visit, visitor(Role.CLINICIAN)]
Editor = Annotated[page.VersionVisit, page.at_version(Role.CLINICIAN)]
Signer = Annotated[page.VersionVisit, page.at_version(Role.CLINICIAN, Role.SESSION_LEAD)]
Long = Annotated[str, FOR_OTHERS, Form(max_length=20_000)]
FormPath = Annotated[str, Form(max_length=120)]
Was = Annotated[str, Form(max_length=64)]
Version = Annotated[int, Form()]
Reason = Annotated[Note200, Form()]


def typed_message(
    title: Annotated[Text140, FOR_OTHERS, Form()] = "",
    card: Long = "",
    more: Long = "",
    spoken: Long = "",
    pictogram: Annotated[Text20, Form()] = "",
    evidence: Annotated[str, FOR_STAFF, Form(max_length=20_000)] = "",
    review_by: Annotated[Text20, Form()] = "",
    ready: Annotated[Text20, Form()] = "",
    withdrawn: Annotated[Text20, Form()] = "",
) -> drafting.MessageForm:
    """Dependency: a message as it was typed."""
    return drafting.MessageForm(
        title, card, more, spoken, pictogram, evidence, review_by, ready == "yes", withdrawn == "yes"
    )


Typed = Annotated[drafting.MessageForm, Depends(typed_message)]


def chosen_sides(
    clash: Annotated[list[Text80] | None, Form(max_length=400)] = None,
    take: Annotated[list[Text20] | None, Form(max_length=400)] = None,
) -> concurrent_edits.Choices:
    """Dependency: which side is taken of each part that two people changed. They belong together, place by place."""
    parts = clash or []
    return dict(zip_longest(parts, (take or [])[: len(parts)], fillvalue=""))


Chosen = Annotated[concurrent_edits.Choices, Depends(chosen_sides)]


@router.post("")
def begin(
    visit: Begins,
    base: Annotated[uuid.UUID, Form()],
    reason: Reason = "",
    idempotency_key: Annotated[str, Form(max_length=120)] = "",
) -> Response:
    """Begin a draft; pressed twice, one is begun."""
    with visit.work(lambda error: page.overview_page(visit, error=error, reason=reason), but=NotFound) as uow:

        def create() -> str:
            return str(drafting.begin(uow, visit.rt.packs, base, reason).id)

        made = visit.sent_once(idempotency_key).run(uow, create)
    return RedirectResponse(f"/messages/{json.loads(bytes(made.body))}?done=begun", 303)


@router.post("/{version_id}/message")
def save_message(
    at: Editor,
    path: FormPath,
    form: Typed,
    choices: Chosen,
    was: Was = "",
    action: Annotated[Literal["save", "look"], Form()] = "save",
) -> Response:
    """Save a message of a draft, with what someone else saved since; or only look at it."""
    if not is_message(path):
        raise NotFound("message")
    if action == "look":
        return page.message_page(at, path, form=form, was=was)
    with at.work(lambda error: page.message_page(at, path, error=error, form=form, was=was), but=NotFound) as uow:
        theirs = concurrent_edits.save_message(uow, at.rt.packs, at.version_id, path, was, form, choices)
    return at.back("saved", _with_theirs("message", path, theirs))


@router.post("/{version_id}/message/look")
@keeps_nothing
def look(at: page.AtVersion, path: FormPath, form: Typed) -> HTMLResponse:
    """The card as it would look, and what is wrong with it, while someone types. Nothing is kept."""
    rt, who, version_id = at.rt, at.who, at.version_id
    row, files = web.row(rt, who, version_id), web.files(rt, who, version_id)
    if not is_message(path):
        raise NotFound("message")
    found = view.look_of(path, files.get(path, ""), form, web.pack_to_type_against(rt, who, row, files))
    return at.page(
        "messages/_look.html", look=found, found=found.problems, version_id=version_id, live=True,
        pictogram=form.pictogram, **view.common(who),
    )  # fmt: skip


@router.post("/{version_id}/file")
def save_file(
    at: Editor,
    path: FormPath,
    choices: Chosen,
    was: Was = "",
    text: Annotated[str, OF_A_PACK, Form(max_length=2 * MAX_CHARACTERS)] = "",
) -> Response:
    """Save a file of a draft, with what someone else saved since; or add one. It may be wrong: then the check says so and it
    cannot be signed."""
    path = path.strip()
    with at.work(lambda error: page.file_page(at, path, error=error, typed=text, was=was), but=NotFound) as uow:
        theirs = concurrent_edits.save_file(uow, at.rt.packs, at.version_id, path, was, text, choices)
    return at.back("saved", _with_theirs("file", path, theirs))


def _with_theirs(of: str, path: str, theirs: Iterable[str]) -> str:
    """The end of the address of a text that was saved, and the parts of it that someone else had changed."""
    return f"/{of}?{urlencode([('path', path), *(('theirs', one) for one in theirs)])}&"


@router.post("/{version_id}/submit")
def submit(
    at: Editor,
    version: Version = 0,
    effective_from: Annotated[Text20, Form()] = "",
    effective_to: Annotated[Text20, Form()] = "",
) -> Response:
    """Send a draft to review."""
    with at.shown_again(effective_from=effective_from, effective_to=effective_to):
        start, end = _days(effective_from, effective_to)
        ready = web.prepared(at.rt, at.who, at.version_id)
        with at.begin() as uow:
            web.check_if_match(uow, at.rt, at.version_id, version)
            signing.submit(uow, at.rt.packs, at.version_id, ready, effective_from=start, effective_to=end)
    return at.back("submitted")


@router.post("/{version_id}/sign", dependencies=[proven_lately()])
def sign(
    at: Signer, digest: Annotated[str, Form(max_length=64)] = "", read: Annotated[Text20, Form()] = ""
) -> Response:
    """Sign what was read."""
    with at.shown_again():
        if read != "yes":
            said = "Confirm that you have read the changes."
            raise Invalid("Nothing was signed.", fields={"read": said})
        with at.begin() as uow:
            row = signing.sign(uow, at.rt.packs, at.version_id, digest)
    return at.back("approved" if row.state is PackState.APPROVED else "signed")


@router.post("/{version_id}/send-back")
def send_back(at: Signer, version: Version = 0, reason: Reason = "") -> Response:
    """Make it a draft again."""
    with at.shown_again("send-back", reason=reason), at.begin() as uow:
        signing.send_back(uow, at.rt.packs, at.version_id, version, reason)
    return at.back("sent_back")


@router.post("/{version_id}/set-aside")
def set_aside(at: Editor, version: Version = 0, reason: Reason = "") -> Response:
    """Give a draft up."""
    with at.shown_again("set-aside", reason=reason), at.begin() as uow:
        drafting.set_aside(uow, at.rt.packs, at.version_id, version, reason)
    return at.back("set_aside")


@router.post("/{version_id}/withdraw")
def withdraw(
    at: Signer, kind: Annotated[Target, Form()], target: Annotated[Text80, Form()] = "", reason: Reason = ""
) -> Response:
    """Withdraw a message, a rule or the whole version."""
    with at.shown_again("withdraw", reason=reason, kind=kind.value, target=target), at.begin() as uow:
        signing.withdraw(uow, at.rt.packs, at.version_id, kind, target, reason)
    return at.back("withdrawn")


def _days(start: str, end: str) -> tuple[datetime | None, datetime | None]:
    """The two days as moments: the morning of the one, the end of the other. Raises Invalid with a sentence per field."""
    found: dict[str, datetime | None] = {}
    wrong: dict[str, str] = {}
    for name, text, hour in (("effective_from", start, time(0)), ("effective_to", end, time(23, 59, 59))):
        try:
            day = datetime.strptime(text, "%Y-%m-%d").date() if text else None
            if day is not None and not 2000 <= day.year < 2100:
                raise ValueError
            found[name] = datetime.combine(day, hour, zone()).astimezone(UTC) if day else None
        except ValueError:
            wrong[name] = f"“{text}” is not a day. Write it like 2026-12-01."
    if wrong:
        raise Invalid("The draft was not sent to review.", fields=wrong)
    return found["effective_from"], found["effective_to"]
