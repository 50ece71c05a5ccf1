"""What a method cannot tell apart is said, is never called absent, and decides nothing against the client."""

from __future__ import annotations

import pytest

from harm_messages import Facts, FindingFact, Page, derive_role, derive_verdict, evaluate, load_pack
from harm_messages.derived import derive
from harm_messages.matching import match
from harm_messages.rules import When
from tests.harm_messages.message_cases import GC_MS, LC_MS, NOW, found, ids, sample, shown

PACK = load_pack()


def page(*findings: FindingFact, **more: object) -> Page:
    return evaluate(PACK, facts(*findings, **more), shown(), "en", NOW)


def facts(*findings: FindingFact, **more: object) -> Facts:
    return sample(*findings, **{"scope": (GC_MS, LC_MS), "form": "powder", **more})


def alike(substance: str, *others: str, confidence: str = "indicated") -> FindingFact:
    return found(substance, confidence, look_alikes=others)


@pytest.mark.parametrize("confidence", ["indicated", "confirmed", "tentative"])
def test_we_did_not_find_is_never_said_of_a_look_alike(confidence: str) -> None:
    told = page(alike("mephedrone", "3-mmc", confidence=confidence), found("caffeine"), expected=("3-mmc",))
    apart = page(found("mephedrone", confidence), found("caffeine"), expected=("3-mmc",))
    assert "did not find" not in told.to_plain()
    assert "did not find 3-MMC" in apart.to_plain()


def test_nor_of_its_class_nor_by_a_rule_that_asks_what_was_not_found() -> None:
    asks = When.model_validate({"none_found": {"class": "psychedelic.2c", "in_scope": True}})
    assert match(asks, derive(PACK, facts(found("mdma")), shown())) is not None
    assert match(asks, derive(PACK, facts(alike("mdma", "2c-e")), shown())) is None


def test_a_look_alike_without_a_register_id_is_said_and_stops_every_negative() -> None:
    told = page(alike("mephedrone", "no-such-row"), expected=("ketamine",))
    assert "Or it's something we cannot name yet." in told.headline
    assert "did not find" not in told.to_plain()


def test_the_expected_drug_as_a_look_alike_is_neither_there_nor_replaced() -> None:
    told = page(alike("mephedrone", "3-mmc", confidence="confirmed"), expected=("3-mmc",))
    assert told.verdict == "inconclusive"
    assert told.difference is None
    assert "not what you expected" not in told.to_plain().lower()
    assert "Or it's 3-MMC." in told.headline
    assert "M-HL-COULD-BE" in dict(told.display_log)


def test_the_expected_drug_with_another_look_alike_is_not_decided_either() -> None:
    told = page(alike("3-mmc", "mephedrone"), expected=("3-mmc",))
    assert told.verdict == "inconclusive"
    assert "Or it's mephedrone." in told.headline
    assert page(found("3-mmc", "indicated"), expected=("3-mmc",)).verdict == "as_expected"


def test_look_alikes_that_were_all_expected_leave_nothing_open() -> None:
    told = [alike("3-mmc", "mephedrone")]
    assert derive_verdict(told, ["stimulant.cathinone"], pack=PACK) == "as_expected"


def test_another_drug_beside_an_undecided_one_is_more_than_expected_not_in_its_place() -> None:
    two = [alike("mephedrone", "3-mmc"), found("ketamine")]
    assert derive_verdict(two, ["3-mmc"], pack=PACK) == "expected_plus_active"
    assert derive_role(two[0], two, ["3-mmc"], PACK) == "unstated"
    assert derive_role(two[1], two, ["3-mmc"], PACK) == "adulterant"
    assert "You expected" not in page(*two, expected=("3-mmc",)).headline


def test_a_look_alike_that_is_always_warned_of_brings_its_warning() -> None:
    told = page(alike("mdma", "pmma"), expected=("mdma",))
    assert "M-PMA" in {m.id for m in told.cards}
    assert told.headline.count("PMMA") == 1
    assert "Or it's PMMA." in told.headline
    assert "M-PMA" not in ids(page(found("mdma", "indicated"), expected=("mdma",)))


def test_a_cut_that_may_be_a_drug_is_named_in_the_headline() -> None:
    told = page(found("mdma"), alike("lactose", "fentanyl"), expected=("mdma",))
    assert "Or it's fentanyl." in told.headline
    assert "sorbitol" not in page(found("mdma"), alike("mannitol", "sorbitol"), expected=("mdma",)).headline


def test_several_look_alikes_are_an_or_and_what_was_found_itself_is_not_repeated() -> None:
    told = page(alike("mephedrone", "3-mmc", "pmma"), expected=())
    assert "Or it's 3-MMC or PMMA." in told.headline
    both = page(alike("mephedrone", "3-mmc"), found("3-mmc"), expected=())
    assert "tell them apart" not in both.headline
