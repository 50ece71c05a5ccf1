"""Rules as text: find a rule, write one of its fields, raise the versions of changed ones. Comments stay. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

from harm_messages.reading import Misread, read_yaml

MAX_RULES = 100_000
"""Characters of a file of rules; the longest one that comes with MAST has an eighth of it. More is not read here."""
_WORDS_ONLY = ("version", "status", "evidence", "review_by")
"""Fields that change nothing of what a rule does."""
_ID = re.compile(r"^(?:- |  )id:[ \t]*([A-Z0-9-]+)", re.MULTILINE)
_OPEN = re.compile(r"(\bstatus:[ \t]*)(?:draft|in_review|proposed)\b")
_READY = re.compile(r"(\bstatus:[ \t]*)in_review\b")


def _blocks(text: str) -> Iterator[tuple[str, int, int]]:
    """Each rule's id with where it begins and ends."""
    starts = [m.start() for m in re.finditer(r"^- ", text, re.MULTILINE)] + [len(text)]
    for begin, end in pairwise(starts):
        if named := _ID.search(text, begin, end):
            yield named.group(1), begin, end


def in_parts(text: str) -> dict[str, str]:
    """The text cut where a rule begins: each rule by its id, what stands before the first one as "". Joined, they are the text."""
    cuts = {"": 0}
    for rule_id, begin, _ in _blocks(text):
        cuts[f"{rule_id} ({begin})" if rule_id in cuts else rule_id] = begin  # one may stand twice
    ends = [*cuts.values(), len(text)][1:]
    return {name: text[begin:end] for (name, begin), end in zip(cuts.items(), ends, strict=True)}


def with_field(text: str, rule_id: str, name: str, value: str) -> str:
    """The text with one field of a rule set. Unchanged where the rule or the field does not stand on a line of its own."""
    for found, begin, end in _blocks(text):
        if found == rule_id:
            line = re.compile(rf"^((?:- |  ){name}:[ \t]*)[^\s#]+", re.MULTILINE)
            if hit := line.search(text, begin, end):
                return text[: hit.start()] + hit.group(1) + value + text[hit.end() :]
    return text


def file_of_rule(files: Mapping[str, str], rule_id: str) -> str:
    """The path of the file a rule stands in; "" when in none."""
    return next((p for p, text in files.items() if is_rules(p) and any(i == rule_id for i, _, _ in _blocks(text))), "")


def lines_of_rules(text: str) -> dict[str, int]:
    """The line (from 1) on which each rule begins."""
    lines: dict[str, int] = {}
    line, at = 1, 0
    for rule_id, begin, _ in _blocks(text):
        line, at = line + text.count("\n", at, begin), begin
        lines.setdefault(rule_id, line)
    return lines


def is_rules(path: str) -> bool:
    """Whether a file holds rules."""
    return path.startswith("rules/") and path.endswith(".yaml")


def ids_in(files: Mapping[str, str]) -> dict[str, str]:
    """Every rule's id, with the path of its file. Told by their lines: the files need not be well formed."""
    return {key: path for path, text in files.items() if is_rules(path) for key, _, _ in _blocks(text)}


def rule_of(text: str, rule_id: str) -> Mapping[str, object] | None:
    """One rule of a file, read alone: a file of rules takes a tenth of a second."""
    block = next((text[begin:end] for found, begin, end in _blocks(text) if found == rule_id), "")
    return rules_in(block).get(rule_id)


def with_raised_versions(text: str, parent: Mapping[str, str]) -> str:
    """The text of a rules file in which every rule that now does something else has its version of `parent` plus one."""
    before = {key: old[begin:end] for path, old in parent.items() if is_rules(path) for key, begin, end in _blocks(old)}
    done: list[str] = []
    at = 0
    for rule_id, begin, end in _blocks(text):
        block, was = text[begin:end], before.pop(rule_id, "")  # a rule that stands twice is refused later
        if was and block.strip() != was.strip():
            done += [text[at:begin], _raised(block, was, rule_id)]
            at = end
    return "".join([*done, text[at:]])


def _raised(block: str, was: str, rule_id: str) -> str:
    old, new = rules_in(was).get(rule_id), rules_in(block).get(rule_id)
    if old is None or new is None or not isinstance(before := old.get("version"), int):
        return block
    number = before + (_does(new) != _does(old))
    return block if new.get("version") == number else with_field(block, rule_id, "version", str(number))


def rules_in(text: str) -> dict[str, Mapping[str, object]]:
    """The rules of a file by id, as far as it can be read."""
    if len(text) > MAX_RULES:  # kept by an earlier release
        return {}
    try:
        rows = read_yaml(text)
    except Misread:
        return {}
    return {str(r["id"]): r for r in rows if isinstance(r, dict) and "id" in r} if isinstance(rows, list) else {}


def all_rules(files: Mapping[str, str]) -> dict[str, Mapping[str, object]]:
    """Every rule of a pack by id."""
    return {key: rule for path, text in files.items() if is_rules(path) for key, rule in rules_in(text).items()}


def _does(rule: Mapping[str, object]) -> Mapping[str, object]:
    return {key: value for key, value in rule.items() if key not in _WORDS_ONLY}


def frozen(files: Mapping[str, str], number: int) -> dict[str, str]:
    """The files as they are signed: what was open reads "approved", the pack carries its number.

    In other languages only a text marked as read over (in_review) is signed; the rest stays a draft and falls back.
    """
    return {path: _frozen(path, text, number) for path, text in files.items()}


def _frozen(path: str, text: str, number: int) -> str:
    if path == "pack.yaml":
        text = re.sub(r"^(version:[ \t]*)\d+", rf"\g<1>{number}", text, count=1, flags=re.MULTILINE)
        return re.sub(r"^(status:[ \t]*)\w+", r"\g<1>approved", text, count=1, flags=re.MULTILINE)
    if is_rules(path) or path in ("bands.yaml", "snippets.yaml"):
        return _OPEN.sub(r"\1approved", text)
    if path.startswith("messages/"):
        head, mark, body = text.partition("\n---")
        pattern = _OPEN if path.startswith("messages/en/") else _READY
        return pattern.sub(r"\1approved", head, count=1) + mark + body
    return text
