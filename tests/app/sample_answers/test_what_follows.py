"""What follows from the answer of a whole sample: which analyses count for a finding, what is added, and which questions stay open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app.laboratory.identification.answer import Answer, Level, Peak
from app.laboratory.identification.domain import Method, method_info
from app.laboratory.identification.substances import SubstanceIndex
from app.laboratory.readings.analyses import AnalysisView, ReadingView
from app.laboratory.readings.tables import Analysis, Reading
from app.laboratory.sample_answers import evidence as sample_evidence
from app.laboratory.sample_answers.domain import (
    Cell,
    CurrentAnswer,
    Name,
    Part,
    Progress,
    Question,
    Replied,
    Reply,
    WholeAnswer,
)
from app.laboratory.sample_answers.whole_answer import whole_answer
from app.platform.storage import BlobStore
from app.results.derivation import Evidence, derive_confidence
from app.results.named import with_offers
from app.results.whole import matrix_of, offers_of_whole
from harm_messages import load_pack
from spectra.sample.answer import (
    Blindness,
    CalibrationNote,
    Expected,
    SampleAnswer,
    SamplePart,
    State,
    Support,
)

FTIR, GCMS, STRIP = uuid4(), uuid4(), uuid4()


def cell(method: str, state: State, analysis: UUID, share: float | None = None) -> Cell:
    return Cell(method, method_info(Method(method)).title, state, "", f"{method} says {state}.", (analysis,), share)


def whole(*cells: Cell, others: tuple[Name, ...] = (), questions: tuple[Question, ...] = ()) -> WholeAnswer:
    name = Name("ZPUCINDJVBIVPJ", "Cocaine", "cocaine", "stimulant", 0.97)
    return WholeAnswer(
        (Part(name, others, not others, cells),), (("ftir", "FTIR"), ("gc_ms", "GC-MS")), questions=questions
    )


def evidence(method: str, against: str = "") -> Evidence:
    info = method_info(Method(method))
    return Evidence(method, info.title, info.category, info.specific, against=against)


def test_two_methods_that_see_it_confirm_and_one_that_would_have_and_did_not_does_not_count() -> None:
    level, _ = derive_confidence([evidence("ftir"), evidence("gc_ms")])
    assert level == "confirmed"
    level, reasons = derive_confidence(
        [evidence("ftir"), evidence("gc_ms", against="GC-MS would have shown it above 2 %.")]
    )
    assert level == "indicated"
    assert "GC-MS does not count. GC-MS would have shown it above 2 %." in reasons


@pytest.mark.parametrize(
    ("state", "counts"),
    [(State.SEEN, True), (State.NOT_TOLD_APART, True), (State.NOT_SEEN, False), (State.NOT_VISIBLE, False)],
)
def test_the_matrix_that_is_kept_says_which_analysis_counts(state: State, counts: bool) -> None:
    from app.results.derivation import MethodWords

    kept = matrix_of(CurrentAnswer(Progress.READY, whole(cell("ftir", State.SEEN, FTIR), cell("gc_ms", state, GCMS))))
    assert kept is not None
    words = MethodWords(kept)
    assert (words.against("cocaine", GCMS) == "") is counts
    assert words.against("cocaine", FTIR) == ""
    assert words.against("mdma", GCMS) == "", "nothing is known of a substance that is no part"


def test_strips_stay_out_of_the_matrix_because_they_have_rules_of_their_own() -> None:
    kept = matrix_of(
        CurrentAnswer(Progress.READY, whole(cell("ftir", State.SEEN, FTIR), cell("strip", State.SEEN, STRIP)))
    )
    assert kept is not None
    assert [row.analysis_ids for row in kept] == [(FTIR,)]


def test_the_other_method_narrows_what_a_finding_could_not_tell_apart() -> None:
    other = Name("OTHER", "Pseudococaine", "", "", 0.3)
    first = with_offers((), offers_of_whole(whole(cell("gc_ms", State.SEEN, GCMS), others=(other,))))
    assert (first[0].cannot_tell_from, first[0].analysis_ids) == (("Pseudococaine",), (GCMS,))
    (finding,) = with_offers(
        first, offers_of_whole(whole(cell("gc_ms", State.SEEN, GCMS), cell("ftir", State.SEEN, FTIR)))
    )
    assert finding.cannot_tell_from == ()


def test_a_question_stays_open_until_somebody_answers_and_while_a_file_is_of_another_sample() -> None:
    question = Question("k1", "one_sample", "Are these two files of one sample?")
    current = CurrentAnswer(Progress.READY, whole(questions=(question,)))
    assert (current.open_questions, current.answered) == ((question,), 0)
    reply = Replied("k1", Reply.WRONG_FILE, "", uuid4(), datetime.now(UTC))
    assert replace(current, replies=(reply,)).open_questions == (question,)
    settled = replace(current, replies=(reply, replace(reply, reply=Reply.ONE_SAMPLE)))
    assert (settled.open_questions, settled.answered) == ((), 1)


def test_what_a_method_has_no_reference_of_is_told_apart_from_what_it_did_not_see() -> None:
    blind = Support(State.NOT_VISIBLE, "s", why=Blindness.NO_REFERENCE)
    looked = Support(State.NOT_SEEN, "s", limit=0.04)
    index = SubstanceIndex(load_pack().substances)
    key = next(row.inchikey.value.split("-")[0] for row in load_pack().substances if row.id == "mdma" and row.inchikey)
    answer = SampleAnswer(
        (), {}, None, (), None, {}, CalibrationNote("1", "2026-11-29", "dev", ()), (),
        (Expected(key, {"gc_ms": blind, "ftir": looked}, "Expected: MDMA."),),
    )  # fmt: skip
    assert whole_answer(answer, index, {}).blind == (("mdma", "gc_ms"),)


def test_cells_say_the_word_of_their_state_with_its_figure() -> None:
    support = {
        "ftir": Support(State.SEEN, "s", probability=0.98, share=0.64, readings=("r1",)),
        "gc_ms": Support(State.NOT_SEEN, "s", limit=0.041, readings=("r2#3",)),
        "raman": Support(State.NOT_VISIBLE, "s", why=Blindness.NO_REFERENCE),
        "lc_ms": Support(State.NOT_TOLD_APART, "s", apart_from=("OTHER",)),
        "dart_ms": Support(State.NOT_SEEN, "s", apart_from=("OTHER",)),
        "msms": Support(State.NOT_TESTED, "s", why=Blindness.REFUSED),
    }
    part = SamplePart(
        "ZPUCINDJVBIVPJ", "Cocaine", 0.98, (("ZPUCINDJVBIVPJ", 0.98),), True, support, {"OTHER": "Pseudococaine"}
    )
    answer = SampleAnswer((part,), {}, 0.01, (), None, {}, CalibrationNote("1", "2026-11-29", "dev", ()), ())
    shown = whole_answer(answer, SubstanceIndex(), {"r1": FTIR, "r2": GCMS})
    words = {c.method: c.words for c in shown.parts[0].cells}
    assert words == {
        "ftir": "seen, 64 % of signal",
        "gc_ms": "not seen, would show above 4.5 %",
        "raman": "could not be seen, no reference",
        "lc_ms": "not told apart from Pseudococaine",
        "dart_ms": "not seen, gives Pseudococaine instead",
        "msms": "not tested, reading does not count",
    }
    assert shown.parts[0].cells[[c.method for c in shown.parts[0].cells].index("gc_ms")].analysis_ids == (GCMS,)
    assert shown.parts[0].seen_by == (FTIR,)


def test_what_a_method_cannot_see_is_declared_with_the_method_by_id_or_class() -> None:
    register = sample_evidence.register_of(load_pack().substances)
    key = {row.id: sample_evidence.key_of(row) for row in load_pack().substances}
    assert {key["lactose"], key["sodium-chloride"]} <= register.blind["gc_ms"]
    assert key["paracetamol"] not in register.blind["gc_ms"]
    assert key["lactose"] not in register.blind["ftir"]
    assert register.seen_as["gc_ms"] == {key["psilocybin"]: key["psilocin"]}
    assert {"fentanyl", "opioid.fentanyl", "opioid"} <= register.classes[key["fentanyl"]]


def test_a_run_of_many_peaks_pushes_no_other_reading_out_and_what_is_left_out_is_said(tmp_path: Path) -> None:
    peaks = tuple(Peak(peak=k, mz=(58.0, 91.0), intensity=(9.0, 1.0), level=Level.RELATED) for k in range(1, 31))
    run = reading_of("mass_run", Answer(Level.RELATED, peaks=peaks))
    others = [reading_of("other", Answer(Level.RELATED)) for _ in range(sample_evidence.MOST_READINGS)]
    read = sample_evidence.readings_of([analysed(run, *others)], BlobStore(tmp_path, max_bytes=1))
    assert sum("#" in one.key for one in read) == 30
    assert [one.refused for one in read if one.refused] == [sample_evidence.TOO_MANY]


def reading_of(kind: str, answer: Answer) -> ReadingView:
    row = Reading(upload_id=uuid4(), analysis_id=uuid4(), ordinal=0, kind=kind, format="", reader="", reader_version="",
                  x_unit="", y_unit="", n_points=0, created_at=datetime.now(UTC))  # fmt: skip
    return ReadingView(row, None, answer)


def analysed(*views: ReadingView) -> AnalysisView:
    row = Analysis(sample_id=uuid4(), method=Method.GC_MS, method_version="1", started_at=datetime.now(UTC))
    return AnalysisView(row, method_info(Method.GC_MS), None, [], list(views))


def test_a_sentence_of_the_answer_calls_no_reading_by_its_key() -> None:
    note = CalibrationNote("1", "2026-11-29", "real EI readings", ())
    said = ("r1 supports no answer. It holds no data.", "r2#3 holds the same data as r1 and counts once.")
    shown = whole_answer(
        SampleAnswer((), {}, None, (), None, {}, note, said), SubstanceIndex(), {"r1": FTIR, "r2": GCMS}
    )
    assert shown.reasons == (
        "A reading supports no answer. It holds no data.",
        "Peak 3 of a reading holds the same data as another reading and counts once.",
    )
    assert shown.calibration == "The weights were fitted to real EI readings (1, 2026-11-29)."
