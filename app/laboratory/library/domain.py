"""What a reference library is to the service; an opened one, and where libraries to search come from. Pure."""

from __future__ import annotations

import re
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import cast

from app.platform.kernel.worded import Worded
from spectra import FormulaLibrary, InfraredLibrary, MassLibrary

STARTER_PREFIX = "starter-"
Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and of how much."""
Refusal = dict[str, str | int]
"""A spectrum that was not taken: its position (0: a whole file), name, file, and the reason."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._()+-]{1,79}")


class Technique(Worded):
    """What the spectra of a library are."""

    MS = "ms", "Mass spectra"
    IR = "ir", "Infrared"
    RAMAN = "raman", "Raman"
    FORMULA = "formula", "Formulae (exact mass)"


class Holds(Worded):
    """What the compounds of a library are. It is declared and never inferred; an import only says what it looks like."""

    DRUGS = "drugs", "Drugs and cutting agents"
    GENERAL = "general", "Chemicals of any kind"


class ImportState(StrEnum):
    """waiting → running → done | refused (the file or the words are at fault) | failed (we are)."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Nothing more will happen to it."""
        return self not in (ImportState.WAITING, ImportState.RUNNING)


def fault_of_name(name: str) -> str:
    """Why this cannot be a library's name, or an empty text."""
    if name.startswith(STARTER_PREFIX):
        return "Names that begin with starter- belong to the libraries that come with MAST."
    if not _NAME.fullmatch(name):
        return "A name has 2 to 80 letters, figures, spaces and . _ ( ) + - and begins with a letter or figure."
    return ""


def plain(name: str) -> str:
    """Letters and figures only, lower case: how names are compared."""
    return "".join(c for c in name.casefold() if c.isalnum())


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

    A library that is made again gets another folder, so that what was found in the old edition never points into
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
    holds: Holds = Holds.DRUGS

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
