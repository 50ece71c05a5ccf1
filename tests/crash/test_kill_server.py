"""R1: the server is killed at random points of four parallel uploads; nothing it acknowledged may be lost.

Twenty times in an ordinary run, fifty times by `make nightly`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.kill_server import torture
from tests.support.budget import size

ROUNDS = size(20, 50)


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    report = torture(tmp_path, rounds=ROUNDS, budget_s=140)
    print(report)
    assert report.broken == []
    assert report.rounds >= min(ROUNDS, 20)
    assert report.acknowledged > report.rounds
    assert report.cut_off > 0, "no kill met an upload: the test shows nothing"
