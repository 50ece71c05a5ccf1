"""What people say and what the register knows: suggestions while typing, and the reading of words spoken.

A name the register does not know is kept as words and never read as something else; a name that means several
things is offered as a class or as a choice, never guessed. Imports harm_messages' register and the vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.intake.samples.domain import Intent
from app.platform.kernel.errors import Invalid
from harm_messages.register import Match, MatchKind, Register, normalise
from harm_messages.types import UnknownSubstance

SUGGESTIONS = 8


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One row of a typeahead. `kind` is "ambiguous" where the words mean several things.

    `said` are the words spoken of the person who chooses it: the street name shown, never the letters typed so far.
    """

    id: str
    label: str
    hint: str
    kind: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A substance or class that was chosen in a form, with the street name it was chosen by."""

    id: str
    label: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Understood:
    """What is taken to be expected, and what may have been meant where that is not clear."""

    expected: list[str]
    intent: Intent
    offers: list[Suggestion]


def suggest(register: Register, words: str, limit: int = SUGGESTIONS) -> list[Suggestion]:
    """Suggestions for words being typed: an exact reading first, then what begins like it."""
    exact = register.resolve(words)
    seen = {match.id for match in exact}
    found = [*exact, *(m for m in register.search(words, limit) if m.id not in seen)]
    return [_suggestion(register, m, words) for m in found[:limit]]


def chosen_as(register: Register, ids: Iterable[str], words: Iterable[str]) -> tuple[list[Chosen], list[str]]:
    """What a form sent, as it was shown: each choice with its street name, and the words that belong to no choice."""
    kept = dict.fromkeys(one for one in ids if one and known(register, one))
    said, left = dict[str, str](), list[str]()
    for one in filter(None, words):
        of = next((s.id for s in suggest(register, one) if s.id in kept and s.id not in said), "")
        if of:
            said[of] = one
        else:
            left.append(one)
    return [Chosen(one, label_of(register, one), said.get(one, "")) for one in kept], left


@dataclass(frozen=True, slots=True)
class Word:
    """A name that people may type, and what is suggested for it. `level`: 0 for the thing's own name, 1 for what people say."""

    typed: str
    level: int
    suggestion: Suggestion


def all_words(register: Register) -> list[Word]:
    """Everything a typeahead can suggest, for a tablet that has to do so by itself."""
    return [Word(typed, level, _suggestion(register, match, match.words)) for typed, level, match in register.words()]


def _suggestion(register: Register, match: Match, typed: str) -> Suggestion:
    if match.ambiguous:
        return Suggestion(match.id, match.label, ", ".join(match.also[:4]), "ambiguous", match.words.strip())
    if match.kind is MatchKind.CLASH:
        said = typed.strip()
        return Suggestion(match.id, match.label, f"also called “{said}”", match.kind.value, said)
    substance = register.get(match.id)
    if match.kind is MatchKind.NAME and substance is not None:
        return Suggestion(match.id, match.label, ", ".join(substance.aliases[:3]), match.kind.value)
    said = "" if normalise(match.words) == normalise(match.label) else match.words.strip()
    return Suggestion(match.id, match.label, f"“{said}”" if said else "", match.kind.value, said)


def understand(register: Register, expected: Sequence[str], words: str, intent: Intent | None) -> Understood:
    """What was chosen; where nothing was, what the words mean if they mean one thing, else what to offer.

    Raises Invalid only for an id that does not exist.
    """
    unknown = [i for i in expected if not known(register, i)]
    if unknown:
        raise Invalid(
            f"The register does not know {', '.join(unknown[:3])}, so the sample was not registered.",
            fields={"expected": "choose from the register, or leave it out and keep the words"},
            hint="Search the register by name, or send the words alone.",
        )
    if expected or intent is Intent.UNKNOWN or not words.strip():
        return Understood(_substantial(register, expected), intent or _intent_of(register, expected), [])
    meant, offers = _read_words(register, words)
    ids = list(dict.fromkeys(m.id for m in meant))
    return Understood(_substantial(register, ids), intent or _intent_of(register, ids), offers)


def meanings(register: Register, words: str) -> list[Suggestion]:
    """What words that were typed and not chosen may mean, where someone has to say so; none where they mean one thing, or where
    no name begins like them and they are kept as they stand."""
    return _read_words(register, words)[1]


def _substantial(register: Register, expected: Sequence[str]) -> list[str]:
    """Without what names nothing ("dunno", "a mix"): no expectation to hold a finding against."""
    return [i for i in expected if i not in register.intents or not register.intents[i].vague]


def _read_words(register: Register, words: str) -> tuple[list[Match], list[Suggestion]]:
    """Several things said are separated by semicolons; each is read by itself."""
    meant: list[Match] = []
    offers: list[Suggestion] = []
    for part in (p.strip() for p in words.split(";")):
        found = register.resolve(part)
        if len(found) == 1 and not found[0].ambiguous:
            meant.append(found[0])
        elif part:
            offers += suggest(register, part)
    return meant, offers


def _intent_of(register: Register, expected: Sequence[str]) -> Intent:
    """A mixture people name (tusi) is one, a word for any of one class (G) is none; a vague word is nothing known."""
    said = {i: register.intents[i] for i in expected if i in register.intents}
    if "mixture" in said or any(_mixes(register, entry.covers) for entry in said.values() if not entry.vague):
        return Intent.MIXTURE
    return Intent.KNOWN if any(i not in said or not said[i].vague for i in expected) else Intent.UNKNOWN


def _mixes(register: Register, covers: Sequence[str]) -> bool:
    return len({register[one].drug_class for one in covers}) > 1


def known(register: Register, expected_id: str) -> bool:
    """Whether the register can name it: a substance, a class of its table, or a mixture."""
    try:
        register.label(expected_id)
    except UnknownSubstance:
        return False
    return True


def label_of(register: Register, expected_id: str) -> str:
    """How it reads on a screen; an id from an older register reads as itself."""
    substance = register.get(expected_id)
    if substance is not None:
        return substance.name
    return register.label(expected_id) if known(register, expected_id) else expected_id


def labels(register: Register, expected_ids: Iterable[str]) -> list[str]:
    """Names of several."""
    return [label_of(register, i) for i in expected_ids]
