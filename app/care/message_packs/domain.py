"""What a version of a message pack may become, and whose signatures count. Pure: no database, no web."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from enum import StrEnum

from app.platform.kernel.worded import Worded


class PackState(Worded):
    """Where a version stands. `shipped` came with the software and is signed by nobody."""

    SHIPPED = "shipped", "unsigned"
    DRAFT = "draft", "draft"
    IN_REVIEW = "in_review", "waiting for signatures"
    APPROVED = "approved", "signed"
    WITHDRAWN = "withdrawn", "withdrawn"
    SET_ASIDE = "set_aside", "set aside"


IN_FORCE = (PackState.APPROVED, PackState.WITHDRAWN)
"""States that can be in force. A withdrawn version stays until a newer one is signed: its pages say so."""


class Target(StrEnum):
    """What is withdrawn."""

    MESSAGE = "message"
    RULE = "rule"
    PACK = "pack"


Withdrawn = frozenset[tuple[Target, str]]
"""What was withdrawn from a version: kind and id (the pack itself has the id "")."""

RULE_OF_SIGNING = (
    "Two people sign the same files. At least one of them is a clinician who changed nothing in this version."
)


def missing_signatures(signed: Collection[tuple[uuid.UUID, bool]], authors: Collection[uuid.UUID]) -> str:
    """What is still missing, as a sentence; "" when the version is approved by the rule of signing.

    `signed`: who signed the files as they are, each with whether it was as a clinician.

    >>> missing_signatures([], ())
    'Two signatures are missing, one of them of a clinician who changed nothing in this version.'
    """
    people = {person for person, _ in signed}
    independent = any(clinician and person not in authors for person, clinician in signed)
    if len(people) >= 2 and independent:
        return ""
    if not people:
        return "Two signatures are missing, one of them of a clinician who changed nothing in this version."
    if independent:
        return "One more signature is missing, of a clinician or a session lead."
    return "The signature of a clinician who changed nothing in this version is missing."
