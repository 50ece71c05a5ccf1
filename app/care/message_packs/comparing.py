"""What differs between the files of two versions, word by word. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Literal

from app.care.message_packs.rule_files import frozen, in_parts, is_rules

_TOKENS = re.compile(r"\s+|[\w'’-]+|[^\w\s]")
_AROUND = 3
"""Lines of a long file shown on either side of a change."""
_MOST = 400
"""Lines, or words and signs, that are held against as many others: what takes longer may take minutes, by the cube of its
length. A longer stretch between two places that differ is shown as replaced."""
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


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[FileChange]:
    """The files that differ, in the order of their paths.

    Both are compared as they would be signed: else every file of a signed version differs by its mark “approved”.
    """
    old, new = frozen(old, 0), frozen(new, 0)
    found: list[FileChange] = []
    for path in changed_paths(old, new):
        before, after = old.get(path), new.get(path)
        if before is None:
            found.append(FileChange(path, "added", (Piece("new", _cut(after or "")),)))
        elif after is None:
            found.append(FileChange(path, "removed", (Piece("gone", _cut(before)),)))
        else:
            found.append(FileChange(path, "changed", between(before, after)))
    return found


def changed_paths(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """The paths of the files that differ, without looking at what differs in them."""
    old, new = frozen(old, 0), frozen(new, 0)
    return [path for path in sorted(old.keys() | new.keys()) if old.get(path) != new.get(path)]


def between(before: str, after: str) -> tuple[Piece, ...]:
    """What differs between two texts: word by word inside the lines that differ. Lines far from any change are left out and
    marked with …"""
    return tuple(_lines(before.splitlines(keepends=True), after.splitlines(keepends=True)))


def changed_rules(old: Mapping[str, str], new: Mapping[str, str]) -> set[str]:
    """The ids of rules that are new or differ in anything but their approval."""
    old, new = frozen(old, 0), frozen(new, 0)
    paths = [path for path in new if old.get(path) != new[path] and is_rules(path)]
    before = {key: part for path in old if is_rules(path) for key, part in in_parts(old[path]).items()}
    parts = (one for path in paths for one in in_parts(new[path]).items())
    return {key for key, part in parts if key and part.strip() != before.get(key, "").strip()}


def _lines(old: list[str], new: list[str]) -> Iterator[Piece]:
    found = _stretches(old, new)
    for k, (same, a, b, c, d) in enumerate(found):
        if same:
            yield Piece("same", _shortened(old[a:b], first=k == 0, last=k == len(found) - 1))
        else:
            yield from _words("".join(old[a:b]), "".join(new[c:d]))


def _stretches(old: list[str], new: list[str]) -> list[tuple[bool, int, int, int, int]]:
    """(whether it is the same, beginning and end of it in the old, in the new) of each stretch, in order."""
    head = _alike(old, new)
    tail = _alike(old[head:][::-1], new[head:][::-1])
    a, b = len(old) - tail, len(new) - tail
    found = [(True, 0, head, 0, head)]
    if max(a, b) - head > _MOST:
        found.append((False, head, a, head, b))
    else:
        for tag, i, j, k, m in SequenceMatcher(None, old[head:a], new[head:b]).get_opcodes():
            found.append((tag == "equal", head + i, head + j, head + k, head + m))
    found.append((True, a, len(old), b, len(new)))
    return [one for one in found if one[1] < one[2] or one[3] < one[4]]


def _alike(old: list[str], new: list[str]) -> int:
    """How many of them are the same from the beginning."""
    return sum(1 for _ in takewhile(lambda both: both[0] == both[1], zip(old, new, strict=False)))


def _shortened(lines: list[str], *, first: bool, last: bool) -> str:
    head, tail = 0 if first else _AROUND, 0 if last else _AROUND
    if len(lines) <= head + tail + 2:
        return "".join(lines)
    return "".join([*lines[:head], "…\n", *(lines[len(lines) - tail :])])


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…\n"


def _words(before: str, after: str) -> Iterator[Piece]:
    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    for same, a, b, c, d in _stretches(old, new):
        if same:
            yield Piece("same", _cut("".join(old[a:b])))
            continue
        if a < b:
            yield Piece("gone", _cut("".join(old[a:b])))
        if c < d:
            yield Piece("new", _cut("".join(new[c:d])))
