"""How much of `instruments` and of `spectra` the tests take, by branch: `python scripts/coverage_of_science.py`.

Runs their tests under coverage on both cores and fails below the bound in pyproject.toml ([tool.coverage.report]
fail_under), for each of the two, or when a test fails. Lines that run in the sandbox's child count only where a test
runs the same code in its own process: the child has no environment and may write nowhere. Compiled kernels cannot be
traced, so tests of the search run a second time with the kernels as plain Python.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("instruments", "spectra")
TESTS = ("tests/instruments", "tests/fuzz", "tests/spectra")
# What needs minutes under a tracer and takes no line that the others do not.
LEFT_OUT = ("tests/instruments/test_instrument_hostile.py",)
KERNELS = ("tests/spectra/test_ei_index.py", "tests/spectra/test_ms2_index.py", "tests/spectra/test_composite_rows.py")
# Slow as plain Python, or resting on the overflow of machine integers, which plain numpy warns of.
NOT_PLAIN = "not threads and not 65535 and not thousand and not pairs"


def main() -> int:
    """The exit code of the tests, or of the report."""
    with tempfile.TemporaryDirectory(prefix="mast-coverage-") as place:
        data = f"--data-file={Path(place) / 'data'}"
        traced = ("run", data, "-m", "pytest", "-q", "-n", "2")
        plain = (*traced, "-W", "ignore::RuntimeWarning", "-k", NOT_PLAIN, *KERNELS)
        codes = [
            _coverage((*traced, *TESTS, *(f"--ignore={path}" for path in LEFT_OUT))),
            _coverage(plain, NUMBA_DISABLE_JIT="1"),
            _coverage(("combine", "--quiet", data)),
            *(_coverage(("report", data, f"--include={package}/*")) for package in PACKAGES),
        ]
    return next((code for code in codes if code), 0)


def _coverage(words: Sequence[str], **environment: str) -> int:
    given: Mapping[str, str] = {**os.environ, **environment}
    return subprocess.run([sys.executable, "-m", "coverage", *words], cwd=ROOT, env=given, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
