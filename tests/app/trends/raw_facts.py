"""Facts of made-up samples as plain data, and the same in the fact tables: what figures are checked against."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.care.counted.tables import TrendFinding, TrendOutcome, TrendSample, TrendTest
from app.figures.trends.columnar import LOOKED
from app.platform.db import Database

CLASSES = {
    "mdma": "entactogen", "mda": "entactogen", "heroin": "opioid.opiate", "fentanyl": "opioid.fentanyl",
    "carfentanil": "opioid.fentanyl", "caffeine": "stimulant.other",
}  # fmt: skip
VERDICTS = (
    "as_expected", "expected_plus_active", "partly_as_expected", "not_as_expected", "nothing_detected", "inconclusive",
    "no_expectation",
)  # fmt: skip


@dataclass
class Raw:
    """One sample. `found`: substance → (abundance, amount, unit, methods); `tests`: (method, target) → what it said."""

    key: UUID
    day: date | None
    region: str
    site: str
    agency: str
    form: str
    service_type: str
    submitter_type: str
    expected: str
    verdict: str
    client: bool = True
    turnaround_min: int | None = None
    found: dict[str, tuple[str, float | None, str, tuple[str, ...]]] = field(default_factory=dict)
    tests: dict[tuple[str, str], str] = field(default_factory=dict)
    outcomes: dict[tuple[str, str], int] = field(default_factory=dict)

    def values(self, dimension: str) -> set[str]:
        """What it is in this dimension: several where it stands in several rows."""
        if dimension == "found":
            return set(self.found)
        if dimension == "found_class":
            return {CLASSES[name] for name in self.found}
        if dimension == "method":
            return {method for (method, _), said in self.tests.items() if said in LOOKED}
        if dimension == "expected_class":
            return {CLASSES.get(self.expected, "")}
        if dimension in ("week", "month", "quarter", "year"):
            return {period(self.day, dimension)}
        return {getattr(self, dimension)}


def period(day: date | None, dimension: str) -> str:
    """The label of the period a day lies in."""
    if day is None:
        return ""
    year, week, _ = day.isocalendar()
    return {
        "week": f"{year}-W{week:02d}", "month": day.strftime("%Y-%m"),
        "quarter": f"{day.year}-Q{-(-day.month // 3)}", "year": str(day.year),
    }[dimension]  # fmt: skip


def made_up(n: int, seed: int) -> list[Raw]:
    """Samples of two years, the same for the same seed."""
    rng = random.Random(seed)
    return [_sample(rng) for _ in range(n)]


def _sample(rng: random.Random) -> Raw:
    expected = rng.choice(("mdma", "heroin", "unknown"))
    raw = Raw(
        key=UUID(int=rng.getrandbits(128)), day=date(2024, 1, 1) + timedelta(days=rng.randrange(730)),
        region=rng.choice(("North East", "Wales")), site=rng.choice(("Hall", "Tent")), agency=rng.choice(("A", "B")),
        form=rng.choice(("powder", "tablet", "blotter")), service_type=rng.choice(("festival", "fixed_site")),
        submitter_type=rng.choice(("public", "medic")), expected=expected, verdict=rng.choice(VERDICTS),
        client=rng.random() > 0.05, turnaround_min=rng.choice((None, *range(10, 400, 7))),
    )  # fmt: skip
    if rng.random() < 0.05:
        raw.day = None
    for name in CLASSES:
        if rng.random() < 0.3:
            unit = rng.choice(("mg_per_unit", "percent_ww")) if rng.random() < 0.6 else ""
            amount = round(rng.lognormvariate(4, 0.7), 2) if unit else None
            seen_by = tuple(sorted(rng.sample(("ftir", "lc_ms"), k=rng.randint(1, 2))))
            raw.found[name] = (rng.choice(("major", "minor", "trace")), amount, unit, seen_by)
    for method in ("ftir", "lc_ms"):
        if rng.random() < 0.7 or any(method in f[3] for f in raw.found.values()):
            raw.tests[method, "*"] = "looked"
            if method == "ftir":
                raw.tests[method, "opioid.fentanyl"] = "excluded"
    if rng.random() < 0.4:
        raw.tests["strip", "opioid.fentanyl"] = rng.choice(("detected", "not_detected", "invalid"))
    for moment in ("before", "after"):
        for intention in ("take_as_planned", "take_less", "will_not_take"):
            if rng.random() < 0.25:
                raw.outcomes[moment, intention] = rng.randint(1, 3)
    return raw


def written(database: Database, samples: Iterable[Raw]) -> None:
    """Put them into the fact tables."""
    rows: dict[type, list[dict[str, Any]]] = {TrendSample: [], TrendFinding: [], TrendTest: [], TrendOutcome: []}
    for raw in samples:
        for table, values in _rows(raw):
            rows[table].append(values)
    with database.begin() as uow:
        for table, values in rows.items():
            if values:
                uow.session.connection().execute(sa.insert(table), values)


def _rows(raw: Raw) -> Iterator[tuple[type, dict[str, Any]]]:
    periods = {name: period(raw.day, name) for name in ("week", "month", "quarter", "year")}
    yield TrendSample, {
        "sample_id": raw.key, "agency": raw.agency, "day": raw.day, **periods, "region": raw.region, "site": raw.site,
        "service_type": raw.service_type, "submitter_group": "client" if raw.client else "other", "form": raw.form,
        "submitter_type": raw.submitter_type, "expected": raw.expected, "verdict": raw.verdict,
        "expected_class": CLASSES.get(raw.expected, ""),
        "outcome": "inconclusive" if raw.verdict == "inconclusive" else "identified",
        "turnaround_min": raw.turnaround_min, "released_at": datetime(2026, 1, 1, tzinfo=UTC),
    }  # fmt: skip
    for name, (abundance, amount, unit, methods) in raw.found.items():
        yield TrendFinding, {
            "sample_id": raw.key, "found": name, "found_class": CLASSES[name], "role": "unstated",
            "abundance": abundance, "confidence": "confirmed", "amount": amount, "unit": unit,
            "basis": "base" if unit else "", "methods": "".join(f" {m}" for m in methods) + " ",
        }  # fmt: skip
    for (method, target), seen in raw.tests.items():
        yield TrendTest, {"sample_id": raw.key, "method": method, "target": target, "seen": seen}
    for (moment, intention), people in raw.outcomes.items():
        yield TrendOutcome, {"sample_id": raw.key, "moment": moment, "intention": intention, "people": people}
