"""The words of results and the states of a version. Pure: the transitions and their guards stand side by side.

    draft ─submit→ submitted ─verify→ verified ─release→ released ─amend→ amended (still shown until the next release)
                       │ withdraw → withdrawn  │ return → returned   └retract→ retracted (no longer shown)
                       └ return → returned

A version is never edited after it was submitted: what follows a return, withdrawal, amendment or retraction is a
new version. What a finding must hold stands in `finding.py`, how sure one may be in `derivation.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.platform.kernel.actor import ROLE_WORDS, Role
from app.platform.kernel.worded import Worded


class State(Worded):
    """States of one result version."""

    DRAFT = "draft", "draft"
    SUBMITTED = "submitted", "awaiting verification"
    RETURNED = "returned", "returned"
    WITHDRAWN = "withdrawn", "recalled"
    VERIFIED = "verified", "ready to release"
    RELEASED = "released", "released"
    AMENDED = "amended", "being amended"
    RETRACTED = "retracted", "retracted"


class Action(Worded):
    """What a person may do to a result version."""

    SUBMIT = "submit", "Submit for verification"
    WITHDRAW = "withdraw", "Recall submission"
    RETURN = "return", "Return with a reason"
    VERIFY = "verify", "Verify these findings"
    RELEASE = "release", "Release to client"
    AMEND = "amend", "Amend result"
    RETRACT = "retract", "Retract from client"


class ChangeReason(Worded):
    """Why a released result changes, in kinds: a client reads a fixed sentence, never what staff typed."""

    MORE_TESTS = "more_tests", "We did more tests."
    CORRECTION = "correction", "We found a mistake and corrected it."
    MIX_UP = "mix_up", "Two samples were mixed up."
    KNOWN_BETTER = "known_better", "We now know more about this substance."


class Grade(Worded):
    """Screening: one trained operator. Confirmed: a second person or a laboratory method."""

    SCREENING = "screening", "screening, by one operator"
    CONFIRMED = "confirmed", "confirmed, by a second person or a laboratory method"


class NameState(StrEnum):
    """What became of a substance a spectrum names."""

    RECORDED = "recorded"
    DISMISSED = "dismissed"
    OPEN = "open"


class DismissReason(Worded):
    """Why a named substance is no finding. Other says why in a few words."""

    CARRY_OVER = "carry_over", "Carry-over, or in the blank"
    ADDED = "added", "Internal standard or solvent"
    BELOW_REPORTING = "below_reporting", "Below what we report"
    WRONG_MATCH = "wrong_match", "Wrong match on review"
    OTHER = "other", "Other"


@dataclass(frozen=True, slots=True)
class StepFacts:
    """What the guards may look at: nothing else decides."""

    state: State
    actor_id: UUID | None
    actor_roles: frozenset[Role]
    author_ids: frozenset[UUID]
    finding_count: int = 0
    analysis_count: int = 1
    says_nothing_found: bool = False
    reason: str = ""
    screening_single: bool = False
    qc_failed: bool = False
    instruments_overdue: tuple[str, ...] = ()
    override_reason: str = ""
    methods_inactive: tuple[str, ...] = ()
    files_waiting: int = 0
    files_unseen: tuple[str, ...] = ()
    strips_unanswered: tuple[str, ...] = ()
    names_open: tuple[str, ...] = ()
    accept_open: bool = False
    answer_waits: bool = False
    questions_open: tuple[str, ...] = ()
    individual_results: bool = True
    analysis_consent: bool = True
    sample_withdrawn: bool = False
    superseded: bool = False
    analyses_changed: bool = False

    @property
    def is_author(self) -> bool:
        """Whether the person who acts wrote any of these findings."""
        return self.actor_id is not None and self.actor_id in self.author_ids


Guard = Callable[[StepFacts], str | None]


def has_content(c: StepFacts) -> str | None:
    """Something must be said: a finding, or that nothing was found."""
    if c.finding_count == 0 and not c.says_nothing_found:
        return "No finding yet. Add one, or record “nothing detected”."
    if not c.analysis_count:
        return "No analysis is recorded for this sample yet."
    return None


def files_read(c: StepFacts) -> str | None:
    """No file may still be on its way: it could change what is found."""
    if c.files_waiting:
        files = "1 uploaded file is" if c.files_waiting == 1 else f"{c.files_waiting} uploaded files are"
        return f"{files} still being read or waiting for an answer."
    return None


def warnings_seen(c: StepFacts) -> str | None:
    """What a reader warned of may change what is found, so someone has looked at it."""
    if c.files_unseen:
        have = "has warnings" if len(c.files_unseen) == 1 else "have warnings"
        return (
            f"{' and '.join(c.files_unseen)} {have} nobody has checked. Open the spectrum and mark them as "
            "checked, or correct the settings."
        )
    return None


def strips_answered(c: StepFacts) -> str | None:
    """A positive strip may be weak evidence, but it is never passed over in silence."""
    if c.strips_unanswered:
        return (
            f"The strip for {' and '.join(c.strips_unanswered)} is positive, but no finding mentions it. "
            "Add it as found by the strip, or as not detected by a more sensitive method."
        )
    return None


def names_answered(c: StepFacts) -> str | None:
    """What a spectrum names is recorded or dismissed, or someone says that it stays open."""
    if not c.names_open or c.accept_open:
        return None
    it, stays = ("it", "it stays") if len(c.names_open) == 1 else ("each", "they stay")
    mend = f"Record or dismiss {it}" if c.state is State.DRAFT else "Return the result"
    return f"Named by a spectrum and still open: {', '.join(c.names_open)}. {mend}, or confirm that {stays} open."


def answer_made(c: StepFacts) -> str | None:
    """What follows from all readings together must be known before findings rest on it."""
    return "The answer of the whole sample is being worked out. It takes a few seconds." if c.answer_waits else None


def questions_answered(c: StepFacts) -> str | None:
    """What readings ask together is answered by a person before a client reads the result."""
    if not c.questions_open:
        return None
    more = f" and {len(c.questions_open) - 1} more" if len(c.questions_open) > 1 else ""
    return f"A question of the Sample tab is open{more}: {c.questions_open[0]}"


def _another(does: str) -> Guard:
    """Four eyes, unless the session's policy allows one trained operator: who wrote it takes no step that checks it."""

    def guard(c: StepFacts) -> str | None:
        if c.is_author and not c.screening_single:
            return f"You wrote these findings. Someone else must {does} them."
        return None

    return guard


