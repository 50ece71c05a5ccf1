"""Columns that are kept in memory count what columns loaded anew count, after everything that changes facts.

That both count right is held against plain Python in test_figures_truth.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.care.counted import service as counted
from app.figures.trends import columnar, repository_snapshot
from app.figures.trends.columnar import Facts
from app.figures.trends.domain import Amongst, Count, Dimension, target_of
from app.platform.db import Database
from harm_messages import load_pack

from .raw_facts import fact_of, imported, made_up

REGISTER = load_pack().substances
D = Dimension
SPLITS: tuple[tuple[Dimension, ...], ...] = (
    (), (D.MONTH,), (D.WEEK, D.REGION), (D.EXPECTED, D.EXPECTED_CLASS), (D.AGENCY, D.SITE), (D.FOUND, D.QUARTER),
    (D.FOUND_CLASS,), (D.FOUND, D.FOUND_CLASS), (D.METHOD, D.YEAR), (D.FOUND_CLASS, D.METHOD), (D.METHOD, D.FOUND, D.MONTH), (D.FORM, D.SUBMITTER_TYPE, D.SERVICE_TYPE),
)  # fmt: skip
ASKED = ("opioid", "opioid.fentanyl", "fentanyl", "mdma", "caffeine")


def everything(facts: Facts) -> dict[tuple[Any, ...], Any]:
    """All counts of all splits, as whoever counts now counts them."""
    out: dict[tuple[Any, ...], Any] = {}

    def put(key: tuple[Any, ...], counts: list[Count]) -> None:
        out[key] = [(c.key, c.numerator, c.denominator) for c in counts]

    every, unlike = facts.clients, facts.having("verdict", ("not_as_expected",))
    filters: list[dict[Dimension, str]] = [{}, {D.FOUND: "fentanyl"}, {D.FOUND_CLASS: "opioid"}, {D.METHOD: "ftir"}]
    for split, held in [*itertools.product(SPLITS, filters)][::3]:
        put((split, str(held)), facts.cells(split, unlike, every & facts.holding(held)))
    combinations = list(itertools.product((*ASKED, "analogues:fentanyl"), Amongst, SPLITS))
    for name, amongst, split in combinations[:: len(combinations) // 30 + 1]:
        target = target_of(name, REGISTER, amongst=amongst)
        (found, hit), (own, looked) = facts.found_in(target), facts.tested_for(target)
        put((name, amongst, split), facts.cells(split, hit, every & (found | own | (looked & facts.conclusive))))
    for method in ("lc_ms", "strip"):
        answered, saw = facts.answers(target_of("opioid.fentanyl", REGISTER), method)
        put((method,), facts.cells((D.MONTH,), saw, answered))
    for split in ((D.MONTH,), (D.REGION, D.FORM), (D.FOUND,)):
        told = [*facts.amounts("mdma", every).items(), ("waits", facts.waits(every))]
        out["figures", split] = [
            (kind, [(key, figures.tolist()) for key, figures in facts.ordered(split, *of)]) for kind, of in told
        ]
        assert len(out["figures", split]) == 3, "two units, and waits"
        assert all(told for _, told in out["figures", split])
    for moment in ("before", "after"):
        said = facts.said(moment)
        assert said
        for name, mask in said.items():
            put((moment, name), facts.cells((D.MONTH, D.METHOD), mask, every))
    out["methods",] = facts.methods()
    return out


@pytest.fixture
def both_ways(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Facts]]:
    """Asks everything of columns loaded anew and of those that are kept, which must be the same, and gives the latter."""
    imported(database)

    def ask() -> Facts:
        with database.read() as session:
            monkeypatch.setattr(repository_snapshot, "LARGE", 10**9)
            anew = everything(repository_snapshot.columns(session))
        with database.read() as session:
            monkeypatch.setattr(repository_snapshot, "LARGE", 1)
            facts = repository_snapshot.columns(session)
            assert everything(facts) == anew
        assert sum(n for _, _, n in anew[(), "{}"]) > 0
        return facts

    yield ask
    repository_snapshot._KEPT.clear()


def test_kept_columns_count_what_fresh_ones_count_through_every_change(
    database: Database, both_ways: Callable[[], Facts], monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = [fact_of(raw) for raw in made_up(320, seed=3)]
    facts, again = facts[:300], facts[300:]
    with database.begin() as uow:
        counted.record(uow, facts)
    loaded = both_ways()
    assert (loaded.rows, loaded.live.sum()) == (300, 300)
    with database.begin() as uow:
        counted.forget(uow, facts[0].sample_id)
        counted.forget_many(uow, [fact.sample_id for fact in facts[1:5]])
        counted.record(uow, [*again, *facts[5:20]])  # 15 of them written once more
    caught_up = both_ways()
    assert (caught_up.rows, caught_up.live.sum()) == (335, 315)  # brought up to date, not loaded anew
    monkeypatch.setattr(repository_snapshot, "CATCH_UP", 3)
    monkeypatch.setattr(columnar, "TICKED", 0)  # pairs are sorted, as in collections too large for a list of all
    with database.begin() as uow:
        counted.forget_many(uow, [fact.sample_id for fact in facts[20:30]])
    assert both_ways().rows == 305


def test_a_transaction_sees_its_own_changes_and_one_that_began_before_does_not(
    database: Database, monkeypatch: pytest.MonkeyPatch, both_ways: Callable[[], Facts]
) -> None:
    *facts, new = [fact_of(raw) for raw in made_up(51, seed=5)]
    with database.begin() as uow:
        counted.record(uow, facts)
    before = both_ways()

    def samples(session: Any) -> int:
        return int(repository_snapshot.columns(session).clients.sum())

    with database.read() as early:
        known = samples(early)
        with database.begin() as uow:
            counted.record(uow, [new])
            assert samples(uow.session) == known + new.client
        assert samples(early) == known
        with database.read() as late:
            assert samples(late) == known + new.client
    assert before.rows == 50
