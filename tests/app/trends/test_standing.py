"""Which rows there are must not tell what was found, measured, said or concluded of a few samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from app.history.tables import HistoryImport
from app.platform.db import Database
from app.platform.kernel.actor import Actor, Role
from app.trends import repository, repository_snapshot, service
from app.trends.asked.budget import Budget
from app.trends.domain import Audience, Dimension, Question, Row
from harm_messages import load_pack
from tests.support.clock import SettableClock

from .attacked_world import AT, PLACES, Sample, made

D = Dimension
REGISTER = load_pack().substances
TOO_FEW = "fewer than 10 samples"
CELL = (D.WEEK, D.REGION, D.FORM)
"""What somebody may know of a sample: when and where it was handed in, and how it looked."""
LONE = Sample(
    UUID(int=1, version=4), date(2026, 2, 14), PLACES[2], "blotter", "festival", "public", "mdma", "as_expected",
    "identified", {"mdma": "major", "caffeine": "trace"}, 80.0,
    frozenset({("ftir", "*", "looked"), ("strip", "opioid.nitazene", "not_detected")}), 45, {("before", "take"): 1},
)  # fmt: skip
OTHERWISE = (
    replace(
        LONE, found={"metonitazene": "major"}, amount=None, verdict="not_as_expected", turnaround=None,
        tests=frozenset({("strip", "opioid.nitazene", "detected")}), outcomes={("before", "not_take"): 1},
    ),
    replace(
        LONE, found={}, amount=None, verdict="inconclusive", outcome="inconclusive", tests=frozenset(), outcomes={}
    ),
)  # fmt: skip
"""The same sample in every other respect: holding something else, and of which nothing is known."""
FIGURES: tuple[tuple[str, str, str], ...] = (
    ("samples", "", ""), ("expected_found", "", ""), ("verdict:not_as_expected", "", ""), ("verdict:inconclusive", "", ""),
    ("found", "mdma", ""), ("found", "opioid", ""), ("found", "mdma", "primary"), ("median_amount:mdma", "", ""),
    ("quantiles:mdma", "", ""), ("distribution:mdma", "", ""), ("found_with:mdma", "", ""), ("turnaround", "", ""),
    ("outcomes:before", "", ""), ("method_agreement:opioid.nitazene:ftir:strip", "", ""),
)  # fmt: skip


@dataclass
class Collection:
    """A made-up collection that can be asked, each time by somebody who was told nothing before."""

    database: Database
    clock: SettableClock
    import_id: UUID
    people: int = 0

    def record(self, *samples: Sample) -> None:
        with self.database.begin() as uow:
            service.record(uow, [sample.fact(self.import_id) for sample in samples])

    def ask(self, asked: Question, person: str = "") -> list[Row]:
        self.people += 1
        actor = Actor(None, "x", frozenset({Role.RESEARCHER}), None, via=person or f"person {self.people}")
        with self.database.read() as session:
            draft = service.draft(session, actor, self.clock(), asked, REGISTER, Budget())
        with self.database.begin(actor) as uow:
            return list(service.answered(uow, draft, Budget()).rows)


@pytest.fixture
def collection(sqlite_url: str, clock: SettableClock) -> Iterator[Collection]:
    database = Database(sqlite_url, clock=clock)
    with database.begin() as uow:
        row = HistoryImport(
            source="made up", licence="none", map_text="", digest="0", samples=0, changed=0, imported_at=AT
        )
        uow.session.add(row)
        uow.session.flush()
        import_id = row.id
    made_up = Collection(database, clock, import_id)
    # one expectation and form in plenty, so that every substance and unit has enough samples somewhere
    made_up.record(*made(11), *made(12), LONE)
    yield made_up
    database.close()


def questions() -> Iterator[Question]:
    for measure, found, role in FIGURES:
        for by in (CELL, (*CELL, D.FOUND), (*CELL, D.METHOD)):
            yield Question(measure, by, {}, found, role=role)
        yield Question(measure, CELL, {D.FOUND: "caffeine"}, found, role=role)
        if measure != "samples":
            yield Question(measure, CELL, {}, found, role=role, baseline=("2026-01", "2026-12"))


def of_the_lone_one(rows: list[Row]) -> list[tuple[Any, ...]]:
    """The rows of its form, which no other sample has, with all there is in them."""
    return [
        (*row.key.items(), *sorted(row.more.items(), key=str), row.n, row.numerator, row.suppressed, row.incomplete)
        for row in rows
        if row.key["form"] == LONE.form
    ]


@pytest.mark.parametrize("large", [False, True], ids=["counted by the database", "counted in memory"])
def test_the_rows_of_a_single_sample_are_the_same_whatever_is_in_it(
    collection: Collection, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    """Everybody who knows that there was one blotter in a week and region may ask every figure about it."""
    if large:
        monkeypatch.setattr(repository_snapshot, "LARGE", 1)
    before = {repr(asked): of_the_lone_one(collection.ask(asked)) for asked in questions()}
    assert any(before.values()), "that it was handed in is told"
    for sample in OTHERWISE:
        collection.record(sample)
        for asked in questions():
            assert of_the_lone_one(collection.ask(asked)) == before[repr(asked)], (sample.verdict, asked)


def test_where_rows_are_one_figure_each_a_combination_without_enough_is_marked(collection: Collection) -> None:
    """Marked alike, whether nothing was measured there or a few times."""
    rows = {(r.key["week"], r.key["form"]): r for r in collection.ask(Question("median_amount:mdma", (D.WEEK, D.FORM)))}
    assert rows["2026-W07", "blotter"].suppressed == TOO_FEW
    powder = [row for (_, form), row in rows.items() if form == "powder"]
    assert powder
    assert {row.suppressed for row in powder} == {TOO_FEW}, "of powders it is never measured"
    assert any(row.value is not None for row in rows.values())


def test_where_rows_are_substances_one_without_enough_samples_has_no_row(collection: Collection) -> None:
    rows = collection.ask(Question("samples", (D.FORM, D.FOUND)))
    assert {(r.key["form"], r.key["found"]) for r in rows} >= {("tablet", "mdma")}
    assert not [row for row in rows if row.suppressed == TOO_FEW]
    assert "blotter" not in {row.key["form"] for row in rows}


def test_a_row_that_was_given_is_given_again_when_too_few_are_left(collection: Collection) -> None:
    """That it vanished would tell that some went."""
    few = [replace(LONE, key=UUID(int=100 + n, version=4), form="liquid") for n in range(12)]
    collection.record(*few)
    asked = Question("samples", (D.FORM, D.FOUND))
    (before,) = [r for r in collection.ask(asked, "one") if r.key == {"form": "liquid", "found": "mdma"}]
    assert before.n == 10
    with collection.database.begin() as uow:
        repository.delete(uow.session, [sample.key for sample in few[:4]])
    (again,) = [r for r in collection.ask(asked, "one") if r.key == {"form": "liquid", "found": "mdma"}]
    assert (again.n, again.suppressed) == (before.n, "")
    assert not [r for r in collection.ask(asked, "another") if r.key["form"] == "liquid"]


def test_no_row_in_the_baseline_reads_like_too_few(collection: Collection) -> None:
    asked = Question("found", (D.YEAR, D.FORM), {}, "mdma", baseline=("2025-01", "2025-12"))
    blotter = [row for row in collection.ask(asked) if row.key["form"] == "blotter"]
    assert [row.more["baseline_suppressed"] for row in blotter] == [TOO_FEW]


def test_the_operator_sees_what_there_is_and_nothing_else(collection: Collection) -> None:
    operator = Actor(None, "operator", frozenset({Role.RESEARCHER}), None, via="command line")
    with collection.database.begin(operator) as uow:
        rows = service.unprotected_table(uow, Question("samples", (D.FORM, D.FOUND)), REGISTER).rows
    assert rows
    found = {r.key["found"]: r.n for r in rows if r.key["form"] == "blotter"}
    assert found == {"mdma": 1, "caffeine": 1}
    assert Audience.PUBLIC.threshold > 1
