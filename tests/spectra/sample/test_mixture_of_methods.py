"""Places and infrared's word on them: exactly nothing where it could not have seen, less where it would have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from spectra.infrared.answer import DetectionLimit, InfraredExplanation
from spectra.sample import pooled
from spectra.sample.constants import shipped
from spectra.sample.heard import InfraredWord, Left, MassWord, Place, Rival
from spectra.sample.mixture import Withheld, contested, infrared_worth, judge, only_infrared, withheld, would_have_seen
from spectra.types import Component, Identification

FIT = shipped().mixture


def word(
    parts: dict[str, float] | None = None,
    limits: dict[str, tuple[float, bool | None]] | None = None,
    alike: dict[str, tuple[str, ...]] | None = None,
    alarm: bool = False,
    share: float = 0.5,
) -> InfraredWord:
    said = {c: Component(c, share, 0.4, 0.6, name=c, probability=p) for c, p in (parts or {}).items()}
    found = {c: DetectionLimit(c, c, limit, 0.0, 0.0, 0.1, seen) for c, (limit, seen) in (limits or {}).items()}
    explanation = InfraredExplanation(tuple(said.values()), 0.0, incomplete=alarm)
    nothing = cast("Identification", None)
    return InfraredWord(
        "ir", "ftir", nothing, explanation, dict.fromkeys({*said, *found}, 0.5), said, found, alike or {}
    )


def place(*rows: tuple[str, float], share: float | None = 0.3, named: bool = True) -> Place:
    return Place("gc", tuple(Rival(c, p, share) for c, p in rows), min(1.0, sum(p for _, p in rows)), named)


@pytest.mark.parametrize(
    "silent",
    [word(), word(limits={"a": (0.6, None)}), word(limits={"a": (0.4, False)}), word({"b": 0.9}, alike={"b": ("a",)})],
    ids=["no reference", "cannot say", "below the limit", "twin of a named one"],
)
def test_what_could_not_be_seen_changes_nothing_to_the_bit(silent: InfraredWord) -> None:
    row = judge([place(("a", 0.8123))], [silent], FIT)[0].rows[0]
    assert (row.probability, row.ratio) == (0.8123, 1.0)


def test_what_a_method_is_blind_to_is_never_lowered() -> None:
    blind = judge([place(("a", 0.8))], [word(limits={"a": (0.01, False)})], FIT, lambda m, c: (m, c) == ("ftir", "a"))
    assert blind[0].rows[0].probability == 0.8


def test_not_seen_though_it_would_have_been_lowers_and_seen_raises() -> None:
    lower = judge([place(("a", 0.8))], [word(limits={"a": (0.01, False)})], FIT)[0].rows[0]
    higher = judge([place(("a", 0.8))], [word({"a": 0.99})], FIT)[0].rows[0]
    assert lower.probability < 0.8 < higher.probability


def test_raising_a_limit_never_lowers_a_probability() -> None:
    before = 0.0
    for limit in (0.001, 0.01, 0.05, 0.2, 0.29, 0.31, 0.5):
        now = judge([place(("a", 0.8))], [word(limits={"a": (limit, False)})], FIT)[0].rows[0].probability
        assert now >= before
        before = now
    assert before == 0.8


def test_what_ei_cannot_see_leaves_less_of_infrareds_signal_for_what_it_can() -> None:
    """Fentanyl is all that EI sees of a bag of nine parts mannitol and one part fentanyl, of which infrared's limit is a twentieth."""
    limits: dict[str, tuple[float, bool | None]] = {"fentanyl": (0.05, False)}
    places, alone = [place(("fentanyl", 0.9), share=1.0)], word(limits=limits)
    bag = replace(word({"mannitol": 1.0}, limits, share=0.96), unseen=frozenset({"mannitol"}))
    assert judge(places, [bag], FIT)[0].rows[0].ratio == 1.0
    assert _names(places, bag) == ["fentanyl"]
    assert judge(places, [alone], FIT)[0].rows[0].ratio < 0.2


def test_at_its_limit_a_method_says_nothing() -> None:
    assert would_have_seen(0.05, 0.05, FIT) == 0.0
    assert 0.0 < would_have_seen(0.06, 0.05, FIT) < would_have_seen(0.5, 0.05, FIT) < 1.0


def test_infrared_names_the_second_of_a_place() -> None:
    judged = judge([place(("a", 0.6), ("b", 0.3))], [word({"b": 0.99})], FIT)[0]
    assert judged.named[0].compound == "b"


