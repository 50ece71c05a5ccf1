"""What a mass library's identification says, as rows and answer: the same for unit and for accurate masses.

The caller searches and chooses the library; nothing here knows a score, a file or a database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.laboratory.identification.answer import Answer
from app.laboratory.identification.mixtures import names_of
from app.laboratory.identification.parts import Probabilities
from app.laboratory.identification.ranking import SearchConditions, answer_of, listed, regrouped, rounded
from app.laboratory.library.opened import Opened
from spectra import Candidate as Hit
from spectra import Identification, IdentificationLevel, Remark


def identified(
    said: Identification,
    library: Opened,
    rows: Sequence[Hit],
    quality: Sequence[Remark],
    registry: Sequence[Opened],
    conditions: SearchConditions,
) -> tuple[list[Hit], Answer]:
    """Rows in the order of the identification, and its answer. `library` said it; `registry` is what was searched."""
    said, called = _in_register(said, library, conditions)
    # the identification ranks by more than the plain score that is shown: its order first, then the rest
    places = {c: place for place, (c, _) in enumerate(said.compounds)}
    ordered = sorted(rows, key=lambda row: places.get(row.compound, len(places)))
    ordered = regrouped([replace(row, rank=rank) for rank, row in enumerate(ordered, start=1)])
    named = _in_set(ordered, said)
    answer = answer_of(said.level, ordered, named, list(said.reasons), quality, registry)
    if said.level is IdentificationLevel.CLASS_ONLY:
        answer = replace(answer, headline=f"Not one substance: {listed([c.name for c in named], 'or')} look alike.")
    if said.level is IdentificationLevel.RELATED:
        answer = replace(answer, set=())  # a likeness names nothing
    return ordered, replace(answer, probability=_probabilities(said, library, ordered, called, conditions))


def _in_register(
    said: Identification, library: Opened, conditions: SearchConditions
) -> tuple[Identification, dict[str, str]]:
    """An identification under the keys the rows have: a library that knows names only is put under the register's keys.

    Two names of one compound become one, with the sum of their probabilities. Also: key → name of those changed.
    """
    keys = {*(c for c, _ in said.compounds), *said.set, *said.not_distinguished}
    called = names_of(library, sorted(key for key in keys if key.startswith("name:")), ())
    if not called:
        return said, {}
    under = {key: conditions.index.unified(Hit(0, name, key, 0.0, "")).compound for key, name in called.items()}
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


def _probabilities(
    said: Identification, library: Opened, rows: Sequence[Hit], called: Mapping[str, str], conditions: SearchConditions
) -> Probabilities:
    """Probability per compound with its name, that it is none of them, and what this method does not tell apart."""
    names = names_of(library, [*(c for c, _ in said.compounds), *said.not_distinguished], rows)
    names |= {key: called[key] for key in names if names[key] == key and key in called}
    shown = said.compounds[: conditions.top]
    return Probabilities(
        calibrated=said.calibrated,
        calibration=said.calibration,
        probabilities=tuple((compound, round(p, 4)) for compound, p in shown),
        probability_names={compound: names[compound] for compound, _ in shown},
        p_not_in_library=rounded(said.p_not_in_library),
        not_distinguished=tuple(names[compound] for compound in said.not_distinguished[:12]),
        probabilities_of=library.name,
    )


def _in_set(rows: Sequence[Hit], said: Identification) -> list[Hit]:
    """Rows of the identification's set, and those of other libraries that score as close."""
    members = set(said.set)
    if said.level is IdentificationLevel.NOTHING_ABOVE_LIMIT:
        return []
    best = rows[0]
    return [c for c in rows if c.compound in members or c.ambiguity_group == best.ambiguity_group]
