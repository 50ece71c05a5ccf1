"""Saving a text that someone else saved first. What only one of the two changed goes together; where both changed the same part,
a choice is asked for and nothing is saved."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from sqlmodel import Session

from app.care.message_packs import drafting, repository, rule_files
from app.care.message_packs.drafting import MessageForm, form_of
from app.care.message_packs.merging import Clash, Merged, Parts, merge
from app.care.message_packs.provider import Packs
from app.care.message_packs.service import parent_texts
from app.platform.db import UnitOfWork
from app.platform.kernel.errors import Conflict

THEIRS, YOURS = "theirs", "yours"
WHOLE = "text"
"""The one part of a file that has none."""
Choices = Mapping[str, str]
"""Which side is taken of each part that both changed; anything but THEIRS and YOURS is no choice yet."""


class TextClash(Conflict):
    """Both changed the same part. `yours` are all parts with your own where both changed, `seen` the sha-256 of theirs."""

    def __init__(self, clashes: Sequence[Clash], yours: Parts, seen: str) -> None:
        super().__init__(
            "Someone else changed the same text. Nothing was saved yet.",
            hint="Choose what is right, or edit your text below and save it.",
        )
        self.clashes, self.yours, self.seen = tuple(clashes), dict(yours), seen


def save_message(
    uow: UnitOfWork,
    packs: Packs,
    version_id: uuid.UUID,
    path: str,
    was: str,
    form: MessageForm,
    choices: Choices,
) -> tuple[str, ...]:
    """Put a message into a draft. `was`: the sha-256 of the text that it was written over.

    The fields that someone else changed since. Raises TextClash, and what `drafting.save_message` raises.
    """
    row = drafting.draft_of(uow, packs, version_id)
    there, now = _text(uow.session, was), row.files.get(path, "")
    yours = _message_parts(drafting.message_text(path, there, form, None))
    both = _both(uow.session, was, now, yours, choices, _message_parts)
    drafting.save_message(uow, packs, version_id, path, now, form_from(both.parts))
    return both.from_them


def save_file(
    uow: UnitOfWork, packs: Packs, version_id: uuid.UUID, path: str, was: str, text: str, choices: Choices
) -> tuple[str, ...]:
    """Put a file into a draft, as `save_message` does: a file of rules rule by rule."""
    row = drafting.draft_of(uow, packs, version_id)
    now, clean = row.files.get(path, ""), drafting.tidied(text)
    if not was or (now == was and not choices):
        drafting.save_file(uow, packs, version_id, path, was, text)
        return ()
    if rule_files.is_rules(path):
        clean = rule_files.with_raised_versions(clean, parent_texts(uow.session, packs, uow.actor, row))

    def parts_of(whole: str) -> dict[str, str]:
        return rule_files.in_parts(whole) if rule_files.is_rules(path) else {WHOLE: whole}

    both = _both(uow.session, was, now, parts_of(clean), choices, parts_of)
    drafting.save_file(uow, packs, version_id, path, now, "".join(both.parts.values()))
    return both.from_them


def form_from(parts: Parts) -> MessageForm:
    """The form that these fields make."""
    said = {name: text for name, text in parts.items() if name not in _TICKS}
    return MessageForm(**said, ready=bool(parts.get("ready")), withdrawn=bool(parts.get("withdrawn")))


_TICKS = ("ready", "withdrawn")


def _message_parts(text: str) -> dict[str, str]:
    form = asdict(form_of(text))
    return {name: ("yes" if value else "") if name in _TICKS else str(value) for name, value in form.items()}


def _both(
    session: Session,
    was: str,
    now: str,
    yours: dict[str, str],
    choices: Choices,
    parts_of: Callable[[str], dict[str, str]],
) -> Merged:
    """Your parts as you chose, with what others wrote since `was`. Raises TextClash."""
    before = parts_of(_text(session, was))
    _choose(before, yours, choices, was)
    if now == was:
        return Merged(yours, (), ())
    both = merge(before, parts_of(_text(session, now)), yours)
    if both.clashes:
        raise TextClash(both.clashes, both.parts, now)
    return both


def _choose(theirs: Parts, yours: dict[str, str], choices: Choices, seen: str) -> None:
    """Put theirs in place of yours where they were chosen."""
    lacking = [part for part, side in choices.items() if side not in (THEIRS, YOURS)]
    if lacking:
        raise TextClash([Clash(part, None, theirs.get(part), yours.get(part)) for part in lacking], yours, seen)
    for part in [part for part, side in choices.items() if side == THEIRS]:
        if part in theirs:
            yours[part] = theirs[part]
        else:
            yours.pop(part, None)


def _text(session: Session, sha256: str) -> str:
    """A text that was kept; nothing where there is none, and everything in it then differs."""
    return repository.text_of(session, sha256) if sha256 else ""
