"""What is struck stays: late results, amendments, withdrawals, restarts and other secrets change no figure."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from app.care.counted import service as counted
from app.care.counted.tables import TrendSample
from app.figures.releases.tables import Release
from app.figures.trends.protection import striking
from app.figures.trends.protection.counting import STANDING_CLASSES
from app.figures.trends.protection.lattice import Lists
from app.figures.trends.protection.noise import Draws
from app.figures.trends.protection.tables import FigureList, FigurePeriod
from app.platform.audit import AuditEntry
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Conflict, Invalid
from tests.app.trends.conftest import Figures

OPERATOR = Actor(None, "operator", frozenset({Role.ADMIN}), None)
TODAY = datetime(2026, 6, 13, tzinfo=UTC)


@pytest.fixture
def half(figures: Figures, clock: Any) -> Figures:
    """Nine months, struck on 13 June."""
    clock.set(TODAY)
    for month in ("2025-09", "2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03", "2026-04", "2026-05"):
        figures.add(70, month=month)
        figures.add(30, month=month, verdict="not_as_expected", expected="cocaine", expected_class="stimulant.cocaine",
                    found=(("mephedrone", "stimulant.cathinone"),))  # fmt: skip
    figures.strike()
    return figures


def stored(figures: Figures) -> dict[str, str]:
    with figures.world.runtime.read() as session:
        rows = session.exec(select(FigurePeriod)).all()
        assert all(hashlib.sha256(row.content).hexdigest() == row.sha256 for row in rows)
        return {row.label: row.sha256 for row in rows}


def lists(figures: Figures, year: str) -> Lists:
    with figures.world.runtime.read() as session:
        row = session.get(FigureList, year)
        assert row is not None
        return Lists.of(row.content)


def read(figures: Figures) -> Any:
    return [
        figures.rows(by=list(by), measure="samples") for by in (("month",), ("quarter", "region"), ("year", "expected"))
    ]


def test_months_are_struck_with_the_quarters_and_years_they_end(half: Figures) -> None:
    labels = set(stored(half))
    assert labels == {f"2025-{m:02d}" for m in range(9, 13)} | {f"2026-{m:02d}" for m in range(1, 6)} | {
        "2025-Q3", "2025-Q4", "2026-Q1", "2025"
    }  # fmt: skip
    assert half.strike() == [], "nothing is due twice"
    quarters = half.rows(by="quarter", measure="samples")
    assert [(key[0], row["incomplete"]) for key, row in quarters.items()] == [
        ("2025-Q3", True), ("2025-Q4", False), ("2026-Q1", False)
    ], "data begin within the first quarter"  # fmt: skip
    assert not any(row["incomplete"] for row in half.rows(by="month", measure="samples").values())


@pytest.mark.parametrize(
    ("samples", "begins"),
    [({"2025-11": 40, "2025-12": 40}, "2025-11"), ({"2025-09": 2, "2025-12": 60}, "2025-12"), ({"2025-12": 1}, "")],
    ids=["many from the first month on", "two strays before", "hardly any"],
)
def test_data_do_not_begin_before_anybody_came(
    figures: Figures, clock: Any, samples: dict[str, int], begins: str
) -> None:
    """Whatever the secret: by noise alone, one service in twenty began with months in which it did not yet exist."""
    clock.set(datetime(2026, 1, 1, tzinfo=UTC))
    for month, n in samples.items():
        figures.add(n, month=month)
    with figures.world.runtime.read() as session:
        facts, register = striking.columns(session), figures.world.runtime.pack.substances
        begun = [
            striking._begin(session, striking.Collection(facts, register, Draws.of(b"secret %d" % number)))
            for number in range(100)
        ]
    assert set(begun) == {begins}


def test_nothing_that_comes_later_changes_what_was_struck(half: Figures, clock: Any) -> None:
    before, files = read(half), stored(half)
    late = half.add(25, month="2026-03")
    with half.world.runtime.db.begin(OPERATOR) as uow:
        counted.forget_many(uow, late[:5])
        uow.session.connection().execute(sa.update(TrendSample).values(region="Elsewhere", verdict="inconclusive"))
    assert half.strike() == []
    assert read(half) == before
    striking._KEPT.clear()  # another process, or the same one started again
    assert read(half) == before
    clock.set(TODAY + timedelta(days=40))
    assert half.strike() == ["2026-06", "2026-Q2"]
    assert {label: digest for label, digest in stored(half).items() if label in files} == files


def test_data_begin_where_they_began_when_the_first_samples_are_withdrawn(figures: Figures, clock: Any) -> None:
    clock.set(TODAY)
    first = figures.add(40, month="2026-04")
    figures.add(40, month="2026-05")
    figures.strike()
    with figures.world.runtime.db.begin(OPERATOR) as uow:
        counted.forget_many(uow, first)
    clock.set(TODAY + timedelta(days=40))
    assert figures.strike() == ["2026-06", "2026-Q2"]
    assert not any(row["incomplete"] for row in figures.rows(by="quarter", measure="samples").values())


def test_results_that_came_later_are_told_in_bands(half: Figures) -> None:
    def later() -> str:
        told = half.ask(by="month").json()
        assert told["as_of"] == "2026-06-13"
        return str(told["later"])

    assert later() == "fewer than 10"
    keys = half.add(30, month="2026-03")
    with half.world.runtime.db.begin(OPERATOR) as uow:
        late = sa.update(TrendSample).where(sa.inspect(TrendSample).local_table.c.sample_id.in_(keys))
        uow.session.connection().execute(late.values(released_at=TODAY + timedelta(days=1)))
    assert later() == "10 to 49"


def test_another_secret_refuses_to_draw_and_the_right_one_draws_the_same(half: Figures, clock: Any) -> None:
    rt = half.world.runtime
    clock.set(TODAY + timedelta(days=40))
    half.add(50, month="2026-06")
    with pytest.raises(Conflict, match="secret of this server is not the one"):
        striking.strike_due(rt.db, rt.pack.substances, Draws.of(b"another server"))
    assert "2026-06" not in stored(half)
    with rt.read() as session:
        one, other = (
            striking.prepare(session, rt.pack.substances, Draws.of(rt.settings.pepper()), rt.now()) for _ in range(2)
        )
    made = [[striking.pack(p) for p in made.periods] for made in (one, other)]
    assert made[0] == made[1], "a server restored from its backup draws what it would have drawn"


def test_two_strikes_at_the_same_moment_draw_once(half: Figures, clock: Any) -> None:
    rt, draws = half.world.runtime, Draws.of(half.world.runtime.settings.pepper())
    clock.set(TODAY + timedelta(days=40))
    with rt.read() as session:
        slow = striking.prepare(session, rt.pack.substances, draws, rt.now())
    assert half.strike() == ["2026-06", "2026-Q2"]
    files = stored(half)
    with pytest.raises(Conflict, match="someone else at the same moment"), rt.db.begin(OPERATOR) as uow:
        striking.keep(uow, slow, draws)
    assert stored(half) == files


def test_a_year_is_revised_once_and_cells_that_did_not_change_keep_their_figure(half: Figures) -> None:
    rt, draws = half.world.runtime, Draws.of(half.world.runtime.settings.pepper())
    before = half.rows(by="month", measure="samples")
    half.add(20, month="2025-11")

    def revise(year: str) -> None:
        with rt.db.begin(OPERATOR) as uow:
            striking.revise(uow, rt.pack.substances, draws, year, "late results of a laboratory")

    revise("2025")
    after = half.rows(by="month", measure="samples")
    changed = [key for key in before if before[key]["n"] != after[key]["n"]]
    assert changed == [("2025-11",)]
    assert abs(after["2025-11",]["n"] - 120) <= 9
    with pytest.raises(Conflict, match="revised once"):
        revise("2025")
    with pytest.raises(Invalid, match="not struck yet"):
        revise("2026")
    with rt.read() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.verb == "revise")).one()
    assert entry.after["reason"] == "late results of a laboratory"


def test_a_class_that_appears_for_the_first_time_enters_with_the_next_year(half: Figures, clock: Any) -> None:
    assert lists(half, "2025").classes == tuple(sorted(STANDING_CLASSES)), "a first year has the standing list"
    half.add(60, month="2026-06", found=(("tirzepatide", "peptide.weight_loss"),))
    for month in range(7, 13):
        half.add(90, month=f"2026-{month:02d}")
    clock.set(datetime(2027, 2, 10, tzinfo=UTC))
    half.strike()
    assert "peptide.weight_loss" not in lists(half, "2026").classes
    assert "stimulant.cathinone" in lists(half, "2026").classes
    assert half.ask(by="month", measure="found", found="peptide.weight_loss").json()["rows"][-1]["month"] == "2027-01"
    assert "peptide.weight_loss" in lists(half, "2027").classes


def test_periods_of_a_release_that_was_rounded_are_not_struck_again(figures: Figures, clock: Any) -> None:
    clock.set(TODAY)
    for month in ("2026-02", "2026-03", "2026-04", "2026-05"):
        figures.add(60, month=month)
    with figures.world.runtime.db.begin(OPERATOR) as uow:
        uow.session.add(
            Release(number="2026.1", made_at=TODAY, first_month="2026-02", last_month="2026-03", facts_digest="x" * 64,
                    content_digest="y" * 64, citation="")
        )  # fmt: skip
    figures.strike()
    assert set(stored(figures)) == {"2026-04", "2026-05"}


def test_striking_is_written_in_the_audit_log_and_the_secret_nowhere(half: Figures) -> None:
    rt = half.world.runtime
    with rt.read() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.verb == "strike")).one()
        check = {row.key_check for row in session.exec(select(FigureList))}
    assert "2026-05" in entry.after["periods"]
    draws = Draws.of(rt.settings.pepper())
    assert check == {draws.check}
    assert draws.secret.hex() not in str(entry.after)
    assert draws.secret != rt.settings.pepper()
