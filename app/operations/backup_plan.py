"""Backups that make themselves: one every so often into a folder, sealed for a key, old ones taken away, and the drill of a restore.

A sealed backup is one file, a tar of the backup folder in the age format (age-encryption.org/v1). It is put together beside the data,
which lie there in the clear anyway, so that a stick or a share sees nothing that is not sealed. The key that opens it is kept elsewhere:
a stolen server cannot read its own backups.
"""

from __future__ import annotations

import os
import re
import shutil
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, TypedDict

import sqlalchemy as sa
from pydantic import SecretStr

from app.operations import backup as backups
from app.platform.db import Database
from app.platform.kernel.errors import Conflict, Invalid, MastError
from app.platform.kernel.extras import AGE, how_to_add
from app.settings import Settings

SEALED = ".tar.age"
LEFT_SECONDS = 86_400
"""Age from which a folder that was put together and never sealed belongs to no process any more."""
_NAME = re.compile(r"mast-(\d{8}T\d{6}Z)(\.tar\.age)?")
_STAMP = "%Y%m%dT%H%M%SZ"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(r"(\d{1,6})([smhdw])")
_SPOKEN = {
    "sample": "samples", "result_version": "versions of results", "upload": "files", "consultation": "consultations",
    "audit_entry": "audit entries",
}  # fmt: skip
"""Tables a person knows, by the word for their rows."""


@dataclass(frozen=True, slots=True)
class Keep:
    """How long backups stay: every one for `all_of` (None: for good), after that the last of each day for `daily`."""

    all_of: timedelta | None = None
    daily: timedelta = timedelta()


class Drill(TypedDict):
    """What a trial restore found: of which moment the backup is, and how many rows were written since, by table."""

    backup: str
    made_at: str
    rows: dict[str, int]
    audit: str
    restored: bool
    since: dict[str, int] | None
    secret: str


def duration(text: str) -> timedelta:
    """A length of time as people write it. Raises Invalid.

    >>> duration("15m")
    datetime.timedelta(seconds=900)
    """
    found = _SPAN.fullmatch(text.strip())
    if found is None or not int(found[1]):
        raise Invalid(f"“{text}” is no length of time. Write a number and s, m, h, d or w, like 15m or 30d.")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def keep_of(text: str) -> Keep:
    """`24h,30d`: every backup for a day, then the last of each day for a month. Raises Invalid.

    >>> keep_of("24h,30d")
    Keep(all_of=datetime.timedelta(days=1), daily=datetime.timedelta(days=30))
    """
    if not text:
        return Keep()
    first, _, second = text.partition(",")
    return Keep(duration(first), duration(second) if second else timedelta())


def backups_in(folder: Path) -> dict[str, datetime]:
    """Finished backups by their names, oldest first; nothing else in the folder is ever looked at, or taken away."""
    found = ((path.name, _NAME.fullmatch(path.name)) for path in folder.iterdir())
    there = {name: datetime.strptime(m[1], _STAMP).replace(tzinfo=UTC) for name, m in found if m is not None}
    return dict(sorted(there.items(), key=lambda row: row[1]))


def expired(there: dict[str, datetime], keep: Keep, now: datetime) -> list[str]:
    """Backups that have been kept long enough, oldest first. The newest always stays."""
    if keep.all_of is None:
        return []
    last_of_day = {at.date(): name for name, at in sorted(there.items(), key=lambda row: row[1])}
    newest = max(there, key=lambda name: there[name], default=None)
    kept = {name for name, at in there.items() if now - at <= keep.all_of}
    kept |= {name for name in last_of_day.values() if now - there[name] <= keep.daily}
    return [name for name in there if name not in kept and name != newest]