def test_a_likely_compound_that_ei_does_not_name_is_named_where_infrared_speaks_for_it() -> None:
    quiet = place(("a", 0.1), named=False)
    judged = judge([quiet], [word({"a": 0.8})], FIT)[0]
    assert 0.4 <= judged.named[0].probability < 0.6
    assert judge([quiet], [word({"a": 0.3})], FIT)[0].named == ()


def test_two_readings_of_one_method_are_no_two_witnesses() -> None:
    one = word({"a": 0.9})
    assert judge([place(("a", 0.5))], [one, one], FIT)[0].rows[0] == judge([place(("a", 0.5))], [one], FIT)[0].rows[0]


def test_infrared_alone_names_what_is_likely_and_competes_for_no_place() -> None:
    assert _only(word({"cut": 0.8})) == ["cut"]
    assert _only(word({"cut": 0.4})) == []
    assert _only(word({"cut": 0.9}), place(("a", 0.6), ("cut", 0.1))) == []


def test_infrared_alone_has_to_be_surer_of_a_small_part_and_while_something_is_unexplained() -> None:
    assert _only(word({"cut": 0.7})) == ["cut"]
    assert _only(word({"cut": 0.65}, alarm=True)) == []
    assert _only(word({"cut": 0.7}, share=0.05)) == []


def test_what_ei_lists_as_unlikely_infrared_alone_names_where_it_is_surer() -> None:
    listed = place(("a", 0.6), ("b", 0.001))
    assert _only(word({"b": 0.9}, alarm=True), listed) == []
    assert _only(word({"b": 0.97}, alarm=True), listed) == ["b"]
    for p, said in ((0.9, [("b", Withheld.UNLIKELY)]), (0.97, []), (0.3, [])):
        doubtful = word({"b": p}, alarm=True)
        assert withheld([doubtful], judge([listed], [doubtful], FIT), FIT) == said


def _only(said: InfraredWord, *places: Place, contest: float = 0.0) -> list[str]:
    return [one.compound for one in only_infrared([said], judge(places, [said], FIT), FIT, contest)]


@pytest.mark.parametrize("alarm", [True, False])
def test_a_faint_listing_speaks_less_against_a_compound_than_not_seeing_it_far_above_the_limit(alarm: bool) -> None:
    """EI's .44 fell to .01 where infrared listed the compound with 1 %, and to .05 where it did not list it at all."""
    faint = [infrared_worth("a", 0.5, word({"a": p}, alarm=alarm), FIT) for p in (0.0, 0.01, 0.05, 0.2)]
    missed = infrared_worth("a", 0.5, word(limits={"a": (0.001, False)}), FIT)
    assert min(faint) > missed / 2
    assert faint == sorted(faint)


def test_without_a_share_a_limit_says_nothing() -> None:
    assert infrared_worth("a", None, word(limits={"a": (0.01, False)}), FIT) == 0.0


@pytest.mark.parametrize("named", [True, False])
def test_where_nothing_is_added_the_methods_own_names_stand(named: bool) -> None:
    """A name EI gave stays however unlikely, and one it did not give is not given however likely."""
    judged = judge([place(("a", 0.2 if named else 0.9), named=named)], [word()], FIT)[0]
    assert bool(judged.named) is named


def _names(places: list[Place], said: InfraredWord, contest: float = 0.0) -> list[str]:
    return [row.compound for one in judge(places, [said], FIT, contest=contest) for row in one.named]


def test_a_name_of_ei_alone_needs_more_where_infrared_explains_everything() -> None:
    weak = place(("a", 0.5))
    assert _names([weak], word({"cut": 0.99}, alarm=True)) == ["a"]
    assert _names([weak], word({"cut": 0.99})) == []
    assert _names([place(("a", 0.75))], word({"cut": 0.99})) == ["a"]
    assert [row.compound for one in judge([weak], [], FIT) for row in one.named] == ["a"], "nobody else was asked"


def test_a_large_part_of_ei_alone_needs_more_than_a_trace() -> None:
    for share, said in ((0.9, []), (0.03, ["a"])):
        assert _names([place(("a", 0.5), share=share)], word({"cut": 0.99})) == said


def test_a_name_that_infrared_has_a_reference_for_and_does_not_list_needs_even_odds() -> None:
    """Below its limit infrared takes nothing off, and a name it cannot confirm though it knows the compound is right less often."""
    unseen = word({"cut": 0.99}, {"a": (0.4, False)}, alarm=True)
    assert _names([place(("a", 0.45))], word({"cut": 0.99}, alarm=True)) == ["a"]
    assert _names([place(("a", 0.45))], unseen) == []
    assert _names([place(("a", 0.55))], unseen) == ["a"]


