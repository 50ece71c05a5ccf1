"""What kinds of session there are and what the licence allows at each. Pure."""

from __future__ import annotations

from enum import StrEnum


class ServiceType(StrEnum):
    """Where the service meets people."""

    FESTIVAL = "festival"
    CITY_CLINIC = "city_clinic"
    FIXED_SITE = "fixed_site"
    POSTAL = "postal"
    AGENCY_REFERRAL = "agency_referral"
    AMNESTY_BIN = "amnesty_bin"


class LicenceMode(StrEnum):
    """What the Home Office licence of this session allows to be told to whom."""

    FOH_GENERAL = "foh_general"
    FOH_DEPENDENT_ADULT = "foh_dependent_adult"
    BOH_NO_INDIVIDUAL_RESULTS = "boh_no_individual_results"

    @property
    def individual_results(self) -> bool:
        """Whether an individual result may ever be shown to a client."""
        return self is not LicenceMode.BOH_NO_INDIVIDUAL_RESULTS


LICENCE_WORDS: dict[LicenceMode, str] = {
    LicenceMode.FOH_GENERAL: "Front of house: results to any adult client",
    LicenceMode.FOH_DEPENDENT_ADULT: "Front of house: results to adults counted as dependent users only",
    LicenceMode.BOH_NO_INDIVIDUAL_RESULTS: "Back of house: no individual results to anybody",
}
