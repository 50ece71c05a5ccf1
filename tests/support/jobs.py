"""A worker process that can be killed: `python -m tests.support.jobs URL`. Its effect is one event per job."""

from __future__ import annotations

import random
import sys
import time

from app.platform.db import Database
from app.platform.jobs import JobContext, JobRunner
from app.platform.live import publish

KIND = "effect"


def make_effect(ctx: JobContext) -> None:
    """Work a little, then leave exactly one trace of the job, in the transaction that finishes it."""
    time.sleep(random.uniform(0, 0.02))
    with ctx.begin() as uow:
        publish(uow, "test", "effect", payload={"number": ctx.payload["number"]})
        ctx.complete(uow)


if __name__ == "__main__":
    runner = JobRunner(Database(sys.argv[1]), {KIND: make_effect}, threads=4, poll_seconds=0.1, lease_seconds=0.6)
    runner.start()
    time.sleep(600)
