"""Whether a stored library is sound: damage of its files, and what may be wrong with its entries (spectra.library_check).

Reads only. A fault is a reason to look: nothing is taken out of a library here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue
from sqlmodel import Session

from app.laboratory.library.domain import Progress, Technique
from app.laboratory.library.opened import Opened
from app.laboratory.library.registry import LibraryRegistry
from app.laboratory.library.reparse import fingerprint
from app.laboratory.library.service import get_library
from spectra import InfraredLibrary, LibraryFileError, MassLibrary
from spectra.library_check import check


@dataclass(frozen=True, slots=True)
class LibraryFault:
    """Something wrong. `entry` is the number of an entry, None for the library as a whole; `severity` error, warning, note.

    `id` and `name` say which entry, `what` in a few words, `why` as a sentence with the figures in `figures`.
    """

    entry: int | None
    id: str
    name: str
    kind: str
    severity: str
    what: str
    why: str
    figures: dict[str, JsonValue] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The fault with the entry it is of."""
        return f"{self.name} ({self.id}): {self.why}" if self.entry is not None else self.why


def library_faults(
    session: Session, registry: LibraryRegistry, key: str, folder: Path, progress: Progress | None = None
) -> list[LibraryFault]:
    """What may be wrong with a stored library: damage, and entries that are suspicious, the gravest first.

    `folder` is the directory of libraries. A damaged library has that one fault; an empty list: nothing was noticed.
    Raises NotFound.
    """
    view = get_library(session, registry, key)
    if view.broken:
        return [_damaged(view.broken)]
    if not view.starter:
        opener = MassLibrary.open if view.technique is Technique.MS else InfraredLibrary.open
        try:
            opener(folder / view.key, verify=True)
        except LibraryFileError as error:
            return [_damaged(str(error))]
    one = registry.get(view.key)
    if one.technique is Technique.MS:
        return [
            LibraryFault(f.entry, f.id, f.name, f.kind, f.severity.value, f.what, f.why, dict(f.figures))
            for f in check(one.mass, progress)
        ]
    return [] if one.technique is Technique.FORMULA else _same_curves(one)


def _damaged(sentence: str) -> LibraryFault:
    return LibraryFault(None, "", "", "damaged", "error", "damaged", sentence)


def _same_curves(one: Opened) -> list[LibraryFault]:
    """Curves that stand under the keys of two compounds."""
    spectra = one.infrared
    groups: dict[bytes, list[int]] = defaultdict(list)
    for number in range(len(spectra)):
        groups[fingerprint(spectra, number)].append(number)
    return [fault for same in groups.values() for fault in _twice(spectra, same)]


def _twice(spectra: InfraredLibrary, same: Sequence[int]) -> list[LibraryFault]:
    first, out = same[0], []
    for again in same[1:]:
        if spectra.compounds[again] != spectra.compounds[first]:
            why = (
                f"Point for point the spectrum of {spectra.names[first]} ({spectra.ids[first]}), another compound: one "
                "of the two names is wrong."
            )
            out.append(
                LibraryFault(
                    again, spectra.ids[again], spectra.names[again], "same_spectrum_other_compound", "error",
                    "same spectrum, another compound", why, {"also": first},
                )
            )  # fmt: skip
    return out
