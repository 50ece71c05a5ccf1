"""The one table of what follows from what. Each reaction runs in the transaction of its event, in the order written here.

Importing this module installs the table; every process that changes samples or results does (main.py, operations/demo.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from app.care.alerts import detecting_job
from app.care.consultations import following
from app.care.consultations.domain import TalkRecorded
from app.care.counted import counting_results
from app.intake.samples.events import ExpectedChanged, NotToBeCounted
from app.laboratory.readings.domain import ReadingsChanged, ReadingsInQuestion
from app.laboratory.sample_answers import job as sample_answers
from app.platform import reactions
from app.platform.kernel.event import Event
from app.results import service as results
from app.results.loading import StepTaken

TABLE: dict[type[Event], Sequence[reactions.Reaction]] = {
    # a client withdrew a sample, or the consent to figures
    NotToBeCounted: (counting_results.forget,),
    # what was expected was corrected
    ExpectedChanged: (sample_answers.schedule_again,),
    # readings are to be replaced, or their file goes to another sample
    ReadingsInQuestion: (results.standing_on_readings,),  # answers whether a result stands on them
    # an analysis was recorded or corrected, a file was read
    ReadingsChanged: (sample_answers.schedule,),
    # someone took a step with a result
    StepTaken: (
        counting_results.after_step,  # what was told is counted, and what was taken back is not
        detecting_job.after_step,  # alerts look at it, in a job of their own
        following.after_step,  # staff are asked to do what the pack says
    ),
    # a talk was written down
    TalkRecorded: (counting_results.after_talk,),
}
reactions.install(TABLE)
