"""Which pack is in force, and any pack by its digest: loaded once per digest and kept in memory.

The row that says what is in force is read at every question (one indexed query), so that several server processes
agree; only what a digest stands for is remembered, and that never changes.
"""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import structlog
from sqlmodel import Session

from app.care.message_packs import repository
from app.care.message_packs.domain import PackState, Target, Withdrawn
from app.care.message_packs.tables import PackEdition, PackSignature, PackVersion
from app.platform.db import UnitOfWork
from harm_messages import Pack, PackError, load_pack
from harm_messages.content import Approval, Effective

_log = structlog.get_logger(__name__)

KEPT = 12
"""How many packs stay in memory: a few megabytes each."""
KEPT_OF_DRAFTS = 24
MAX_KEPT = 8_000_000
"""Characters of the packs of drafts in memory: about half a gigabyte."""
_SHIPPED_KEYS = uuid.UUID("6d1f9c1e-6a54-5f0a-9c0e-2f6f0d8f3a11")
"""Namespace of the keys of shipped packs: their key follows from their digest, before any row is written."""


class Packs:
    """One per process; safe to ask from several threads."""

    def __init__(self, shipped: Pack | None = None) -> None:
        self.shipped = shipped or load_pack()
        self.shipped_id = uuid.uuid5(_SHIPPED_KEYS, self.shipped.digest)
        self._kept: OrderedDict[tuple[str, Withdrawn], Pack] = OrderedDict()
        self._drafts: OrderedDict[str, Pack] = OrderedDict()
        self._origin: dict[str, tuple[uuid.UUID, Withdrawn]] = {self.shipped.digest: (self.shipped_id, frozenset())}
        self.unreadable: dict[str, str] = {}
        """Digests of versions that this release of the software cannot read, and why."""
        self._lock = threading.RLock()

    def current(self, session: Session, agency_id: uuid.UUID | None, now: datetime) -> Pack:
        """The pack in force for an agency: the signed one whose dates cover now, else the shipped one.

        What was withdrawn from it is withdrawn in the pack that comes back. A signed version that this release cannot
        read opens no page at all: people are told in person, and nobody reads other words than those that were signed.
        """
        if agency_id is None:
            return self.shipped
        found = repository.in_force(session, agency_id, now)
        rows = repository.withdrawals(session, agency_id, found[0] if found else None)
        gone = frozenset((row.kind, row.target) for row in rows)
        if found is None:  # of what was withdrawn, that which this pack has something for
            rules, messages = {r.id for r in self.shipped.rules}, {m for m, _ in self.shipped.messages}
            ids = {Target.RULE: rules, Target.MESSAGE: messages, Target.PACK: {""}}
            gone = frozenset((kind, target) for kind, target in gone if target in ids[kind])
            return self.built(session, self.shipped_id, self.shipped.digest, gone)
        version_id, digest = found
        try:
            return self.built(session, version_id, digest, gone)
        except PackError as error:
            if digest not in self.unreadable:
                _log.error(
                    "signed_messages_unreadable", version_id=str(version_id), digest=digest, why=str(error)[:400]
                )
            self.unreadable[digest] = str(error.problems[0]) if error.problems else str(error)
            return closed(self.shipped)

    def by_digest(self, session: Session, digest: str) -> Pack | None:
        """The pack that pages with this digest were made from; None where it is not known here or cannot be read."""
        if digest == self.shipped.digest:
            return self.shipped
        row = session.get(PackEdition, digest)
        version = session.get(PackVersion, row.version_id) if row is not None else None
        if row is None or version is None:
            return None
        gone = frozenset((Target(kind), target) for kind, target in row.withdrawn)
        try:
            return self.built(session, version.id, version.digest, gone)
        except PackError:
            return None

    def keep(self, uow: UnitOfWork, digest: str) -> None:
        """Called where a page is noted as shown: its pack stays readable by this digest for ever."""
        origin = self._origin.get(digest)
        if origin is None or uow.session.get(PackEdition, digest) is not None:
            return
        version_id, gone = origin
        if version_id == self.shipped_id:
            self.keep_shipped(uow)
        repository.keep_edition(uow.session, digest, version_id, gone, uow.now)

    def keep_shipped(self, uow: UnitOfWork) -> None:
        """Write the shipped pack into the tables, where it is not there yet."""
        if uow.session.get(PackVersion, self.shipped_id) is None:
            repository.keep_texts(uow.session, self.shipped.source.values())
            repository.insert_new(uow.session, [self.shipped_row()])

    def shipped_row(self) -> PackVersion:
        """The row of the shipped pack, also before it is written."""
        files = {path: repository.sha256(text) for path, text in self.shipped.source.items()}
        return PackVersion(
            id=self.shipped_id, number=0, state=PackState.SHIPPED, digest=self.shipped.digest, files=files,
            reason="The pack that came with MAST",
            created_at=self.shipped.manifest.effective.start or datetime(2026, 1, 1, tzinfo=UTC),
        )  # fmt: skip

    def texts_of(self, session: Session, row: PackVersion) -> dict[str, str]:
        """The files of a version, path → text."""
        return dict(self.shipped.source) if row.id == self.shipped_id else repository.texts(session, row.files)

    def built(self, session: Session, version_id: uuid.UUID, digest: str, gone: Withdrawn) -> Pack:
        """A version as it is once these things are withdrawn. Raises PackError where this release cannot read it."""
        key = (digest, gone)
        with self._lock:  # the second who asks for the same waits instead of loading it too
            pack = self._kept.get(key)
            if pack is None:
                pack = self._loaded(session, version_id, digest, gone)
                self._kept[key] = pack
                self._origin[pack.digest] = (version_id, gone)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return pack

    def of_draft(self, files: Mapping[str, str]) -> Pack:
        """The pack that the files of a draft make. Only for files that a confined child has read before."""
        key = repository.digest_of(files)
        with self._lock:
            pack = self._drafts.get(key)
        pack = pack or load_pack(files)
        with self._lock:
            self._drafts[key] = pack
            self._drafts.move_to_end(key)
            sizes = [sum(map(len, one.source.values())) for one in self._drafts.values()]
            while len(sizes) > KEPT_OF_DRAFTS or sum(sizes) > MAX_KEPT:
                self._drafts.popitem(last=False)
                sizes.pop(0)
        return pack

    def _loaded(self, session: Session, version_id: uuid.UUID, digest: str, gone: Withdrawn) -> Pack:
        if gone:
            return with_withdrawn(self.built(session, version_id, digest, frozenset()), gone)
        if digest == self.shipped.digest:
            return self.shipped
        row = session.get(PackVersion, version_id)  # by its key alone: this serves every agency
        assert row is not None
        pack = load_pack(self.texts_of(session, row))
        if row.state in (PackState.SHIPPED, PackState.DRAFT):
            return pack
        return signed(pack, repository.signatures(session, [row]))


