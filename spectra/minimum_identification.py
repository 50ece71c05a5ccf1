"""Whether the techniques used reach the minimum for identifying a drug (SWGDRUG, Part III B), and what is missing.

Why: "identified" is a claim about a whole scheme of analysis, not about one score. Categories and rule are data of one
edition in data/swgdrug.toml. Imports the standard library and `spectra.types` only.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from itertools import combinations
from typing import Any, Literal

from spectra.types import SpectrumError

Says = Literal["substance", "class"]


@dataclass(frozen=True, slots=True)
class TechniqueEvidence:
    """One result of one technique.

    `technique`: a name of data/swgdrug.toml, also the short ones ("ftir", "gc_ms", "strip"). `words`: how it is called
    on screen. `positive`: it speaks for the substance. `says`: "class" when it names a class only; empty takes what
    the technique says by itself. `both_results`: of a hyphenated technique both results were used, the retention time
    having been compared with a standard; otherwise it counts once.
    """

    technique: str
    words: str = ""
    positive: bool = True
    says: Literal["", "substance", "class"] = ""
    both_results: bool = False


@dataclass(frozen=True, slots=True)
class MinimumIdentification:
    """Whether the minimum is met, by which techniques (words), what is missing (sentences), by which edition.

    `rule`: "category_a" or "three_techniques" when met. `not_counted`: sentences about results that do not count.
    `confirm`: sentences about what only a chemist can know; the minimum is met provided these hold.
    """

    met: bool
    used: tuple[str, ...]
    missing: tuple[str, ...]
    edition: str
    rule: str = ""
    not_counted: tuple[str, ...] = ()
    confirm: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The line to print.

        >>> evaluate([TechniqueEvidence("ftir", "FTIR"), TechniqueEvidence("tlc", "TLC")]).sentence
        'Minimum identification (SWGDRUG ed. 8.1): met by FTIR and TLC.'
        """
        head = f"Minimum identification (SWGDRUG ed. {self.edition})"
        if self.met:
            return f"{head}: met by {_listed(self.used)}."
        return f"{head}: not met — missing: {' '.join(self.missing)}"


@dataclass(frozen=True, slots=True)
class _Technique:
    key: str
    title: str
    category: str
    properties: frozenset[str]
    says: Says = "substance"
    confirm: str = ""


@dataclass(frozen=True, slots=True)
class _Table:
    edition: str
    techniques: Mapping[str, _Technique]
    parts: Mapping[str, tuple[_Technique, ...]]
    correlated: frozenset[frozenset[str]]
    rule: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Piece:
    """What counts as one technique: `category` is the best of its parts."""

    words: str
    category: str
    parts: tuple[_Technique, ...]
    once: bool = False  # hyphenated, counted once

    @property
    def properties(self) -> frozenset[str]:
        return frozenset().union(*(part.properties for part in self.parts))


def edition() -> str:
    """The edition of the recommendations in use."""
    return _table().edition


def category(technique: str) -> str:
    """Category A, B or C ("" for none) of a technique; of a hyphenated one the best of its parts. Raises SpectrumError.

    >>> category("gc_ms"), category("tlc"), category("strip")
    ('A', 'B', 'C')
    """
    return _best(_parts(technique))


def properties(technique: str) -> frozenset[str]:
    """What a technique measures. Raises SpectrumError on an unknown name.

    >>> sorted(properties("gc_ms"))
    ['gas chromatography', 'mass']
    """
    return frozenset().union(*(part.properties for part in _parts(technique)))


def evaluate(evidence: Sequence[TechniqueEvidence], of: Says = "substance") -> MinimumIdentification:
    """Whether `evidence` reaches the minimum for a substance, or for a class.

    Met by a technique of category A and another one (A, B or C) that measures another property; or by three different
    techniques of which two are uncorrelated ones of category B (SWGDRUG 8.1, III B 3.1 and 3.2). Negative results do
    not count; two results of one technique count once; a result that shows a class counts for the class only; a
    hyphenated technique counts once unless both of its results were used. Raises SpectrumError on an unknown
    technique. It misleads when results are taken as positive that are not: whether a spectrum matches, isomers are
    excluded and the samplings are separate is a chemist's judgement (`confirm`).

    >>> evaluate([TechniqueEvidence("gc_ms", "GC-MS")]).met
    False
    >>> evaluate([TechniqueEvidence("gc_ms", "GC-MS", both_results=True)]).used
    ('GC-MS (mass spectrometry)', 'GC-MS (gas chromatography)')
    """
    table = _table()
    pieces, not_counted = _counted(evidence, of)
    if pair := _with_category_a(pieces):
        return _met(pair, "category_a", not_counted)
    if three := _three(pieces, table):
        return _met(three, "three_techniques", not_counted)
    return MinimumIdentification(
        False,
        tuple(piece.words for piece in pieces),
        tuple(_missing(pieces, table)),
        table.edition,
        "",
        tuple(not_counted),
    )


def _counted(evidence: Sequence[TechniqueEvidence], of: Says) -> tuple[list[_Piece], list[str]]:
    pieces: list[_Piece] = []
    not_counted: list[str] = []
    for one in evidence:
        parts = _parts(one.technique)
        words = one.words or _title(one.technique)
        says = one.says or parts[0].says
        if not one.positive:
            not_counted.append(f"{words}: negative, and a negative result does not count toward an identification.")
        elif not _best(parts):
            not_counted.append(f"{words}: is no technique of the SWGDRUG table.")
        elif says == "class" and of == "substance":
            not_counted.append(f"{words}: shows a class, not which substance of it, so it counts for the class only.")
        else:
            for piece in _pieces(words, parts, one.both_results):
                if any(set(piece.parts) == set(known.parts) for known in pieces):
                    not_counted.append(f"{words}: the same technique twice counts once.")
                else:
                    pieces.append(piece)
    return pieces, list(dict.fromkeys(not_counted))


