"""The worked cases of messages.md as facts, and small builders for the tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from harm_messages import AlertFact, AmountFact, Context, Facts, FindingFact, Page, ScopeFact, StripFact

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
GC_MS = ScopeFact(method="GC_MS", classes=("*",), lod=1)
LC_MS = ScopeFact(method="LC_MS", classes=("*",), lod=0.01)
FTIR = ScopeFact(
    method="FTIR",
    classes=("*",),
    excludes=("opioid.fentanyl", "opioid.nitazene", "psychedelic.lysergamide", "psychedelic.nbome",
              "psychedelic.dox", "benzodiazepine.novel", "cannabinoid.synthetic", "sedative.alpha2"),
    lod=5,
)  # fmt: skip


def found(substance: str, confidence: str = "confirmed", abundance: str = "major", **more: Any) -> FindingFact:
    return FindingFact.model_validate(
        {"substance": substance, "confidence": confidence, "abundance": abundance, **more}
    )


def amount(value: float, plus: float, unit: str = "mg_per_unit", basis: str = "hydrochloride") -> AmountFact:
    return AmountFact.model_validate(
        {"value": value, "low": max(value - plus, 0), "high": value + plus, "unit": unit, "basis": basis}
    )


def strip(target: str, reading: str) -> StripFact:
    return StripFact.model_validate({"target": target, "reading": reading, "brand": "any", "lot": "L1"})


def sample(*findings: FindingFact, **more: Any) -> Facts:
    return Facts.model_validate({"findings": findings, **more})


def shown(**more: Any) -> Context:
    known = {"licence_mode": "foh_general", "released": True, "session_place": "the welfare tent"}
    return Context.model_validate({**known, **more})


def ids(page: Page) -> set[str]:
    """The messages of a page, those that a card of the same family speaks for among them."""
    return {m.id for m in page.messages()} | {message_id for m in page.messages() for message_id, _ in m.joined}


def _brown_powder(confidence: str, reading: str, scope: tuple[ScopeFact, ...]) -> Facts:
    return sample(
        found("heroin", confidence),
        found("6-monoacetylmorphine", confidence, "minor"),
        found("noscapine", confidence, "minor"),
        found("paracetamol", confidence, "major"),
        found("caffeine", confidence, "minor"),
        expected=("heroin",),
        form="powder",
        strips=(strip("opioid.nitazene", reading),),
        scope=scope,
    )


CASES: dict[str, tuple[Facts, Context]] = {
    "01-mdma-pill": (
        sample(
            found("mdma", amount=amount(232, 14), methods=("GC_MS", "FTIR")),
            expected=("mdma",),
            form="tablet",
            scope=(GC_MS, FTIR),
        ),
        shown(),
    ),
    "02-eutylone-for-mdma": (
        sample(found("eutylone"), expected=("mdma",), form="powder", scope=(GC_MS, FTIR)),
        shown(),
    ),
    "03-heroin-strip-positive": (_brown_powder("confirmed", "positive", (GC_MS, FTIR)), shown()),
    "04-heroin-strip-negative": (_brown_powder("indicated", "negative", (FTIR,)), shown()),
    "05-bromazolam-medetomidine": (
        sample(
            found("bromazolam"),
            found("medetomidine", "indicated", "minor"),
            expected=("diazepam",),
            form="tablet",
            scope=(GC_MS,),
        ),
        shown(),
    ),
    "06-nbome-for-lsd": (
        sample(found("25i-nbome", "indicated"), expected=("lsd",), form="blotter", scope=(GC_MS,)),
        shown(),
    ),
    "07-nothing-found": (
        sample(expected=("ketamine",), form="powder", scope=(GC_MS, FTIR)),
        shown(),
    ),
    "08-synthetic-cannabinoid": (
        sample(
            found("mdmb-4en-pinaca", abundance="minor"),
            found("propylene-glycol"),
            found("glycerol"),
            expected=("thc",),
            form="vape",
            scope=(GC_MS,),
        ),
        shown(),
    ),
    "09-cocaine-and-drink": (
        sample(
            found("cocaine", amount=amount(62, 4, "percent_ww")),
            found("levamisole", abundance="minor"),
            found("phenacetin", abundance="minor"),
            expected=("cocaine",),
            form="powder",
            scope=(GC_MS, FTIR),
        ),
        shown(also_taking=("alcohol",)),
    ),
    "10-unknown-crystal": (
        sample(
            FindingFact.model_validate({"confidence": "indicated", "methods": ("GC_MS",)}),
            expected=("unknown",),
            form="crystal",
            scope=(GC_MS, FTIR),
            alerts=(AlertFact.model_validate({"id": "A-1", "substances": ("pmma",), "forms": ("tablet",)}),),
        ),
        shown(),
    ),
    "11-mephedrone-or-3-mmc": (
        sample(
            found("mephedrone", "indicated", look_alikes=("3-mmc",), methods=("GC_MS",)),
            expected=("3-mmc",),
            form="crystal",
            scope=(GC_MS,),
        ),
        shown(),
    ),
}
