"""Derivatives filed under their parent compound: by name, by formula among entries of one compound, by silyl ions.

Why: a TMS spectrum under the key of the free drug makes every search of either answer with the other. numpy only.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from spectra.exactmass import FormulaError
from spectra.library_check.faults import Fault, Severity, atoms_of, compound_of, fault, labelled, thresholds, unit_peaks
from spectra.mass_library import MassLibrary

Tell = Callable[[str, int, int], None]
Atoms = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Kind:
    title: str
    names: re.Pattern[str]
    word: re.Pattern[str]
    element: str
    count: int
    adds: Mapping[str, int]


def derivatives(library: MassLibrary, tell: Tell) -> Iterator[Fault]:
    """Faults of entries that are, or seem to be, a derivative of the compound they stand under."""
    groups: dict[str, list[int]] = defaultdict(list)
    for entry in range(len(library)):
        groups[compound_of(library, entry)].append(entry)
    for done, members in enumerate(groups.values()):
        if done % 1000 == 0:
            tell("Looking for derivatives", done, len(groups))
        told: set[int] = set()
        for found in (
            *_by_name(library, members),
            *_by_formula(library, members),
            *_by_ions(library, members),
            *_by_label(library, members),
        ):
            if found.entry not in told:
                told.add(found.entry)
                yield found
    tell("Looking for derivatives", len(groups), len(groups))


def _by_name(library: MassLibrary, members: Sequence[int]) -> Iterator[Fault]:
    """A name that says derivative: with a formula that holds none, or among entries whose names do not say it."""
    kinds = {entry: _kind_of(library.names[entry]) for entry in members}
    for entry, kind in kinds.items():
        if kind is None:
            continue
        plain = [e for e in members if kinds[e] is None and not kind.word.search(library.names[e])]
        atoms = _atoms(library.formulas[entry])
        if atoms and atoms.get(kind.element, 0) < kind.count:
            why = (
                f"By its name it is a derivative ({kind.title}), but its formula {library.formulas[entry]} holds no such "
                "group: the formula of the parent?"
            )
            yield fault(
                library, entry, "derivative_formula", Severity.WARNING, "formula of the parent", why,
                formula=library.formulas[entry], derivative=kind.title,
            )  # fmt: skip
        elif plain:
            other = plain[0]
            why = (
                f"By its name it is a derivative ({kind.title}), and it has the compound key of {library.names[other]} "
                f"({library.ids[other]})."
            )
            yield fault(
                library, entry, "derivative_under_parent", Severity.WARNING, "derivative under its parent", why,
                derivative=kind.title, also=other,
            )  # fmt: skip


def _by_label(library: MassLibrary, members: Sequence[int]) -> Iterator[Fault]:
    """An isotope-labelled entry among unlabelled ones of the same key: a search takes the two for one compound."""
    marks = {entry: labelled(library, entry) for entry in members}
    plain = [entry for entry in members if not marks[entry]]
    for entry in members:
        if marks[entry] and plain:
            why = (
                f"It is isotope-labelled and has the compound key of {library.names[plain[0]]} ({library.ids[plain[0]]}); "
                "a search takes the two for one compound."
            )
            yield fault(
                library, entry, "labelled_under_parent", Severity.NOTE, "isotope-labelled under its parent", why,
                also=plain[0],
            )  # fmt: skip


def _by_formula(library: MassLibrary, members: Sequence[int]) -> Iterator[Fault]:
    """Entries of one compound with different formulae; deuterium counts as hydrogen."""
    known = {entry: _key(atoms) for entry in members if (atoms := _atoms(library.formulas[entry]))}
    counted = Counter(known.values())
    if len(counted) < 2:
        return
    usual = max(counted, key=lambda key: (counted[key], -sum(n for _, n in key)))
    reference = next(entry for entry, key in known.items() if key == usual)
    for entry, key in known.items():
        if key == usual:
            continue
        extra = _extra(dict(usual), dict(key))
        why = (
            f"Its formula is {library.formulas[entry]}, that of {library.names[reference]} ({library.ids[reference]}) "
            f"under the same compound key {library.formulas[reference]}{extra}."
        )
        yield fault(
            library, entry, "formula_of_compound", Severity.WARNING, "two formulae for one compound", why,
            formula=library.formulas[entry], usual=library.formulas[reference], also=reference,
        )  # fmt: skip


def _by_ions(library: MassLibrary, members: Sequence[int]) -> Iterator[Fault]:
    """m/z 147 and 73 with the isotopes of silicon, where the name holds none.

    Entries with a formula are left out: a silyl group shows there as ions above the molecule.
    """
    if library.accurate:
        return
    limits = thresholds()["silyl"]
    for entry in members:
        if library.formulas[entry] or _SILICON.search(library.names[entry]):
            continue
        mz, share = unit_peaks(library, entry)
        at = dict(zip(mz.tolist(), share.tolist(), strict=True))
        if int(mz.min()) <= 73 and not _within(at, 73, limits["least_73"], (limits["ratio_74"],)):
            continue
        if not _within(at, 147, limits["least_147"], (limits["ratio_148"], limits["ratio_149"])):
            continue
        ion = at[147]
        first, second = at.get(148, 0.0) / ion, at.get(149, 0.0) / ion
        why = (
            f"m/z 147 ({100 * ion:.0f} % of the base peak) has the isotopes of two silicon atoms (148/147 {first:.3f}, "
            f"149/147 {second:.3f}; calculated 0.157 and 0.079), but its name holds none: a silylated derivative under "
            "its parent?"
        )
        yield fault(
            library, entry, "silyl_ions", Severity.WARNING, "silylated, not named so", why,
            share_147=round(ion, 3), ratio_148=round(first, 3), ratio_149=round(second, 3),
        )  # fmt: skip


def _within(at: Mapping[int, float], ion: int, least: float, ratios: Sequence[Sequence[float]]) -> bool:
    """Whether an ion is there and its next isotopes lie within these ratios."""
    base = at.get(ion, 0.0)
    return base >= least and all(
        low <= at.get(ion + step, 0.0) / base <= high for step, (low, high) in enumerate(ratios, start=1)
    )


_SILICON = re.compile(r"sil(yl|an|ox|a|ic)|\bTMS|TBDMS|\bSi\b", re.IGNORECASE)


def _kind_of(name: str) -> _Kind | None:
    return next((kind for kind in _kinds() if kind.names.search(name)), None)


def _atoms(formula: str) -> Atoms | None:
    try:
        return atoms_of(formula) if formula else None
    except FormulaError:
        return None


def _key(atoms: Atoms) -> tuple[tuple[str, int], ...]:
    plain = Counter({e: n for e, n in atoms.items() if e != "D"})
    plain["H"] += atoms.get("D", 0)
    return tuple(sorted((e, n) for e, n in plain.items() if n))


def _extra(usual: dict[str, int], own: dict[str, int]) -> str:
    """Which derivative groups make the one from the other, if any do."""
    for kind in _kinds():
        for groups in range(1, 6):
            made = Counter(usual)
            for element, count in kind.adds.items():
                made[element] += groups * count
            if {e: n for e, n in made.items() if n} == own:
                return f": {groups} {kind.title} group{'s' if groups > 1 else ''} more"
    return ""


@lru_cache(maxsize=1)
def _kinds() -> tuple[_Kind, ...]:
    out = []
    for row in thresholds()["derivative"]:
        added, _, removed = row["composition"].partition("-")
        adds = Counter(atoms_of(added))
        adds.subtract(atoms_of(removed) if removed else {})
        pattern = re.compile("|".join(row["names"]), re.IGNORECASE)
        word = re.compile(row["word"], re.IGNORECASE)
        out.append(_Kind(row["title"], pattern, word, row["needs"][0], int(row["needs"][1]), dict(adds)))
    return tuple(out)
