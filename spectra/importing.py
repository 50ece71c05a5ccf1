"""From parsed spectra to library entries, with a report of every entry that was merged or refused.

Why: a library with an impossible entry answers wrongly for years; an import says what it left out and why.
Pure: takes `Reading` values, knows no file format. Imports numpy and `spectra` only.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spectra.exactmass import check_formula
from spectra.types import (
    InfraredSpectrum,
    LibraryEntry,
    MassSpectrum,
    Provenance,
    Reading,
    ReadingKind,
    SpectrumError,
)

_INCHIKEY = re.compile(r"\b([A-Z]{14})-[A-Z]{10}-[A-Z]\b")
_ABSORBANCE_LIKE = ("", "absorbance", "log(1/R)", "kubelka-munk")
_NAMES = ("name", "chname", "compound", "compoundname", "title", "recordtitle")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One spectrum that was not taken: its place in the source (from 1), name, and the reason as a sentence."""

    position: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Merge:
    """One spectrum identical to an earlier one of the same compound: its place, name, and the id it went to."""

    position: int
    name: str
    into: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did with every spectrum: `accepted` + merged + refused = read."""

    accepted: int
    merged: tuple[Merge, ...] = ()
    refused: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def read(self) -> int:
        """Number of spectra offered."""
        return self.accepted + len(self.merged) + len(self.refused)

    def summary(self) -> str:
        """The report as one sentence.

        >>> ImportReport(2, (), (Refusal(3, "x", "it has no peaks"),)).summary()
        'Of 3 spectra 2 were accepted, 0 merged with an identical one, 1 refused.'
        """
        return (
            f"Of {self.read} spectra {self.accepted} were accepted, {len(self.merged)} merged with an identical "
            f"one, {len(self.refused)} refused."
        )


@dataclass
class _Ledger:
    entries: list[LibraryEntry] = field(default_factory=list)
    merged: list[Merge] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    seen: dict[tuple[str, str], str] = field(default_factory=dict)
    ids: Counter[str] = field(default_factory=Counter)


def entries_from_readings(
    readings: Iterable[Reading], provenance: Provenance
) -> tuple[list[LibraryEntry], ImportReport]:
    """Library entries of all readings that can be one, and the report.

    Name, InChIKey, formula, CAS and id are looked up in `meta` whatever the spelling of the key. The compound
    key is the first InChIKey block, else the formula-independent normalised name. A spectrum equal to an
    earlier one of the same compound is merged. Never raises for a bad spectrum: it is refused in the report.
    """
    ledger = _Ledger()
    for position, reading in enumerate(readings, start=1):
        about = _about(reading)
        name = _first(about, *_NAMES) or reading.title
        try:
            entry = _entry(reading, about, name, position, provenance)
        except SpectrumError as error:
            ledger.refused.append(Refusal(position, name, str(error)))
            continue
        _file(ledger, entry, position)
    without_key = sum(1 for e in ledger.entries if not e.meta.get("inchikey"))
    notes = (f"{without_key} accepted entries have no InChIKey; their names stand in for it.",) if without_key else ()
    report = ImportReport(len(ledger.entries), tuple(ledger.merged), tuple(ledger.refused), notes)
    return ledger.entries, report


def compound_key(name: str, inchikey: str = "") -> str:
    """First InChIKey block, else the name in lower case without accents, signs and spaces.

    >>> compound_key("MDMA", "SHXWCVYOXRDMCX-UHFFFAOYSA-N"), compound_key(" N,N-Dimethyl tryptamine ")
    ('SHXWCVYOXRDMCX', 'name:nndimethyltryptamine')
    """
    found = _INCHIKEY.search(inchikey.upper())
    if found:
        return found.group(1)
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "name:" + "".join(c for c in plain if c.isalnum())


def _file(ledger: _Ledger, entry: LibraryEntry, position: int) -> None:
    """Accept an entry, or merge it with an identical one; ids are made unique by a suffix."""
    key = (entry.compound, _fingerprint(entry.spectrum))
    if key in ledger.seen:
        ledger.merged.append(Merge(position, entry.substance, ledger.seen[key]))
        return
    ledger.ids[entry.id] += 1
    if ledger.ids[entry.id] > 1:
        renamed = f"{entry.id}#{ledger.ids[entry.id]}"
        entry = LibraryEntry(
            renamed,
            entry.substance,
            entry.compound,
            entry.technique,
            entry.spectrum,
            entry.provenance,
            entry.formula,
            entry.form,
            entry.meta,
        )
    ledger.seen[key] = entry.id
    ledger.entries.append(entry)


def _entry(
    reading: Reading, about: Mapping[str, str], name: str, position: int, provenance: Provenance
) -> LibraryEntry:
    if not name:
        raise SpectrumError("it has no name")
    formula = _first(about, "formula", "molform", "molecularformula", "chformula").replace(" ", "")
    if formula:
        check_formula(formula)
    inchikey = _first(about, "inchikey", "chlinkinchikey", "inchikeystring")
    spectrum, technique = _spectrum(reading, about)
    meta: dict[str, Any] = {
        "inchikey": inchikey,
        "cas": _cas(_first(about, "casno", "cas", "casnumber", "casregistryno", "chlinkcas")),
        "position": position,
        "source_sha256": reading.source_sha256,
    }
    form = _first(about, "form", "salt", "state")
    return LibraryEntry(
        id=_first(about, "accession", "id", "dbno", "spectrumid", "db") or str(position),
        substance=name,
        compound=compound_key(name, inchikey),
        technique=technique,
        spectrum=spectrum,
        provenance=provenance,
        formula=formula,
        form=form,
        meta={key: value for key, value in meta.items() if value not in ("", None)},
    )


def _spectrum(reading: Reading, about: Mapping[str, str]) -> tuple[MassSpectrum | InfraredSpectrum, str]:
    if reading.kind in (ReadingKind.IR, ReadingKind.RAMAN):
        if reading.x_unit not in ("cm-1", "cm⁻¹", "1/cm"):
            raise SpectrumError(
                f"its axis is in {reading.x_unit or 'no unit'}, not in cm⁻¹; convert it before importing"
            )
        if reading.y_unit not in _ABSORBANCE_LIKE and reading.kind is ReadingKind.IR:
            raise SpectrumError(f"it is in {reading.y_unit}, not in absorbance; convert it before importing")
        technique = "Raman" if reading.kind is ReadingKind.RAMAN else "FTIR"
        return InfraredSpectrum(reading.x, reading.y), technique
    if reading.kind is not ReadingKind.MASS_SPECTRUM:
        raise SpectrumError(f"it is a {reading.kind.value} reading, not a single spectrum")
    one = reading.scans[0] if len(reading.scans) == 1 else None
    mz, intensity = (one.mz, one.intensity) if one is not None else (reading.x, reading.y)
    if mz.size == 0 or not (intensity > 0).any():
        raise SpectrumError("it has no peaks")
    precursor = one.precursor_mz if one is not None else None
    if precursor is None:
        precursor = _number(_first(about, "precursormz", "pepmass", "precursor", "msfocusedionprecursormz"))
    level = (one.ms_level if one is not None else None) or reading.ms_level
    ionisation = _ionisation(about, precursor, mz)
    spectrum = MassSpectrum(mz, intensity, precursor, ionisation, ms_level=level)
    return spectrum, "EI-MS" if ionisation == "EI" else "MS/MS" if precursor else "MS"


def _ionisation(about: Mapping[str, str], precursor: float | None, mz: np.ndarray[Any, Any]) -> str:
    """Named in the file, else ESI when there is a precursor or fractional masses, else EI."""
    keys = ("ionisation", "ionization", "acmassspectrometryionization", "instrumenttype", "acinstrumenttype")
    named = _first(about, *keys)
    for kind in ("DART", "APCI", "MALDI", "ESI"):
        if kind in named.upper():
            return kind
    if re.search(r"\bEI\b|\bEI-", named.upper()):
        return "EI"
    return "ESI" if precursor is not None or (np.abs(mz - np.rint(mz)) > 1e-6).mean() > 0.5 else "EI"


def _about(reading: Reading) -> dict[str, str]:
    """`meta` as plain lower-case keys and texts; the record's own fields may stand one level down, as readers put them.

    The first value of a list counts.
    """
    out: dict[str, str] = {}
    nested = [value for value in reading.meta.values() if isinstance(value, Mapping)]
    for fields in (reading.meta, *nested):
        for key, value in fields.items():
            texts = [str(v).strip() for v in (value if isinstance(value, list | tuple) else [value]) if v is not None]
            if texts and not isinstance(value, Mapping):
                out.setdefault(_plain(str(key)), texts[0])
    return out


def _plain(key: str) -> str:
    return "".join(c for c in key.casefold() if c.isalnum())


def _first(about: Mapping[str, str], *keys: str) -> str:
    return next((about[key] for key in keys if about.get(key)), "")


def _cas(text: str) -> str:
    """A CAS number with a right check digit, else nothing: spreadsheets turn these into dates."""
    found = re.fullmatch(r"(\d{2,7})-?(\d{2})-?(\d)", text)
    if not found:
        return ""
    digits = found.group(1) + found.group(2)
    check = sum(int(d) * k for k, d in enumerate(reversed(digits), start=1)) % 10
    return f"{found.group(1)}-{found.group(2)}-{found.group(3)}" if check == int(found.group(3)) else ""


def _number(text: str) -> float | None:
    found = re.match(r"\s*(\d+(?:\.\d+)?)", text)
    return float(found.group(1)) if found and float(found.group(1)) > 0 else None


def _fingerprint(spectrum: MassSpectrum | InfraredSpectrum) -> str:
    if isinstance(spectrum, MassSpectrum):
        x, y = spectrum.mz, spectrum.intensity / spectrum.intensity.max()
    else:
        x, y = spectrum.wavenumber, spectrum.absorbance
    body = np.round(np.r_[x, y], 6).tobytes()
    return hashlib.sha256(body).hexdigest()
