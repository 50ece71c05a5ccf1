"""How far a long task is: written down at most once a second, and at once where a new step begins."""

from __future__ import annotations

import pytest

from app.platform.jobs.long_task import Paced


@pytest.mark.parametrize(("steps", "after_the_second_step"), [(False, []), (True, [("writing", 0, 1)])])
def test_progress_is_written_at_most_once_a_second_and_at_every_step(
    steps: bool, after_the_second_step: list[tuple[str, int, int]]
) -> None:
    now, written = [0.0], []
    tell = Paced(lambda *said: written.append(said), lambda: now[0], steps=steps)
    tell("reading", 1, 90)
    tell("reading", 2, 90)
    now[0] = 1.5
    tell("reading", 40, 90)
    tell("writing", 0, 1)
    assert written == [("reading", 1, 90), ("reading", 40, 90), *after_the_second_step]
