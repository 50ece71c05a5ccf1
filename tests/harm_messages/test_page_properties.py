"""Properties of every page, searched for counter-examples: more findings, more amount, less confidence."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harm_messages import Confidence, Facts, FindingFact, Page, evaluate, load_pack
from tests.harm_messages.message_cases import FTIR, GC_MS, LC_MS, NOW, shown, strip

PACK = load_pack()
IDS = [s.id for s in PACK.register]
ACTIVE = [s.id for s in PACK.register if s.psychoactive and not s.cutting]
FIRM = (Confidence.CONFIRMED, Confidence.INDICATED)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

findings = st.builds(
    FindingFact,
    substance=st.sampled_from(IDS),
    abundance=st.sampled_from(["major", "minor", "trace", "present_unquantified", "indication"]),
    confidence=st.sampled_from(list(Confidence)),
)
known = st.builds(FindingFact, substance=st.sampled_from(ACTIVE), confidence=st.sampled_from(FIRM))
expected = st.lists(st.sampled_from([*IDS, "tusi", "unknown", "cannabinoid.synthetic"]), max_size=2)
scopes = st.lists(st.sampled_from([GC_MS, FTIR, LC_MS]), max_size=2, unique=True)
strips = st.lists(
    st.builds(
        strip,
        st.sampled_from(["opioid.nitazene", "opioid.fentanyl", "benzodiazepine", "sedative.alpha2"]),
        st.sampled_from(["positive", "negative", "faint", "invalid"]),
    ),
    max_size=2,
)
forms = st.sampled_from(["tablet", "powder", "blotter", "vape"])


def facts_of(found: list[FindingFact], **more: Any) -> Facts:
    return Facts.model_validate({"findings": tuple(found), **more})


def page(facts: Facts) -> Page:
    return evaluate(PACK, facts, shown(), "en", NOW)


TOPICS = {rule.emit.message: rule.topic for rule in PACK.rules}


def grave(p: Page) -> dict[str, int]:
    """Topic → severity of every S0–S2 in the body, with what a card of the same family speaks for."""
    cards = sorted((m for m in p.body if m.severity.rank <= 2), key=lambda m: -m.severity.rank)
    joined = {TOPICS[one]: m.severity.rank for m in cards for one, _ in m.joined if one in TOPICS}
    return {**joined, **{m.topic: m.severity.rank for m in cards}}


@given(known, st.lists(findings, max_size=3), findings, expected, scopes, strips, forms)
@example(
    FindingFact(substance="mdea", confidence=Confidence.CONFIRMED), [],
    FindingFact(substance="mdma", confidence=Confidence.CLASS_ONLY), ["mdma"], [], [], "powder",
)  # fmt: skip
@QUICK
def test_adding_a_finding_never_lowers_the_top_severity_nor_removes_a_warning(
    first: FindingFact,
    rest: list[FindingFact],
    extra: FindingFact,
    want: list[str],
    scope: list[Any],
    read: list[Any],
    form: str,
) -> None:
    more = {"expected": tuple(want), "scope": tuple(scope), "strips": tuple(read), "form": form}
    before = page(facts_of([first, *rest], **more))
    after = page(facts_of([first, *rest, extra], **more))
    assert after.top_severity.rank <= before.top_severity.rank
    for topic, rank in grave(before).items():
        assert grave(after).get(topic, 9) <= rank, topic


@given(st.lists(findings, max_size=4), st.randoms(use_true_random=False), expected, scopes, strips)
@QUICK
def test_the_order_of_the_input_does_not_matter(
    found: list[FindingFact], random: Any, want: list[str], scope: list[Any], read: list[Any]
) -> None:
    shuffled = [list(found), list(scope), list(read)]
    for part in shuffled:
        random.shuffle(part)
    one = facts_of(found, expected=tuple(want), scope=tuple(scope), strips=tuple(read))
    other = facts_of(shuffled[0], expected=tuple(want), scope=tuple(shuffled[1]), strips=tuple(shuffled[2]))
    assert page(one).model_dump() == page(other).model_dump()


@given(st.lists(findings, min_size=1, max_size=3), expected, scopes, st.data())
@QUICK
def test_less_confidence_never_adds_a_negative(
    found: list[FindingFact], want: list[str], scope: list[Any], data: Any
) -> None:
    weaker = list(found)
    i = data.draw(st.integers(0, len(found) - 1))
    level = data.draw(st.sampled_from([c for c in Confidence if c.rank <= found[i].confidence.rank]))
    weaker[i] = found[i].model_copy(update={"confidence": level})
    more = {"expected": tuple(want), "scope": tuple(scope)}
    assert negatives(page(facts_of(weaker, **more))) <= negatives(page(facts_of(found, **more)))


def negatives(p: Page) -> set[str]:
    said = {x.text for x in p.headline_parts if x.id in ("M-HL-NOT-FOUND", "M-HL-NOTHING-FOUND")}
    return {word for text in said for word in text.replace("We did not find ", "").strip(".").split(" and ")}


@given(st.lists(findings, max_size=4), expected, scopes, strips, forms)
@QUICK
def test_grave_cards_the_emergency_block_and_the_limits_are_never_folded_away(
    found: list[FindingFact], want: list[str], scope: list[Any], read: list[Any], form: str
) -> None:
    p = page(facts_of(found, expected=tuple(want), scope=tuple(scope), strips=tuple(read), form=form))
    assert all(m.severity.rank >= 2 for m in p.more)
    assert len(p.cards) <= max(4, sum(m.severity.rank <= 1 for m in p.cards))  # A5
    assert p.limits
    assert p.emergency
    assert p.headline
    ranks = [m.severity.rank for m in p.cards]
    assert ranks == sorted(ranks)
    topics = [m.topic for m in p.body]
    assert len(topics) == len(set(topics))


@given(st.lists(findings, max_size=4), expected, scopes, strips)
@QUICK
def test_no_placeholder_and_no_html_but_the_allowed_leaves_a_page(
    found: list[FindingFact], want: list[str], scope: list[Any], read: list[Any]
) -> None:
    p = page(facts_of(found, expected=tuple(want), scope=tuple(scope), strips=tuple(read)))
    for m in p.messages():
        for text in (m.text, m.html, m.more_text, m.more_html, m.title, m.because):
            assert "{" not in text
        bare = m.html.replace('<span class="dose">', "").replace("</span>", "")
        for tag in ("p", "ul", "ol", "li", "strong"):
            bare = bare.replace(f"<{tag}>", "").replace(f"</{tag}>", "")
        assert "<" not in bare
