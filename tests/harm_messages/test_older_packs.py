"""A pack that a service signed before dosing rows, families and fallbacks existed still opens, and obeys the veto."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from io import StringIO
from typing import Any

import pytest
from ruamel.yaml import YAML

from harm_messages import Pack, Page, check, check_files, evaluate, load_pack, pack_files
from harm_messages.older_packs import NEW_LABELS, NEW_TABLES
from harm_messages.pack_reader import read_pack
from harm_messages.tagged import plain
from tests.harm_messages.message_cases import GC_MS, NOW, amount, found, ids, sample, shown

# What pack.yaml named before: today's other keys came with the states of the tests.
FORMER_FIXED = (
    "head_expected", "head_expected_indicated", "head_found", "head_indicated", "head_class", "head_instead",
    "head_instead_indicated", "also_found", "also_indicated", "also_class", "may_contain", "may_also_contain", "could_be",
    "not_found", "unknown_only", "unknown_also", "nothing_found", "inconclusive", "insufficient", "pending",
    "diff_not_expected", "diff_plus_active", "diff_not_expected_soft", "diff_plus_active_soft", "diff_partly", "awaiting",
    "withdrawn", "ask_us", "machine_drafted",
)  # fmt: skip
LATER = re.compile(r"M-(DOSE|FAM|FB|EM-SIGNS)-|M-HL-.*(STRIP|FAINT|COLOUR|FAILED|NOT-RUN|NOT-TESTED)")
TAIL = """---
id: M-USE-GENERAL
version: 1
status: approved
evidence: [PACK-DRAFT]
review_by: 2027-05-01
---
- Start with a small part. Wait two hours before any more.
- Tell a friend what you took.
"""
TAIL_RULE = """- id: R-USE-GENERAL
  version: 1
  status: approved
  severity: S4
  slot: safer_use
  topic: use.general
  when: {outcome: [identified, partly_identified, nothing_found, inconclusive, insufficient, pending]}
  emit: {message: M-USE-GENERAL}
  evidence: [PACK-DRAFT]
  review_by: 2027-05-01
"""


def changed(text: str, change: Any) -> str:
    """The same YAML with the change made to its value."""
    yaml, out = YAML(), StringIO()
    value = yaml.load(text)
    yaml.dump(change(value) or value, out)
    return out.getvalue()


def former_manifest(value: dict[str, Any]) -> dict[str, Any]:
    fixed = {key: value["fixed"][key] for key in FORMER_FIXED} | {"head_expected_class": "M-HL-EXPECTED"}
    negatives = {"usual_max_lod": 5, "potent_max_lod": 0.1, "evidence": ["PACK-DRAFT"], "review_by": "2027-02-01"}
    return {**value, "status": "approved", "fixed": fixed, "negatives": negatives, "budgets": None}


def former_message(text: str) -> str:
    head, body = text.split("\n---\n", 1)
    return f"{head.replace('status: draft', 'status: approved')}\n---\n{plain(body)}"


@cache
def former_files() -> Mapping[str, str]:
    """The shipped pack as it would have been written and approved before, with two valid signatures."""
    files = {name: text for name, text in pack_files().items() if name not in NEW_TABLES}
    files = {
        name: text for name, text in files.items() if not LATER.search(name) and not name.startswith("messages/cy")
    }
    files = {n: former_message(t) if n.startswith("messages/") else t for n, t in files.items()}
    files = {
        n: t.replace("status: draft", "status: approved") if n.startswith("rules/") else t for n, t in files.items()
    }
    files["pack.yaml"] = changed(files["pack.yaml"], former_manifest)
    files["locales.yaml"] = changed(files["locales.yaml"], lambda value: {"en": value["en"]})
    files["labels/en.yaml"] = changed(
        files["labels/en.yaml"], lambda value: {k: v for k, v in value.items() if k not in NEW_LABELS}
    )
    del files["labels/cy.yaml"]
    files["emergency.yaml"] = changed(
        files["emergency.yaml"],
        lambda steps: [{"step": s["step"], "fragments": s["fragments"]} for s in steps if s["step"] != "signs"],
    )
    files["messages/en/M-USE-GENERAL.md"], files["rules/use.yaml"] = TAIL, TAIL_RULE
    digest = read_pack(files).digest
    rows = [
        f"- {{name: {name}, clinician: {clinician}, digest: {digest}, signed_at: 2026-01-05T10:00:00Z}}"
        for name, clinician in (("A. Clinician", "true"), ("B. Worker", "false"))
    ]
    return {**files, "approvals.yaml": "\n".join(rows) + "\n"}


@cache
def former() -> Pack:
    return load_pack(former_files())


def page(*findings: Any, pack: Pack | None = None, **more: Any) -> Page:
    return evaluate(pack or former(), sample(*findings, scope=(GC_MS,), **more), shown(), "en", NOW)


def test_it_opens_and_its_signatures_hold() -> None:
    """Also where the digest stands without quotes, as approvals.yaml has always allowed."""
    assert former().approved
    assert former().borrowed >= set(NEW_TABLES)
    assert not [key for key in former().entries if any(name in key for name in NEW_TABLES)]
    assert page(found("mdma"), expected=("mdma",), form="tablet").approved


def test_a_rule_keeps_the_digest_that_was_signed() -> None:
    """What the form of a rule has gained since must not change the digest of a rule that does not use it."""
    rule = """
