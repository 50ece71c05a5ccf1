"""The words a map may use behind its “=”: those of the program, and the register's names. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.figures.history.mapping import OUR_WORDS
from app.intake.samples.domain import SubmitterType
from harm_messages import Register
from harm_messages.types import Basis, Unit

_IN_ORDER = {"submitter_type": SubmitterType, "unit": Unit, "basis": Basis}


def our_words(register: Register) -> dict[str, list[str]]:
    """By part of a map the words it takes; `expected` are those that are no substance and no class."""
    words = {part: sorted(known) for part, known in OUR_WORDS.items()}
    words |= {part: [word.value for word in kind] for part, kind in _IN_ORDER.items()}
    return words | {"expected": sorted(register.intents), "class": sorted(_with_parents(register.classes))}


def named(register: Register, text: str) -> Iterator[tuple[str, str, str]]:
    """Id, name and class of the substances with the text in their id, name or an alias."""
    sought = text.casefold().strip()
    for one in register:
        if any(sought in word.casefold() for word in (one.id, one.name, *one.aliases)):
            yield one.id, one.name, one.drug_class


def _with_parents(classes: Iterable[str]) -> set[str]:
    return {".".join(path[:n]) for c in classes for path in [c.split(".")] for n in range(1, len(path) + 1)}
