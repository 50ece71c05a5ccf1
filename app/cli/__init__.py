"""The `mast` command. Thin: each verb reads its options and calls a use case.

Linear algebra runs on one thread unless the operator says otherwise: our matrices are small, and threads that wait for each other on a busy
machine made one infrared comparison take 17 s instead of 1. Set here, because it has to be said before numpy is imported.
"""

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from app.cli.root import main  # noqa: E402

__all__ = ["main"]
