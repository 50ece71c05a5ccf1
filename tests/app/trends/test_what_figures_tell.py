"""What published figures may tell: the same rows whoever came, a counted number of draws, an attack that stays under its
bars, and nothing that moves once it was struck. docs/methods/trends.md."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from math import sqrt

import numpy as np
import pytest
from scipy.stats import norm

from app.figures.trends.domain import Dimension, Question, Row
from app.figures.trends.measures import measure_of
from app.figures.trends.protection.answering import rows_of
from app.figures.trends.protection.counting import Collection, Drawn
from app.figures.trends.protection.lattice import VERDICTS, quarter_of
from app.figures.trends.protection.noise import Draws, Stream, Strength, variance_of
from app.figures.trends.protection.striking import StruckFigures
from app.figures.trends.service import class_of
from app.platform.kernel.errors import Forbidden, Invalid
from tests.app.trends import attack
from tests.app.trends.attack import SEVEN, SIXTEEN
from tests.app.trends.made_service import CLASSES, LISTS, PERIODS, REGISTER, Made, collection, samples, struck

MOST_TOLD = {"sample": 2.4, "finding": 3.5}
"""Σ 1/V over the draws of one fact at a researcher's strength: 78 % and 82 % right at best, instead of half of the time."""


def draws(quick: int, many: int) -> pytest.MarkDecorator:
    """So many secrets or services in `make test`, and so many in `make test-all`."""
    return pytest.mark.parametrize("draws", [quick, pytest.param(many, marks=pytest.mark.long)])


LEVELS = dict.fromkeys(("metonitazene", "opioid.nitazene", "opioid"), "metonitazene opioid.nitazene opioid")
"""One finding that is drawn under three names."""


def figures_of(made: list[Made], strength: Strength = Strength.RESEARCHER, secret: int = 0) -> StruckFigures:
    return StruckFigures(struck(collection(made, secret))[strength], strength)


def rows(held: StruckFigures, measure: str, *by: Dimension, found: str = "") -> list[Row]:
    asked = Question(measure, by, {}, found)
    return rows_of(held, measure_of(measure), asked, lambda name: class_of(REGISTER, name))


# -- rows ------------------------------------------------------------------------------------------


def test_a_class_that_nobody_brings_any_more_keeps_every_row() -> None:
    made = samples(600, 3)
    nitazenes = [m for m in made if any(c == "opioid.nitazene" for _, c in m.found)]
    one, none = ([m for m in made if m not in nitazenes[left:]] for left in (1, 0))
    for by in (
        (Dimension.MONTH,),
        (Dimension.QUARTER, Dimension.REGION),
        (Dimension.YEAR, Dimension.REGION, Dimension.EXPECTED),
    ):
        first, *others = (
            [r.key for r in rows(figures_of(m), "found", *by, found="opioid.nitazene")] for m in (made, one, none, [])
        )
        assert others == [first] * 3


def test_whether_a_share_is_given_depends_on_the_samples_alone() -> None:
    made = samples(600, 4)
    none = [Made(m.key, m.month, m.region, m.expected, m.verdict, (), None, m.by) for m in made]
    for by in ((Dimension.MONTH,), (Dimension.QUARTER, Dimension.EXPECTED)):
        given = [
            [r.value is not None for r in rows(figures_of(m), "found", *by, found="entactogen")] for m in (made, none)
        ]
        assert given[0] == given[1]


# -- draws -----------------------------------------------------------------------------------------


def draws_of(log: Sequence[Drawn]) -> dict[tuple[int, str], list[Stream]]:
    """By sample and fact, the streams in which the sets that hold it were drawn: each different set once."""
    seen: defaultdict[tuple[int, str], set[tuple[Stream, int]]] = defaultdict(set)
    for one in log:
        for cell, row in zip(one.cells.tolist(), one.rows.tolist(), strict=True):
            seen[row, one.feature].add((one.stream, int(one.sums[cell])))
    return {fact: [stream for stream, _ in sets] for fact, sets in seen.items()}


