"""Every figure against the same worked out in plain Python from the raw facts, without protection."""

from __future__ import annotations

import itertools
import shutil
import statistics
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from scipy.stats import binom

from app.figures.trends import service
from app.figures.trends.domain import EXPECTATION_KNOWN, Dimension
from app.figures.trends.measures import MEASURES
from app.figures.trends.schemas import TrendOut
from app.figures.trends.service import Question
from app.platform.db import Database
from app.platform.kernel.shares import wilson
from harm_messages import load_pack
from tests.conftest import BOTH
from tests.support.postgres import fresh_database

from .raw_facts import CLASSES, Raw, made_up, written

REGISTER = load_pack().substances
SAMPLES = made_up(260, seed=7)

SPLITS = [(), ("month",), ("quarter", "region"), ("week",), ("year", "form"), ("found",), ("found_class",), ("method",),
          ("site", "agency"), ("submitter_type", "service_type"), ("expected_class",), ("month", "found")]  # fmt: skip
FILTERS: list[dict[str, str]] = [
    {}, {"region": "Wales"}, {"found": "mdma"}, {"found_class": "opioid", "form": "powder"}, {"method": "strip"},
    {"quarter": "2024-Q3"}, {"expected_class": "opioid"}, {"submitter_type": "medic"},
]  # fmt: skip


@pytest.fixture(scope="module", params=BOTH)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Once on each kind, written once: the figures only read."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            path = tmp_path_factory.mktemp("figures") / "mast.sqlite3"
            shutil.copyfile(request.getfixturevalue("migrated_sqlite"), path)
            url = f"sqlite:///{path}"
        else:
            template = request.getfixturevalue("postgres_template")
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres_server_url"), template))
        made = Database(url)
        stack.callback(made.close)
        written(made, SAMPLES)
        yield made


def asked(database: Database, measure: str, by: Iterable[str] = (), **more: Any) -> list[dict[str, Any]]:
    question = Question(
        measure,
        tuple(Dimension(d) for d in by),
        {Dimension(d): v for d, v in more.pop("where", {}).items()},
        **more,
    )
    with database.begin() as uow:
        table = service.unprotected_table(uow, question, REGISTER)
    rows: list[dict[str, Any]] = TrendOut.of(table).model_dump(mode="json")["rows"]
    return rows


def fits(sample: Raw, where: dict[str, str]) -> bool:
    def covers(dimension: str, value: str, wanted: str) -> bool:
        return value == wanted or (dimension.endswith("_class") and value.startswith(wanted + "."))

    return sample.client and all(any(covers(d, v, wanted) for v in sample.values(d)) for d, wanted in where.items())


def grouped(samples: Iterable[Raw], by: Iterable[str], where: dict[str, str]) -> dict[tuple[str, ...], list[Raw]]:
    rows: dict[tuple[str, ...], list[Raw]] = {}
    for sample in samples:
        if fits(sample, where):
            for key in itertools.product(*(sorted(sample.values(d)) for d in by)):
                rows.setdefault(key, []).append(sample)
    return rows


def looked_for_fentanyls(sample: Raw) -> bool:
    own = any(CLASSES[name] == "opioid.fentanyl" for name in sample.found)
    broad = ("lc_ms", "*") in sample.tests and sample.verdict != "inconclusive"
    return own or broad


