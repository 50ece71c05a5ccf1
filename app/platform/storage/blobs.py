"""Content-addressed store of raw instrument files. Bytes are never altered or overwritten."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import uuid
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from anyio import to_thread

from app.platform.kernel.errors import Invalid, TooLarge
from app.platform.storage.reserve import Reserve


class DigestMismatch(Invalid):
    """The bytes are not the ones the sender announced: changed or damaged on the way. Sending again may help."""

    code = "digest_mismatch"


@dataclass(frozen=True, slots=True)
class Received:
    """A file that is durable on disk but not yet known to the database."""

    sha256: str
    size: int


class Held:
    """Bytes on their way in: `path` to look at them once they are whole, then `keep()`.

    Used as a context, it forgets at its end what was not kept. Until then they lie under a name nobody else uses.
    """

    def __init__(self, store: BlobStore) -> None:
        store.reserve.ask()
        folder = store.root / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        self._store = store
        self._part = folder / f"{uuid.uuid4().hex}.part"
        self._file: BinaryIO = self._part.open("xb")
        self._digest = hashlib.sha256()
        self._size = 0
        self._kept: Received | None = None

    def write(self, chunk: bytes) -> None:
        """The next piece. Raises TooLarge, OSError (disk)."""
        self._size += len(chunk)
        if self._size > self._store.max_bytes:
            raise TooLarge(
                f"The file is larger than the limit of {self._store.max_bytes / 1048576:.0f} MiB. It was not saved; "
                "everything else is unharmed.",
                hint="Export only the part that is needed, or ask the operator to raise the limit.",
            )
        self._digest.update(chunk)
        self._file.write(chunk)

    def whole(self) -> Self:
        """That was the last piece. Raises Invalid where there was none."""
        if self._size == 0:
            raise Invalid("The file is empty.", fields={"file": "empty"}, hint="Export it again from the instrument.")
        self._file.flush()
        return self

    @property
    def sha256(self) -> str:
        """The hash of the bytes, which is their name once they are kept."""
        return self._digest.hexdigest()

    @property
    def path(self) -> Path:
        """Where the bytes lie now."""
        return self._part if self._kept is None else self._store.path(self.sha256)

    def keep(self, announced: str = "") -> Received:
        """Make them durable under their name, if that is the `announced` one. Twice is once. Raises DigestMismatch, OSError."""
        if self._kept is not None:
            return self._kept
        if announced not in ("", self.sha256):
            raise DigestMismatch(
                "What arrived is not what was announced (its SHA-256 differs), so it was not kept. The file itself is "
                "unharmed.",
                hint="Send it again.",
                fields={"sha-256": "differs"},
            )
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        path = self._store.path(self.sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        if _renewed(path):
            self._part.unlink()
        else:
            os.replace(self._part, path)
            path.chmod(0o400)
            _fsync_folder(path.parent)
        self._kept = Received(self.sha256, self._size)
        return self._kept

    def discard(self) -> None:
        """Forget them, unless they were kept."""
        if self._kept is None:
            self._file.close()
            self._part.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()


class BlobStore:
    """Files under `<root>/ab/cd/<sha256>`; `.part` files of broken uploads are swept."""

    def __init__(self, root: Path, *, max_bytes: int, reserve: Reserve | None = None) -> None:
        self.root = root
        self.max_bytes = max_bytes
        self.reserve = reserve or Reserve()

    def path(self, sha256: str) -> Path:
        """Where the file with this hash lives."""
        if len(sha256) != 64 or not all(c in "0123456789abcdef" for c in sha256):
            raise ValueError("not a sha-256")
        return self.root / sha256[:2] / sha256[2:4] / sha256

    async def receive(self, chunks: AsyncIterator[bytes], *, announced: str = "") -> Received:
        """Take a stream in without holding it in memory; kept only if its sha-256 is the `announced` one, if any.

        Raises TooLarge, Invalid (empty), DigestMismatch, OSError (disk).
        """
        with await self.hold(chunks) as held:
            return await to_thread.run_sync(held.keep, announced)

    def put(self, chunks: Iterable[bytes]) -> Received:
        """Run it for callers that have no event loop."""
        with self.hold_now(chunks) as held:
            return held.keep()

    async def hold(self, chunks: AsyncIterator[bytes]) -> Held:
        """Take a stream in to be looked at first: what is refused then leaves no bytes behind. Raises as `receive`."""
        held = await to_thread.run_sync(Held, self)
        try:
            async for chunk in chunks:
                if chunk:
                    await to_thread.run_sync(held.write, chunk)
            return held.whole()
        except BaseException:
            held.discard()
            raise

    def hold_now(self, chunks: Iterable[bytes]) -> Held:
        """Run it for callers that have no event loop."""
        held = Held(self)
        try:
            for chunk in chunks:
                held.write(chunk)
            return held.whole()
        except BaseException:
            held.discard()
            raise

    def remove(self, sha256: str, *, older_than_s: float = 24 * 3600) -> bool:
        """Delete a raw file no row refers to; False (and kept) when someone sent the same bytes lately.

        Anyone who receives known bytes first renews the file's time and writes its row after that, so a file that is old
        once it was moved out of the way has nobody's row coming.
        """
        path, limit = self.path(sha256), time.time() - older_than_s
        doomed = self.root / "incoming" / f"{sha256}.gone"
        try:
            if path.stat().st_mtime >= limit:
                return False
            doomed.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, doomed)
            if doomed.stat().st_mtime >= limit:
                os.replace(doomed, path)  # the same bytes, no matter who put them there in the meantime
                return False
            doomed.unlink()
        except FileNotFoundError:  # someone else removes it too, or a server that starts has put it back
            return not path.exists()
        return True

    def names(self) -> set[str]:
        """The hashes of all files."""
        return {path.name for path in self.root.glob("??/??/*")}

    def sweep(self, *, older_than_s: float = 3600) -> int:
        """Remove unfinished uploads nobody is writing any more; returns how many.

        A removal that was cut off is undone: whether the file may go is asked again another day.
        """
        count, limit = 0, time.time() - older_than_s
        for doomed in (self.root / "incoming").glob("*.gone"):
            with contextlib.suppress(FileNotFoundError):  # another process was quicker
                os.replace(doomed, self.path(doomed.stem))
        for part in (self.root / "incoming").glob("*.part"):
            if part.stat().st_mtime < limit:
                part.unlink(missing_ok=True)
                count += 1
        return count


def _renewed(path: Path) -> bool:
    """Whether the file is there; its time is now: see BlobStore.remove."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _fsync_folder(folder: Path) -> None:
    if os.name == "nt":  # a directory cannot be opened there; NTFS journals the rename itself
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
