"""Opens a vendor file or folder with openreadout and turns its errors and findings into ours.

openreadout is compiled and young: it is imported here and nowhere else, on first use, in the sandbox's child only.
Opening a file proves little, so its integrity check runs before anything is read. Imports nothing above `instruments`.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectra.types import Remark

from ..errors import COPY, CorruptFile, InstrumentError, UnsupportedVariant
from ..folder import Folder, named
from ..registry import Extra
from ..source import Source
from ..validate import info, warning

if TYPE_CHECKING:
    import openreadout

MS_EXPORT = (
    "Export the run as mzML with ProteoWizard msConvert, or as ANDI (.cdf) or CSV from the instrument software, "
    "and upload that."
)
IR_EXPORT = "In the instrument software, save the spectrum as JCAMP-DX (.dx) or CSV and upload that."
OR_EXPORT = COPY + " If that does not help, {export}"
FINDINGS = 8
# Findings that mean a file may be cut short, whatever weight the library gives them.
DOUBTS = frozenset({"time_range_mismatch", "no_terminator"})
# The library's words are for developers; for what happens to real files there is a sentence for chemists.
SENTENCES = {
    "tic_mismatch": "The intensities of a scan do not add up to the total that the instrument recorded for it.",
    "vendor_peak_mismatch": (
        "The peaks in the vendor's own report do not fit this signal; the report may be of another injection."
    ),
    "vendor_area_mismatch": "Peak areas in the vendor's own report do not fit this signal.",
    "time_range_mismatch": (
        "The number of points does not fit the times in the header; the file may be cut short. Copy it again."
    ),
    "no_terminator": "The mark at the end of this signal is missing; the file may be cut short. Copy it again.",
}

BOUND = ">=0.4,<0.5"  # as in pyproject.toml


@dataclass(frozen=True, slots=True)
class Kind:
    """One vendor format: its `title`, what openreadout calls it, the endings it asks for, and the way around it.

    The first of `endings` is given to a file, or to a folder, that comes without one. `profile` is whether
    openreadout can tell curves from peaks in this format.
    """

    title: str
    id: str
    endings: tuple[str, ...]
    export: str
    profile: bool = False

    @property
    def extra(self) -> Extra:
        """The optional package behind it."""
        return Extra("vendor", "openreadout", self.export, BOUND)


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened file: the library's handle, its summary, and what is to be said of every reading of it."""

    file: openreadout.File
    info: dict[str, Any]
    remarks: tuple[Remark, ...]
    library: str

    @property
    def model(self) -> str:
        """The instrument's model as the file states it."""
        return str(self._experiment("instrument").get("model", ""))

    def about(self) -> dict[str, Any]:
        """What the file says of itself, for `meta`. Names of persons stay out."""
        instrument, sample = self._experiment("instrument"), self._experiment("sample")
        found = {
            "acquired": self._experiment("acquisition").get("started_at"),
            "vendor": instrument.get("vendor"),
            "serial": instrument.get("serial"),
            "software": " ".join(str(instrument[k]) for k in ("software", "software_version") if instrument.get(k)),
            "sample": sample.get("name") or sample.get("id"),
            "method": self._experiment("method").get("name"),
            "variant": self.info.get("format_version"),
            "library": self.library,
        }
        return {k: v for k, v in found.items() if v}

    def doubts(self, what: str) -> tuple[tuple[Remark, ...], dict[str, str]]:
        """A warning and a lower assurance, when this variant of the format was never compared by anybody.

        `what` is "spectra", "traces" or "tables".
        """
        said = self.info.get("assurance") or {}
        if said.get("level") != "unvalidated" or what not in said.get("strict_refuses", [what]):
            return (), {}
        reasons = (re.sub(r"^\[.*?\] ", "", str(r)).partition(":")[0] for r in said.get("reasons", ()))
        text = (
            f"This kind of file ({next(reasons, 'its variant')}) was never compared with another reader; compare its "
            "values with the vendor's own software."
        )
        return (warning("unproven_variant", text),), {"assurance": "low"}

    def undecoded(self) -> tuple[Remark, ...]:
        """What is in the file and is not read."""
        parts = (self.info.get("assurance") or {}).get("undecoded") or ()
        return tuple(
            info("not_decoded", f"Not read from this file: {p.get('detail') or p['structure']}.") for p in parts
        )

    def _experiment(self, part: str) -> dict[str, Any]:
        return dict((self.info.get("experiment") or {}).get(part) or {})


