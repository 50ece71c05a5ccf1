"""The files a library was made from, kept byte for byte, so that a newer reader can read them again.

They stand in a store of their own inside the one of raw files: a backup takes both along, and nothing that tidies
up after uploads can reach them. A row of `library` names them; they are never deleted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.laboratory.library.domain import Progress
from app.platform.kernel.errors import Conflict, Invalid
from app.platform.storage import BlobStore
from instruments import DEFAULT_LIMITS

_CHUNK = 1024 * 1024


def raw_store(blob_dir: Path) -> BlobStore:
    """Where raw files of libraries are kept, below the raw files of uploads."""
    return BlobStore(blob_dir / "libraries", max_bytes=DEFAULT_LIMITS.upload_bytes)


@dataclass(frozen=True, slots=True)
class RawFile:
    """One file of an import; a zip of many files is one. `reader` and its version are empty when it could not be read, or
    nobody wrote it down. `y_unit`: what a person said its y axis is, else empty.
    """

    path: Path
    name: str
    sha256: str
    size: int
    reader: str = ""
    reader_version: str = ""
    y_unit: str = ""


def rows_of(files: Sequence[RawFile]) -> list[dict[str, str | int]]:
    """For `Library.files`. Of an empty file there is nothing to keep."""
    out: list[dict[str, str | int]] = []
    for file in (one for one in files if one.size):
        shown = "".join(c if c.isprintable() else "?" for c in file.name)  # a name may hold bytes that are no text
        said = {"y_unit": file.y_unit} if file.y_unit else {}
        out.append({
            "name": shown[:200], "sha256": file.sha256, "size": file.size,
            "reader": file.reader, "reader_version": file.reader_version, **said,
        })  # fmt: skip
    return out


def looked_at(
    paths: Sequence[Path], tell: Progress, y_unit: str = "", names: Mapping[Path, str] | None = None
) -> list[RawFile]:
    """Sizes and hashes. Raises Invalid for a file that cannot be opened."""
    found = []
    for number, path in enumerate(paths):
        tell("Looking at files", number, len(paths))
        try:
            name, size = (names or {}).get(path, path.name), path.stat().st_size
            found.append(RawFile(path, name, _digest(path), size, y_unit=y_unit))
        except OSError as error:
            raise Invalid(f"{path} cannot be opened: {error.strerror}.", fields={"files": str(path)}) from error
    return found


def checksum(files: Sequence[RawFile]) -> str:
    """Of all contents in the order given; file names do not count."""
    whole = hashlib.sha256()
    for file in files:
        whole.update(bytes.fromhex(file.sha256))
    return whole.hexdigest()


def keep(store: BlobStore, files: Sequence[RawFile], tell: Progress) -> None:
    """Copy the files into the store, durably. Raises Conflict when one is not what was read any more."""
    store.sweep()
    for number, file in enumerate(files):
        tell("Keeping the raw files", number, len(files))
        if not file.size:
            continue
        with file.path.open("rb") as stream:
            kept_as = store.put(iter(partial(stream.read, _CHUNK), b"")).sha256
        if kept_as != file.sha256:
            raise Conflict(
                f"{file.name} changed while it was imported, so the library was not made.",
                hint="Wait until the file is complete and import again.",
            )
    tell("Keeping the raw files", len(files), len(files))


def kept(store: BlobStore, rows: Sequence[dict[str, str | int]]) -> list[RawFile]:
    """The files of a library in the order of its import. Raises Conflict when one is gone or altered."""
    found = []
    for row in rows:
        path = store.path(str(row["sha256"]))
        readers = (str(row.get("reader", "")), str(row.get("reader_version", "")))
        if not path.exists() or _digest(path) != row["sha256"]:
            raise Conflict(
                f"The raw file {row['name']} is not on this disk as it was imported. The library itself is unharmed.",
                hint="Restore the folder “blobs” from a backup.",
            )
        said = str(row.get("y_unit", ""))
        found.append(RawFile(path, str(row["name"]), str(row["sha256"]), int(row["size"]), *readers, y_unit=said))
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def readers_of(rows: Sequence[dict[str, str | int]]) -> tuple[str, ...]:
    """Who read the files, each once: `msp 2`. Empty when nobody wrote it down."""
    named = {f"{str(row.get('reader', '')).removeprefix('instruments.')} {row.get('reader_version', '')}".strip()
             for row in rows}  # fmt: skip
    return tuple(sorted(named - {""}))
