"""The worked cases of messages.md as facts, and small builders for the tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from harm_messages import (
    AlertFact,
    AmountFact,
    Context,
    Facts,
    FindingFact,
    Pack,
    Page,
    RunStatus,
    ScopeFact,
    StripFact,
    load_pack,
)

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
GC_MS = ScopeFact(method="GC_MS", classes=("*",), lod=1)
LC_MS = ScopeFact(method="LC_MS", classes=("*",), lod=0.01)
SENSITIVE = ScopeFact(method="LC_MS", classes=("*",), lod=0.001)  # low enough for fentanyls
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


def ended(run: ScopeFact, status: str) -> ScopeFact:
    """The same method, where it did not give a result."""
    return run.model_copy(update={"status": RunStatus(status)})


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
    "12-invalid-nitazene-strip": (_brown_powder("indicated", "invalid", (FTIR,)), shown()),
    "13-colour-test-alone": (
        sample(
            FindingFact.model_validate(
                {"drug_class": "entactogen", "confidence": "class_only", "methods": ("reagent",)}
            ),
            expected=("mdma",),
            form="tablet",
            scope=(ScopeFact(method="reagent", classes=("entactogen",)),),
        ),
        shown(),
    ),
    "14-untested-nitazene": (
        sample(expected=("opioid.nitazene",), form="tablet", scope=(ended(GC_MS, "not_run"),)),
        shown(),
    ),
    "15-too-little": (
        sample(expected=("ketamine",), form="powder", scope=(ended(GC_MS, "insufficient_sample"),)),
        shown(),
    ),
    "16-pending-gc-ms": (
        sample(
            found("ketamine", "indicated", methods=("FTIR",)),
            expected=("ketamine",),
            form="powder",
            scope=(FTIR, ended(GC_MS, "pending")),
        ),
        shown(),
    ),
    "17-infrared-alone-for-lsd": (sample(expected=("lsd",), form="blotter", scope=(FTIR,)), shown()),
    "18-fentanyl-strip-beside-mdma": (
        sample(
            found("mdma", methods=("GC_MS", "FTIR")),
            expected=("mdma",),
            form="crystal",
            strips=(strip("opioid.fentanyl", "positive"),),
            scope=(GC_MS, FTIR),
        ),
        shown(),
    ),
    "19-strip-and-lc-ms-disagree": (
        sample(
            found("heroin", methods=("FTIR", "LC_MS")),
            expected=("heroin",),
            form="powder",
            strips=(strip("opioid.fentanyl", "positive"),),
            scope=(FTIR, SENSITIVE),
        ),
        shown(),
    ),
    "20-pmma-for-mdma": (sample(found("pmma"), expected=("mdma",), form="tablet", scope=(GC_MS, FTIR)), shown()),
    "21-gbl-for-ghb": (sample(found("gbl"), expected=("ghb",), form="liquid", scope=(GC_MS,)), shown()),
    "22-heroin-with-xylazine": (
        sample(
            found("heroin"), found("xylazine", abundance="minor"), expected=("heroin",), form="powder", scope=(GC_MS,)
        ),
        shown(),
    ),
    "23-dox-for-lsd": (sample(found("doc"), expected=("lsd",), form="blotter", scope=(GC_MS, LC_MS)), shown()),
    "24-nitazene-with-its-message-withdrawn": (
        sample(found("protonitazene"), expected=("heroin",), form="powder", scope=(GC_MS,)),
        shown(),
    ),
    "25-a-word-nobody-knows": (sample(expected_words="flurbitol", form="powder"), shown()),
    "26-mdma-pill-and-antidepressants": (
        sample(
            found("mdma", amount=amount(100, 8), methods=("GC_MS", "FTIR")),
            expected=("mdma",),
            form="tablet",
            scope=(GC_MS, FTIR),
        ),
        shown(also_taking=("ssri",)),
    ),
    "27-cocaine-as-base": (
        sample(
            found("cocaine", amount=amount(72, 4, "percent_ww", "base")),
            expected=("cocaine",),
            form="powder",
            scope=(GC_MS, FTIR),
        ),
        shown(),
    ),
}


def pack_of(case: str) -> Pack:
    """The shipped pack, or the variant that a case is about."""
    pack = load_pack()
    if case != "24-nitazene-with-its-message-withdrawn":
        return pack
    key = ("M-NITAZENE", "en")
    return replace(pack, messages={**pack.messages, key: pack.messages[key].model_copy(update={"status": "withdrawn"})})
