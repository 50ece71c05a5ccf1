"""Types (mypy strict) and lint are tests, so that one command tells everything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("mypy", ["mypy"]),
        ("ruff", ["ruff", "check", "--no-cache", "."]),
        ("format", ["ruff", "format", "--check", "--no-cache", "."]),
    ],
    ids=["types", "lint", "format"],
)
def test_tool_is_content(tool: str, arguments: list[str]) -> None:
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
