"""Use cases of signing: submit a draft for review, send it back, sign it; by two it is in force from its date. Withdrawing:
one person, at once, and only ever more caution.

A withdrawn message is not hidden: its rule still fires with its severity and says "talk to us before you take any".
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from app.care.message_packs import repository, rule_files
from app.care.message_packs.checking import Checked, missing_substances
from app.care.message_packs.domain import IN_FORCE, PackState, Target
from app.care.message_packs.drafting import tell
from app.care.message_packs.provider import Packs
from app.care.message_packs.service import agency_of, get_version, problems_of_history, still_missing, withdrawals_of
from app.care.message_packs.tables import PackSignature, PackVersion, PackWithdrawal
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import ROLE_WORDS, Actor, Role
from app.platform.kernel.errors import Conflict, Forbidden, Invalid, Refused
from app.platform.kernel.versions import check_version
from harm_messages import Pack, Problem

SHOWN = 12
"""So many findings are told when a version is refused; the page of the version lists all."""


STILL_CHECKED = "Nothing was changed. Send it again once the check is done. You may leave this page until then."


@dataclass(frozen=True, slots=True)
class Ready:
    """A draft's files as they would be signed, and what the check finds in them."""

    version: int
    files: Mapping[str, str]
    checked: Checked


def gathered(session: Session, packs: Packs, actor: Actor, version_id: uuid.UUID, now: datetime) -> Ready:
    """The files of a version as they would be signed, and what its history says of them. Raises NotFound."""
    row = get_version(session, packs, actor, version_id)
    files = as_signed(row, packs.texts_of(session, row))
    more = (*problems_of_history(session, packs, actor, row, files, now), *missing_substances(files, packs.shipped))
    return Ready(row.version, files, Checked(None, more))


def as_signed(row: PackVersion, files: dict[str, str]) -> dict[str, str]:
    """The files of a version as they would be signed."""
    return rule_files.frozen(files, row.number) if row.state is PackState.DRAFT else files


def prepared(ready: Ready, found: Checked) -> Ready:
    """A version with what its check found."""
    problems = (*ready.checked.problems, *_own(ready.files, found), *found.problems)
    if found.pack is None:  # the reason comes first: what its history says may only follow from it
        problems = (*found.problems, *ready.checked.problems)
    return replace(ready, checked=replace(found, problems=problems))


def _own(files: Mapping[str, str], found: Checked) -> list[Problem]:
    """What a version that is to be signed must say of itself."""
    if found.pack is None:
        return []
    problems: list[Problem] = []
    if found.pack.manifest.status != "approved":
        said = "The line “status:” must stand by itself, so that it can read approved when this is signed."
        problems.append(Problem("status", "pack.yaml", said, file="pack.yaml"))
    if found.pack.manifest.effective.end is not None:
        said = "This file says when the messages end. Leave “to: null”: the dates are set when it goes to review."
        problems.append(Problem("effective", "pack.yaml", said, file="pack.yaml"))
    for rule in found.pack.rules:
        if rule.status not in ("approved", "withdrawn"):
            said = "Its “status:” could not be set to approved. Write it on a line of its own."
            problems.append(Problem("status", rule.id, said, file=rule_files.file_of_rule(files, rule.id)))
    return problems


def submit(
    uow: UnitOfWork,
    packs: Packs,
    version_id: uuid.UUID,
    ready: Ready,
    *,
    effective_from: datetime | None = None,
    effective_to: datetime | None = None,
) -> PackVersion:
    """Freeze a draft for signatures. Raises NotFound, Stale, Conflict, Refused while the check finds errors, Invalid."""
    row = get_version(uow.session, packs, uow.actor, version_id, lock=True)
    if row.state is not PackState.DRAFT:
        raise Conflict("Only a draft can go to review. Nothing was changed.")
    check_version("draft", ready.version, row.version)
    if ready.checked.running:
        raise Conflict("The check has not ended yet, so the draft was not sent to review.", hint=STILL_CHECKED)
    if ready.checked.errors or ready.checked.pack is None:
        reasons = [str(p) for p in ready.checked.errors[:SHOWN]]
        raise Refused(reasons, hint="Fix these in the draft, then send it to review again. Nothing was changed.")
    if effective_to is not None and effective_to <= max(uow.now, effective_from or uow.now):
        wrong = {"effective_to": "The end lies after the beginning, and after now."}
        raise Invalid("The draft was not sent to review.", fields=wrong)
    repository.keep_texts(uow.session, ready.files.values())
    row.files = {path: repository.sha256(text) for path, text in ready.files.items()}
    row.digest = ready.checked.pack.digest
    row.state = PackState.IN_REVIEW
    row.effective_from, row.effective_to = effective_from, effective_to
    row.submitted_by, row.submitted_at = uow.actor.person_id, uow.now
    row.version += 1
    after = {"digest": row.digest, "from": _iso(effective_from), "to": _iso(effective_to)}
    audit.record(uow, "submit", "pack_version", row.id, version=row.version, after=after)
    tell(uow, row, "submitted")
    return row