SHARES: dict[str, tuple[Callable[[Raw], bool], Callable[[Raw], bool]]] = {
    "expected_found": (
        lambda s: s.verdict in ("as_expected", "expected_plus_active", "partly_as_expected"),
        lambda s: s.verdict in EXPECTATION_KNOWN,
    ),
    "not_as_expected": (
        lambda s: s.verdict in ("not_as_expected", "nothing_detected"),
        lambda s: s.verdict in EXPECTATION_KNOWN,
    ),
    "other_active": (lambda s: s.verdict == "expected_plus_active", lambda s: s.verdict in EXPECTATION_KNOWN),
    "verdict:nothing_detected": (lambda s: s.verdict == "nothing_detected", lambda s: s.verdict in EXPECTATION_KNOWN),
    "verdict:inconclusive": (lambda s: s.verdict == "inconclusive", lambda s: True),
    "verdict:no_expectation": (lambda s: s.verdict == "no_expectation", lambda s: True),
    "found fentanyl": (lambda s: "fentanyl" in s.found, lambda s: looked_for("fentanyl", s)),
    "found opioid.fentanyl": (
        lambda s: any(CLASSES[name] == "opioid.fentanyl" for name in s.found),
        looked_for_fentanyls,
    ),
    "found analogues:fentanyl": (lambda s: "carfentanil" in s.found, looked_for_fentanyls),
    "found fentanyl primary": (
        lambda s: "fentanyl" in s.found and s.found["fentanyl"][0] == "major",
        lambda s: looked_for("fentanyl", s),
    ),
    "found fentanyl trace": (
        lambda s: "fentanyl" in s.found and s.found["fentanyl"][0] == "trace",
        lambda s: looked_for("fentanyl", s),
    ),
}


def looked_for(name: str, sample: Raw) -> bool:
    """Fentanyl itself: FTIR sees none of the class, and a strip makes no sample one that was tested."""
    return name in sample.found or (("lc_ms", "*") in sample.tests and sample.verdict != "inconclusive")


@pytest.mark.parametrize("name", SHARES)
def test_shares(database: Database, name: str) -> None:
    numerator, denominator = SHARES[name]
    measure, found, role = [*name.split(" "), "", ""][:3]
    for by, where in [*((by, {}) for by in SPLITS), *((("region",), where) for where in FILTERS)]:
        if {*by} & {*where}:
            continue
        rows = {tuple(r[d] for d in by): r for r in asked(database, measure, by, where=where, found=found, role=role)}
        truth = {
            key: (sum(map(numerator, among)), len(among))
            for key, samples in grouped(SAMPLES, by, where).items()
            if (among := [s for s in samples if denominator(s)])
        }
        assert {k: (r["numerator"], r["denominator"]) for k, r in rows.items()} == truth, (by, where)
        for key, row in rows.items():
            assert (row["n"], row["value"]) == (truth[key][1], truth[key][0] / truth[key][1])
            assert (row["low"], row["high"]) == wilson(*truth[key])


@pytest.mark.parametrize(("by", "where"), [(by, where) for by in SPLITS for where in FILTERS if not {*by} & {*where}])
def test_samples(database: Database, by: tuple[str, ...], where: dict[str, str]) -> None:
    rows = {tuple(r[d] for d in by): r["n"] for r in asked(database, "samples", by, where=where)}
    assert rows == {key: len(samples) for key, samples in grouped(SAMPLES, by, where).items()}


def ranks(figures: list[float], p: float) -> tuple[float | None, float | None]:
    """The limits found by adding up the binomial, not by its inverse."""
    ordered, n = sorted(figures), len(figures)
    below = [binom.cdf(k, n, p) for k in range(n + 1)]
    r, s = bisect_left(below, 0.025), bisect_left(below, 0.975) + 1
    return (ordered[r - 1] if r >= 1 else None), (ordered[s - 1] if s <= n else None)


def cut(figures: list[float], p: float) -> float:
    """Type 7 by its definition."""
    ordered = sorted(figures)
    at = (len(ordered) - 1) * p
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def amounts_of(samples: Iterable[Raw], name: str, unit: str) -> list[float]:
    return [s.found[name][1] for s in samples if name in s.found and s.found[name][2] == unit]  # type: ignore[misc]


