"""The process that reads and checks one pack: `python -m app.care.message_packs.confined_child LIMITS`.

The files come as JSON on stdin; every step that is done is a line of JSON on stdout.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sys
from collections.abc import Iterable
from datetime import date

from app.care.message_packs import previews
from app.care.message_packs.confined import MEMORY, READING_SECONDS
from app.platform.jobs.long_task import Paced
from harm_messages import PackError, Problem, check, load_pack
from instruments.confine import limit_cpu, limit_memory
from instruments.limits import Limits


def main() -> None:
    """Read, say so; check, say so."""
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        # Sent to every process of a service that stops. The parent ends its children itself.
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    limits = Limits(**json.loads(sys.argv[-1]))
    request = json.load(sys.stdin)
    if hasattr(os, "nice"):
        os.nice(5)  # anyone who is waiting at a page comes first
    limit_memory(limits)
    try:
        _look(request["files"], date.fromisoformat(request["today"]), limits)
    except MemoryError:
        os._exit(MEMORY)


def _look(files: dict[str, str], today: date, limits: Limits) -> None:
    limit_cpu(dataclasses.replace(limits, cpu_seconds=min(limits.cpu_seconds, READING_SECONDS)))
    try:
        pack = load_pack(files)
    except PackError as error:
        _say("read", error.problems)
        return
    for _ in previews.case_pages(pack):
        pass  # a server makes these pages as well, as soon as it knows that they come to an end
    _say("read", ())
    limit_cpu(limits)
    far = Paced(_say_how_far)
    _say("checked", check(pack, today, lambda done, of: far("", done, of)))


def _say_how_far(_: str, done: int, of: int) -> None:
    _say("under_way", (), done, of)


def _say(stage: str, problems: Iterable[Problem], done: int = 0, of: int = 0) -> None:
    said = {"stage": stage, "problems": [dataclasses.asdict(one) for one in problems], "done": done, "of": of}
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