def make(
    settings: Settings, database: Database, folder: Path, now: datetime, keep: Keep, recipient: str = ""
) -> tuple[Path, backups.Manifest, list[str]]:
    """One more backup in `folder`, and old ones out of it. Returns where it is, its manifest and what was taken away.

    What was written is there to the last byte before anything old goes. Raises what `backup` raises, Invalid for a key that is none
    or where sealing is not installed, OSError where the folder is gone or full.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / f"mast-{now.astimezone(UTC).strftime(_STAMP)}"
    if recipient:
        sealing = _sealing()
        key = _key(sealing, recipient)
        target = target.with_name(target.name + SEALED)
        with _staged(settings) as stage:
            manifest = backups.backup(settings, database, stage / "backup", now)
            _seal(sealing, key, stage / "backup", target)
    else:
        manifest = backups.backup(settings, database, target, now)
    gone = expired(backups_in(folder), keep, now)
    for name in gone:
        _remove(folder / name)
    return target, manifest, gone


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


@contextmanager
def _staged(settings: Settings) -> Iterator[Path]:
    """A folder beside the data that is gone afterwards; what a killed process left there goes too."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in settings.data_dir.glob("backup-*.part"):
        if time.time() - left.stat().st_mtime > LEFT_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="backup-", suffix=".part", dir=settings.data_dir) as folder:
        yield Path(folder)


def check_key(recipient: str) -> None:
    """That backups can be sealed for this public key. Raises Invalid."""
    _key(_sealing(), recipient)


def _sealing() -> Any:
    try:
        import pyrage
    except ImportError:
        raise Invalid("Sealed backups need one more package, which is not installed.", hint=how_to_add(AGE)) from None
    return pyrage


def _key(sealing: Any, recipient: str) -> Any:
    try:
        return sealing.x25519.Recipient.from_str(recipient.strip())
    except sealing.RecipientError:
        raise Invalid(
            f"“{recipient}” is no public key of age. No backup was made.",
            hint="It begins with age1; age-keygen makes one.",
        ) from None


def _seal(sealing: Any, key: Any, folder: Path, target: Path) -> None:
    """Tar and seal at once: no byte of the archive lies anywhere in the clear."""
    part = target.with_name(target.name + ".part")
    try:
        with part.open("xb") as out:
            part.chmod(0o600)
            with _as_tar(folder) as archive:
                sealing.encrypt_io(archive, out, [key])
            out.flush()
            os.fsync(out.fileno())
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _as_tar(folder: Path) -> Iterator[BinaryIO]:
    """The folder as a stream of tar, written by a thread while it is read."""
    reading, writing = os.pipe()
    failed: list[Exception] = []

    def write() -> None:
        try:
            with os.fdopen(writing, "wb") as pipe, tarfile.open(fileobj=pipe, mode="w|") as archive:
                archive.add(folder, arcname="backup")
        except Exception as error:  # raised where the stream is read
            failed.append(error)

    thread = threading.Thread(target=write, name="tar", daemon=True)
    thread.start()
    with os.fdopen(reading, "rb") as pipe:
        yield pipe
    thread.join()
    if failed:
        raise failed[0]


@contextmanager
def opened(settings: Settings, source: Path, identity: Path | None) -> Iterator[Path]:
    """The folder of a backup, unsealed where it is sealed; in a folder of backups that of the newest.

    Raises Invalid for a wrong key, a damaged file and a folder without a backup, Conflict where a key is missing.
    """
    source = newest_in(source)
    if source.is_dir():
        yield source
        return
    if identity is None:
        raise Conflict(
            f"{source.name} is sealed. Nothing was restored.",
            hint="Name the file with the key that opens it: --identity FILE.",
        )
    sealing = _sealing()
    with _staged(settings) as stage:
        _unseal(sealing, _identities(sealing, identity), source, stage)
        yield stage / "backup"


def newest_in(source: Path) -> Path:
    """The newest backup where `source` is a folder of them, else `source`. Raises Invalid."""
    if not source.exists():
        raise Invalid(f"There is no {source}. Nothing was restored.")
    if source.is_file() or (source / backups.MANIFEST).exists():
        return source
    there = backups_in(source)
    if not there:
        raise Invalid(f"{source} holds no finished MAST backup. Nothing was restored.", hint="Name the backup itself.")
    return source / list(there)[-1]


def _identities(sealing: Any, file: Path) -> list[Any]:
    lines = [line.strip() for line in file.read_text().splitlines() if line.strip() and not line.startswith("#")]
    try:
        return [sealing.x25519.Identity.from_str(line) for line in lines]
    except sealing.IdentityError:
        raise Invalid(
            f"{file} holds no key of age. Nothing was restored.", hint="Its line begins with AGE-SECRET-KEY-1."
        ) from None