def test_fentanyl_by_ei_alone_stands_beside_caffeine_by_both() -> None:
    """The usual sample of opioids: infrared has no reference for the strong drug, and explains all it sees by the cut."""
    places = [place(("fentanyl", 0.85), share=0.3), place(("caffeine", 0.95), share=0.7)]
    assert _names(places, word({"caffeine": 0.99})) == ["fentanyl", "caffeine"]


def test_one_substance_may_have_been_named_twice_where_each_method_knows_what_the_other_does_not() -> None:
    whole, half = place(("a", 0.9), share=1.0), place(("a", 0.9), share=0.5)
    cut = word({"b": 0.8}, share=0.9, alarm=True)
    assert contested([whole], [cut]) == pytest.approx(0.9 * 0.8 * 0.9)
    assert contested([whole], [cut]) > contested([half], [cut]) > 0.0
    assert contested([whole], [word({"b": 0.8}, {"a": (0.01, False)})]) == 0.0, "infrared would have known it"
    assert contested([place(("a", 0.9), ("b", 0.1))], [cut]) == 0.0, "EI lists it"
    assert contested([whole], []) == 0.0


def test_a_twin_of_what_infrared_names_is_neither_strange_nor_alone() -> None:
    """Infrared does not tell lactose from maltose: its lactose is no second name for EI's maltose."""
    sugars = word({"lactose": 0.99}, alike={"lactose": ("maltose",)})
    strange = place(("x", 0.9), share=0.5)
    assert contested([strange, place(("y", 0.9))], [sugars]) > 0.0
    assert contested([strange, place(("maltose", 0.45))], [sugars]) == 0.0
    assert _names([place(("maltose", 0.3), share=0.9)], sugars) == ["maltose"]


def test_what_speaks_against_a_name_never_gives_it() -> None:
    large, cut = place(("a", 0.6), share=0.9), word({"cut": 0.99})
    for against in (0.0, -0.05, -1.0):
        assert judge([large], [cut], FIT, more={("", "a"): against} if against else None)[0].named == ()
    assert judge([large], [cut], FIT, more={("", "a"): 1.0})[0].named


def test_a_reading_that_names_nothing_asks_nothing_beside_one_that_does() -> None:
    quiet, cut = word(limits={"a": (0.4, False)}), word({"cut": 0.99})
    weak = place(("a", 0.45), share=0.05)
    named = [[row.compound for row in judge([weak], said, FIT)[0].named] for said in ([cut], [quiet], [cut, quiet])]
    assert named == [["a"]] * 3


def test_what_a_method_is_blind_to_it_cannot_have_named_otherwise() -> None:
    whole, cut = place(("a", 0.9), share=1.0), word({"b": 0.8}, share=0.9)
    assert contested([whole], [replace(cut, unseen=frozenset({"b"}))]) == 0.0
    assert contested([whole], [cut], lambda m, c: (m, c) == ("ftir", "a")) == 0.0


def test_a_name_that_may_be_the_other_methods_has_to_be_surer() -> None:
    torn, cut = place(("a", 0.6)), word({"b": 0.8}, alarm=True)
    assert _names([torn], cut) == ["a"]
    assert _names([torn], cut, contest=0.9) == []
    assert _only(cut, torn) == ["b"]
    assert _only(cut, torn, contest=0.9) == []
    assert withheld([cut], judge([torn], [cut], FIT), FIT, 0.9) == [("b", Withheld.TWICE)]


def test_what_infrared_is_blind_to_needs_no_support_of_it() -> None:
    said = word({"b": 0.99})
    judged = judge([place(("a", 0.4)), place(("b", 0.9))], [said], FIT, lambda _method, compound: compound == "a")
    assert [row.compound for one in judged for row in one.named] == ["a", "b"]


def test_a_peak_of_a_run_keeps_the_name_its_own_method_gives() -> None:
    assert _names([replace(place(("a", 0.4)), peak=True)], word({"cut": 0.99})) == ["a"]


def _leaving(share: float, asked: list[tuple[list[str], list[str]]] | None = None) -> dict[str, Left]:
    """EI's names keep this share of what they explain beside whatever is given."""

    def left(named: Sequence[str], given: Sequence[str]) -> Mapping[str, tuple[float, str]]:
        if asked is not None:
            asked.append((list(named), list(given)))
        return dict.fromkeys(named, (share, given[0])) if given else {}

    return {"gc": left}


