"""Several samples of one batch at one session say one thing, not several. Pure.

Decided by simulation (benchmarks/alerts.py): counting a batch that can be recognised once keeps the false alarms of a
session full of one pill where they are without batches, and costs little power; a design effect taken from the history
alone does not know that tonight's nine pills are one pill.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from app.care.alerts.detection.counts import Counted


@dataclass(frozen=True, slots=True)
class Look:
    """How a sample looks, and with whom it came. Nothing of it leaves this service by way of a count."""

    form: str = ""
    logo: str = ""
    colours: tuple[str, ...] = ()
    group: str = ""

    def batch(self, sample: Hashable) -> Hashable:
        """What samples of one batch share: form, logo and colours; without a logo only within one group of people."""
        logo = "".join(self.logo.casefold().split())
        if logo:
            return ("logo", self.form, logo, tuple(sorted(self.colours)))
        group = self.group.casefold().strip()
        return ("group", group, self.form, tuple(sorted(self.colours))) if group else ("sample", sample)


def counted(samples: Iterable[tuple[Hashable, bool]]) -> Counted:
    """Batches and how many of them are positive: a batch is when any of its samples is. `samples`: (batch, positive)."""
    batches: dict[Hashable, bool] = {}
    for batch, positive in samples:
        batches[batch] = batches.get(batch, False) or positive
    return Counted(sum(batches.values()), len(batches))
