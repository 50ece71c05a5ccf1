"""What no extract may ever do, over made-up samples of every shape: a group under k, a rare word, a row by difference."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.figures.exports.anonymity import EDGES, STEPS, UNIT_WORDS, Words, bands_of, place, widened, words_shown
from app.figures.exports.domain import (
    COLOUR_GROUPS,
    NOTHING,
    OTHER,
    WITHHELD,
    Column,
    Drawn,
    Known,
    Record,
    RecordedFinding,
    colour_group,
)
from app.figures.exports.drawing import NextExtract, Placed, draw, leaving, table
from app.intake.samples.domain import Colour
from harm_messages import load_pack
from tests.support.budget import size

EVERY = tuple(Column)
MANY = settings(max_examples=size(40, 150))
DRUGS = ("mdma", "cocaine", "ketamine", "caffeine", "isotonitazene", "metonitazene", "from-another-list")


@cache
def words() -> Words:
    return Words(load_pack().substances)


def class_of(name: str) -> str:
    row = load_pack().substances.get(name)
    return row.drug_class if row else "stimulant.other"


def sample(n: int, **more: object) -> Record:
    known = Known("North East", "2026-05", "tablet", "mdma", "pale")
    return replace(Record(f"s{n:05d}", known, "entactogen", (RecordedFinding("mdma", "entactogen"),)), **more)


@st.composite
def worlds(draw_: st.DrawFn) -> list[Record]:
    """Up to 120 samples over few values, so that groups of every size come about."""
    n = draw_(st.integers(0, 120))
    rng = draw_(st.randoms(use_true_random=False))
    kinds = rng.randint(1, len(DRUGS))
    months = [f"2026-{m:02d}" for m in rng.sample(range(1, 13), rng.randint(1, 6))] + [""]
    out = []
    for i in range(n):
        intent = rng.choice([*DRUGS[:kinds], "unknown", "mixture"])
        found = tuple(
            RecordedFinding(
                d, class_of(d), rng.choice([None, rng.uniform(0, 400)]), "mg_per_unit", rng.choice(["base", ""])
            )
            for d in sorted(rng.sample(DRUGS[:kinds], rng.randint(0, min(3, kinds))))
        )
        known = Known(
            rng.choice(["North East", "Wales", ""]), rng.choice(months), rng.choice(["tablet", "powder", "other"]),
            intent, rng.choice(["pale", "pink_red", "not_recorded"]),
        )  # fmt: skip
        verdict = rng.choice(["as_expected", "not_as_expected", "inconclusive"])
        out.append(
            Record(f"s{i:05d}", known, class_of(intent) if intent in DRUGS else "", found, verdict, ("ftir",) * (i % 2))
        )
    return out


def band_words() -> set[str]:
    """Every band there can be."""
    bands = set()
    for unit, edges in EDGES.items():
        words = UNIT_WORDS[unit]
        bands |= {f"any amount {words}"} | {f"{low:g} or more {words}" for low in edges[1:]}
        bands |= {f"{low:g} to under {high:g} {words}" for low, high in itertools.combinations(edges, 2)}
    return bands


def made_of(records: list[Record], k: int = 10) -> NextExtract:
    return draw(records, {}, EVERY, words(), k)


def placed_after(made: NextExtract, number: int, before: dict[str, Placed]) -> dict[str, Placed]:
    """What the tables hold after an extract was kept."""
    kept = {key: p for key, p in before.items() if key not in made.forgotten}
    kept |= {key: Placed(kept[key].batch, "", None) for key in made.stay_out}
    return kept | {record.key: Placed(number, record.digest, row) for record, row in made.added}


def groups_of(rows: list[Drawn]) -> dict[Known, list[Drawn]]:
    groups: dict[Known, list[Drawn]] = defaultdict(list)
    for row in rows:
        groups[row.known].append(row)
    return groups


def no_group_under_ten_rows_and_none_that_is_all_alike(rows: list[Drawn]) -> None:
    for group in groups_of(rows).values():
        assert len(group) >= 10
        assert len({row.found for row in group}) > 1 or group[0].withheld
        assert len({row.verdict for row in group}) > 1 or group[0].verdict == WITHHELD
        if group[0].withheld:
            assert all(row.verdict == WITHHELD and not row.amounts for row in group)


def no_word_outside_the_vocabulary_and_none_that_is_rare(rows: list[Drawn]) -> None:
    found = Counter(word for row in rows for word in row.found)
    assert all(word in (NOTHING, OTHER, WITHHELD) or words().knows(word) for word in found)
    amounts = Counter(band for row in rows for band in row.amounts.items())
    for count in (found, amounts, Counter(row.verdict for row in rows), Counter(row.methods for row in rows)):
        assert all(n >= 10 for n in count.values()), count
    known = {name for name in (*DRUGS, "unknown", "mixture", OTHER) if words().knows(name)}
    assert {row.known.intent for row in rows} <= known | words().classes
    bands = band_words()
    for row in rows:
        assert row.amounts.keys() <= row.found
        assert all(band.rpartition(", ")[0] in bands for band in row.amounts.values())


def whoever_knows_a_sample_finds_ten_rows_it_may_be_or_none(rows: list[Drawn], records: list[Record]) -> None:
    """The linkage attack: month, region, form, intent and colour of one sample against every row of the file."""
    there = Counter(row.known for row in rows)
    for known, intent_class in {(record.known, record.intent_class) for record in records}:
        could_be = sum(there[one] for one in {widened(known, intent_class, step, words()) for step in STEPS})
        assert not could_be or could_be >= 10


@given(worlds(), st.randoms(use_true_random=False))
@MANY
def test_what_no_extract_may_do(records: list[Record], rng: object) -> None:
    """And the same samples make the same file, in whatever order they come; the order of rows tells nothing."""
    made = made_of(records)
    no_group_under_ten_rows_and_none_that_is_all_alike(made.rows)
    no_word_outside_the_vocabulary_and_none_that_is_rare(made.rows)
    whoever_knows_a_sample_finds_ten_rows_it_may_be_or_none(made.rows, records)
    mixed = list(records)
    rng.shuffle(mixed)
    lines, other = (table(made.rows, EVERY, seed) for seed in ("seed", "another seed"))
    assert table(made_of(mixed).rows, EVERY, "seed") == lines
    assert sorted(other[1:]) == sorted(lines[1:])
    assert len({*map(tuple, lines[1:])}) < 5 or lines[1:] not in (other[1:], sorted(lines[1:]))
    again = draw(records, placed_after(made, 1, {}), EVERY, words())
    assert not again.changed
    assert table(again.rows, EVERY, "seed") == lines


@given(worlds(), st.randoms(use_true_random=False))
@MANY
def test_two_extracts_subtracted_never_show_fewer_than_ten_rows(records: list[Record], rng: object) -> None:
    """Withdrawals, amendments and late samples between two extracts. Each row that went or came does so ten at a time."""
    early = [r for r in records if rng.random() < 0.7]
    first = draw(early, {}, EVERY, words())
    withdrawn = {r.key for r in early if rng.random() < 0.05}
    later = [
        replace(r, found=(*r.found, RecordedFinding("caffeine", "stimulant.other"))) if rng.random() < 0.03 else r
        for r in records
        if r.key not in withdrawn
    ]
    before = placed_after(first, 1, {})
    second = draw(later, before, EVERY, words())

    old = {row.key: row for row in first.rows}
    new_keys = {record.key for record, _ in second.added}
    kept = {row.key: row for row in second.rows if row.key not in new_keys}
    assert not withdrawn & {row.key for row in second.rows}
    assert not second.stay_out & {row.key for row in second.rows}
    went = Counter(row.known for key, row in old.items() if key not in kept)
    assert all(n >= 10 for n in went.values()), went
    came = Counter(row.known for _, row in second.added)
    assert all(n >= 10 for n in came.values()), came
    for group in groups_of(list(kept.values())).values():
        assert len(group) >= 10
    for key, row in kept.items():  # an earlier row is only ever said with fewer words
        assert row.known == old[key].known
        assert row == old[key] or row.amounts.items() <= old[key].amounts.items()
    for word, n in Counter(w for row in kept.values() for w in row.found).items():
        assert n >= 10, word


def test_small_groups_are_widened_by_the_cheapest_step_and_the_rest_is_left_out() -> None:
    both = (RecordedFinding("mdma", "entactogen"),), (RecordedFinding("caffeine", "stimulant.other"),)
    april = [sample(n, known=Known("Wales", "2026-04", "tablet", "mdma", "pale"), found=both[n % 2]) for n in range(6)]
    june = [
        sample(50 + n, known=Known("Wales", "2026-06", "tablet", "mdma", "pale"), found=both[n % 2]) for n in range(6)
    ]
    alone = [sample(99, known=Known("Scotland", "2026-06", "tablet", "mdma", "pale"))]
    placement = place([*april, *june, *alone], words())
    assert set(placement.groups) == {Known("Wales", "2026-Q2", "tablet", "mdma", "pale")}
    assert placement.left_out == 1
    assert placement.loss == pytest.approx((12 * 0.1 + 1) / 13)


def test_a_rare_substance_is_its_class_then_the_class_above_then_other() -> None:
    register = load_pack().substances
    nitazenes = [s.id for s in register.members("opioid.nitazene")][:2]
    fentanyls = [s.id for s in register.members("opioid.fentanyl")][:1]
    ladders = {name: words().ladder(name) for name in (*nitazenes, *fentanyls, "mdma", "cocaine")}
    many = [{"mdma"}] * 30 + [{"cocaine"}] * 30

    def shown(*rare: tuple[str, int]) -> dict[str, str]:
        rows = many + [{name} for name, n in rare for _ in range(n)]
        return words_shown(rows, {w: ladders[w] for row in rows for w in row}, 10)

    assert shown((nitazenes[0], 10))[nitazenes[0]] == nitazenes[0]
    assert shown((nitazenes[0], 5), (nitazenes[1], 5))[nitazenes[0]] == "opioid.nitazene"
    assert shown((nitazenes[0], 9), (fentanyls[0], 9)) == {
        nitazenes[0]: "opioid", fentanyls[0]: "opioid", "mdma": "mdma", "cocaine": "cocaine",
    }  # fmt: skip
    alone = shown((nitazenes[0], 3))
    assert alone[nitazenes[0]] == OTHER
    assert alone["cocaine"] == OTHER, "three rows of “other” alone would be name tags: the rarest word joins them"
    assert alone["mdma"] == "mdma"


def test_a_group_all_of_one_kind_is_widened_and_where_it_cannot_be_its_findings_are_withheld() -> None:
    alike = [sample(n) for n in range(40)]
    assert {row.found for row in made_of(alike).rows} == {frozenset({WITHHELD})}
    june = [
        sample(
            100 + n,
            known=Known("North East", "2026-06", "tablet", "mdma", "pale"),
            found=(RecordedFinding("pma", "x"),),
        )
        for n in range(12)
    ]
    rows = made_of([*alike, *june]).rows
    assert {row.known.period for row in rows} == {"2026-Q2"}
    assert {word for row in rows for word in row.found} == {"mdma", "pma"}


def test_the_company_of_a_sample_is_never_all_alike() -> None:
    """Else whoever knows that it was withdrawn would know what it held: rows that left all held it."""
    records = [sample(n) for n in range(70)]
    records += [sample(100 + n, found=(RecordedFinding("caffeine", "stimulant.other"),)) for n in range(10)]
    rows = made_of(records).rows
    for n in range(70):
        leave = leaving(rows, {f"s{n:05d}"})
        assert {row.found for row in rows if row.key in leave} == {frozenset({"mdma"}), frozenset({"caffeine"})}
    twelve = {f"s{n:05d}" for n in range(12)}
    assert len({row.found for row in rows if row.key in leaving(rows, twelve)}) == 2


def test_company_does_not_come_back_with_a_later_batch() -> None:
    records = [sample(n) for n in range(40)]
    records += [sample(100 + n, found=(RecordedFinding("caffeine", "stimulant.other"),)) for n in range(15)]
    first = made_of(records)
    left = leaving(first.rows, {"s00003"})
    late = [sample(200 + n, found=(RecordedFinding(("mdma", "caffeine")[n % 2], "x"),)) for n in range(30)]
    now = [r for r in records if r.key != "s00003"]
    second = draw([*now, *late], placed_after(first, 1, {}), EVERY, words())
    assert second.stay_out == left - {"s00003"}
    assert {row.key for row in second.rows} == {r.key for r in (*now, *late)} - left


@given(st.lists(st.floats(0, 1000), max_size=80), st.sampled_from(sorted(EDGES)))
def test_every_band_holds_k_amounts_and_each_amount_lies_in_its_band(amounts: list[float], unit: str) -> None:
    assert not any(bands_of(amounts, "ratio", 10)), "a unit without bands is not shown"
    bands = bands_of(amounts, unit, 10)
    assert all(n >= 10 for band, n in Counter(bands).items() if band)
    assert set(bands) <= band_words() | {""}
    for amount, band in zip(amounts, bands, strict=True):
        numbers = [float(part) for part in band.split() if part.replace(".", "").isdigit()]
        if "to under" in band:
            assert numbers[0] <= amount < numbers[1]
        elif "or more" in band:
            assert amount >= numbers[0]


def test_every_colour_there_is_has_a_group_and_two_groups_are_several() -> None:
    assert set(COLOUR_GROUPS) == {c.value for c in Colour}
    assert colour_group([]) == "not_recorded"
    assert colour_group(["white", "off_white"]) == "pale"
    assert colour_group(["white", "pink"]) == "several"
