"""What a library record states of its compound and its ion, each fact against the others: formula, masses, adduct, polarity.

An adduct or a formula in another notation raises no remark. Imports spectra.types and validate only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from spectra.types import FloatArray, Remark

from ..validate import ISOTOPES, warning

# The commonest isotope, and the average (IUPAC 2021). Typed in, because pyteomics.mass takes .4 s to import in every process that reads.
_MASSES = {
    "H": (1.00783, 1.008), "D": (2.01410, 2.0141), "B": (11.00931, 10.81), "C": (12.0, 12.011), "N": (14.00307, 14.007),
    "O": (15.99491, 15.999), "F": (18.99840, 18.9984), "Na": (22.98977, 22.9898), "Si": (27.97693, 28.085),
    "P": (30.97376, 30.9738), "S": (31.97207, 32.06), "Cl": (34.96885, 35.45), "K": (38.96371, 39.0983),
    "Br": (78.91834, 79.904), "I": (126.90447, 126.9045),
}  # fmt: skip
# R and X stand for any group and any halogen
_ELEMENT = re.compile(
    "A[cglmrstu]|B[aehikr]?|C[adeflmnorsu]?|D[bsy]?|E[rsu]|F[elmr]?|G[ade]|H[efgos]?|I[nr]?|Kr?|L[airuv]|M[cdgnot]|N[abdehiop]?|O[gs]?"
    "|P[abdmortu]?|R[abefghnu]?|S[bcegimnr]?|T[abcehilms]?|U|V|W|Xe?|Yb?|Z[nr]"
)
_FORMULA = re.compile(r"(?:[A-Z][a-z]?\d{0,4})+")
_ATOM = re.compile(r"([A-Z][a-z]?)(\d*)")
_NUMBER = re.compile(r"\s*(\d{1,6}(?:\.\d{1,12})?)\s*")
_CAS = re.compile(r"(?=.*-|\d{7})(\d{2,7})-?(\d{2})-?(\d)")  # libraries of one's own count with shorter numbers
_NOT_SAID = re.compile(r"n\.?/?[ad]\.?|none|null|nan|un\w+|not\b.*|[-+?.\s]*", re.I)
_WORD = re.compile(r"(?!both\b|alternat)[a-z]{2,}", re.I)
# NIST and Wiley number so what has none; the last is the largest integer of 32 bits
_NO_CAS = re.compile(r"1000\d{6}|9\d{8}|2147483647")
_SIGNED = re.compile(r".*[\])A-Za-z][.*•]?(\d*)([+-])(?:\2|\d)?[.*•\s]*")  # [M+H]+, [M-2H]2-, [M+2H]++, M+, [M]•+
_SIGNS = str.maketrans("⁺⁻−–", "+---")
_CHARGE = re.compile(r"\s*(?:\d{1,3}([+-])(?:(?:,|\s+and)\s*\d{1,3}\1)*|([+-])\d{1,3})\s*")  # 3-, 2+ and 3+, -1; not 1
# What an ion of one molecule weighs more than the molecule
_ADDED = {
    "[M+H]+": 1.00728, "[M+NA]+": 22.98922, "[M+K]+": 38.96316, "[M+NH4]+": 18.03383, "[M]+": -0.00055, "[M]+.": -0.00055,
    "[M-H]-": -1.00728, "[M+CL]-": 34.96940, "[M+HCOO]-": 44.99820, "[M+FA-H]-": 44.99820, "[M]-": 0.00055,
    "[M+H-H2O]+": -17.00328, "[M-H2O+H]+": -17.00328,
}  # fmt: skip
_MUCH = 0.2  # of the intensity; 83 of 98,072 records of MassBank have more above their precursor
_EXACT, _WHOLE, _ISOLATED = 0.1, 1.0, 1.2  # Da: of an exact mass, of a rounded one, of a precursor as it was isolated
_DEFECT = 0.0015  # of the mass: so much more than its nominal mass weighs a molecule of much hydrogen


class StatedFacts(NamedTuple):
    """What a record states, as it is written; '' where it does not."""

    formula: str = ""
    exact_mass: str = ""
    weight: str = ""
    adduct: str = ""
    polarity: str = ""
    precursor_mz: float | None = None
    cas: str = ""
    charge: str = ""
    nominal_mass: str = ""

    def contradictions(self, mz: FloatArray, intensity: FloatArray) -> tuple[Remark, ...]:
        """A warning for any two facts that cannot both be true; `mz` and `intensity` (P,) are the peaks of the record."""
        return tuple(self._words()) + tuple(self._masses()) + tuple(self._ion()) + tuple(self._above(mz, intensity))

    def _words(self) -> Iterator[Remark]:
        """A fact that cannot be what its field says."""
        formula, digits = self.formula.strip(), _CAS.fullmatch(self.cas.strip())
        unknown = (
            [s for s, _ in _ATOM.findall(formula) if not _ELEMENT.fullmatch(s)] if _FORMULA.fullmatch(formula) else []
        )
        if unknown and re.search(r"\d", formula) and formula != formula.upper():  # not C10H12CLN
            yield warning(
                "bad_formula", f"The record gives the formula {formula[:40]}, and there is no element {unknown[0]}."
            )
        if (
            digits
            and not _NO_CAS.fullmatch("".join(digits.groups()))
            and sum(k * int(d) for k, d in enumerate(reversed(digits[1] + digits[2]), 1)) % 10 != int(digits[3])
        ):
            yield warning(
                "bad_cas", f"The record gives the CAS number {self.cas.strip()}, whose check digit does not fit."
            )
        masses = (
            ("exact mass", self.exact_mass),
            ("molecular weight", self.weight),
            ("nominal mass", self.nominal_mass),
        )
        for name, stated in masses:
            if not _NOT_SAID.fullmatch(stated) and not re.match(r"\s*[~<>+]?\s*\.?\d", stated):
                yield warning("bad_mass", f"The record gives the {name} {stated.strip()[:30]!r}, which is not a mass.")
        polarity = self.polarity.strip()
        if _WORD.fullmatch(polarity) and not _NOT_SAID.fullmatch(polarity) and not _polarity(polarity):
            yield warning("polarity", f"The record gives the polarity {polarity[:30]!r}, which is not a polarity.")

    def _masses(self) -> Iterator[Remark]:
        light, average = mass_of(self.formula) or (0.0, 0.0)
        for name, stated, apart in (
            ("exact mass", self.exact_mass, _EXACT if "." in self.exact_mass else _WHOLE),
            ("molecular weight", self.weight, _WHOLE),
            ("nominal mass", self.nominal_mass, _WHOLE + _DEFECT * light),
        ):
            value = _value(stated)
            upper = max(light, average) if name == "molecular weight" else light
            if light and value and not light - apart <= value <= upper + apart:
                text = f"The record gives the {name} {value:g}, but its formula {self.formula} weighs {light:.4f}."
                yield warning("mass_differs", text)

    def _ion(self) -> Iterator[Remark]:
        yield from self._signs()
        added = _ADDED.get(re.sub(r"[\s*]", "", self.adduct).upper())
        molecule = (mass_of(self.formula) or (None,))[0] or _value(self.exact_mass)
        if added is None or not molecule or not self.precursor_mz:
            return
        if abs(self.precursor_mz - molecule - added) > _ISOLATED:
            text = f"The record gives the precursor m/z {self.precursor_mz:g}, but {self.adduct[:30]} of its compound is at {molecule + added:.4f}."
            yield warning("precursor_differs", text)

    def _signs(self) -> Iterator[Remark]:
        ion, charge = _SIGNED.fullmatch(self.adduct.translate(_SIGNS)), _CHARGE.fullmatch(self.charge)
        said = (
            (f"ion {self.adduct[:30]}", ion[2] if ion else ""),
            (f"charge {self.charge.strip()[:20]}", (charge[1] or charge[2]) if charge else ""),
            (f"polarity {self.polarity[:20]}", _polarity(self.polarity)),
        )
        first = {sign: words for words, sign in reversed(said)}
        if "+" in first and "-" in first:
            one, other = sorted((first["+"], first["-"]), key=[words for words, _ in said].index)
            yield warning("polarity", f"The record gives the {one} and the {other}.")

    def _above(self, mz: FloatArray, intensity: FloatArray) -> Iterator[Remark]:
        """A molecule, and an ion of one charge, leave no fragment that is heavier than themselves."""
        sign = _SIGNED.fullmatch(self.adduct.translate(_SIGNS))
        whole = self.precursor_mz if sign is not None and sign[1] in ("", "1") else None
        what = "One of the two is wrong."
        if self.precursor_mz is None and not self.adduct:
            whole = (mass_of(self.formula) or (None,))[0] or _value(self.weight)
            what = "One of the two is wrong, or the formula is that of the compound before it was derivatised."
        above = mz > (whole or np.inf) + ISOTOPES
        if above.any() and float(intensity[above].sum()) > _MUCH * float(intensity.sum()):
            text = f"Much of the intensity lies above the whole ion at m/z {whole:g}, up to m/z {mz.max():g}. {what}"
            yield warning("bad_precursor", text)


def mass_of(formula: str) -> tuple[float, float] | None:
    """Monoisotopic and average mass of a molecule, None where the formula is none or holds another element."""
    bare = formula.strip()
    if not _FORMULA.fullmatch(bare):
        return None
    light = average = 0.0
    for symbol, count in _ATOM.findall(bare):
        if symbol not in _MASSES:
            return None
        light += _MASSES[symbol][0] * int(count or 1)
        average += _MASSES[symbol][1] * int(count or 1)
    return light, average


def _value(stated: str) -> float | None:
    match = _NUMBER.fullmatch(stated)
    return float(match[1]) if match else None


def _polarity(words: str) -> str:
    """The sign of a polarity in words, "" where they name none or both."""
    bare = words.strip().lower()
    for positive, negative in (("pos", "neg"), ("+", "-")):
        if (positive in bare) != (negative in bare):
            return "+" if positive in bare else "-"
    return {"p": "+", "n": "-"}.get(bare, "")
