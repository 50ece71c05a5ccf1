"""Words of results for screens: one place, so that a state reads the same everywhere. Pure."""

from __future__ import annotations

from app.results.domain import Action, ChangeReason, DismissReason, State
from app.results.finding import Amount
from harm_messages.vocabulary import Abundance, Basis, Confidence, FindingRole, Outcome, Unit, Verdict

STATE_WORDS: dict[State | None, str] = {None: "awaiting analysis"} | {one: one.words for one in State}

DONE_WORDS: dict[Action, str] = {
    Action.SUBMIT: "Awaiting verification.",
    Action.WITHDRAW: "Submission recalled. Begin a new draft to change the findings.",
    Action.RETURN: "Returned to the authors with your reason.",
    Action.VERIFY: "Verified. Ready to release.",
    Action.RELEASE: "Released. The client can see it now.",
    Action.AMEND: "New draft started. Until you release it, the client sees the old result, marked as under review.",
    Action.RETRACT: "Retracted. The client’s page says so now.",
}

VERDICT_WORDS: dict[Verdict, str] = {
    Verdict.AS_EXPECTED: "As expected",
    Verdict.EXPECTED_PLUS_INERT: "As expected, with a cutting agent",
    Verdict.EXPECTED_PLUS_ACTIVE: "As expected, with another drug",
    Verdict.PARTLY_AS_EXPECTED: "Partly as expected",
    Verdict.NOT_AS_EXPECTED: "Not as expected",
    Verdict.NOTHING_DETECTED: "Nothing seen above the limits",
    Verdict.INCONCLUSIVE: "Inconclusive",
    Verdict.NO_EXPECTATION: "Nothing was expected",
}

OUTCOME_WORDS: dict[Outcome, str] = {
    Outcome.IDENTIFIED: "identified",
    Outcome.PARTLY_IDENTIFIED: "partly identified",
    Outcome.NOTHING_FOUND: "nothing found by any planned method",
    Outcome.NOT_TESTED_FOR_EXPECTED: "not tested for what was expected",
    Outcome.INCONCLUSIVE: "inconclusive",
    Outcome.INSUFFICIENT: "too little sample",
    Outcome.PENDING: "a method is still running",
}

CHANGE_WORDS = {one: one.words for one in ChangeReason}

DISMISS_WORDS = {one: one.words for one in DismissReason}

ABUNDANCE_WORDS: dict[Abundance, str] = {
    Abundance.MAJOR: "major",
    Abundance.MINOR: "minor",
    Abundance.TRACE: "trace",
    Abundance.INDICATION: "indication",
    Abundance.PRESENT_UNQUANTIFIED: "present, not quantified",
    Abundance.NOT_DETECTED: "not detected",
}

CONFIDENCE_WORDS: dict[Confidence, str] = {
    Confidence.CONFIRMED: "confirmed",
    Confidence.INDICATED: "indicated",
    Confidence.CLASS_ONLY: "class only",
    Confidence.TENTATIVE: "tentative",
}

ROLE_WORDS: dict[FindingRole, str] = {
    FindingRole.EXPECTED: "expected",
    FindingRole.SUBSTITUTE: "in place of what was expected",
    FindingRole.ADULTERANT: "besides what was expected",
    FindingRole.BYPRODUCT: "by-product",
    FindingRole.CUTTING: "cutting agent",
    FindingRole.EXCIPIENT: "excipient",
    FindingRole.UNSTATED: "",
}

UNIT_WORDS: dict[Unit, str] = {
    Unit.PERCENT: "% w/w",
    Unit.MG_PER_UNIT: "mg per unit",
    Unit.MG_PER_ML: "mg/mL",
    Unit.UG_PER_BLOTTER: "µg per blotter",
    Unit.RATIO: "ratio",
}

BASIS_WORDS: dict[Basis, str] = {
    Basis.BASE: "as base",
    Basis.HYDROCHLORIDE: "as hydrochloride",
    Basis.OTHER_SALT: "as another salt",
    Basis.UNKNOWN: "basis not known",
}


def figure(value: float) -> str:
    """A number without an exponent or trailing zeros."""
    return f"{value:.6g}"


def amount_words(amount: Amount | None) -> str:
    """`71 % w/w (67 to 75, k = 2) as hydrochloride`, or nothing where nothing was measured."""
    if amount is None:
        return ""
    low, high = amount.low, amount.high
    interval = "" if low is None or high is None else f" ({figure(low)} to {figure(high)}, k = {figure(amount.k)})"
    return f"{figure(amount.value)}\u00a0{UNIT_WORDS[amount.unit]}{interval} {BASIS_WORDS[amount.basis]}"