def test_the_draws_of_each_fact_are_counted_and_stay_under_the_promise() -> None:
    """Whoever adds a table breaks this test first."""
    three = list(combinations((("mdma", "entactogen"), ("bromazolam", "benzodiazepine"), ("metonitazene", "opioid.nitazene"),
                               ("protonitazene", "opioid.nitazene"), ("heroin", "opioid.opiate")), 3))  # fmt: skip
    made = samples(1500, 5)
    there = collection(
        [replace(m, found=three[k % 11] if k % 11 < len(three) else m.found) for k, m in enumerate(made)]
    )
    there.log = []
    struck(there)
    counted = draws_of(there.log)
    by_fact: defaultdict[tuple[int, str], float] = defaultdict(float)
    for (row, feature), streams in counted.items():
        drawn = sum(1 / variance_of(stream, Strength.RESEARCHER) for stream in streams)
        if feature == "samples":
            by_fact[row, "sample"] += drawn
        elif feature in VERDICTS:
            by_fact[row, "verdict"] += drawn
        elif feature.startswith("found "):
            kind = feature.removeprefix("found ")
            by_fact[row, f"finding {LEVELS.get(kind, kind)}"] += drawn
        elif feature.startswith("with "):
            for of in {LEVELS.get(kind, kind) for kind in feature.removeprefix("with ").split()}:
                by_fact[row, f"finding {of}"] += drawn
        else:
            by_fact[row, feature] += drawn
    assert by_fact.keys() >= {(row, "sample") for row in range(1500)}
    most: defaultdict[str, float] = defaultdict(float)
    for (_, fact), drawn in by_fact.items():
        kind = "sample" if fact == "sample" else "finding"
        most[kind] = max(most[kind], drawn)
    assert most["sample"] == pytest.approx(7 / 3), "seven draws of every sample"
    assert most["finding"] == pytest.approx(20 / 6), "a finding at three levels, with two others in its sample"
    assert {kind: drawn for kind, drawn in most.items() if drawn > MOST_TOLD[kind]} == {}
    right = {kind: norm.cdf(sqrt(drawn) / 2) for kind, drawn in most.items()}
    assert right["sample"] < 0.785
    assert right["finding"] < 0.825


def test_what_is_found_together_is_counted_by_year_for_every_pair() -> None:
    made = samples(3000, 11)
    held = figures_of(made)
    got = {row.more["with"]: row for row in rows(held, "found_with:entactogen", Dimension.YEAR)}
    others = {*CLASSES, "another:opioid"} - {"entactogen", "opioid"}
    assert got.keys() == others, "a row for each other class, also those nobody found with it"
    whole = sum(any(c == "entactogen" for _, c in m.found) for m in made)
    for other, row in got.items():
        both = sum({"entactogen", other} <= {c for _, c in m.found} for m in made)
        assert abs(row.numerator - both) <= 13
        assert abs(row.denominator - whole) <= 5 * sqrt(12 * 6)
        assert row.low <= both / whole <= row.high
    assert [row.numerator for row in got.values()] == sorted((row.numerator for row in got.values()), reverse=True)


@pytest.mark.parametrize(
    ("measure", "by", "said"),
    [("found_with:entactogen", (Dimension.MONTH,), "by year"), ("found_with:entactogen", (), "by year"),
     ("found_with:mdma", (Dimension.YEAR,), "for the narrowest classes only"),
     ("found_with:opioid", (Dimension.YEAR,), "for the narrowest classes only")],
)  # fmt: skip
def test_what_is_found_together_is_told_how_to_be_asked(measure: str, by: tuple[Dimension, ...], said: str) -> None:
    with pytest.raises((Forbidden, Invalid), match=said):
        rows(figures_of(samples(300, 8)), measure, *by)


# -- what a figure is worth ------------------------------------------------------------------------


@draws(8, 40)
@pytest.mark.parametrize("strength", list(Strength))
def test_shares_are_unbiased_and_their_intervals_cover(strength: Strength, draws: int) -> None:
    """Of questions someone would ask, over many secrets: the truth is known."""
    made = samples(1500, 6)
    questions = [
        ("expected_found", "", (Dimension.MONTH,)), ("expected_found", "", (Dimension.QUARTER, Dimension.EXPECTED)),
        ("found", "entactogen", (Dimension.MONTH,)), ("found", "stimulant.cathinone", (Dimension.QUARTER,)),
        ("found", "benzodiazepine", (Dimension.QUARTER, Dimension.REGION)), ("verdict:nothing_detected", "", (Dimension.MONTH,)),
        ("found", "dissociative", (Dimension.YEAR, Dimension.REGION, Dimension.EXPECTED)),
    ]  # fmt: skip
    truth = {
        key: true_shares(made, measure, found, by)
        for key in range(len(questions))
        for measure, found, by in [questions[key]]
    }
    off: defaultdict[tuple[int, tuple[str, ...]], list[float]] = defaultdict(list)
    covered = given = cells = 0
    for secret in range(draws):
        held = figures_of(made, strength, secret)
        for at, (measure, found, by) in enumerate(questions):
            for row in rows(held, measure, *by, found=found):
                key = tuple(row.key.values())
                n, x = truth[at].get(key, (0, 0))
                cells += n >= 20
                if row.value is None or n == 0:
                    continue
                given += n >= 20
                off[at, key].append(row.value - x / n)
                covered += row.low <= x / n <= row.high
    assert given / cells > 0.9, "a share is given where there are samples"
    every = [value for values in off.values() for value in values]
    means = np.array([np.mean(v) / (np.std(v) / sqrt(len(v)) + 1e-9) for v in off.values() if len(v) == draws])
    assert np.mean(np.abs(means) < 3) > 0.95, "unlimited, a share is unbiased"
    assert covered / len(every) > 0.97, (
        "an interval for the probability behind it covers the samples' own share nearly always"
    )


