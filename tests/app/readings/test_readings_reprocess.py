"""Stored files are read again from their raw bytes: shown first, taken over only where nothing stands on them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sqlmodel import select

from app.laboratory.readings import repository
from app.laboratory.readings import reprocess as module
from app.laboratory.readings.domain import ReadingsInQuestion, UploadState
from app.laboratory.readings.reprocess import Outcome, Reprocessed, Selection, how_many, reprocess
from app.laboratory.readings.tables import Match, Reading, Upload
from app.platform import reactions
from app.platform.audit import AuditEntry
from app.platform.jobs import JobRow
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import NotFound
from app.platform.live.tables import EventRow
from instruments import AmbiguousText, Choice, CorruptFile
from spectra import Level, MassSpectrum, ReadingKind, Remark
from spectra import Reading as FileReading
from tests.support.small_files import small_ir


class NewerReaders:
    """Today's readers: what the sandbox says, altered by the test, file by file."""

    def __init__(self, sandbox) -> None:
        self.sandbox = sandbox
        self.change = lambda readings: readings
        self.asked: list[tuple[str, dict[str, str]]] = []

    def read(self, source: Path, name: str | None = None, hints: Mapping[str, str] | None = None):
        self.asked.append((name or "", dict(hints or {})))
        return self.change(self.sandbox.read(source, name, hints))

    def version(self, number: str, **more: object):
        def newer(readings):
            return [replace(r, reader_version=number, **more) for r in readings]

        self.change = newer

    def refuse(self, error: Exception) -> None:
        def refused(readings):
            raise error

        self.change = refused


@pytest.fixture
def newer(bench) -> NewerReaders:
    return NewerReaders(bench.parts.sandbox)


ALL = Selection()


def run(bench, newer, chosen: Selection = ALL, **more) -> list[Reprocessed]:
    return list(reprocess(replace(bench.parts, sandbox=newer), chosen, **more))


def stored(bench, upload: dict) -> tuple[Upload, list[Reading]]:
    with bench.world.runtime.read() as session:
        row = session.get(Upload, uuid.UUID(upload["id"]))
        assert row is not None
        return row, repository.readings_of_upload(session, row.id)


def everything(bench) -> list[tuple]:
    with bench.world.runtime.read() as session:
        tables = (Upload, Reading, Match, JobRow, AuditEntry, EventRow)
        return [tuple(sorted(map(repr, session.exec(select(table))))) for table in tables]


def test_an_unchanged_file_is_the_same_and_apply_does_not_touch_it(bench, newer):
    bench.upload(small_ir(), "a.dx")
    before = everything(bench)
    (found,) = run(bench, newer, apply=True)
    assert found.outcome is Outcome.SAME
    assert found.changes == ()
    assert everything(bench) == before


def test_a_dry_run_shows_every_difference_and_changes_nothing(bench, newer):
    bench.upload(small_ir(), "a.dx")

    def other(readings):
        (one,) = readings
        y = one.y.copy()
        y[3] *= 1.1
        return [
            replace(
                one, y=y, x_unit="nm", reader_version="99", kind=ReadingKind.UV,
                remarks=(Remark(Level.WARNING, "axis_guessed", "The axis was guessed."),),
            )
        ]  # fmt: skip

    newer.change = other
    before = everything(bench)
    (found,) = run(bench, newer)
    assert everything(bench) == before
    assert found.outcome is Outcome.CHANGED
    (change,) = found.changes
    assert change.fields["x_unit"] == ("cm-1", "nm")
    assert change.fields["kind"] == ("ir", "uv")
    assert change.fields["reader_version"][1] == "99"
    assert "y_max" not in change.fields  # the fourth point is not the highest
    assert change.remarks_added == ("The axis was guessed.",)
    old_y = 0.001 * round(1000 / (1 + ((460 - 1700) / 40) ** 2) + 500 / (1 + ((460 - 1100) / 40) ** 2))
    assert change.arrays["y"].absolute == pytest.approx(0.1 * old_y)
    assert change.arrays["y"].relative == pytest.approx(0.1 / 1.1)
    assert "x" not in change.arrays


