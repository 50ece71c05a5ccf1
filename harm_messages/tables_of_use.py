"""The tables that decide what may be said about taking a drug: dosing rows, usual doses, families, staff actions.

Every number marked as proposed waits for two clinicians. Imports pydantic and this package's vocabulary only.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from harm_messages.content import Sourced, StrictBool
from harm_messages.types import Basis, Confidence, Form, Frozen
from harm_messages.vocabulary import DosingTag, Family

Where = Literal["page", "more"]
# The conditions that no class can state: they are worked out from what the tests did.
Condition = Literal["unknown", "adulterated", "measured", "expected", "opioid_expected"]


class DosingRow(Sourced):
    """One row of the dosing table. What no row allows is left out; `say` stands on the page as the action line or
    under safer use. `only_forms`: the row holds in these forms alone. `no_use`: the page holds no word on how to take it; `deadly`:
    it kills in small amounts, so it is never "as you expected"."""

    id: str
    classes: tuple[str, ...] = ()
    substances: tuple[str, ...] = ()
    not_substances: tuple[str, ...] = ()
    only_forms: tuple[Form, ...] = ()
    condition: Condition | None = None
    allow: dict[DosingTag, Where] = Field(default_factory=dict)
    say: str = ""
    no_use: StrictBool = False
    deadly: StrictBool = False


class Dosing(Frozen):
    """dosing.yaml: the rows from the strictest to the mildest, and by language the words that make a sentence one.

    `ways`: words of a way to take it that needs no tag ("take far less"); a page whose row has `no_use` leaves them out.
    `injecting`: words about needles, which are left out where any amount can be too much.
    """

    patterns: dict[str, dict[DosingTag, tuple[str, ...]]]
    ways: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    injecting: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    rows: tuple[DosingRow, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> Dosing:
        """The row for what nobody knows must be there: a class in no row takes it."""
        if [r.id for r in self.rows if r.condition == "unknown"] == []:
            raise ValueError("There must be a row with “condition: unknown”: a class in no other row takes it.")
        return self


class DoseRow(Sourced):
    """One usual adult amount of a substance, for two clinicians to sign."""

    substance: str
    usual_dose_mg: float = Field(gt=0)
    basis: Basis = Basis.UNKNOWN
    onset_min: float | None = Field(default=None, ge=0)
    longest_onset_min: float | None = Field(default=None, ge=0)
    status: Literal["proposed", "approved"]


class UnitMass(Sourced):
    """The usual mass of one unit of a form, mg; for powders and crystals what the rule calls 100 mg."""

    form: Form
    mg: float = Field(gt=0)
    status: Literal["proposed", "approved"] = "proposed"


class Doses(Frozen):
    """doses.yaml: usual amounts, usual masses of a unit, and the salt in which a substance is sold."""

    doses: tuple[DoseRow, ...] = ()
    unit_mass_mg: tuple[UnitMass, ...] = ()
    usual_salt: dict[str, Literal["hydrochloride", "sulfate", "base", "tartrate", "phosphate", "citrate"]] = Field(
        default_factory=dict
    )


class Fallback(Frozen):
    """What stands in for a message of this family that was withdrawn, and the help that comes with it."""

    message: str
    emergency: tuple[str, ...] = Field(min_length=1)


class Families(Frozen):
    """families.yaml: what each class does to a body, and per family the signs, the joint sentence and the fallback.
    `on_the_card`: by language the words of a line that never waits behind More, whichever message leads the card; `in_sight`:
    of a paragraph that stands wherever its message leads."""

    classes: dict[str, Family]
    substances: dict[str, Family] = Field(default_factory=dict)
    signs: dict[Family, tuple[str, ...]]
    together: dict[Family, str]
    on_the_card: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    in_sight: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    fallbacks: dict[Family, Fallback]


class StaffRow(Sourced):
    """What staff are asked to do about a group of drugs, by how firm the evidence is.

    `unexpected`: only where it was not expected; `or_forms`: or in one of these forms. `band`: the amount lies in
    this band. Each level lists actions such as tell_lead_now, propose_alert:T1, hold_alert:T2.
    """

    id: str
    classes: tuple[str, ...] = ()
    substances: tuple[str, ...] = ()
    unexpected: StrictBool = False
    or_forms: tuple[Form, ...] = ()
    expected_instead: tuple[str, ...] = ()
    band: tuple[str, ...] = ()
    tentative: tuple[str, ...] = ()
    indicated: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    confirmed_with_harm: tuple[str, ...] = ()

    def actions(self, confidence: Confidence, with_harm: bool) -> tuple[str, ...]:
        """What is asked at this evidence; a strip and a colour test count as tentative."""
        if confidence is Confidence.CONFIRMED:
            return self.confirmed_with_harm if with_harm else self.confirmed
        return self.indicated if confidence is Confidence.INDICATED else self.tentative

    @model_validator(mode="after")
    def _first_tier_with_every_second(self) -> StaffRow:
        """T2 alone is a fault: anyone who stands beside the person must hear of it first."""
        for actions in (self.tentative, self.indicated, self.confirmed, self.confirmed_with_harm):
            if any(a.endswith(":T2") for a in actions) and "propose_alert:T1" not in actions:
                raise ValueError(f"{self.id}: T1 is proposed whenever T2 is")
        return self
