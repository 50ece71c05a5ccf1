"""What this package refuses to do, drawn as a tree, and one thing wrong with a pack.

    HarmMessageError
    ├── GateClosed          this page may not be shown now; carries a reason code
    ├── UnknownSubstance    an id that is not in the register: never read as "not found"
    └── PackError           the pack is not one that may be shown to people; carries its problems

Imports nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

Level = Literal["error", "warning"]
MOST = 50
"""So many mistakes of one file are told; then how many more there are."""
_LONG = 1_000


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a pack, in a sentence for anyone who corrects it.

    `kind` is stable; `where` is a rule, message, row or file; `file` is a path inside the pack and `line` counts
    from 1 (0: no line can be named).
    """

    kind: str
    where: str
    text: str
    level: Level = "error"
    file: str = ""
    line: int = 0

    @property
    def place(self) -> str:
        """ "rules/opioids.yaml, line 12", or what is known of it."""
        return f"{self.file}, line {self.line}" if self.line else self.file

    def __str__(self) -> str:
        said = self.text if self.where in ("", self.file) else f"{self.where}: {self.text}"
        return f"{self.place}: {said}" if self.file else said


def and_more(count: int) -> str:
    """What is said in place of the rest."""
    return f"{count:,} more {'mistake' if count == 1 else 'mistakes'} in this file. Correct those above, then check it again."


def first_ones(problems: Iterable[Problem]) -> list[Problem]:
    """Problems as they come: of each file and level the first ones, then how many more."""
    found: list[Problem] = []
    count: dict[tuple[str, Level], int] = {}
    for one in problems:
        if one.kind != "more":
            count[one.file, one.level] = count.get((one.file, one.level), 0) + 1
        if count.get((one.file, one.level), 0) <= MOST:
            found.append(one if len(one.text) < _LONG else replace(one, text=f"{one.text[:_LONG]}…"))
    rest = {key: number - MOST for key, number in count.items() if number > MOST}
    return found + [Problem("more", file, and_more(n), level, file) for (file, level), n in rest.items()]


class HarmMessageError(Exception):
    """Anything this package refuses to do."""


class GateClosed(HarmMessageError):
    """The page stays shut. `reason` is a stable code, the text is for the worker's screen; `staff` and
    `alert_proposals` are what staff are asked to do although nobody may read a page."""

    def __init__(
        self, reason: str, text: str, staff: tuple[Any, ...] = (), alert_proposals: tuple[Any, ...] = ()
    ) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text
        self.staff = staff
        self.alert_proposals = alert_proposals


class UnknownSubstance(HarmMessageError, KeyError):
    """A substance, class or intent that the register does not know."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"{self.name!r} is not in the register; it was not read as 'not found'"


class PackError(HarmMessageError):
    """The pack could not be read. `problems` says what is wrong and where; `file` and `line` are the first one's."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(first_ones(problems))
        super().__init__("\n".join(str(p) for p in self.problems))
        self.file = self.problems[0].file if self.problems else ""
        self.line = self.problems[0].line if self.problems else 0