def test_peaks_of_scans_are_compared_with_unknown_precursors_equal(bench, newer):
    def run_of(intensity: float) -> FileReading:
        scans = tuple(MassSpectrum([50.0, 60.0], [intensity, 2.0], None if k else 99.5) for k in range(3))
        times, sums = np.arange(3.0), np.full(3, intensity + 2.0)
        return FileReading(ReadingKind.MASS_RUN, times, sums, "s", "total ion current", scans=scans, reader_version="1")

    newer.change = lambda _readings: [run_of(1.0)]
    bench.upload(small_ir(), "a.dx")
    run(bench, newer, apply=True)
    assert run(bench, newer)[0].outcome is Outcome.SAME
    newer.change = lambda _readings: [run_of(1.5)]
    (found,) = run(bench, newer)
    assert found.changes[0].arrays["intensity"].absolute == pytest.approx(0.5)
    assert found.changes[0].arrays["intensity"].relative == pytest.approx(0.5 / 1.5)
    assert set(found.changes[0].arrays) == {"y", "intensity"}


def test_a_reading_more_and_a_reading_less_are_named(bench, newer):
    bench.upload(small_ir(), "a.dx")
    newer.change = lambda readings: [*readings, replace(readings[0], kind=ReadingKind.RAMAN)]
    (more,) = run(bench, newer, apply=True)
    assert more.readings == (1, 2)
    assert more.changes[0].fields["reading"] == (None, "raman")
    newer.change = lambda readings: readings
    (less,) = run(bench, newer)
    assert less.readings == (2, 1)
    assert less.changes[0].fields["reading"] == ("raman", None)


def test_apply_stores_readings_candidates_audit_and_event_through_the_job(bench, newer):
    upload = bench.upload(small_ir(), "a.dx")
    old_row, old_readings = stored(bench, upload)
    newer.version("99")
    (found,) = run(bench, newer, apply=True)
    assert (found.outcome, found.stored) == (Outcome.DETAILS, "stored")
    row, (reading,) = stored(bench, upload)
    assert row.state is UploadState.READ
    assert row.version == old_row.version + 2
    assert reading.reader_version == "99"
    assert reading.id == old_readings[0].id  # of the same points: links and steps made of it stay good
    assert bench.candidates(upload)["answer"]["headline"]
    with bench.world.runtime.read() as session:
        verbs = [e.verb for e in session.exec(select(AuditEntry).where(AuditEntry.object_id == upload["id"]))]
        kinds = [e.kind for e in session.exec(select(EventRow).where(EventRow.topic == "sample"))]
    assert verbs == ["receive", "read", "reread", "read"]
    assert kinds[-2:] == ["upload.answered", "upload.read"]
    assert len(newer.asked) == 1  # what was compared is what was stored
    assert run(bench, newer)[0].outcome is Outcome.SAME


def test_the_stored_answer_of_a_person_is_used_again(bench, newer):
    content = b"".join(b"%d,%02d\r\n" % (400 + k, 7 * k % 100) for k in range(90))
    upload = bench.upload(content, "ambiguous.csv")
    assert upload["state"] == "asks"
    answer = bench.chemist.post(
        f"/api/v1/uploads/{upload['id']}/answer", json={"choice": 0}, headers={"If-Match": f'"{upload["version"]}"'}
    )
    assert answer.status_code == 202, answer.text
    bench.runner.run_until_idle()
    (found,) = run(bench, newer)
    assert found.outcome is Outcome.SAME
    assert newer.asked == [("ambiguous.csv", stored(bench, upload)[0].hints)]
    assert newer.asked[0][1]


