"""When a page may open at all: licence, release, dates at the UTC/BST edge, signatures, withdrawal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from harm_messages import Context, GateClosed, Pack, evaluate, load_pack
from harm_messages.content import Approval, Effective
from tests.harm_messages.message_cases import CASES, NOW, found, sample, shown

PACK = load_pack()
FACTS = sample(found("mdma"), expected=("mdma",))


def with_manifest(**change: object) -> Pack:
    return replace(PACK, manifest=PACK.manifest.model_copy(update=change))


def reason(context: Context, pack: Pack = PACK, now: datetime = NOW) -> str:
    with pytest.raises(GateClosed) as shut:
        evaluate(pack, FACTS, context, "en", now)
    assert shut.value.text
    return shut.value.reason


def test_back_of_house_opens_no_page_whatever_else_holds() -> None:
    assert reason(shown(licence_mode="boh_no_individual_results")) == "back_of_house"
    for facts, _ in CASES.values():
        with pytest.raises(GateClosed):
            evaluate(PACK, facts, shown(licence_mode="boh_no_individual_results"), "en", NOW)


def test_a_result_that_was_not_released_opens_no_page() -> None:
    assert reason(shown(released=False)) == "not_released"


def test_the_dependent_adult_licence_asks_for_confirmation() -> None:
    assert reason(shown(licence_mode="foh_dependent_adult")) == "not_dependent_adult"
    confirmed = shown(licence_mode="foh_dependent_adult", dependent_adult_confirmed=True)
    assert evaluate(PACK, FACTS, confirmed, "en", NOW).headline


def test_a_pack_begins_and_ends_at_the_utc_moment_also_when_clocks_change() -> None:
    # 29 March 2026, 01:00 UTC: the UK goes from 01:00 GMT to 02:00 BST
    start = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    pack = with_manifest(effective=Effective.model_validate({"from": start, "to": start + timedelta(days=1)}))
    bst = timezone(timedelta(hours=1))
    assert evaluate(pack, FACTS, shown(), "en", datetime(2026, 3, 29, 2, 0, tzinfo=bst)).headline
    assert reason(shown(), pack, datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)) == "pack_not_effective"
    assert reason(shown(), pack, datetime(2026, 3, 30, 2, 0, tzinfo=bst)) == "pack_not_effective"
    assert evaluate(pack, FACTS, shown(), "en", datetime(2026, 3, 30, 1, 59, 59, tzinfo=bst)).headline


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        evaluate(PACK, FACTS, shown(), "en", datetime(2026, 3, 29, 1, 0))


def signed(*people: tuple[str, bool], digest: str | None = None) -> Pack:
    pack = with_manifest(status="approved")
    signatures = tuple(Approval(name=n, clinician=c, digest=digest or pack.digest, signed_at=NOW) for n, c in people)
    return replace(pack, approvals=signatures)


def test_two_people_one_a_clinician_sign_the_digest() -> None:
    assert signed(("A", True), ("B", False)).approved
    assert not signed(("A", True)).approved
    assert not signed(("A", True), ("A", True)).approved
    assert not signed(("A", False), ("B", False)).approved
    assert not signed(("A", True), ("B", False), digest="0" * 64).approved


def test_in_an_approved_pack_only_approved_rules_speak() -> None:
    pack = signed(("A", True), ("B", False))
    drafts = evaluate(pack, FACTS, shown(), "en", NOW)
    assert not drafts.notices
    assert not drafts.body
    rules = tuple(r.model_copy(update={"status": "approved"}) for r in PACK.rules)
    assert evaluate(replace(pack, rules=rules), FACTS, shown(), "en", NOW).body


def test_withdrawing_the_pack_says_so_on_every_page() -> None:
    page = evaluate(with_manifest(status="withdrawn"), FACTS, shown(), "en", NOW)
    assert [n.id for n in page.notices] == ["M-NOTICE-WITHDRAWN"]
    assert page.action is not None
    assert page.action.id == "M-DOSE-UNKNOWN"
