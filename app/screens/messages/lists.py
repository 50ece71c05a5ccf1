"""The lists of messages and rules: what a line shows, and which lines are asked for. No database, no request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Generic, Literal, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, Field

from app.care.message_packs import comparing, message_files, rule_files
from app.care.message_packs.checking import Checked
from app.care.message_packs.previews import SEVERITY_WORDS, rule_in_words
from app.platform.web.fields import Text20, Text40, Text80
from harm_messages import Pack, Problem

LINES = 50
"""As many lines as a page of a list has."""
FIRST_WORDS = 140
FIRST_LANGUAGE = "en"
SEVERITIES = [(key, words.capitalize()) for key, words in SEVERITY_WORDS.items()]


class Only(StrEnum):
    """Which of them: one question at a time."""

    CHANGED = "changed"
    UNSIGNED = "unsigned"
    PROBLEMS = "problems"
    LATE = "late"
    UNUSED = "unused"
    MISSING = "missing"
    WITHDRAWN = "withdrawn"


ONLY_WORDS = {
    Only.CHANGED: "Changed in this version",
    Only.UNSIGNED: "Not approved",
    Only.PROBLEMS: "With check results",
    Only.LATE: "Review date passed",
    Only.UNUSED: "Shown by no rule",
    Only.MISSING: "Not in every language",
    Only.WITHDRAWN: "Withdrawn",
}
OF_RULES = [(one.value, ONLY_WORDS[one]) for one in Only if one not in (Only.UNUSED, Only.MISSING)]


class Wanted(BaseModel):
    """What is asked of a list, as its form and its links send it. `about`: the file of rules."""

    q: Text80 = ""
    severity: Literal["", "S0", "S1", "S2", "S3", "S4"] = ""
    only: Only | Literal[""] = ""
    language: Text20 = FIRST_LANGUAGE
    about: Text40 = ""
    page: Annotated[int, Field(ge=1, le=1000)] = 1

    def address(self, path: str, page: int) -> str:
        """The address of page `page` of this list at `path`, without the questions that nobody asked."""
        asked = {"language": FIRST_LANGUAGE, "page": 1}
        given = {**self.model_dump(mode="json"), "page": page}
        pairs = {key: value for key, value in given.items() if value and value != asked.get(key)}
        return f"{path}?{urlencode(pairs)}" if pairs else path


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A line of the list of messages. `absent`: languages that have no text of it."""

    path: str
    id: str
    title: str
    severity: str
    status: str
    version: int
    review_by: str
    rules: int
    first_words: str
    problems: int
    absent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A line of the list of rules, and the head of a rule's page. `about` is the file's name, `title` that of its message."""

    id: str
    severity: str
    words: str
    message: str
    message_path: str
    title: str
    status: str
    version: int
    review_by: str
    path: str
    line: int
    about: str
    text: str


Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Listed(Generic[Row]):
    """The lines of one page of a list, how many there are, and where the other pages are."""

    rows: Sequence[Row]
    total: int
    newer: str
    older: str
    summary: str


def cut(rows: Sequence[Row], wanted: Wanted, path: str, word: str) -> Listed[Row]:
    """One page of these lines. `word`: what one line is, as “message”."""
    last = max(1, -(-len(rows) // LINES))
    page = min(wanted.page, last)
    begin = (page - 1) * LINES
    shown = rows[begin : begin + LINES]
    words = word if len(rows) == 1 else f"{word}s"
    place = f"{begin + 1}–{begin + len(shown)} of " if last > 1 else ""
    return Listed(
        shown,
        len(rows),
        wanted.address(path, page - 1) if page > 1 else "",
        wanted.address(path, page + 1) if page < last else "",
        f"{place}{len(rows)} {words}",
    )


@dataclass(frozen=True, slots=True)
class Version:
    """What the lines of a version are made from. `parent`: the files it was begun from; `gone`: what was withdrawn from it."""

    files: Mapping[str, str]
    pack: Pack | None
    checked: Checked
    parent: Mapping[str, str]
    gone: frozenset[str]
    today: date

    def head(self, path: str) -> Head:
        """What the list needs of a message. From the pack where the files make one: to read a file takes milliseconds, all of them
        seconds."""
        _, locale, name = path.split("/")
        text = self.pack.messages.get((name.removesuffix(".md"), locale)) if self.pack is not None else None
        if text is not None:
            return Head(text.title, text.short, text.status, text.version, text.review_by.isoformat())
        one = message_files.read(self.files.get(path, ""))
        return Head(one.get("title"), one.parts.get("", ""), one.get("status"), one.number, one.get("review_by"))


@dataclass(frozen=True, slots=True)
class Head:
    """The title and card of a message, and what stands around them."""

    title: str
    card: str
    status: str
    version: int
    review_by: str


def is_message(path: str) -> bool:
    """Whether a path is that of a message."""
    return path.startswith("messages/") and path.endswith(".md") and path.count("/") == 2


def languages(files: Mapping[str, str]) -> list[str]:
    """Languages that have messages, English first."""
    found = {path.split("/")[1] for path in files if is_message(path)}
    return sorted(found, key=lambda one: (one != FIRST_LANGUAGE, one))


def language_names(pack: Pack | None, files: Mapping[str, str]) -> dict[str, str]:
    """Languages that have messages, by their own names as the pack gives them; one without a name is called by its code."""
    known = pack.locales if pack is not None else {}
    return {code: known[code].name if code in known else code for code in languages(files)}


def questions_of_messages(files: Mapping[str, str]) -> list[tuple[str, str]]:
    """What a list of messages can be narrowed to."""
    several = len(languages(files)) > 1
    return [(one.value, words) for one, words in ONLY_WORDS.items() if several or one is not Only.MISSING]


# -- messages -----------------------------------------------------------------------------------------------------


def message_rows(of: Version, wanted: Wanted) -> list[MessageRow]:
    """The messages that are asked for, the most serious first. What a language lacks is listed with its English text."""
    known = languages(of.files)
    lacking = wanted.only is Only.MISSING
    language = FIRST_LANGUAGE if lacking else wanted.language
    changed = set(comparing.changed_paths(of.parent, of.files)) if wanted.only is Only.CHANGED else set()
    worst, uses = _uses(of)
    found = Counter(problem.file for problem in of.checked.problems)
    rows = []
    for path, text in of.files.items():
        if not is_message(path) or path.split("/")[1] != language or wanted.q.casefold() not in text.casefold():
            continue
        name = path.rsplit("/", 1)[1]
        key = name.removesuffix(".md")
        if wanted.severity and worst.get(key, "") != wanted.severity:
            continue
        one = of.head(path)
        absent = tuple(lo for lo in known if f"messages/{lo}/{name}" not in of.files)
        row = MessageRow(
            path, key, one.title, worst.get(key, ""), one.status, one.version, one.review_by, uses[key],
            _first_words(one.card), found[path], absent,
        )  # fmt: skip
        if _is_wanted(row, of, wanted, path in changed):
            rows.append(row)
    return sorted(rows, key=lambda r: (r.severity or "S8", r.id))


def _is_wanted(row: MessageRow, of: Version, wanted: Wanted, changed: bool) -> bool:
    if wanted.only is Only.CHANGED:
        return changed
    if wanted.only is Only.PROBLEMS:
        return row.problems > 0
    if wanted.only is Only.UNUSED:
        return not row.rules
    if wanted.only is Only.MISSING:
        return bool(row.absent) if wanted.language == FIRST_LANGUAGE else wanted.language in row.absent
    return _stands(wanted, row.status, row.review_by, row.id, of)


def _stands(wanted: Wanted, status: str, review_by: str, key: str, of: Version) -> bool:
    """Whether a text or rule has the state that is asked for."""
    if wanted.only is Only.WITHDRAWN:
        return status == "withdrawn" or key in of.gone
    if wanted.only is Only.UNSIGNED:
        return status not in ("approved", "withdrawn")
    if wanted.only is Only.LATE:
        return bool(review_by) and review_by < of.today.isoformat()
    return True


def _uses(of: Version) -> tuple[dict[str, str], Counter[str]]:
    """By message: its highest severity, and how many rules show it."""
    worst: dict[str, str] = {}
    uses: Counter[str] = Counter()
    for severity, message in _emitted(of):
        uses[message] += 1
        worst[message] = min(worst.get(message, "S9"), severity)
    return worst, uses


def _emitted(of: Version) -> list[tuple[str, str]]:
    """(severity, message) of each rule; from the files where they make no pack."""
    if of.pack is not None:
        return [(rule.severity.value, rule.emit.message) for rule in of.pack.rules]
    return [(str(rule.get("severity")), _message_of(rule)) for rule in rule_files.all_rules(of.files).values()]


def _message_of(rule: Mapping[str, object]) -> str:
    emit = rule.get("emit")
    return str(emit.get("message", "")) if isinstance(emit, Mapping) else ""


def _first_words(text: str) -> str:
    card = " ".join(text.replace("**", "").split())
    return card[:FIRST_WORDS] + ("…" if len(card) > FIRST_WORDS else "")


# -- rules --------------------------------------------------------------------------------------------------------


def abouts(files: Mapping[str, str]) -> list[tuple[str, str]]:
    """The files of rules by what they are about."""
    names = sorted(about_of(path) for path in files if rule_files.is_rules(path))
    return [(one, one.replace("_", " ").capitalize()) for one in names]


def about_of(path: str) -> str:
    """What a file of rules is about, by its name."""
    return path.rsplit("/", 1)[-1].removesuffix(".yaml")


def rule_rows(of: Version, wanted: Wanted) -> list[RuleRow]:
    """The rules that are asked for, the most serious first; in words where the pack can be read."""
    changed = comparing.changed_rules(of.parent, of.files) if wanted.only is Only.CHANGED else set()
    with_problems = {problem.where.split(" ")[0] for problem in of.checked.problems}
    rows = []
    for row in every_rule(of):
        if (wanted.severity and row.severity != wanted.severity) or (wanted.about and row.about != wanted.about):
            continue
        if wanted.q.casefold() not in f"{row.words}\n{row.title}\n{row.text}".casefold():
            continue
        narrow = {Only.CHANGED.value: changed, Only.PROBLEMS.value: with_problems}.get(wanted.only)
        if row.id in narrow if narrow is not None else _stands(wanted, row.status, row.review_by, row.id, of):
            rows.append(row)
    return sorted(rows, key=lambda r: (r.severity, r.id))


def every_rule(of: Version) -> list[RuleRow]:
    """The rules of a version in the order of its files."""
    words = {rule.id: rule_in_words(rule, of.pack) for rule in of.pack.rules} if of.pack is not None else {}
    rows = []
    for path, text in of.files.items():
        if not rule_files.is_rules(path):
            continue
        lines, parts = rule_files.lines_of_rules(text), rule_files.in_parts(text)
        for key, rule in _rules_in(of, path, text).items():
            shown = message_files.path_of(rule.message, FIRST_LANGUAGE)
            title = of.head(shown).title if shown in of.files else ""
            rows.append(
                RuleRow(
                    key, rule.severity, words.get(key, ""), rule.message, shown, title, rule.status, rule.version, rule.review_by, path, lines.get(key, 0), about_of(path), parts.get(key, ""),
                )
            )  # fmt: skip
    return rows


def problems_of_rule(of: Version, rule_id: str) -> tuple[Problem, ...]:
    """What the check finds in one rule."""
    return tuple(one for one in of.checked.problems if one.where.split(" ")[0] == rule_id)


@dataclass(frozen=True, slots=True)
class _Rule:
    severity: str
    message: str
    status: str
    version: int
    review_by: str


def _rules_in(of: Version, path: str, text: str) -> dict[str, _Rule]:
    if of.pack is not None:
        there = rule_files.lines_of_rules(text)
        return {
            rule.id: _Rule(
                rule.severity.value, rule.emit.message, str(rule.status), rule.version, str(rule.review_by or "")
            )
            for rule in of.pack.rules
            if rule.id in there
        }
    return {
        key: _Rule(
            str(rule.get("severity", "")), _message_of(rule), str(rule.get("status", "")),
            number if isinstance(number := rule.get("version"), int) else 0, str(rule.get("review_by", "")),
        )
        for key, rule in rule_files.rules_in(text).items()
    }  # fmt: skip
