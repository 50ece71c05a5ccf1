"""The ten worked cases of docs/methods/messages.md, for "what would change" and "where would this show"."""

from __future__ import annotations

from harm_messages import AlertFact, AmountFact, Context, Facts, FindingFact, LicenceMode, ScopeFact, StripFact

_GC_MS = ScopeFact(method="GC_MS", classes=("*",), lod=1)
_FTIR = ScopeFact(
    method="FTIR", classes=("*",), lod=5,
    excludes=(
        "opioid.fentanyl", "opioid.nitazene", "psychedelic.lysergamide", "psychedelic.nbome", "psychedelic.dox",
        "benzodiazepine.novel", "cannabinoid.synthetic", "sedative.alpha2",
    ),
)  # fmt: skip
_BY = ("GC_MS",)


def _found(
    substance: str, confidence: str = "confirmed", abundance: str = "major", amount: AmountFact | None = None
) -> FindingFact:
    return FindingFact(substance=substance, confidence=confidence, abundance=abundance, methods=_BY, amount=amount)


def _amount(value: float, u: float, unit: str, basis: str) -> AmountFact:
    return AmountFact(value=value, low=value - u, high=value + u, unit=unit, basis=basis)


def _heroin(confidence: str) -> tuple[FindingFact, ...]:
    return (
        _found("heroin", confidence), _found("6-monoacetylmorphine", confidence, "minor"),
        _found("noscapine", confidence, "minor"), _found("paracetamol", confidence), _found("caffeine", confidence, "minor"),
    )  # fmt: skip


def _strip(reading: str) -> tuple[StripFact, ...]:
    return (StripFact(target="opioid.nitazene", reading=reading, brand="BTNX", lot="DOA-1"),)


_CASES: tuple[tuple[str, Facts, tuple[str, ...]], ...] = (
    ("MDMA pill, 232 mg", Facts(
        expected=("mdma",), form="tablet", scope=(_GC_MS, _FTIR),
        findings=(_found("mdma", amount=_amount(232, 14, "mg_per_unit", "hydrochloride")),),
    ), ()),
    ("Eutylone sold as MDMA", Facts(
        expected=("mdma",), form="powder", scope=(_GC_MS, _FTIR), findings=(_found("eutylone"),),
    ), ()),
    ("Heroin, nitazene strip positive", Facts(
        expected=("heroin",), form="powder", scope=(_GC_MS, _FTIR), findings=_heroin("confirmed"),
        strips=_strip("positive"),
    ), ()),
    ("Heroin, nitazene strip negative, FTIR only", Facts(
        expected=("heroin",), form="powder", scope=(_FTIR,), findings=_heroin("indicated"),
        strips=_strip("negative"),
    ), ()),
    ("Bromazolam and medetomidine sold as diazepam", Facts(
        expected=("diazepam",), form="tablet", scope=(_GC_MS,),
        findings=(_found("bromazolam"), _found("medetomidine", "indicated", "minor")),
    ), ()),
    ("25I-NBOMe sold as LSD", Facts(
        expected=("lsd",), form="blotter", scope=(_GC_MS,), findings=(_found("25i-nbome", "indicated"),),
    ), ()),
    ("Nothing found, ketamine expected", Facts(expected=("ketamine",), form="powder", scope=(_GC_MS, _FTIR)), ()),
    ("Synthetic cannabinoid in a vape", Facts(
        expected=("thc",), form="vape", scope=(_GC_MS,),
        findings=(_found("mdmb-4en-pinaca", abundance="minor"), _found("propylene-glycol"), _found("glycerol")),
    ), ()),
    ("Cocaine with levamisole, and a drink", Facts(
        expected=("cocaine",), form="powder", scope=(_GC_MS, _FTIR),
        findings=(
            _found("cocaine", amount=_amount(62, 4, "percent_ww", "hydrochloride")),
            _found("levamisole", abundance="minor"), _found("phenacetin", abundance="minor"),
        ),
    ), ("alcohol",)),
    ("A crystal nobody can name yet", Facts(
        expected=("unknown",), form="crystal", scope=(_GC_MS, _FTIR),
        findings=(FindingFact(confidence="indicated", methods=_BY),),
        alerts=(AlertFact(id="A-1", substances=("pmma",), forms=("tablet",)),),
    ), ()),
)  # fmt: skip


WORKED_CASES = tuple(
    (
        title,
        facts,
        Context(
            licence_mode=LicenceMode.FOH_GENERAL, released=True, session_place="the welfare tent", also_taking=also
        ),
    )
    for title, facts, also in _CASES
)
"""Title, facts and context of each."""
