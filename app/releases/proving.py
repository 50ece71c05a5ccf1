"""Proves a kept release: that its content is what was made, that its figures follow from its evidence, that they follow
from the facts where these have not changed, and that its audit passes again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from app.platform.kernel.errors import NotFound
from app.releases import repository, service
from app.releases.building import AUDIENCES, document
from app.releases.evidence import Evidence, canonical, sha256, unpack
from app.releases.tables import Release
from app.trends import cube_facts
from app.trends.disclosure.auditing import Audited, audited
from app.trends.disclosure.growing import PROGRAMS
from app.trends.disclosure.linear_audit import Budget
from harm_messages import Register


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked. `holds` is None where it cannot be told any more."""

    what: str
    holds: bool | None
    words: str = ""


def verify(session: Session, row: Release, register: Register) -> list[Check]:
    """Every check that can be made."""
    cubes = {a.value: repository.cube(session, row.id, a.value) for a in AUDIENCES}
    held = repository.evidence(session, row.id)
    checks = []
    for name, cube in cubes.items():
        same = cube is not None and sha256(canonical(cube.content)) == cube.sha256
        checks.append(Check(f"{name} cube", same, "the digest of what is stored is the one that was kept"))
    whole = service.digest_of(row, {name: cube.sha256 for name, cube in cubes.items() if cube is not None})
    checks.append(
        Check("release", whole == row.content_digest, "number, months, definitions and cubes are as released")
    )
    if held is None or sha256(held.content) != held.sha256:
        return [*checks, Check("evidence", False, "the evidence is missing or was changed")]
    evidence = unpack(held.content)
    digest = evidence.facts.digest()
    checks.append(Check("evidence", digest == row.facts_digest, "the counts are those the release was made of"))
    for audience in AUDIENCES:
        stored = cubes[audience.value]
        again = document(evidence.facts.cube(), audience, evidence.published[audience])
        same = stored is not None and canonical(again) == canonical(stored.content)
        checks.append(Check(f"{audience.value} figures", same, "every figure follows from the evidence"))
    return [*checks, _facts(session, row, register)]


def _facts(session: Session, row: Release, register: Register) -> Check:
    now = cube_facts.count(session, register, (row.first_month, row.last_month), row.last_month)
    if now is not None and now.digest() == row.facts_digest:
        return Check("facts", True, "counted again from the facts of today: the same")
    return Check("facts", None, "the facts have changed since (results added, amended or withdrawn): not counted again")


def audit_again(session: Session, row: Release, programs: float = PROGRAMS) -> dict[str, dict[str, Any]]:
    """The audit by linear programming, of what is stored. Per audience: targets, how many are bounded, programs."""
    held = repository.evidence(session, row.id)
    if held is None:
        raise NotFound("evidence")
    evidence = unpack(held.content)
    return {audience.value: _audit(evidence, audience, programs) for audience in AUDIENCES}


def _audit(evidence: Evidence, audience: Any, programs: float) -> dict[str, Any]:
    budget = Budget(programs)
    found: Audited = audited(evidence.facts.cube(), evidence.published[audience], budget)
    return {
        "targets": len(found.targets),
        "bounded": found.bounded,
        "programs": budget.solved,
        "budget_ended": budget.ended,
    }