FEW_LISTS = replace(LISTS, classes=CLASSES, substances=(), amounts=())
MONTHS = PERIODS[:12]


@pytest.mark.long
def test_the_mean_of_a_chart_is_that_of_the_samples_whatever_the_secret() -> None:
    """The first chart anybody sees, over many secrets: at most .2 of a point off, and within 1.5 in 19 of 20."""
    made = [*samples(12 * 121, 12), *samples(12 * 121, 13, first="2024")]
    truth = np.mean([x / n for n, x in true_shares(made, "expected_found", "", (Dimension.MONTH,)).values()])
    there, off = collection(made), defaultdict[Strength, list[float]](list)
    for secret in range(200):
        there = Collection(there.facts, REGISTER, Draws.of(f"chart {secret}".encode()))
        both = struck(there, FEW_LISTS, (*MONTHS, *(m.replace("2025", "2024") for m in MONTHS)))
        for strength, periods in both.items():
            shares = [row.value for row in rows(StruckFigures(periods, strength), "expected_found", Dimension.MONTH)]
            assert None not in shares, "every month is shown"
            off[strength].append(100 * (np.mean(shares) - truth))
    for values in off.values():
        assert abs(np.mean(values)) <= 0.2
        assert np.mean(np.abs(values) <= 1.5) >= 0.95


@draws(8, 40)
def test_intervals_cover_the_probability_behind_in_19_of_20(draws: int) -> None:
    """Of services drawn anew from known probabilities."""
    behind = [("expected_found", "", 0.9), ("found", "entactogen", 0.36), ("found", "stimulant.cathinone", 0.06),
              ("found", "dissociative", 0.153)]  # fmt: skip
    covered: defaultdict[Strength, list[bool]] = defaultdict(list)
    for seed in range(draws):
        for strength, periods in struck(collection(samples(12 * 60, 100 + seed), seed), FEW_LISTS, MONTHS).items():
            for measure, found, p in behind:
                given = rows(StruckFigures(periods, strength), measure, Dimension.MONTH, found=found)
                covered[strength] += [r.low <= p <= r.high for r in given if r.value is not None]
    for inside in covered.values():
        assert len(inside) > 37 * draws
        assert 0.93 <= np.mean(inside) <= 0.97


def true_shares(
    made: list[Made], measure: str, found: str, by: tuple[Dimension, ...]
) -> dict[tuple[str, ...], tuple[int, int]]:
    """Numbers of samples and of those with what is asked, counted one by one."""
    low = {"opioid.nitazene", "psychedelic.lysergamide"}
    out: dict[tuple[str, ...], list[int]] = {}
    for m in made:
        quarter = f"2025-Q{(int(m.month[5:]) + 2) // 3}"
        of = {"month": m.month, "quarter": quarter, "year": "2025", "region": m.region, "expected": m.expected}
        tally = out.setdefault(tuple(of[d.value] for d in by), [0, 0])
        if measure == "found":
            counts, hit = not (m.by == "ftir" and found in low), any(c == found for _, c in m.found)
        else:
            counts = m.verdict not in ("inconclusive", "no_expectation")
            hit = m.verdict == "as_expected" if measure == "expected_found" else m.verdict == measure.partition(":")[2]
        tally[0] += counts
        tally[1] += counts and hit
    return {key: (n, x) for key, (n, x) in out.items()}


# -- the questions that broke the tables before ----------------------------------------------------


