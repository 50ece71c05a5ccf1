"""What differs between the files of two versions, word by word. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import Match, SequenceMatcher
from itertools import accumulate
from typing import Literal

from app.care.message_packs.rule_files import frozen, in_parts, is_rules

_TOKENS = re.compile(r"\s+|[\w'’-]+|[^\w\s]")
_AROUND = 3
"""Lines of a long file shown on either side of a change."""
_WORK = 10_000_000
"""Steps that comparing two versions may take, some seconds. What is left to compare then is shown as replaced."""
_OF_A_FILE = 2_000_000
_SHOWN = 20_000
"""Characters of a text that came, went or was changed through and through."""
Kind = Literal["same", "gone", "new"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words: the same in both, only in the old, only in the new; or lines left out."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that differs."""

    path: str
    kind: Literal["changed", "added", "removed"]
    pieces: tuple[Piece, ...]

    @property
    def replaced(self) -> bool:
        """Whether nothing in it is shown as the same: it is another text, or too much differs to be looked for."""
        return self.kind == "changed" and all(piece.kind != "same" for piece in self.pieces)


class _TooMuch(Exception):
    """Comparing these would take longer than a page may."""


class _Steps:
    """Steps that are left."""

    def __init__(self, left: int) -> None:
        self.left = left


class _Matcher(SequenceMatcher[str]):
    """Finds what is the same. Every search is paid for before it begins: each line of the range is looked at, and held
    against every one like it on the other side. Raises _TooMuch."""

    def __init__(self, old: list[str], new: list[str], steps: _Steps) -> None:
        super().__init__(None, old, new, autojunk=False)
        there = Counter(new)
        self._until = [0, *accumulate(1 + there[one] for one in old)]
        self._steps = steps

    def find_longest_match(self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None) -> Match:
        """The longest match of two stretches, as difflib finds it, within the steps that are left. Raises _TooMuch."""
        self._steps.left -= self._until[-1 if ahi is None else ahi] - self._until[alo]
        if self._steps.left < 0:
            raise _TooMuch
        return super().find_longest_match(alo, ahi, blo, bhi)


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[FileChange]:
    """The files that differ, in the order of their paths.

    Both are compared as they would be signed: else every file of a signed version differs by its mark “approved”.
    """
    old, new = frozen(old, 0), frozen(new, 0)
    found: list[FileChange] = []
    steps = _Steps(_WORK)
    for path in changed_paths(old, new):
        before, after = old.get(path), new.get(path)
        if before is None:
            found.append(FileChange(path, "added", (Piece("new", _cut(after or "")),)))
        elif after is None:
            found.append(FileChange(path, "removed", (Piece("gone", _cut(before)),)))
        else:
            found.append(FileChange(path, "changed", tuple(pieces(before, after, steps))))
    return found


def changed_paths(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """The paths of the files that differ, without looking at what differs in them."""
    old, new = frozen(old, 0), frozen(new, 0)
    return [path for path in sorted(old.keys() | new.keys()) if old.get(path) != new.get(path)]


def between(before: str, after: str) -> tuple[Piece, ...]:
    """What differs between two texts."""
    return tuple(pieces(before, after, _Steps(_WORK)))


def changed_rules(old: Mapping[str, str], new: Mapping[str, str]) -> set[str]:
    """The ids of rules that are new or differ in anything but their approval."""
    old, new = frozen(old, 0), frozen(new, 0)
    paths = [path for path in new if old.get(path) != new[path] and is_rules(path)]
    before = {key: part for path in old if is_rules(path) for key, part in in_parts(old[path]).items()}
    parts = (one for path in paths for one in in_parts(new[path]).items())
    return {key for key, part in parts if key and part.strip() != before.get(key, "").strip()}


def pieces(before: str, after: str, steps: _Steps) -> Iterator[Piece]:
    """Word by word inside the lines that differ; lines far from any change are left out and marked with …"""
    own = _Steps(min(_OF_A_FILE, steps.left))
    steps.left -= own.left
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    try:
        found = _Matcher(old, new, own).get_opcodes()
    except _TooMuch:
        yield from _whole(before, after)
        return
    for k, (tag, a, b, c, d) in enumerate(found):
        if tag == "equal":
            yield Piece("same", _shortened(old[a:b], first=k == 0, last=k == len(found) - 1))
        else:
            yield from _words("".join(old[a:b]), "".join(new[c:d]), own)
    steps.left += max(own.left, 0)


def _shortened(lines: list[str], *, first: bool, last: bool) -> str:
    head, tail = 0 if first else _AROUND, 0 if last else _AROUND
    if len(lines) <= head + tail + 2:
        return "".join(lines)
    return "".join([*lines[:head], "…\n", *(lines[len(lines) - tail :])])


def _whole(before: str, after: str) -> Iterator[Piece]:
    yield Piece("gone", _cut(before))
    yield Piece("new", _cut(after))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…\n"


def _words(before: str, after: str, steps: _Steps) -> Iterator[Piece]:
    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    try:
        found = _Matcher(old, new, steps).get_opcodes()
    except _TooMuch:
        yield from _whole(before, after)
        return
    for tag, a, b, c, d in found:
        if tag == "equal":
            yield Piece("same", "".join(old[a:b]))
            continue
        if a < b:
            yield Piece("gone", "".join(old[a:b]))
        if c < d:
            yield Piece("new", "".join(new[c:d]))
