"""An agency's own samples, unprotected, as a file that leaves under an agreement of its operator. Never for a route.

Who made it, for which months, is in the audit log.

Only samples whose clients agreed to aggregate figures; no ticket, no number, no words anybody spoke, no note.
As a table it is long, a line per finding, or wide, a line per sample in columns that a network asks for. Which columns: a
TOML file, not this code.
"""

from __future__ import annotations

import hashlib
import tomllib
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from sqlmodel import Session

from app.care.counted.domain import FoundFact, ReleaseFact
from app.figures.exports.domain import MONTH, Tell, tell_nobody
from app.figures.trends.csv import csv_of, parquet_of
from app.figures.trends.sample_level import methods_of, month_of, samples_in
from app.intake.people import service as people
from app.intake.samples import substances
from app.intake.samples.lookup import Appearance, appearances
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import agency_of
from app.platform.kernel.errors import Invalid
from harm_messages import Register

STEPS = 3
SHIPPED = Path(__file__).with_name("tedi.toml")
LEAST_REPEATS = 6
"""Columns for so many substances, so that files of two months have the same columns unless a sample held more."""
Value = str | float | int | None
UNSEEN = Appearance((), "", "", None, None, None, None)
_ORDER = ("major", "minor", "present_unquantified", "indication", "trace")


SAMPLE_FIELDS = (
    "code", "agency", "country", "site", "region", "service_type", "day", "month", "year", "semester", "form",
    "colours", "logo", "shape", "width_mm", "height_mm", "thickness_mm", "weight_mg",
    "expected", "expected_label", "expected_class", "verdict", "outcome", "methods",
)  # fmt: skip
"""Of a sample: `day` is ISO 8601 or empty; sizes in mm, weight in mg; lists have `; ` between their parts."""
FINDING_FIELDS = (
    "substance", "label", "drug_class", "role", "abundance", "confidence", "amount", "unit", "basis", "finding_methods",
)  # fmt: skip
"""Of a substance found: `amount` in `unit`, of `basis`."""
Values = Mapping[str, Value]
TYPES = dict.fromkeys(("width_mm", "height_mm", "thickness_mm", "weight_mg", "amount"), "number")


def code_of(sample_id: uuid.UUID) -> str:
    """A code that is always the same for a sample. Its key would tell when it was registered, to the millisecond."""
    return hashlib.sha256(b"mast sample code\n" + sample_id.bytes).hexdigest()[:16]


def own_samples(
    session: Session, agency_id: uuid.UUID, months: tuple[str, str], register: Register, *, country: str = ""
) -> Iterator[tuple[Values, list[Values]]]:
    """Samples of clients of one agency, with its imported history, in the order of their codes: each with its findings."""
    facts = samples_in(session, agency_id, *months)
    looks = appearances(session, [fact.sample_id for fact in facts if fact.import_id is None])
    for fact in sorted(facts, key=lambda f: code_of(f.sample_id)):
        ranked = sorted(fact.found, key=lambda f: (_ORDER.index(f.abundance) if f.abundance in _ORDER else 9, f.found))
        sample = _sample(fact, looks.get(fact.sample_id, UNSEEN), register, country)
        yield sample, [_finding(found, register) for found in ranked]


def _sample(fact: ReleaseFact, look: Appearance, register: Register, country: str) -> Values:
    month = month_of(fact)
    values = (
        code_of(fact.sample_id), fact.agency, country, fact.site, fact.region, fact.service_type,
        fact.day.isoformat() if fact.day else "", month, month[:4], "" if not month else "1" if month[5:] <= "06" else "2",
        fact.form, "; ".join(look.colours), look.logo, look.shape,
        look.width_mm, look.height_mm, look.thickness_mm, look.weight_mg,
        fact.expected, substances.label_of(register, fact.expected), fact.expected_class, fact.verdict, fact.outcome,
        "; ".join(methods_of(fact)),
    )  # fmt: skip
    return dict(zip(SAMPLE_FIELDS, values, strict=True))


