"""What the shipped pack says about single substances: the text written for each, once, and never how to take a poison."""

from __future__ import annotations

import re

import pytest

from harm_messages import evaluate, load_pack
from tests.harm_messages.message_cases import GC_MS, NOW, found, sample, shown, strip
from tests.harm_messages.message_cases import ids as every_id

PACK = load_pack()
# substance → its own message, and the class message that must then not stand beside it
OWN = {
    "mdma": ("M-HEAT", "M-ENTACTOGEN-OTHER"),
    "mda": ("M-MDA", "M-ENTACTOGEN-OTHER"),
    "pmma": ("M-PMA", "M-AMPHETAMINE"),
    "cocaine": ("M-USE-COCAINE", "M-STIM-OTHER"),
    "amphetamine": ("M-SPEED", "M-AMPHETAMINE"),
    "methamphetamine": ("M-METH", "M-AMPHETAMINE"),
    "4-fluoroamphetamine": ("M-4FA", "M-AMPHETAMINE"),
    "mephedrone": ("M-MEPHEDRONE", "M-CATHINONE"),
    "3-cmc": ("M-CMC", "M-CATHINONE"),
    "eutylone": ("M-CATHINONE-LONG", "M-CATHINONE"),
    "mdphp": ("M-CATHINONE-POTENT", "M-CATHINONE"),
    "ketamine": ("M-KETAMINE", "M-DISSOCIATIVE"),
    "2-fluorodeschloroketamine": ("M-DISSOCIATIVE", "M-KETAMINE"),
    "methoxetamine": ("M-PCP", "M-DISSOCIATIVE"),
    "ghb": ("M-GHB", "M-GBL"),
    "gbl": ("M-GBL", "M-GHB"),
    "1-4-butanediol": ("M-BDO", "M-GHB"),
    "lsd": ("M-LSD", "M-PSYCHEDELIC"),
    "2c-b": ("M-2CB", "M-2C"),
    "2c-e": ("M-2C", "M-2CB"),
    "25c-nbome": ("M-NBOME", "M-MIX-PSYCHEDELIC"),
    "dob": ("M-DOX", "M-2C"),
    "psilocybin": ("M-MUSHROOMS", "M-DMT"),
    "dmt": ("M-DMT", "M-MUSHROOMS"),
    "5-meo-dmt": ("M-5MEO-DMT", "M-5MEO"),
    "alpha-methyltryptamine": ("M-AMT", "M-MUSHROOMS"),
    "heroin": ("M-HEROIN", "M-OPIOID-GENERAL"),
    "methadone": ("M-METHADONE", "M-OPIOID-GENERAL"),
    "buprenorphine": ("M-BUPRENORPHINE", "M-OPIOID-GENERAL"),
    "tramadol": ("M-TRAMADOL", "M-OPIOID-GENERAL"),
    "fentanyl": ("M-FENTANYL", "M-OPIOID-GENERAL"),
    "4-anpp": ("M-FENTANYL-SIGN", "M-FENTANYL"),
    "metonitazene": ("M-NITAZENE", "M-OPIOID-GENERAL"),
    "xylazine": ("M-XYLAZINE", "M-ALPHA2"),
    "medetomidine": ("M-MEDETOMIDINE", "M-ALPHA2"),
    "clonidine": ("M-CLONIDINE", "M-ALPHA2"),
    "diazepam": ("M-DIAZEPAM", "M-BENZO"),
    "bromazolam": ("M-BENZO-NOVEL", "M-BENZO"),
    "clonazolam": ("M-BENZO-NOVEL-POTENT", "M-BENZO-NOVEL"),
    "phenazepam": ("M-BENZO-LONG", "M-BENZO"),
    "pregabalin": ("M-PREGABALIN", "M-GABAPENTINOID"),
    "phenibut": ("M-PHENIBUT", "M-SEDATIVE"),
    "mdmb-4en-pinaca": ("M-SYNTH-CANNABINOID", "M-CANNABIS"),
    "vitamin-e-acetate": ("M-VITAMIN-E", "M-VAPE-LIQUID"),
    "nitrous-oxide": ("M-NITROUS", "M-DISSOCIATIVE"),
    "isopropyl-nitrite": ("M-INHALANT", "M-PDE5"),
    "dextromethorphan": ("M-DXM", "M-DISSOCIATIVE"),
    "4-4-methylenedianiline": ("M-METHYLENEDIANILINE", "M-INDUSTRIAL"),
    "btmps": ("M-BTMPS", "M-INDUSTRIAL"),
    "lidocaine": ("M-LIDOCAINE", "M-LOCAL-ANAESTHETIC"),
    "benzocaine": ("M-BENZOCAINE", "M-LOCAL-ANAESTHETIC"),
    "levamisole": ("M-LEVAMISOLE", "M-CUTS"),
    "phenacetin": ("M-PHENACETIN", "M-CUTS"),
    "paracetamol": ("M-PARACETAMOL", "M-CUTS"),
    "insulin": ("M-INSULIN", "M-CUTS"),
    "botulinum-toxin": ("M-BOTULINUM", "M-CUTS"),
    "semaglutide": ("M-WEIGHT-LOSS-PEN", "M-ONLY-CUTS"),
    "testosterone-enanthate": ("M-STEROID", "M-ONLY-CUTS"),
    "ostarine": ("M-SARM", "M-ONLY-CUTS"),
    "melanotan-ii": ("M-TANNING", "M-ONLY-CUTS"),
}


