"""Reader of mzSpecLib spectral libraries, text and JSON form: names, precursors and peaks, enough to import them.

Format: HUPO-PSI mzSpecLib 1.0 (Klein et al. 2024, doi:10.1021/acs.analchem.4c04091). The `mzspeclib` package is not
used: it brings an ontology and a database for what is a list of attributes. Imports nothing above `instruments`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

import numpy as np

from spectra.types import FloatArray, Reading, Remark

from .. import text
from ..errors import COPY, CorruptFile, TooLarge, UnsupportedVariant
from ..limits import Limits
from ..peaks import peak_list
from ..probe import Guess, Probe
from ..registry import Hints, reader
from ..source import Source
from ..validate import count_remark, warning
from .mzml_terms import finite
from .peak_libraries import IONISATIONS, impossible, leave_out_empty

VERSION = "MS:1003186|"  # begins the line of the text form
NAME, COUNT, SET_NAME, UNIT = "MS:1003061", "MS:1003059", "MS:1003212", "UO:0000000"
PRECURSORS = ("MS:1000744", "MS:1003208", "MS:1003053")  # selected ion, experimental, theoretical monoisotopic
LEVEL, IONISATION, INSTRUMENT, TIME = "MS:1000511", "MS:1000008", "MS:1000031", "MS:1000894"
OTHER_NAME, OTHER_VALUE = "MS:1003275", "MS:1003276"
SECONDS = {"UO:0000010": 1.0, "UO:0000031": 60.0}
MAX_ATTRIBUTES = 1_000
_ATTRIBUTE = re.compile(r"(?:\[(\d{1,9})\])?([A-Z]{2,10}:\d{1,12})\|([^=]{1,200})=(.*)")
_TERM = re.compile(r"([A-Z]{2,10}:\d{1,12})\|(.*)")
_IS_NUMBER = re.compile(r"\s*+\d++\.?+\d*+\s*+")  # which no annotation is
_SECTION = re.compile(r"<(\w+)(?:\s+(\w+))?(?:=(.{0,200}?))?>\s*")


class Attribute(NamedTuple):
    """One statement: `value` as text, `term` its accession where the value is a term, `group` binds attributes."""

    accession: str
    name: str
    value: str
    term: str = ""
    group: str = ""


@dataclass(slots=True)
class _Spectrum:
    """`sets` are the attributes that a library gives once for all spectra, or under a name."""

    where: str
    line: int | None
    sets: Mapping[str, list[Attribute]]
    attributes: list[Attribute] = field(default_factory=list)
    mz: list[float] = field(default_factory=list)
    intensity: list[float] = field(default_factory=list)
    complete: bool = True
    doubts: tuple[Remark, ...] = ()

    def all(self) -> list[Attribute]:
        """The attributes of the entry itself, then those of the sets that it names, then those of the set "all"."""
        named = [a.value for a in self.attributes if a.accession == SET_NAME]
        return self.attributes + [a for name in [*named[:20], "all"] for a in self.sets.get(name, ())]


def sniff_mzspeclib(probe: Probe) -> Guess | None:
    """The first line of the text form; of the JSON form the members that only it has."""
    head = text.head_lines(probe.head).lstrip()
    if re.match(r"<?mzSpecLib\b", head):
        return Guess(97, "<mzSpecLib>")
    keys = re.findall(r'"(format_version|spectra|attributes|mzs|\w+_attribute_sets|clusters)"\s*:', head)
    return Guess(90, "JSON of an mzSpecLib library") if head.startswith("{") and len(set(keys)) >= 2 else None


@reader(
    "mzspeclib",
    title="an mzSpecLib library",
    techniques={"MS"},
    magic=sniff_mzspeclib,
    extensions=("mzspeclib", "mzlib", "mzlb", "json"),
    version="6",
)
def read_mzspeclib(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """One MASS_SPECTRUM per spectrum; every attribute of it and its analyte stays in meta["fields"] by its name.

    Spectra without peaks are left out with a warning; clusters are not read. Raises CorruptFile on values that are
    no numbers, on arrays of different lengths and on a last spectrum cut short.
    """
    is_json = text.decode_head(source.head[:400]).lstrip().startswith("{")
    spectra = _from_json(source, limits) if is_json else _from_text(source, limits)
    yield from leave_out_empty(_reading(s) for s in spectra)


def _from_text(source: Source, limits: Limits) -> Iterator[_Spectrum]:
    sets: dict[str, list[Attribute]] = {}
    keys: set[str] = set()
    sink: list[Attribute] | None = None
    current: _Spectrum | None = None
    in_peaks = False
    for number, line in text.lines(source, limits):
        bare = line.strip()
        section = _SECTION.fullmatch(bare)
        if section is not None:
            in_peaks = section[1] == "Peaks" and current is not None
            if section[1] in ("Spectrum", "Cluster") and current is not None:
                yield current
                current = None
            if section[1] == "AttributeSet":
                sink = sets.setdefault(section[3] or "", []) if section[2] in ("Spectrum", "Analyte") else None
            elif section[1] == "Spectrum":
                current = _Spectrum(f"spectrum {(section[3] or '')[:40]}", number, sets)
                if section[3] in keys:
                    said = f"The library holds two spectra of the key {section[3][:40]}; they are read as two."
                    current.doubts = (warning("key_twice", said),)
                keys.add(section[3] or "")
                sink = current.attributes
            elif section[1] in ("Cluster", "Interpretation", "InterpretationMember"):
                sink = None
        elif in_peaks and bare and current is not None:
            _add_peak(current, line, number)
        elif bare.startswith(VERSION):
            _refuse_version(bare.partition("=")[2])
        elif bare and sink is not None and len(sink) < MAX_ATTRIBUTES:
            sink.append(_attribute(bare, number))
    if current is not None:
        current.complete = text.ends_with_line_end(source)
        yield current


def _refuse_version(stated: str) -> None:
    """Raise UnsupportedVariant for a version of the format whose rules nobody knows yet."""
    if stated and not re.match(r"1(\.|$)", stated):
        raise UnsupportedVariant(
            f"This library is of version {stated[:20]} of mzSpecLib, and only version 1 is read here.",
            code="format_version",
            hint="Export it as MSP and upload that.",
        )


def _attribute(line: str, number: int) -> Attribute:
    match = _ATTRIBUTE.fullmatch(line)
    if match is None:
        raise CorruptFile(f"Line {number} is no attribute of mzSpecLib.", code="bad_row", line=number)
    group, accession, name, value = match.groups()
    term = _TERM.fullmatch(value)
    if term is not None:
        return Attribute(accession, name, term[2], term[1], group or "")
    return Attribute(accession, name, value.strip('"'), "", group or "")


def _add_peak(current: _Spectrum, line: str, number: int) -> None:
    cells = line.split("\t") if "\t" in line else line.split(None, 2)
    try:
        if "_" in cells[0] + cells[1] or (cells[2:] and _IS_NUMBER.fullmatch(cells[2])):  # float("1_0") is 10 to Python
            raise ValueError
        mz, intensity = float(cells[0]), float(cells[1])
    except (ValueError, IndexError):
        raise CorruptFile(f"Line {number} holds no peak.", code="bad_row", line=number) from None
    current.mz.append(mz)
    current.intensity.append(intensity)


def _from_json(source: Source, limits: Limits) -> Iterator[_Spectrum]:
    """Python's objects take some ten times the space of the text, so a quarter of what a text may have is allowed."""
    content = source.read_all(limits.text_bytes // 4)
    try:
        library = json.loads(content, parse_constant=_no_constant, parse_float=_no_vanishing)
        sets = {
            name: [_from_object(a) for a in attributes[:MAX_ATTRIBUTES]]
            for kind in ("analyte_attribute_sets", "spectrum_attribute_sets")
            for name, attributes in dict(library.get(kind) or {}).items()
        }
        spectra = library["spectra"]
    except RecursionError as error:
        raise CorruptFile("The JSON of this file is nested too deeply.", code="nested_too_deep") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptFile(
            "The JSON of this library is damaged or cut short.",
            code="bad_json",
            line=getattr(error, "lineno", None),
        ) from error
    _refuse_version(_words(library.get("format_version", ""), 20))
    if not isinstance(spectra, list):
        raise CorruptFile("The library holds no list of spectra.", code="bad_json")
    if len(spectra) > limits.spectra:
        raise TooLarge(f"This library holds more than {limits.spectra:,} spectra.", code="too_many_spectra")
    for index, item in enumerate(spectra):
        yield _json_spectrum(item, f"spectrum {index + 1}", sets)


def _no_vanishing(written: str) -> float:
    """A number, unless it is so small that it would be 0 though it is written otherwise."""
    value = float(written)
    if value == 0 and re.search(r"^[^eE]*[1-9]", written):
        raise ValueError(written)
    return value


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _json_spectrum(item: Any, where: str, sets: Mapping[str, list[Attribute]]) -> _Spectrum:
    found = _Spectrum(where, None, sets)
    try:
        lists = [item.get("attributes") or []]
        lists += [a.get("attributes") or [] for a in dict(item.get("analytes") or {}).values()]
        found.attributes = [_from_object(a) for one in lists for a in one[:MAX_ATTRIBUTES]]
        found.mz = [_plain(v) for v in item.get("mzs") or []]
        found.intensity = [_plain(v) for v in item.get("intensities") or []]
        annotations = len(item.get("peak_annotations") or ())
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError) as error:
        raise CorruptFile(f"The {where} is damaged.", code="bad_spectrum") from error
    if annotations and annotations != len(found.mz):
        said = f"The {where} has {annotations:,} annotations for {len(found.mz):,} peaks; some may be lost."
        found.doubts = (warning("annotations", said),)
    return found


