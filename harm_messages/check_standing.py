"""Where a pack stands: signatures, what is not approved yet, review dates, files and texts nobody uses.

Imports this package only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta

from harm_messages.content import Sourced
from harm_messages.errors import Level, Problem
from harm_messages.pack import Pack
from harm_messages.pack_reader import OPTIONAL, TABLES
from harm_messages.places import message_problem, rule_problem, table_problem

SOON = timedelta(days=30)


def standing_problems(pack: Pack, today: date | None) -> Iterator[Problem]:
    """Signatures always; dates only when `today` is given."""
    yield from _signatures(pack)
    yield from _unapproved(pack)
    yield from _files(pack)
    yield from _unused(pack)
    yield from _evidence(pack)
    if today is not None:
        yield from _dates(pack, today)


def _signatures(pack: Pack) -> Iterator[Problem]:
    """A pack that says it is approved holds two signatures under this very content, one of a clinician; a draft
    holds none, or both."""
    approved = pack.manifest.status == "approved"
    if not approved and (not pack.approvals or pack.manifest.status == "withdrawn"):
        return
    valid = [a for a in pack.approvals if a.digest == pack.digest]
    names = {a.name.strip().casefold() for a in valid}
    said = []
    for i, a in enumerate(pack.approvals):
        if a.digest != pack.digest:
            text = (
                f"{a.name} signed other content than this. The person who changed the pack has to have it signed again."
            )
            yield table_problem(pack, "approvals.yaml", "signatures", text, [i, "digest"])
    if not approved:
        if len(names) < 2:
            text = f"The pack has {len(names)} valid signature(s) of 2 different people. One person alone approves nothing."
            yield table_problem(pack, "approvals.yaml", "signatures", text, [0])
        return
    if len(names) < 2:
        said.append(f"The pack says it is approved, but it has {len(names)} valid signature(s) of 2 different people.")
    if not any(a.clinician for a in valid):
        said.append("The pack says it is approved, but no clinician has signed it.")
    for text in said:
        yield table_problem(pack, "pack.yaml", "signatures", text, ["status"])


def _unapproved(pack: Pack) -> Iterator[Problem]:
    """In an approved pack, what will not speak; in a draft, one line that counts."""
    default = pack.manifest.default_locale
    if pack.manifest.status != "approved":
        states = Counter([r.status for r in pack.rules] + [m.status for m in pack.messages.values()])
        count = ", ".join(f"{n} {status.replace('_', ' ')}" for status, n in sorted(states.items()))
        said = f"This pack is not clinically approved ({pack.manifest.status}). Its rules and texts are {count}."
        yield table_problem(pack, "pack.yaml", "unapproved", said, ["status"], "warning")
        return
    for rule in pack.rules:
        if rule.status in ("draft", "in_review"):
            said = f"The pack is approved, but this rule is {rule.status.replace('_', ' ')}, so it stays silent."
            yield rule_problem(pack, rule.id, "unapproved", said, "status", "warning")
        elif pack.messages[(rule.emit.message, default)].status in ("draft", "in_review"):
            said = f"The rule is {rule.status}, but its text {rule.emit.message} is not."
            yield rule_problem(pack, rule.id, "unapproved", said, "emit")
    for (message_id, locale), text in pack.messages.items():
        if locale != default and text.status != "approved":
            said = f"This translation is {text.status.replace('_', ' ')}, so the text in {pack.locales[default].name} is shown."
            yield message_problem(pack, message_id, locale, "unapproved", said, "status:", "warning")
    for index, band in enumerate(pack.bands):
        if band.status != "approved":
            said = "The pack is approved, but this band is only proposed."
            yield table_problem(pack, "bands.yaml", "unapproved", said, [index, "status"], where=band.id)


def _files(pack: Pack) -> Iterator[Problem]:
    """Files that nobody reads: a misspelt name must not make a text vanish in silence."""
    for name in sorted(pack.source):
        folder, *rest = name.split("/")
        known = {
            "rules": len(rest) == 1 and name.endswith(".yaml"),
            "labels": len(rest) == 1 and name.endswith(".yaml"),
            "messages": len(rest) == 2 and name.endswith(".md"),
        }.get(folder, name in TABLES or name in OPTIONAL or name == "register.tsv")
        locale = rest[0].removesuffix(".yaml") if folder in ("labels", "messages") and rest else ""
        if not known:
            yield Problem("unknown_file", name, "This file has no place in a pack; look at its name.", file=name)
        elif locale and locale not in pack.locales:
            said = f"The language {locale!r} is not in locales.yaml, so this file is not used."
            yield Problem("unknown_file", name, said, "warning", name)


def _unused(pack: Pack) -> Iterator[Problem]:
    used = {r.emit.message for r in pack.rules} | set(pack.manifest.fixed.values())
    used |= pack.first_aid | {s.message for s in pack.snippets} | {row.say for row in pack.dosing.rows}
    used |= {*pack.families.together.values(), *(f.message for f in pack.families.fallbacks.values())}
    used |= {row.no_reaction for row in pack.strips}
    for message_id, locale in pack.messages:
        if message_id not in used and locale == pack.manifest.default_locale:
            yield message_problem(pack, message_id, locale, "unused", "No rule says this message.", level="warning")


def _evidence(pack: Pack) -> Iterator[Problem]:
    """Where the pack lists its sources, every source named is one of them."""
    if not pack.evidence:
        return
    for rule in pack.rules:
        for said in _unknown(pack, rule.evidence):
            yield rule_problem(pack, rule.id, "evidence", said, "evidence")
    for (message_id, locale), text in pack.messages.items():
        for said in _unknown(pack, text.evidence):
            yield message_problem(pack, message_id, locale, "evidence", said, "evidence:")


def _unknown(pack: Pack, sources: Iterable[str]) -> list[str]:
    return [f"The source {one!r} is not in evidence.yaml." for one in sources if one not in pack.evidence]


# -- dates -----------------------------------------------------------------------------------------


def _dates(pack: Pack, today: date) -> Iterator[Problem]:
    """What was to be looked at again before today, and what soon has to be."""
    for rule in pack.rules:
        for said, level in _due(rule.review_by, today):
            yield rule_problem(pack, rule.id, "review", said, "review_by", level)
    for (message_id, locale), text in pack.messages.items():
        for said, level in _due(text.review_by, today):
            yield message_problem(pack, message_id, locale, "review", said, "review_by:", level)
    tables: tuple[tuple[str, list[str], tuple[Sourced, ...]], ...] = (
        ("bands.yaml", [], pack.bands),
        ("pairs.yaml", ["pairs"], pack.pairs),
        ("closures.yaml", [], pack.closures),
        ("strips.yaml", [], pack.strips),
        ("snippets.yaml", [], pack.snippets),
        ("dosing.yaml", ["rows"], pack.dosing.rows),
        ("doses.yaml", ["doses"], pack.amounts_table.doses),
        ("staff.yaml", [], pack.staff),
    )
    for file, path, rows in tables:
        for index, row in enumerate(rows):
            for said, level in _due(row.review_by, today):
                where = str(getattr(row, "id", file))
                yield table_problem(pack, file, "review", said, [*path, index, "review_by"], level, where)
    if pack.manifest.budgets is not None:
        for said, level in _due(pack.manifest.budgets.review_by, today):
            yield table_problem(pack, "pack.yaml", "review", said, ["budgets", "review_by"], level)
    now = datetime.combine(today, time(12), tzinfo=UTC)
    effective = pack.manifest.effective
    if effective.end is not None and effective.end <= now:
        said = f"The pack ended on {effective.end.date().isoformat()}: no page opens with it."
        yield table_problem(pack, "pack.yaml", "effective", said, ["effective"])
    elif not effective.covers(now):
        said = "The pack is not in force yet."
        yield table_problem(pack, "pack.yaml", "effective", said, ["effective"], "warning")


def _due(review_by: date, today: date) -> Iterator[tuple[str, Level]]:
    if review_by < today:
        yield f"It was to be reviewed by {review_by.isoformat()}.", "error"
    elif review_by < today + SOON:
        yield f"It is to be reviewed by {review_by.isoformat()}.", "warning"
