"""What a sniffer sees of a file or a folder, and what it answers. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Probe:
    """What a sniffer may look at: the first and last 64 KiB, the size in bytes and the file's base name.

    `at` reads further into the file where that is possible: a container keeps its directory anywhere.
    """

    head: bytes
    tail: bytes
    size: int
    name: str
    reach: Callable[[int, int], bytes] | None = field(default=None, repr=False, compare=False)

    @property
    def extension(self) -> str:
        """Lower-case ending without the dot."""
        return extension_of(self.name)

    def at(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset` on; fewer, or none, where the file ends or cannot be seen."""
        if offset < 0 or length <= 0:
            return b""
        if offset + length <= len(self.head) or self.reach is None:
            return self.head[offset : offset + length]
        return self.reach(offset, length)


@dataclass(frozen=True, slots=True)
class FolderProbe:
    """What a sniffer may look at in a folder, or in a zip that holds one.

    `names` are the files in it, relative, in lower case, with "/" between the parts; `name` is the folder's own;
    `head` gives the first 512 bytes of one of the files.
    """

    names: frozenset[str]
    name: str
    head: Callable[[str], bytes] = field(repr=False)

    def top(self, *endings: str) -> list[str]:
        """The files directly in the folder with one of these endings, in order."""
        return sorted(n for n in self.names if "/" not in n and n.endswith(endings))


class Guess(NamedTuple):
    """How sure a sniffer is: `certainty` 0–100, and the reason in a few words."""

    certainty: int
    reason: str


def extension_of(name: str) -> str:
    """Lower-case ending without the dot, '' if there is none.

    Bruker OPUS numbers its files (.0, .12, .0001): every such ending counts as "0", the one it registers.
    """
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    return "0" if re.fullmatch(r"\d{1,4}", ending) else ending