@pytest.mark.parametrize("measure", ["median_amount", "quantiles", "strength"])
@pytest.mark.parametrize("by", [(), ("quarter",), ("region", "form"), ("found",)])
def test_amounts(database: Database, measure: str, by: tuple[str, ...]) -> None:
    rows = asked(database, f"{measure}:mdma", by)
    seen = set()
    for key, samples in grouped(SAMPLES, by, {}).items():
        for unit in ("mg_per_unit", "percent_ww"):
            figures = amounts_of(samples, "mdma", unit)
            mine = [r for r in rows if tuple(r[d] for d in by) == key and r["unit"] == unit]
            if not figures or (measure == "strength" and unit == "percent_ww"):
                assert not mine
                continue
            (row,) = mine
            seen.add((key, unit))
            assert (row["n"], row["basis"], row["numerator"]) == (len(figures), "base", None)
            assert row["value"] == pytest.approx(statistics.median(figures))
            assert (row["low"], row["high"]) == ranks(figures, 0.5)
            if measure != "median_amount":
                for p in (0.1, 0.25, 0.75, 0.9):
                    name = f"q{p * 100:.0f}"
                    assert row[name] == pytest.approx(cut(figures, p))
                    assert (row[f"{name}_low"], row[f"{name}_high"]) == ranks(figures, p)
    assert len(seen) == len(rows)


@pytest.mark.parametrize("by", [(), ("quarter",), ("region", "form")])
def test_distribution(database: Database, by: tuple[str, ...]) -> None:
    rows = asked(database, "distribution:mdma", by)
    for key, samples in grouped(SAMPLES, by, {}).items():
        for unit in ("mg_per_unit", "percent_ww"):
            figures = amounts_of(samples, "mdma", unit)
            mine = [r for r in rows if tuple(r[d] for d in by) == key and r["unit"] == unit]
            assert sum(r["numerator"] for r in mine) == len(figures)
            for row in mine:
                upper = float("inf") if row["band_to"] is None else row["band_to"]
                inside = sum(row["band_from"] <= f < upper for f in figures)
                assert (row["numerator"], row["denominator"]) == (inside, len(figures))
            assert [r["band_to"] for r in mine[:-1]] == [r["band_from"] for r in mine[1:]], "bands touch"
            assert not mine or (mine[0]["band_from"], mine[-1]["band_to"]) == (0, None)


@pytest.mark.parametrize("by", [(), ("quarter",), ("region", "form")])
@pytest.mark.parametrize("of", ["mdma", "opioid"])
def test_found_together(database: Database, by: tuple[str, ...], of: str) -> None:
    def holds(sample: Raw) -> bool:
        return any(name == of or CLASSES[name].startswith(of + ".") for name in sample.found)

    others = [name for name in CLASSES if name != of and not CLASSES[name].startswith(of + ".")]
    rows = {
        (tuple(r[d] for d in by), r["with"]): (r["numerator"], r["n"]) for r in asked(database, f"found_with:{of}", by)
    }
    truth = {}
    for key, samples in grouped(SAMPLES, by, {}).items():
        whole = [s for s in samples if holds(s)]
        if whole:
            truth |= {(key, other): (sum(other in s.found for s in whole), len(whole)) for other in others}
    assert rows == truth


def answer(sample: Raw, method: str) -> bool | None:
    """What a method says of fentanyls: seen, not seen, not asked."""
    own = sample.tests.get((method, "opioid.fentanyl"))
    found = any(CLASSES[n] == "opioid.fentanyl" and method in f[3] for n, f in sample.found.items())
    if own == "detected":
        return True
    if own == "not_detected" or (own != "excluded" and sample.tests.get((method, "*")) == "looked"):
        return found
    return None


@pytest.mark.parametrize("by", [(), ("quarter",), ("region", "form")])
def test_agreement(database: Database, by: tuple[str, ...]) -> None:
    rows = {
        (tuple(r[d] for d in by), r["figure"]): (r["numerator"], r["denominator"], r["n"], r["with_both"])
        for r in asked(database, "method_agreement:opioid.fentanyl:strip:lc_ms", by)
    }
    truth = {}
    for key, samples in grouped(SAMPLES, by, {}).items():
        said = [(answer(s, "strip"), answer(s, "lc_ms")) for s in samples]
        either, both = sum(p != (None, None) for p in said), sum(None not in p for p in said)
        for figure, wanted in (("sensitivity", True), ("specificity", False)):
            of = [b for a, b in said if a is wanted and b is not None]
            if of:
                truth[key, figure] = (sum(b is wanted for b in of), len(of), either, both or None)
    assert rows == truth


