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


def names_of(said: InfraredWord, *places: Place, contest: float = 0.0) -> list[str]:
    """What is named in the places of EI."""
    return [row.compound for one in judge(places, [said], FIT, contest=contest) for row in one.named]


def names_beside(said: InfraredWord, *places: Place, contest: float = 0.0) -> list[str]:
    """What infrared names beside the places of EI."""
    return [one.compound for one in only_infrared([said], judge(places, [said], FIT), FIT, contest)]


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


def test_raising_a_limit_never_lowers_a_probability_and_seeing_it_raises_it() -> None:
    limits = (0.001, 0.01, 0.05, 0.2, 0.29, 0.31, 0.5)
    words = [word(limits={"a": (limit, False)}) for limit in limits] + [word({"a": 0.99})]
    found = [judge([place(("a", 0.8))], [said], FIT)[0].rows[0].probability for said in words]
    assert found == sorted(found)
    assert found[0] < 0.8 == found[-2] < found[-1]


def test_what_ei_cannot_see_leaves_less_of_infrareds_signal_for_what_it_can() -> None:
    """Fentanyl is all that EI sees of a bag of nine parts mannitol and one part fentanyl, of which infrared's limit is a twentieth."""
    limits: dict[str, tuple[float, bool | None]] = {"fentanyl": (0.05, False)}
    seen, alone = place(("fentanyl", 0.9), share=1.0), word(limits=limits)
    bag = replace(word({"mannitol": 1.0}, limits, share=0.96), unseen=frozenset({"mannitol"}))
    assert judge([seen], [bag], FIT)[0].rows[0].ratio == 1.0
    assert names_of(bag, seen) == ["fentanyl"]
    assert judge([seen], [alone], FIT)[0].rows[0].ratio < 0.2


def test_at_its_limit_or_without_a_share_a_method_says_nothing() -> None:
    assert would_have_seen(0.05, 0.05, FIT) == 0.0
    assert 0.0 < would_have_seen(0.06, 0.05, FIT) < would_have_seen(0.5, 0.05, FIT) < 1.0
    assert infrared_worth("a", None, word(limits={"a": (0.01, False)}), FIT) == 0.0


def test_a_likely_compound_that_ei_does_not_name_is_named_where_infrared_speaks_for_it() -> None:
    quiet = place(("a", 0.1), named=False)
    judged = judge([quiet], [word({"a": 0.8})], FIT)[0]
    assert 0.4 <= judged.named[0].probability < 0.6
    assert names_of(word({"a": 0.3}), quiet) == []


def test_two_readings_of_one_method_are_no_two_witnesses() -> None:
    one = word({"a": 0.9})
    assert judge([place(("a", 0.5))], [one, one], FIT)[0].rows[0] == judge([place(("a", 0.5))], [one], FIT)[0].rows[0]


LISTED = place(("a", 0.6), ("b", 0.001))


@pytest.mark.parametrize(
    ("said", "places", "contest", "named"),
    [
        (word({"cut": 0.8}), (), 0.0, ["cut"]),
        (word({"cut": 0.4}), (), 0.0, []),
        (word({"cut": 0.9}), (place(("a", 0.6), ("cut", 0.1)),), 0.0, []),  # it competes for no place of EI
        (word({"cut": 0.7}), (), 0.0, ["cut"]),
        (word({"cut": 0.65}, alarm=True), (), 0.0, []),  # something is unexplained
        (word({"cut": 0.7}, share=0.05), (), 0.0, []),  # a small part
        (word({"b": 0.9}, alarm=True), (LISTED,), 0.0, []),  # EI lists it as unlikely
        (word({"b": 0.97}, alarm=True), (LISTED,), 0.0, ["b"]),
        (word({"b": 0.8}, alarm=True), (place(("a", 0.6)),), 0.0, ["b"]),
        (word({"b": 0.8}, alarm=True), (place(("a", 0.6)),), 0.9, []),  # it may be the name of EI
    ],
)
def test_how_sure_infrared_alone_has_to_be(
    said: InfraredWord, places: tuple[Place, ...], contest: float, named: list[str]
) -> None:
    assert names_beside(said, *places, contest=contest) == named


CUT, UNSEEN = word({"cut": 0.99}), word({"cut": 0.99}, {"a": (0.4, False)}, alarm=True)


