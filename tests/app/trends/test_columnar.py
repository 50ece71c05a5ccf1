"""Columns that are kept in memory count what columns loaded anew count, after everything that changes facts.

That both count right is held against plain Python in test_figures_truth.py.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.care.counted import service as counted
from app.care.counted.domain import FoundFact, OutcomeFact, ReleaseFact, Seen, TestFact
from app.figures.history.tables import HistoryImport
from app.figures.trends import columnar, repository_snapshot
from app.figures.trends.columnar import Facts
from app.figures.trends.domain import Amongst, Count, Dimension, target_of
from app.intake.people.tables import Agency, AgencyKind
from app.platform.db import Database
from harm_messages import load_pack

IMPORT = UUID(int=1)
REGISTER = load_pack().substances
NAMES = (
    ("mdma", "entactogen"), ("caffeine", "stimulant.other"), ("fentanyl", "opioid.fentanyl"),
    ("protonitazene", "opioid.nitazene"), ("opioid.nitazene", "opioid.nitazene"), ("heroin", "opioid.opiate"),
    ("a-new-one", "opioid.nitazene.new"),
)  # fmt: skip
TARGETS = ("*", "opioid", "opioid.nitazene", "opioid.fentanyl", "fentanyl", "protonitazene", "entactogen", "mdma")
D = Dimension
SPLITS: tuple[tuple[Dimension, ...], ...] = (
    (), (D.MONTH,), (D.WEEK, D.REGION), (D.EXPECTED, D.EXPECTED_CLASS), (D.AGENCY, D.SITE), (D.FOUND, D.QUARTER),
    (D.FOUND_CLASS,), (D.FOUND, D.FOUND_CLASS), (D.METHOD, D.YEAR), (D.FOUND_CLASS, D.METHOD), (D.METHOD, D.FOUND, D.MONTH), (D.FORM, D.SUBMITTER_TYPE, D.SERVICE_TYPE),
)  # fmt: skip
OUTCOMES = (("before", "take_less"), ("after", "take_less"), ("after", "not_alone"))
ASKED = ("opioid", "opioid.nitazene", "fentanyl", "mdma", "a-new-one", "cut")


def made_up(chance: random.Random) -> ReleaseFact:
    found = chance.sample(NAMES, chance.randrange(5))
    day = date(2025, 11, 1) + timedelta(days=chance.randrange(120))
    tests = {
        (chance.choice(("gc_ms", "ftir", "strip")), chance.choice(TARGETS)): chance.choice(list(Seen)) for _ in range(5)
    }
    expected, expected_class = chance.choice(NAMES)
    return ReleaseFact(
        sample_id=UUID(int=chance.getrandbits(128)), agency_id=None, agency=chance.choice("AB"), session_id=None,
        day=day if chance.random() < 0.9 else None, released_at=datetime(2026, 3, 1, tzinfo=UTC),
        region=chance.choice(("North East", "")), site=chance.choice("xy"), service_type="festival",
        client=chance.random() < 0.9, form=chance.choice(("powder", "tablet")), expected=expected,
        expected_class=expected_class, verdict=chance.choice(("as_expected", "not_as_expected", "inconclusive")),
        outcome=chance.choice(("identified", "inconclusive", "nothing_found")),
        turnaround_min=chance.choice((None, 5, 60)),
        found=tuple(
            FoundFact(f, c, "", how, "confirmed", amount, "percent_ww" if amount else "", "base" if amount else "")
            for f, c in found
            for how, amount in ((chance.choice(("major", "minor", "trace")), chance.choice((None, 1.5, 20.0))),)
        ),
        tests=tuple(TestFact(method, target, seen) for (method, target), seen in tests.items()),
        outcomes=tuple(OutcomeFact(*one, 1) for one in OUTCOMES if chance.random() < 0.3),
        import_id=IMPORT,
    )  # fmt: skip


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
    for method in ("gc_ms", "strip"):
        answered, saw = facts.answers(target_of("opioid.nitazene", REGISTER), method)
        put((method,), facts.cells((D.MONTH,), saw, answered))
    for split in ((D.MONTH,), (D.REGION, D.FORM), (D.FOUND,)):
        told = [*facts.amounts("mdma", every).items(), ("waits", facts.waits(every))]
        out["figures", split] = [
            (kind, [(key, figures.tolist()) for key, figures in facts.ordered(split, *of)]) for kind, of in told
        ]
        assert len(out["figures", split]) == 2
        assert all(told for _, told in out["figures", split])
    for moment in ("before", "after"):
        said = facts.said(moment)
        assert said
        for name, mask in said.items():
            put((moment, name), facts.cells((D.MONTH, D.METHOD), mask, every))
    out["methods",] = facts.methods()
    return out


@pytest.fixture(autouse=True)
def an_import(database: Database) -> None:
    """The import the made-up samples are of."""
    home = Agency(name="Made up", kind=AgencyKind.SERVICE, created_at=datetime(2026, 3, 1, tzinfo=UTC))
    row = HistoryImport(
        id=IMPORT, agency_id=home.id, keyed_by=home.id, source="made up", licence="CC0", map_text="", digest="", samples=0,
        changed=0, imported_at=datetime(2026, 3, 1, tzinfo=UTC),
    )  # fmt: skip
    with database.begin() as uow:
        uow.session.add(home)
        uow.session.flush()
        uow.session.add(row)


@pytest.fixture
def both_ways(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Facts]]:
    """Asks everything of columns loaded anew and of those that are kept, which must be the same, and gives the latter."""

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
    chance = random.Random(3)
    facts = [made_up(chance) for _ in range(300)]
    with database.begin() as uow:
        counted.record(uow, facts)
    loaded = both_ways()
    assert (loaded.rows, loaded.live.sum()) == (300, 300)
    again = [made_up(chance) for _ in range(20)]
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
    chance = random.Random(5)
    with database.begin() as uow:
        counted.record(uow, [made_up(chance) for _ in range(50)])
    before = both_ways()

    def samples(session: Any) -> int:
        return int(repository_snapshot.columns(session).clients.sum())

    with database.read() as early:
        known = samples(early)
        with database.begin() as uow:
            counted.record(uow, [new := made_up(chance)])
            assert samples(uow.session) == known + new.client
        assert samples(early) == known
        with database.read() as late:
            assert samples(late) == known + new.client
    assert before.rows == 50
