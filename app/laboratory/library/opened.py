"""An opened reference library, and where libraries to search come from. Pure."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from app.laboratory.library.domain import Technique
from spectra import FormulaLibrary, InfraredLibrary, MassLibrary

AnyLibrary = MassLibrary | InfraredLibrary | FormulaLibrary


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """One run of a laboratory's own standard. `void`: why it is no evidence now ("expired on …"), else empty."""

    compound: str
    name: str
    standard_id: uuid.UUID
    instrument: str
    measured_at: datetime
    lot: str = ""
    retention_time_s: float | None = None
    retention_index: float | None = None
    void: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """One library ready to search. `key` is the address of this edition: its folder, or the name of a starter library.

    A library that is made anew gets another folder, so that what was found in the old edition never points into
    the new one.
    """

    key: str
    name: str
    technique: Technique
    accurate: bool
    starter: bool
    notice: str
    licence: str
    source: str
    spectra: AnyLibrary
    own: Mapping[str, OwnEntry] = field(default_factory=dict)
    """Of an in-house library: entry id → what is known of the run. Empty for every other."""

    def __len__(self) -> int:
        return len(self.spectra)

    @property
    def mass(self) -> MassLibrary:
        """The library, known to hold mass spectra."""
        return cast(MassLibrary, self.spectra)

    @property
    def infrared(self) -> InfraredLibrary:
        """The library, known to hold infrared or Raman curves."""
        return cast(InfraredLibrary, self.spectra)

    @property
    def formulas(self) -> FormulaLibrary:
        """The library, known to hold formulae."""
        return cast(FormulaLibrary, self.spectra)


class Libraries(ABC):
    """The libraries to search now, own standards first; `names` (name or key) narrows them."""

    @abstractmethod
    def all(self) -> list[Opened]:
        """Every library, those first that outrank the others when scores are equal."""

    @abstractmethod
    def own(self) -> list[Opened]:
        """Libraries of own standards."""

    def infrared(self, names: Collection[str] = ()) -> list[Opened]:
        """Infrared libraries."""
        return self._of(Technique.IR, names)

    def raman(self, names: Collection[str] = ()) -> list[Opened]:
        """Raman libraries."""
        return self._of(Technique.RAMAN, names)

    def mass(self, names: Collection[str] = (), *, accurate: bool) -> list[Opened]:
        """Mass libraries of accurate or of unit mass."""
        return [one for one in self._of(Technique.MS, names) if one.accurate is accurate]

    def formulas(self, names: Collection[str] = ()) -> list[Opened]:
        """Lists of formulae for exact-mass screening."""
        return self._of(Technique.FORMULA, names)

    def _of(self, technique: Technique, names: Collection[str]) -> list[Opened]:
        rows = [one for one in self.all() if one.technique is technique]
        return [one for one in rows if not names or one.name in names or one.key in names]