@pytest.mark.parametrize(
    ("places", "said", "contest", "named"),
    [
        ((place(("a", 0.6), ("b", 0.3)),), word({"b": 0.99}), 0.0, ["b"]),  # infrared names the second of the place
        ((place(("a", 0.2)),), word(), 0.0, ["a"]),  # a name EI gave stays, however unlikely
        ((place(("a", 0.9), named=False),), word(), 0.0, []),  # one it did not give is not given, however likely
        ((place(("a", 0.5)),), word({"cut": 0.99}, alarm=True), 0.0, ["a"]),
        ((place(("a", 0.5)),), CUT, 0.0, []),  # infrared explains everything, so EI alone needs more
        ((place(("a", 0.75)),), CUT, 0.0, ["a"]),
        ((place(("a", 0.5), share=0.9),), CUT, 0.0, []),
        ((place(("a", 0.5), share=0.03),), CUT, 0.0, ["a"]),  # but not of a trace
        ((place(("a", 0.45)),), word({"cut": 0.99}, alarm=True), 0.0, ["a"]),
        ((place(("a", 0.45)),), UNSEEN, 0.0, []),  # infrared knows the compound and does not list it: even odds
        ((place(("a", 0.55)),), UNSEEN, 0.0, ["a"]),
        ((replace(place(("a", 0.4)), peak=True),), CUT, 0.0, ["a"]),  # a peak of a run keeps its name
        ((place(("a", 0.6)),), word({"b": 0.8}, alarm=True), 0.0, ["a"]),
        ((place(("a", 0.6)),), word({"b": 0.8}, alarm=True), 0.9, []),  # it may be the name of infrared
        # The usual sample of opioids: infrared has no reference for the strong drug, and explains all it sees by the cut.
        (
            (place(("fentanyl", 0.85)), place(("caffeine", 0.95), share=0.7)),
            word({"caffeine": 0.99}),
            0.0,
            ["fentanyl", "caffeine"],
        ),
    ],
)
def test_what_is_named_in_the_places_of_ei(
    places: tuple[Place, ...], said: InfraredWord, contest: float, named: list[str]
) -> None:
    assert names_of(said, *places, contest=contest) == named


def test_a_name_that_is_withheld_says_why() -> None:
    for p, said in ((0.9, [("b", Withheld.UNLIKELY)]), (0.97, []), (0.3, [])):
        doubtful = word({"b": p}, alarm=True)
        assert withheld([doubtful], judge([LISTED], [doubtful], FIT), FIT) == said
    cut = word({"b": 0.8}, alarm=True)
    assert withheld([cut], judge([place(("a", 0.6))], [cut], FIT), FIT, 0.9) == [("b", Withheld.TWICE)]


@pytest.mark.parametrize("alarm", [True, False])
def test_a_faint_listing_speaks_less_against_a_compound_than_not_seeing_it_far_above_the_limit(alarm: bool) -> None:
    """EI's .44 fell to .01 where infrared listed the compound with 1 %, and to .05 where it did not list it at all."""
    faint = [infrared_worth("a", 0.5, word({"a": p}, alarm=alarm), FIT) for p in (0.0, 0.01, 0.05, 0.2)]
    missed = infrared_worth("a", 0.5, word(limits={"a": (0.001, False)}), FIT)
    assert min(faint) > missed / 2
    assert faint == sorted(faint)


def test_one_substance_may_have_been_named_twice_where_each_method_knows_what_the_other_does_not() -> None:
    whole, half = place(("a", 0.9), share=1.0), place(("a", 0.9), share=0.5)
    cut = word({"b": 0.8}, share=0.9, alarm=True)
    assert contested([whole], [cut]) == pytest.approx(0.9 * 0.8 * 0.9)
    assert contested([whole], [cut]) > contested([half], [cut]) > 0.0
    assert contested([whole], [word({"b": 0.8}, {"a": (0.01, False)})]) == 0.0, "infrared would have known it"
    assert contested([place(("a", 0.9), ("b", 0.1))], [cut]) == 0.0, "EI lists it"
    assert contested([whole], []) == 0.0
    assert contested([whole], [replace(cut, unseen=frozenset({"b"}))]) == 0.0, "EI is blind to it"
    assert contested([whole], [cut], lambda m, c: (m, c) == ("ftir", "a")) == 0.0, "infrared is blind to it"


def test_a_twin_of_what_infrared_names_is_neither_strange_nor_alone() -> None:
    """Infrared does not tell lactose from maltose: its lactose is no second name for EI's maltose."""
    sugars = word({"lactose": 0.99}, alike={"lactose": ("maltose",)})
    strange = place(("x", 0.9), share=0.5)
    assert contested([strange, place(("y", 0.9))], [sugars]) > 0.0
    assert contested([strange, place(("maltose", 0.45))], [sugars]) == 0.0
    assert names_of(sugars, place(("maltose", 0.3), share=0.9)) == ["maltose"]


def test_what_speaks_against_a_name_never_gives_it() -> None:
    large = place(("a", 0.6), share=0.9)
    for against in (0.0, -0.05, -1.0):
        assert judge([large], [CUT], FIT, more={("", "a"): against} if against else None)[0].named == ()
    assert judge([large], [CUT], FIT, more={("", "a"): 1.0})[0].named


def test_a_reading_that_names_nothing_asks_nothing_beside_one_that_does() -> None:
    quiet = word(limits={"a": (0.4, False)})
    weak = place(("a", 0.45), share=0.05)
    named = [[row.compound for row in judge([weak], said, FIT)[0].named] for said in ([CUT], [quiet], [CUT, quiet])]
    assert named == [["a"]] * 3


def test_what_infrared_is_blind_to_needs_no_support_of_it() -> None:
    said = word({"b": 0.99})
    judged = judge([place(("a", 0.4)), place(("b", 0.9))], [said], FIT, lambda _method, compound: compound == "a")
    assert [row.compound for one in judged for row in one.named] == ["a", "b"]


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
    assert names_beside(said) == ["b", "cut"]
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
