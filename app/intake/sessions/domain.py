"""What kinds of session there are and what the licence allows at each. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.platform.kernel.worded import Worded
from harm_messages.vocabulary import LicenceMode


class ServiceType(Worded):
    """Where the service meets people."""

    FESTIVAL = "festival", "Festival"
    CITY_CLINIC = "city_clinic", "City clinic"
    FIXED_SITE = "fixed_site", "Fixed site"
    POSTAL = "postal", "By post"
    AGENCY_REFERRAL = "agency_referral", "Referral from an agency"
    AMNESTY_BIN = "amnesty_bin", "Amnesty bin"


LICENCE_WORDS: dict[LicenceMode, str] = {
    LicenceMode.FOH_GENERAL: "Front of house: results to any adult client",
    LicenceMode.FOH_DEPENDENT_ADULT: "Front of house: results to adults counted as dependent users only",
    LicenceMode.BOH_NO_INDIVIDUAL_RESULTS: "Back of house: no individual results to anybody",
}

LICENCE_MEANING: dict[LicenceMode, str] = {
    LicenceMode.FOH_GENERAL: (
        "A client aged 18 or over may be told the result of their own sample, by a worker or by their ticket."
    ),
    LicenceMode.FOH_DEPENDENT_ADULT: (
        "Only an adult who counts as a dependent user may be told their result. Ask before you register."
    ),
    LicenceMode.BOH_NO_INDIVIDUAL_RESULTS: (
        "Nobody may be told the result of a single sample. No client page opens. Findings feed figures and alerts."
    ),
}

LONGEST = timedelta(days=31)
# Reception may set up and try a label this long before the doors open.
SET_UP = timedelta(hours=12)


class Phase(Worded):
    """Where a session stands now."""

    PLANNED = "planned", "planned"
    OPEN = "open", "open"
    OVERRUNNING = "overrunning", "open past its closing time"
    CLOSED = "closed", "closed"


def phase(opens_at: datetime, closes_at: datetime, closed_at: datetime | None, now: datetime) -> Phase:
    """A session is closed by a person, never by the clock: the last client of the night still gets a ticket."""
    if closed_at is not None:
        return Phase.CLOSED
    if now < opens_at - SET_UP:
        return Phase.PLANNED
    return Phase.OPEN if now <= closes_at else Phase.OVERRUNNING


def timing_problems(opens_at: datetime, closes_at: datetime) -> dict[str, str]:
    """What is wrong with the two times, by field."""
    if closes_at <= opens_at:
        return {"closes_at": "Enter a closing time after the opening time."}
    if closes_at - opens_at > LONGEST:
        return {"closes_at": f"A session lasts at most {LONGEST.days} days. Plan one for each week instead."}
    return {}