def _plain(value: object) -> float:
    """A number of JSON; a text or true is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError
    return float(value)


def _from_object(a: Mapping[str, Any]) -> Attribute:
    return Attribute(
        _words(a["accession"], 20),
        _words(a["name"], 200),
        _words(a.get("value", ""), 2_000),
        _words(a.get("value_accession", ""), 20),
        _words(a.get("cv_param_group", ""), 20),
    )


def _words(value: object, longest: int) -> str:
    """As text that can be stored: JSON may hold half of a pair of UTF-16, which UTF-8 cannot."""
    return str(value)[:longest].encode("utf-8", "replace").decode()


def _reading(spectrum: _Spectrum) -> Reading | None:
    attributes = spectrum.all()
    first = {a.accession: a for a in reversed(attributes)}
    mz, intensity = _arrays(spectrum)
    remarks = spectrum.doubts + _checks(spectrum, first, mz.size)
    remarks += next((said for a in PRECURSORS if a in first and (said := impossible(first[a].value, bare=True))), ())
    if mz.size == 0:
        return None
    level = _number(first, LEVEL)
    ionisation = first.get(IONISATION)
    return peak_list(
        mz,
        intensity,
        title=first[NAME].value[:500] if NAME in first else spectrum.where,
        instrument=first[INSTRUMENT].value if INSTRUMENT in first else "",
        meta={"fields": _fields(attributes)},
        remarks=remarks,
        precursor_mz=next((v for a in PRECURSORS if (v := _number(first, a))), None),
        ionisation=IONISATIONS.get(ionisation.term, ionisation.value) if ionisation is not None else "",
        retention_time_s=_seconds(attributes),
        ms_level=int(level) if level else None,
    )


def _arrays(spectrum: _Spectrum) -> tuple[FloatArray, FloatArray]:
    if len(spectrum.mz) != len(spectrum.intensity):
        raise CorruptFile(
            f"The {spectrum.where} has {len(spectrum.mz)} m/z but {len(spectrum.intensity)} intensities.",
            code="array_length",
            line=spectrum.line,
        )
    return np.array(spectrum.mz, dtype=np.float64), np.array(spectrum.intensity, dtype=np.float64)


def _checks(spectrum: _Spectrum, first: Mapping[str, Attribute], held: int) -> tuple[Remark, ...]:
    """The number of peaks against what the library says; a last spectrum cut short is an error."""
    declared = _number(first, COUNT)
    if declared is None and COUNT in first and first[COUNT].value.strip():
        raise CorruptFile(
            f"The number of peaks of {spectrum.where} is {first[COUNT].value[:30]!r}, which is no count.",
            code="bad_header",
            line=spectrum.line,
        )
    mismatch = count_remark(declared, held, "peaks") if declared is not None else None
    if not spectrum.complete and (mismatch is not None or held == 0):
        raise CorruptFile(
            f"The last {spectrum.where} holds {held} peaks; the file is cut short.",
            code="truncated",
            line=spectrum.line,
            hint=COPY,
        )
    if mismatch is not None:
        return (mismatch,)
    if not spectrum.complete:
        return (warning("may_be_cut", "The file ends in the middle of a line; its last peak may be cut."),)
    return ()


def _fields(attributes: list[Attribute]) -> dict[str, Any]:
    """Attributes by name, repeated ones as lists; "other attribute" pairs under their own name."""
    found: dict[str, list[str]] = {}
    others: dict[str, str] = {}
    for a in attributes:
        if a.accession == OTHER_NAME:
            others[a.group] = a.value
        elif a.accession == OTHER_VALUE:
            found.setdefault(others.get(a.group, a.name), []).append(a.value)
        elif a.accession != UNIT:
            found.setdefault(a.name, []).append(a.value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _number(first: Mapping[str, Attribute], accession: str) -> float | None:
    value = finite(first[accession].value) if accession in first else None
    return value if value is not None and value >= 0 else None


def _seconds(attributes: list[Attribute]) -> float | None:
    """Retention time where the library gives its unit, else None."""
    time = next((a for a in attributes if a.accession == TIME), None)
    if time is None or not time.group:
        return None
    unit = next((a.term for a in attributes if a.accession == UNIT and a.group == time.group), "")
    value = _number({TIME: time}, TIME)
    return value * SECONDS[unit] if value is not None and unit in SECONDS else None
