"""The opened reference libraries of this process: those that come with MAST and those that were imported.

Thread-safe. Every use compares with the table of libraries, so that one imported by another process is there
at the next search; spectra stay memory-mapped and are shared through the page cache.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import structlog
from sqlalchemy.orm import defer
from sqlmodel import col, select

from app.laboratory.library import calibrations
from app.laboratory.library.domain import Libraries, Opened, Technique
from app.laboratory.library.tables import Library
from app.platform.db import Database
from app.platform.kernel.errors import NotFound
from spectra import STARTER_NOTICE, InfraredLibrary, LibraryFileError, MassLibrary
from spectra.starter import starter_formula_library, starter_infrared_library, starter_mass_library

_log = structlog.get_logger(__name__)


class LibraryRegistry(Libraries):
    """`registry.infrared()`, `registry.mass(accurate=False)`, `registry.formulas()`: what to search now."""

    def __init__(
        self, folder: Path, database: Database | None = None, own: Callable[[uuid.UUID], list[Opened]] | None = None
    ) -> None:
        """`folder` is where imported libraries are kept, `own` gives the libraries of an agency's own standards."""
        self._own = own
        self._folder = folder
        self._database = database
        self._lock = threading.Lock()
        self._starters: tuple[Opened, ...] = ()
        self._imported: dict[str, Opened] = {}
        self._broken: dict[str, str] = {}
        self._calibrated: dict[str, str] = {}

    def of(self, agency_id: uuid.UUID | None) -> LibraryRegistry:
        """The registry as this agency sees it: its own standards first, as they are now, then everything else."""
        if self._own is None or agency_id is None:
            return self
        return _OfAgency(self, self._own(agency_id))

    def all(self) -> list[Opened]:
        """Every library, imported ones first: they outrank the starters when scores are equal."""
        rows: list[Library] = []
        if self._database is not None:
            # without their long lists of files and refusals, which a search has no use for
            light = select(Library).options(defer(cast(Any, Library.files)), defer(cast(Any, Library.refusals)))
            with self._database.read() as session:
                rows = list(session.exec(light.order_by(col(Library.id))))
        with self._lock:
            self._follow(rows)
            if not self._starters:
                self._starters = tuple(_starters())
            return [self._imported[row.folder] for row in rows if row.folder in self._imported] + [*self._starters]

    def own(self) -> list[Opened]:
        """Books of own standards; the shared registry has none, that of an agency (`of`) its own."""
        return []

    def get(self, key: str) -> Opened:
        """One library by key or name. Raises NotFound."""
        for one in self.all():
            if key in (one.key, one.name):
                return one
        raise NotFound("library")

    def unknown(self, names: Iterable[str]) -> list[str]:
        """Those of `names` that are no library here."""
        known = {word for one in self.all() for word in (one.key, one.name)}
        return [name for name in names if name not in known]

    def broken(self) -> dict[str, str]:
        """Imported libraries that could not be opened: key → sentence."""
        self.all()
        return dict(self._broken)

    def warm(self) -> None:
        """Do now what the first search would wait for: open everything and compute what infrared compares."""
        for one in self.all():
            if one.technique in (Technique.IR, Technique.RAMAN):
                one.infrared.features("first_derivative")
            elif one.technique is Technique.FORMULA:
                one.formulas.screen([100.0])

    def _follow(self, rows: list[Library]) -> None:
        """Open what is new, forget what is gone. A damaged one is left out and named; the rest goes on."""
        wanted = {row.folder: row for row in rows}
        for known in (self._imported, self._broken):
            for key in [k for k in known if k not in wanted]:
                del known[key]
        for key, row in wanted.items():
            if key in self._imported or key in self._broken:
                continue
            try:
                folder, technique = self._folder / row.folder, Technique(row.technique)
                self._imported[key] = Opened(
                    row.folder, row.name, technique, row.accurate, False, row.notice, row.licence, row.source,
                    MassLibrary.open(folder) if technique is Technique.MS else InfraredLibrary.open(folder),
                )  # fmt: skip
            except (LibraryFileError, OSError) as error:
                self._broken[key] = str(error)
                _log.error("library_damaged", library=row.name, error=str(error))
        for key, one in self._imported.items():
            if one.holds is not (declared := wanted[key].holds):
                self._imported[key] = replace(one, holds=declared)
            self._calibrate(one, wanted[key])

    def _calibrate(self, one: Opened, row: Library) -> None:
        """A library answers by the newest calibration of the laboratory's own that fits it, also one made in the meantime."""
        if one.technique is not Technique.MS:
            return
        kept = calibrations.folder_of(self._folder, row.id).glob("[0-9]*.json")
        newest = max((path.name for path in kept), default="")
        if self._calibrated.get(one.key, "") != newest:
            one.mass.calibration = calibrations.in_use(self._folder, row.id, one.mass)
            self._calibrated[one.key] = newest


class _OfAgency(LibraryRegistry):
    """A registry with an agency's own books before the shared ones; made per use, so its books never go stale."""

    def __init__(self, shared: LibraryRegistry, books: list[Opened]) -> None:
        self._shared, self._books = shared, books

    def of(self, agency_id: uuid.UUID | None) -> LibraryRegistry:
        """Only ever the registry it was made from knows another agency."""
        return self._shared.of(agency_id)

    def all(self) -> list[Opened]:
        """Own books first."""
        return [*self._books, *self._shared.all()]

    def own(self) -> list[Opened]:
        """Of this agency only."""
        return list(self._books)

    def broken(self) -> dict[str, str]:
        """Own books are made of rows and cannot be damaged."""
        return self._shared.broken()


def _starters() -> Iterable[Opened]:
    for technique, spectra in (
        (Technique.IR, starter_infrared_library()),
        (Technique.MS, starter_mass_library()),
        (Technique.FORMULA, starter_formula_library()),
    ):
        info, name = spectra.info, str(spectra.info["name"])
        yield Opened(
            name, name, technique, technique is Technique.FORMULA, True, STARTER_NOTICE,
            str(info.get("licence", "")), str(info.get("source", "")), spectra,
        )  # fmt: skip
