"""How much, in which basis, in which band; and how an amount is written for people.

One conversion, one printed basis. A band compares value + U (k = 2), rounded up, with its edges, so it
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


def _printed(pack: Pack, substance: str | None, amount: AmountFact, form: Form) -> tuple[float, Basis]:
    """The basis printed is the band's where there is one and the measured basis allows it."""
    row = band_row(pack, substance, amount.unit, form)
    if row is None or substance is None or amount.basis not in BANDABLE:
        return amount.value, amount.basis
    return convert(amount.value, amount.basis, row.basis, pack.substances[substance].formula), row.basis


def amount_text(
    pack: Pack, substance: str | None, amount: AmountFact, form: Form, labels: Labels, locale: str, name: str = ""
) -> str:
    """ "230 mg (counted as hydrochloride)": two figures, the unit, and always the basis by name; with `name` also
    whose amount it is: "230 mg (MDMA, counted as hydrochloride)"."""
    value, basis = _printed(pack, substance, amount, form)
    said = ", ".join(part for part in (name, labels.basis[basis]) if part)
    return f"{_number(value, locale)} {labels.units[amount.unit]} ({said})"


def fraction_text(
    pack: Pack, substance: str | None, amount: AmountFact, form: Form, labels: Labels, locale: str
) -> str:
    """A quarter of one unit."""
    value, _ = _printed(pack, substance, amount, form)
    return f"{_number(value / 4, locale)} {labels.units[amount.unit]}"
