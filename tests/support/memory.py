"""A folder in memory for what tests write: a commit that waits for a disk is most of the time of many a test, and no test asks
whether the power may fail. Only where there is plenty: Linux with /dev/shm; anywhere else the usual temporary folder is used."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")
GIB = 1 << 30


def folder(gib: float) -> Path | None:
    """The folder, where that much may be written to it and as much again stays free; else None."""
    try:
        free, flags = shutil.disk_usage(MEMORY).free, os.statvfs(MEMORY).f_flag
        available = next(line for line in Path("/proc/meminfo").read_text().splitlines() if "MemAvailable" in line)
    except (OSError, StopIteration):
        return None
    enough = free > gib * GIB and int(available.split()[1]) * 1024 > 2 * gib * GIB
    return MEMORY if enough and not flags & os.ST_NOEXEC and os.access(MEMORY, os.W_OK) else None
