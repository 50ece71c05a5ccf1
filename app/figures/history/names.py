"""Names of substances as another service writes them → ours. A name nobody knows is never read as “not found”."""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.figures.history.domain import Addition
from app.figures.history.mapping import Names, NewSubstance, folded
from app.figures.history.values import fault_of_cas, fault_of_formula
from app.platform.kernel.errors import Invalid
from harm_messages import MatchKind, Register

IGNORED: tuple[str, ...] = ()


class NameBook:
    """Looks names up: what the map says first, its additions, the register (names and aliases), the map's patterns.

    An alias that may mean several things resolves to their class, as at reception; where it means things of several
    classes it is unknown until the map says which.
    """

    def __init__(self, register: Register, names: Names, additions: Iterable[Addition] = ()) -> None:
        self.register = register
        self.additions = {a.id: a for a in additions}
        self.said: dict[str, tuple[str, ...]] = {folded(word): targets for word, targets in names.names.items()}
        for new in names.add:
            for word in (new.id, new.name, *new.says):
                self.said.setdefault(folded(word), (new.id,))
        self.said |= {folded(word): IGNORED for word in names.ignore}
        self.patterns = [(re.compile(pattern, re.IGNORECASE), target) for pattern, target in names.patterns]
        self.nothing = {folded(word) for word in names.nothing_found}
        self._seen: dict[str, tuple[str, ...] | None] = {}
        told = [(word, target) for word, targets in self.said.items() for target in targets]
        for word, target in [*told, *names.patterns]:
            if not self.knows(target):
                raise Invalid(
                    f"The map says “{word}” is {target}, which is neither in the register nor added.",
                    hint="mast samples words lists what there is. Nothing was imported.",
                )

    def knows(self, ours: str) -> bool:
        """A register id, an addition, a class or its beginning, or an intent."""
        register = self.register
        return ours in register or ours in self.additions or ours in register.intents or register.is_class(ours)

    def says_nothing_found(self, word: str) -> bool:
        """Whether the words mean that a method saw nothing."""
        return folded(word) in self.nothing

    def ours(self, word: str) -> tuple[str, ...] | None:
        """Our ids, several where the map says that the word means several; none for words to ignore; None where
        neither the map nor the register knows it."""
        key = folded(word)
        if key not in self._seen:
            self._seen[key] = self._look_up(key, word)
        return self._seen[key]

    def by_pattern(self, word: str) -> str | None:
        """Our id by the first pattern of the map that fits. For words nobody knows otherwise."""
        return next((target for pattern, target in self.patterns if pattern.search(word)), None)

    def _look_up(self, key: str, word: str) -> tuple[str, ...] | None:
        if key in self.said:
            return self.said[key]
        matches = self.register.resolve(word)
        sure = [m for m in matches if m.kind is not MatchKind.CLASH]
        return (sure[0].id,) if len(sure) == 1 else None

    def class_of(self, ours: str) -> str:
        """The class of an id, or the class itself."""
        if ours in self.additions:
            return self.additions[ours].drug_class
        row = self.register.get(ours)
        return row.drug_class if row else ours if self.register.is_class(ours) else ""


def additions_of(names: Iterable[Names], register: Register) -> dict[str, Addition]:
    """Substances the map adds. Raises Invalid for one the register has, a class nobody knows, a wrong CAS or formula."""
    found: dict[str, Addition] = {}
    for new in (n for part in names for n in part.add):
        _check_new(new, register)
        found[new.id] = Addition(new.id, new.name, new.drug_class, new.cas, new.formula)
    return found


def _check_new(new: NewSubstance, register: Register) -> None:
    if new.id in register:
        raise Invalid(f"The map adds {new.id}, which the register has already: map the name to it instead.")
    if new.drug_class not in register.classes:
        raise Invalid(f"The map files {new.name} under {new.drug_class}, which is no class of the register.")
    if new.cas and (fault := fault_of_cas(new.cas)):
        raise Invalid(f"The map gives {new.name} the CAS number {new.cas}, which {fault}")
    if new.formula and (fault := fault_of_formula(new.formula)):
        raise Invalid(f"The map gives {new.name} the formula {new.formula}, which {fault}")
