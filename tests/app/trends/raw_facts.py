"""Facts of made-up samples as plain data, and the same in the fact tables: what figures are checked against."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from app.care.counted import service as counted
from app.care.counted.domain import Detection, FoundFact, OutcomeFact, ReleaseFact, TestFact
from app.figures.history.tables import HistoryImport
from app.figures.trends.columnar import LOOKED
from app.intake.people.tables import Agency, AgencyKind
from app.platform.db import Database

AT = datetime(2026, 1, 1, tzinfo=UTC)
IMPORT = UUID(int=1)
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


def fact_of(raw: Raw) -> ReleaseFact:
    """As an import of history writes it down."""
    return ReleaseFact(
        sample_id=raw.key, agency_id=None, agency=raw.agency, session_id=None, day=raw.day, import_id=IMPORT,
        released_at=AT, region=raw.region, site=raw.site, service_type=raw.service_type,
        client=raw.client, form=raw.form, expected=raw.expected, expected_class=CLASSES.get(raw.expected, ""),
        verdict=raw.verdict, outcome="inconclusive" if raw.verdict == "inconclusive" else "identified",
        found=tuple(
            FoundFact(name, CLASSES[name], "unstated", how, "confirmed", amount, unit, "base" if unit else "", methods)
            for name, (how, amount, unit, methods) in raw.found.items()
        ),
        tests=tuple(TestFact(method, target, Detection(seen)) for (method, target), seen in raw.tests.items()),
        submitter_type=raw.submitter_type, turnaround_min=raw.turnaround_min,
        outcomes=tuple(OutcomeFact(moment, what, people) for (moment, what), people in raw.outcomes.items()),
    )  # fmt: skip


def imported(database: Database) -> None:
    """The import that made-up samples are of."""
    home = Agency(name="Made up", kind=AgencyKind.SERVICE, created_at=AT)
    row = HistoryImport(
        id=IMPORT, agency_id=home.id, keyed_by=home.id, source="made up", licence="CC0", map_text="", digest="", samples=0,
        changed=0, imported_at=AT,
    )  # fmt: skip
    with database.begin() as uow:
        uow.session.add(home)
        uow.session.flush()
        uow.session.add(row)


def written(database: Database, samples: Iterable[Raw]) -> None:
    """Put them into the fact tables."""
    imported(database)
    with database.begin() as uow:
        counted.record(uow, [fact_of(raw) for raw in samples])
