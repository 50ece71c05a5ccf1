"""Terms of mzML (cvParam) and the accessions that readers of it share. Kept by accession, never by name: names change.

Imports errors only.
"""

from __future__ import annotations

from typing import NamedTuple

from ..errors import CorruptFile

MZ, INTENSITY, TIME, WAVELENGTH = "MS:1000514", "MS:1000515", "MS:1000595", "MS:1000617"
MS_LEVEL, SELECTED_ION, ISOLATION_TARGET = "MS:1000511", "MS:1000744", "MS:1000827"
ABSCISSAE_AND_ORDINATES = {
    "m/z array": MZ, "intensity array": INTENSITY, "time array": TIME, "wavelength array": WAVELENGTH,
}  # fmt: skip
_SECONDS = {"UO:0000010": 1.0, "UO:0000031": 60.0, "UO:0000032": 3600.0, "UO:0000028": 1e-3}
_NAMES = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "millisecond": 1e-3}
# What is measured in a unit: counts, counts per second, per cent of the base peak and absorbance are intensities.
_MEASURED = {
    "MS:1000040": MZ, "UO:0000018": WAVELENGTH, "MS:1000131": INTENSITY, "MS:1000814": INTENSITY, "MS:1000132": INTENSITY,
    "UO:0000269": INTENSITY, **dict.fromkeys((*_SECONDS, *_NAMES), TIME),
}  # fmt: skip


def finite(text: str) -> float | None:
    """A finite number, else None. float("1_0") is 10 to Python, and none here."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < float("inf") and "_" not in text else None


class Term(NamedTuple):
    """One cvParam. `unit` is the accession of its unit, or the unit's name where a file has no accession; `unit_name` that
    name in any case.
    """

    name: str
    value: str
    unit: str
    unit_name: str = ""

    @property
    def number(self) -> float | None:
        """The value as a finite number, else None."""
        return finite(self.value)

    @property
    def seconds(self) -> float | None:
        """Seconds in its unit, None if that is no unit of time. Raises CorruptFile where it has the name of another."""
        factor = _SECONDS.get(self.unit) or _NAMES.get(self.unit)
        if factor and factor != _NAMES.get(self.unit_name, factor):
            text = f"A time is in {self.unit}, which the file calls {self.unit_name[:30]!r}: one of the two is wrong."
            raise CorruptFile(text, code="units_differ")
        return factor

    def doubts(self, quantity: str) -> tuple[str, ...]:
        """What speaks against an array being of this quantity: the name or the unit of another. Other names say nothing."""
        named, measured = ABSCISSAE_AND_ORDINATES.get(self.name, quantity), _MEASURED.get(self.unit, quantity)
        if named == measured == quantity:
            return ()
        return ("array_name",) * (named != quantity) + ("units_differ",) * (measured != quantity)


Terms = dict[str, Term]