@draws(12, 60)
def test_a_total_less_its_other_rows_leaves_a_guess_and_never_a_number(draws: int) -> None:
    """`samples where expected=lsd by all` beside its rows, and parents less the siblings that are shown."""
    right: defaultdict[str, list[bool]] = defaultdict(list)
    neither: list[bool] = []
    for secret in range(draws):
        made = samples(500, 40 + secret)
        held = figures_of(made, secret=secret)
        for split in (Dimension.REGION, Dimension.EXPECTED):
            truth = Counter((quarter_of(m.month), getattr(m, split.value)) for m in made)
            shown = {tuple(r.key.values()): r.n for r in rows(held, "samples", Dimension.QUARTER, split)}
            whole = {tuple(r.key.values()): r.n for r in rows(held, "samples", Dimension.QUARTER)}
            for (quarter, label), n in shown.items():
                true = truth[quarter, label]
                if not 1 <= true <= 9:
                    continue
                siblings = sum(v for (q, other), v in shown.items() if q == quarter and other != label)
                rest = whole[quarter,] - siblings
                right["shown"].append(n == true)
                right["by subtraction"].append(rest == true)
                neither.append(true not in (n, rest))
    assert len(right["shown"]) > 5 * draws
    for name, guesses in right.items():
        assert np.mean(guesses) < 0.30, name
    assert np.mean(right["by subtraction"]) < 0.2, "a difference of several figures carries the noise of all of them"
    assert np.mean(neither) > 0.3, "often neither is the number, so that nobody can tell when one is"


# -- attack ----------------------------------------------------------------------------------------


def attacked(
    tables: tuple[tuple[int, int, int], ...], classes: Sequence[str], services: int, *, zero_stays: bool = False
) -> dict[str, float]:
    """The attack at the weaker strength, on so many services and these classes."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for seed in range(services):
        made, draws = samples(1000, seed), Draws.of(f"attacked {seed}".encode())
        sure = rare = one_kind = kinds = exact = small = 0.0
        for of_class in classes:
            there = attack.world(made, draws, of_class)
            published = attack.perturbed(there, True, tables, draws, Strength.RESEARCHER, zero_stays=zero_stays)
            prior = attack.of_findings(there)
            logs = attack.noise(Stream.FINDINGS, Strength.RESEARCHER)
            known = attack.posterior(published, prior, logs, seed, sweeps=50, zero_stays=zero_stays)
            got = attack.report(known, prior, there, True)
            truth = there.counts(True)
            cells = int(((truth >= 1) & (truth <= 9)).sum())
            exact, small = exact + got["exact"] * cells, small + cells
            sure, rare = sure + got["rare"] * got["rare cells"], rare + got["rare cells"]
            one_kind, kinds = one_kind + got["one kind"] * got["kinds"], kinds + got["kinds"]
        there = attack.world(made, draws, CLASSES[0])
        published = attack.perturbed(there, False, tables, draws, Strength.RESEARCHER, zero_stays=zero_stays)
        prior, logs = attack.of_samples(there), attack.noise(Stream.SAMPLES, Strength.RESEARCHER)
        known = attack.posterior(published, prior, logs, seed, sweeps=50, zero_stays=zero_stays)
        found["samples"].append(attack.report(known, prior, there, False)["exact"])
        found["findings"].append(exact / small)
        found["rare finding known"].append(sure / max(1.0, rare))
        found["groups known"].append(one_kind / max(1.0, kinds))
    return {name: float(np.mean(values)) for name, values in found.items()}


BARS = {"samples": 0.18, "findings": 0.10, "rare finding known": 0.0, "groups known": 0.25}


def broken(got: dict[str, float]) -> set[str]:
    return {name for name, bar in BARS.items() if got[name] > bar}


FEW = CLASSES[:4]


def test_the_attack_on_the_tables_that_are_given_stays_under_its_bars_and_notices_what_would_tell_more() -> None:
    got = attacked(SEVEN, FEW, 1)
    assert broken(got) == set(), got
    with_empty_cells_as_they_are = attacked(SEVEN, FEW, 1, zero_stays=True)
    assert broken(with_empty_cells_as_they_are) >= {"findings", "rare finding known"}, with_empty_cells_as_they_are


@pytest.mark.long
def test_the_attack_on_all_classes_stays_under_its_bars_and_notices_twice_the_tables() -> None:
    got = attacked(SEVEN, CLASSES, 2)
    assert broken(got) == set(), got
    assert broken(attacked(SIXTEEN, CLASSES, 1))
    assert broken(attacked(SEVEN, CLASSES, 1, zero_stays=True))


def test_the_tables_attacked_are_those_that_are_struck() -> None:
    there = collection(samples(300, 8))
    there.log = []
    struck(there)
    drawn = {(one.period, one.geography) for one in there.log if one.feature == "samples"}
    widths = {"month": 1, "quarter": 3, "year": 12}
    kinds = {(widths["quarter" if "Q" in p else "year" if len(p) == 4 else "month"], *map(int, g)) for p, g in drawn}
    assert kinds == set(SEVEN)
    assert {p for p, _ in drawn} == set(PERIODS)
