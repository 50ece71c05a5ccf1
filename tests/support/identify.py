"""`mast identify --json` without the command line, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.laboratory.identification.contract import as_json, identify_each
from app.laboratory.identification.identify import Context
from app.laboratory.library.domain import Libraries
from spectra import Reading


def identify_readings(
    readings: Sequence[Reading], libraries: Libraries, file: str = "", **context: Any
) -> list[dict[str, Any]]:
    """One block per reading, per peak of a run."""
    return [as_json(block) for block in identify_each(file, readings, libraries, Context(**context))]
