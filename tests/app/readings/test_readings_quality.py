"""Analyses by hand, and what they allow one to say: a strip is never a boolean, and it beats FTIR."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from app.laboratory.identification import domain
from app.laboratory.identification.domain import Method
from app.laboratory.readings import analyses, uploads
from app.laboratory.readings import quality as reading_quality
from app.laboratory.readings.analyses import NewAnalysis
from app.laboratory.readings.domain import AnalysisStatus, StripCandidate, StripResult, strip_warnings
from app.laboratory.readings.tables import Instrument
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Invalid, Stale
from harm_messages.vocabulary import StripReading


def add(bench, new: NewAnalysis):
    rt = bench.world.runtime
    register = rt.pack.substances
    with rt.db.begin(bench.world.actors[Role.CHEMIST]) as uow:
        return analyses.add_analysis(uow, bench.sample_id, new, register=register)


def quality(bench):
    rt = bench.world.runtime
    with rt.read() as session:
        return reading_quality.quality_of(analyses.analyses_of(session, bench.sample_id), rt.now())


def strip(reading: StripReading = StripReading.POSITIVE, target: str = "opioid.fentanyl", **more) -> NewAnalysis:
    return NewAnalysis(Method.STRIP, strip_target=target, strip_reading=reading, **more)


def test_every_method_says_scope_limit_of_detection_and_limits():
    for method, info in domain.methods().items():
        assert info.method is method
        assert info.limits, method
        assert info.lod_words, method
        assert info.category in ("A", "B", "C", "")
        assert info.provenance, method
        assert info.reviewed < info.review_by
        assert info.limits[0] == '"Not seen" is not "absent".'


def test_the_classes_of_the_methods_are_classes_of_the_register(bench):
    register = bench.world.runtime.pack.substances
    for info in domain.methods().values():
        for name in (*info.classes, *info.excludes):
            assert name == "*" or register.is_class(name), (info.method, name)


def test_ftir_is_blind_to_what_is_strong_in_small_amounts():
    ftir = domain.method_info(Method.FTIR)
    assert {"opioid.fentanyl", "opioid.nitazene", "psychedelic.lysergamide", "psychedelic.nbome"} <= set(ftir.excludes)
    assert ftir.lod_percent == 5.0
    words = " ".join(ftir.limits)
    for word in ("5 %", "fentanyls", "nitazenes", "LSD", "NBOMe"):
        assert word in words
    assert "class only" in " ".join(domain.method_info(Method.STRIP).limits)
    assert "isomers" in " ".join(domain.method_info(Method.GC_MS).limits)
    assert "Presumptive" in " ".join(domain.method_info(Method.REAGENT).limits)


def test_a_strip_needs_a_target_and_one_of_four_readings(bench):
    with pytest.raises(Invalid) as refused:
        add(bench, NewAnalysis(Method.STRIP))
    assert set(refused.value.fields) == {"strip_reading", "strip_target"}
    with pytest.raises(Invalid) as refused:
        add(bench, strip(target="unicorn dust"))
    assert "not in the substance list" in refused.value.fields["strip_target"]
    with pytest.raises(Invalid):
        add(bench, NewAnalysis(Method.FTIR, strip_reading=StripReading.POSITIVE))
    row = add(bench, strip(strip_brand="BTNX", strip_lot="DOA1", strip_cut_off_ng_ml=20, strip_dilution="2 mg in 5 mL"))
    assert row.method_version == domain.method_info(Method.STRIP).version
    assert row.operator_id == bench.world.actors[Role.CHEMIST].person_id


def test_the_api_records_a_strip_once(bench):
    url = f"/api/v1/samples/{bench.sample_id}/analyses"
    body = {"method": "strip", "strip_target": "opioid.nitazene", "strip_reading": "faint"}
    first = bench.chemist.post(url, json=body, headers={"Idempotency-Key": "s1"})
    again = bench.chemist.post(url, json=body, headers={"Idempotency-Key": "s1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert len(bench.get(url)) == 1
    assert bench.chemist.post(url, json={"method": "strip"}).status_code == 422
    assert bench.chemist.post(url, json=body | {"strip_lot": "a\x00b"}).status_code == 422


def test_a_strip_that_is_positive_where_ftir_shows_nothing_is_a_warning(bench, shared_data: Path):
    add(bench, strip())
    assert quality(bench).warnings == ()  # no FTIR was read yet: nothing contradicts
    bench.upload((shared_data / "ir/dev/street_jdx/Sd008.dx").read_bytes(), "caffeine with 3 % fentanyl.dx")
    warnings = quality(bench).warnings
    assert len(warnings) == 1
    assert "fentanyl strip is positive, but FTIR does not show it" in warnings[0]
    assert "treat the sample as containing it" in warnings[0]


def test_strips_by_the_table():
    fentanyl = StripCandidate("Fentanyl", "fentanyl", "opioid.fentanyl")
    positive = StripResult("opioid.fentanyl", StripReading.POSITIVE, "fentanyl")
    assert strip_warnings([positive], [fentanyl]) == []
    assert strip_warnings([StripResult("fentanyl", StripReading.POSITIVE)], [fentanyl]) == []
    assert strip_warnings([StripResult("opioid", StripReading.POSITIVE)], [fentanyl]) == []
    assert len(strip_warnings([positive], [StripCandidate("Caffeine", "caffeine", "cut.medicine")])) == 1
    assert len(strip_warnings([positive], [])) == 1
    assert strip_warnings([replace(positive, reading=StripReading.NEGATIVE)], []) == []
    assert "faint" in strip_warnings([replace(positive, reading=StripReading.FAINT)], None)[0]
    assert "invalid" in strip_warnings([replace(positive, reading=StripReading.INVALID)], None)[0]


def test_files_that_wait_failed_blanks_and_old_instruments_are_named(bench):
    rt = bench.world.runtime
    with rt.db.begin() as uow:
        machine = Instrument(
            agency_id=bench.world.agency_id,
            name="FTIR 2",
            method=Method.FTIR,
            certificate_due=uow.now - timedelta(days=1),
        )
        uow.session.add(machine)
        uow.session.flush()
    add(bench, NewAnalysis(Method.FTIR, instrument_id=machine.id, batch="B7", qc_failed=True))
    old = add(bench, NewAnalysis(Method.GC_MS, status=AnalysisStatus.CONTAMINATED))
    with rt.db.begin() as uow:
        uow.session.get(type(old), old.id).method_version = "0"
    bench.chemist.post(f"/api/v1/samples/{bench.sample_id}/uploads?filename=a.dx", content=b"abc")
    found = quality(bench)
    assert found.files_waiting == 1
    assert found.qc_failed == ("FTIR (batch B7)",)
    assert found.instruments_overdue == ("FTIR 2",)
    assert found.methods_inactive == ("GC-MS version 0",)
    assert any("did not go well (contaminated)" in text for text in found.warnings)
    bench.runner.run_until_idle()
    assert quality(bench).files_waiting == 0


def test_a_foreign_or_wrong_instrument_cannot_be_named(bench):
    with bench.world.runtime.db.begin() as uow:
        theirs = Instrument(agency_id=bench.world.other_agency_id, name="X", method=Method.FTIR)
        ours = Instrument(agency_id=bench.world.agency_id, name="Y", method=Method.GC_MS)
        uow.session.add_all([theirs, ours])
        uow.session.flush()
    for machine in (theirs, ours):
        with pytest.raises(Invalid) as refused:
            add(bench, NewAnalysis(Method.FTIR, instrument_id=machine.id))
        assert "instrument_id" in refused.value.fields


def test_scope_says_what_a_negative_may_rest_on(bench, shared_data: Path):
    add(
        bench, strip(StripReading.NEGATIVE, "opioid.nitazene", strip_cut_off_ng_ml=2000, strip_dilution="10 mg in 1 mL")
    )
    add(bench, strip(StripReading.INVALID))
    add(bench, NewAnalysis(Method.LC_MS))
    add(bench, NewAnalysis(Method.LC_MS, read_by_hand=True))
    bench.upload((shared_data / "ir/dev/street_jdx/Sd006.dx").read_bytes(), "a.dx")
    bench.upload(b"nothing of use", "broken.dx", method="gc_ms")
    with bench.world.runtime.read() as session:
        nitazene, invalid, no_file, by_hand, ftir, broken = reading_quality.scope_of(
            analyses.analyses_of(session, bench.sample_id)
        )
    assert nitazene.classes == ("opioid.nitazene",)
    assert nitazene.lod_words == "2000 ng/mL at 10 mg in 1 mL"
    assert nitazene.lod_percent is None
    assert nitazene.counts
    assert not invalid.counts
    assert not no_file.counts  # nobody has read it
    assert by_hand.counts
    assert any("not marked as read on the instrument" in text for text in quality(bench).warnings)
    assert ftir.counts
    assert (ftir.classes, ftir.category) == (("*",), "A")
    assert ftir.printed, "limits of this very reading"
    assert ftir.lod_percent == max(5.0, *(math.ceil(limit) for _, limit in ftir.printed))
    assert not broken.counts  # its only file could not be read


@pytest.mark.parametrize("database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
@pytest.mark.parametrize("what", ["analysis", "upload"])
def test_a_row_that_changed_while_it_was_waited_for_is_stale_and_not_overwritten(bench, what: str):
    """On PostgreSQL the second waits for the first's lock, and must then see what the first wrote. (SQLite: one writer.)"""
    rt, chemist = bench.world.runtime, bench.world.actors[Role.CHEMIST]
    upload = bench.upload(b"nothing of use", "broken.dx", method="gc_ms")
    key, version = (UUID(upload["id"]), upload["version"]) if what == "upload" else (UUID(upload["analysis_id"]), 1)

    def change(uow, text: str):
        if what == "upload":
            uploads.answer_upload(uow, key, version, hints={"format": text})
        else:
            analyses.update_analysis(uow, key, version, {"batch": text})

    outcome: list[str] = []

    def second() -> None:
        try:
            with rt.db.begin(chemist) as uow:
                # seen before the wait: what the identity map holds must not win
                held = (uploads.get_upload if what == "upload" else analyses.get_analysis)(uow.session, chemist, key)
                seen.set()
                change(uow, "second")
                assert held.id == key
                outcome.append("done")
        except Stale:
            outcome.append("stale")

    seen = threading.Event()
    other = threading.Thread(target=second)
    with rt.db.begin(chemist) as uow:
        change(uow, "first")
        uow.session.flush()
        other.start()
        assert seen.wait(10)
        time.sleep(0.3)
    other.join(15)
    assert outcome == ["stale"]
