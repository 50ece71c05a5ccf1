"""Values of the figures in the words every other screen uses for them. Knows the other features' words, no table."""

from __future__ import annotations

from collections.abc import Mapping

from app.care.consultations.domain import INTENTION_WORDS
from app.figures.trends.charts.groups import Names, plain
from app.figures.trends.figures.question import ANALOGUES
from app.figures.trends.protection.lattice import ANOTHER
from app.intake.samples import service as samples
from app.intake.sessions.domain import SERVICE_WORDS
from app.laboratory.identification.domain import Method
from app.laboratory.identification.methods import method_info
from app.results.words import VERDICT_WORDS
from harm_messages import Register

OF_REGISTER = frozenset({"found", "found_class", "expected", "expected_class", "with"})
JOINED = {"all_others": "all others", "not_known": "not recorded"}
NOT_IN_REGISTER = {"unknown": "nobody knew what", "mixture": "a mixture", "": "not recorded"}
SUBMITTERS = {
    "public": "public",
    "medic": "medic",
    "welfare": "welfare",
    "security_amnesty": "security or amnesty bin",
    "police_back_of_house": "police, back of house",
    "partner_agency": "partner agency",
}
WORDS: Mapping[str, Mapping[str, str]] = {
    "verdict": {v.value: words for v, words in VERDICT_WORDS.items()},
    "outcome": {i.value: words for i, words in INTENTION_WORDS.items()},
    "service_type": {s.value: words for s, words in SERVICE_WORDS.items()},
    "submitter_type": SUBMITTERS,
    "moment": {"before": "before the result", "after": "after the result"},
    "figure": {"sensitivity": "sensitivity", "specificity": "specificity"},
}


def names_of(register: Register) -> Names:
    """From a dimension and a value to its words; a value nobody has words for reads as itself."""
    methods = {m.value for m in Method}

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
        if dimension == "method" and value in methods:
            return method_info(Method(value)).title
        return WORDS.get(dimension, {}).get(value) or (value if dimension in AS_WRITTEN else plain(dimension, value))

    return name


STEMS = {"cut": "cutting agent", "gaba": "downer that acts like G", "medicine": "medicine"}


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


AS_WRITTEN = frozenset({"region", "site", "agency"})
"""Names of places: an underscore in one belongs to it."""