def ids(*findings, **more):  # type: ignore[no-untyped-def]
    page = evaluate(PACK, sample(*findings, scope=(GC_MS,), **more), shown(), "en", NOW)
    return [one for m in (*page.body, *page.safer_use) for one in (m.id, *(joined for joined, _ in m.joined))]


@pytest.mark.parametrize("substance", OWN)
def test_a_substance_with_words_of_its_own_does_not_say_the_class_words_too(substance: str) -> None:
    own, other = OWN[substance]
    said = ids(found(substance), expected=(substance,))
    assert own in said
    assert other not in said


@pytest.mark.parametrize(
    ("together", "one", "not_these"),
    [
        (("fentanyl", "isotonitazene"), "M-STRONG-OPIOIDS", {"M-FENTANYL", "M-NITAZENE"}),
        (("fentanyl", "4-anpp"), "M-FENTANYL", {"M-FENTANYL-SIGN"}),
        (("xylazine", "medetomidine"), "M-ALPHA2", {"M-XYLAZINE", "M-MEDETOMIDINE"}),
        (("lidocaine", "procaine"), "M-LOCAL-ANAESTHETIC", {"M-LIDOCAINE"}),
        (("heroin", "protonitazene"), "M-NITAZENE", {"M-HEROIN"}),
    ],
)
def test_two_of_one_kind_make_one_card(together: tuple[str, str], one: str, not_these: set[str]) -> None:
    said = ids(*map(found, together), expected=("unknown",))
    assert one in said
    assert not not_these & set(said)


@pytest.mark.parametrize("form", ["vape", "edible", "plant"])
def test_a_synthetic_cannabinoid_is_spoken_of_in_the_form_it_came_in(form: str) -> None:
    card = {"vape": "M-SYNTH-VAPE", "edible": "M-SYNTH-EDIBLE"}.get(form, "M-SYNTH-CANNABINOID")
    said = [m for m in ids(found("5f-adb"), expected=("thc",), form=form) if m.startswith("M-SYNTH")]
    assert said == [card]


@pytest.mark.parametrize("poison", ["2-4-dinitrophenol", "4-4-methylenedianiline", "acetamiprid", "vitamin-e-acetate"])
def test_the_page_of_a_poison_says_not_to_take_it_and_nothing_about_how(poison: str) -> None:
    page = evaluate(PACK, sample(found(poison, "indicated"), form="vape"), shown(), "en", NOW)
    assert page.action is not None
    assert page.action.text.startswith("Do not take this.")
    assert page.safer_use == ()


@pytest.mark.parametrize("expected", ["ethanol", "alcohol"])
@pytest.mark.parametrize(("poison", "card"), [("methanol", "M-METHANOL"), ("ethylene-glycol", "M-ETHYLENE-GLYCOL")])
def test_a_poisonous_alcohol_is_never_the_alcohol_that_was_expected(expected: str, poison: str, card: str) -> None:
    page = evaluate(PACK, sample(found(poison), expected=(expected,), scope=(GC_MS,)), shown(), "en", NOW)
    assert (page.top_severity, page.verdict) == ("S0", "not_as_expected")
    assert "M-ALCOHOL" not in every_id(page)
    for sure in ("tentative", "indicated", "confirmed"):
        said = ids(found("ethanol", sure), found(poison, sure), expected=(expected,))
        assert card in said
        assert "M-POISON" not in said
    assert "Call 999 now, even if you feel well." in PACK.messages[card, "en"].short


