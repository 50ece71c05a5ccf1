"""What a mass library's identification says, as rows and answer: the same for unit and for accurate masses.

The caller searches and chooses the library; nothing here knows a score, a file or a database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.laboratory.library.shelf import Opened
from app.laboratory.readings.mixtures import names_of
from app.laboratory.readings.ranking import Names, answer_of, listed, regrouped, rounded
from spectra import Candidate, Identification, IdentificationLevel, Remark


def identified(
    said: Identification,
    home: Opened,
    rows: Sequence[Candidate],
    quality: Sequence[Remark],
    shelf: Sequence[Opened],
    how: Names,
) -> tuple[list[Candidate], dict[str, Any]]:
    """Rows in the order of the identification, and its answer. `home` said it; `shelf` is what was searched."""
    said, called = _in_register(said, home, how)
    ordered = _as_identified(rows, said)
    named = _in_set(ordered, said)
    answer = answer_of(said.level, ordered, named, list(said.reasons), quality, shelf)
    if said.level is IdentificationLevel.CLASS_ONLY:
        answer["headline"] = f"Not one substance: {listed([c.name for c in named], 'or')} look alike."
    if said.level is IdentificationLevel.RELATED:
        answer["set"] = []  # a likeness names nothing
    answer.update(_probabilities(said, home, ordered, called, how))
    return ordered, answer


def _in_register(said: Identification, home: Opened, how: Names) -> tuple[Identification, dict[str, str]]:
    """The same under the keys the rows have: a library that knows names only is put under the register's keys.

    Two names of one compound become one, with the sum of their probabilities. Also: key → name of those changed.
    """
    keys = {*(c for c, _ in said.compounds), *said.set, *said.not_distinguished}
    called = names_of(home, sorted(key for key in keys if key.startswith("name:")), ())
    if not called:
        return said, {}
    under = {key: how.index.unified(_named(key, name)).compound for key, name in called.items()}
    shares: dict[str, float] = {}
    for key, share in said.compounds:
        shares[under.get(key, key)] = shares.get(under.get(key, key), 0.0) + share
    best = under.get(said.compounds[0][0], said.compounds[0][0]) if said.compounds else ""
    changed = replace(
        said,
        compounds=tuple(sorted(shares.items(), key=lambda row: -row[1])),
        set=tuple(dict.fromkeys(under.get(key, key) for key in said.set)),
        not_distinguished=tuple(
            key for key in dict.fromkeys(under.get(k, k) for k in said.not_distinguished) if key != best
        ),
    )
    return changed, {under[key]: name for key, name in reversed(called.items())}


def _named(compound: str, name: str) -> Candidate:
    return Candidate(0, name, compound, 0.0, "")


def _as_identified(rows: Sequence[Candidate], said: Identification) -> list[Candidate]:
    """The identification ranks by more than the plain score that is shown: its order first, then the rest."""
    places = {c: place for place, (c, _) in enumerate(said.compounds)}
    ordered = sorted(rows, key=lambda row: places.get(row.compound, len(places)))
    return regrouped([replace(row, rank=rank) for rank, row in enumerate(ordered, start=1)])


def _probabilities(
    said: Identification, home: Opened, rows: Sequence[Candidate], called: Mapping[str, str], how: Names
) -> dict[str, Any]:
    """Probability per compound with its name, that it is none of them, and what this method does not tell apart."""
    names = names_of(home, [*(c for c, _ in said.compounds), *said.not_distinguished], rows)
    names |= {key: called[key] for key in names if names[key] == key and key in called}
    return {
        "calibrated": said.calibrated,
        "calibration": said.calibration,
        "probabilities": [[c, round(p, 4)] for c, p in said.compounds[: how.top]],
        "probability_names": {c: names[c] for c, _ in said.compounds[: how.top]},
        "p_not_in_library": rounded(said.p_not_in_library),
        "not_distinguished": [names[c] for c in said.not_distinguished[:12]],
        "probabilities_of": home.name,
    }


def _in_set(rows: Sequence[Candidate], said: Identification) -> list[Candidate]:
    """Rows of the identification's set, and those of other libraries that score as close."""
    members = set(said.set)
    if said.level is IdentificationLevel.NOTHING_ABOVE_LIMIT:
        return []
    best = rows[0]
    return [c for c in rows if c.compound in members or c.ambiguity_group == best.ambiguity_group]
