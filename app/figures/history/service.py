"""Use cases: take the history of a service in, say what is there, take an import back.

An import belongs to the agency that brought it: no other sees it, takes it back, or has what it counts replaced by a source
of the same name. It is one transaction: all of its rows or none. The same files by the same map change nothing; a corrected file
changes the samples it says something else about, and taking that import back brings the earlier words back.

Whether what was expected was found is said only where the source looked at everything a broad method can see (`complete`). A
file of one analyte says nothing about the rest of the sample, so its verdict is inconclusive. Nothing is said of the time to
a result: a source writes dates, and a day that reads as 0 minutes would be false.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from pydantic import JsonValue, TypeAdapter
from sqlmodel import Session, col, select

from app.care.counted import service as counted
from app.care.counted.service import Detection, FoundFact, ReleaseFact, TestFact
from app.figures.history.domain import HistoricalFinding, HistoricalSample, Level, Problem
from app.figures.history.interpreting import Reading, read_history
from app.figures.history.mapping import HistoryMap, complete_of, folded, read_map
from app.figures.history.source_files import digest
from app.figures.history.tables import HistoryImport, HistoryRecord
from app.intake.people import service as people
from app.intake.samples.domain import NEVER_CLIENTS
from app.laboratory.identification.domain import only_quick
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.db.rows import row_of
from app.platform.kernel.actor import Actor, agency_of
from app.platform.kernel.errors import Conflict, Invalid
from app.platform.kernel.ids import new_id
from harm_messages import Abundance, Confidence, FindingFact, Outcome, Pack, Verdict, derive_role, derive_verdict

__all__ = [
    "HistoryImport", "Imported", "Reading", "count_again", "for_agency", "import_history", "imports", "map_of",
    "read_history", "read_map", "sources", "undo",
]  # fmt: skip

WRITTEN_AT_ONCE = 2_000
ASKED_AT_ONCE = 500
KEPT_NOTES = 500
_JSON = TypeAdapter(HistoricalSample)
_BUT = {"tests": {"__all__": {"unit", "basis"}}}  # no row of a source has them beside a test
Progress = Callable[[str, int, int], None]
Query = TypeVar("Query", bound=sa.Select)  # type: ignore[type-arg]


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of an import."""

    row: HistoryImport
    new: int
    changed: int
    same: int
    already_there: bool = False


def imports(session: Session, actor: Actor) -> list[HistoryImport]:
    """All imports of the actor's agency, newest first, those undone too."""
    mine = select(HistoryImport).where(HistoryImport.agency_id == actor.agency_id)
    return list(session.exec(mine.order_by(col(HistoryImport.imported_at).desc())))


def map_of(session: Session, actor: Actor, import_id: uuid.UUID) -> str:
    """The map an import of the actor's agency was made by. Raises NotFound."""
    return row_of(session, HistoryImport, actor.agency_id, import_id, "import").map_text


def for_agency(session: Session, actor: Actor, by_map: HistoryMap, reading: Reading) -> Reading:
    """What was read, with an error for each sample of another agency on this server: it alone brings its history."""
    own = people.agency_name(session, agency_of(actor))
    others = {folded(name) for name in people.agency_names(session) if name != own}
    column = by_map.sample.agency.column if by_map.sample.agency else ""
    why = "is another agency on this server, and only its own people may import its history."
    foreign = [
        Problem(Level.ERROR, s.file, s.line, column, s.agency, why, "Take this row out of the file.")
        for s in reading.samples
        if folded(s.agency) in others
    ]
    return replace(reading, problems=[*reading.problems, *foreign])


