"""R1: the server is killed at random points of four parallel uploads; nothing it acknowledged may be lost.

Three times in `make test`, twenty in `make test-all`, fifty times by `make nightly`.
"""

from __future__ import annotations

from pathlib import Path

from tests.crash.kill_server import torture
from tests.support.budget import QUICK_OR_ALL, size


@QUICK_OR_ALL
def test_nothing_acknowledged_is_lost_when_the_server_is_killed(tmp_path: Path, thorough: bool) -> None:
    rounds = size(20, 50) if thorough else 3
    report = torture(tmp_path, rounds=rounds, budget_s=140)
    print(report)
    assert report.broken == []
    assert report.rounds >= min(rounds, 20)
    assert report.acknowledged > report.rounds
    assert report.cut_off > 0, "no kill met an upload: the test shows nothing"
