"""How much, in which basis, in which band; and how an amount is written for people.

One conversion, one printed basis: the salt people are sold. A band compares value + U (k = 2), rounded up, with its edges, so it
errs towards caution; a basis that is not known is taken as the one that gives the higher figure.
Imports Babel for numbers and this package.
"""

from __future__ import annotations

import math
import re

from babel.numbers import format_decimal

from harm_messages.content import BandRow, Labels
from harm_messages.pack import Pack
from harm_messages.types import AmountFact, Band, Basis, Form, Unit

# Standard atomic weights (IUPAC 2021, abridged), g/mol; only elements that register formulae hold.
WEIGHTS = {
    "H": 1.008, "B": 10.81, "C": 12.011, "N": 14.007, "O": 15.999, "F": 18.998, "Na": 22.990, "Mg": 24.305,
    "P": 30.974, "S": 32.06, "Cl": 35.45, "K": 39.098, "Ca": 40.078, "Br": 79.904, "I": 126.904,
}  # fmt: skip
HCL = WEIGHTS["H"] + WEIGHTS["Cl"]
BANDABLE = (Basis.BASE, Basis.HYDROCHLORIDE)
# What each mg of base carries along in the salt that is sold: the acid's molar mass per molecule of base, g/mol.
ACIDS = {
    "hydrochloride": HCL,
    "sulfate": (2 * WEIGHTS["H"] + WEIGHTS["S"] + 4 * WEIGHTS["O"]) / 2,
    "phosphate": 3 * WEIGHTS["H"] + WEIGHTS["P"] + 4 * WEIGHTS["O"],
    "tartrate": 4 * WEIGHTS["C"] + 6 * WEIGHTS["H"] + 6 * WEIGHTS["O"],
    "citrate": 6 * WEIGHTS["C"] + 8 * WEIGHTS["H"] + 7 * WEIGHTS["O"],
    "base": 0.0,
}


def molar_mass(formula: str) -> float:
    """g/mol from a Hill formula such as C11H15NO2; an element without a weight raises KeyError."""
    parts = re.findall(r"([A-Z][a-z]?)(\d*)", formula)
    return sum(WEIGHTS[element] * int(count or 1) for element, count in parts)


def salt_factor(formula: str) -> float:
    """mg of hydrochloride per mg of base: MDMA 1.189, so its hydrochloride reads 84 % as base."""
    mass = molar_mass(formula)
    return (mass + HCL) / mass


def convert(value: float, basis: Basis, wanted: Basis, formula: str) -> float:
    """To the wanted basis. Unknown basis: the higher of the two readings. Other salts stay as they are."""
    if basis is wanted or wanted not in BANDABLE or not formula:
        return value
    factor = salt_factor(formula)
    if wanted is Basis.HYDROCHLORIDE:
        return value * factor if basis in (Basis.BASE, Basis.UNKNOWN) else value
    return value / factor if basis is Basis.HYDROCHLORIDE else value


def band_row(pack: Pack, substance: str | None, unit: Unit, form: Form) -> BandRow | None:
    """The row for this substance, unit and form, or None where no band is agreed."""
    for row in pack.bands:
        if row.substance == substance and row.unit is unit and form in row.forms:
            return row
    return None


def derive_band(pack: Pack, substance: str | None, amount: AmountFact | None, form: Form) -> Band:
    """The band of one amount; not_measured where nothing was measured or no band is agreed."""
    if amount is None or substance is None:
        return Band.NOT_MEASURED
    row = band_row(pack, substance, amount.unit, form)
    if row is None:
        return Band.NOT_MEASURED
    formula = pack.substances[substance].formula
    return band_of(row, convert(amount.upper, amount.basis, row.basis, formula))


def band_of(row: BandRow, upper: float) -> Band:
    """Edges are the largest whole number of a band: 125.2 counts as 126."""
    whole = math.ceil(upper - 1e-9)
    edges = (
        (row.below_max, Band.BELOW),
        (row.usual_max, Band.USUAL),
        (row.high_max, Band.HIGH),
        (row.very_high_max, Band.VERY_HIGH),
    )
    for edge, band in edges:
        if edge is not None and whole <= edge:
            return band
    return Band.EXTREME if row.very_high_max is not None else Band.VERY_HIGH


def _two_figures(value: float) -> float:
    if value <= 0:
        return 0.0
    digits = 1 - math.floor(math.log10(value))
    # A half goes up: 125 reads 130, never 120.
    scale = 10.0**digits
    return math.floor(value * scale + 0.5 + 1e-9) / scale


