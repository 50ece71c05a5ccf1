"""Reports to pass on of one session that were given out on several days: no two of them can be subtracted."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.care.consultations.domain import Intention, Moment, Referral
from app.care.consultations.session_facts import TalkFact
from app.figures.session_report import counting
from app.figures.session_report.contributors import (
    LEAST,
    Issued,
    contributors_of,
    differencing_risks,
    issued,
    moved,
)
from app.figures.session_report.counting import PARTS, Column, Report, column_of
from app.figures.session_report.external_report import protected_sheets
from app.figures.session_report.sheets import ROLE_OF, Sheet, Withheld
from app.intake.samples.queue import SampleFact
from app.results.session_facts import Named, ResultFact
from harm_messages.vocabulary import FindingRole, Verdict
from tests.support.budget import size

AT = datetime(2026, 6, 17, tzinfo=UTC)
VERDICTS = (
    *[Verdict.AS_EXPECTED] * 5, Verdict.EXPECTED_PLUS_ACTIVE, *[Verdict.NOT_AS_EXPECTED] * 2, Verdict.INCONCLUSIVE,
)  # fmt: skip
CLOSE = ("Samples", "What was expected, and how the result compares", "Found though not expected")
"""Tables whose numbers are samples, so that any of them can be subtracted from any other."""

Key = tuple[str, str, str]
Truth = dict[UUID, object]


@dataclass
class Evening:
    """A session in facts: samples with their results, and talks."""

    chance: random.Random
    samples: dict[UUID, SampleFact] = field(default_factory=dict)
    results: dict[UUID, ResultFact] = field(default_factory=dict)
    talks: list[TalkFact] = field(default_factory=list)

    def come(self, n: int, expected: str) -> None:
        for _ in range(n):
            key = UUID(int=self.chance.getrandbits(128))
            self.samples[key] = SampleFact(key, len(self.samples), expected, AT, None, None, None, None, True)

    def some(self, n: int, which: Callable[[SampleFact], bool] = lambda s: True) -> list[SampleFact]:
        there = [s for s in self.samples.values() if which(s)]
        return self.chance.sample(there, min(n, len(there)))

    def release(self, n: int, verdict: Verdict, found: tuple[Named, ...] = ()) -> None:
        for s in self.some(n, lambda s: s.released_at is None):
            after = timedelta(minutes=self.chance.choice((10, 11, 40, 90)))
            self.samples[s.id] = replace(s, analysed_at=AT, released_at=AT + after)
            self.results[s.id] = ResultFact(s.id, verdict, False, found)

    def amend(self, n: int, verdict: Verdict) -> None:
        for s in self.some(n, lambda s: s.id in self.results):
            self.results[s.id] = replace(self.results[s.id], verdict=verdict)

    def retract(self, n: int) -> None:
        for s in self.some(n, lambda s: s.id in self.results):
            self.results[s.id] = ResultFact(s.id, None, True)

    def withdraw(self, n: int) -> None:
        for s in self.some(n):
            self.samples.pop(s.id)
            self.results.pop(s.id, None)
            self.talks = [t for t in self.talks if t.sample_id != s.id]

    def rename(self, n: int, expected: str) -> None:
        for s in self.some(n):
            self.samples[s.id] = replace(s, expected=expected)

    def talk(self, n: int) -> None:
        for s in self.some(n, lambda s: s.released_at is not None):
            self.samples[s.id] = replace(s, told_at=AT)
            people = self.chance.choice((1, 1, 1, 3))
            ticks = tuple(
                (p, moment, self.chance.choice((Intention.TAKE_AS_PLANNED, Intention.TAKE_LESS)))
                for p in range(1, people + 1) for moment in Moment if self.chance.random() < 0.8
            )  # fmt: skip
            given, where = (
                self.chance.choice((None, True, False)),
                self.chance.choice(("", Referral.DRUG_SERVICE.value)),
            )
            self.talks.append(TalkFact(s.id, 5, people, given, where, None, ticks))

    def goes_on(self) -> None:
        """Something happens after the session: to one sample, to a few, or to many."""
        n = self.chance.choice((1, 1, 2, 4, 5, 8, 12, 25))
        named = Named(self.chance.choice(("eutylone", "caffeine")), FindingRole.SUBSTITUTE)
        self.chance.choice((
            lambda: self.release(n, self.chance.choice(VERDICTS), self.chance.choice(((), (), (named,)))),
            lambda: self.release(n, self.chance.choice(VERDICTS), self.chance.choice(((), (named,)))),
            lambda: self.amend(n, self.chance.choice(VERDICTS)), lambda: self.retract(n), lambda: self.withdraw(n),
            lambda: self.rename(n, self.chance.choice(("mdma", "cocaine", "ketamine"))), lambda: self.talk(n),
        ))()  # fmt: skip

    def tables(self) -> list[Sheet]:
        samples = list(self.samples.values())
        return protected_sheets(
            Report(
                counting.flow(samples, self.results), counting.expected_rows(samples, self.results),
                counting.unexpected_rows(samples, self.results), counting.talks(self.talks),
                AT,
            ),
            self.contributors(),
            str,
        )  # fmt: skip

    def contributors(self) -> dict[str, dict[str, str]]:
        return contributors_of(list(self.samples.values()), self.results, self.talks)

    def issued(self) -> Issued:
        return issued(self.tables(), self.contributors())

    def copy(self) -> Evening:
        return Evening(self.chance, dict(self.samples), dict(self.results), list(self.talks))

    # -- what a number truly counts, by the words beside it and without the code under test --------------------------

    def truth(self, key: Key) -> Truth:
        title, row, column = key
        if title == "Samples":
            at = {"Samples": "received_at", "Analysed": "analysed_at", "Released": "released_at", "Told": "told_at"}[
                row
            ]
            return {s.id: 1 for s in self.samples.values() if getattr(s, at) is not None}
        if title == "Turnaround":
            return {s.id: s.released_at for s in self.samples.values() if s.released_at is not None}
        if title == "Found though not expected":
            found, role, expected = row.split("|")
            return {
                s.id: 1 for s in self.samples.values() if s.expected == expected and s.id in self.results
                and any((n.found, ROLE_OF[n.role]) == (found, role) for n in self.results[s.id].found)
            }  # fmt: skip
        if title == CLOSE[1]:
            return {
                s.id: 1 for s in self.samples.values()
                if s.expected == row and (column == "Samples" or self._column(s) in PARTS[column])
            }  # fmt: skip
        return self._said(title, row, column)

    def _column(self, s: SampleFact) -> Column:
        return column_of(self.results[s.id].verdict if s.id in self.results else None)

    def _said(self, title: str, row: str, column: str) -> Truth:
        out: dict[UUID, list[object]] = {}
        moment = Moment.BEFORE if column.startswith("Before") else Moment.AFTER
        for t in self.talks:
            if title == "What people plan to do":
                wanted = [p for p, at, i in t.ticks if at is moment and row in (i.words, "People asked")]
                said: object = (moment, sorted(set(wanted)))
                counts = bool(wanted)
            else:
                said = 1
                where = {f"Referred to: {place.words}": place.value for place in Referral}
                counts = {"Consultations": True, "Naloxone given": bool(t.naloxone_given)}.get(
                    row, t.referral == where.get(row)
                )
            if counts:
                out.setdefault(t.sample_id, []).append(said)
        return dict(out)


Printed = dict[Key, int | str]


def printed(tables: Sequence[Sheet]) -> Printed:
    """Every cell of a report with the words that lead to it."""
    out: Printed = {}
    for table in tables:
        heads = 3 if table.title == "Found though not expected" else 1
        for row in table.rows:
            for column, cell in list(zip(table.columns, row, strict=True))[heads:]:
                if column != "Out of":
                    key = (table.title, "|".join(map(str, row[:heads])), column)
                    out[key] = cell.why if isinstance(cell, Withheld) else int(str(cell))
    return out


def differ(one: Truth, other: Truth) -> int:
    return sum(one.get(key) != other.get(key) for key in one.keys() | other.keys())


def subtracted(given: Sequence[tuple[Evening, Printed]]) -> Iterator[str]:
    """What two reports tell about 1 to 4 samples."""
    for (then, before), (now, after) in itertools.combinations(given, 2):
        for key in before.keys() | after.keys():
            if before.get(key) != after.get(key) and 0 < differ(then.truth(key), now.truth(key)) < LEAST:
                yield f"{key} read {before.get(key)} and reads {after.get(key)}"
    for at, (now, after) in enumerate(given):
        old = [one for _, one in given[:at]]
        news = [k for k, v in after.items() if isinstance(v, int) and all(one.get(k) != v for one in old)]
        for (then, before), key in itertools.product(given[:at], news):
            for other, value in before.items():
                alike = key[0] == other[0] or (key[0] in CLOSE and other[0] in CLOSE)
                if isinstance(value, int) and alike and 0 < differ(now.truth(key), then.truth(other)) < LEAST:
                    yield f"{key} is near what {other} was"


def given_out(seed: int, rule: Callable[[Sequence[Issued], Issued], object]) -> list[tuple[Evening, Printed]]:
    """The reports of an evening of which someone asks for a new one after everything that happens."""
    chance = random.Random(seed)
    evening = Evening(chance)
    for name in ("mdma", "cocaine", "ketamine"):
        evening.come(chance.randrange(3, 40), name)
    evening.release(chance.randrange(60), Verdict.AS_EXPECTED)
    evening.talk(chance.randrange(30))
    kept: list[Issued] = []
    out: list[tuple[Evening, Printed]] = []
    for _ in range(12):
        new = evening.issued()
        if (not kept or new.shown != kept[-1].shown) and not rule(kept, new):
            kept.append(new)
            out.append((evening.copy(), printed(evening.tables())))
        evening.goes_on()
    return out


MANY = settings(max_examples=size(30, 100))
SEEDS = st.integers(min_value=0, max_value=10**9)


@given(SEEDS)
@MANY
def test_no_two_reports_that_were_given_out_can_be_subtracted(seed: int) -> None:
    assert list(subtracted(given_out(seed, differencing_risks))) == []


def test_without_the_rule_they_could_and_with_it_new_ones_still_follow() -> None:
    """What the property is worth: it sees what the rule prevents, and the rule does not just forbid everything."""
    free = [given_out(seed, lambda *_: ()) for seed in range(size(5, 20))]
    assert sum(any(subtracted(given)) for given in free) > len(free) * 3 / 4
    seeds = size(20, 40)
    assert sum(len(given_out(seed, differencing_risks)) > 1 for seed in range(seeds)) > seeds / 8


@given(SEEDS)
@MANY
def test_what_stands_behind_a_figure_is_what_it_counts(seed: int) -> None:
    """By name, against the counts of the report and against the words on it."""
    evening = Evening(random.Random(seed))
    evening.come(30, "mdma")
    evening.come(20, "cocaine")
    for _ in range(8):
        evening.goes_on()
    tables, there = evening.tables(), evening.contributors()
    cells = printed(tables)
    named = [mark for table in tables for row in table.marks for mark in row if mark]
    assert len(named) == len(set(named)) == len(cells)
    for key, name in zip(cells, named, strict=True):
        truth = evening.truth(key)
        assert len(there.get(name, {})) == len(truth)
        other = evening.copy()
        other.goes_on()
        assert moved(there.get(name, {}), other.contributors().get(name, {})) == differ(truth, other.truth(key))


@given(SEEDS)
@MANY
def test_the_order_of_rows_tells_nothing_beyond_what_is_printed(seed: int) -> None:
    evening = Evening(random.Random(seed))
    for name in ("b", "a", "c"):
        evening.come(random.Random(seed).randrange(20, 24), name)
    rows = evening.tables()[2].rows
    assert list(rows) == sorted(rows, key=lambda row: (-int(str(row[1])), str(row[0])))


def these(*numbers: int) -> dict[str, str]:
    return {str(n): "1" for n in numbers}


@pytest.mark.parametrize(("late", "held"), [(1, True), (4, True), (5, False), (0, False)])
def test_a_figure_that_reads_otherwise_stands_on_five_samples_more(late: int, held: bool) -> None:
    first = Issued({"flow/released": 20}, {"flow/released": these(*range(22))})
    then = Issued({"flow/released": 25 if late else 20}, {"flow/released": these(*range(22 + late))})
    assert differencing_risks([first], then) == ({"flow/released"} if held else set())


def test_a_figure_that_goes_back_to_what_it_said_is_compared_with_what_it_said_last() -> None:
    name = "flow/released"
    said = [Issued({name: 20}, {name: these(*range(20))}), Issued({name: 25}, {name: these(*range(25))})]
    assert differencing_risks(said[:1], said[1]) == set()
    assert differencing_risks(said, Issued({name: 20}, {name: these(*range(22))})) == {name}, (
        "three went since the second"
    )
    assert differencing_risks(said, Issued({name: 20}, {name: these(*range(18))})) == set()


def test_a_part_that_was_hidden_and_moved_by_few_lets_no_other_part_of_its_row_appear() -> None:
    """2 inconclusive hid the parts of a row; with 0 all are printed, and that would tell that there were a few."""
    few = "hidden: it would reveal too few"
    first = Issued(
        {"expected/mdma/As expected": few, "expected/mdma/Rest": few},
        {"expected/mdma/As expected": these(*range(20)), "expected/mdma/Rest": these(30, 31)},
    )
    then = Issued(
        {"expected/mdma/As expected": 20, "expected/mdma/Rest": 0}, {"expected/mdma/As expected": these(*range(20))}
    )
    assert "expected/mdma/Rest" in differencing_risks([first], then)
    unprinted = Issued({"expected/mdma/As expected": 20}, then.behind)
    hidden = Issued({}, first.behind)
    assert differencing_risks([hidden], unprinted) == {"expected/mdma/Rest"}, "not printed in either, but it decides"


def test_a_new_number_is_not_near_another_number_printed_before() -> None:
    all_of_them, name = these(*range(60)), "expected/a/samples"
    first = Issued({"flow/samples": 60}, {"flow/samples": all_of_them, name: these(*range(40))})
    then = Issued({"flow/samples": 60, name: 55}, {"flow/samples": all_of_them, name: these(*range(57))})
    assert differencing_risks([first], then) == {name}


def test_parts_do_not_appear_because_a_number_moved_by_few_that_reads_as_before() -> None:
    """Released 43 beside two parts of 20 hid them; with 45 they are printed: that would tell that 2 came."""
    parts, released = ("expected/a/As expected", "expected/b/As expected"), "flow/released"
    there = {parts[0]: these(*range(20)), parts[1]: these(*range(20, 40))}
    first = Issued({released: 45, **dict.fromkeys(parts, "not given")}, {**there, released: these(*range(43))})
    then = Issued({released: 45, **dict.fromkeys(parts, 20)}, {**there, released: these(*range(45))})
    assert differencing_risks([first], then) == {released}
