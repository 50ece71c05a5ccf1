"""What a reading itself limits: how far its reader is proven, and what its values had to be taken for."""

from __future__ import annotations

from dataclasses import replace

from app.laboratory.identification.answer import Answer
from instruments import assurance_sentence
from spectra import Reading

_TURNED = frozenset({
    "absorbance", "transmittance", "reflectance", "log(1/R)", "kubelka-munk", "diffuse reflectance",
    "inverted absorbance", "single beam",
})  # fmt: skip


def with_reading_limits(answer: Answer, reading: Reading) -> Answer:
    """The answer with sentences on what may not be concluded from this very reading."""
    limits = answer.limits
    if answer.compared and (words := compared_as(reading.kind.value, reading.y_unit)):
        limits = (*limits, words)
    assurance = str(reading.meta.get("assurance", ""))
    if assurance not in ("", "high"):
        limits = (*limits, assurance_sentence(assurance))
    return replace(answer, limits=limits)


def compared_as(kind: str, y_unit: str) -> str:
    """The limit of a comparison of infrared values whose unit is none the readers turn into absorbance; else ""."""
    if kind != "ir" or y_unit.removesuffix(" (%)").partition(",")[0] in _TURNED:
        return ""
    what = f"gives its values as “{y_unit}”" if y_unit else "does not say whether its values are absorbance"
    return f"The file {what}: they were compared as if they were absorbance. Say what they are under “Correct it”."
