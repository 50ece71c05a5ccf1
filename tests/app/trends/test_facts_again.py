"""Facts written again are the facts that were written at release: row for row, of every kind of result and import."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.care.consultations.domain import Intention, Moment, Tick
from app.care.consultations.service import record_consultation
from app.care.counted.tables import TrendFinding, TrendOutcome, TrendSample, TrendTest
from app.figures.history import service as history
from app.intake.samples import lookup
from app.intake.samples import service as samples
from app.intake.samples.domain import ConsentAnswer, ConsentKind, SubmitterType
from app.intake.samples.schemas import SampleChange
from app.operations.rebuild_facts import rebuild
from app.platform.audit import AuditEntry
from app.platform.kernel.actor import Role
from app.results.domain import ChangeReason
from app.results.finding import Amount, NewFinding
from harm_messages.vocabulary import Abundance, Basis, Unit
from tests.app.history.conftest import HEAD, Files
from tests.app.results.conftest import YES, Lab

TABLES = (TrendSample, TrendFinding, TrendTest, TrendOutcome)
CHEMIST, VERIFIER, LEAD, HEALTH = Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD, Role.HEALTH_WORKER
STEPS = (("submit", CHEMIST), ("verify", VERIFIER), ("release", LEAD))


@pytest.fixture
def lab(world: Any) -> Lab:
    return Lab(world, world.session())


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def facts(lab: Lab) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of facts."""

    def read(session: Any) -> dict[str, list[tuple[Any, ...]]]:
        found = {t.__tablename__: session.connection().execute(sa.select(t.__table__)).all() for t in TABLES}
        return {name: sorted((tuple(row) for row in rows), key=repr) for name, rows in found.items()}

    return lab.read(read)  # type: ignore[no-any-return]


def talk(lab: Lab, sample_id: UUID, *said: tuple[int, Moment, Intention]) -> None:
    with lab.runtime.db.begin(lab.actor(HEALTH)) as uow:
        ticks = [Tick(intention, moment, person) for person, moment, intention in said]
        record_consultation(uow, sample_id, ticks, group_size=4)


def outcomes(lab: Lab, sample_id: UUID) -> dict[tuple[str, str], int]:
    rows = facts(lab)["trend_outcome"]
    return {(moment, intention): people for key, moment, intention, people in rows if key == sample_id}


def take_in(lab: Lab, files: Files, text: str) -> Any:
    reading = files.read(text)
    with lab.runtime.db.begin(lab.actor(Role.ADMIN)) as uow:
        made = history.import_history(uow, files.the_map(), files.map_text, reading, files.paths, lab.runtime.pack)
        return made.row.id


def through(lab: Lab, view: Any, steps: Sequence[tuple[str, Role]] = STEPS) -> Any:
    """The result after these steps."""
    for action, by in steps:
        view = lab.act(view, action, by)
    return view


def every_kind(lab: Lab, files: Files) -> dict[str, UUID]:
    """A sample of every kind of result, by what became of it."""
    world, made = lab.world, {}
    ran = lab.analysis(made.setdefault("amount", lab.sample()), "gc_ms")
    grams = Amount(31.5, Unit.PERCENT, Basis.BASE)
    lab.released(made["amount"], NewFinding("mdma", abundance=Abundance.MAJOR, amount=grams, analysis_ids=(ran,)))
    strip_of = made["strip"] = lab.sample(("heroin",))
    strip = lab.analysis(strip_of, "strip", strip_target="opioid.nitazene", strip_reading="positive")
    lab.released(strip_of, NewFinding(None, "opioid.nitazene", analysis_ids=(strip,)))
    nothing = made["nothing"] = lab.sample(("ketamine",))
    lab.analysis(nothing)
    view = lab.draft(nothing, nothing_found=True)
    through(lab, view)
    for name in ("amended", "being amended"):
        view = lab.released(made.setdefault(name, lab.sample()))
        talk(lab, made[name], (1, Moment.AFTER, Intention.TAKE_LESS))
        view = lab.act(view, "amend", CHEMIST, reason="more came back", change_reason=ChangeReason.MORE_TESTS)
        if name == "amended":
            through(lab, view)
    view = lab.released(made.setdefault("retracted", lab.sample()))
    lab.act(view, "retract", LEAD, reason="mixed up")
    lab.released(
        made.setdefault("never agreed", lab.sample(consents=YES | {ConsentKind.AGGREGATE_DATA: ConsentAnswer.NO}))
    )
    lab.released(made.setdefault("agrees no more", lab.sample()))
    lab.released(made.setdefault("withdrawn", lab.sample()))
    with lab.runtime.db.begin(lab.actor(Role.RECEPTION)) as uow:
        change = SampleChange(consents={ConsentKind.AGGREGATE_DATA: ConsentAnswer.NO})
        samples.change(
            uow, lookup.lock_sample(uow, made["agrees no more"]), change, substances=lab.runtime.pack.substances
        )
        samples.withdraw(uow, lookup.lock_sample(uow, made["withdrawn"]), "asked to")
    bins = world.session(name="Bins", licence="boh_no_individual_results")
    for name in ("back of house", "returned"):
        made[name] = lab.sample(session_id=bins)
        ran = lab.analysis(made[name])
        view = through(lab, lab.draft(made[name], NewFinding("mdma", analysis_ids=(ran,))), STEPS[:2])
        if name == "returned":
            lab.act(view, "return", LEAD, reason="mixed up")
    made["police"] = lab.sample(session_id=bins, submitter_type=SubmitterType.POLICE_BACK_OF_HOUSE)
    ran = lab.analysis(made["police"])
    through(lab, lab.draft(made["police"], NewFinding("mdma", analysis_ids=(ran,))), STEPS[:2])
    made["draft"] = lab.sample()
    lab.analysis(made["draft"])
    lab.draft(made["draft"])
    talk(lab, made["draft"], (1, Moment.BEFORE, Intention.TAKE_AS_PLANNED))
    told = made["told"] = lab.sample(group_size=4)
    talk(lab, told, (1, Moment.BEFORE, Intention.TAKE_AS_PLANNED), (2, Moment.BEFORE, Intention.TAKE_AS_PLANNED))
    lab.released(told)
    talk(lab, told, (1, Moment.AFTER, Intention.TAKE_LESS), (3, Moment.AFTER, Intention.TAKE_LESS))
    rest, market = "2026-01-31,Harbour St,Aton,Down,Opioid,", "Market,Aton,Down,Opioid,"
    take_in(lab, files, f"{HEAD}North,1,{rest}12.5\nNorth,2,2026-02-01,{market}\n")
    later = take_in(lab, files, f"{HEAD}North,1,{rest}13.5\nNorth,3,,{market}1\n")
    take_in(lab, files, f"{HEAD}North,2,2026-02-01,{market}7\n")
    with lab.runtime.db.begin(lab.actor(Role.ADMIN)) as uow:
        history.undo(uow, later, "the wrong file", lab.runtime.pack)
    return made


