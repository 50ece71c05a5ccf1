"""A loaded pack with its signatures, and with what was withdrawn from it. Pure: works on packs in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from app.message_packs.domain import Signed, Target, Withdrawn
from harm_messages import Pack
from harm_messages.content import Approval, Effective


def with_withdrawn(pack: Pack, withdrawn: Withdrawn) -> Pack:
    """The pack after these withdrawals. Its digest differs, so that a page shown before replays as it was.

    Its signatures hold on: a withdrawal adds caution and takes nothing away that somebody signed.
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


def signed(pack: Pack, signatures: Sequence[Signed]) -> Pack:
    """The pack with these signatures under its digest. Two people of one name are told apart by a number."""
    names: list[str] = []
    for one in signatures:
        names.append(one.name if one.name not in names else f"{one.name} ({len(names) + 1})")
    rows = tuple(
        Approval(name=name, clinician=one.clinician, digest=pack.digest, signed_at=one.at)
        for name, one in zip(names, signatures, strict=True)
    )
    return replace(pack, approvals=rows)


def closed(pack: Pack) -> Pack:
    """A pack that is in force at no time: its gate stays shut, whatever was found."""
    never = Effective(**{"from": None, "to": datetime(2000, 1, 1, tzinfo=UTC)})
    return replace(pack, manifest=pack.manifest.model_copy(update={"effective": never}), approvals=())


def known_targets(pack: Pack, withdrawn: Iterable[tuple[Target, str]]) -> Withdrawn:
    """Those withdrawals that this pack has something for."""
    ids = {Target.RULE: {r.id for r in pack.rules}, Target.MESSAGE: {m for m, _ in pack.messages}, Target.PACK: {""}}
    return frozenset((kind, target) for kind, target in withdrawn if target in ids[kind])
