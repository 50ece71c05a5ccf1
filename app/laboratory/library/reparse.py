"""Making a library again from its raw files with today's readers: what would be different, and taking it over.

The old edition stays until the new one is complete: a new folder, then one commit that points to it. Matches made
before keep pointing to the old edition, which is gone then, and never to another entry of the new one.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlmodel import Session

from app.laboratory.library import usable as raw_files
from app.laboratory.library.domain import STARTER_PREFIX, Progress, Technique
from app.laboratory.library.importing import KEPT_REFUSALS, ImportParts, library_named
from app.laboratory.library.tables import Library
from app.laboratory.library.usable import RawFile, Usable, built, read_usable, readers_of, rows_of
from app.platform import audit
from app.platform.kernel.errors import Conflict, Invalid, NotFound
from app.platform.kernel.ids import new_id
from app.platform.live.publish import publish
from spectra import InfraredLibrary, MassLibrary, Provenance

Spectra = MassLibrary | InfraredLibrary


@dataclass(frozen=True, slots=True)
class EntryChange:
    """One entry that is not the same. `what` names what differs; (before, now) are its names."""

    id: str
    names: tuple[str, str]
    what: tuple[str, ...]
    peaks: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Reparsed:
    """What reading a library again came to. Pairs are (before, now)."""

    name: str
    readers: tuple[tuple[str, ...], tuple[str, ...]]
    n_entries: tuple[int, int]
    n_refused: tuple[int, int]
    added: tuple[str, ...]
    gone: tuple[str, ...]
    changed: tuple[EntryChange, ...]
    applied: bool

    @property
    def same(self) -> bool:
        """No entry differs."""
        return not (self.added or self.gone or self.changed)


def reparse_library(
    parts: ImportParts, name: str, *, apply: bool = False, progress: Progress | None = None
) -> Reparsed:
    """Read the raw files of a library again; with `apply` the library is made again, if anything differs.

    Raises NotFound, Invalid (a starter, or imported before raw files were kept, or of another technique now),
    Conflict (a raw file is not on the disk, made again by someone else in the meantime, or with `apply` a file that was read
    before and is refused now: reading again takes nothing away), Unreadable.
    """
    tell = progress or (lambda _what, _done, _of: None)
    row = _row(parts, name)
    assert parts.raw is not None
    usable = read_usable(
        raw_files.kept(parts.raw, row.files), parts.readers, Provenance(row.source, row.licence), tell
    )  # fmt: skip
    if usable.technique.value != row.technique:
        raise Invalid(
            f"Today's readers take most spectra of {row.name} for another technique ({usable.technique.value}). It is "
            "unchanged.",
            hint="Import the files as a new library.",
        )
    tell("Comparing entries", 0, 1)
    kind = MassLibrary if row.technique == Technique.MS.value else InfraredLibrary
    before, now = kind.open(parts.library_dir / row.folder), built(usable, row)
    added, gone, changed = compared(before, now)
    tell("Comparing entries", 1, 1)
    readers = (readers_of(row.files), readers_of(rows_of(usable.files)))
    found = Reparsed(
        row.name, readers, (row.n_entries, len(usable.entries)), (row.n_refused, len(usable.refusals)),
        added, gone, changed, apply,
    )  # fmt: skip
    if apply:
        _refuse_loss(row, usable)
    if apply and not found.same:
        _replace(parts, row, usable, now, found)
    elif apply:
        _note_readers(parts, row, usable.files)
    return found


def _refuse_loss(row: Library, usable: Usable) -> None:
    """A file of many may be refused for a passing reason, such as a machine that is too busy: its entries stay."""
    refused = {str(one["name"]) for one in row.refusals if one.get("position") == 0}  # whole files, at the import
    whole = {now.name[:120] for now in usable.files}
    lost = [
        now.name
        for before, now in zip(row.files, usable.files, strict=True)
        if not now.reader and (before["reader"] or now.name[:120] not in refused)
    ]
    inside = [str(r["name"]) for r in usable.refusals if r.get("position") == 0]
    lost += [name for name in inside if name not in refused and name not in whole]  # a file of a zip
    if lost:
        reason = next((str(r["reason"]) for r in usable.refusals if r["name"] == lost[0][:120]), "")
        raise Conflict(
            f"{', '.join(lost[:3])}{' and others' if len(lost) > 3 else ''} could be read before and not now, so "
            f"{row.name} was not rebuilt. It is unchanged. {reason}".strip(),
            hint="Run it again. If the file is refused for good and its spectra are to go, import the other files as a new "
            "library.",
        )


def _row(parts: ImportParts, name: str) -> Library:
    if name.startswith(STARTER_PREFIX):
        raise Invalid(f"{name} comes with MAST and is renewed with it. There are no raw files to read again.")
    with parts.db.read() as session:
        row = library_named(session, name)
    if row is None:
        raise NotFound("library")
    if not row.files:
        raise Invalid(
            f"{row.name} was imported before raw files were kept, so it cannot be read again. It is unchanged.",
            hint="Run `mast library import` once more with the same files and the same name: they are recognised and "
            "kept, and then this works.",
        )
    return row


# -- comparing -------------------------------------------------------------------------------------


def compared(before: Spectra, now: Spectra) -> tuple[tuple[str, ...], tuple[str, ...], tuple[EntryChange, ...]]:
    """Names added, names gone, and entries that changed. Equal entries are the same wherever they stand.

    Of the rest, entries with one compound belong together, then those with the same points, then those with one id.
    """
    left, right = _unequal(before, now)
    pairs: list[tuple[int, int]] = []
    keys_before, keys_now = {n: _keys(before, n) for n in left}, {n: _keys(now, n) for n in right}
    for rule in range(3):
        pairs += _paired(left, right, [keys_before[n][rule] for n in left], [keys_now[n][rule] for n in right])
    changed = tuple(_entry_change(before, now, a, b) for a, b in sorted(pairs))
    return tuple(now.names[n] for n in right), tuple(before.names[n] for n in left), changed


def _unequal(before: Spectra, now: Spectra) -> tuple[list[int], list[int]]:
    places: dict[bytes | tuple[Any, ...], list[int]] = defaultdict(list)
    for number in range(len(before)):
        places[_whole(before, number)].append(number)
    right = []
    for number in range(len(now)):
        same = places.get(_whole(now, number))
        if same:
            same.pop()
        else:
            right.append(number)
    return sorted(n for rest in places.values() for n in rest), right


def _whole(library: Spectra, n: int) -> tuple[Any, ...]:
    return (library.names[n], library.compounds[n], library.formulas[n], fingerprint(library, n))


def _keys(library: Spectra, n: int) -> tuple[str, bytes, str]:
    """By what an entry belongs to one of another edition, the strongest first."""
    return library.compounds[n], fingerprint(library, n), library.ids[n]


def fingerprint(library: Spectra, number: int) -> bytes:
    """Equal for entries with the same points to four places: m/z and intensities, or the curve."""
    if isinstance(library, MassLibrary):
        spectrum = library.spectrum(number)
        points = np.concatenate((spectrum.mz, spectrum.intensity))
    else:
        points = np.nan_to_num(np.asarray(library.curves[number], dtype=np.float64))
    return hashlib.sha256(np.round(points, 4).tobytes()).digest()


def _paired(
    left: list[int], right: list[int], keys_left: Iterable[object], keys_right: Iterable[object]
) -> list[tuple[int, int]]:
    """Pairs with one key, in their order; they are taken out of `left` and `right`."""
    waiting: dict[object, list[int]] = defaultdict(list)
    for number, key in zip(right, keys_right, strict=True):
        waiting[key].append(number)
    pairs = []
    for number, key in zip(left, keys_left, strict=True):
        if waiting.get(key):
            pairs.append((number, waiting[key].pop(0)))
    for numbers, used in ((left, {a for a, _ in pairs}), (right, {b for _, b in pairs})):
        numbers[:] = [n for n in numbers if n not in used]
    return pairs


def _entry_change(before: Spectra, now: Spectra, a: int, b: int) -> EntryChange:
    what = [
        word
        for word, differs in (
            ("name", before.names[a] != now.names[b]),
            ("compound key", before.compounds[a] != now.compounds[b]),
            ("formula", before.formulas[a] != now.formulas[b]),
            ("points", fingerprint(before, a) != fingerprint(now, b)),
        )
        if differs
    ]
    return EntryChange(now.ids[b], (before.names[a], now.names[b]), tuple(what), (_size(before, a), _size(now, b)))


def _size(library: Spectra, n: int) -> int:
    return int(library.spectrum(n).mz.size if isinstance(library, MassLibrary) else library.spectrum(n).wavenumber.size)


# -- taking it over --------------------------------------------------------------------------------


def _replace(parts: ImportParts, old: Library, usable: Usable, now: Spectra, found: Reparsed) -> None:
    folder = str(new_id())
    now.save(parts.library_dir / folder)
    try:
        with parts.db.begin() as uow:
            row = _locked(uow.session, old)
            row.folder, row.accurate = folder, usable.accurate
            row.n_entries, row.n_refused, row.n_merged = (
                len(usable.entries), len(usable.refusals), len(usable.report.merged),
            )  # fmt: skip
            row.refusals, row.files = usable.refusals[:KEPT_REFUSALS], rows_of(usable.files)
            counts = {"added": len(found.added), "gone": len(found.gone), "changed": len(found.changed)}
            audit.record(
                uow, "reparse", "library", row.id,
                before={"readers": list(found.readers[0]), "n_entries": old.n_entries, "folder": old.folder},
                after={"readers": list(found.readers[1]), "n_entries": row.n_entries, "folder": folder, **counts},
            )  # fmt: skip
            publish(uow, "library", "library.changed", payload={"library_id": row.id, "name": row.name})
    except BaseException:
        shutil.rmtree(parts.library_dir / folder, ignore_errors=True)
        raise
    # who has it open keeps it until the next search; what Windows cannot delete in the meantime only takes up room
    shutil.rmtree(parts.library_dir / old.folder, ignore_errors=True)


def _note_readers(parts: ImportParts, old: Library, files: Sequence[RawFile]) -> None:
    """The entries are the same: only who read them is written down again."""
    if rows_of(files) == old.files:
        return
    with parts.db.begin() as uow:
        row = _locked(uow.session, old)
        before = list(readers_of(row.files))
        row.files = rows_of(files)
        after = {"readers": list(readers_of(row.files)), "added": 0, "gone": 0, "changed": 0}
        audit.record(uow, "reparse", "library", row.id, before={"readers": before}, after=after)


def _locked(session: Session, old: Library) -> Library:
    row = session.get(Library, old.id, populate_existing=True, with_for_update=True)
    if row is None or row.folder != old.folder:
        raise Conflict(f"Someone else just rebuilt {old.name}. This run changed nothing.", hint="Run it again.")
    return row


def lines_of(found: Reparsed, most: int = 50) -> Iterator[str]:
    """The differences in words, the longest lists cut short."""
    for word, names in (("added", found.added), ("gone", found.gone)):
        yield from (f"{word}: {name}" for name in names[:most])
        if len(names) > most:
            yield f"… and {len(names) - most:,} more {word}"
    for one in found.changed[:most]:
        renamed = f" (before: {one.names[0]})" if one.names[0] != one.names[1] else ""
        points = f", {one.peaks[0]:,} → {one.peaks[1]:,} points" if one.peaks[0] != one.peaks[1] else ""
        yield f"changed: {one.names[1]}{renamed}: {', '.join(one.what)}{points}"
    if len(found.changed) > most:
        yield f"… and {len(found.changed) - most:,} more changed"
