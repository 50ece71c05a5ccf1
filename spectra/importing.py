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
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from spectra.exactmass import check_formula
from spectra.importing_infrared import Resolve, described, one_key_per_substance, usable_curve
from spectra.reference_titles import Title, cas_number, read_title
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
_NOTHING = frozenset({"-", "--", "n/a", "none", "unknown", "not specified"})
FILE = "import_file"
"""Key of `Reading.meta` under which an import notes the file a reading came from."""
_NAMES = ("name", "chname", "compound", "compoundname", "title", "recordtitle")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One spectrum that was not taken: its place in the source (from 1), name, the reason as a sentence, its file."""

    position: int
    name: str
    reason: str
    file: str = ""


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
        """The report in one to three sentences.

        >>> ImportReport(2, (), (Refusal(3, "x", "it has no peaks"),)).summary()
        '2 of 3 spectra were accepted. 1 was refused.'
        """
        return counted(self.read, self.accepted, len(self.merged), len(self.refused))


def counted(read: int, accepted: int, merged: int, refused: int) -> str:
    """What became of the spectra of an import, in one to three sentences."""
    of_all = f"{accepted:,} of {read:,} {'spectrum' if read == 1 else 'spectra'}"
    rows = (
        (accepted, of_all, "accepted"),
        (merged, f"{merged:,}", "merged with an identical one"),
        (refused, f"{refused:,}", "refused"),
    )
    return " ".join(
        f"{who} {'was' if number == 1 else 'were'} {what}."
        for number, who, what in rows
        if number or what == "accepted"
    )


@dataclass
class _Ledger:
    entries: list[LibraryEntry] = field(default_factory=list)
    merged: list[Merge] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    seen: dict[tuple[str, str], str] = field(default_factory=dict)
    ids: Counter[str] = field(default_factory=Counter)


def entries_from_readings(
    readings: Iterable[Reading], provenance: Provenance, resolve: Resolve | None = None
) -> tuple[list[LibraryEntry], ImportReport]:
    """Library entries of all readings that can be one, and the report.

    Name, InChIKey, formula, CAS and id are looked up in `meta` whatever the spelling of the key. The compound
    key is the first InChIKey block, else the formula-independent normalised name. `resolve(inchikey, names, cas,
    formula)` may give another InChIKey: of infrared and Raman entries, whose libraries key a salt apart from its base,
    the substance counts and salt or base is its form. A spectrum equal to an earlier one of the same compound is merged.
    Readings are taken one by one, and of a curve only its points on the common grid are kept, so that thousands of
    files fit into memory. Never raises for a bad spectrum: it is refused in the report.
    """
    ledger = _Ledger()
    for position, reading in enumerate(readings, start=1):
        about = _about(reading)
        name = _first(about, *_NAMES) or reading.title or _file_name(reading)
        try:
            entry = _entry(reading, about, name, position, provenance, resolve)
        except SpectrumError as error:
            ledger.refused.append(Refusal(position, name, str(error), str(reading.meta.get(FILE, ""))))
            continue
        _file(ledger, entry, position)
    ledger.entries = one_key_per_substance(ledger.entries)
    without_key = sum(1 for e in ledger.entries if not e.meta.get("inchikey"))
    notes = (f"{without_key} accepted entries have no InChIKey. Their names stand in for it.",) if without_key else ()
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
        entry = replace(entry, id=f"{entry.id}#{ledger.ids[entry.id]}")
    ledger.seen[key] = entry.id
    ledger.entries.append(entry)


def _entry(
    reading: Reading,
    about: Mapping[str, str],
    name: str,
    position: int,
    provenance: Provenance,
    resolve: Resolve | None,
) -> LibraryEntry:
    if not name:
        raise SpectrumError("it has no name")
    curve = reading.kind in (ReadingKind.IR, ReadingKind.RAMAN)
    formula = _first(about, "formula", "molform", "molecularformula", "chformula").replace(" ", "")
    if formula and not curve:
        check_formula(formula)
    spectrum, technique, codes = _spectrum(reading, about)
    inchikey = _inchikey(about)
    title = read_title(name) if curve else Title("", name, (name,))
    title = replace(title, sure=title.sure or "." in formula)  # a salt by its formula as well is no ester
    cas = cas_number(_first(about, "casno", "cas", "casnumber", "casregistryno", "chlinkcas")) or title.cas
    found = resolve(inchikey, _names(about, title), cas, formula) if curve and resolve else ""
    meta: dict[str, Any] = {
        "inchikey": found or inchikey,
        "cas": cas,
        "position": position,
        "source_sha256": reading.source_sha256,
        "file": reading.meta.get(FILE, ""),
    }
    if curve:
        meta |= described(reading, about, title, stated_key=inchikey, formula=formula, codes=codes)
    bare = " ".join(title.names) if title.sure else title.name
    return LibraryEntry(
        id=_first(about, "accession", "id", "dbno", "spectrumid", "db") or title.number or str(position),
        substance=title.name,
        compound=compound_key(bare, found or inchikey),
        technique=technique,
        spectrum=spectrum,
        provenance=provenance,
        formula=formula if _possible(formula) else "",
        form=_first(about, "form", "salt") or title.form or str(meta.get("state_form", "")),
        meta={key: value for key, value in meta.items() if value not in ("", None, ()) and key != "state_form"},
    )


def _file_name(reading: Reading) -> str:
    """Of a curve in a format that has no titles (CSV, x and y): then one file is one reference, named after it."""
    if reading.kind not in (ReadingKind.IR, ReadingKind.RAMAN):
        return ""
    last = re.split(r"[/\\]", str(reading.meta.get(FILE, "")))[-1]
    return last.rpartition(".")[0] or last


def _inchikey(about: Mapping[str, str]) -> str:
    """In a field of its own, or among the references to other collections (ENFSI writes CROSS REFERNCE)."""
    named = _first(about, "inchikey", "chlinkinchikey", "inchikeystring", "stdinchikey")
    if named:
        return named
    for key in ("crossrefernce", "crossreference", "inchi"):
        if hit := _INCHIKEY.search(about.get(key, "").upper()):
            return hit.group(0)
    return ""


def _names(about: Mapping[str, str], title: Title) -> tuple[str, ...]:
    """Every name a record gives, as it stands and without its words of form, the title's first."""
    more = [n for key in ("names", "casname", "synon", "synonyms") for n in re.split(r"[;\n]", about.get(key, ""))]
    found = [title.name, *title.names]
    for name in (n.strip() for n in more[:50]):
        if name and name.casefold() not in _NOTHING:
            found += [name, *read_title(name).names]
    return tuple(dict.fromkeys(found))


def _possible(formula: str) -> bool:
    """Whether a formula can be kept; that of a curve is a remark beside it and refuses nothing."""
    try:
        check_formula(formula)
    except SpectrumError:
        return False
    return True


def _spectrum(
    reading: Reading, about: Mapping[str, str]
) -> tuple[MassSpectrum | InfraredSpectrum, str, tuple[str, ...]]:
    """Spectrum, technique, and codes of warnings."""
    if reading.kind in (ReadingKind.IR, ReadingKind.RAMAN):
        curve, codes = usable_curve(reading)
        return curve, "Raman" if reading.kind is ReadingKind.RAMAN else "FTIR", codes
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
    return spectrum, "EI-MS" if ionisation == "EI" else "MS/MS" if precursor else "MS", ()


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
    return next((about[key] for key in keys if about.get(key, "").casefold() not in {"", *_NOTHING}), "")


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
