"""Use cases of drafts: begin one from any version, change its files, set it aside."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

import sqlalchemy as sa
from sqlmodel import select

from app.care.message_packs import message_files, repository, rule_files
from app.care.message_packs.checking import MAX_FILES, MAX_PACK
from app.care.message_packs.domain import PackState, Target
from app.care.message_packs.message_files import MessageFile
from app.care.message_packs.provider import Packs
from app.care.message_packs.service import agency_of, get_version, parent_texts, withdrawals_of
from app.care.message_packs.tables import PackVersion, PackWithdrawal
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.errors import Conflict, Invalid, NotFound, Stale
from app.platform.kernel.plain_text import plain_text
from app.platform.kernel.versions import check_version
from app.platform.live.publish import publish
from harm_messages.reading import MAX_CHARACTERS
from harm_messages.texts import read_message

FIRST_LANGUAGE = "en"
_PATH = re.compile(r"^[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+){0,2}\.(?:yaml|md|tsv)$")
_SIGNATURES = "approvals.yaml"


@dataclass(frozen=True, slots=True)
class MessageForm:
    """A message as it is typed. `evidence`: one source a line; `ready`: its translation was read over by a person."""

    title: str = ""
    card: str = ""
    more: str = ""
    spoken: str = ""
    pictogram: str = ""
    evidence: str = ""
    review_by: str = ""
    ready: bool = False
    withdrawn: bool = False


def begin(uow: UnitOfWork, packs: Packs, base_id: uuid.UUID, reason: str) -> PackVersion:
    """A draft with the files of any version. What was withdrawn from that version is withdrawn in the draft."""
    base = get_version(uow.session, packs, uow.actor, base_id)
    gone = withdrawals_of(uow.session, uow.actor, base)
    return _begin(uow, packs, base, _marked(packs.texts_of(uow.session, base), gone), reason)


def from_files(uow: UnitOfWork, packs: Packs, base_id: uuid.UUID, files: Mapping[str, str], reason: str) -> PackVersion:
    """A draft with files that come from a folder. They need not be without fault; they need to be files of a pack."""
    base = get_version(uow.session, packs, uow.actor, base_id)
    clean = {path: tidied(text, _most(path)) for path, text in files.items() if path != _SIGNATURES}
    clean[_SIGNATURES] = "[]\n"
    if len(clean) > MAX_FILES:
        raise Invalid(f"A pack has between 1 and {MAX_FILES} files. This one has {len(clean)}. Nothing was kept.")
    for path in clean:
        _check_path(path)
    _check_size(clean.values())
    row = _begin(uow, packs, base, clean, reason)
    row.authors = [str(uow.actor.person_id)]
    return row


def _begin(uow: UnitOfWork, packs: Packs, base: PackVersion, files: Mapping[str, str], reason: str) -> PackVersion:
    if not reason:
        raise Invalid("The draft was not begun.", fields={"reason": "Say briefly what it changes."})
    if base.state is PackState.SHIPPED:
        packs.keep_shipped(uow)
    agency_id = agency_of(uow.actor)
    repository.keep_texts(uow.session, files.values())
    highest = select(sa.func.max(PackVersion.number)).where(PackVersion.agency_id == agency_id)
    row = PackVersion(
        agency_id=agency_id, number=int(uow.session.exec(highest).one() or 0) + 1, parent_id=base.id,
        state=PackState.DRAFT, files={path: repository.sha256(text) for path, text in files.items()}, reason=reason,
        created_by=uow.actor.person_id, created_at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    after = {"number": row.number, "parent": str(base.id)}
    audit.record(uow, "begin", "pack_version", row.id, version=row.version, after=after, reason=reason)
    tell(uow, row, "begun")
    return row


def _marked(files: Mapping[str, str], gone: Iterable[PackWithdrawal]) -> dict[str, str]:
    """Files in which what was withdrawn says so itself."""
    marked = dict(files)
    for one in gone:
        if one.kind is Target.RULE and (path := rule_files.file_of_rule(marked, one.target)):
            marked[path] = rule_files.with_field(marked[path], one.target, "status", "withdrawn")
        elif one.kind is Target.MESSAGE:
            for path in [p for p in marked if p.startswith("messages/") and p.endswith(f"/{one.target}.md")]:
                old = message_files.read(marked[path])
                marked[path] = message_files.write(replace(old, front={**old.front, "status": "withdrawn"}))
    return marked


def save_file(uow: UnitOfWork, packs: Packs, version_id: uuid.UUID, path: str, was: str, text: str) -> PackVersion:
    """Put a file into a draft. `was`: the sha-256 it had when it was opened, "" for a new one.

    A rule that now does something else gets its next version. Raises NotFound, Conflict, Stale, Invalid.
    """
    row = draft_of(uow, packs, version_id)
    if path == _SIGNATURES:
        raise Invalid("Signatures are not edited by hand. Nothing was saved.", fields={"path": "Choose another file."})
    _check_path(path)
    if row.files.get(path, "") != was:
        raise Stale("file")
    if not was and len(row.files) >= MAX_FILES:
        raise Invalid(f"A pack has at most {MAX_FILES} files. Nothing was saved.")
    clean = tidied(text, _most(path))
    if rule_files.is_rules(path):
        clean = rule_files.with_raised_versions(clean, parent_texts(uow.session, packs, uow.actor, row))
    return _put(uow, row, path, clean)


def save_message(
    uow: UnitOfWork, packs: Packs, version_id: uuid.UUID, path: str, was: str, form: MessageForm
) -> PackVersion:
    """Put a message into a draft; its version rises by one where a reader would notice the difference."""
    row = draft_of(uow, packs, version_id)
    if not path.startswith("messages/"):
        raise NotFound("message")
    _check_path(path)
    if row.files.get(path, "") != was:
        raise Stale("message")
    texts = parent_texts(uow.session, packs, uow.actor, row)
    files = packs.texts_of(uow.session, row)
    before = message_files.read(texts[path]) if path in texts else None
    return _put(uow, row, path, message_text(path, files.get(path, ""), form, before, _translated(path, files)))


def _translated(path: str, files: Mapping[str, str]) -> str:
    """The digest of the text that this translation is made from now; "" for a text of the first language."""
    _, locale, name = path.split("/")
    original = message_files.path_of(name.removesuffix(".md"), FIRST_LANGUAGE)
    if locale == FIRST_LANGUAGE or original not in files:
        return ""
    text, _ = read_message(files[original], FIRST_LANGUAGE, original)
    return text.digest if text is not None else ""


def message_text(path: str, here: str, form: MessageForm, parent: MessageFile | None, made_from: str = "") -> str:
    """The file that this form makes. What the form does not ask stays as it was."""
    old = message_files.read(here)
    name = path.rsplit("/", 1)[-1]
    front = {
        **old.front,
        "id": name.removesuffix(".md"),
        "status": "withdrawn" if form.withdrawn else "in_review" if form.ready else "draft",
        "title": " ".join(form.title.split()),
        "pictogram": form.pictogram,
        "spoken": "",
        "evidence": [line.strip() for line in form.evidence.splitlines() if line.strip()],
        "review_by": _day(form.review_by),
        "made_from": made_from,
    }
    parts = {**old.parts, "": form.card, "more": form.more, "spoken": form.spoken}
    made = MessageFile(front, {name: tidied(text).strip() for name, text in parts.items()})
    return message_files.write(message_files.with_version(made, parent))


def form_of(text: str) -> MessageForm:
    """A message's file as the form shows it."""
    one = message_files.read(text)
    return MessageForm(
        title=one.get("title"), card=one.parts.get("", ""), more=one.parts.get("more", ""),
        spoken=one.parts.get("spoken", "") or one.get("spoken"), pictogram=one.get("pictogram"),
        evidence="\n".join(one.evidence), review_by=one.get("review_by"),
        ready=one.get("status") in ("in_review", "approved"), withdrawn=one.get("status") == "withdrawn",
    )  # fmt: skip