@contextmanager
def opened(source: Source, kind: Kind) -> Iterator[Opened]:
    """The source, opened and checked. Raises CorruptFile, UnsupportedVariant; no error of the library leaves."""
    try:
        import openreadout
    except ImportError as problem:
        raise kind.extra.refusal(kind.title) from problem
    library = f"openreadout {openreadout.__version__}"
    try:
        with (
            tempfile.TemporaryDirectory(prefix="mast-vendor-", ignore_cleanup_errors=True) as place,
            _handle(openreadout, source, kind, Path(place)) as file,
        ):
            if file.format != kind.id:
                raise CorruptFile(
                    f"The file begins like {kind.title}, but its content is something else.", code="another_format"
                )
            yield Opened(file, dict(file.info), tuple(findings(file.check(), kind)), library)
    except openreadout.OpenReadoutError as problem:
        raise translated(problem, kind) from problem


def _handle(library: Any, source: Source, kind: Kind, place: Path) -> openreadout.File:
    """A file is read through its open stream, with no copy on disk; a folder where it lies."""
    if isinstance(source, Folder):
        name = re.sub(r"[^\w.+ -]", "_", source.stem).strip(". ")
        return _file(library, str(named(source.directory(), name, kind.endings[0], place)))
    ending = f".{source.extension}"
    name = source.name if ending in kind.endings else f"{source.stem or 'file'}{kind.endings[-1]}"
    return _file(library, source.open(), name=name)


def _file(library: Any, *given: Any, **more: Any) -> openreadout.File:
    return library.File(*given, **more)  # type: ignore[no-any-return]


def findings(report: Any, kind: Kind) -> Iterator[Remark]:
    """The library's check as remarks, one per code. Raises CorruptFile at the first error."""
    said: dict[str, int] = {}
    for finding in report["findings"]:
        code, message = str(finding["code"]), _sentence(str(finding["message"]))
        if finding["severity"] == "error":
            raise CorruptFile(
                f"This is {kind.title}, but it is damaged or incomplete: {message}.",
                code=code,
                hint=OR_EXPORT.format(export=kind.export[0].lower() + kind.export[1:]),
                byte=finding.get("offset"),
            )
        said[code] = said.get(code, 0) + 1
        if said[code] > 1 or len(said) > FINDINGS:
            continue
        make = warning if finding["severity"] == "warning" or code in DOUBTS else info
        yield make(code, SENTENCES.get(code, f"The check of this file says: {message}."))


def translated(problem: Any, kind: Kind) -> InstrumentError:
    """An error of the library as ours, without its hint and without names of files on this machine."""
    unknown = problem.code == "unknown_format"
    message = "its content is not what its first bytes promise" if unknown else _sentence(str(problem))
    if problem.code == "unsupported_feature":
        return UnsupportedVariant(
            f"This is {kind.title} of a kind that cannot be read here: {message}.",
            code="unsupported_variant",
            hint=kind.export,
        )
    return CorruptFile(
        f"This is {kind.title}, but it is damaged or incomplete: {message}.",
        code="corrupt_file",
        hint=OR_EXPORT.format(export=kind.export[0].lower() + kind.export[1:]),
    )


def _sentence(message: str) -> str:
    """The library's message without its hint, the name of its reader and paths of this machine."""
    text = re.sub(r"\s*\(hint:.*", "", message, flags=re.S)
    text = re.sub(r"^([\w-]+: )?(corrupt file|unsupported feature|unsupported): ", "", text)
    text = re.sub(r"(?<![\w])/(?:[^\s:/]+/)+", "", text)
    return " ".join(text.split()).rstrip(".")[:300]