def instrument_in_date(c: StepFacts) -> str | None:
    """Out of date may be overridden, with a reason."""
    if c.instruments_overdue and not c.override_reason.strip():
        return (
            f"The certificate of {', '.join(c.instruments_overdue)} has expired. "
            "Use another instrument, or enter a reason to continue."
        )
    return None


def method_active(c: StepFacts) -> str | None:
    """A withdrawn method version carries no result."""
    if c.methods_inactive:
        return f"The method version {', '.join(c.methods_inactive)} is no longer in use. Repeat with the current one."
    return None


def _refuses(words: str, where: Callable[[StepFacts], bool]) -> Guard:
    return lambda c: words if where(c) else None


analyses_unchanged = _refuses(
    "The analyses or what was expected changed since these findings were submitted. Return them and submit again.",
    lambda c: c.analyses_changed,
)
by_author = _refuses("Only someone who wrote these findings can recall them.", lambda c: not c.is_author)
another_returns = _refuses("You wrote these findings. Recall them instead of returning them.", lambda c: c.is_author)
reason_given = _refuses("Enter a reason. It is kept with the result.", lambda c: not c.reason.strip())
qc_passed = _refuses("The blank or control of this batch failed. Repeat the batch first.", lambda c: c.qc_failed)
licence_allows = _refuses(
    "This session is back of house. Its licence does not allow individual results.",
    lambda c: not c.individual_results,
)
consent_given = _refuses(
    "Consent to analysis is not recorded for this sample. Ask the client and record the answer first.",
    lambda c: not c.analysis_consent,
)
sample_present = _refuses("The client has withdrawn this sample.", lambda c: c.sample_withdrawn)
still_shown = _refuses("A newer version has been released since. Retract that one.", lambda c: c.superseded)

