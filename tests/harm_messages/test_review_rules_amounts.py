"""Rules D1 to D6 over generated facts: one basis, no word on the rest, weighing, fractions, and no plan beside another drug.

Molar masses and edges stand here a second time, so that the sums are done twice.
"""

from __future__ import annotations

import math
import re

from harm_messages import Facts, Page
from harm_messages.types import Basis, Confidence, Form, StripReading, Unit
from tests.harm_messages.generated_pages import (
    PACK,
    Made,
    held,
    present,
    visible,
)

# molar mass of the base, and what the salt that people are sold adds to it (g/mol)
HCL, HALF_SULFATE = 36.458, 49.04
MASS = {
    "mdma": (193.246, HCL), "cocaine": (303.358, HCL), "ketamine": (237.727, HCL), "amphetamine": (135.210, HALF_SULFATE),
    "2c-b": (260.131, HCL), "lsd": (323.440, 0.0),
}  # fmt: skip
SALTS = {"amphetamine": "sulfate", "lsd": "base"}
EDGES = {
    ("mdma", Unit.MG_PER_UNIT): (59, 125, 179, 249), ("2c-b", Unit.MG_PER_UNIT): (None, 20, 30, None),
    ("lsd", Unit.UG_PER_BLOTTER): (None, 120, 200, None),
}  # fmt: skip
BANDED = (Form.TABLET, Form.CAPSULE, Form.BLOTTER)
POWDERS = (Form.POWDER, Form.CRYSTAL, Form.ROCK)


def strength(page: Page) -> str:
    """The card on how much is in it, in words."""
    return "\n".join(m.text for m in page.body if m.slot == "strength")


def measured(m: Made) -> list[tuple[str, float, float, Unit, Basis]]:
    """(substance, value, upper end, unit, basis) of what was confirmed and measured."""
    return [
        (f.substance, f.amount.value, f.amount.upper, f.amount.unit, f.amount.basis)
        for f in present(m.facts)
        if f.substance and f.amount is not None and f.confidence is Confidence.CONFIRMED
    ]


def alone(m: Made) -> tuple[str, float, float, Unit, Basis] | None:
    """The one thing measured, where it is all there is on an English page."""
    each = measured(m)
    single = len(each) == 1 and len(present(m.facts)) == 1 and m.page.labels_locale == "en" and m.locale == "en"
    return each[0] if single and each[0][0] in MASS and each[0][1] > 0 else None


def figures(value: float) -> str:
    digits = 1 - math.floor(math.log10(value))
    rounded = math.floor(value * 10**digits + 0.5 + 1e-9) / 10**digits
    return f"{rounded:,.4f}".rstrip("0").rstrip(".")


def sold(substance: str, value: float, basis: Basis, form: Form) -> list[float]:
    """The reading, or the least and the most where nobody knows the basis, as the salt that people are sold."""
    base, salt = MASS[substance]
    salt = 0.0 if substance == "cocaine" and form is Form.ROCK else salt
    as_base, as_hcl = value * (base + salt) / base, value * (base + salt) / (base + HCL)
    if basis is Basis.OTHER_SALT:
        return [value]
    if basis is Basis.UNKNOWN:
        return sorted({min(value, as_base, as_hcl), max(value, as_base, as_hcl)})
    return [as_base if basis is Basis.BASE else as_hcl]


def fits_table(substance: str) -> bool:
    return PACK.amounts_table.usual_salt.get(substance, "hydrochloride") == SALTS.get(substance, "hydrochloride")


def test_d1_an_amount_counts_the_salt_that_people_are_sold() -> None:
    def oracle(m: Made) -> str | None:
        one = alone(m)
        if one is None or not strength(m.page) or one[3] in (Unit.MG_PER_ML, Unit.RATIO) or not fits_table(one[0]):
            return None
        substance, value, _, _, basis = one
        each = sold(substance, value, basis, m.facts.form)
        wanted = " to ".join(dict.fromkeys(figures(x) for x in each))
        text = strength(m.page)
        if not re.search(rf"about {re.escape(wanted)} (?:mg|µg)", text):
            return f"no {wanted} in “{text}” for {one}"
        base = substance == "lsd" or (substance == "cocaine" and m.facts.form is Form.ROCK)
        said = "counted as base" if base else "counted as the usual salt"
        return "" if basis is Basis.OTHER_SALT or text.count(said) == 1 else f"{said}: {text}"

    held(oracle, least=40)


REST = "This does not tell you what the rest is."


def test_d2_a_share_never_reads_as_if_the_rest_were_known() -> None:
    def oracle(m: Made) -> str | None:
        text = strength(m.page)
        if not text or m.locale != "en":
            return None
        shares = [x for x in measured(m) if x[3] is Unit.PERCENT]
        if re.search(r"\bpur(?:e|ity)\b|\bthe rest is (?!\.)\w|\bcut(?:s|ting)?\b", text.replace(REST, ""), re.I):
            return text
        told = {
            figures(x) for s, v, _, _, basis in measured(m) if s in MASS and v for x in sold(s, v, basis, m.facts.form)
        }
        numbers = {figures(100 - x[1]) for x in shares if x[1] < 99} - told
        rests = [
            n
            for n in numbers
            if len(shares) == 1 and len(measured(m)) == 1 and re.search(rf"\b{re.escape(n)} (?:mg|%)", text)
        ]
        if rests and shares[0][0] in MASS:
            return f"{rests} in {text}"
        return "" if not shares or "100 mg" not in text or REST in text else text

    held(oracle, least=60)


