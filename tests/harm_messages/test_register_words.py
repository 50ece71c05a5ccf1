"""The register: what people say, what it may mean, and facts that admit when they were not confirmed."""

from __future__ import annotations

import pytest

from harm_messages import Confidence, FindingFact, FindingRole, MatchKind, UnknownSubstance, load_pack
from harm_messages.amounts import molar_mass
from harm_messages.roles import derive_role

REGISTER = load_pack().register


def test_typing_mand_finds_mdma_by_its_street_name() -> None:
    first = REGISTER.search("mand")[0]
    assert (first.id, first.kind, first.words) == ("mdma", MatchKind.ALIAS, "mandy")


def test_names_stand_before_street_names() -> None:
    assert REGISTER.search("mda")[0].id == "mda"
    assert [m.label for m in REGISTER.search("coc")][:2] == ["Cocaine", "Cocaethylene"]


def test_g_is_any_of_three_drugs_and_ghb_is_one() -> None:
    """The class and the substance have the same id, so the word needs one of its own."""
    (match,) = REGISTER.resolve("G")
    assert REGISTER.intents[match.id].covers == ("ghb", "gbl", "1-4-butanediol")
    assert [m.id for m in REGISTER.resolve("GHB")] == ["ghb"]
    assert [(m.id, m.label) for m in REGISTER.search("G", limit=1)] == [("g-type", "a G-type drug")]
    for one in ("ghb", "gbl", "1-4-butanediol"):
        finding = FindingFact(substance=one, confidence=Confidence.CONFIRMED)
        assert derive_role(finding, [finding], [match.id]) is FindingRole.EXPECTED
        assert (derive_role(finding, [finding], ["ghb"]) is FindingRole.EXPECTED) == (one == "ghb")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("spice", "cannabinoid.synthetic"),
        ("monkey dust", "stimulant.cathinone"),
        ("N-bomb", "psychedelic.nbome"),
        ("poppers", "inhalant"),
    ],
)
def test_a_street_name_shared_within_a_class_becomes_the_class_and_says_so(words: str, meant: str) -> None:
    (match,) = REGISTER.resolve(words)
    assert match.id == meant
    assert match.ambiguous
    assert len(match.also) > 1


def test_mda_means_the_drug_first_and_names_the_industrial_amine_it_collides_with() -> None:
    assert [(m.id, m.kind) for m in REGISTER.resolve("MDA")] == [
        ("mda", MatchKind.NAME),
        ("4-4-methylenedianiline", MatchKind.CLASH),
    ]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("Ecstasy", "mdma"), ("  MDMA ", "mdma"), ("6-mam", "6-monoacetylmorphine"), ("α-PVP", "alpha-pvp"),
        ("Street Valium", "etizolam"), ("tuci", "tusi"), ("antifreeze", "ethylene-glycol"), ("rubbing alcohol", "isopropanol"),
        ("Ozempic", "semaglutide"), ("roids", "hormone.steroid"), ("slin", "insulin"), ("alcohol", "ethanol"), ("don't know", "unknown"), ("2cb", "2c-b"),
    ],
)  # fmt: skip
def test_what_people_say_is_understood(words: str, meant: str) -> None:
    assert [m.id for m in REGISTER.resolve(words)] == [meant]


def test_words_nobody_knows_give_nothing_and_an_unknown_id_raises() -> None:
    assert REGISTER.resolve("flurbitol") == []
    with pytest.raises(UnknownSubstance, match="not read as 'not found'"):
        REGISTER["flurbitol"]


def test_a_recalled_fact_never_prints_as_certain() -> None:
    recalled = REGISTER["pmma"].cas
    assert recalled is not None
    assert not recalled.certain
    assert "not confirmed" in str(recalled)
    confirmed = REGISTER["mdma"].cas
    assert confirmed is not None
    assert str(confirmed) == "42542-10-9"
    assert not any(s.uk_class.certain for s in REGISTER if s.uk_class and "recalled" in s.uk_class.basis)


def test_cas_check_digits_hold() -> None:
    for row in REGISTER:
        if row.cas is not None:
            *body, check = [int(c) for c in row.cas.value if c.isdigit()]
            assert sum(n * d for n, d in enumerate(reversed(body), start=1)) % 10 == check, row.id


def test_formulae_agree_with_exact_masses() -> None:
    for row in REGISTER:
        if row.formula and row.monoisotopic_mass:
            assert molar_mass(row.formula) == pytest.approx(row.monoisotopic_mass, rel=0.01), row.id
