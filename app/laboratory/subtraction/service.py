"""Use cases of subtraction by hand: look, take a reference out, undo. The reading itself is never touched.

A step names its reference and its figures, so that the difference is computed again from the reading every time.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from app.intake.people import service as people
from app.intake.samples import lookup
from app.laboratory.identification.substances import SubstanceIndex
from app.laboratory.library.registry import LibraryRegistry
from app.laboratory.readings import analyses, references, uploads
from app.laboratory.subtraction.tables import SubtractionStep
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, Invalid, MastError, NotFound, Stale, Unavailable
from app.platform.storage import BlobStore
from spectra import InfraredSpectrum, SpectrumError
from spectra.infrared.subtraction import Lobe, Step, difference, lobes, optimum, shifted
from spectra.infrared_grid import curve, grid_of
from spectra.types import FloatArray

if TYPE_CHECKING:
    from app.laboratory.readings.tables import Reading

MOST_STEPS = 12
"""Standing steps of one reading; what needs more has stopped being a spectrum."""
LEAST_HIT = 0.2
"""A difference resembles everything a little; hits below this correlation are not listed."""


@dataclass(frozen=True, slots=True)
class SubtractionRequest:
    """A reference by library and entry. `factor` and `shift` None: those at which the rest is smoothest."""

    library: str
    entry: str
    factor: float | None = None
    shift: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """A reference found and measured against what is left: nothing is stored of it yet. Curves (1801,) on the grid."""

    library_key: str
    library_name: str
    entry_id: str
    name: str
    compound: str
    factor: float
    optimum: float
    shift: float
    wiggle_left: float
    lobes: tuple[Lobe, ...]
    before: FloatArray
    reference: FloatArray
    after: FloatArray
    raman: bool = False

    @property
    def lobe_depth(self) -> float:
        """Depth of the deepest negative lobe, as part of the band taken out there; 0 without one."""
        return max((lobe.depth for lobe in self.lobes), default=0.0)


@dataclass(frozen=True, slots=True)
class Hit:
    """What the difference resembles: first-derivative correlation of one compound. `substance_id` as in the register."""

    name: str
    compound: str
    substance_id: str
    library: str
    library_name: str
    entry: str
    score: float
    shift: float


def lobe_words(lobes: Sequence[Lobe], name: str) -> str:
    """The warning about negative lobes, or "".

    >>> lobe_words([Lobe(1010.0, 1030.0, 0.4)], "Lactose")
    'Too much Lactose is taken out: the difference dips below zero at 1010–1030 cm⁻¹. Lower the factor.'
    """
    if not lobes:
        return ""
    where = ", ".join(f"{lobe.low:.0f}–{lobe.high:.0f}" for lobe in lobes[:4])
    more = f" and {len(lobes) - 4} more" if len(lobes) > 4 else ""
    return f"Too much {name} is subtracted. The residual dips below zero at {where}{more} cm⁻¹. Lower the factor."


RAMAN = "raman"


@dataclass(frozen=True, slots=True)
class Desk:
    """What a subtraction needs beside the database: the points of readings, the libraries of the agency, the register."""

    store: BlobStore
    registry: LibraryRegistry
    index: SubstanceIndex


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """A reading with its steps, the difference they leave (1801,) and what that resembles.

    `broken`: why the steps cannot be repeated now (a library that has gone); the difference is then that of the steps
    before.
    """

    reading_id: uuid.UUID
    sample_id: uuid.UUID
    title: str
    steps: tuple[SubtractionStep, ...]
    makers: dict[uuid.UUID, str]
    query: FloatArray
    rest: FloatArray
    hits: tuple[Hit, ...]
    broken: str = ""
    raman: bool = False

    @property
    def active_steps(self) -> tuple[SubtractionStep, ...]:
        """Steps that are not undone."""
        return tuple(step for step in self.steps if step.undone_at is None)

    @property
    def version(self) -> int:
        """Rises with every step and every undo."""
        return _version(self.steps)


def count_active_steps(session: Session, reading_ids: Iterable[uuid.UUID]) -> int:
    """How many references stand taken out of these readings; they go with a reading whose curve becomes another one.
    The caller has looked the readings up for its actor.
    """
    query = select(func.count()).where(
        col(SubtractionStep.reading_id).in_(list(reading_ids)), col(SubtractionStep.undone_at).is_(None)
    )  # fmt: skip
    return int(session.exec(query).one())


def _steps_of(session: Session, reading_id: uuid.UUID) -> Sequence[SubtractionStep]:
    """Every step of a reading in its order, undone ones too."""
    query = select(SubtractionStep).where(SubtractionStep.reading_id == reading_id)
    return session.exec(query.order_by(col(SubtractionStep.number))).all()


def work_on(session: Session, actor: Actor, desk: Desk, reading_id: uuid.UUID, top: int = 8) -> Work:
    """A reading as its standing steps leave it; `top` 0: without a search of it.

    Raises NotFound, Conflict for a reading that is no spectrum of bands.
    """
    row = uploads.get_reading(session, actor, reading_id)
    analysis = analyses.get_analysis(session, actor, row.analysis_id)
    steps = tuple(_steps_of(session, reading_id))
    query = _curve(row, desk.store)
    rest, broken = query, ""
    try:
        rest = difference(query, _as_steps(row, desk, [s for s in steps if s.undone_at is None]))
    except (MastError, SpectrumError) as error:
        broken = f"The steps cannot be repeated now: {getattr(error, 'detail', error)}"
    makers = people.display_names(session, {s.made_by for s in steps} | {s.undone_by for s in steps} - {None})
    hits = tuple(_hits(row, desk, rest, top)) if top else ()
    return Work(reading_id, analysis.sample_id, row.title, steps, makers, query, rest, hits, broken,
                row.kind == RAMAN)  # fmt: skip


def try_out(session: Session, actor: Actor, desk: Desk, work: Work, request: SubtractionRequest) -> Tried:
    """What one more step would do; nothing is kept. Raises NotFound, Unavailable, Invalid."""
    row = uploads.get_reading(session, actor, work.reading_id)
    home, number = references.entry_in(row, desk.registry, request.library, request.entry)
    reference = np.asarray(home.infrared.curves[number], dtype=np.float64)
    try:
        best = optimum(work.rest, reference, air=not work.raman)
        chosen = Step(
            reference,
            best.factor if request.factor is None else request.factor,
            best.shift if request.shift is None else request.shift,
        )
        after = difference(work.rest, [chosen])
    except SpectrumError as error:
        raise Invalid(f"Nothing was subtracted: {error}.", fields={"factor": str(error)}) from error
    spectra = home.infrared
    return Tried(
        home.key, home.name, spectra.ids[number], spectra.names[number] or spectra.compounds[number],
        spectra.compounds[number], chosen.factor, best.factor, chosen.shift, best.left, lobes(after, chosen, work.raman), work.rest,
        shifted(reference, chosen.shift), after, work.raman,
    )  # fmt: skip


def add_step(
    uow: UnitOfWork, desk: Desk, reading_id: uuid.UUID, version: int, request: SubtractionRequest
) -> SubtractionStep:
    """Keep one more step.

    Raises NotFound, Stale, Conflict (too many steps, steps that cannot be repeated, a withdrawn sample), Invalid.
    """
    work = _held(uow, desk, reading_id, version)
    if work.broken:
        raise Conflict(work.broken, hint="Undo that step first.")
    if len(work.active_steps) >= MOST_STEPS:
        raise Conflict(f"You already subtracted {MOST_STEPS} references. Nothing was changed.", hint="Undo some steps.")
    tried = try_out(uow.session, uow.actor, desk, work, request)
    if tried.factor <= 0:
        why = "the factor is 0" if request.factor is not None else f"no factor above 0 of {tried.name} fits better"
        raise Invalid(f"Nothing was subtracted: {why}.", fields={"factor": "The factor is 0."})
    row = SubtractionStep(
        reading_id=reading_id, number=len(work.steps) + 1, library_key=tried.library_key,
        library_name=tried.library_name[:200], entry_id=tried.entry_id, name=tried.name[:200], compound=tried.compound[:200],
        factor=tried.factor, optimum=tried.optimum, shift_cm1=tried.shift, lobe_depth=tried.lobe_depth,
        made_by=uow.actor.person_id, made_at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    try:
        uow.session.flush()
    except IntegrityError as error:
        raise Stale("subtraction") from error
    after: dict[str, str | float] = {"name": row.name, "library": row.library_name, "entry": row.entry_id, "factor": row.factor,
             "optimum": row.optimum, "shift": row.shift_cm1}  # fmt: skip
    _record(uow, "subtract", work, row, after)
    return row


def undo(uow: UnitOfWork, desk: Desk, reading_id: uuid.UUID, version: int) -> SubtractionStep:
    """Take the newest standing step back; it stays on record. Raises NotFound, Stale, Conflict."""
    work = _held(uow, desk, reading_id, version)
    if not work.active_steps:
        raise Conflict("There is no step to undo.")
    row = work.active_steps[-1]
    row.undone_by, row.undone_at = uow.actor.person_id, uow.now
    uow.session.flush()
    _record(uow, "undo_subtraction", work, row, {"name": row.name, "factor": row.factor})
    return row


def _held(uow: UnitOfWork, desk: Desk, reading_id: uuid.UUID, version: int) -> Work:
    """The work as it stands, its sample locked, so that of two who press at once one is told. Nothing is searched."""
    row = uploads.get_reading(uow.session, uow.actor, reading_id)
    sample = lookup.lock_sample(uow, analyses.get_analysis(uow.session, uow.actor, row.analysis_id).sample_id)
    if sample.withdrawn_at is not None:
        raise Conflict("This sample was withdrawn, so its readings are left as they are.")
    work = work_on(uow.session, uow.actor, desk, reading_id, top=0)
    if work.version != version:
        raise Stale("subtraction")
    return work


def _record(uow: UnitOfWork, verb: str, work: Work, row: SubtractionStep, after: dict[str, str | float]) -> None:
    sample = lookup.get_sample(uow.session, uow.actor, work.sample_id)
    audit.record(
        uow, verb, "reading", work.reading_id, version=_version(_steps_of(uow.session, work.reading_id)),
        after={**after, "step": row.number}, session_id=sample.session_id,
    )  # fmt: skip
    analyses.tell(uow, sample, "reading.subtracted", reading_id=work.reading_id)


def _version(steps: Sequence[SubtractionStep]) -> int:
    return len(steps) + sum(step.undone_at is not None for step in steps)


def _curve(row: Reading, store: BlobStore) -> FloatArray:
    try:
        return curve(references.infrared_of(row, store))
    except Invalid as error:
        raise Conflict(error.detail, hint="Subtraction is for infrared and Raman spectra.") from error
    except SpectrumError as error:
        raise Conflict(f"This reading cannot be worked on: {error}. It is unharmed.") from error


def _as_steps(row: Reading, desk: Desk, standing: Sequence[SubtractionStep]) -> list[Step]:
    out = []
    for step in standing:
        try:
            home, number = references.entry_in(row, desk.registry, step.library_key, step.entry_id)
        except NotFound:
            raise Unavailable(
                f"{step.name} of step {step.number} stood in {step.library_name}, which is no longer installed here. The "
                "steps and the reading are unharmed."
            ) from None
        out.append(Step(np.asarray(home.infrared.curves[number], dtype=np.float64), step.factor, step.shift_cm1))
    return out


def _hits(row: Reading, desk: Desk, rest: FloatArray, top: int) -> list[Hit]:
    known = np.isfinite(rest)
    if known.sum() < 100:
        return []
    query = InfraredSpectrum(grid_of(row.kind == RAMAN)[known], rest[known])
    best: dict[str, Hit] = {}
    for one in references.vibrational_books(row, desk.registry):
        for found in one.infrared.search_compounds(query, top, "first_derivative"):
            substance = desk.index.find(found.compound, found.name).id
            key = substance or found.compound
            if found.score >= LEAST_HIT and (key not in best or best[key].score < found.score):
                best[key] = Hit(found.name, found.compound, substance, one.key, one.name, found.entry_id, found.score,
                                found.shift or 0.0)  # fmt: skip
    return [replace(hit, score=round(hit.score, 4)) for hit in sorted(best.values(), key=lambda hit: -hit.score)[:top]]