def test_d3_a_powder_is_told_by_weight_and_has_no_pill_band() -> None:
    def oracle(m: Made) -> str | None:
        text = strength(m.page)
        if m.facts.form not in POWDERS or not text or m.locale != "en":
            return None
        if re.search(r"whole (?:one|tab)|quarter|usual (?:adult )?amount", text):
            return text
        one = alone(m)
        if one is None or one[3] is not Unit.PERCENT:
            return ""
        return "" if "100 mg on the scale holds about" in text and "This does not" in text else text

    held(oracle, least=30)


SEVERITY = {"below": "S4", "usual": "S4", "high": "S2", "very_high": "S1", "extreme": "S1"}


def banded(m: Made) -> tuple[str, float] | None:
    """(band by value + U, the figure compared) of a single pill or tab; whole numbers, rounded up."""
    one = alone(m)
    if one is None or m.facts.form not in BANDED or (one[0], one[3]) not in EDGES:
        return None
    substance, value, upper, _, basis = one
    below, usual, high, very_high = EDGES[(substance, one[3])]
    base, _ = MASS[substance]
    factor = 1.0
    if substance != "lsd" and basis in (Basis.BASE, Basis.UNKNOWN):
        factor = (base + HCL) / base
    if substance == "lsd" and basis is Basis.HYDROCHLORIDE:
        factor = base / (base + HCL)
    top = math.ceil(upper * factor - 1e-6)
    edges = [(below, "below"), (usual, "usual"), (high, "high"), (very_high, "very_high")]
    name = next(
        (name for edge, name in edges if edge is not None and top <= edge), "extreme" if very_high else "very_high"
    )
    return name, value * factor / usual


def test_d4_the_band_of_a_pill_goes_by_its_value_and_its_uncertainty() -> None:
    def oracle(m: Made) -> str | None:
        band = banded(m)
        if band is None or any(s.reading is not StripReading.NEGATIVE for s in m.facts.strips):
            return None  # a strip may veto every word about taking it
        cards = [c for c in m.page.body if c.slot == "strength"]
        return (
            ""
            if [c.severity for c in cards] == [SEVERITY[band[0]]]
            else f"{band}: {[(c.id, c.severity) for c in cards]}"
        )

    held(oracle, least=15)


def test_d4_a_pill_is_told_in_usual_amounts_and_a_quarter_in_words_and_mg() -> None:
    near = {
        0.25: "quarter of a usual",
        0.5: "half a usual",
        1.0: "one usual",
        2.0: "two usual",
        3.0: "three usual",
    }

    def oracle(m: Made) -> str | None:
        band, one = banded(m), alone(m)
        if band is None or one is None or band[0] == "below":
            return None
        text = strength(m.page)
        if "usual" not in text:
            return text
        amounts = one[1] / m.pack.doses[one[0]].usual_dose_mg if one[4] is Basis.HYDROCHLORIDE else 0.0
        for parts_, words in near.items():
            if abs(amounts / parts_ - 1) < 0.04 and words not in text:
                return f"{amounts:.2f} usual amounts: {text}"
        if re.search(r"[Ss]tart with", visible(m.page)) and one[4] is Basis.HYDROCHLORIDE and one[0] != "lsd":
            quarter = f"A quarter is {figures(one[1] / 4)} mg"
            return "" if quarter in text else f"no “{quarter}” in {text}"
        return ""

    held(oracle, least=15)


def test_d5_little_in_a_pill_is_no_reason_to_take_two() -> None:
    def oracle(m: Made) -> str | None:
        text = strength(m.page)
        if re.search(r"\b(?:weak|mild|low dose|light)\b", text, re.I):
            return text
        band = banded(m)
        if band is None or band[0] != "below":
            return None
        wanted = ("less than most", "three times as much", "Do not take two")
        return "" if all(w in text for w in wanted) else text

    held(oracle, least=3)


PLAN = re.compile(r"(?<!three )a quarter is|half of (?:it|one pill)|start with|wait \d|before any more|take more", re.I)


def test_d6_the_same_pill_says_how_much_and_how_only_while_nothing_else_is_in_it() -> None:
    def oracle(m: Made) -> str | None:
        if banded(m) is None or not PLAN.search(strength(m.page)):
            return None
        more = {"substance": "ketamine", "confidence": "indicated", "methods": ("GC_MS",)}
        facts = Facts.model_validate({**m.facts.model_dump(), "findings": (*m.facts.model_dump()["findings"], more)})
        text = strength(m.again(facts))
        return "" if re.search(r"about [\d.,]+", text) and not PLAN.search(text) else text

    held(oracle, least=3)