def _finding(f: FoundFact, register: Register) -> Values:
    values = (
        f.found, substances.label_of(register, f.found), f.found_class, f.role, f.abundance, f.confidence,
        f.amount, f.unit, f.basis, "; ".join(f.methods),
    )  # fmt: skip
    return dict(zip(FINDING_FIELDS, values, strict=True))


def long_table(rows: Sequence[tuple[Values, list[Values]]]) -> list[list[Value]]:
    """Header, then one line per finding with its sample beside it; a sample without a finding has one line."""
    nothing: Values = dict.fromkeys(FINDING_FIELDS, "") | {"amount": None}
    lines = [[*sample.values(), *one.values()] for sample, found in rows for one in found or [nothing]]
    return [[*SAMPLE_FIELDS, *FINDING_FIELDS], *lines]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One column of theirs and the field of ours it is filled from."""

    name: str
    source: str
    repeat: bool = False
    only_values: bool = False
    values: Mapping[str, str] = field(default_factory=dict)

    def of(self, there: Values) -> Value:
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


_Entry = TypedDict(
    "_Entry",
    {"name": str, "from": str, "repeat": bool, "only_values": bool, "values": dict[str, str]},
    total=False,
)
"""A [[column]] as it is meant to be; nothing of it is relied upon."""


def _wanted(file: str, entry: _Entry) -> Wanted:
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
    return Wanted(name, source, repeat, bool(entry.get("only_values")), values)


def wide_table(rows: Sequence[tuple[Values, list[Values]]], columns: Columns) -> list[list[Value]]:
    """Header, then one line per sample; repeated columns stand together for each substance."""
    single = [w for w in columns.wanted if not w.repeat]
    repeated = [w for w in columns.wanted if w.repeat]
    times = max([LEAST_REPEATS, *(len(found) for _, found in rows)]) if repeated else 0
    names = [w.name.replace("{n}", str(n)) for n in range(1, times + 1) for w in repeated]
    lines: list[list[Value]] = [[*(w.name for w in single), *names]]
    for sample, found in rows:
        line = [w.of(sample) for w in single]
        line += [w.of(finding) for finding in found for w in repeated]
        lines.append(line + [""] * (len(lines[0]) - len(line)))
    return lines


@dataclass(frozen=True, slots=True)
class Handover:
    """The file, and what is in it."""

    content: bytes
    samples: int
    lines: int
    without_day: int
    columns: str
    note: str

    @property
    def sha256(self) -> str:
        """Of the bytes."""
        return hashlib.sha256(self.content).hexdigest()


def hand_over(
    uow: UnitOfWork,
    agency: str,
    format_: str,
    months: tuple[str, str],
    register: Register,
    *,
    country: str = "",
    columns: Path | None = None,
    tell: Tell = tell_nobody,
) -> Handover:
    """Make the file and note it. Raises Invalid for an unknown agency, months that are none, a list that is wrong."""
    owner = agency_of(people.operator_for(uow.session, agency))
    if any(month and not MONTH.fullmatch(month) for month in months) or (all(months) and months[0] > months[1]):
        raise Invalid("Months are written like 2026-01, the first one first. Nothing was written.")
    tell("Reading the samples", 0, STEPS)
    rows = list(own_samples(uow.session, owner, months, register, country=country))
    wanted = read_columns(columns or SHIPPED) if format_ == "tedi" else None
    tell(f"Setting out {len(rows):,} samples", 1, STEPS)
    lines = wide_table(rows, wanted) if wanted else long_table(rows)
    header = [str(name) for name in lines[0]]
    tell(f"Writing {len(lines) - 1:,} lines", 2, STEPS)
    parquet = format_ == "parquet"
    content = parquet_of(header, lines[1:], TYPES) if parquet else csv_of(lines)
    title = f"{wanted.title} {wanted.version} ({wanted.status})" if wanted else "own fields"
    days = Counter(bool(sample["day"]) for sample, _ in rows)
    made = Handover(content, len(rows), len(lines) - 1, days[False], title, wanted.note if wanted else "")
    after = {
        "format": format_, "columns": title, "from": months[0], "to": months[1], "samples": made.samples,
        "sha256": made.sha256,
    }  # fmt: skip
    audit.record(uow, "export_unprotected", "samples", owner, agency_id=owner, after=after)
    return made
