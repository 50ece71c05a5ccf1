"""An instrument that has drifted: every limit of an answer is widened, in figures and in words, and never beyond 100 %."""

from __future__ import annotations

from dataclasses import replace

from app.laboratory.identification.answer import Answer
from app.laboratory.identification.instrument_state import InstrumentState, widened, with_instrument
from app.laboratory.identification.parts import Component as Part
from app.laboratory.identification.parts import Weight
from spectra import Component, MixtureExplanation
from spectra.infrared import DetectionLimit, InfraredExplanation
from spectra.infrared.sentences import about_clear, limit_sentence

LIMITS = (
    DetectionLimit("F", "Fentanyl", 0.04, 0.002, 0.0, 0.02, False),
    DetectionLimit("C", "Cocaine", 0.02, 0.5, 0.4, 0.6, True),
    DetectionLimit("X", "Other", 0.8, 0.0, 0.0, 0.1, None),
)
PART = Component("C", 0.5, 0.4, 0.6, "probable", "Cocaine")


def test_limits_are_widened_in_figures_and_in_the_sentences_that_name_them() -> None:
    said = (limit_sentence(LIMITS[0]), about_clear([0.04]), "Something else.")
    answer = InfraredExplanation((PART,), 0.1, reasons=said, detection_limits={"F": 0.04}, limits=LIMITS)
    found = widened(answer, 1.5)
    assert isinstance(found, InfraredExplanation)
    assert [one.limit for one in found.limits] == [0.06, 0.03, 1.0]
    assert found.detection_limits == {"F": 0.06}
    assert found.reasons[0] == "Fentanyl: not seen; here it would have been seen above 6 %."
    assert "above 6 %" in found.reasons[1]
    assert found.reasons[2] == said[2]
    assert found.components == answer.components
    assert widened(answer, 1.0) is answer
    assert widened(None, 2.0) is None
    plain = widened(MixtureExplanation((PART,), 0.1, detection_limits={"F": 0.7}), 2.0)
    assert plain is not None
    assert plain.detection_limits == {"F": 1.0}


def test_weights_stand_only_where_the_answer_is_complete_and_little_is_left_over() -> None:
    parts = (Part(compound="A", share=0.5), Part(compound="B", share=0.5))
    half = Weight(0.5, 0.4, 0.6)
    state = InstrumentState("Alpha II", 1.5, ("It had drifted.",), None, lambda rows: [half] * len(rows))
    fine = Answer(components=parts, incomplete=False, unexplained_fraction=0.1, limits=("x",))
    answer = with_instrument(fine, state)
    assert [part.weight for part in answer.components] == [half] * 2
    assert answer.limits[:2] == ("x", "It had drifted.")
    assert "Shares by weight" in answer.limits[2]
    assert answer.limits_widened == 1.5
    for worse in (
        replace(fine, incomplete=True),
        replace(fine, unexplained_fraction=0.4),
        replace(fine, unexplained_fraction=None),
        replace(fine, components=()),
    ):
        answer = with_instrument(worse, state)
        assert all(part.weight is None for part in answer.components)
        assert len(answer.limits) == 2