def _unseal(sealing: Any, keys: Sequence[Any], source: Path, stage: Path) -> None:
    archive = stage / "backup.tar"
    try:
        with source.open("rb") as sealed, archive.open("wb") as out:
            sealing.decrypt_io(sealed, out, list(keys))
        with tarfile.open(archive) as tar:
            tar.extractall(stage, filter="data")
    except sealing.DecryptError as error:
        if "No matching keys" in str(error):
            raise Invalid(f"{source.name} was sealed for another key. Nothing was restored.") from None
        raise _damaged(source) from None
    except tarfile.TarError:
        raise _damaged(source) from None
    except OSError as error:
        if error.errno is not None:  # a full disk is none of the backup's fault
            raise
        raise _damaged(source) from None
    archive.unlink()


def _damaged(source: Path) -> Invalid:
    return Invalid(f"{source.name} is damaged. Nothing was restored.", hint=backups.OTHER)


def drill(
    settings: Settings, source: Path, now: datetime, *, identity: Path | None = None, scratch: str = "",
    oldest: timedelta | None = None,
) -> Drill:  # fmt: skip
    """Restore a backup where nobody works, prove it, throw it away, and say what has been written since it was made.

    `scratch` is the address of an empty database for a backup of PostgreSQL; without one its dump is only read to the end. Nothing of
    the running service is changed. Raises what a restore raises, and Invalid where the backup is older than `oldest`.
    """
    with opened(settings, source, identity) as folder:
        manifest = backups.manifest_of(folder)
        age = now - datetime.fromisoformat(manifest["made_at"])
        if oldest is not None and age > oldest:
            raise Invalid(
                f"The newest backup is of {manifest['made_at']}, which is longer ago than it may be.",
                hint="See whether mast db backup still runs, and whether its target is there and has room.",
            )
        sqlite = manifest["database"].endswith(".sqlite3")
        with _staged(settings) as place:
            if sqlite or scratch:
                found = backups.restore(_elsewhere(settings, place, "" if sqlite else scratch), folder)
                audit, secret = found["audit"], found["secret"]
            else:
                backups.read_through(folder)
                audit, secret = "", ""
        return {
            "backup": newest_in(source).name, "made_at": manifest["made_at"], "rows": manifest["rows"], "audit": audit,
            "restored": bool(sqlite or scratch), "since": _since(settings, manifest), "secret": secret,
        }  # fmt: skip


def _elsewhere(settings: Settings, place: Path, url: str) -> Settings:
    """Settings that lead to another folder and database, with the secret of the running service."""
    secret = settings.pepper().decode() if settings.has_secret() else ""
    return Settings(data_dir=place, database_url=url, secret=SecretStr(secret))


def _since(settings: Settings, manifest: backups.Manifest) -> dict[str, int] | None:
    """Rows by table that the running database has beyond those of a backup; None where it does not answer."""
    try:
        database = Database(settings.database_url)
    except MastError:
        return None
    try:
        with database.read() as session:
            now = backups.counts(session.connection())
    except sa.exc.SQLAlchemyError:
        return None
    finally:
        database.close()
    more = {name: count - manifest["rows"].get(name, 0) for name, count in now.items()}
    return {name: count for name, count in more.items() if count > 0}


def drill_words(found: Drill) -> str:
    """A drill in sentences."""
    words = [
        f"{found['backup']} restores." if found["restored"] else f"{found['backup']} can be read to its end.",
        f"It is of {found['made_at']}.",
    ]
    if not found["restored"]:
        words.append("To restore it on trial, name an empty database: --scratch URL.")
    if found["since"] is None:
        words.append("What was written since cannot be said, because the running database does not answer.")
    elif lost := _spoken(found["since"]):
        words.append(f"Going back to it would lose what was written since, {lost}.")
    else:
        words.append("Nothing was written since.")
    return " ".join([*words, *filter(None, (found["audit"], found["secret"]))])


def _spoken(since: dict[str, int]) -> str:
    named = [f"{since[table]:,} {word}" for table, word in _SPOKEN.items() if since.get(table)]
    others = sum(count for table, count in since.items() if table not in _SPOKEN)
    return ", ".join([*named, *([f"{others:,} other rows"] if others else [])])
