"""What the pages of message packs send: begin, edit, submit, sign, send back, set aside, withdraw."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.care.message_packs import drafting, signing, web
from app.care.message_packs.domain import PackState, Target
from app.care.message_packs.web import Editor, Reader, Signer
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Invalid, MastError, NotFound
from app.platform.kernel.place import zone
from app.platform.web.fields import FOR_OTHERS, FOR_STAFF, OF_A_PACK, Note200, Text20, Text80, Text140, keeps_nothing
from app.platform.web.forms import shown_again
from app.platform.web.idempotency import form_once
from app.runtime import Runtime, RuntimeDep
from app.screens.messages import page, view
from harm_messages.reading import MAX_CHARACTERS

router = APIRouter(prefix="/messages", include_in_schema=False)

Long = Annotated[str, FOR_OTHERS, Form(max_length=20_000)]
FormPath = Annotated[str, Form(max_length=120)]
Was = Annotated[str, Form(max_length=64)]


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


@router.post("")
def begin(
    request: Request,
    who: Editor,
    rt: RuntimeDep,
    base: Annotated[uuid.UUID, Form()],
    reason: Annotated[Note200, Form()] = "",
    idempotency_key: Annotated[str, Form(max_length=120)] = "",
) -> Response:
    """Begin a draft; pressed twice, one is begun."""
    with (
        shown_again(
            lambda error: page.overview_page(request, rt, who, error=error, typed={"reason": reason}), but=NotFound
        ),
        rt.begin(who, request) as uow,
    ):

        def create() -> str:
            return str(drafting.begin(uow, rt.packs, base, reason).id)

        made = form_once(request, rt.pepper, idempotency_key).run(uow, create)
    return RedirectResponse(f"/messages/{json.loads(bytes(made.body))}?done=begun", 303)


@router.post("/{version_id}/message")
def save_message(
    request: Request,
    version_id: uuid.UUID,
    who: Editor,
    rt: RuntimeDep,
    path: FormPath,
    form: Typed,
    was: Was = "",
    action: Annotated[Literal["save", "look"], Form()] = "save",
) -> Response:
    """Save a message of a draft, or only look at it."""
    if not view.is_message(path):
        raise NotFound("message")
    if action == "look":
        return page.message_page(request, rt, who, version_id, path, form=form, was=was)
    with (
        shown_again(
            lambda error: page.message_page(request, rt, who, version_id, path, error=error, form=form, was=was),
            but=NotFound,
        ),
        rt.begin(who, request) as uow,
    ):
        drafting.save_message(uow, rt.packs, version_id, path, was, form)
    return RedirectResponse(f"/messages/{version_id}/message?path={quote(path)}&done=saved", 303)


@router.post("/{version_id}/message/look")
@keeps_nothing
def look(
    request: Request,
    version_id: uuid.UUID,
    who: Reader,
    rt: RuntimeDep,
    path: FormPath,
    form: Typed,
) -> HTMLResponse:
    """The card as it would look, and what is wrong with it, while somebody types. Nothing is kept."""
    row, files = web.row(rt, who, version_id), web.files(rt, who, version_id)
    if not view.is_message(path):
        raise NotFound("message")
    found = view.look_of(path, files.get(path, ""), form, web.pack_of(rt, row, files, page.PATIENCE))
    return rt.templates.page(
        request, "messages/_look.html", look=found, found=found.problems, version_id=version_id, live=True,
        pictogram=form.pictogram, **view.common(who),
    )  # fmt: skip


@router.post("/{version_id}/file")
def save_file(
    request: Request,
    version_id: uuid.UUID,
    who: Editor,
    rt: RuntimeDep,
    path: FormPath,
    was: Was = "",
    text: Annotated[str, OF_A_PACK, Form(max_length=2 * MAX_CHARACTERS)] = "",
) -> Response:
    """Save a file of a draft, or add one. It may be wrong: then the check says so and it cannot be signed."""
    path = path.strip()
    with (
        shown_again(
            lambda error: page.file_page(request, rt, who, version_id, path, error=error, typed=text, was=was),
            but=NotFound,
        ),
        rt.begin(who, request) as uow,
    ):
        drafting.save_file(uow, rt.packs, version_id, path, was, text)
    return RedirectResponse(f"/messages/{version_id}/file?path={quote(path)}&done=saved", 303)


@router.post("/{version_id}/submit")
def submit(
    request: Request,
    version_id: uuid.UUID,
    who: Editor,
    rt: RuntimeDep,
    version: Annotated[int, Form()] = 0,
    effective_from: Annotated[Text20, Form()] = "",
    effective_to: Annotated[Text20, Form()] = "",
) -> Response:
    """Send a draft to review."""
    typed = {"effective_from": effective_from, "effective_to": effective_to}
    with shown_again(
        lambda error: page.version_page(request, rt, who, version_id, error=error, typed=typed), but=NotFound
    ):
        start, end = _days(effective_from, effective_to)
        ready = web.prepared(rt, who, version_id)
        with rt.begin(who, request) as uow:
            web.check_if_match(uow, rt, version_id, version)
            signing.submit(uow, rt.packs, version_id, ready, effective_from=start, effective_to=end)
    return RedirectResponse(f"/messages/{version_id}?done=submitted", 303)


@router.post("/{version_id}/sign")
def sign(
    request: Request,
    version_id: uuid.UUID,
    who: Signer,
    rt: RuntimeDep,
    digest: Annotated[str, Form(max_length=64)] = "",
    read: Annotated[Text20, Form()] = "",
) -> Response:
    """Sign what was read."""
    with shown_again(lambda error: page.version_page(request, rt, who, version_id, error=error), but=NotFound):
        if read != "yes":
            said = "Say that you have read what changes. Your signature stands for it."
            raise Invalid("Nothing was signed.", fields={"read": said})
        with rt.begin(who, request) as uow:
            row = signing.sign(uow, rt.packs, version_id, digest)
    done = "approved" if row.state is PackState.APPROVED else "signed"
    return RedirectResponse(f"/messages/{version_id}?done={done}", 303)


@router.post("/{version_id}/send-back")
def send_back(
    request: Request,
    version_id: uuid.UUID,
    who: Signer,
    rt: RuntimeDep,
    version: Annotated[int, Form()] = 0,
    reason: Annotated[Note200, Form()] = "",
) -> Response:
    """Make it a draft again."""
    return _step(
        request, rt, who, version_id, "sent_back", {"form": "send-back", "reason": reason},
        lambda uow: signing.send_back(uow, rt.packs, version_id, version, reason),
    )  # fmt: skip


@router.post("/{version_id}/set-aside")
def set_aside(
    request: Request,
    version_id: uuid.UUID,
    who: Editor,
    rt: RuntimeDep,
    version: Annotated[int, Form()] = 0,
    reason: Annotated[Note200, Form()] = "",
) -> Response:
    """Give a draft up."""
    return _step(
        request, rt, who, version_id, "set_aside", {"form": "set-aside", "reason": reason},
        lambda uow: drafting.set_aside(uow, rt.packs, version_id, version, reason),
    )  # fmt: skip


@router.post("/{version_id}/withdraw")
def withdraw(
    request: Request,
    version_id: uuid.UUID,
    who: Signer,
    rt: RuntimeDep,
    kind: Annotated[Target, Form()],
    target: Annotated[Text80, Form()] = "",
    reason: Annotated[Note200, Form()] = "",
) -> Response:
    """Withdraw a message, a rule or the whole version."""
    typed = {"form": "withdraw", "reason": reason, "kind": kind.value, "target": target}
    return _step(
        request, rt, who, version_id, "withdrawn", typed,
        lambda uow: signing.withdraw(uow, rt.packs, version_id, kind, target, reason),
    )  # fmt: skip


def _step(
    request: Request,
    rt: Runtime,
    who: Actor,
    version_id: uuid.UUID,
    done: str,
    typed: dict[str, str],
    act: Callable[[UnitOfWork], object],
) -> Response:
    """Take a step and show the version; refused, its page says why beside the form that was sent."""
    with (
        shown_again(
            lambda e: page.version_page(request, rt, who, version_id, error=_named(e, typed["form"]), typed=typed),
            but=NotFound,
        ),
        rt.begin(who, request) as uow,
    ):
        act(uow)
    return RedirectResponse(f"/messages/{version_id}?done={done}", 303)


def _named(error: MastError, form: str) -> MastError:
    """A page with several forms: the sentence about a reason goes to the field of its own form."""
    if "reason" not in error.fields:
        return error
    rest = {key: said for key, said in error.fields.items() if key != "reason"}
    return Invalid(error.detail, fields={f"reason-{form}": error.fields["reason"], **rest})


def _days(start: str, end: str) -> tuple[datetime | None, datetime | None]:
    """From the morning of the one day to the end of the other. Raises Invalid with a sentence per field."""
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