@pytest.mark.parametrize("by", [(), ("quarter",), ("region", "form"), ("method",)])
def test_turnaround(database: Database, by: tuple[str, ...]) -> None:
    rows = {tuple(r[d] for d in by): r for r in asked(database, "turnaround", by)}
    truth = {
        k: [s.turnaround_min for s in v if s.turnaround_min is not None] for k, v in grouped(SAMPLES, by, {}).items()
    }
    assert {k: r["n"] for k, r in rows.items()} == {k: len(v) for k, v in truth.items() if v}
    for key, row in rows.items():
        assert row["value"] == pytest.approx(statistics.median(truth[key]))
        assert row["q90"] == pytest.approx(cut([float(m) for m in truth[key]], 0.9))
        assert (row["unit"], row["numerator"]) == ("min", None)


@pytest.mark.parametrize("by", [(), ("quarter",), ("region", "form")])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_outcomes_count_samples_not_people(database: Database, by: tuple[str, ...], moment: str) -> None:
    rows = {
        (tuple(r[d] for d in by), r["outcome"]): (r["numerator"], r["denominator"])
        for r in asked(database, f"outcomes:{moment}", by)
    }
    truth = {}
    for key, samples in grouped(SAMPLES, by, {}).items():
        said = [s for s in samples if any(m == moment for m, _ in s.outcomes)]
        for intention in ("take_as_planned", "take_less", "will_not_take"):
            if said:
                truth[key, intention] = (sum((moment, intention) in s.outcomes for s in said), len(said))
    assert rows == truth


def test_a_baseline_is_the_same_figure_of_its_months(database: Database) -> None:
    baseline = ("2024-03", "2024-09")
    rows = asked(database, "not_as_expected", ("month", "region"), baseline=baseline, where={"form": "powder"})
    numerator, denominator = SHARES["not_as_expected"]
    within = [s for s in SAMPLES if s.day is not None and baseline[0] <= period_of(s) <= baseline[1]]
    truth = {
        region: (sum(map(numerator, among)), len(among))
        for (region,), samples in grouped(within, ("region",), {"form": "powder"}).items()
        if (among := [s for s in samples if denominator(s)])
    }
    assert rows
    for row in rows:
        num, den = truth[row["region"]]
        assert (row["baseline_numerator"], row["baseline_denominator"]) == (num, den)
        assert row["baseline_value"] == num / den
        assert row["difference"] == pytest.approx(row["numerator"] / row["denominator"] - num / den)
        assert row["difference_low"] <= row["difference"] <= row["difference_high"]


def test_a_difference_of_medians_has_no_interval(database: Database) -> None:
    rows = asked(database, "median_amount:mdma", ("quarter",), baseline=("2024-01", "2024-12"))
    whole = asked(database, "median_amount:mdma", (), months=("2024-01", "2024-12"))
    of_unit = {r["unit"]: r["value"] for r in whole}
    for row in rows:
        assert row["baseline_value"] == of_unit[row["unit"]]
        assert row["difference"] == pytest.approx(row["value"] - row["baseline_value"])
        assert row["difference_low"] is row["difference_high"] is None


def period_of(sample: Raw) -> str:
    assert sample.day is not None
    return f"{sample.day:%Y-%m}"


def test_every_figure_has_a_truth_table_here() -> None:
    here = {name.split(" ")[0].split(":")[0] for name in SHARES}
    here |= {"samples", "median_amount", "quantiles", "strength", "distribution", "found_with", "method_agreement"}
    assert here | {"turnaround", "outcomes"} == set(MEASURES)
    assert all(m.formula and m.definition and m.version for m in MEASURES.values())
