"""A small made-up data set to attack, and an oracle of its own that says which samples stand behind a figure.

The oracle reads the raw records below and the definitions of the measures (docs/methods/trends.md); it shares no code with
the figures, so that a figure that counts something else than it says is noticed as well.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID

from app.trends.domain import Dimension, FoundFact, OutcomeFact, Question, ReleaseFact, Row, Seen, TestFact

D = Dimension
CLASSES = {
    "mdma": "entactogen", "mda": "entactogen", "ketamine": "dissociative", "heroin": "opioid.opiate",
    "metonitazene": "opioid.nitazene", "caffeine": "stimulant.other",
}  # fmt: skip
KNOWN = (
    "as_expected",
    "expected_plus_inert",
    "expected_plus_active",
    "partly_as_expected",
    "not_as_expected",
    "nothing_detected",
)
HITS = {
    "expected_found": {"as_expected", "expected_plus_inert", "expected_plus_active", "partly_as_expected"},
    "not_as_expected": {"not_as_expected", "nothing_detected"},
    "other_active": {"expected_plus_active"},
}
OPEN = ("inconclusive", "insufficient", "pending")
PLACES = (("North East", "Durham", "Hall"), ("North East", "Durham", "Barn"), ("Wales", "Cardiff", "Hall"))
DAYS = [date(2025, 12, 28), date(2026, 1, 2), date(2026, 1, 30), date(2026, 2, 1), date(2026, 2, 14), date(2026, 4, 4)]
AT = datetime(2026, 5, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Sample:
    """One released sample as the oracle knows it."""

    key: UUID
    day: date
    place: tuple[str, str, str]
    form: str
    service_type: str
    submitter_type: str
    expected: str
    verdict: str
    outcome: str
    found: Mapping[str, str]
    """Substance → abundance."""
    amount: float | None
    """Of MDMA, in mg per tablet."""
    tests: frozenset[tuple[str, str, str]]
    """Method, target, what it said."""
    turnaround: int | None
    outcomes: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def values(self, dimension: Dimension) -> frozenset[str]:
        """The values a split or a filter may meet in it: several of what was found and of methods."""
        if dimension is D.FOUND:
            return frozenset(self.found)
        if dimension is D.FOUND_CLASS:
            return frozenset(CLASSES[f] for f in self.found)
        if dimension is D.METHOD:
            return frozenset(m for m, _, seen in self.tests if seen in {"detected", "not_detected", "looked"})
        iso = self.day.isocalendar()
        one = {
            D.WEEK: f"{iso.year}-W{iso.week:02d}", D.MONTH: f"{self.day:%Y-%m}", D.YEAR: f"{self.day.year}",
            D.QUARTER: f"{self.day.year}-Q{(self.day.month - 1) // 3 + 1}", D.REGION: self.place[0],
            D.AGENCY: self.place[1], D.SITE: self.place[2], D.FORM: self.form, D.SERVICE_TYPE: self.service_type,
            D.SUBMITTER_TYPE: self.submitter_type, D.EXPECTED: self.expected,
            D.EXPECTED_CLASS: CLASSES.get(self.expected, ""),
        }  # fmt: skip
        return frozenset({one[dimension]})

    def fact(self, import_id: UUID) -> ReleaseFact:
        """As the facts of aggregates are written."""
        return ReleaseFact(
            sample_id=self.key, agency_id=None, agency=self.place[1], session_id=None, day=self.day, released_at=AT,
            region=self.place[0], site=self.place[2], service_type=self.service_type, client=True, form=self.form,
            expected=self.expected, expected_class=CLASSES.get(self.expected, ""), verdict=self.verdict,
            outcome=self.outcome, import_id=import_id, submitter_type=self.submitter_type,
            turnaround_min=self.turnaround,
            found=tuple(
                FoundFact(
                    f, CLASSES[f], "expected", abundance, "confirmed",
                    *((self.amount, "mg_per_unit", "base") if f == "mdma" and self.amount is not None else ()),
                    methods=("ftir",),
                )
                for f, abundance in self.found.items()
            ),
            tests=tuple(TestFact(m, t, Seen(s)) for m, t, s in sorted(self.tests)),
            outcomes=tuple(OutcomeFact(m, i, n) for (m, i), n in self.outcomes.items()),
        )  # fmt: skip


def made(seed: int, clumps: int = 52) -> list[Sample]:
    """Samples in clumps that share nearly everything, so that sets which differ by a few abound."""
    rng = random.Random(seed)
    out: list[Sample] = []
    for _ in range(clumps):
        place, day = rng.choices(PLACES, (6, 1, 3))[0], rng.choice(DAYS)
        expected = rng.choices(["mdma", "ketamine", "heroin", "unknown"], (6, 3, 2, 1))[0]
        form = "tablet" if expected == "mdma" and rng.random() < 0.8 else "powder"
        kind, submitter = rng.choices(["festival", "city_clinic"], (4, 1))[0], rng.choices(["public", "bar"], (5, 1))[0]
        for _ in range(rng.choice([1, 2, 4, 6, 12])):
            out.append(one(rng, day, place, form, kind, submitter, expected))
    return out


def one(
    rng: random.Random, day: date, place: tuple[str, str, str], form: str, kind: str, submitter: str, expected: str
) -> Sample:
    found = {} if expected == "unknown" or rng.random() < 0.25 else {expected: "major"}
    for extra, chance in (("caffeine", 0.25), ("mda", 0.08), ("metonitazene", 0.25 if expected == "heroin" else 0.01)):
        if rng.random() < chance:
            found.setdefault(extra, rng.choice(["trace", "minor", "major"]))
    others = set(found) - {expected, "caffeine"}
    if expected == "unknown":
        verdict = "no_expectation"
    elif expected in found:
        verdict = "expected_plus_active" if others else "expected_plus_inert" if "caffeine" in found else "as_expected"
    else:
        verdict = rng.choice(["not_as_expected", "inconclusive"]) if found else "nothing_detected"
    outcome = "inconclusive" if verdict == "inconclusive" else "identified" if found else "nothing_detected"
    tests = {("ftir", "*", "looked")} if rng.random() < 0.9 else set()
    if rng.random() < 0.4:
        tests.add(("strip", "opioid.nitazene", "detected" if "metonitazene" in found else "not_detected"))
    spoke = {("before", rng.choice(["take", "not_take"])): rng.randint(1, 3)} if rng.random() < 0.5 else {}
    return Sample(
        UUID(int=rng.getrandbits(128), version=4), day, place, form, kind, submitter, expected, verdict, outcome,
        found, float(rng.randint(60, 220)) if "mdma" in found and form == "tablet" else None, frozenset(tests),
        rng.choice([None, 30, 45, 90, 200]), spoke,
    )  # fmt: skip


# -- the oracle -----------------------------------------------------------------------------------------------------------


def within(value: str, wanted: str) -> bool:
    """A class holds what lies under it."""
    return value == wanted or value.startswith(wanted + ".")


def belongs(sample: Sample, asked: Question, row: Row) -> bool:
    """Whether a sample is one of those a row is about, its measure left aside."""
    first, last = asked.months
    month = f"{sample.day:%Y-%m}"
    if (first and month < first) or (last and month > last):
        return False
    if not _together(sample, row):
        return False
    for dimension, wanted in asked.where.items():
        same = within if dimension in (D.EXPECTED_CLASS, D.FOUND_CLASS) else str.__eq__
        if not any(same(value, wanted) for value in sample.values(dimension)):
            return False
    return True


def _together(sample: Sample, row: Row) -> bool:
    key = dict(row.key)
    if "found" in key and "found_class" in key and CLASSES.get(key["found"]) != key["found_class"]:
        return False
    return all(value in sample.values(Dimension(name)) for name, value in key.items())


def holds(sample: Sample, name: str, role: str = "") -> bool:
    """Whether a substance, or a member of a class, was found in it: at all, as the main thing, or as a trace."""
    abundances = {"primary": {"major"}, "trace": {"trace"}}.get(role, {"major", "minor", "trace"})
    return any((f == name or within(CLASSES[f], name)) and a in abundances for f, a in sample.found.items())


def was_tested(sample: Sample, name: str) -> bool:
    """Whether a method whose scope covers it looked: with an open result only a test of its own says that it is not
    there. A strip is none: it reacts or it does not."""
    path = CLASSES.get(name, name).split(".")
    covering = {name, "*", *(".".join(path[:n]) for n in range(1, len(path) + 1))}
    own = any(t in covering and s in {"detected", "not_detected"} for m, t, s in sample.tests if m != "strip")
    looked = any(t in covering and s == "looked" for _, t, s in sample.tests)
    return holds(sample, name) or own or (looked and sample.outcome not in OPEN)


def strip_and_ftir(sample: Sample, target: str) -> tuple[int | None, int | None]:
    """What the strip and FTIR say of nitazenes: 1, 0, or None where the method was not asked."""
    strips = [s for m, t, s in sample.tests if m == "strip" and t == target]
    strip = None if not strips else int("detected" in strips)
    looked = any(m == "ftir" for m, _, _ in sample.tests)
    return strip, int(holds(sample, target)) if looked else None
