"""A made-up service as columns in memory: what figures are struck from in tests of their method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np

from app.figures.trends.columnar import Coder, Facts
from app.figures.trends.protection.counting import Collection
from app.figures.trends.protection.lattice import OTHERS, Lists, Struck
from app.figures.trends.protection.noise import Draws, Strength
from harm_messages import Register, load_pack

REGISTER: Register = load_pack().substances
EXPECTED = ("cocaine", "heroin", "ketamine", "lsd", "mdma", "unknown")
SHARE = (0.22, 0.06, 0.17, 0.05, 0.40, 0.10)
REGIONS = ("North", "South", "West")
CLASSES = ("benzodiazepine", "dissociative", "entactogen", "opioid", "opioid.nitazene", "opioid.opiate",
           "psychedelic.lysergamide", "stimulant.cathinone", "stimulant.cocaine")  # fmt: skip
OWN = {"cocaine": "stimulant.cocaine", "heroin": "opioid.opiate", "ketamine": "dissociative",
       "lsd": "psychedelic.lysergamide", "mdma": "entactogen"}  # fmt: skip
LOW_DOSE = frozenset({"opioid.nitazene", "psychedelic.lysergamide"})
LISTS = Lists((*REGIONS, OTHERS), (*EXPECTED, OTHERS), CLASSES, ("heroin", "mdma", "metonitazene"),
              (LOW_DOSE, frozenset(CLASSES)), (("mdma", "mg_per_unit", "base"),))  # fmt: skip
SAMPLE = ("submitter_group", "month", "region", "expected", "verdict", "outcome", "turnaround_min")


@dataclass
class Made:
    """One sample."""

    key: UUID
    month: str
    region: str
    expected: str
    verdict: str
    found: tuple[tuple[str, str], ...]
    amount: float | None = None
    by: str = "gc_ms"


def samples(n: int, seed: int, months: int = 12, first: str = "2025") -> list[Made]:
    """So many samples over these months."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        expected = EXPECTED[rng.choice(len(EXPECTED), p=SHARE)]
        region = REGIONS[rng.choice(3, p=(0.6, 0.3, 0.1))]
        month = f"{first}-{rng.integers(months) + 1:02d}"
        right = expected in OWN and rng.random() < 0.9
        found = [(expected, OWN[expected])] if right else []
        for name, of_class, p in (
            ("metonitazene", "opioid.nitazene", 0.015), ("bromazolam", "benzodiazepine", 0.03), ("mephedrone", "stimulant.cathinone", 0.06),
        ):  # fmt: skip
            if rng.random() < p:
                found.append((name, of_class))
        verdict = (
            "no_expectation"
            if expected == "unknown"
            else "as_expected"
            if right
            else "not_as_expected"
            if found
            else "nothing_detected"
        )
        amount = float(np.round(rng.normal(150, 30))) if ("mdma", "entactogen") in found else None
        made.append(Made(UUID(int=int(rng.integers(2**62)) << 64 | int(rng.integers(2**62))), month, region, expected, verdict,
                         tuple(found), amount, "ftir" if rng.random() < 0.2 else "gc_ms"))  # fmt: skip
    return made


def facts_of(made: list[Made]) -> Facts:
    """As columns."""
    names = (*SAMPLE, "found", "found_class", "abundance", "unit", "basis", "method", "target", "seen")
    coders = {name: Coder() for name in names}
    coders["month"][""], index = 0, Coder()

    def rows(table: list[dict[str, Any]], columns: tuple[str, ...]) -> dict[str, Any]:
        return {"sample": index.codes([row["key"] for row in table])} | {
            name: coders[name].codes([row[name] for row in table]) for name in columns
        }

    told = [
        {"key": m.key.hex, "submitter_group": "client", "month": m.month, "region": m.region, "expected": m.expected,
         "verdict": m.verdict, "outcome": "identified", "turnaround_min": None} for m in made
    ]  # fmt: skip
    found = [
        {"key": m.key.hex, "found": name, "found_class": of_class, "abundance": "major",
         "unit": "mg_per_unit" if name == "mdma" and m.amount else "", "basis": "base" if name == "mdma" and m.amount else "",
         "amount": m.amount if name == "mdma" and m.amount else np.nan} for m in made for name, of_class in m.found
    ]  # fmt: skip
    tests = [
        {"key": m.key.hex, "method": m.by, "target": target, "seen": seen, "unit": "", "basis": ""}
        for m in made
        for target, seen in [("*", "looked"), *((c, "excluded") for c in (LOW_DOSE if m.by == "ftir" else ()))]
    ]
    columns = rows(told, SAMPLE)
    columns.pop("sample")
    findings = rows(found, ("found", "found_class", "abundance", "unit", "basis"))
    tested = rows(tests, ("method", "target", "seen", "unit", "basis"))
    amounts = np.array([row["amount"] for row in found], np.float64)
    return Facts(coders, dict(index), columns, np.ones(len(made), bool), findings, amounts, tested)


def collection(made: list[Made], secret: int = 0) -> Collection:
    """With a secret of its own."""
    return Collection(facts_of(made), REGISTER, Draws.of(f"secret {secret}".encode()))


PERIODS = tuple([f"2025-{m:02d}" for m in range(1, 13)] + [f"2025-Q{q}" for q in range(1, 5)] + ["2025"])


def struck(
    there: Collection, lists: Lists = LISTS, periods: tuple[str, ...] = PERIODS
) -> dict[Strength, dict[str, Struck]]:
    """A whole year of both strengths."""
    made = [there.strike(label, lists, "2026-01-05T00:00:00+00:00", partial=False, volume=1e9) for label in periods]
    return {s: {one[s].label: one[s] for one in made} for s in Strength}