- id: R-OLD
  version: 1
  status: approved
  severity: S3
  slot: danger
  topic: old
  when: {any: [{alert: {matches: true}}, {strip: {target: opioid, reading: [positive]}}, {band: {substance: mdma, is: high}}, {all: [{found: {class: opioid}}, {not: {form: vape}}]}]}
  emit: {message: M-HEAT}
  evidence: [here]
  review_by: 2027-05-01
"""
    entry = read_pack({**former_files(), "rules/old.yaml": rule}).entries["rule:R-OLD"]
    # as the release before wrote it
    assert entry == "e3eb081697adbfeed4f59880a9545bc01a09ec2129d779881d12a53a1b3df95d"
    text = former_files()["messages/en/M-HEAT.md"]
    assert former().entries["message:M-HEAT:en"] == hashlib.sha256(text.encode()).hexdigest()


def test_its_untagged_sentences_obey_the_veto() -> None:
    usual = page(found("mdma", amount=amount(100, 5)), expected=("mdma",), form="tablet")
    assert "Start with a small part. Wait two hours before any more." in usual.to_plain()
    for grave in (
        page(found("protonitazene"), expected=("heroin",), form="powder"),
        page(found("pmma"), expected=("mdma",), form="tablet"),
        page(found("doc"), expected=("lsd",), form="blotter"),
        page(expected=("ketamine",), form="powder"),
    ):
        assert "small part" not in grave.to_plain()
        assert "two hours" not in grave.to_plain()
    assert "Tell a friend what you took." in page(found("doc"), expected=("lsd",), form="blotter").to_plain()


def test_what_it_lacks_comes_from_the_shipped_pack() -> None:
    nitazene = page(found("protonitazene"), expected=("heroin",), form="powder")
    assert nitazene.action is not None
    assert nitazene.action.id == "M-DOSE-SPECK"
    assert [line.step for line in nitazene.emergency][:2] == ["signs", "call"]
    gone = {**former_files()}
    gone["messages/en/M-NITAZENE.md"] = gone["messages/en/M-NITAZENE.md"].replace(
        "status: approved", "status: withdrawn"
    )
    taken_back = page(found("protonitazene"), pack=load_pack(gone), expected=("heroin",), form="powder")
    assert taken_back.cards[0].id == "M-FB-BREATHING"
    assert taken_back.top_severity is nitazene.top_severity
    assert "M-NITAZENE" not in ids(taken_back)


@pytest.mark.usefixtures("without_coverage")
def test_its_clinicians_are_told_what_to_look_at() -> None:
    problems = check(former())
    (older,) = [p for p in problems if p.kind == "older_pack"]
    assert (older.level, older.file) == ("warning", "pack.yaml")
    untagged = [p for p in problems if p.kind == "untagged"]
    assert {p.level for p in untagged} == {"warning"}
    assert any(p.file == "messages/en/M-USE-GENERAL.md" and p.line > 0 for p in untagged)
    assert not [p for p in problems if p.level == "error" and p.kind in ("untagged", "fallback", "budget")]


def test_a_pack_of_today_that_lacks_one_table_is_refused() -> None:
    files = {name: text for name, text in pack_files().items() if name != "staff.yaml"}
    assert [(p.kind, p.file) for p in check_files(files)] == [("no_file", "staff.yaml")]