def set_aside(uow: UnitOfWork, packs: Packs, version_id: uuid.UUID, version: int, reason: str) -> PackVersion:
    """Give a draft up. It stays readable. Raises NotFound, Stale, Conflict, Invalid."""
    row = draft_of(uow, packs, version_id)
    check_version("draft", version, row.version)
    if not reason:
        raise Invalid("The draft was not set aside.", fields={"reason": "Say why it is set aside."})
    row.state = PackState.SET_ASIDE
    row.version += 1
    audit.record(uow, "set_aside", "pack_version", row.id, version=row.version, reason=reason)
    tell(uow, row, "set_aside")
    return row


def draft_of(uow: UnitOfWork, packs: Packs, version_id: uuid.UUID) -> PackVersion:
    """A draft, held until the end of the transaction. Raises NotFound, Conflict for what is no draft any more."""
    row = get_version(uow.session, packs, uow.actor, version_id, lock=True)
    if row.state is not PackState.DRAFT:
        raise Conflict(
            "Only a draft can be changed. Nothing was changed.",
            hint="Begin a new draft from it, or send it back to its authors while it waits for signatures.",
        )
    return row


def _put(uow: UnitOfWork, row: PackVersion, path: str, text: str) -> PackVersion:
    before, after = row.files.get(path, ""), repository.sha256(text)
    if before == after:
        return row
    others = {other: key for other, key in row.files.items() if other != path}
    _check_size([*repository.texts(uow.session, others).values(), text])
    repository.keep_texts(uow.session, [text])
    row.files = {**row.files, path: after}
    me = str(uow.actor.person_id)
    row.authors = row.authors if me in row.authors else [*row.authors, me]
    row.version += 1
    change = {"path": path, "sha256": before}, {"path": path, "sha256": after}
    audit.record(uow, "edit", "pack_version", row.id, version=row.version, before=change[0], after=change[1])
    tell(uow, row, "edited")
    return row