def import_history(
    uow: UnitOfWork,
    by_map: HistoryMap,
    map_text: str,
    reading: Reading,
    files: Sequence[Path],
    pack: Pack,
    progress: Progress | None = None,
) -> Imported:
    """Take in what was read, for the actor's agency. Raises Invalid where there are errors: nothing is imported then."""
    owner = agency_of(uow.actor)
    reading = reading if reading.errors else for_agency(uow.session, uow.actor, by_map, reading)
    if reading.errors:
        raise Invalid(reading.to_mend, hint="Run it with --dry-run for the list. Nothing was imported.")
    sums: list[dict[str, str | int]] = [
        {"name": path.name, "sha256": digest(path), "rows": reading.rows.get(path.name, 0)} for path in files
    ]
    whole = _digest([map_text, sorted(str(s["sha256"]) for s in sums)])
    mine = select(HistoryImport).where(HistoryImport.agency_id == owner)
    there = uow.session.exec(mine.where(HistoryImport.digest == whole, col(HistoryImport.undone_at).is_(None))).first()
    if there is not None:
        return Imported(there, 0, 0, len(reading.samples), already_there=True)
    earlier = uow.session.exec(mine.where(HistoryImport.source == by_map.source.name)).first()
    known = _digests(uow.session, owner, by_map.source.name)
    told = [(sample, _JSON.dump_python(sample, mode="json", exclude=_BUT)) for sample in reading.samples]
    fresh = [(s, said, d) for s, said in told if known.get(s.key) != (d := _digest(_meant(said)))]
    changed = sum(sample.key in known for sample, _, _ in fresh)
    row = HistoryImport(
        id=new_id(), agency_id=owner, keyed_by=earlier.keyed_by if earlier else owner,
        source=by_map.source.name, licence=by_map.source.licence, source_version=by_map.source.version,
        citation=by_map.source.citation, map_text=map_text, files=sums, digest=whole,
        samples=len(reading.samples), changed=changed,
        notes=[str(problem) for problem in reading.problems[:KEPT_NOTES]],
        additions=[addition.model_dump(exclude={"says"}) for addition in reading.additions],
        imported_at=uow.now, imported_by=uow.actor.person_id,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    counting = _counting(uow, row, by_map.sample.complete, pack)
    for start in range(0, len(fresh), WRITTEN_AT_ONCE):
        part = fresh[start : start + WRITTEN_AT_ONCE]
        records = [
            {"import_id": row.id, "key": sample.key, "source": row.source, "digest": d, "record": said}
            for sample, said, d in part
        ]
        uow.session.connection().execute(sa.insert(HistoryRecord), records)
        counted.record(uow, [counting.fact(sample) for sample, _, _ in part])
        if progress:
            progress("written", start + len(part), len(fresh))
    audit.record(
        uow, "import", "history", row.id,
        after={"source": row.source, "files": sums, "new": len(fresh) - changed, "changed": changed},
    )  # fmt: skip
    return Imported(row, len(fresh) - changed, changed, len(reading.samples) - len(fresh))


def undo(uow: UnitOfWork, import_id: uuid.UUID, reason: str, pack: Pack) -> HistoryImport:
    """Take an import back: what earlier imports said of its samples counts again, the others are counted no more."""
    row = row_of(uow.session, HistoryImport, uow.actor.agency_id, import_id, "import", lock=True)
    if row.undone_at is not None:
        raise Conflict("This import was undone before.", hint="Nothing was changed.")
    if not reason.strip():
        raise Invalid("Say why you undo the import.", fields={"reason": "missing"})
    keys = uow.session.exec(select(HistoryRecord.key).where(HistoryRecord.import_id == row.id)).all()
    row.undone_at, row.undone_by, row.undone_reason = uow.now, uow.actor.person_id, reason.strip()
    uow.session.flush()
    _count_standing(uow, row.source, keys, pack)
    audit.record(uow, "undo", "history", row.id, after={"reason": row.undone_reason, "samples": len(keys)})
    return row


def sources(session: Session, actor: Actor) -> list[str]:
    """Every source of which the actor's agency ever imported anything, also where that was undone."""
    mine = select(HistoryImport.source).where(HistoryImport.agency_id == actor.agency_id)
    return sorted(session.exec(mine.distinct()))


def count_again(uow: UnitOfWork, source: str, pack: Pack) -> int:
    """Write the facts of a source of the actor's agency again from what its imports said. How many samples count now."""
    keys = select(HistoryRecord.key).join(HistoryImport, _OF_IMPORT).where(*_of(agency_of(uow.actor), source))
    return _count_standing(uow, source, sorted(uow.session.exec(keys.distinct())), pack)


def _count_standing(uow: UnitOfWork, source: str, keys: Sequence[str], pack: Pack) -> int:
    """Of these samples what the newest standing import said counts; those of which none says anything are taken out."""
    owner = agency_of(uow.actor)
    keyed_by = uow.session.exec(select(HistoryImport.keyed_by).where(*_of(owner, source))).first() or owner
    standing: dict[str, HistoryRecord] = {}
    for start in range(0, len(keys), ASKED_AT_ONCE):
        part = col(HistoryRecord.key).in_(keys[start : start + ASKED_AT_ONCE])
        query = _of_standing_imports(select(HistoryRecord), owner, source).where(part)
        standing |= {record.key: record for record in uow.session.exec(query)}
    counted.forget_many(uow, [sample_id_of(keyed_by, source, key) for key in keys if key not in standing])
    by_import: dict[uuid.UUID, list[HistoricalSample]] = {}
    for record in standing.values():
        by_import.setdefault(record.import_id, []).append(_JSON.validate_python(record.record))
    for import_id, samples in by_import.items():
        row = uow.session.get_one(HistoryImport, import_id)
        counting = _counting(uow, row, complete_of(row.map_text), pack)
        for start in range(0, len(samples), WRITTEN_AT_ONCE):
            counted.record(uow, [counting.fact(sample) for sample in samples[start : start + WRITTEN_AT_ONCE]])
    return len(standing)


def _counting(uow: UnitOfWork, row: HistoryImport, complete: bool, pack: Pack) -> Counting:
    return Counting(row, people.agency_name(uow.session, row.agency_id), complete, pack)


_OF_IMPORT = col(HistoryImport.id) == HistoryRecord.import_id


def _of(owner: uuid.UUID, source: str) -> tuple[sa.ColumnElement[bool], ...]:
    return col(HistoryImport.agency_id) == owner, col(HistoryImport.source) == source


def _of_standing_imports(query: Query, owner: uuid.UUID, source: str) -> Query:
    """Records of a source by imports that were not undone. The newest comes last: of each sample, that one is what is known."""
    return (
        query.join(HistoryImport, _OF_IMPORT)
        .where(*_of(owner, source), col(HistoryRecord.source) == source, col(HistoryImport.undone_at).is_(None))
        .order_by(col(HistoryImport.imported_at), col(HistoryImport.id))
    )


def _digests(session: Session, owner: uuid.UUID, source: str) -> dict[str, str]:
    """Of every sample of a source the digest of what is known of it."""
    query = _of_standing_imports(sa.select(col(HistoryRecord.key), col(HistoryRecord.digest)), owner, source)
    return {row.key: row.digest for row in session.connection().execute(query)}


def _meant(said: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Without where it stood: the same words in another line are the same words."""
    return {name: value for name, value in said.items() if name not in ("file", "line")}


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


METHOD_NOT_STATED = "not_stated"
_NARROW = frozenset({"strip", "reagent", "visual"})
"""Methods that see one class, or nothing by themselves."""


def sample_id_of(keyed_by: uuid.UUID, source: str, key: str) -> uuid.UUID:
    """The key of a source's sample in the fact tables: always the same, and of each agency another."""
    return uuid.uuid5(keyed_by, f"{source}\n{key}")


def _present(sample: HistoricalSample) -> list[HistoricalFinding]:
    return [f for f in sample.findings if f.abundance != Abundance.NOT_DETECTED.value and f.amount != 0]


def _quick(f: HistoricalFinding) -> bool:
    """Whether only a strip or a colour test stands behind it: that reacted, and nothing was found."""
    return only_quick(m for m in f.method.split("; ") if m)


def _found(f: HistoricalFinding, role: str) -> FoundFact:
    return FoundFact(
        f.substance, f.drug_class, role, f.abundance, Confidence.INDICATED.value, f.amount, f.unit,
        f.basis if f.amount is not None else "", tuple(f.method.split("; ")) if f.method else (),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Counting:
    """What every sample of one import shares. `owner`: the name of the agency whose import it is."""

    of: HistoryImport
    owner: str
    complete: bool
    pack: Pack

    def fact(self, sample: HistoricalSample) -> ReleaseFact:
        """The sample as it is counted."""
        present = _present(sample)
        found = [f for f in present if not _quick(f)]
        seen = [self._finding(f) for f in found]
        register = self.pack.substances
        known = tuple(e for e in sample.expected if e in register or e in register.intents or register.is_class(e))
        roles = [derive_role(fact, seen, known, self.pack) for fact in seen]
        outcome = self._outcome(sample, anything=bool(present))
        expected, expected_class = self._expected(sample.expected)
        sure = self.complete and len(known) == len(sample.expected)
        verdict = derive_verdict(seen, known, outcome=outcome, pack=self.pack) if sure else Verdict.INCONCLUSIVE
        return ReleaseFact(
            sample_id=sample_id_of(self.of.keyed_by, self.of.source, sample.key),
            agency_id=self.of.agency_id if sample.agency == self.owner else None,
            agency=sample.agency,
            session_id=None,
            day=sample.received,
            released_at=datetime.combine(sample.completed, time(), UTC) if sample.completed else self.of.imported_at,
            region=sample.region[:60],
            site=sample.site[:120],
            service_type=sample.service_type,
            client=sample.submitter_type not in NEVER_CLIENTS,
            submitter_type=sample.submitter_type,
            form=sample.form,
            expected=expected,
            expected_class=expected_class,
            verdict=verdict.value,
            outcome=outcome.value,
            found=tuple(_found(f, role.value) for f, role in zip(found, roles, strict=True)),
            tests=self._tests(sample),
            import_id=self.of.id,
        )

    def _tests(self, sample: HistoricalSample) -> tuple[TestFact, ...]:
        """A measured 0 is no finding: it stands with the tests, with the unit and basis of the amount."""
        zeros = {f.substance: f for f in sample.findings if f.amount == 0}
        reacted = [f for f in _present(sample) if _quick(f)]
        said = [TestFact(m, f.substance, Detection.DETECTED) for f in reacted for m in f.method.split("; ")]
        tests = [*self._broad(sample), *said, *sample.tests]
        by_target = {test.target: test for test in tests if test.target in zeros}
        for name, f in zeros.items():
            before = by_target.get(name) or TestFact(f.method or METHOD_NOT_STATED, name, Detection.NOT_DETECTED)
            tests = [test for test in tests if (test.method, test.target) != (before.method, name)]
            tests.append(replace(before, seen=Detection.NOT_DETECTED, unit=f.unit, basis=f.basis))
        return tuple(dict.fromkeys(tests))

    def _broad(self, sample: HistoricalSample) -> list[TestFact]:
        """Where the findings are everything a broad method saw, those that found anything looked for all there is."""
        if not self.complete or not (sample.findings or sample.nothing_found):
            return []
        named = {method for f in sample.findings for method in f.method.split("; ") if method} - _NARROW
        named = named or {t.method for t in sample.tests if t.target == "*"} or {METHOD_NOT_STATED}
        return [TestFact(method, "*", Detection.LOOKED) for method in sorted(named)]

    def _finding(self, f: HistoricalFinding) -> FindingFact:
        registered = f.substance in self.pack.substances
        return FindingFact(
            substance=f.substance if registered else None,
            drug_class=None if registered else f.drug_class,
            abundance=Abundance(f.abundance),
            confidence=Confidence.INDICATED,
        )

    def _outcome(self, sample: HistoricalSample, *, anything: bool) -> Outcome:
        if anything:
            return Outcome.IDENTIFIED
        nothing = sample.nothing_found or (self.complete and bool(sample.findings))
        return Outcome.NOTHING_FOUND if nothing else Outcome.INCONCLUSIVE

    def _expected(self, named: tuple[str, ...]) -> tuple[str, str]:
        """The one thing a sample is counted under, and its class; several things count as a mixture."""
        if len(named) > 1:
            return "mixture", ""
        if not named:
            return "unknown", ""
        row = self.pack.substances.get(named[0])
        return named[0], row.drug_class if row else "" if named[0] in self.pack.substances.intents else named[0]