ASKS: dict[Guard, str] = {
    reason_given: "reason", instrument_in_date: "override_reason", names_answered: "accept_open",
}  # fmt: skip
"""Guards that fall silent when the person fills in a field: a screen shows the field, not a grey button."""


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
_READY: tuple[Guard, ...] = (
    sample_present,
    has_content,
    files_read,
    warnings_seen,
    answer_made,
    strips_answered,
    names_answered,
    method_active,
)
_QUALITY: tuple[Guard, ...] = (
    sample_present,
    files_read,
    warnings_seen,
    strips_answered,
    questions_answered,
    analyses_unchanged,
    qc_passed,
    instrument_in_date,
    method_active,
)
_RELEASE: tuple[Guard, ...] = (licence_allows, _another("release"), consent_given, *_QUALITY)
_RETRACT: tuple[Guard, ...] = (still_shown, reason_given)

TRANSITIONS: tuple[Transition, ...] = (
    Transition(State.DRAFT, Action.SUBMIT, State.SUBMITTED, _BENCH, _READY),
    Transition(State.SUBMITTED, Action.WITHDRAW, State.WITHDRAWN, _BENCH, (by_author,)),
    Transition(State.SUBMITTED, Action.RETURN, State.RETURNED, _CHECK, (another_returns, reason_given)),
    Transition(State.SUBMITTED, Action.VERIFY, State.VERIFIED, _CHECK, (_another("verify"), names_answered, *_QUALITY)),
    Transition(State.VERIFIED, Action.RETURN, State.RETURNED, _CHECK | _LEAD, (reason_given,)),
    Transition(State.VERIFIED, Action.RELEASE, State.RELEASED, _LEAD, _RELEASE),
    Transition(State.RELEASED, Action.AMEND, State.AMENDED, _BENCH, (sample_present, reason_given)),
    Transition(State.RELEASED, Action.RETRACT, State.RETRACTED, _LEAD, _RETRACT),
    Transition(State.AMENDED, Action.RETRACT, State.RETRACTED, _LEAD, _RETRACT),
)

_BY_STEP = {(t.source, t.action): t for t in TRANSITIONS}

SUCCEEDED: frozenset[State] = frozenset({State.RETURNED, State.WITHDRAWN, State.AMENDED, State.RETRACTED})
"""States after which a new draft may begin. While one is drafted, submitted, verified or released there is none."""

PAST: dict[Action, str] = {
    Action.SUBMIT: "submitted",
    Action.WITHDRAW: "recalled",
    Action.RETURN: "returned",
    Action.VERIFY: "verified",
    Action.RELEASE: "released",
    Action.AMEND: "amended",
    Action.RETRACT: "retracted",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the step may be taken, where it leads, and every reason why not."""

    allowed: bool
    target: State | None
    reasons: tuple[str, ...] = ()
    blocking: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()

    @property
    def offered(self) -> bool:
        """Nothing stands in the way but fields the person can fill in (`asks`)."""
        return not self.blocking


def decide(action: Action, c: StepFacts) -> Decision:
    """Look the step up and ask every guard; all reasons are given at once, not just the first."""
    step = _BY_STEP.get((c.state, action))
    if step is None:
        reason = (f"A result that is {c.state.value} cannot be {PAST[action]}.",)
        return Decision(False, None, reason, reason)
    blocking, reasons, asks = [], [], []
    if not c.actor_roles & step.roles:
        who = " or ".join(sorted(ROLE_WORDS[role].lower() for role in step.roles))
        blocking.append(f"Only a {who} can do this.")
    for guard in step.guards:
        text = guard(c)
        if text and guard in ASKS:
            reasons.append(text)
            asks.append(ASKS[guard])
        elif text:
            blocking.append(text)
    every = (*blocking, *reasons)
    return Decision(not every, None if every else step.target, every, tuple(blocking), tuple(asks))


def steps_from(state: State) -> tuple[Action, ...]:
    """Actions a version in this state could take at all, in the order of the road."""
    return tuple(t.action for t in TRANSITIONS if t.source is state)


def grade_of(*, second_person: bool, laboratory_method: bool) -> Grade:
    """Confirmed by a second person or a laboratory method; else screening, and the wording says so."""
    return Grade.CONFIRMED if second_person or laboratory_method else Grade.SCREENING
