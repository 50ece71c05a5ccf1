"""Methods, analyses and what a strip can say. Pure."""

from __future__ import annotations

from enum import StrEnum


class Method(StrEnum):
    """How a sample was analysed. Scope, limits and category of each stand in app/readings/methods.toml."""

    REAGENT = "reagent"
    STRIP = "strip"
    TLC = "tlc"
    UV = "uv"
    FTIR = "ftir"
    RAMAN = "raman"
    DART_MS = "dart_ms"
    AMBIENT_MS = "ambient_ms"
    LC_UV = "lc_uv"
    LC_MS = "lc_ms"
    GC_MS = "gc_ms"
    GC_FID = "gc_fid"
    QNMR = "qnmr"
    VISUAL = "visual"


class AnalysisStatus(StrEnum):
    """How the analysis went."""

    OK = "ok"
    REPEAT = "repeat"
    CONTAMINATED = "contaminated"
    INSUFFICIENT_SAMPLE = "insufficient_sample"
    INSTRUMENT_FAULT = "instrument_fault"


class StripReading(StrEnum):
    """A strip is never a boolean."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    FAINT = "faint"
    INVALID = "invalid"


class UploadState(StrEnum):
    """Where an uploaded file stands."""

    WAITING = "waiting"
    READ = "read"
    REFUSED = "refused"
    ASKS = "asks"
