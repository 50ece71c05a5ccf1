"""Use case of withdrawing: one person, at once, and only ever more caution.

A withdrawn message is not hidden: its rule still fires with its severity and says "talk to us before you take any".
"""

from __future__ import annotations

import uuid

from app.care.message_packs import repository
from app.care.message_packs.domain import IN_FORCE, PackState, Target
from app.care.message_packs.drafting import TOPIC
from app.care.message_packs.provider import Packs, as_rows
from app.care.message_packs.reading import agency_of, get_version, withdrawals_of
from app.care.message_packs.tables import PackVersion, PackWithdrawal
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Conflict, Forbidden, Invalid
from app.platform.live.publish import publish
from harm_messages import Pack


def withdraw(
    uow: UnitOfWork, packs: Packs, version_id: uuid.UUID, kind: Target, target: str, reason: str
) -> PackWithdrawal:
    """Take back a message, a rule or the whole version. Raises NotFound, Forbidden, Conflict, Invalid.

    A version withdrawn as a whole stays in force, and every page made from it says so, until a newer one is signed.
    """
    who = uow.actor
    if who.person_id is None or not who.has(Role.CLINICIAN, Role.SESSION_LEAD):
        raise Forbidden("Messages are withdrawn by a clinician or a session lead.")
    row = get_version(uow.session, packs, who, version_id, lock=True)
    if row.state not in (*IN_FORCE, PackState.SHIPPED):
        raise Conflict("This version was never in force, so there is nothing to withdraw from it.")
    target = "" if kind is Target.PACK else target
    if row.state is PackState.SHIPPED:
        packs.keep_shipped(uow)
    gone = {(Target(one.kind), one.target) for one in withdrawals_of(uow.session, who, row)}
    if (kind, target) in gone:
        raise Conflict("This was withdrawn already. Nothing was changed.")
    _check_target(packs.after(uow.session, row, frozenset()), kind, target)
    if not reason:
        raise Invalid("Nothing was withdrawn.", fields={"reason": "Say why it is withdrawn."})
    mark = PackWithdrawal(
        agency_id=agency_of(who), version_id=row.id, kind=kind, target=target, person_id=who.person_id,
        name=who.display_name, reason=reason, at=uow.now,
    )  # fmt: skip
    uow.session.add(mark)
    if kind is Target.PACK and row.state is PackState.APPROVED:
        row.state = PackState.WITHDRAWN
        row.version += 1
    uow.session.flush()
    _keep(uow, packs, row, frozenset({*gone, (kind, target)}))
    after = {"kind": kind.value, "target": target}
    audit.record(uow, "withdraw", "pack_version", row.id, version=row.version, after=after, reason=reason)
    publish(uow, TOPIC, "pack.withdrawn", agency_id=mark.agency_id, payload={"version_id": row.id})
    return mark


def _keep(uow: UnitOfWork, packs: Packs, row: PackVersion, gone: frozenset[tuple[Target, str]]) -> None:
    pack = packs.after(uow.session, row, gone)
    repository.keep_edition(uow.session, pack.digest, row.id, as_rows(gone), uow.now)


def _check_target(pack: Pack, kind: Target, target: str) -> None:
    if kind is Target.RULE and target not in {rule.id for rule in pack.rules}:
        raise Invalid("Nothing was withdrawn.", fields={"target": "This version has no such rule."})
    if kind is Target.MESSAGE and target not in may_be_withdrawn(pack):
        known = any(target == message_id for message_id, _ in pack.messages)
        said = (
            "MAST itself puts this sentence on pages, so it cannot be taken out alone. Withdraw the whole version."
            if known
            else "This version has no such message."
        )
        raise Invalid("Nothing was withdrawn.", fields={"target": said})


def may_be_withdrawn(pack: Pack) -> frozenset[str]:
    """Messages that rules bring to a page, and no sentence that stands on every page."""
    fixed = set(pack.manifest.fixed.values()) | {m for step in pack.emergency for m in step.fragments.values()}
    return frozenset({rule.emit.message for rule in pack.rules} - fixed)
