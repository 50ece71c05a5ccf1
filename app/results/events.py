"""What others may react to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.results.domain import Action
from app.results.loading import Loaded
from app.results.tables import ResultVersion
from app.results.view import ResultView
from harm_messages.pack import Pack


@dataclass(frozen=True, slots=True)
class StepTaken:
    """A step with a version of a result, written down already. `there`: what was read before it; `every`: all versions of
    the sample as they are now, the newest first."""

    row: ResultVersion
    action: Action
    there: Loaded
    every: Sequence[ResultView]
    pack: Pack
