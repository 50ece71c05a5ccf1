"""Use cases of packing: the cover of a release, written once, and its figures with it as one zip."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

from pydantic import TypeAdapter
from sqlmodel import Session

from app.figures.releases import lookup, package_tables, service, tabulating
from app.figures.releases.package_metadata import Dataset
from app.figures.releases.packaging import file_name, package
from app.figures.releases.tables import Release, ReleaseCover
from app.figures.trends.domain import Audience
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
    "Counts are moved by small random amounts, or in older releases rounded to 5, so sums of rows differ from the row of "
    "the sum.",
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
    creators = _creators(uow.session) or [licensed.service_name]
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
    if service.rounded_before(row):
        made = tabulating.tables(lookup.book(session, row, audience))
    else:
        made = package_tables.tables(service.released(session, row))
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
    if service.rounded_before(row):
        return "Small counts are not shown and all others are rounded to 5, by the rules that held when it was made."
    variance = _VARIANCE.validate_python(row.protection["variance"])
    return (
        f"Each count has been moved by a small random amount (variance {variance['samples']:g} for samples, "
        f"{variance['findings']:g} for findings), once and for everybody alike. Parts need not add up to their total; the "
        "total is the better figure."
    )


def _creators(session: Session) -> list[str]:
    """The services of this server."""
    named = ((name, people.agency_named(session, name)) for name in people.agency_names(session))
    return [name for name, agency in named if agency is not None and agency.kind == SERVICE]
