"""Proving the audit log: every entry as it was written, none missing up to what was noted elsewhere.

Anyone who can write the database can write its last entries away, or all of them. They lack the key, so they change nothing
else unseen; and an anchor that they cannot reach tells how far the log once went.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.platform.audit.log import GENESIS, digest, turn
from app.platform.audit.tables import AuditEntry, AuditKey
from app.platform.db import UnitOfWork

_ANCHOR = re.compile(r"(?<![0-9A-Za-z])(\d{1,18}):([0-9a-f]{64})(?![0-9A-Za-z])(?: keyed from (\d[\d,]*))?")
_TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_entry'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = 'audit_entry'::regclass AND tgenabled IN ('O', 'A')",
}
_WANTED = {"sqlite": ("no_update", "no_replace", "no_delete"), "postgresql": ("no_change", "no_truncate")}


Starts = tuple[int, ...]
"""The first entry of each key that the log was ever written with."""


def as_text(starts: Iterable[int]) -> str:
    """The first entry of each key, in order."""
    return ",".join(map(str, sorted(set(starts))))


@dataclass(frozen=True, slots=True)
class Anchor:
    """How far the log went at some moment: its entries, the hash of the last, and the first entry of each key. To be kept
    where the database is not."""

    entries: int
    hash: str
    starts: Starts = ()

    def __str__(self) -> str:
        return f"{self.entries}:{self.hash}" + (f" keyed from {as_text(self.starts)}" if self.starts else "")


def anchor(session: Session) -> Anchor:
    """How far the log goes now."""
    newest = select(AuditEntry.seq, AuditEntry.hash).order_by(col(AuditEntry.seq).desc()).limit(1)
    return Anchor(*(session.exec(newest).first() or (0, GENESIS)), starts_of(session) or ())


def anchors_in(text: str) -> list[Anchor]:
    """Every anchor of a text: of a file of anchors, of the server's log, of a backup's manifest."""
    return [Anchor(int(entries), hash_, starts_in(starts)) for entries, hash_, starts in _ANCHOR.findall(text)]


def starts_in(text: str) -> Starts:
    """The first entry of each key, as `as_text` wrote them."""
    return tuple(int(one) for one in text.split(",") if one.strip().isdigit())


def key_of(secret: bytes) -> bytes:
    """The key of the audit log."""
    return hmac.digest(secret, b"audit log", "sha256")


def _mac(key: bytes, starts: Iterable[int]) -> str:
    """What only this key can say of itself and of every key before it."""
    return hmac.new(key, f"from entry {as_text(starts)}".encode(), "sha256").hexdigest()


def _keys(session: Session) -> list[AuditKey]:
    return list(session.exec(select(AuditKey).order_by(col(AuditKey.from_seq)))) if _has_keys(session) else []


def _has_keys(session: Session) -> bool:
    """Whether there is the table; a backup of an older version lacks it."""
    return sa.inspect(session.connection()).has_table(AuditKey.__tablename__)


def starts_of(session: Session) -> Starts | None:
    """The first entry of each key, by the database; None where it is older than any key."""
    return tuple(one.from_seq for one in _keys(session)) if _has_keys(session) else None


def fits(session: Session, key: bytes) -> bool | None:
    """Whether this is the key that the log is written with; None where it was never written with any."""
    keys = _keys(session)
    return _made_with(key, keys) if keys else None


def row_of_another_secret(session: Session, key: bytes) -> int | None:
    """The row of `audit_key` without which this key would fit: of a later secret, or made up."""
    keys = _keys(session)
    return next((one.from_seq for one in keys if _made_with(key, [other for other in keys if other is not one])), None)


def _made_with(key: bytes, keys: list[AuditKey]) -> bool:
    return bool(keys) and hmac.compare_digest(keys[-1].mac, _mac(key, (one.from_seq for one in keys)))


def missing_triggers(session: Session) -> list[str]:
    """Those of the triggers that refuse to change entries which the database lacks, or has turned off."""
    kind = session.get_bind().dialect.name
    there = set(session.execute(sa.text(_TRIGGERS[kind])).scalars())
    return [name for one in _WANTED[kind] if (name := f"audit_entry_{one}") not in there]


def adopt(uow: UnitOfWork, key: bytes, *, instead: bool = False) -> bool:
    """Make the hashes of the audit log with this key from the next entry on, and say whether that was done.

    Where the log has a key already, it is replaced only if `instead` is true.
    """
    start = turn(uow.session.connection())[0] + 1
    keys = _keys(uow.session)
    if keys and not instead:  # another process was faster
        return False
    starts = {start, *(one.from_seq for one in keys)}
    uow.session.merge(AuditKey(from_seq=start, mac=_mac(key, starts)))
    uow.session.flush()
    uow.audit_key = key
    return True


@dataclass(frozen=True, slots=True)
class Verification:
    """What `mast audit verify` found."""

    entries: int
    broken_at: int | None
    detail: str


def verify(session: Session, key: bytes | None, anchors: Iterable[Anchor] = ()) -> Verification:
    """Walk the whole log. A gap, a changed field or a changed order is named by its number, and so is an end before an anchor.

    Entries from before there was a key are held to their plain hash. Of those whose key is not at hand (`key` is None, or the
    secret was replaced) only number and link are looked at.
    """
    if key is not None and fits(session, key) is False:
        return Verification(0, 1, "It was written with another secret than the one that is here.")
    starts = [one.from_seq for one in _keys(session)] or ([] if key is None else [1])
    noted: dict[int, set[str]] = {}
    for one in anchors:
        noted.setdefault(one.entries, set()).add(one.hash)
        if one.starts != tuple(starts[: len(one.starts)]):
            return Verification(0, 1, _other_start(starts, one.starts))
    previous, count = GENESIS, 0
    for entry in session.exec(select(AuditEntry).order_by(col(AuditEntry.seq))).yield_per(1000):
        seq, expected = count + 1, entry.hash
        if entry.seq != seq:
            return Verification(count, seq, f"Entry {seq} is missing.")
        if not starts or seq < starts[0]:
            expected = digest(entry, None)
        elif key is not None and seq >= starts[-1]:
            expected = digest(entry, key)
        if entry.previous_hash != previous or entry.hash != expected:
            return Verification(count, seq, f"Entry {seq} is not what was written.")
        if noted.pop(seq, {entry.hash}) != {entry.hash}:
            return Verification(count, seq, f"Entry {seq} is not the one that an anchor names.")
        previous, count = entry.hash, seq
    if noted and (most := max(noted)) > count:
        return Verification(count, count + 1, f"It ends at entry {count}; an anchor says that there were {most}.")
    return Verification(count, None, f"{count} entries, chain unbroken.{_unchecked(starts, keyed=key is not None)}")


def _other_start(starts: list[int], noted: Starts) -> str:
    now = f"from entry {as_text(starts)} on" if starts else "with none"
    return f"An anchor says that hashes are made with a key from entry {as_text(noted)} on; the database says {now}."


def _unchecked(starts: list[int], *, keyed: bool) -> str:
    """What a sound log does not prove, in words."""
    words = ""
    if starts and starts[0] > 1:
        words += f" Entries 1 to {starts[0] - 1} are from before hashes were made with a key."
    if len(starts) > 1:
        words += (
            f" Of entries {starts[0]} to {starts[-1] - 1} only the order could be checked: their secret was replaced."
        )
    if starts and not keyed:
        words += f" From entry {starts[-1]} on only the order was checked, for lack of their secret."
    return words
