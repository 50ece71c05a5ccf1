"""One finding with everything that was derived about it: what rules match on and pages speak of.

Imports this package only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harm_messages.types import Band, Confidence, FindingFact, FindingRole
from harm_messages.vocabulary import Family, Technique

Source = Literal["result", "declared", "warned"]
"""Why something stands on a page: a test showed it, the person said it and nothing tested it, or a warning is about it."""


@dataclass(frozen=True, slots=True)
class DerivedFinding:
    """One finding with everything derived about it. `substance` is None when only the class is known; `unknown`: it was
    seen, but nobody could name it; `source` other than result: no test showed it; `technique`: the best test behind it."""

    fact: FindingFact
    substance: str | None
    drug_class: str
    confidence: Confidence
    unknown: bool
    name: str
    name_with_class: str
    role: FindingRole
    band: Band
    psychoactive: bool
    differs: bool
    always_warn: bool
    family: Family
    technique: Technique
    source: Source = "result"
