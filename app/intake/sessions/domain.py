"""What kinds of session there are and what the licence allows at each. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from harm_messages.vocabulary import LicenceMode


class ServiceType(StrEnum):
    """Where the service meets people."""

    FESTIVAL = "festival"
    CITY_CLINIC = "city_clinic"
    FIXED_SITE = "fixed_site"
    POSTAL = "postal"
    AGENCY_REFERRAL = "agency_referral"
    AMNESTY_BIN = "amnesty_bin"


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
        "Nobody may be told the result of a single sample. No client page opens; findings feed figures and alerts."
    ),
}

SERVICE_WORDS: dict[ServiceType, str] = {
    ServiceType.FESTIVAL: "Festival",
    ServiceType.CITY_CLINIC: "City clinic",
    ServiceType.FIXED_SITE: "Fixed site",
    ServiceType.POSTAL: "By post",
    ServiceType.AGENCY_REFERRAL: "Referral from an agency",
    ServiceType.AMNESTY_BIN: "Amnesty bin",
}

LONGEST = timedelta(days=31)
# Reception may set up and try a label this long before the doors open.
SET_UP = timedelta(hours=12)


class Phase(StrEnum):
    """Where a session stands now."""

    PLANNED = "planned"
    OPEN = "open"
    OVERRUNNING = "overrunning"
    CLOSED = "closed"


PHASE_WORDS: dict[Phase, str] = {
    Phase.PLANNED: "planned",
    Phase.OPEN: "open",
    Phase.OVERRUNNING: "open past its closing time",
    Phase.CLOSED: "closed",
}


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
        return {"closes_at": "Closing has to be after opening."}
    if closes_at - opens_at > LONGEST:
        return {"closes_at": f"A session lasts at most {LONGEST.days} days. Make one for each week instead."}
    return {}
