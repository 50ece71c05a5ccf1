"""Nothing the server acknowledged is lost when it is killed (R1)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.crash.kill_server import run


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_server_killed_again_and_again_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    rounds = int(os.environ.get("MAST_CRASH_ROUNDS", "50"))
    outcome = run(rounds, 1, tmp_path)
    print(outcome)
    assert outcome.rounds == rounds
    assert outcome.acknowledged >= rounds // 2
    assert outcome.clean, outcome