def _check_path(path: str) -> None:
    if not _PATH.fullmatch(path) or len(path) > 120:
        said = "A file of a pack is called such as rules/opioids.yaml or messages/en/M-HEAT.md."
        raise Invalid("This is no file of a pack. Nothing was saved.", fields={"path": said})


def _check_size(texts: Iterable[str]) -> None:
    total = sum(map(len, texts))
    if total > MAX_PACK:
        said = f"All files of a version have at most {MAX_PACK:,} characters. These would have {total:,}."
        raise Invalid("The version is too long. Nothing was saved.", fields={"text": said})


def _most(path: str) -> int:
    """The characters a file may have. Rules are read while the draft is held, so that theirs are fewer."""
    return rule_files.MAX_RULES if rule_files.is_rules(path) else MAX_CHARACTERS


def tidied(text: str, most: int = MAX_CHARACTERS) -> str:
    """The text as it is kept: lines that end as everywhere. Raises Invalid for one that is too long or holds no plain text."""
    clean = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(clean) > most:
        said = f"At most {most:,} characters. This has {len(clean):,}."
        raise Invalid("The file is too long. Nothing was saved.", fields={"text": said})
    try:
        plain_text(clean)
    except ValueError as error:
        raise Invalid(f"The text {error}. Nothing was saved.", fields={"text": "Take it out."}) from error
    return clean if clean.endswith("\n") or not clean else clean + "\n"


def _day(text: str) -> date | str:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return text.strip()


def tell(uow: UnitOfWork, row: PackVersion, kind: str, agency_id: uuid.UUID | None = None) -> None:
    """Tell the screens of an agency what became of a version; a shipped one has no agency of its own."""
    publish(uow, "messages", f"pack.{kind}", agency_id=agency_id or row.agency_id, payload={"version_id": row.id})
