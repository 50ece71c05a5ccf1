"""Harm-reduction messages: `evaluate(pack, facts, context, locale, now) → Page`, a pure function.

Nothing here is clinical advice until two clinicians have signed the pack; until then every page says so.
Imports no web, no ORM, nothing of `app`, `spectra` or `instruments`; see docs/methods/messages.md.
"""

from harm_messages.adjusting import Adjustments, snippets_of
from harm_messages.answer import answer_of, closed, logged
from harm_messages.case import CaseError, read_case
from harm_messages.check import check, check_files, quick_check
from harm_messages.emergency import Help, help_for_anyone
from harm_messages.errors import Problem
from harm_messages.evaluate import evaluate
from harm_messages.evidence import Evidence
from harm_messages.files import pack_files
from harm_messages.loading import load_pack
from harm_messages.pack import Pack
from harm_messages.page import EmergencyLine, Message, Page
from harm_messages.register import Match, MatchKind, Register, RegisterFact, Substance
from harm_messages.roles import derive_role
from harm_messages.schema import SCHEMA_NAMES, case_schema, json_schema, schema_files
from harm_messages.staffing_types import AlertProposal, StaffAction
from harm_messages.texts import stamped
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
    FindingRole,
    Form,
    GateClosed,
    HarmMessageError,
    LicenceMode,
    Outcome,
    PackError,
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
from harm_messages.verdicts import derive_outcome, derive_verdict, whole_of
from harm_messages.vocabulary import Family, State, Technique

__all__ = [
    "SCHEMA_NAMES",
    "Abundance",
    "Adjustments",
    "AlertFact",
    "AlertProposal",
    "AmountFact",
    "Band",
    "Basis",
    "CaseError",
    "Confidence",
    "Context",
    "EmergencyLine",
    "Evidence",
    "Facts",
    "Family",
    "FindingFact",
    "FindingRole",
    "Form",
    "GateClosed",
    "HarmMessageError",
    "Help",
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
    "RunStatus",
    "ScopeFact",
    "Severity",
    "Slot",
    "StaffAction",
    "State",
    "StripFact",
    "StripReading",
    "Substance",
    "Technique",
    "Unit",
    "UnknownSubstance",
    "Verdict",
    "answer_of",
    "case_schema",
    "check",
    "check_files",
    "closed",
    "derive_outcome",
    "derive_role",
    "derive_verdict",
    "evaluate",
    "help_for_anyone",
    "json_schema",
    "load_pack",
    "logged",
    "pack_files",
    "quick_check",
    "read_case",
    "schema_files",
    "snippets_of",
    "stamped",
    "whole_of",
]
