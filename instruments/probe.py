"""What a sniffer sees and what it answers. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Probe:
    """What a sniffer may look at: the first and last 64 KiB, the size in bytes and the file's base name."""

    head: bytes
    tail: bytes
    size: int
    name: str

    @property
    def extension(self) -> str:
        """Lower-case ending without the dot."""
        return self.name.rpartition(".")[2].lower() if "." in self.name else ""


class Guess(NamedTuple):
    """How sure a sniffer is: `certainty` 0–100, and the reason in a few words."""

    certainty: int
    reason: str
