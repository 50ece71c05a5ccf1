""" "Not seen" is not "absent": which negatives may be said, and by which method."""

from __future__ import annotations

import pytest

from harm_messages import Facts, FindingFact, Page, RunStatus, StripFact, evaluate, load_pack
from tests.harm_messages.message_cases import FTIR, GC_MS, LC_MS, NOW, found, sample, shown, strip

PACK = load_pack()


def page(facts: Facts) -> Page:
    return evaluate(PACK, facts, shown(), "en", NOW)


def says_not_found(facts: Facts) -> bool:
    return "did not find" in page(facts).headline


ENOUGH = PACK.doses["mdma"].usual_dose_mg / 5  # % w/w of 100 mg
SWAPPED = sample(found("eutylone"), expected=("mdma",), form="powder", scope=(GC_MS,))


def test_a_method_that_ran_covers_it_and_goes_low_enough_may_carry_a_negative() -> None:
    """C4: a fifth of the share that one usual amount has in 100 mg of powder."""
    for lod in (1.0, ENOUGH):
        facts = SWAPPED.model_copy(update={"scope": (GC_MS.model_copy(update={"lod": lod}),)})
        assert says_not_found(facts)
        assert f"Less than about {lod:g} % of MDMA could still be there." in page(facts).to_plain()


def test_the_limit_of_the_best_method_is_told_never_the_worst_one() -> None:
    """C5."""
    both = SWAPPED.model_copy(update={"scope": (FTIR, GC_MS)})
    assert "Less than about 1 % of MDMA could still be there." in page(both).to_plain()
    assert "5 %" not in page(both).to_plain()


@pytest.mark.parametrize(
    "change",
    [
        {"status": RunStatus.INSTRUMENT_FAULT},
        {"status": RunStatus.CONTAMINATED},
        {"qc_passed": False},
        {"lod": None},
        {"lod": ENOUGH + 0.1},
        {"classes": ("dissociative",)},
        {"excludes": ("entactogen",)},
        {"excludes": ("mdma",)},
    ],
)
def test_anything_less_carries_none(change: dict[str, object]) -> None:
    facts = SWAPPED.model_copy(update={"scope": (GC_MS.model_copy(update=change),)})
    text = page(facts).to_plain()
    assert not says_not_found(facts)
    assert "could still be there" not in text
    assert "GC-MS did not work, so that says nothing." in text or "can't see MDMA in the amounts people take" in text


@pytest.mark.parametrize("form", ["other", "liquid", "edible"])
def test_where_nobody_knows_what_a_unit_weighs_there_is_no_negative(form: str) -> None:
    """C4: without the mass of a unit nobody knows what share of it one usual amount would be."""
    assert not says_not_found(SWAPPED.model_copy(update={"form": form}))
    weighed = SWAPPED.model_copy(update={"form": form, "unit_mass_mg": 400})
    assert says_not_found(weighed)


def test_a_substance_without_a_usual_amount_is_out_of_scope_however_good_the_method() -> None:
    """C4: none is invented."""
    facts = sample(found("glycerol"), expected=("thc",), form="powder", scope=(LC_MS,))
    assert PACK.doses.get("thc") is None
    assert not says_not_found(facts)
    assert "THC" in next(m.text for m in page(facts).limits if "Not tested here" in m.text)


def test_a_class_is_not_found_only_where_every_drug_of_it_would_have_been_seen() -> None:
    nitazene = sample(found("lactose"), expected=("opioid.nitazene",), form="powder", scope=(LC_MS,))
    assert not says_not_found(nitazene)
    two_c = sample(found("lactose"), expected=("psychedelic.2c",), form="powder", scope=(LC_MS,))
    assert says_not_found(two_c)


def test_what_is_strong_in_tiny_amounts_needs_a_far_lower_limit() -> None:
    """C4: 0.1 mg on a blotter of 9 mg is about 1 %."""
    facts = sample(found("25i-nbome"), expected=("lsd",), form="blotter", scope=(GC_MS,))
    assert not says_not_found(facts)
    assert says_not_found(facts.model_copy(update={"scope": (LC_MS,)}))


def test_even_a_hidden_trace_of_it_forbids_the_negative() -> None:
    facts = sample(
        found("eutylone"), found("mdma", "tentative", "indication"), expected=("mdma",), form="powder", scope=(GC_MS,)
    )
    assert not says_not_found(facts)


def test_a_class_level_hint_of_it_forbids_the_negative() -> None:
    hint = FindingFact.model_validate({"drug_class": "entactogen", "confidence": "class_only"})
    assert not says_not_found(sample(found("eutylone"), hint, expected=("mdma",), form="powder", scope=(GC_MS,)))


def test_an_analysis_that_did_not_end_says_no_negative() -> None:
    unnamed = FindingFact.model_validate({"confidence": "indicated"})
    assert not says_not_found(sample(unnamed, expected=("mdma",), form="powder", scope=(GC_MS,)))


