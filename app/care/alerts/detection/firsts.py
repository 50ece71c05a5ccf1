"""First detections: in this session, in the region within twelve months, ever. Pure."""

from __future__ import annotations

from enum import StrEnum

MIN_SAMPLES_BEFORE = 50
"""So many earlier samples make “never before” worth saying; a substance that is always warned of needs none."""
MONTHS_OF_REGION = 12


class First(StrEnum):
    """How new it is; the widest that holds."""

    EVER = "ever"
    REGION = "region"
    SESSION = "session"


def first(
    here: int, in_region: int, ever: int, samples_in_region: int, samples_ever: int, *, warned_of: bool
) -> First | None:
    """The widest circle in which it was not seen before, or None. `here`, `in_region`, `ever`: earlier samples that hold it in
    three circles around a sample; the others: earlier samples at all.

    `warned_of`: a substance that is potent or always warned of. Only such a one is told for being new to a session
    alone: everything else is new to most sessions.
    """
    if not ever and (warned_of or samples_ever >= MIN_SAMPLES_BEFORE):
        return First.EVER
    if not in_region and (warned_of or samples_in_region >= MIN_SAMPLES_BEFORE):
        return First.REGION
    return First.SESSION if warned_of and not here else None
