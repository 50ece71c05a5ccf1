"""An agency's own samples, unprotected, for a file that leaves under an agreement of its operator. Never for a route.

Only samples whose clients agreed to aggregate figures; no ticket, no number, no words anybody spoke, no note.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from sqlmodel import Session

from app.care.counted.domain import FoundFact
from app.figures.trends.sample_level import SampleFacts, samples_in
from app.intake.samples import service as samples
from app.intake.samples.appearance import Appearance, appearances
from harm_messages import Register

Value = str | float | int | None
UNSEEN = Appearance((), "", "", None, None, None, None)
_ORDER = ("major", "minor", "present_unquantified", "indication", "trace")


@dataclass(frozen=True, slots=True)
class OwnFinding:
    """One substance found. `amount` in `unit`, of `basis`."""

    substance: str
    label: str
    drug_class: str
    role: str
    abundance: str
    confidence: str
    amount: float | None
    unit: str
    basis: str
    finding_methods: str


@dataclass(frozen=True, slots=True)
class OwnSample:
    """One sample. `day` is ISO 8601 or empty; sizes in mm, weight in mg; lists have `; ` between their parts."""

    code: str
    agency: str
    country: str
    site: str
    region: str
    service_type: str
    day: str
    month: str
    year: str
    semester: str
    form: str
    colours: str
    logo: str
    shape: str
    width_mm: float | None
    height_mm: float | None
    thickness_mm: float | None
    weight_mg: float | None
    expected: str
    expected_label: str
    expected_class: str
    verdict: str
    outcome: str
    methods: str
    findings: tuple[OwnFinding, ...]

    def values(self) -> dict[str, Value]:
        """The fields by name, without the findings."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "findings"}


SAMPLE_FIELDS = tuple(f.name for f in fields(OwnSample) if f.name != "findings")
FINDING_FIELDS = tuple(f.name for f in fields(OwnFinding))
TYPES = dict.fromkeys(("width_mm", "height_mm", "thickness_mm", "weight_mg", "amount"), "number")


def code_of(sample_id: uuid.UUID) -> str:
    """A code that is always the same for a sample. Its key would tell when it was registered, to the millisecond."""
    return hashlib.sha256(b"mast sample code\n" + sample_id.bytes).hexdigest()[:16]


def own_samples(
    session: Session, agency_id: uuid.UUID, months: tuple[str, str], register: Register, *, country: str = ""
) -> Iterator[OwnSample]:
    """Samples of clients of one agency, with its imported history, in the order of their codes."""
    facts = samples_in(session, agency_id, *months)
    looks = appearances(session, [fact.sample_id for fact in facts if fact.own])
    for fact in sorted(facts, key=lambda f: code_of(f.sample_id)):
        yield _own(fact, looks.get(fact.sample_id, UNSEEN), register, country)


def _own(fact: SampleFacts, look: Appearance, register: Register, country: str) -> OwnSample:
    ranked = sorted(fact.found, key=lambda f: (_ORDER.index(f.abundance) if f.abundance in _ORDER else 9, f.found))
    return OwnSample(
        code_of(fact.sample_id), fact.agency, country, fact.site, fact.region, fact.service_type,
        fact.day.isoformat() if fact.day else "", fact.month, fact.month[:4],
        "" if not fact.month else "1" if fact.month[5:] <= "06" else "2",
        fact.form, "; ".join(look.colours), look.logo, look.shape,
        look.width_mm, look.height_mm, look.thickness_mm, look.weight_mg,
        fact.expected, samples.label_of(register, fact.expected), fact.expected_class, fact.verdict, fact.outcome,
        "; ".join(fact.methods), tuple(_finding(f, register) for f in ranked),
    )  # fmt: skip


def _finding(f: FoundFact, register: Register) -> OwnFinding:
    return OwnFinding(
        f.found, samples.label_of(register, f.found), f.found_class, f.role, f.abundance, f.confidence,
        f.amount, f.unit, f.basis, "; ".join(f.methods),
    )  # fmt: skip


def long_table(rows: Sequence[OwnSample]) -> list[list[Value]]:
    """Header, then one line per finding with its sample beside it; a sample without a finding has one line."""
    lines: list[list[Value]] = [[*SAMPLE_FIELDS, *FINDING_FIELDS]]
    nothing: Mapping[str, Value] = dict.fromkeys(FINDING_FIELDS, "") | {"amount": None}
    for row in rows:
        there = row.values()
        found: list[Mapping[str, Value]] = [{name: getattr(f, name) for name in FINDING_FIELDS} for f in row.findings]
        lines += [[*there.values(), *one.values()] for one in found or [nothing]]
    return lines
