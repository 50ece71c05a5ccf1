"""Reader of mzML: mass scans as one run, stored chromatograms, photodiode spectra; arrays decoded with caps.

Standard: Martens et al. 2011 (doi:10.1074/mcp.R110.000133). Imports nothing above `instruments`; lxml on first use.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np

from spectra.types import FloatArray, MassSpectrum, Reading, Remark

from ..errors import CorruptFile, UnsupportedVariant
from ..limits import Limits
from ..peaks import ScanNotes
from ..probe import Guess, Probe
from ..registry import Hints, reader
from ..source import Source
from ..validate import count_remark, counted, info, warning
from .mz_arrays import decode
from .mz_run import SECONDS, RawScan, Run, Stated, in_proportion
from .mzml_skeleton import Element, Skeleton, elements
from .mzml_terms import INTENSITY, ISOLATION_TARGET, MS_LEVEL, MZ, SELECTED_ION, WAVELENGTH, Term, Terms
from .mzml_traces import Traces
from .xml_guard import DECLARED_WITHIN, MOVED, XmlFile, xml_head

START_TIME, RETENTION_TIME = "MS:1000016", "MS:1000894"
ISOLATED_BELOW, ISOLATED_ABOVE = "MS:1000828", "MS:1000829"
# base peak m/z and intensity, total ion current, lowest and highest observed m/z, lower and upper limit of the scan window
OF_THE_POINTS = ("MS:1000504", "MS:1000505", "MS:1000285", "MS:1000528", "MS:1000527", "MS:1000501", "MS:1000500")
CENTROID, PROFILE, POSITIVE, NEGATIVE = "MS:1000127", "MS:1000128", "MS:1000130", "MS:1000129"
MS1_SPECTRUM, MSN_SPECTRUM = "MS:1000579", "MS:1000580"
FROM_ISOLATION = 5.0  # m/z: the ion of the lightest isotopes may lie beside the window that was set
WIDE = 50.0  # m/z, wider to each side than windows are set where scans follow each other
NAMED = 5  # arrays that are not read

_DRAFT = re.compile(rb"schema_revision/mzML_(0\.[\d.]{1,9})")
_ROOT = re.compile(rb"<(?:!DOCTYPE\s+)?(?:[\w.-]{1,40}:)?(?:indexed)?mzML[\s>/]")
ODD = {
    "encoded_length": "{:,} arrays of the file are not as long as it states (encodedLength).",
    "array_count": "{:,} spectra or chromatograms hold another number of arrays than they state.",
    "array_name": "For {:,} of its arrays the file gives the accession of one quantity and the name of another; the accession was used.",
    "units_differ": "For {:,} of its arrays the file gives a unit of another quantity, such as minutes for m/z; the unit was not used.",
    "missing_group": "The file refers {:,} times to a group of parameters that it does not hold; what the group states is missing.",
    "spectrum_index": "For {:,} of its spectra the file gives an index that is not above the one before; the file was joined from several or is damaged.",
}
ALTERED = (
    warning(
        "checksum",
        "The checksum in this file does not fit its content: it was changed or damaged after it was written.",
    ),
)


def sniff_mzml(probe: Probe) -> Guess | None:
    """The root element, or a doctype that names it; by extension only for XML whose root is far away."""
    head = xml_head(probe.head)
    if _ROOT.search(head):
        return Guess(98, "mzML root element")
    if head.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"<?xml") and probe.extension == "mzml":
        return Guess(60, "XML named .mzML")
    return None


@reader("mzml", title="mzML", techniques={"MS", "GC-MS", "LC-MS"}, magic=sniff_mzml, extensions=("mzml",), version="11")
def read_mzml(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """One MASS_RUN of all mass scans (one scan: MASS_SPECTRUM) and one CHROMATOGRAM per stored chromatogram.

    A run has x = retention time in seconds (converted from the unit in the file) and y = summed intensity per
    scan; chromatograms keep their unit. A unit of time that is not in the file is taken from `hints.x_unit`, else
    minutes are assumed and that is said. Photodiode spectra become a chromatogram of sums and the highest spectrum.
    """
    limits, said = in_proportion(limits, source.size), SECONDS.get(hints.x_unit or "")
    if draft := _DRAFT.search(xml_head(source.head)[:DECLARED_WITHIN]):
        raise UnsupportedVariant(
            f"This is mzML {draft[1].decode()}, a draft that describes its numbers differently from mzML 1, so it is not read here.",
            code="unsupported_mzml_draft",
            hint="Convert the raw file again with ProteoWizard msConvert and upload that.",
        )
    file, skeleton = XmlFile(source, "mzML"), Skeleton(limits.points)
    run, traces = Run(limits), Traces(limits, said)
    for element in elements(file, skeleton):
        if element.tag == "chromatogram":
            traces.add(element)
            continue
        scan = mass_scan(element, limits.points, run.count + traces.diode_count + 1, said)
        if scan is not None:
            run.add(scan, skeleton.ionisation())
        else:
            traces.add_diode(element, *_seconds(element, said))
    notes: tuple[Remark, ...] = ALTERED if file.altered else (MOVED,) if file.moved else ()
    notes += _counts(skeleton, run.count + traces.diode_count, traces.count)
    if traces.skipped:
        text = f"{traces.skipped:,} chromatograms hold no values that are read, and were left out."
        notes += (info("chromatograms_left_out", text),)
    instrument, about = skeleton.instrument(), skeleton.about()
    yield from run.readings(instrument, about, notes)
    yield from traces.readings(instrument, about, () if run.count else notes)


def scans(source: Source, limits: Limits) -> Iterator[MassSpectrum]:
    """The mass scans of the file one by one, in bounded memory."""
    file, skeleton, notes = XmlFile(source, "mzML"), Skeleton(limits.points), ScanNotes()
    for number, element in enumerate(elements(file, skeleton), start=1):
        scan = mass_scan(element, limits.points, number) if element.tag == "spectrum" else None
        if scan is not None:
            yield scan.spectrum(skeleton.ionisation(), notes)


def mass_scan(element: Element, limit: int, number: int, said: float | None = None) -> RawScan | None:
    """One spectrum element decoded; None if it holds wavelengths instead of m/z. Raises CorruptFile, TooLarge.

    `said` is how many seconds the unit of time has, by a person who was asked because the file does not say.
    """
    where = f"spectrum {number}"
    found = element.by_quantity(where)
    if MZ not in found and WAVELENGTH in found:
        return None
    mz = intensity = np.empty(0)
    if MZ in found:
        mz, intensity = pair(element, MZ, limit, where)
    elif element.length:
        raise CorruptFile(f"The {where} has no m/z array.", code="no_mz")
    terms = element.terms
    ion = terms.get(SELECTED_ION) or terms.get(ISOLATION_TARGET)
    seconds, assumed = _seconds(element, said)
    level = _level(terms[MS_LEVEL], where) if MS_LEVEL in terms else None
    return RawScan(
        element.id,
        mz,
        intensity,
        seconds,
        level,
        _precursor(ion, where) if ion is not None else None,
        assumed,
        PROFILE in terms if PROFILE in terms or CENTROID in terms else None,
        "positive" if POSITIVE in terms else "negative" if NEGATIVE in terms else "",
        Stated(*[terms[a].number if a in terms else None for a in OF_THE_POINTS]),
        _doubts(element, level, seconds),
    )


_OTHER_POLARITY = ((POSITIVE, "negative scan"), (NEGATIVE, "positive scan"))


def _doubts(element: Element, level: int | None, seconds: float | None) -> tuple[str, ...]:
    """What terms of a spectrum say against each other, and a time that is none."""
    terms = element.terms
    found = {
        "two_levels": element.two_levels,
        "level_zero": level == 0,
        "level_type": (MSN_SPECTRUM if level == 1 else MS1_SPECTRUM) in terms and bool(level),
        "two_polarities": POSITIVE in terms and NEGATIVE in terms,
        "polarity_name": any(terms[a].name == name for a, name in _OTHER_POLARITY if a in terms),
        "profile_and_centroid": PROFILE in terms and CENTROID in terms,
        "precursor_window": level == 2 and _beside_its_window(terms),  # MS3 has two precursors
        "several_precursors": level == 2 and element.several_ions,
        "bad_time": seconds is None and (term := _time(terms)) is not None and bool(term.value.strip()),
    }
    return tuple(code for code, told in found.items() if told) if True in found.values() else ()


def _beside_its_window(terms: Terms) -> bool:
    """Whether the selected ion lies far from where ions were isolated; widths of 0 are those of writers that know none."""
    if SELECTED_ION not in terms or ISOLATION_TARGET not in terms:
        return False
    ion, target = terms[SELECTED_ION].number, terms[ISOLATION_TARGET].number
    below, above = (terms[a].number if a in terms else WIDE for a in (ISOLATED_BELOW, ISOLATED_ABOVE))
    if not (ion and target and below and above):
        return False
    return not target - below - FROM_ISOLATION <= ion <= target + above + FROM_ISOLATION


def _level(term: Term, where: str) -> int | None:
    """The MS level, None where it is empty. Raises CorruptFile where it is no count."""
    if term.value and not re.fullmatch(r"\d{1,3}(\.0*)?", term.value.strip()):
        raise CorruptFile(f"The {where} has the MS level {term.value[:30]!r}, which is none.", code="bad_header")
    return int(term.number) if term.number is not None else None


def _precursor(ion: Term, where: str) -> float | None:
    """An ion's m/z, None where it is 0 or empty. Raises CorruptFile where it is below 0 or no number."""
    if ion.value.strip() and (ion.number is None or ion.number < 0):
        raise CorruptFile(
            f"The {where} has a precursor at m/z {ion.value[:30]!r}, which is none.", code="bad_precursor"
        )
    return ion.number or None