def test_ions_of_what_ei_missed_are_no_evidence_for_the_name_it_gave_them_to() -> None:
    places, said = [place(("a", 0.9)), place(("b", 0.8))], word({"cut": 0.9, "b": 0.9})
    asked: list[tuple[list[str], list[str]]] = []
    lone, both = judge(places, [said], FIT, left=_leaving(0.4, asked))
    assert (lone.named, lone.taken_by) == ((), "cut")
    assert [row.compound for row in both.named] == ["b"], "infrared names it too"
    assert asked == [(["a", "b"], ["cut"])], "what EI names itself takes nothing"
    assert _only(said) == ["b", "cut"]
    assert judge(places, [said], FIT, left=_leaving(0.6))[0].named, "most of what it explains is left"


@pytest.mark.parametrize(
    ("spared", "said"),
    [
        (place(("a", 0.9)), word({"cut": 0.7})),
        (replace(place(("a", 0.9)), peak=True), word({"cut": 0.99})),
        (replace(place(("a", 0.9)), reading="another"), word({"cut": 0.99})),
        (place(("a", 0.9)), word({"cut": 0.99}, alike={"cut": ("a",)})),
        (place(("a", 0.9)), word()),
    ],
    ids=[
        "infrared is not sure",
        "a peak of its own",
        "nothing is known",
        "infrared does not tell them apart",
        "nothing given",
    ],
)
def test_a_name_keeps_its_ions_where_nobody_can_take_them(spared: Place, said: InfraredWord) -> None:
    judged = judge([spared], [said], FIT, left=_leaving(0.0))[0]
    assert ([row.compound for row in judged.named], judged.taken_by) == (["a"], "")


def test_what_a_strip_or_a_second_reading_speaks_for_keeps_its_ions() -> None:
    judged = judge([place(("a", 0.9))], [word({"cut": 0.99})], FIT, more={("", "a"): 0.5}, left=_leaving(0.0))
    assert judged[0].named


def test_a_strip_speaks_for_a_name_also_where_infrared_speaks_against_it() -> None:
    against = word({"cut": 0.99}, {"a": (0.05, False)})
    judged = judge([place(("a", 0.95))], [against], FIT, more={("gc", "a"): 0.5}, left=_leaving(0.0))[0]
    assert judged.rows[0].ratio < 1.0
    assert judged.named
    assert judge([place(("a", 0.95))], [against], FIT, left=_leaving(0.0))[0].taken_by == "cut"


def test_what_takes_the_ions_of_a_name_in_its_own_place_stays_named() -> None:
    judged = judge([place(("a", 0.95), ("b", 0.06))], [word({"b": 0.97})], FIT, left=_leaving(0.0))[0]
    assert ([row.compound for row in judged.named], judged.taken_by) == (["b"], "b")


def test_what_another_reading_of_ei_names_is_there_as_well_and_takes_nothing() -> None:
    places = [place(("a", 0.9)), replace(place(("b", 0.95)), reading="another")]
    asked: list[tuple[list[str], list[str]]] = []
    judge(places, [word({"b": 0.99, "cut": 0.99})], FIT, left=_leaving(1.0, asked))
    assert asked == [(["a", "b"], ["cut"])]


def test_a_name_is_not_weighed_beside_its_rival_for_the_place() -> None:
    asked: list[tuple[list[str], list[str]]] = []
    said = word({"cut": 0.99}, {"a": (0.01, False)})
    judged = judge([place(("a", 0.5), ("c", 0.45), share=0.05)], [said], FIT, left=_leaving(1.0, asked))[0]
    assert [row.compound for row in judged.named] == ["c"]
    assert asked == [(["c"], ["cut"])]


def test_of_two_readings_the_surer_one_leads_the_place_and_a_peak_stays_a_peak() -> None:
    peak, whole = replace(place(("a", 0.8)), reading="run#1", peak=True), place(("a", 0.9))
    words = [SimpleNamespace(run=one.peak, whole=True, places=(one,)) for one in (whole, peak)]
    merged = pooled.places(cast("list[MassWord]", words))
    assert [(one.reading, one.rivals[0].probability, one.peak) for one in merged] == [("gc", 0.9, True)]


def test_what_infrared_finds_bands_of_keeps_its_ions_though_it_is_not_listed() -> None:
    judged = judge([place(("a", 0.9))], [word({"cut": 0.99}, {"a": (0.05, True)})], FIT, left=_leaving(0.0))[0]
    assert judged.named


def test_what_a_strip_alone_makes_a_name_takes_no_ions() -> None:
    places = [place(("a", 0.9)), place(("s", 0.7), named=False)]
    judged = judge(places, [word({"a2": 0.1})], FIT, more={("", "s"): 2.0}, left=_leaving(0.0))
    assert [row.compound for one in judged for row in one.named] == ["a", "s"]
