"""Values of the figures in the words every other screen uses for them. Knows the other features' words, no table."""

from __future__ import annotations

from app.figures.trends.charts.groups import Names, plain
from app.figures.trends.protection.lattice import ANOTHER
from app.figures.trends.targets import ANALOGUES
from app.intake.samples import service as samples
from app.results.words import VERDICT_WORDS
from harm_messages import Register

OF_REGISTER = frozenset({"found", "found_class", "expected", "expected_class", "with"})
JOINED = {"all_others": "all others", "not_known": "not recorded"}
NOT_IN_REGISTER = {"unknown": "nobody knew what", "mixture": "a mixture", "": "not recorded"}
VERDICTS = {verdict.value: words for verdict, words in VERDICT_WORDS.items()}
STEMS = {"cut": "cutting agent", "gaba": "downer that acts like G", "medicine": "medicine"}


def names_of(register: Register) -> Names:
    """From a dimension and a value to its words; a value nobody has words for reads as itself."""

    def name(dimension: str, value: str) -> str:
        if value in JOINED:
            return JOINED[value]
        if value.startswith(ANOTHER):
            stem = _stem(value.removeprefix(ANOTHER))
            return f"{'an' if stem[0] in 'aeiou' else 'a'} {stem} not listed here"
        if value.startswith(ANALOGUES):
            return f"analogues of {name(dimension, value.removeprefix(ANALOGUES))}"
        if dimension in OF_REGISTER:
            return NOT_IN_REGISTER.get(value) or _wide(register, value) or samples.label_of(register, value)
        if dimension == "region":
            return value  # the name of a place: an underscore in one belongs to it
        return (VERDICTS.get(value) if dimension == "verdict" else None) or plain(dimension, value)

    return name


def _wide(register: Register, value: str) -> str:
    """“another stimulant” and “any stimulant”: a class of what is left over, and one that holds others, must not read alike."""
    if value in register:
        return ""
    stem, _, last = value.rpartition(".")
    if last == "other" and stem:
        return f"another {_stem(stem)}"
    holds = register.is_class(value) and value not in register.classes
    return f"any {_stem(value)}" if holds else ""


def _stem(value: str) -> str:
    return STEMS.get(value, value.replace(".", " "))