def with_withdrawn(pack: Pack, withdrawn: Withdrawn) -> Pack:
    """The pack after these withdrawals. Its digest differs, so that a page shown before replays as it was.

    Its signatures hold on: a withdrawal adds caution and takes nothing away that someone signed.
    """
    if not withdrawn:
        return pack
    rules = {target for kind, target in withdrawn if kind is Target.RULE}
    messages = {target for kind, target in withdrawn if kind is Target.MESSAGE}
    whole = (Target.PACK, "") in withdrawn
    marks = {f"withdrawn:{kind.value}:{target}": hashlib.sha256(b"withdrawn").hexdigest() for kind, target in withdrawn}
    gone = {"status": "withdrawn"}
    after = replace(
        pack,
        manifest=pack.manifest.model_copy(update=gone) if whole else pack.manifest,
        rules=tuple(r.model_copy(update=gone) if r.id in rules else r for r in pack.rules),
        messages={k: m.model_copy(update=gone) if k[0] in messages else m for k, m in pack.messages.items()},
        entries={**pack.entries, **marks},
    )
    held = (a.model_copy(update={"digest": after.digest}) for a in pack.approvals if a.digest == pack.digest)
    return replace(after, approvals=tuple(held))


def signed(pack: Pack, signatures: Sequence[PackSignature]) -> Pack:
    """The pack with these signatures under its digest. Two people of one name are told apart by a number."""
    names: list[str] = []
    for one in signatures:
        names.append(one.name if one.name not in names else f"{one.name} ({len(names) + 1})")
    rows = tuple(
        Approval(name=name, clinician=one.clinician, digest=pack.digest, signed_at=one.signed_at)
        for name, one in zip(names, signatures, strict=True)
    )
    return replace(pack, approvals=rows)


def closed(pack: Pack) -> Pack:
    """A pack that is in force at no time: its gate stays shut, whatever was found."""
    never = Effective(**{"from": None, "to": datetime(2000, 1, 1, tzinfo=UTC)})
    return replace(pack, manifest=pack.manifest.model_copy(update={"effective": never}), approvals=())
