"""Use cases of samples, in one place for other features: each stands in a module of its own name.

registering: a new sample and its ticket · lookup: finding samples, by ticket too · queue: who waits, the board
· lifecycle: stages, corrections, withdrawal, lost tickets · substances: what the register makes of words.
"""

from app.intake.samples.intake_schemas import NewSample, SampleChange
from app.intake.samples.lifecycle import change, reissue_ticket, stamp, withdraw
from app.intake.samples.lookup import (
    consent_rows,
    consents_of,
    expected_of,
    get_sample,
    is_harmed,
    keys_of_agency,
    lock_sample,
    look_alikes,
    of_the_same_visit,
    open_ticket_session,
    sample_by_ticket,
    sample_by_ticket_session,
    sample_for_system,
    stage,
)
from app.intake.samples.queue import Board, QueueRow, before_in_queue, board, page, queue, state_words
from app.intake.samples.registering import Registered, register
from app.intake.samples.substances import Suggestion, label_of, labels, suggest, understand
from app.intake.samples.tables import Sample

__all__ = [
    "Board",
    "NewSample",
    "QueueRow",
    "Registered",
    "Sample",
    "SampleChange",
    "Suggestion",
    "before_in_queue",
    "board",
    "change",
    "consent_rows",
    "consents_of",
    "expected_of",
    "get_sample",
    "is_harmed",
    "keys_of_agency",
    "label_of",
    "labels",
    "lock_sample",
    "look_alikes",
    "of_the_same_visit",
    "open_ticket_session",
    "page",
    "queue",
    "register",
    "reissue_ticket",
    "sample_by_ticket",
    "sample_by_ticket_session",
    "sample_for_system",
    "stage",
    "stamp",
    "state_words",
    "suggest",
    "understand",
    "withdraw",
]
