"""What retention has done and what it would do next, for those who answer for it: numbers and days, never what it was."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from app.operations.retention import RULES, Rule
from app.platform.audit import AuditEntry
from app.platform.kernel.actor import Actor

SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class RulePreview:
    """One rule. `due`: rows of the agency that go with the next run; `soon`: those of the next 30 days, with them. Nothing for
    rows that belong to no agency. `last`: when the rule last found something to delete."""

    rule: Rule
    due: int | None
    soon: int | None
    last: datetime | None


def preview(session: Session, who: Actor, now: datetime, rules: Sequence[Rule] = RULES) -> list[RulePreview]:
    """Every rule for the actor's agency, as it stands now."""
    last = _last_by_rule(session)
    return [
        RulePreview(
            rule,
            _count(session, rule, who.agency_id, now),
            _count(session, rule, who.agency_id, now + SOON),
            last.get(rule.name),
        )
        for rule in rules
    ]


def _count(session: Session, rule: Rule, agency_id: uuid.UUID | None, at: datetime) -> int | None:
    own = _of_agency(sa.inspect(rule.table).local_table, agency_id)
    if own is None:
        return None
    due = sa.select(sa.func.count()).select_from(rule.table).where(rule.due(at - rule.keep), own)
    return int(session.execute(due).scalar_one())


def _of_agency(table: sa.FromClause, agency_id: uuid.UUID | None) -> sa.ColumnElement[bool] | None:
    """That a row is this agency's: by itself, or by what it hangs on; None where rows are no agency's."""
    if "agency_id" in table.c:
        return table.c.agency_id == agency_id
    for key in sorted(table.foreign_keys, key=lambda one: one.parent.name):
        parent = key.column.table
        if "agency_id" in parent.c:
            return key.parent.in_(sa.select(key.column).where(parent.c.agency_id == agency_id))
    return None


def _last_by_rule(session: Session) -> dict[str, datetime]:
    ran = sa.select(col(AuditEntry.object_id), sa.func.max(col(AuditEntry.at)))
    ran = ran.where(col(AuditEntry.object_id).in_([rule.name for rule in RULES]))
    ran = ran.where(col(AuditEntry.verb) == "purge", col(AuditEntry.object_type) == "retention")
    return {str(rule): at for rule, at in session.execute(ran.group_by(col(AuditEntry.object_id)))}