def send_back(uow: UnitOfWork, packs: Packs, version_id: uuid.UUID, version: int, reason: str) -> PackVersion:
    """Make a version that waits for signatures a draft again. What was signed holds for the old files only."""
    row = get_version(uow.session, packs, uow.actor, version_id, lock=True)
    check_version("version", version, row.version)
    if row.state is not PackState.IN_REVIEW:
        raise Conflict("This version is not waiting for signatures. It was not returned.")
    if not reason:
        raise Invalid("The version was not sent back.", fields={"reason": "Say what needs to change."})
    row.state, row.digest = PackState.DRAFT, ""
    row.version += 1
    audit.record(uow, "send_back", "pack_version", row.id, version=row.version, reason=reason)
    tell(uow, row, "sent_back")
    return row


def sign(uow: UnitOfWork, packs: Packs, version_id: uuid.UUID, digest: str) -> PackVersion:
    """Sign the files with this digest; the signature that completes the rule puts the version in force from its date.

    Raises NotFound, Forbidden, Conflict (not waiting, signed twice, other files than were read), Refused.
    """
    who = uow.actor
    if who.person_id is None or not who.has(Role.CLINICIAN, Role.SESSION_LEAD):
        raise Forbidden("Messages are signed by clinicians and session leads.")
    row = get_version(uow.session, packs, who, version_id, lock=True)
    if row.state is not PackState.IN_REVIEW:
        raise Conflict("This version is not waiting for signatures. Nothing was signed.")
    if row.digest != digest:
        raise Conflict(
            "These are not the files that wait for signatures now. Nothing was signed.",
            hint="Open the version again and read what changed.",
        )
    held = repository.signatures(uow.session, [row])
    if any(one.person_id == who.person_id for one in held):
        raise Conflict("You have signed this version already. It needs the signature of someone else.")
    withdrawn = problems_of_history(uow.session, packs, who, row, packs.texts_of(uow.session, row), uow.now)
    if withdrawn:
        raise Refused([str(p) for p in withdrawn[:SHOWN]], hint="Send it back to its authors. Nothing was signed.")
    role = Role.CLINICIAN if who.has(Role.CLINICIAN) else Role.SESSION_LEAD
    mark = PackSignature(
        version_id=row.id, digest=digest, person_id=who.person_id, name=who.display_name,
        clinician=role is Role.CLINICIAN, role=ROLE_WORDS[role], signed_at=uow.now,
    )  # fmt: skip
    uow.session.add(mark)
    uow.session.flush()
    row.version += 1
    after = {"digest": digest, "clinician": mark.clinician}
    audit.record(uow, "sign", "pack_version", row.id, version=row.version, after=after)
    if not still_missing(row, [*held, mark]):
        _approve(uow, row)
    tell(uow, row, "signed")
    return row


def _approve(uow: UnitOfWork, row: PackVersion) -> None:
    if row.effective_to is not None and row.effective_to <= uow.now:
        raise Conflict(
            "The last day of this version has passed, so it was not signed.", hint="Send it back and set other dates."
        )
    row.state, row.approved_at = PackState.APPROVED, uow.now
    row.effective_from = max(uow.now, row.effective_from or uow.now)
    repository.keep_edition(uow.session, row.digest, row.id, frozenset(), uow.now)
    after = {"digest": row.digest, "from": _iso(row.effective_from), "to": _iso(row.effective_to)}
    audit.record(uow, "approve", "pack_version", row.id, version=row.version, after=after)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


# -- withdrawing ---------------------------------------------------------------------------------------------------


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
    gone = {(one.kind, one.target) for one in withdrawals_of(uow.session, who, row)}
    if (kind, target) in gone:
        raise Conflict("This was withdrawn already. Nothing was changed.")
    _check_target(packs.built(uow.session, row.id, row.digest, frozenset()), kind, target)
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
    withdrawn = frozenset({*gone, (kind, target)})
    pack = packs.built(uow.session, row.id, row.digest, withdrawn)
    repository.keep_edition(uow.session, pack.digest, row.id, withdrawn, uow.now)
    after = {"kind": kind.value, "target": target}
    audit.record(uow, "withdraw", "pack_version", row.id, version=row.version, after=after, reason=reason)
    tell(uow, row, "withdrawn", mark.agency_id)
    return mark


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
