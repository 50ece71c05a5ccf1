"""The substance register: ids, names, street names, and facts that say whether they were confirmed.

Why: a name that is not known must raise, never read as "not found", and a street name that means
several things must ask, never guess. Imports nothing outside this package.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from harm_messages.content import ClassRow, Intent
from harm_messages.types import UnknownSubstance

_GREEK = {"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "µ": "mu", "μ": "mu"}


@dataclass(frozen=True, slots=True)
class RegisterFact:
    """A fact with its source. `certain` is false where it was recalled and nobody confirmed it."""

    value: str
    basis: str
    certain: bool

    def __str__(self) -> str:
        return self.value if self.certain else f"{self.value} (not confirmed)"


@dataclass(frozen=True, slots=True)
class Substance:
    """One row of the register."""

    id: str
    name: str
    aliases: tuple[str, ...]
    notes: tuple[str, ...]
    formula: str
    monoisotopic_mass: float | None
    cas: RegisterFact | None
    inchikey: RegisterFact | None
    drug_class: str
    usual_role: str
    uk_class: RegisterFact | None
    potent: bool
    psychoactive: bool
    excipient: bool
    cutting: bool
    in_sentence: str
    occurrence_source: str

    @property
    def by_nature_byproduct(self) -> bool:
        """Left over from the plant or the making, whatever was expected."""
        return "byproduct" in self.usual_role or self.usual_role == "precursor"


class MatchKind(StrEnum):
    """Why something matched."""

    NAME = "name"
    ALIAS = "alias"
    CLASS = "class"
    INTENT = "intent"
    CLASH = "clash"


@dataclass(frozen=True, slots=True)
class Match:
    """One thing the words may mean. `id` goes into Facts.expected as it is; `also` holds its other
    names, or for a class the substances the words may mean."""

    id: str
    label: str
    kind: MatchKind
    words: str
    also: tuple[str, ...] = ()

    @property
    def ambiguous(self) -> bool:
        """The words mean several substances; `also` names them and the worker may ask."""
        return self.kind is MatchKind.CLASS


def normalise(words: str) -> str:
    """Case, accents, Greek letters, punctuation and spacing do not matter when people speak."""
    text = "".join(_GREEK.get(c, c) for c in words.casefold())
    text = unicodedata.normalize("NFKD", text)
    text = "".join(c for c in text if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^a-z0-9+]+", " ", text).split())


def _squeezed(words: str) -> str:
    return normalise(words).replace(" ", "")


class Register:
    """Substances by id, and what people call them."""

    def __init__(
        self,
        substances: Iterable[Substance],
        classes: Mapping[str, ClassRow],
        intents: Iterable[Intent] = (),
        clashes: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self._by_id = {s.id: s for s in substances}
        self.classes = dict(classes)
        self._beginnings = {"*", *(begun for row in self.classes for begun in beginnings(row))} if classes else set()
        self.intents = {i.id: i for i in intents}
        self._members: dict[str, list[Substance]] = {}
        self._names: dict[str, str] = {}
        self._aliases: dict[str, set[str]] = defaultdict(set)
        for s in self._by_id.values():
            if s.drug_class not in self.classes:
                raise UnknownSubstance(s.drug_class)
            for word in (s.name, s.id):
                self._names[_squeezed(word)] = s.id
            for alias in s.aliases:
                self._aliases[_squeezed(alias)].add(s.id)
        self._clashes = {_squeezed(w): ids for w, ids in (clashes or {}).items()}
        self._intent_words = {_squeezed(w): i.id for i in self.intents.values() for w in (i.id, i.label, *i.aliases)}
        self._entries = self._search_entries()

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Substance]:
        return iter(self._by_id.values())

    def __contains__(self, substance_id: object) -> bool:
        return substance_id in self._by_id

    def __getitem__(self, substance_id: str) -> Substance:
        try:
            return self._by_id[substance_id]
        except KeyError:
            raise UnknownSubstance(substance_id) from None

    def get(self, substance_id: str) -> Substance | None:
        """The row, or None."""
        return self._by_id.get(substance_id)

    def class_row(self, class_id: str) -> ClassRow:
        """The class itself, or UnknownSubstance. Beginnings such as "opioid" are no rows."""
        try:
            return self.classes[class_id]
        except KeyError:
            raise UnknownSubstance(class_id) from None

    def is_class(self, class_id: str) -> bool:
        """A row of the class table, or a beginning of one ("opioid")."""
        return class_id in self._beginnings

    def members(self, class_id: str) -> list[Substance]:
        """All rows whose class is this one or lies under it."""
        if class_id not in self._members:
            self._members[class_id] = [s for s in self._by_id.values() if within(s.drug_class, class_id)]
        return list(self._members[class_id])

    def label(self, expected_id: str) -> str:
        """How an expected id reads in a sentence: a substance, an intent, or a class in plain words."""
        if expected_id in self._by_id:
            return self._by_id[expected_id].in_sentence
        if expected_id in self.intents:
            return self.intents[expected_id].label
        return self.class_row(expected_id).plain

    # -- what people say ---------------------------------------------------------------------------

    def resolve(self, words: str) -> list[Match]:
        """Everything the words may mean; [] means nobody knows them and the worker must ask.

        An alias shared within one class becomes that class; shared across classes, all of them.
        A name that collides with another thing (MDA) gives the name first, then the clash.
        """
        key = _squeezed(words)
        if not key:
            return []
        if key in self._intent_words:
            intent = self.intents[self._intent_words[key]]
            return [Match(intent.id, intent.label, MatchKind.INTENT, words)]
        clash = [self._match(i, MatchKind.CLASH, words) for i in self._clashes.get(key, ())]
        if key in self._names:
            return [self._match(self._names[key], MatchKind.NAME, words), *clash]
        return [*self._from_alias(key, words), *clash]

    def _match(self, substance_id: str, kind: MatchKind, words: str) -> Match:
        row = self[substance_id]
        return Match(substance_id, row.name, kind, words, row.aliases)

    def _from_alias(self, key: str, words: str) -> list[Match]:
        ids = sorted(self._aliases.get(key, ()))
        classes = sorted({self[i].drug_class for i in ids})
        if len(ids) > 1 and len(classes) == 1:
            names = tuple(self[i].name for i in ids)
            return [Match(classes[0], self.classes[classes[0]].plain, MatchKind.CLASS, words, names)]
        return [self._match(i, MatchKind.ALIAS, words) for i in ids]

    def _search_entries(self) -> list[tuple[str, str, int, Match]]:
        """(words as typed, squeezed, 0 for names / 1 for aliases, the match)."""
        entries: list[tuple[str, str, int, Match]] = []
        for s in self._by_id.values():
            entries.append((normalise(s.name), _squeezed(s.name), 0, self._match(s.id, MatchKind.NAME, s.name)))
        shown = {a: {_squeezed(a)} for s in self._by_id.values() for a in s.aliases}
        for alias, keys in shown.items():
            if keys & self._intent_words.keys():  # the words mean the intent, as `resolve` says
                continue
            for match in self._from_alias(next(iter(keys)), alias):
                entries.append((normalise(alias), _squeezed(alias), 1, match))
        for i in self.intents.values():
            for n, word in enumerate((i.label, *i.aliases)):
                match = Match(i.id, i.label, MatchKind.INTENT, word)
                entries.append((normalise(word), _squeezed(word), min(n, 1), match))
        return entries

    def words(self) -> list[tuple[str, int, Match]]:
        """Every name it is searched by, without spaces and signs: 0 where it is the thing's own name, 1 for what people say."""
        return [(squeezed, level, match) for _, squeezed, level, match in self._entries]

    def search(self, prefix: str, limit: int = 8) -> list[Match]:
        """Typeahead: exact, then names, then street names, then words inside; each thing once."""
        spaced, key = normalise(prefix), _squeezed(prefix)
        if not key:
            return []
        ranked: dict[str, tuple[tuple[int, int, int, str], Match]] = {}
        for text, squeezed, level, match in self._entries:
            score = _score(text, squeezed, spaced, key, level)
            if score is None:
                continue
            place = (score, len(squeezed), level, match.label)
            if match.id not in ranked or place < ranked[match.id][0]:
                ranked[match.id] = (place, match)
        best = sorted(ranked.values(), key=lambda pair: pair[0])
        return [match for _, match in best[:limit]]


def _score(text: str, squeezed: str, spaced: str, key: str, level: int) -> int | None:
    if squeezed == key:
        return level
    if squeezed.startswith(key):
        return 2 + level
    if any(word.startswith(spaced) for word in text.split()):
        return 4 + level
    if len(key) >= 3 and key in squeezed:
        return 6 + level
    return None


def beginnings(class_id: str) -> Iterator[str]:
    """The class, and every class that it lies under."""
    while class_id:
        yield class_id
        class_id = class_id.rpartition(".")[0]


def within(class_id: str, wanted: str) -> bool:
    """Whether a class is the wanted one or lies under it: opioid.nitazene lies within opioid."""
    return class_id == wanted or class_id.startswith(f"{wanted}.") or wanted == "*"
