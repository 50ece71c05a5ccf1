"""The manifest of real instrument files, and facts that remember whether anybody compared them.

The facts were established by readers independent of ours. The files are no part of the repository.
"""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

DATA = Path(os.environ.get("MAST_SHARED_DATA") or Path(__file__).resolve().parents[2] / "../shared/data")
REAL = DATA / "instruments"
VENDOR = frozenset({"chemstation_d", "chemstation_single", "masshunter_d", "waters_raw", "thermo_raw", "shimadzu_lcd_gcd",
                    "perkinelmer_sp", "renishaw_wdf", "mzmlb", "omnic_srs", "zipped_dir"})  # fmt: skip
HAS_VENDOR = find_spec("openreadout") is not None

# Facts that no reading can agree or disagree with, each with the reason. "a.b" is fact b within fact a.
NOT_COMPARED: dict[str, dict[str, str]] = {
    "mzml": {"compression": "how the numbers are packed"},
    "jcamp": {
        "blocks.asdf": "how the numbers are written",
        "blocks.bad_checks": "of the other decoder",
        "blocks.form": "how the numbers are written",
        "n_blocks": "counts link blocks, which hold no data",
    },
    "andi_chrom": {"data_model": "the container's variant"},
    "spc": {
        "dirsize_ok": "whether the directory of subfiles agrees with itself; the subfiles themselves are compared",
        "fexp": "how the numbers are scaled; the numbers are compared",
        "ffirst": "the header's word; the axis that stands is compared",
        "flags": "how the numbers are stored",
        "flast": "the header's word; the axis that stands is compared",
        "fxtype": "a code; the unit it means is compared",
        "fytype": "a code; where it has a unit of ours the ordinate is in the reader's own tests",
        "nlast": "the header's word",
        "npts": "of a multifile the header's offset to a directory",
        "nsub": "the header's word; the subfiles that are there are compared",
        "res": "free text; the number in it is in the reader's own tests",
    },
    "csv": {
        "columns": "names of columns that are not the chosen pair",
        "decimal_comma_in_header": "of the preamble",
        "expect": "in words; tested on its own below",
        "header_lines": "lines before the table, counted differently by every reader",
        "n_rows": "counts rows without an abscissa; n_with_shift is compared",
        "note": "in words",
        "tolerance": "the bound itself",
    },
    "vendor": {
        "instrument.kind": "a classification of the other reader",
        "openreadout.instrument.kind": "a classification of the other reader",
        "openreadout.reader_format": "our name of the format is compared",
        "reader_format": "our name of the format is compared",
        "n_traces": "the traces are compared one by one",
        "openreadout.n_traces": "the traces are compared one by one",
        "rainbow.detector": "a guess of the other reader from the file's name",
    },
}


class Row(NamedTuple):
    """One file of the manifest."""

    file: str
    format: str
    facts: dict[str, Any]

    @property
    def path(self) -> Path:
        return REAL / self.file

    @property
    def readable(self) -> bool:
        return self.format not in VENDOR or HAS_VENDOR


@cache
def manifest() -> tuple[Row, ...]:
    """Every row; empty where the shared data are not."""
    path = REAL / "MANIFEST.tsv"
    if not path.is_file():
        return ()
    with path.open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        return tuple(Row(r["file"], r["format"], json.loads(r["facts_json"])) for r in rows)


class Facts:
    """A mapping of facts that notes which of them were asked for."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = {k: self._wrapped(v) for k, v in values.items()}
        self._seen: set[str] = set()

    @staticmethod
    def _wrapped(value: Any) -> Any:
        if isinstance(value, dict):
            return Facts(value)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return [Facts(v) for v in value]
        return value

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def __getitem__(self, key: str) -> Any:
        self._seen.add(key)
        return self._values[key]

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self._values else default

    def keys(self) -> list[str]:
        return list(self._values)

    def unseen(self, prefix: str = "") -> Iterator[str]:
        """Paths of the facts that nobody asked for."""
        for key, value in self._values.items():
            path = prefix + key
            inner = [value] if isinstance(value, Facts) else value if isinstance(value, list) else []
            nested = [v for v in inner if isinstance(v, Facts)]
            if key not in self._seen:
                yield path
            for one in nested:
                yield from one.unseen(f"{path}.") if key in self._seen else ()


def near(value: float | None, fact: float, relative: float = 2e-6, absolute: float = 0.0) -> bool:
    """Facts are printed with seven digits."""
    return value is not None and math.isclose(value, fact, rel_tol=relative, abs_tol=absolute)
