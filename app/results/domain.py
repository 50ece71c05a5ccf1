"""Findings and the states of a result. Pure: the table of transitions and its guards stand side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from app.platform.kernel.actor import Role


class State(StrEnum):
    """States of one result version."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    VERIFIED = "verified"
    RELEASED = "released"
    AMENDED = "amended"
    RETRACTED = "retracted"


class Action(StrEnum):
    """What a person may do to a result version."""

    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    RETURN = "return"
    VERIFY = "verify"
    RELEASE = "release"
    AMEND = "amend"
    RETRACT = "retract"


class Grade(StrEnum):
    """Screening: one trained operator. Confirmed: a second person or a laboratory method."""

    SCREENING = "screening"
    CONFIRMED = "confirmed"


class Abundance(StrEnum):
    """How much of it, in words."""

    MAJOR = "major"
    MINOR = "minor"
    TRACE = "trace"
    INDICATION = "indication"
    PRESENT_UNQUANTIFIED = "present_unquantified"
    NOT_DETECTED = "not_detected"


class Confidence(StrEnum):
    """How sure, after SWGDRUG."""

    CONFIRMED = "confirmed"
    INDICATED = "indicated"
    CLASS_ONLY = "class_only"
    TENTATIVE = "tentative"


class FindingRole(StrEnum):
    """What it is to what was expected."""

    EXPECTED = "expected"
    SUBSTITUTE = "substitute"
    ADULTERANT = "adulterant"
    BYPRODUCT = "byproduct"
    CUTTING = "cutting"
    EXCIPIENT = "excipient"
    UNSTATED = "unstated"


class Verdict(StrEnum):
    """How it compares with what was expected. Never a word of reassurance."""

    AS_EXPECTED = "as_expected"
    EXPECTED_PLUS_INERT = "expected_plus_inert"
    EXPECTED_PLUS_ACTIVE = "expected_plus_active"
    PARTLY_AS_EXPECTED = "partly_as_expected"
    NOT_AS_EXPECTED = "not_as_expected"
    NOTHING_DETECTED = "nothing_detected"
    INCONCLUSIVE = "inconclusive"
    NO_EXPECTATION = "no_expectation"


class Outcome(StrEnum):
    """What the whole of the analyses came to."""

    IDENTIFIED = "identified"
    PARTLY_IDENTIFIED = "partly_identified"
    NOTHING_FOUND = "nothing_found"
    INCONCLUSIVE = "inconclusive"
    INSUFFICIENT = "insufficient"
    PENDING = "pending"


class AmountUnit(StrEnum):
    """Units an amount may have."""

    PERCENT_WW = "percent_ww"
    MG_PER_UNIT = "mg_per_unit"
    MG_PER_ML = "mg_per_ml"
    UG_PER_BLOTTER = "ug_per_blotter"
    RATIO = "ratio"