def test_what_was_expected_and_a_drug_on_top_says_both_names_and_not_to_take_it() -> None:
    for extra, card in (
        ("ketamine", "M-DIFF-ADDED"),
        ("eutylone", "M-CATHINONE-ADDED"),
        ("heroin", "M-OPIOID-UNEXPECTED"),
    ):
        page = evaluate(PACK, sample(found("mdma"), found(extra), expected=("mdma",)), shown(), "en", NOW)
        text = next(m.text for m in page.body if m.id == card)
        assert "MDMA" in text
        assert extra in text.casefold()
        assert "Best not to take it." in text


@pytest.mark.parametrize("g", ["ghb", "gbl", "1-4-butanediol"])
def test_g_that_nobody_expected_has_its_own_card_and_says_nothing_about_measuring(g: str) -> None:
    page = evaluate(PACK, sample(found("mdma"), found(g), expected=("mdma",), scope=(GC_MS,)), shown(), "en", NOW)
    assert page.cards[0].id == "M-G-UNEXPECTED"
    assert not {"M-GHB", "M-GBL", "M-BDO"} & every_id(page)
    assert "syringe" not in page.to_plain()


def test_a_benzo_strip_on_something_else_warns_at_s1_and_on_a_benzo_does_not() -> None:
    read = (strip("benzodiazepine", "positive"),)
    assert "M-BENZO-UNEXPECTED" in ids(expected=("mdma",), strips=read)
    assert "M-BENZO-UNEXPECTED" not in ids(expected=("diazepam",), strips=read)


def test_paracetamol_is_a_cut_of_heroin_and_a_danger_of_its_own_in_a_pill() -> None:
    assert "M-PARACETAMOL" not in ids(found("heroin"), found("paracetamol"), expected=("heroin",), form="powder")
    page = evaluate(PACK, sample(found("codeine"), found("paracetamol"), form="tablet"), shown(), "en", NOW)
    assert next(m for m in page.body if m.id == "M-PARACETAMOL").severity == "S3"


def test_no_sentence_about_names_breaks_when_there_are_two() -> None:
    """Names merge where two rules say one message: "X and Y is" must not come out."""
    singular = re.compile(r"\{names\} (is|was|has|makes|acts|does|lasts|can't)\b")
    for message in PACK.messages.values():
        if message.locale == "en" and message.id != "M-METHYLENEDIANILINE":  # one substance only
            assert not singular.search(message.source), message.id


def test_every_choice_a_person_may_tap_changes_some_page() -> None:
    known = {word for group in PACK.groups.values() for word in group.co_use}
    assert set(PACK.co_use) == known


# the table of dangerous pairs a clinician signs, side by side; the pack may know more, never less
PAIRS = """
opioid: alcohol benzodiazepine ghb ketamine pregabalin cocaine dxm tramadol
benzodiazepine: alcohol ghb tramadol
ghb: alcohol ketamine dxm pcp diphenhydramine pregabalin tramadol
alcohol: ketamine dxm diphenhydramine tramadol cocaine
maoi: mdma amphetamine cocaine ssri dxm amt 5-meo tramadol pcp
tramadol: mdma amphetamine cocaine mephedrone ssri ketamine lithium
lithium: lsd mushrooms dmt dox 2c nbome mdma mescaline
dxm: mdma mephedrone ssri maoi
mdma: mephedrone
strong_opioid: alpha2 depressant
pma: mdma ssri maoi
sildenafil: nitrite
booster: mdma amphetamine mephedrone ketamine ghb benzodiazepine sildenafil
"""


def test_every_dangerous_pair_of_the_table_is_in_the_pack() -> None:
    known = {frozenset((p.a, p.b)) for p in PACK.pairs}
    wanted = {
        frozenset((side, other))
        for line in PAIRS.split("\n")
        if line
        for side, others in [line.split(":")]
        for other in others.split()
    }
    assert wanted <= known