def test_a_file_that_was_refused_and_can_be_read_now_is_taken_over(bench, newer):
    upload = bench.upload(b"##TITLE=cut\n##JCAMP-DX=4.24\n##XYDATA=", "b.dx")
    assert upload["state"] == "refused"
    assert run(bench, newer)[0].outcome is Outcome.STILL_REFUSED
    good = bench.parts.sandbox.read(_file(bench, small_ir()), "a.dx")

    class Able:
        def read(self, source, name=None, hints=None):
            return good

    (dry,) = run(bench, Able())
    assert (dry.outcome, dry.readings, dry.stored) == (Outcome.NEWLY_READ, (0, 1), "")
    (found,) = run(bench, Able(), apply=True)
    assert found.stored == "stored"
    row, readings = stored(bench, upload)
    assert (row.state, row.problem, len(readings)) == (UploadState.READ, None, 1)


def _file(bench, content: bytes) -> Path:
    path = bench.parts.blobs.root / "a file of the test"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (CorruptFile("The factors make no sense."), Outcome.NEWLY_REFUSED),
        (AmbiguousText("Comma or point?", choices=(Choice("comma", {"decimal": ","}),)), Outcome.NEWLY_ASKS),
    ],
    ids=["refused", "asks"],
)
def test_a_reading_is_never_lost_because_a_newer_reader_balks(bench, newer, error: Exception, outcome: Outcome):
    upload = bench.upload(small_ir(), "a.dx")
    before = everything(bench)
    newer.refuse(error)
    (found,) = run(bench, newer, apply=True)
    assert (found.outcome, found.stored) == (outcome, "kept")
    assert str(error) in found.said
    assert everything(bench) == before
    assert stored(bench, upload)[0].state is UploadState.READ


@pytest.mark.parametrize(
    "reason", [CorruptFile("The reader broke down."), OSError("a disk error")], ids=["file", "ours"]
)
def test_a_reading_is_not_lost_when_a_service_takes_the_job_and_cannot_read_the_file(bench, newer, monkeypatch, reason):
    """The service may be of another version, or be stopped in the middle."""
    upload = bench.upload(small_ir(), "a.dx")
    (before,) = stored(bench, upload)[1]
    newer.version("99")
    service = NewerReaders(bench.parts.sandbox)
    service.refuse(reason)
    handlers = module.handlers
    monkeypatch.setattr(module, "handlers", lambda parts: handlers(replace(parts, sandbox=service)))
    runner = module.JobRunner
    monkeypatch.setattr(module, "JobRunner", partial(runner, backoff=lambda _n: timedelta(0)))
    (found,) = run(bench, newer, apply=True)
    assert (found.stored, found.why) == ("kept", "the service took it and could not read it; run this again")
    row, (after,) = stored(bench, upload)
    assert (row.state, row.problem, after.id) == (UploadState.READ, None, before.id)
    with bench.world.runtime.read() as session:
        told = session.exec(select(EventRow.kind).order_by(EventRow.id)).all()
    assert told.count("upload.read") == 2  # the screens are told that it is there again


def _submitted(bench, monkeypatch) -> None:
    monkeypatch.setitem(reactions._TABLE, ReadingsInQuestion, (lambda *_: "released",))


def _withdrawn(bench, _monkeypatch) -> None:
    with bench.world.runtime.db.begin(bench.world.actors[Role.CHEMIST]) as uow:
        module.lookup.lock_sample(uow, bench.sample_id).withdrawn_at = uow.now


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (_submitted, "a result stands on it (released); amend it to use the new reading"),
        (_withdrawn, "its sample was withdrawn"),
    ],
)
def test_nothing_moves_under_a_submitted_result_or_of_a_withdrawn_sample(bench, newer, monkeypatch, happens, why: str):
    bench.upload(small_ir(), "a.dx")
    newer.version("99")
    happens(bench, monkeypatch)
    before = everything(bench)
    (found,) = run(bench, newer, apply=True)
    assert (found.stored, found.why) == ("kept", why)
    assert everything(bench) == before


def test_a_file_somebody_answered_meanwhile_is_left_to_them(bench, newer):
    upload = bench.upload(small_ir(), "a.dx")

    def answered(readings):
        with bench.world.runtime.db.begin(bench.world.actors[Role.CHEMIST]) as uow:
            uow.session.get(Upload, uuid.UUID(upload["id"])).version += 1
        return [replace(readings[0], reader_version="99")]

    newer.change = answered
    (found,) = run(bench, newer, apply=True)
    assert found.stored == "kept"
    assert "someone else changed it" in found.why