class Basis(StrEnum):
    """Which form of the substance the amount counts. MDMA hydrochloride reads 84 % as base."""

    BASE = "base"
    HYDROCHLORIDE = "hydrochloride"
    OTHER_SALT = "other_salt"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the guards may look at: nothing else decides."""

    state: State
    actor_id: UUID | None
    actor_roles: frozenset[Role]
    author_id: UUID | None
    verifier_id: UUID | None = None
    finding_count: int = 0
    says_nothing_found: bool = False
    reason: str = ""
    screening_single: bool = False
    qc_failed: bool = False
    instruments_overdue: tuple[str, ...] = ()
    override_reason: str = ""
    methods_inactive: tuple[str, ...] = ()
    files_waiting: int = 0
    individual_results: bool = True
    analysis_consent: bool = True
    sample_withdrawn: bool = False
    warnings: tuple[str, ...] = field(default=())


Guard = Callable[[Circumstances], str | None]


def _has_content(c: Circumstances) -> str | None:
    if c.finding_count == 0 and not c.says_nothing_found:
        return "There is no finding yet. Add one, or say that nothing was found."
    return None


def _files_read(c: Circumstances) -> str | None:
    if c.files_waiting:
        return f"{c.files_waiting} uploaded file(s) are still being read or wait for an answer."
    return None


def _is_author(c: Circumstances) -> str | None:
    if c.actor_id != c.author_id:
        return "Only the person who wrote these findings can take them back."
    return None


def _not_author(c: Circumstances) -> str | None:
    if c.actor_id is not None and c.actor_id == c.author_id and not c.screening_single:
        return "You wrote these findings, so another person has to verify them."
    return None


def _not_author_release(c: Circumstances) -> str | None:
    if c.actor_id is not None and c.actor_id == c.author_id and not c.screening_single:
        return "You wrote these findings, so another person has to release them."
    return None


def _reason_given(c: Circumstances) -> str | None:
    return None if c.reason.strip() else "Say why, in a few words: the reason is kept with the result."


def _qc_passed(c: Circumstances) -> str | None:
    return "The blank or control of this batch failed. Repeat the batch first." if c.qc_failed else None


def _instrument_in_date(c: Circumstances) -> str | None:
    if c.instruments_overdue and not c.override_reason.strip():
        return (
            f"The certificate of {', '.join(c.instruments_overdue)} has run out. "
            "Use another instrument, or give a reason to go on."
        )
    return None


def _method_active(c: Circumstances) -> str | None:
    if c.methods_inactive:
        return f"The method version {', '.join(c.methods_inactive)} is no longer in use. Repeat with the current one."
    return None


def _licence_allows(c: Circumstances) -> str | None:
    if not c.individual_results:
        return "This session is back of house: its licence allows no individual results, so none can be released."
    return None


def _consent_given(c: Circumstances) -> str | None:
    return None if c.analysis_consent else "Consent to analysis was not given for this sample."


def _sample_present(c: Circumstances) -> str | None:
    return "The client has withdrawn this sample." if c.sample_withdrawn else None


@dataclass(frozen=True, slots=True)
class Transition:
    """One allowed step: from `source` by `action` to `target`, for `roles`, if every guard is silent."""

    source: State
    action: Action
    target: State
    roles: frozenset[Role]
    guards: tuple[Guard, ...]


_BENCH = frozenset({Role.CHEMIST, Role.VERIFIER})
_CHECK = frozenset({Role.VERIFIER})
_LEAD = frozenset({Role.SESSION_LEAD})
_QUALITY: tuple[Guard, ...] = (_sample_present, _qc_passed, _instrument_in_date, _method_active)

TRANSITIONS: tuple[Transition, ...] = (
    Transition(State.DRAFT, Action.SUBMIT, State.SUBMITTED, _BENCH, (_sample_present, _has_content, _files_read, _method_active)),
    Transition(State.SUBMITTED, Action.WITHDRAW, State.WITHDRAWN, _BENCH, (_is_author,)),
    Transition(State.SUBMITTED, Action.RETURN, State.RETURNED, _CHECK, (_not_author, _reason_given)),
    Transition(State.SUBMITTED, Action.VERIFY, State.VERIFIED, _CHECK, (_not_author, *_QUALITY)),
    Transition(State.VERIFIED, Action.RETURN, State.RETURNED, _CHECK | _LEAD, (_reason_given,)),
    Transition(State.VERIFIED, Action.RELEASE, State.RELEASED, _LEAD, (_licence_allows, _not_author_release, _consent_given, *_QUALITY)),
    Transition(State.RELEASED, Action.AMEND, State.AMENDED, _BENCH, (_sample_present, _reason_given)),
    Transition(State.RELEASED, Action.RETRACT, State.RETRACTED, _LEAD, (_reason_given,)),
)  # fmt: skip

_BY_STEP = {(t.source, t.action): t for t in TRANSITIONS}


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the step may be taken, where it leads, and every reason why not."""

    allowed: bool
    target: State | None
    reasons: tuple[str, ...] = ()


def decide(action: Action, c: Circumstances) -> Decision:
    """Look the step up and ask every guard; all reasons are given at once, not just the first."""
    step = _BY_STEP.get((c.state, action))
    if step is None:
        return Decision(False, None, (f"A result that is {c.state.value} cannot be {PAST[action]}.",))
    reasons = [] if c.actor_roles & step.roles else [f"Your role may not {action.value} results."]
    reasons += [text for guard in step.guards if (text := guard(c))]
    return Decision(not reasons, step.target if not reasons else None, tuple(reasons))


PAST: dict[Action, str] = {
    Action.SUBMIT: "submitted",
    Action.WITHDRAW: "withdrawn",
    Action.RETURN: "returned",
    Action.VERIFY: "verified",
    Action.RELEASE: "released",
    Action.AMEND: "amended",
    Action.RETRACT: "retracted",
}