COUNTED = {
    "amount", "strip", "nothing", "amended", "being amended", "back of house", "police", "told"
}  # fmt: skip


def test_rebuilt_facts_are_those_of_release_row_for_row(lab: Lab, files: Files) -> None:
    made = every_kind(lab, files)
    before = facts(lab)
    ours = {row[0] for row in before["trend_sample"]}
    assert {name for name, key in made.items() if key in ours} == COUNTED
    assert len(ours) == len(COUNTED) + 2  # and two of the imports
    assert all(before.values())
    older_version(lab, stray=made["agrees no more"])
    assert facts(lab) != before
    done = rebuild(lab.runtime.db, lab.runtime.pack)
    assert facts(lab) == before
    assert (done.looked_at, done.own, done.imported) == (len(made), len(COUNTED), 2)
    assert rebuild(lab.runtime.db, lab.runtime.pack) == done
    assert facts(lab) == before


def older_version(lab: Lab, stray: UUID) -> None:
    """As a server of an older version left its facts; and a sample is counted whose client agrees no more."""
    bare = {"week": "", "grade": "", "submitter_type": "", "turnaround_min": None}
    with lab.runtime.db.begin() as uow:
        run = uow.session.connection().execute
        run(sa.update(TrendSample).values(**bare))
        run(sa.update(TrendFinding).values(amount=None, unit="", methods=""))
        run(sa.delete(TrendTest))
        run(sa.delete(TrendOutcome))
        columns = TrendSample.__table__.columns  # type: ignore[attr-defined]
        one = run(sa.select(*columns).where(TrendSample.own_sample_id.is_not(None)).limit(1)).mappings().one()  # type: ignore[union-attr]
        run(sa.insert(TrendSample), [{**one, "sample_id": stray, "own_sample_id": stray}])


def test_a_rebuild_is_told_as_it_goes_and_audited(lab: Lab) -> None:
    lab.released()
    told: list[tuple[str, int, int]] = []
    rebuild(lab.runtime.db, lab.runtime.pack, lambda *step: told.append(step))
    assert told == [("samples of this server", 1, 1)]
    (entry,) = lab.read(lambda s: s.scalars(sa.select(AuditEntry).where(AuditEntry.verb == "rebuild")).all())
    assert (entry.object_type, entry.after) == ("trends", {"looked_at": 1, "own": 1, "imported": 0})


def test_outcomes_count_people_once_whatever_they_say_twice_and_go_with_the_sample(lab: Lab) -> None:
    sample_id = lab.sample(group_size=4)
    talk(lab, sample_id, (2, Moment.BEFORE, Intention.TAKE_AS_PLANNED))
    assert not outcomes(lab, sample_id)  # nothing is counted of a sample that is not
    view = lab.released(sample_id)
    assert outcomes(lab, sample_id) == {("before", "take_as_planned"): 1}
    talk(lab, sample_id, (1, Moment.AFTER, Intention.TAKE_LESS), (3, Moment.AFTER, Intention.TAKE_LESS))
    talk(lab, sample_id, (3, Moment.AFTER, Intention.TAKE_LESS), (3, Moment.AFTER, Intention.NOT_ALONE))
    assert outcomes(lab, sample_id) == {
        ("before", "take_as_planned"): 1, ("after", "take_less"): 2, ("after", "not_alone"): 1
    }  # fmt: skip
    lab.act(view, "retract", LEAD, reason="mixed up")
    assert not outcomes(lab, sample_id)


def test_times_types_and_grades_come_with_the_release(lab: Lab, clock: Any) -> None:
    clock.set(datetime(2027, 1, 1, 20, 30, tzinfo=UTC))  # a Friday that belongs to the last week of 2026
    sample_id = lab.sample()
    clock.advance(minutes=95, seconds=40)
    lab.released(sample_id)
    fact = lab.read(lambda s: s.get(TrendSample, sample_id))
    assert fact.turnaround_min == 95
    assert (fact.submitter_type, fact.grade) == ("public", "confirmed")
    assert (fact.week, fact.month, fact.quarter, fact.year) == ("2026-W53", "2027-01", "2027-Q1", "2027")
