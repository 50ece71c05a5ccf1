"""Use cases of packing: the cover of a release, written once, and its figures with it as one zip of plain tables.

Every drawn cell has a row, as it reads, whether anybody came or not.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from pydantic import TypeAdapter
from sqlmodel import Session

from app.figures.releases import service
from app.figures.releases.packaging import Cell, Dataset, Field, Table, file_name, package
from app.figures.releases.tables import Release, ReleaseCover
from app.figures.trends.domain import Audience
from app.figures.trends.protection.lattice import VERDICTS, Geography, Struck
from app.figures.trends.protection.striking import StruckFigures
from app.intake.people import service as people
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.errors import NotFound

FORMAT = "mast-package/1"
"""Of the words and columns in a package. It changes with them, and then a package made again has other bytes."""
KEPT = 4
"""The packages asked for last: anybody may fetch a public one, and each takes a second to make."""
_CACHE: OrderedDict[tuple[str, str, str, bool], bytes] = OrderedDict()
_GUARD = threading.Lock()
_VARIANCE = TypeAdapter(dict[str, float])
SERVICE = "service"
"""The kind of agency that checks drugs (people.AgencyKind): the others read."""
LIMITS = (
    "People choose what they bring. The figures describe samples brought to a service, not what is sold.",
    "“Not found” is not “absent”: each method has a limit, and nitazenes or fentanyls can be there below it.",
    "Counts are samples, not people, of clients who agreed to figures. Samples from police or partners are not in them.",
    "Counts are moved by small random amounts, so sums of rows differ from the row of the sum.",
    "The absence of a figure is not a zero, and no figure says that a drug can be taken without danger.",
)


@dataclass(frozen=True, slots=True)
class Licensed:
    """What the settings say of releases."""

    licence: str
    publisher: str
    service_name: str


@dataclass(frozen=True, slots=True)
class Packed:
    """The zip with its name. `as_before`: it has the bytes it had when it was packed first (Parquet left out)."""

    name: str
    content: bytes
    as_before: bool

    @property
    def sha256(self) -> str:
        """Of the bytes."""
        return hashlib.sha256(self.content).hexdigest()


def cover_of(session: Session, row: Release) -> ReleaseCover | None:
    """The cover, where it was written."""
    return session.get(ReleaseCover, row.id)


def write_cover(uow: UnitOfWork, row: Release, licensed: Licensed) -> ReleaseCover:
    """The cover; written now where it was not yet, with what the settings say today."""
    there = uow.session.get(ReleaseCover, row.id, populate_existing=True, with_for_update=True)
    if there is not None:
        return there
    named = ((name, people.agency_named(uow.session, name)) for name in people.agency_names(uow.session))
    services = [name for name, agency in named if agency is not None and agency.kind == SERVICE]
    creators = services or [licensed.service_name]
    publisher = licensed.publisher or "; ".join(creators)
    there = ReleaseCover(
        release_id=row.id, title=f"Drug checking figures, release {row.number}", publisher=publisher[:200],
        creators=creators, licence=licensed.licence, software=f"MAST {version('mast-lims')} ({FORMAT})",
        written_at=uow.now,
    )  # fmt: skip
    for audience in service.AUDIENCES:
        there.packed = {
            **there.packed,
            audience.value: hashlib.sha256(_made(uow.session, row, there, audience, False)).hexdigest(),
        }
    uow.session.add(there)
    uow.session.flush()
    after = {"licence": there.licence, "publisher": there.publisher, "packed": there.packed}
    audit.record(uow, "describe", "release", row.id, after=after)
    return there


def packed(session: Session, row: Release, audience: Audience, *, parquet: bool = False) -> Packed:
    """The package of a release that has its cover. Raises NotFound, Invalid where Parquet cannot be written here."""
    cover = cover_of(session, row)
    if cover is None:
        raise NotFound("package")
    key = (str(row.id), audience.value, row.content_digest, parquet)
    with _GUARD:
        content = _CACHE.get(key)
    if content is None:
        content = _made(session, row, cover, audience, parquet)
        with _GUARD:
            _CACHE[key] = content
            while len(_CACHE) > KEPT:
                _CACHE.popitem(last=False)
    as_before = parquet or cover.packed.get(audience.value) == hashlib.sha256(content).hexdigest()
    return Packed(f"{file_name(_dataset(row, cover, audience, ()))}.zip", content, as_before)


def _made(session: Session, row: Release, cover: ReleaseCover, audience: Audience, parquet: bool) -> bytes:
    regions = service.choices(session, row).regions
    made = tables(service.released(session, row))
    return package(_dataset(row, cover, audience, regions), made, parquet=parquet)


def _dataset(row: Release, cover: ReleaseCover, audience: Audience, regions: Sequence[str]) -> Dataset:
    return Dataset(
        id=str(row.id), title=cover.title,
        description=(
            "Aggregates of drug checking: how many samples were handed in, how their results compare with what was expected, "
            f"and what was found, by time, region and what was expected. {_protected(row)}"
        ),
        version=row.number, audience=audience.value, creators=tuple(cover.creators), publisher=cover.publisher,
        licence=cover.licence, made_at=row.made_at, months=(row.first_month, row.last_month), regions=tuple(regions),
        limits=LIMITS, software=cover.software,
        definitions={name: f"{d['definition']} (version {d['version']})" for name, d in row.definitions.items()},
    )  # fmt: skip


def _protected(row: Release) -> str:
    variance = _VARIANCE.validate_python(row.protection["variance"])
    return (
        f"Each count has been moved by a small random amount (variance {variance['samples']:g} for samples, "
        f"{variance['findings']:g} for findings), once and for everybody alike. Parts need not add up to their total; the "
        "total is the better figure."
    )


Line = list[Cell]
_MOVED = "moved by a small random amount; may be negative"
_WHERE = (
    Field("width", "string", "How wide the row is in time", enum=("month", "quarter", "year"), required=True),
    Field("time", "string", "2026, 2026-Q2 or 2026-05: when samples were handed in", required=True),
    Field("region", "string", "Where; empty: everywhere"),
    Field("expected", "string", "What the sample was expected to be, an id of the register; empty: whatever it was"),
)
_KEY = ("time", "region", "expected")
_DRAWN = "Every cell has a row, whether anybody came or not. Sums of rows differ from the row of the sum."


def tables(held: StruckFigures) -> list[Table]:
    """Samples by what their result was against the expectation, what was found, alone and together, medians."""
    verdicts = tuple(Field(name, "integer", f"Samples whose result is {' or '.join(sorted(of))}, {_MOVED}", required=True)
                     for name, of in VERDICTS.items())  # fmt: skip
    partial = Field("incomplete", "boolean", "The data begin within this period", required=True)
    return [
        Table(
            "samples", "Samples",
            f"How many samples there are, by time, region and what was expected, and how their results compare. {_DRAWN}",
            (*_WHERE, Field("n", "integer", f"Samples, {_MOVED}", required=True), *verdicts, partial),
            _KEY, [[*where, *figures, one.partial] for one, where, figures in _cells(held)],
        ),
        Table(
            "found", "Substances and classes found",
            "In how many samples a class, or from quarters on a substance, was found. The samples tested for it are those of "
            f"the table samples less those of the table untested whose scope does not hold it. {_DRAWN}",
            (*_WHERE, Field("found", "string", "Class or substance; opioid holds opioid.nitazene", required=True),
             Field("numerator", "integer", f"Samples in which it was found, {_MOVED}", required=True)),
            (*_KEY, "found"), list(_long(held, "found ", lambda one, name: name)),
        ),
        Table(
            "untested", "Samples that were not tested for everything",
            f"How many samples no conclusive method looked at for these classes. A sample is in one row at most. {_DRAWN}",
            (*_WHERE, Field("classes", "string", "Classes it was not tested for, with spaces between", required=True),
             Field("n", "integer", f"Samples, {_MOVED}", required=True)),
            (*_KEY, "classes"), list(_long(held, "profile ", lambda one, k: " ".join(sorted(one.lists.profiles[int(k)])))),
        ),
        Table(
            "together", "Classes found together",
            "In how many samples of a year two classes were both found. Each finding counts in its narrowest listed class; "
            "another:opioid are opioids that no narrower one holds.",
            (_WHERE[1], Field("found", "string", "One class", required=True), Field("with", "string", "The other", required=True),
             Field("n", "integer", f"Samples in which both were found, {_MOVED}", required=True)),
            ("time", "found", "with"),
            [[one.label, a, b, n] for one in _periods(held) if one.kind == "year"
             for (a, b), n in zip(one.lists.pairs, one.pairs.tolist(), strict=True)],
        ),
        Table(
            "medians", "Medians of amounts and waits",
            "The median of each amount that was measured in 20 samples or more, by a rank that is moved at random.",
            (*_WHERE[:3], Field("substance", "string", "What was measured; turnaround: from received to released", required=True),
             Field("unit", "string", "Its unit", required=True), Field("basis", "string", "What the amount counts"),
             Field("n", "integer", f"Samples in which it was measured, {_MOVED}", required=True),
             Field("value", "number", "The median, two significant figures"), Field("low", "number", "Lower end of its 95 % interval"),
             Field("high", "number", "Upper end of its 95 % interval")),
            ("time", "region", "substance", "unit", "basis"), list(_medians(held)),
        ),
    ]  # fmt: skip


def _periods(held: StruckFigures) -> list[Struck]:
    return sorted(held.periods.values(), key=lambda one: (one.kind, one.label))


def _places(one: Struck, geography: Geography) -> Iterator[tuple[Line, int, int]]:
    rows, columns = one.lists.shape(geography)
    for r in range(rows):
        for c in range(columns):
            region = one.lists.regions[r] if geography[0] else ""
            expected = one.lists.expected[c] if geography[1] else ""
            yield [one.kind, one.label, region, expected], r, c


def _cells(held: StruckFigures) -> Iterator[tuple[Struck, Line, list[int]]]:
    for one in _periods(held):
        for geography, figures in one.tables.items():
            for where, r, c in _places(one, geography):
                yield one, where, figures[: 1 + len(VERDICTS), r, c].tolist()


def _long(held: StruckFigures, start: str, name_of: Callable[[Struck, str], str]) -> Iterator[Line]:
    for one in _periods(held):
        features = [
            (k, f.removeprefix(start)) for k, f in enumerate(one.lists.features(one.kind)) if f.startswith(start)
        ]
        for geography, figures in one.tables.items():
            for where, r, c in _places(one, geography):
                for k, name in features:
                    yield [*where, name_of(one, name), int(figures[k, r, c])]


def _medians(held: StruckFigures) -> Iterator[Line]:
    for one in _periods(held):
        for (geography, name, place), found in one.medians.items():
            region = one.lists.regions[place] if geography[0] else ""
            yield [one.kind, one.label, region, *name.split("/"), found.n, found.value, found.low, found.high]
