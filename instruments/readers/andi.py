"""What the two ANDI (AIA) templates share: telling them apart, time stamps, and facts about the instrument.

Standards: ASTM E1947 (chromatography) and E2077 (mass spectrometry). Registers nothing; imports nothing above
`instruments`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from spectra.types import Remark

from ..probe import Guess, Probe
from ..validate import warning
from .netcdf_guard import NetCdf

EXTENSIONS = ("cdf", "nc")
_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:([+-]\d\d)(\d\d)$)?")


def sniff_template(*names: bytes) -> Callable[[Probe], Guess | None]:
    """A sniffer for netCDF files whose header holds one of these names."""

    def sniff(probe: Probe) -> Guess | None:
        if (
            probe.head[:3] == b"CDF"
            and probe.head[3:4] in (b"\1", b"\2", b"\5")
            and any(n in probe.head for n in names)
        ):
            return Guess(97, "netCDF with names of the template")
        return None

    return sniff


def moment(stamp: str) -> str:
    """ISO 8601 from a stamp like 19930830202439-0800; '' if it is none. A zone is only given if the stamp has one."""
    match = _STAMP.match(stamp.strip())
    if match is None or not (1 <= int(match[2]) <= 12 and 1 <= int(match[3]) <= 31 and int(match[4]) < 24):
        return ""
    zone = f"{match[7]}:{match[8]}" if match[7] else ""
    return f"{match[1]}-{match[2]}-{match[3]}T{match[4]}:{match[5]}:{match[6]}{zone}"


def instrument_of(file: NetCdf) -> tuple[str, dict[str, Any]]:
    """Maker and model (else the name) of the first instrument, and its serial number and software for `meta`."""
    name, maker, model, serial, software = (
        next(iter(file.words(f"instrument_{key}")), "") for key in ("name", "mfr", "model", "serial_no", "sw_version")
    )
    return " ".join(w for w in (maker, model or name) if w), filled({"serial": serial, "software": software})


def unread(file: NetCdf) -> tuple[Remark, ...]:
    """A warning of bytes that belong to no variable: perhaps more records than the header counts."""
    if not file.unread:
        return ()
    return (
        warning("trailing_data", f"Behind its last value the file holds {file.unread:,} bytes that were not read."),
    )


def filled(facts: dict[str, Any]) -> dict[str, Any]:
    """Without what the file leaves empty."""
    return {k: v for k, v in facts.items() if v not in ("", None)}
