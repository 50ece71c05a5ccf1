"""What staff are asked to do, as values. Imports this package's types only."""

from __future__ import annotations

from harm_messages.types import Frozen


class AlertProposal(Frozen):
    """One alert that staff are asked to look at. `held`: a draft that waits for better evidence. `evidence` names the
    state in the client's words (never found or confirmed below confirmed), `lacking` what would make it firm."""

    tier: str
    held: bool
    group: str
    about: tuple[str, ...]
    evidence: str
    lacking: str


class StaffAction(Frozen):
    """One thing to do and what asks for it: a rule, a row of staff.yaml, a strip, or a test that did not work."""

    action: str
    causes: tuple[str, ...]