def _number(value: float, locale: str) -> str:
    return format_decimal(_two_figures(value), format="#,##0.####", locale=locale)


def sold_as(pack: Pack, substance: str, form: Form) -> str:
    """The salt in which people are sold this; freebase for what is smoked as a rock."""
    if substance == "cocaine" and form is Form.ROCK:
        return "base"
    return pack.amounts_table.usual_salt.get(substance, "hydrochloride")


def as_sold(pack: Pack, substance: str | None, amount: AmountFact, form: Form) -> tuple[float, float, bool]:
    """(lowest reading of the value, highest, whether it counts the salt that is sold). An uncertain basis gives a range;
    another salt than the one sold is left as it was measured."""
    if substance is None or not pack.substances[substance].formula:
        return amount.value, amount.value, False
    salt = sold_as(pack, substance, form)
    mass = molar_mass(pack.substances[substance].formula)

    def converted(basis: Basis) -> float:
        base = amount.value * mass / (mass + HCL) if basis is Basis.HYDROCHLORIDE else amount.value
        return base * (mass + ACIDS[salt]) / mass

    if amount.basis is Basis.OTHER_SALT:
        return amount.value, amount.value, salt not in ("hydrochloride", "base")
    if amount.basis is Basis.UNKNOWN:
        each = [amount.value, converted(Basis.BASE), converted(Basis.HYDROCHLORIDE)]
        return min(each), max(each), True
    return converted(amount.basis), converted(amount.basis), True


def amount_text(
    pack: Pack, substance: str | None, amount: AmountFact, form: Form, labels: Labels, locale: str, name: str
) -> str:
    """ "230 mg (250 mg at most) of MDMA, counted as the usual salt": two figures, the upper end of one unit, and the
    basis in words. A share of weight reads as mg in 100 mg."""
    low, high, sold = as_sold(pack, substance, amount, form)
    unit = labels.units[amount.unit]
    value = _number(high, locale)
    if _number(low, locale) != value:
        value = labels.range_words.format(low=_number(low, locale), high=value)
    said = f"{value} {unit}"
    top = amount.upper * (high / amount.value if amount.value else 1.0)
    if amount.unit in PER_UNIT and _number(top, locale) != _number(high, locale):
        said += f" ({labels.at_most.format(amount=f'{_number(top, locale)} {unit}')})"
    if name:
        said = labels.of_words.format(amount=said, name=name)
    return f"{said}, {_basis_words(pack, substance, amount, form, labels, sold)}".rstrip(", ")


PER_UNIT = (Unit.MG_PER_UNIT, Unit.UG_PER_BLOTTER)


def _basis_words(pack: Pack, substance: str | None, amount: AmountFact, form: Form, labels: Labels, sold: bool) -> str:
    if substance is None or not sold:
        return labels.basis[amount.basis] if amount.basis is not Basis.UNKNOWN else ""
    return labels.basis[Basis.BASE if sold_as(pack, substance, form) == "base" else Basis.HYDROCHLORIDE]


def fraction_text(
    pack: Pack, substance: str | None, amount: AmountFact, form: Form, labels: Labels, locale: str
) -> str:
    """A quarter of one unit."""
    _, high, _ = as_sold(pack, substance, amount, form)
    return f"{_number(high / 4, locale)} {labels.units[amount.unit]}"


def usual_text(
    pack: Pack, substance: str | None, amount: AmountFact, form: Form, labels: Labels, part: float = 1.0
) -> str:
    """What this part of one unit is of a usual adult amount, in words; "" where no usual amount is agreed."""
    row = band_row(pack, substance, amount.unit, form)
    if row is None or substance is None or not labels.portions:
        return ""
    dose = pack.doses.get(substance)
    usual = row.usual_max if dose is None else dose.usual_dose_mg * (1000 if amount.unit is Unit.UG_PER_BLOTTER else 1)
    value = convert(amount.value, amount.basis, row.basis, pack.substances[substance].formula) * part / usual
    steps = {float(step): words for step, words in labels.portions.items()}
    top = max(steps)
    if value > top * 1.1:
        return labels.portions_more.format(words=steps[top])
    # rounded towards the larger part; what is smaller than all of them is the smallest
    return steps[min(steps, key=lambda step: (abs(step - max(value, min(steps))) / step, -step))]
