"""Harm-reduction messages: `evaluate(pack, facts, context, locale, now) → Page`, a pure function.

Nothing here is clinical advice until two clinicians have signed the pack; until then every page says so.
Imports no web, no ORM, nothing of `app`, `spectra` or `instruments`; see docs/methods/messages.md.
"""

from harm_messages.check import check
from harm_messages.evaluate import evaluate
from harm_messages.loading import load_pack
from harm_messages.pack import Pack
from harm_messages.page import EmergencyLine, Message, Page
from harm_messages.register import Match, MatchKind, Register, RegisterFact, Substance
from harm_messages.roles import derive_role
from harm_messages.schema import json_schema
from harm_messages.structure import Problem
from harm_messages.types import (
    Abundance,
    AlertFact,
    AmountFact,
    Band,
    Basis,
    Confidence,
    Context,
    Facts,
    FindingFact,
    Form,
    GateClosed,
    HarmMessageError,
    LicenceMode,
    Outcome,
    PackError,
    Role,
    RunStatus,
    ScopeFact,
    Severity,
    Slot,
    StripFact,
    StripReading,
    Unit,
    UnknownSubstance,
    Verdict,
)
from harm_messages.verdicts import derive_confidence, derive_outcome, derive_verdict

__all__ = [
    "Abundance",
    "AlertFact",
    "AmountFact",
    "Band",
    "Basis",
    "Confidence",
    "Context",
    "EmergencyLine",
    "Facts",
    "FindingFact",
    "Form",
    "GateClosed",
    "HarmMessageError",
    "LicenceMode",
    "Match",
    "MatchKind",
    "Message",
    "Outcome",
    "Pack",
    "PackError",
    "Page",
    "Problem",
    "Register",
    "RegisterFact",
    "Role",
    "RunStatus",
    "ScopeFact",
    "Severity",
    "Slot",
    "StripFact",
    "StripReading",
    "Substance",
    "Unit",
    "UnknownSubstance",
    "Verdict",
    "check",
    "derive_confidence",
    "derive_outcome",
    "derive_role",
    "derive_verdict",
    "evaluate",
    "json_schema",
    "load_pack",
]
