"""Work that outlives a request: a table of jobs, leased, retried, dead out loud. Knows no feature."""

from app.platform.jobs.processes import Waker, Workers, follow
from app.platform.jobs.queue import count_by_kind, count_by_state, done_before, enqueue, purge_finished, waiting_since
from app.platform.jobs.runner import DeadJob, JobContext, JobRefused, JobRunner, LeaseLost
from app.platform.jobs.tables import JobRow, JobState

__all__ = [
    "DeadJob",
    "JobContext",
    "JobRefused",
    "JobRow",
    "JobRunner",
    "JobState",
    "LeaseLost",
    "Waker",
    "Workers",
    "count_by_kind",
    "count_by_state",
    "done_before",
    "enqueue",
    "follow",
    "purge_finished",
    "waiting_since",
]
