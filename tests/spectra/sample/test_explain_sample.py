"""The whole road of a sample in a small world: look-alikes by EI, curves of their own by infrared."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from spectra import (
    Blindness,
    InfraredLibrary,
    InfraredSpectrum,
    MassLibrary,
    MassRun,
    MassSpectrum,
    SampleAnswer,
    SampleLibraries,
    SampleReading,
    SampleRegister,
    SampleSettings,
    SampleTest,
    StandsFor,
    State,
    Support,
    TestResult,
    explain_sample,
)
from spectra.infrared_grid import GRID
from spectra.sample.hearing import beside
from spectra.sample.mixture import Withheld
from spectra.sample.naming import Naming
from tests.spectra.sample.small_world import (
    CAFFEINE,
    COCAINE,
    FOUR,
    NAMES,
    OTHERS,
    REGISTER,
    SUGAR,
    THREE,
    curve,
    ei,
    gc,
    infrared_library,
    ir,
    libraries,
    mass_library,
)
from tests.spectra.spectrum_builders import library_of


@cache
def both(truth: str, no_infrared: tuple[str, ...] = ()) -> SampleAnswer:
    """One cathinone by both methods."""
    return explain_sample([gc(truth), ir(truth)], [], libraries((), no_infrared), REGISTER)


def numbers(answer: SampleAnswer) -> list[tuple[str, float | None, tuple[tuple[str, float | None], ...]]]:
    return [(part.compound, part.probability, part.set) for part in answer.parts]


@pytest.mark.parametrize("truth", [THREE, FOUR])
def test_infrared_tells_apart_what_ei_cannot(truth: str) -> None:
    part = both(truth).parts[0]
    assert (part.compound, part.single) == (truth, True)
    assert part.support["gc_ms"].state is State.NOT_TOLD_APART
    assert part.support["ftir"].state is State.SEEN


def test_noise_speaks_against_no_reference() -> None:
    """It leaves a tenth of this reading unexplained, whatever the reading is of."""
    noisy = InfraredSpectrum(GRID, curve(THREE) + np.random.default_rng(1).normal(0.0, 0.03, GRID.size))
    part = explain_sample([gc(THREE), SampleReading("ir", "ftir", noisy)], [], libraries(), REGISTER).parts[0]
    assert (part.compound, part.single) == (THREE, True)
    assert part.support["ftir"].ratio > 1e4


def test_a_missing_reference_is_no_evidence_and_is_said() -> None:
    answer = both(THREE, (THREE, FOUR))
    part = answer.parts[0]
    assert {c for c, _ in part.set} == {THREE, FOUR}
    row = part.support["ftir"]
    assert (row.state, row.why, row.ratio) == (State.NOT_VISIBLE, Blindness.NO_REFERENCE, 1.0)
    assert "no reference for 3-CEC" in row.sentence


@pytest.mark.parametrize("known", [THREE, FOUR])
def test_with_one_of_two_references_the_truth_is_named_either_way_round(known: str) -> None:
    """The reading is of 3-CEC; infrared knows only one of the two."""
    answer = both(THREE, (FOUR if known == THREE else THREE,))
    assert answer.parts[0].compound == THREE


def test_one_reading_gives_the_methods_own_answer() -> None:
    reading = gc(THREE)
    said = mass_library().identify(ei(THREE))
    answer = explain_sample([reading], [], libraries(), REGISTER)
    assert answer.parts[0].set == said.compounds[: len(said.set)]
    assert answer.none_of_these == said.p_not_in_library
    assert answer.by_method["gc_ms"].identifications["gc"] == said
    assert answer.calibration.withheld == ""


def test_order_and_copies_of_readings_change_nothing() -> None:
    first = both(FOUR)
    turned = explain_sample([ir(FOUR), gc(FOUR), ir(FOUR, key="ir again")], [], libraries(), REGISTER)
    assert numbers(turned) == numbers(first)
    assert any("counts once" in reason for reason in turned.reasons)


def test_what_was_expected_changes_no_probability() -> None:
    readings = [gc(FOUR), ir(FOUR)]
    asked = explain_sample(readings, [], libraries(), REGISTER, SampleSettings(expected=(THREE,), what_if=1e30))
    assert numbers(asked) == numbers(both(FOUR))
    assert (asked.none_of_these, asked.questions) == (both(FOUR).none_of_these, both(FOUR).questions)
    assert asked.expected[0].compound == THREE
    assert asked.what_if == "With 3-CEC 1e+30 times as likely beforehand, the first name would be 3-CEC."


def test_of_an_expected_compound_that_no_method_shows_it_is_said_how_little_would_have_been_seen() -> None:
    asked = SampleSettings(expected=(CAFFEINE,))
    answer = explain_sample([ir(COCAINE, SUGAR)], [], libraries(), REGISTER, asked)
    limit = re.fullmatch(
        r"Caffeine was expected and was not seen\. Infrared would show it above ([\d.]+) % of the signal\.",
        answer.expected[0].sentence,
    )
    assert limit is not None
    assert 0 < float(limit[1]) < 50
    none = explain_sample([ir(COCAINE, SUGAR)], [], libraries((), (CAFFEINE,)), REGISTER, asked)
    assert none.expected[0].sentence == "Caffeine was expected and could not have been seen."
    refused = SampleReading("bad", "ftir", None, refused="The file is cut off")
    nothing = explain_sample([refused], [], libraries(), REGISTER, asked)
    assert nothing.expected[0].sentence == "Caffeine was expected, and nothing that counts was measured."


def test_a_strip_for_a_class_never_separates_its_members() -> None:
    strip = SampleTest("s", "strip", "cathinone", TestResult.POSITIVE, 20.0)
    plain = dict(both(THREE, (THREE, FOUR)).parts[0].set)
    raised = explain_sample([gc(THREE), ir(THREE)], [strip], libraries((), (THREE, FOUR)), REGISTER).parts[0]
    now = dict(raised.set)
    assert now[THREE] / now[FOUR] == pytest.approx(plain[THREE] / plain[FOUR])  # type: ignore[operator]
    assert raised.support["strip"].state is State.SEEN


def test_parts_that_only_one_method_sees_are_named_and_a_blind_method_is_no_veto() -> None:
    answer = explain_sample([gc(COCAINE), ir(COCAINE, SUGAR)], [], libraries(), REGISTER)
    assert {part.compound for part in answer.parts} == {COCAINE, SUGAR}
    sugar = next(part for part in answer.parts if part.compound == SUGAR)
    row = sugar.support["gc_ms"]
    assert (row.state, row.why, row.ratio) == (State.NOT_VISIBLE, Blindness.KIND, 1.0)
    assert sugar.only == "ftir"
    assert answer.only_in == {"ftir": (SUGAR,)}
    assert not [q for q in answer.questions if SUGAR in q.compounds]


def test_a_drug_counts_less_as_missed_where_most_of_infrareds_signal_is_what_ei_cannot_see() -> None:
    def row(register: SampleRegister) -> Support:
        answer = explain_sample([gc(COCAINE), ir(SUGAR)], [], libraries(), register)
        return next(part for part in answer.parts if part.compound == COCAINE).support["ftir"]

    told, untold = row(REGISTER), row(replace(REGISTER, blind={}))
    assert untold.ratio < told.ratio < 1.0
    assert told.state is State.NOT_SEEN


def test_a_name_whose_ions_are_those_of_what_infrared_gives_falls_and_the_chemist_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    readings, known = [gc(COCAINE, CAFFEINE), ir(CAFFEINE, FOUR)], libraries((), (COCAINE,))
    plain = explain_sample(readings, [], known, REGISTER)
    assert {part.compound for part in plain.parts} == {COCAINE, CAFFEINE, FOUR}, "4-CEC has none of the ions of cocaine"
    left = "spectra.sample.hearing.left_beside"  # what infrared gives takes the ions of every name of EI
    monkeypatch.setattr(left, lambda _library, _query, named, given: np.zeros((len(named), len(given) + 1)))
    answer = explain_sample(readings, [], known, REGISTER)
    assert {part.compound for part in answer.parts} == {CAFFEINE, FOUR}
    said = "Most of EI's evidence for Cocaine is explained by 4-CEC, which infrared gives, so Cocaine is not named."
    assert said in answer.reasons
    row = next(part for part in answer.parts if part.compound == FOUR).support["gc_ms"]
    assert (row.state, row.apart_from) == (State.NOT_SEEN, (COCAINE,))
    assert row.sentence == "This method gives Cocaine instead, for ions that 4-CEC has as well."
    assert [q.text for q in answer.questions if FOUR in q.compounds] == [
        "Infrared gives 4-CEC, and EI gives Cocaine in its place, for ions that 4-CEC has as well. Does the name stand?"
    ]


def test_what_ei_is_blind_to_takes_no_ions_of_its_names() -> None:
    reading = ei(FOUR)
    for register, taken in ((REGISTER, {THREE: FOUR}), (replace(REGISTER, blind={"gc_ms": frozenset({FOUR})}), {})):
        left = beside(mass_library(), reading, "gc_ms", Naming(register))([THREE], [FOUR])
        assert {c: by for c, (share, by) in left.items() if share < 0.5} == taken


@pytest.mark.parametrize("why", list(Withheld))
def test_a_name_of_infrared_that_is_withheld_is_told(monkeypatch: pytest.MonkeyPatch, why: Withheld) -> None:
    monkeypatch.setattr("spectra.sample.explain.withheld", lambda *_: [(CAFFEINE, why)])
    answer = explain_sample([gc(COCAINE), ir(COCAINE, SUGAR)], [], libraries(), REGISTER)
    assert any("Infrared gives Caffeine, " in said and said.endswith(" is not named.") for said in answer.reasons)


def test_two_files_of_two_substances_are_a_question_and_push_no_name_out() -> None:
    answer = explain_sample([gc(COCAINE), ir(CAFFEINE)], [], libraries(), REGISTER)
    assert {part.compound for part in answer.parts} == {COCAINE, CAFFEINE}
    assert [q.code for q in answer.questions] == ["one_sample", "ei_does_not_list"]
    assert answer.conflict is not None
    assert answer.conflict.figure > answer.conflict.asked_at
    again = explain_sample([ir(CAFFEINE), gc(COCAINE)], [], libraries(), REGISTER)
    assert [q.key for q in again.questions] == [q.key for q in answer.questions]


def test_one_peak_excludes_nothing_else_and_raises_no_contradiction() -> None:
    peak = replace(gc(COCAINE), stands_for=StandsFor.ONE_PEAK, area_percent=2.0)
    answer = explain_sample([peak, ir(CAFFEINE)], [], libraries(), REGISTER)
    assert answer.conflict is None
    assert answer.questions == ()
    assert {part.compound for part in answer.parts} == {COCAINE, CAFFEINE}


def test_the_laboratorys_own_retention_index_separates_look_alikes() -> None:
    peak = replace(gc(THREE), stands_for=StandsFor.ONE_PEAK, retention_index=1520.0)
    known = replace(libraries(), retention={THREE: (1560.0, 0.0), FOUR: (1521.0, 0.0)})
    part = explain_sample([peak], [], known, REGISTER).parts[0]
    assert part.compound == FOUR
    one = replace(known, retention={COCAINE: (2200.0, 0.0)})
    assert explain_sample([peak], [], one, REGISTER).parts[0].compound == THREE


def _run(*parts: str) -> MassRun:
    """A run in which these compounds leave the column one after the other."""
    time = np.arange(60.0 * len(parts) + 40.0)
    heights = [1e5 * np.exp(-0.5 * ((time - 40.0 - 60.0 * k) / 3.0) ** 2) for k in range(len(parts))]
    masses = sorted({float(m) for c in parts for m in ei(c).mz})
    columns = np.array([np.interp(masses, ei(c).mz, ei(c).intensity, 0, 0) * np.isin(masses, ei(c).mz) for c in parts])
    scans = np.array(heights).T @ columns / 999.0 + 5.0
    return MassRun([MassSpectrum(masses, row) for row in scans], time)


def test_every_peak_of_a_run_is_a_place_of_its_own() -> None:
    run = SampleReading("run", "gc_ms", _run(CAFFEINE, THREE))
    answer = explain_sample([run, ir(CAFFEINE, FOUR)], [], libraries(), REGISTER)
    assert {part.compound for part in answer.parts} == {CAFFEINE, FOUR}
    assert set(answer.by_method["gc_ms"].identifications) == {"run#1", "run#2"}
    assert answer.conflict is None
    alone = explain_sample([run], [], libraries(), REGISTER)
    said = alone.by_method["gc_ms"].identifications
    assert sorted(part.probability for part in alone.parts) == sorted(one.compounds[0][1] for one in said.values())  # type: ignore[type-var]


def test_a_named_peak_that_infrared_does_not_see_stays_a_part_and_both_words_are_told() -> None:
    run = SampleReading("run", "gc_ms", _run(CAFFEINE, COCAINE))
    answer = explain_sample([run, ir(COCAINE)], [], libraries(), REGISTER)
    assert {part.compound for part in answer.parts} == {CAFFEINE, COCAINE}
    caffeine = next(part for part in answer.parts if part.compound == CAFFEINE)
    assert caffeine.support["gc_ms"].state is State.SEEN
    not_seen = caffeine.support["ftir"]
    assert not_seen.state is State.NOT_SEEN
    said = re.findall(r"above ([\d.]+) % of the signal", not_seen.sentence)
    assert not_seen.limit is not None
    assert float(said[0]) / 100 >= not_seen.limit > 0, "a limit is rounded up and is never none"
    assert caffeine.support["ftir"].ratio < 1.0


def test_a_refused_reading_stands_among_good_ones_with_its_reason() -> None:
    bad = SampleReading("bad", "lc_ms", None, refused="The file is cut off")
    answer = explain_sample([gc(FOUR), ir(FOUR), bad], [], libraries(), REGISTER)
    assert numbers(answer) == numbers(both(FOUR))
    row = answer.parts[0].support["lc_ms"]
    assert (row.state, row.ratio) == (State.NOT_TESTED, 1.0)
    assert "The file is cut off." in row.sentence


def test_compounds_known_by_name_only_are_joined_by_name() -> None:
    """Neither library has keys."""
    named = library_of([ei(COCAINE)], names=["cocaine"], compounds=[""])
    curves = InfraredLibrary.from_arrays(
        GRID, np.array([curve(c) for c in (COCAINE, *OTHERS)]), names=["Cocaine HCl", *OTHERS], compounds=[""] * 7
    )
    answer = explain_sample([gc(COCAINE), ir(COCAINE)], [], SampleLibraries(named, curves), SampleRegister())
    assert [part.compound for part in answer.parts] == ["cocaine"]
    assert answer.parts[0].support["ftir"].state is State.SEEN


def test_a_library_is_remembered_with_the_register_it_was_read_under() -> None:
    """A register that was mended joins what the one before held apart, in the same library."""
    library = mass_library()
    assert Naming(SampleRegister(names=NAMES)).entries(library, FOUR) != []
    joined = Naming(SampleRegister(names=NAMES, same={FOUR: COCAINE}))
    assert joined.entries(library, FOUR) == ()
    assert FOUR not in joined.of_library(library)


def test_what_decomposes_in_the_inlet_is_heard_as_its_product() -> None:
    """EI sees the product, infrared the compound itself: both speak of one part."""
    register = SampleRegister(names=NAMES, seen_as={"gc_ms": {SUGAR: COCAINE}})
    answer = explain_sample([gc(COCAINE), ir(SUGAR)], [], libraries(), register)
    assert [part.compound for part in answer.parts] == [SUGAR]
    assert answer.parts[0].support["gc_ms"].state in (State.SEEN, State.NOT_TOLD_APART)
    assert answer.conflict is not None
    assert answer.conflict.figure < answer.conflict.asked_at


def test_accurate_mass_gives_isomers_of_one_formula_one_value() -> None:
    peaks = MassSpectrum(
        [72.0808, 139.0, 160.0524, 178.0629, 196.0735, 212.0837], [400, 60, 300, 200, 999, 100], 212.0837, "ESI"
    )
    caffeine = MassSpectrum([138.0662, 195.0877], [999, 300], 195.0877, "ESI")
    compounds, formulas = [THREE, FOUR, CAFFEINE], ["C11H14ClNO", "C11H14ClNO", "C8H10N4O2"]
    library = library_of([peaks, peaks, caffeine], accurate=True, compounds=compounds, formulas=formulas)
    known = replace(libraries(), accurate=library)
    part = explain_sample([gc(THREE), SampleReading("am", "lc_ms", peaks)], [], known, REGISTER).parts[0]
    plain = dict(explain_sample([gc(THREE)], [], known, REGISTER).parts[0].set)
    now = dict(part.set)
    assert now[THREE] / now[FOUR] == pytest.approx(plain[THREE] / plain[FOUR])  # type: ignore[operator]
    assert part.support["lc_ms"].state is State.SEEN


def test_a_deuterated_standard_is_no_part_of_the_sample() -> None:
    library = library_of([ei(COCAINE)], names=["Cocaine-D3"], compounds=[COCAINE])
    answer = explain_sample([gc(COCAINE)], [], SampleLibraries(library), SampleRegister())
    assert answer.parts == ()
    assert any("Cocaine-D3 is a deuterated standard" in reason for reason in answer.reasons)


def test_probabilities_are_withheld_where_the_fit_says_nothing_of_the_libraries() -> None:
    foreign = SampleLibraries(mass_library(), infrared_library(*NAMES))
    answer = explain_sample([gc(FOUR), ir(FOUR)], [], foreign, REGISTER)
    assert answer.calibration.withheld.startswith("Infrared has references for less than 0.1 % of")
    assert answer.none_of_these is None
    assert all(p is None for part in answer.parts for _, p in part.set)
    assert answer.parts[0].support["ftir"].state is State.NOT_VISIBLE


@pytest.mark.parametrize(
    "data",
    [
        MassSpectrum([50, 60], [0, 0]),
        MassRun([], []),
        MassRun([MassSpectrum([50], [1])] * 3, [1, 2, 3]),
        InfraredSpectrum(GRID, np.zeros(GRID.size)),
    ],
    ids=["no signal", "empty run", "three scans", "flat line"],
)
def test_readings_without_a_signal_are_refused_and_the_others_answer(
    data: MassSpectrum | MassRun | InfraredSpectrum,
) -> None:
    answer = explain_sample([SampleReading("x", "any", data), ir(FOUR)], [], libraries(), REGISTER)
    assert [part.compound for part in answer.parts] == [FOUR]
    assert any(reason.startswith("x supports no answer. ") for reason in answer.reasons)


def test_probabilities_that_ei_has_no_calibration_for_are_in_no_word_of_the_answer() -> None:
    known = mass_library()
    bare = replace(libraries(), mass=MassLibrary(known.table, known.catalogue, known.energy))
    part = explain_sample([gc(FOUR), ir(FOUR)], [], bare, REGISTER).parts[0]
    row = part.support["gc_ms"]
    assert (row.state, row.probability) == (State.NOT_TOLD_APART, None)
    assert "%" not in row.sentence
    assert part.changed.startswith("EI alone gives 4-CEC and 3-CEC. ")
