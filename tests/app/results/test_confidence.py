"""How sure a finding is: the table of rules, with identification.methods.toml as it is shipped."""

from __future__ import annotations

from itertools import combinations

import pytest

from app.laboratory.identification.domain import Method, method_info
from app.results.derivation import LABORATORY, Evidence, derive_confidence, minimum_identification
from spectra.minimum_identification import category, properties


def of(*methods: str) -> list[Evidence]:
    """`ftir`, `strip:positive`, `gc_ms!` (did not run well), `gc_ms?` (nobody read it), `gc_ms+` (both of its results)."""
    out = []
    for word in methods:
        name, _, reading = word.rstrip("!?+").partition(":")
        info = method_info(Method(name))
        ran, read = not word.endswith("!"), not word.endswith("?")
        both = word.endswith("+")
        out.append(Evidence(name, info.title, info.category, info.specific, ran, reading, read, both))
    return out


TABLE = [
    ((), "tentative", "No analysis that counts"),
    (("visual",), "tentative", "cannot name one substance"),
    (("reagent",), "tentative", "cannot name one substance"),
    (("tlc",), "tentative", "cannot name one substance"),
    (("lc_uv",), "tentative", "cannot name one substance"),
    (("dart_ms",), "tentative", "cannot name one substance"),
    (("dart_ms", "ambient_ms"), "tentative", "cannot name one substance"),
    (("strip:positive",), "class_only", "A strip shows a class"),
    (("strip:faint",), "tentative", "faint"),
    (("strip:invalid",), "tentative", "reads invalid"),
    (("strip:negative",), "tentative", "reads negative"),
    (("reagent", "strip:positive"), "class_only", "A strip shows a class"),
    (("ftir",), "indicated", "one specific technique"),
    (("ftir", "ftir"), "indicated", "one specific technique"),
    (("ftir", "reagent"), "indicated", "one specific technique"),
    (("ftir", "strip:positive"), "indicated", "one specific technique"),
    (("gc_ms",), "indicated", "one specific technique"),
    (("ftir", "gc_ms"), "confirmed", "FTIR (SWGDRUG category A) and GC-MS"),
    (("ftir", "raman"), "confirmed", "agree"),
    (("ftir", "dart_ms"), "confirmed", "agree"),
    (("ftir", "tlc"), "confirmed", "agree"),
    (("gc_ms", "lc_ms"), "confirmed", "agree"),
    (("gc_ms", "gc_ms+"), "confirmed", "agree"),
    (("gc_ms+", "gc_ms"), "confirmed", "agree"),
    (("tlc", "gc_fid", "uv"), "confirmed", "two of them uncorrelated ones of SWGDRUG category B"),
    (("ftir", "gc_ms!"), "indicated", "GC-MS: did not run well"),
    (("ftir", "gc_ms?"), "indicated", "GC-MS: was not read yet"),
    (("gc_ms?",), "tentative", "No analysis that counts"),
    (("ftir!", "strip:positive"), "class_only", "A strip shows a class"),
]


@pytest.mark.parametrize(("methods", "level", "says"), TABLE)
def test_the_confidence_of_a_named_substance_follows_the_rule(methods: tuple[str, ...], level: str, says: str) -> None:
    found, reasons = derive_confidence(of(*methods))
    assert found.value == level
    assert any(says in reason for reason in reasons), reasons


def test_a_class_alone_is_never_more_than_class_only() -> None:
    assert derive_confidence(of("ftir", "gc_ms"), names_substance=False)[0].value == "class_only"
    assert derive_confidence(of("reagent"), names_substance=False)[0].value == "tentative"


def test_what_has_no_name_stays_tentative() -> None:
    level, reasons = derive_confidence(of("ftir", "gc_ms"), names_substance=False, names_class=False)
    assert level.value == "tentative"
    assert "no name yet" in reasons[-1]


def test_a_negative_strip_speaks_only_for_what_was_not_seen() -> None:
    assert derive_confidence(of("strip:negative"), seen=False)[0].value == "class_only"
    assert derive_confidence(of("strip:positive"), seen=False)[0].value == "tentative"


EVERY = [m.value for m in Method if m is not Method.STRIP] + ["strip:positive"]


def test_more_evidence_never_lowers_the_confidence() -> None:
    order = ["tentative", "class_only", "indicated", "confirmed"]
    for first in EVERY:
        alone = order.index(derive_confidence(of(first))[0].value)
        for second in EVERY:
            assert order.index(derive_confidence(of(first, second))[0].value) >= alone


def test_confirmed_and_the_swgdrug_minimum_are_one_rule() -> None:
    for how_many in (1, 2, 3):
        for methods in combinations(EVERY, how_many):
            level, _ = derive_confidence(of(*methods))
            assert (level.value == "confirmed") == minimum_identification(of(*methods)).met, methods


def test_every_instrumental_method_has_its_principle() -> None:
    without = {Method.REAGENT, Method.STRIP, Method.VISUAL}
    assert all(properties(method.value) for method in Method if method not in without)
    assert all(method_info(method).category == category(method) for method in Method)
    assert {method.value for method in Method if method not in without} >= LABORATORY