def test_one_bad_file_never_stops_the_run(bench, newer):
    gone = bench.upload(small_ir() + b"\n", "gone.dx")
    bench.parts.blobs.path(gone["sha256"]).unlink()
    bench.upload(small_ir(), "there.dx")
    first, second = run(bench, newer)
    assert (first.file_name, first.outcome) == ("gone.dx", Outcome.FAILED)
    assert first.said == "It could not be read again: its raw bytes are not on this disk."
    assert second.outcome is Outcome.SAME


def test_lost_points_are_a_difference_and_come_back(bench, newer):
    upload = bench.upload(small_ir(), "a.dx")
    _, (reading,) = stored(bench, upload)
    bench.parts.arrays.path(reading.arrays_sha256).unlink()
    (found,) = run(bench, newer)
    # the sha-256 is the same, so only a look at the disk can tell
    assert found.outcome is Outcome.CHANGED
    assert found.changes[0].fields["points"] == ("missing", "there")
    run(bench, newer, apply=True)
    assert bench.parts.arrays.path(reading.arrays_sha256).exists()


def test_a_run_that_was_cut_off_goes_on_with_the_older_ones(bench, newer, monkeypatch: pytest.MonkeyPatch):
    for number in range(3):
        bench.upload(small_ir() + b"\n" * number, f"{number}.dx")
    newer.version("99")
    current = [replace(known, version="99") if known.name == "jcamp" else known for known in module.formats()]
    monkeypatch.setattr(module, "formats", lambda: tuple(current))
    parts = replace(bench.parts, sandbox=newer)
    cut_off = reprocess(parts, Selection(older=True), apply=True)
    assert next(cut_off).stored == "stored"
    cut_off.close()
    rest = run(bench, newer, Selection(older=True), apply=True)
    assert [r.file_name for r in rest] == ["1.dx", "2.dx"]
    assert run(bench, newer, Selection(older=True)) == []


def test_a_selection_narrows_by_format_reader_sample_and_file(bench, newer):
    dx = bench.upload(small_ir(), "a.dx")
    msp = bench.upload(b"Name: Testamine\nNum Peaks: 2\n58 999; 91 120;\n\n", "b.msp")
    bench.upload(b"no instrument file at all, only some prose about one", "c.txt")  # refused
    names = lambda chosen: [r.file_name for r in run(bench, newer, chosen)]  # noqa: E731
    assert names(Selection()) == ["a.dx", "b.msp", "c.txt"]
    assert names(Selection(format="jcamp")) == ["a.dx"]
    assert names(Selection(reader="instruments.msp")) == ["b.msp"]
    assert names(Selection(reader="msp")) == ["b.msp"]
    assert names(Selection(upload_id=uuid.UUID(msp["id"]))) == ["b.msp"]
    assert names(Selection(sample_id=bench.sample_id)) == ["a.dx", "b.msp", "c.txt"]
    assert how_many(bench.parts, Selection(upload_id=uuid.UUID(dx["id"]))) == 1
    for absent in (Selection(sample_id=uuid.uuid4()), Selection(upload_id=uuid.uuid4())):
        with pytest.raises(NotFound):
            how_many(bench.parts, absent)


def test_a_file_that_waits_for_its_first_reading_is_passed_over(bench, newer):
    url = f"/api/v1/samples/{bench.sample_id}/uploads"
    assert bench.chemist.post(url, params={"filename": "a.dx"}, content=small_ir()).status_code == 202
    assert run(bench, newer, apply=True) == []
    assert newer.asked == []


def test_more_files_than_a_page_are_all_read_again(bench, newer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "PAGE", 2)
    for number in range(5):
        bench.upload(small_ir() + b"\n" * number, f"{number}.dx")
    told: list[int] = []
    assert len(run(bench, newer, progress=told.append)) == 5
    assert told == [1, 2, 3, 4, 5]
