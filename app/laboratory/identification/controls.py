"""What was run beside a sample: blank, ladder and the run before it, as the comparison of a run wants them.

Readings do not know where controls come from: whoever wires a process brings a `ControlsFor` along (app.laboratory.standards does).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spectra import MassRun

if TYPE_CHECKING:
    from spectra.chromatogram.retention import RetentionLadder


@dataclass(frozen=True, slots=True)
class RunControls:
    """Controls of the batch of one analysis, each with the words by which an answer names it; None: there is none.

    `retention` is the index scale of the n-alkane ladder; `instrument` what ran the sample, "" where nobody said.
    """

    blank: MassRun | None = None
    blank_name: str = ""
    retention: RetentionLadder | None = None
    ladder_name: str = ""
    previous: MassRun | None = None
    previous_name: str = ""
    instrument: str = ""

    @property
    def sentences(self) -> list[str]:
        """What was used, for the answer."""
        out = []
        if self.blank is not None:
            out.append(f"Compared with the blank of its batch: {self.blank_name}.")
        if self.retention is not None:
            out.append(f"Retention indices are from the n-alkane ladder of its batch: {self.ladder_name}.")
        if self.previous is not None:
            out.append(f"Checked for carry-over from the run before it: {self.previous_name}.")
        return out


ControlsFor = Callable[[uuid.UUID], RunControls]
"""From the key of an analysis to what was run beside it."""


def no_controls(_analysis_id: uuid.UUID) -> RunControls:
    """Nothing is known to have been run beside it."""
    return RunControls()