HEROIN = sample(found("heroin"), expected=("heroin",), form="powder", scope=(FTIR,))


def with_strips(*strips: StripFact, **more: object) -> Facts:
    return HEROIN.model_copy(update={"strips": strips, **more})


def test_a_strip_that_did_not_react_is_never_a_negative_statement() -> None:
    facts = with_strips(strip("opioid.nitazene", "negative"), scope=(FTIR, LC_MS))
    text = page(facts).to_plain()
    assert "The strip for nitazenes did not react." in text
    assert "nitazenes can still be in there" in text
    assert "did not find" not in text
    assert "not tested" not in "".join(m.text for m in page(facts).limits if "strip" in m.text)


def test_a_strip_that_did_not_work_is_no_test() -> None:
    """C1, C5: what it was for is not tested, and nothing of the sentence for a strip that did not react is said."""
    facts = with_strips(strip("opioid.nitazene", "invalid"))
    text = page(facts).to_plain()
    assert "The strip for nitazenes did not work. Not tested here: nitazenes." in text
    assert "did not react" not in text
    assert "We used infrared (FTIR). " in text
    assert "test strips" not in text
    assert page(facts).staff_actions == ("repeat_strip:opioid.nitazene",)


def test_a_strip_that_was_read_again_speaks_once() -> None:
    """C1: one state a target; what can be read governs what did not work, and what reacted governs that."""
    invalid, negative = strip("opioid.nitazene", "invalid"), strip("opioid.nitazene", "negative")
    again = page(with_strips(invalid, negative)).to_plain()
    assert "did not react" in again
    assert "did not work" not in again
    assert "We used infrared (FTIR) and test strips. " in again
    reacted = page(with_strips(negative, strip("opioid.nitazene", "positive")))
    assert "A strip reacted to" in reacted.headline
    assert "did not react" not in reacted.to_plain()


def test_a_faint_strip_warns_and_says_what_it_was() -> None:
    shown_page = page(with_strips(strip("opioid.nitazene", "faint")))
    assert "We could not read the strip for" in shown_page.headline
    assert "Until then act as if it reacted." in shown_page.to_plain()
    assert shown_page.top_severity == "S0"
    assert "repeat_strip:opioid.nitazene" in shown_page.staff_actions


def test_a_gap_is_told_and_closes_when_a_method_goes_low_enough_for_the_drugs_of_the_class() -> None:
    facts = sample(found("heroin"), expected=("heroin",), form="powder", scope=(FTIR,))
    for lod, told in ((1.0, True), (0.01, True), (0.001, False)):
        lower = facts.model_copy(update={"scope": (FTIR, LC_MS.model_copy(update={"lod": lod}))})
        assert ("Not tested here: fentanyls" in page(lower).to_plain()) is told


def test_that_one_weak_nitazene_could_be_seen_does_not_make_nitazenes_tested() -> None:
    """C4: most of them have no usual amount that anybody has written down."""
    assert PACK.doses.get("clonitazene") is not None
    lower = HEROIN.model_copy(update={"scope": (FTIR, LC_MS.model_copy(update={"lod": 0.0001}))})
    assert "nitazenes" in next(m.text for m in page(lower).limits if "Not tested here" in m.text)


@pytest.mark.parametrize(("lod", "disputed"), [(1.0, False), (0.001, True)])
def test_a_strip_and_a_machine_disagree_only_where_the_machine_goes_low_enough(lod: float, disputed: bool) -> None:
    """C5: else the strip warns alone, and no limit is told beside it."""
    facts = with_strips(strip("opioid.fentanyl", "positive"), scope=(LC_MS.model_copy(update={"lod": lod}),))
    text = page(facts).to_plain()
    assert ("our other test did not see it down to about 0.001 %." in text) is disputed
    assert ("Act as if it's there until a better test says more." in text) is not disputed
    assert ("review_by_chemist:opioid.fentanyl" in page(facts).staff_actions) is disputed


def test_nothing_found_is_not_said_when_a_planned_method_failed() -> None:
    """C7."""
    broken = FTIR.model_copy(update={"status": RunStatus.REPEAT})
    facts = sample(expected=("ketamine",), form="powder", scope=(GC_MS, broken))
    assert page(facts).headline == "We can't say what this is."
    assert page(facts.model_copy(update={"scope": (GC_MS, FTIR)})).outcome == "nothing_found"


def test_nothing_found_needs_a_method_that_could_see_what_was_expected() -> None:
    """C7: a psychedelic sold by the microgram, and an infrared reading alone."""
    facts = sample(expected=("lsd",), form="blotter", scope=(FTIR,))
    assert page(facts).outcome == "not_tested_for_expected"
    assert page(facts).headline == "Our tests can't see LSD, so we don't know."
    assert page(facts.model_copy(update={"scope": (FTIR, LC_MS)})).outcome == "nothing_found"
