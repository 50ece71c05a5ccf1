"""A file with one line per sample in columns that a network asks for. Which columns: a TOML file, not this code."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.figures.exports.own import FINDING_FIELDS, SAMPLE_FIELDS, OwnSample, Value
from app.platform.kernel.errors import Invalid

SHIPPED = Path(__file__).with_name("tedi.toml")
LEAST_REPEATS = 6
"""Columns for so many substances, so that files of two months have the same columns unless a sample held more."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One column of theirs and the field of ours it is filled from."""

    name: str
    source: str
    about: str = ""
    repeat: bool = False
    only_values: bool = False
    values: Mapping[str, str] = field(default_factory=dict)

    def of(self, there: Mapping[str, Value]) -> Value:
        """The value in their words."""
        value = there[self.source]
        known = str(value) if value is not None else ""
        if self.only_values or known in self.values:
            return self.values.get(known, "")
        return value


@dataclass(frozen=True, slots=True)
class Columns:
    """The list of columns with where it is from. `status`: unconfirmed, until the network said that it is theirs."""

    title: str
    version: str
    status: str
    note: str
    wanted: tuple[Wanted, ...]


def read_columns(path: Path = SHIPPED) -> Columns:
    """The list in a TOML file. Raises Invalid, naming what is wrong."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{path.name} is not TOML that can be read ({error}). Nothing was written.") from None
    wanted = tuple(_wanted(path.name, entry) for entry in data.get("column", ()))
    if not wanted:
        raise Invalid(f"{path.name} names no column. Nothing was written.", hint="Each is a [[column]] with a name.")
    names = [w.name for w in wanted]
    if twice := {name for name in names if names.count(name) > 1}:
        raise Invalid(f"{path.name} names the column {', '.join(sorted(twice))} twice. Nothing was written.")
    texts = {key: str(data.get(key, "")) for key in ("title", "version", "status", "note")}
    return Columns(**texts, wanted=wanted)


def _wanted(file: str, entry: Mapping[str, Any]) -> Wanted:
    name, source, repeat = str(entry.get("name", "")), str(entry.get("from", "")), bool(entry.get("repeat"))
    if not name or ("{n}" in name) is not repeat:
        raise Invalid(
            f"{file}: the column “{name}” needs a name, with {{n}} in it if and only if it repeats. Nothing was written."
        )
    ours = FINDING_FIELDS if repeat else SAMPLE_FIELDS
    if source not in ours:
        raise Invalid(
            f"{file}: the column “{name}” is filled from “{source}”, which is no field of "
            f"{'a finding' if repeat else 'a sample'}. Nothing was written.",
            hint="The fields are " + ", ".join(ours) + ".",
        )
    values = {str(ours): str(theirs) for ours, theirs in dict(entry.get("values", {})).items()}
    return Wanted(name, source, str(entry.get("about", "")), repeat, bool(entry.get("only_values")), values)


def wide_table(rows: Sequence[OwnSample], columns: Columns) -> list[list[Value]]:
    """Header, then one line per sample; repeated columns stand together for each substance."""
    single = [w for w in columns.wanted if not w.repeat]
    repeated = [w for w in columns.wanted if w.repeat]
    times = max([LEAST_REPEATS, *(len(row.findings) for row in rows)]) if repeated else 0
    names = [w.name.replace("{n}", str(n)) for n in range(1, times + 1) for w in repeated]
    lines: list[list[Value]] = [[*(w.name for w in single), *names]]
    for row in rows:
        there = row.values()
        line = [w.of(there) for w in single]
        for finding in row.findings:
            found = {name: getattr(finding, name) for name in FINDING_FIELDS}
            line += [w.of(found) for w in repeated]
        lines.append(line + [""] * (len(lines[0]) - len(line)))
    return lines
