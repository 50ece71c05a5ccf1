"""How much of `instruments` the tests take, by branch: `python scripts/coverage_of_readers.py [PYTEST ARGUMENTS]`.

Runs the tests of the readers under coverage on both cores and fails below the bound in pyproject.toml
([tool.coverage.report] fail_under), or when a test fails. Lines that run in the jail's child count only where
a test runs the same code in its own process: the child has no environment and may write nowhere.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TESTS = ("tests/instruments", "tests/fuzz")
# What needs minutes under a tracer and takes no line that the others do not.
LEFT_OUT = ("tests/instruments/test_instrument_hostile.py",)


def main() -> int:
    """The exit code of the tests, or of the report."""
    with tempfile.TemporaryDirectory(prefix="mast-coverage-") as place:
        data = f"--data-file={Path(place) / 'data'}"
        chosen = sys.argv[1:] or ["-q", "-n", "2", *TESTS, *(f"--ignore={path}" for path in LEFT_OUT)]
        steps = (["run", data, "-m", "pytest", *chosen], ["combine", "--quiet", data], ["report", data])
        codes = [
            subprocess.run([sys.executable, "-m", "coverage", *step], cwd=ROOT, check=False).returncode
            for step in steps
        ]
    return next((code for code in codes if code), 0)


if __name__ == "__main__":
    sys.exit(main())
