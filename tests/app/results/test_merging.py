"""Two people at one draft: what either changed is there, or a choice is shown; nothing is lost in silence."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from app.results.finding import Amount, NewFinding
from app.results.merging import FIELDS, WHOLE, Merged, merge
from harm_messages.vocabulary import Abundance, Basis, Confidence, Unit
from tests.support.budget import size

RUNS = [UUID(int=n) for n in range(3)]
COCAINE, CAFFEINE = NewFinding("cocaine"), NewFinding("caffeine")
FIVE = Amount(5.0, Unit.PERCENT, Basis.BASE)


def test_changes_of_different_substances_and_of_different_fields_of_one_go_together() -> None:
    theirs, yours = replace(COCAINE, amount=FIVE), replace(COCAINE, abundance=Abundance.MINOR)
    both = replace(theirs, abundance=Abundance.MINOR)
    assert merge([COCAINE], [theirs, CAFFEINE], [yours]) == Merged((both, CAFFEINE))


def test_the_same_field_is_a_choice() -> None:
    theirs, yours = (replace(COCAINE, abundance=a) for a in (Abundance.MAJOR, Abundance.TRACE))
    (clash,) = merge([COCAINE], [theirs], [yours]).clashes
    assert (clash.key, clash.field, clash.theirs, clash.yours) == ("cocaine", "abundance", theirs, yours)
    for own, kept in ((True, yours), (False, theirs)):
        assert merge([COCAINE], [theirs], [yours], {("cocaine", "abundance"): own}) == Merged((kept,))


def test_what_one_took_out_and_the_other_changed_is_a_choice() -> None:
    changed = replace(COCAINE, abundance=Abundance.MAJOR)
    (clash,) = merge([COCAINE], [], [changed]).clashes
    assert (clash.field, clash.theirs) == (WHOLE, None)
    assert merge([COCAINE], [], [changed], {("cocaine", WHOLE): True}).findings == (changed,)
    assert merge([COCAINE], [changed], [], {("cocaine", WHOLE): True}).findings == ()


FINDING = st.builds(
    NewFinding,
    st.sampled_from(["cocaine", "caffeine", "levamisole"]),
    abundance=st.sampled_from([Abundance.MAJOR, Abundance.TRACE]),
    amount=st.sampled_from([None, FIVE]),
    analysis_ids=st.lists(st.sampled_from(RUNS), unique=True).map(tuple),
    confidence=st.sampled_from([None, Confidence.INDICATED]),
)
LISTS = st.lists(FINDING, max_size=3, unique_by=lambda f: f.key)


@given(LISTS, LISTS, LISTS)
@settings(max_examples=size(30, 200), deadline=None)
def test_every_change_of_either_side_is_there_or_a_choice(
    base: list[NewFinding], theirs: list[NewFinding], yours: list[NewFinding]
) -> None:
    both = merge(base, theirs, yours)
    b, t, y, m = ({f.key: f for f in some} for some in (base, theirs, yours, both.findings))
    asked = {(c.key, c.field) for c in both.clashes}
    for side in (t, y):
        for key in {*side, *b}:
            if (key, WHOLE) in asked or side.get(key) == b.get(key):
                continue
            if key not in side:
                assert key not in m
                continue
            before = b.get(key) or NewFinding(key)
            for name in FIELDS:
                if getattr(side[key], name) != getattr(before, name):
                    assert getattr(m[key], name) == getattr(side[key], name) or (key, name) in asked
            assert set(side[key].analysis_ids) - set(before.analysis_ids) <= set(m[key].analysis_ids)
    assert merge(base, theirs, base).findings == tuple(theirs)
    assert {f.key: f for f in merge(base, base, yours).findings} == y
