"""What the pages of message packs show, as rows and words. No database, no request."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypedDict
from urllib.parse import quote

from app.care.message_packs import message_files, previews
from app.care.message_packs.checking import problems_of_message
from app.care.message_packs.domain import IN_FORCE, PackState
from app.care.message_packs.drafting import MessageForm, message_text
from app.care.message_packs.previews import SEVERITY_WORDS
from app.care.message_packs.service import VersionView
from app.care.message_packs.signing import may_be_withdrawn
from app.care.message_packs.tables import PackVersion
from app.platform.kernel.actor import Actor, Role
from app.screens.messages.lists import is_message
from app.screens.navigation import Link
from harm_messages import Message, Pack, Problem
from harm_messages.tagged import plain, words_of
from harm_messages.texts import read_message
from harm_messages.vocabulary import Pictogram

PICTOGRAMS = [(one.value, one.value.replace("_", " ")) for one in Pictogram]
SHAPES = {"S0": "■", "S1": "▲", "S2": "◆", "S3": "●", "S4": "–"}


class Common(TypedDict):
    """What every page of message packs may use."""

    severity_words: dict[str, str]
    shapes: dict[str, str]
    may_begin: bool
    may_sign: bool
    address: Callable[[str, uuid.UUID, str], str]
    rule_address: Callable[[uuid.UUID, str], str]


class Frame(Common):
    """What every page of a version may use."""

    v: VersionView
    tab_rows: list[Link]


def common(who: Actor) -> Common:
    """What every page of the feature may use."""
    return {
        "severity_words": SEVERITY_WORDS,
        "shapes": SHAPES,
        "may_begin": who.has(Role.CLINICIAN),
        "may_sign": who.has(Role.CLINICIAN, Role.SESSION_LEAD),
        "address": lambda page, version_id, path: f"/messages/{version_id}/{page}?path={quote(path)}",
        "rule_address": lambda version_id, rule_id: f"/messages/{version_id}/rule?id={quote(rule_id)}",
    }


def frame(who: Actor, view: VersionView, current: str) -> Frame:
    """What every page of a version may use: the version, and its tabs with the current one."""
    here = f"/messages/{view.row.id}"
    pages = (
        ("version", "Version", here), ("texts", "Messages", f"{here}/texts"), ("rules", "Rules", f"{here}/rules"),
        ("files", "Files", f"{here}/files"), ("compare", "Compare", f"{here}/compare"),
    )  # fmt: skip
    rows: list[Link] = [{"label": label, "href": href, "current": key == current} for key, label, href in pages]
    return {"v": view, "tab_rows": rows, **common(who)}


def may_edit(who: Actor, row: PackVersion) -> bool:
    """Whether someone may change this version."""
    return who.has(Role.CLINICIAN) and row.state is PackState.DRAFT


def may_withdraw(who: Actor, view: VersionView, pack: Pack | None, message_id: str) -> bool:
    """Whether someone may withdraw this message now."""
    return _may_withdraw_from(who, view) and pack is not None and message_id in may_be_withdrawn(pack)


def may_withdraw_rule(who: Actor, view: VersionView) -> bool:
    """Whether someone may withdraw a rule of this version now."""
    return _may_withdraw_from(who, view) and view.in_force


def _may_withdraw_from(who: Actor, view: VersionView) -> bool:
    return who.has(Role.CLINICIAN, Role.SESSION_LEAD) and view.row.state in (*IN_FORCE, PackState.SHIPPED)


def file_rows(files: Mapping[str, str]) -> list[tuple[str, list[tuple[str, int]]]]:
    """Files by folder: (folder, [(path, lines)])."""
    folders: dict[str, list[tuple[str, int]]] = {}
    for path, text in sorted(files.items()):
        folder = path.rsplit("/", 1)[0] if "/" in path else ""
        folders.setdefault(folder, []).append((path, text.count("\n")))
    return sorted(folders.items())


def link_of(version_id: uuid.UUID, files: Mapping[str, str]) -> Callable[[Problem], str]:
    """Where a finding of the check is corrected."""

    def link(problem: Problem) -> str:
        path = problem.file
        # what cannot be read is no form that can be filled in: it is corrected as text
        if is_message(path) and path in files and message_files.read(files[path]).front:
            return f"/messages/{version_id}/message?path={quote(path)}"
        if path in files:
            return f"/messages/{version_id}/file?path={quote(path)}&line={problem.line}#text"
        return ""

    return link


@dataclass(frozen=True, slots=True)
class Look:
    """How a message looks, and what is wrong with it as it is typed."""

    title: str
    card: str
    more: str
    severity: str
    words: int
    more_words: int
    problems: tuple[Problem, ...]


def look_of(path: str, here: str, form: MessageForm | None, pack: Pack | None) -> Look:
    """From what is typed, or from what stands there."""
    text = here if form is None else message_text(path, here, form, None)
    locale = path.split("/")[1]
    message, _ = read_message(text, locale, path)
    problems = tuple(problems_of_message(pack, path, text))
    one = message_files.read(text)
    counts = words_of([plain(one.parts.get("", ""))]), words_of([plain(one.parts.get("more", ""))])
    title, card, more = previews.rendered(message) if message is not None else (one.get("title"), "", "")
    key = path.rsplit("/", 1)[1].removesuffix(".md")
    ranks = [rule.severity.value for rule in pack.rules if rule.emit.message == key] if pack is not None else []
    return Look(title, card, more, min(ranks, default="S4"), *counts, problems)


def beside(path: str, old: Pack | None, new: Pack | None) -> tuple[Message | None, ...] | None:
    """The card of a message in both versions, as an example page shows it; None for any other file."""
    if not is_message(path) or old is None or new is None:
        return None
    _, locale, name = path.split("/")
    return _card(old, name.removesuffix(".md"), locale), _card(new, name.removesuffix(".md"), locale)


def _card(pack: Pack, message_id: str, locale: str) -> Message | None:
    rule = next((r for r in pack.rules if r.emit.message == message_id), None)
    return previews.example_of(rule, pack, locale) if rule is not None else None