def _pieces(words: str, parts: tuple[_Technique, ...], both: bool) -> Iterator[_Piece]:
    if both and len(parts) > 1:
        for part in parts:
            yield _Piece(f"{words} ({part.title})", part.category, (part,))
    else:
        yield _Piece(words, _best(parts), parts, once=len(parts) > 1)


def _with_category_a(pieces: Sequence[_Piece]) -> tuple[_Piece, ...] | None:
    for first in pieces:
        if first.category == "A":
            for second in sorted(pieces, key=lambda piece: piece.category):
                if second is not first and second.properties - first.properties:
                    return first, second
    return None


def _three(pieces: Sequence[_Piece], table: _Table) -> tuple[_Piece, ...] | None:
    total = int(table.rule["total_without_a"])
    for chosen in combinations(sorted(pieces, key=lambda piece: piece.category), total):
        different = all(a.properties - b.properties and b.properties - a.properties for a, b in combinations(chosen, 2))
        b_pieces = [piece for piece in chosen if piece.category == "B"]
        if different and any(_uncorrelated(a, b, table) for a, b in combinations(b_pieces, 2)):
            return chosen
    return None


def _uncorrelated(a: _Piece, b: _Piece, table: _Table) -> bool:
    """No property shared among their techniques of category B, and no pair that rests on the same separation."""
    ours = [part for part in a.parts if part.category == "B"]
    theirs = [part for part in b.parts if part.category == "B"]
    return all(
        not (x.properties & y.properties) and frozenset({x.key, y.key}) not in table.correlated
        for x in ours
        for y in theirs
    )


def _met(chosen: Sequence[_Piece], rule: str, not_counted: Sequence[str]) -> MinimumIdentification:
    asks: dict[str, list[str]] = {}
    shared = frozenset.intersection(*(frozenset(piece.parts) for piece in chosen))
    for piece in chosen:
        for part in piece.parts:
            stands_on = part.category == piece.category or (shared and part not in shared)  # all that makes them two
            if part.confirm and stands_on:
                asks.setdefault(part.confirm, []).append(piece.words)
    confirm = [f"{_listed(words)}: {sentence}" for sentence, words in asks.items()]
    for part in shared:
        confirm.append(
            f"{_listed([piece.words for piece in chosen])} both end in {part.title}: they count as two only because "
            "of the separation before it."
        )
    confirm.append("Where the amount allows, the second technique was applied to a separate sampling.")
    used = tuple(piece.words for piece in chosen)
    return MinimumIdentification(True, used, (), edition(), rule, tuple(not_counted), tuple(confirm))


def _missing(pieces: Sequence[_Piece], table: _Table) -> Iterator[str]:
    first = next((piece for piece in pieces if piece.category == "A"), None)
    if first is not None:
        measured = _listed([part.title for part in first.parts])
        yield f"A second technique of category A, B or C that measures something other than {measured}."
    else:
        names = _listed([t.title for t in table.techniques.values() if t.category == "A"], "or")
        yield (
            f"A technique of category A ({names}) and one other; or, without one, three different techniques, two of "
            f"them uncorrelated ones of category B ({_counts(pieces)} so far)."
        )
    for a, b in combinations([piece for piece in pieces if piece.category == "B"], 2):
        if not _uncorrelated(a, b, table):
            yield f"{a.words} and {b.words} separate in much the same way, so they do not count as uncorrelated."
    for piece in pieces:
        if piece.once:
            used = _listed([part.title for part in piece.parts])
            yield f"{piece.words} counts once; it counts as {used} when the retention time agrees with a standard."


def _counts(pieces: Sequence[_Piece]) -> str:
    b = sum(piece.category == "B" for piece in pieces)
    return f"{b} of category B and {len(pieces) - b} of category C" if pieces else "none"


def _listed(words: Sequence[str], last: str = "and") -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else "nothing"


def _best(parts: tuple[_Technique, ...]) -> str:
    return min((part.category for part in parts if part.category), default="")


def _title(technique: str) -> str:
    parts = _parts(technique)
    return parts[0].title if len(parts) == 1 else technique.replace("_", "-").upper()


def _parts(technique: str) -> tuple[_Technique, ...]:
    known = _table().parts
    key = technique.strip().casefold().replace("-", "_").replace(" ", "_")
    if key not in known:
        raise SpectrumError(f"there is no technique {technique!r} in the SWGDRUG table; use one of {', '.join(known)}")
    return known[key]


@lru_cache(maxsize=1)
def _table() -> _Table:
    data = tomllib.loads(files("spectra").joinpath("data", "swgdrug.toml").read_text(encoding="utf-8"))
    techniques = {
        key: _Technique(
            key, row["title"], row["category"], frozenset(row["properties"]), row.get("says", "substance"),
            row.get("confirm", ""),
        )
        for key, row in data["techniques"].items()
    }  # fmt: skip
    parts = {
        name: (techniques[key],) for key, row in data["techniques"].items() for name in (key, *row.get("also", ()))
    }
    parts |= {key: tuple(techniques[part] for part in row["parts"]) for key, row in data["hyphenated"].items()}
    rule = data["rule"]
    return _Table(data["edition"], techniques, parts, frozenset(map(frozenset, rule["correlated"])), rule)