def pair(element: Element, wanted: str, limit: int, where: str) -> tuple[FloatArray, FloatArray]:
    """The `wanted` array and the intensities of an element. Raises CorruptFile unless both are there and equal."""
    found = element.by_quantity(where)
    if INTENSITY not in found:
        raise CorruptFile(f"The {where} has no intensities.", code="no_intensity")
    first, second = decode(found[wanted], limit, where), decode(found[INTENSITY], limit, where)
    if first.size != second.size:
        raise CorruptFile(f"The {where} has {first.size} positions but {second.size} intensities.", code="array_length")
    return first, second


def _time(terms: Terms) -> Term | None:
    return terms.get(START_TIME) or terms.get(RETENTION_TIME)


def _seconds(element: Element, said: float | None) -> tuple[float | None, str]:
    """Start time of the first scan in seconds, and the unit that had to be assumed ('' if it is stated)."""
    term = _time(element.terms)
    value = term.number if term is not None else None
    if term is None or value is None:
        return None, ""
    factor = term.seconds or said
    return value * (factor or 60.0), "" if factor else "minutes"


def _counts(skeleton: Skeleton, spectra: int, chromatograms: int) -> tuple[Remark, ...]:
    """What the lists announce against what they hold."""
    held = {"spectrumList": (spectra, "spectra"), "chromatogramList": (chromatograms, "chromatograms")}
    found = [count_remark(skeleton.declared[k], n, what) for k, (n, what) in held.items() if k in skeleton.declared]
    found += [warning(code, ODD[code].format(n)) for code, n in skeleton.odd.items() if n]
    return (*(remark for remark in found if remark is not None), *_left_out(skeleton.beside))


def _left_out(beside: Counter[str]) -> Iterator[Remark]:
    """What stands beside m/z and intensity in spectra and is not read."""
    if beside:
        named = ", ".join(f"{name} ({counted(n, 'array', 'arrays')})" for name, n in beside.most_common(NAMED))
        more = f", and {len(beside) - NAMED:,} more" if len(beside) > NAMED else ""
        yield info(
            "arrays_left_out", f"Besides m/z and intensity the file holds arrays that are not read: {named}{more}."
        )
