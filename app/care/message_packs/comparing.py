"""What differs between the files of two versions, word by word. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from app.care.message_packs.rule_files import frozen

_TOKENS = re.compile(r"\s+|[\w'’-]+|[^\w\s]")
_AROUND = 3
"""Lines of a long file shown on either side of a change."""
_WORK = 2_000_000
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
            found.append(FileChange(path, "changed", tuple(pieces(before, after))))
    return found


def changed_paths(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """The paths of the files that differ, without looking at what differs in them."""
    old, new = frozen(old, 0), frozen(new, 0)
    return [path for path in sorted(old.keys() | new.keys()) if old.get(path) != new.get(path)]


def pieces(before: str, after: str) -> Iterator[Piece]:
    """Word by word inside the lines that differ; lines far from any change are left out and marked with …"""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    if _too_much(old, new):
        yield from _whole(before, after)
        return
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for k, (tag, a, b, c, d) in enumerate(steps):
        if tag == "equal":
            yield Piece("same", _shortened(old[a:b], first=k == 0, last=k == len(steps) - 1))
        else:
            yield from _words("".join(old[a:b]), "".join(new[c:d]))


def _shortened(lines: list[str], *, first: bool, last: bool) -> str:
    head, tail = 0 if first else _AROUND, 0 if last else _AROUND
    if len(lines) <= head + tail + 2:
        return "".join(lines)
    return "".join([*lines[:head], "…\n", *(lines[len(lines) - tail :])])


def _too_much(old: list[str], new: list[str]) -> bool:
    """Whether matching these takes longer than a page may: each is held against every one like it on the other side."""
    there = Counter(new)
    return sum(count * there[one] for one, count in Counter(old).items()) > _WORK


def _whole(before: str, after: str) -> Iterator[Piece]:
    yield Piece("gone", _cut(before))
    yield Piece("new", _cut(after))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…\n"


def _words(before: str, after: str) -> Iterator[Piece]:
    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    if _too_much(old, new):
        yield from _whole(before, after)
        return
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Piece("same", "".join(old[a:b]))
            continue
        if a < b:
            yield Piece("gone", "".join(old[a:b]))
        if c < d:
            yield Piece("new", "".join(new[c:d]))
