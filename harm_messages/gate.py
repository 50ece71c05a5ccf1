"""May a page be shown at all? Asked first; a closed gate says why in words for the worker.

Imports this package only.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from harm_messages.pack import Pack
from harm_messages.types import Context, GateClosed, LicenceMode

Shut = Callable[[Pack, Context, datetime], bool]

# The first line that holds keeps the page shut.
GATES: tuple[tuple[str, str, Shut], ...] = (
    (
        "back_of_house",
        "This session is back of house: its licence allows no individual results, so no client page opens.",
        lambda p, c, n: c.licence_mode is LicenceMode.BOH_NO_INDIVIDUAL_RESULTS,
    ),
    (
        "not_released",
        "This result has not been released yet. A worker releases it first.",
        lambda p, c, n: not c.released,
    ),
    (
        "not_dependent_adult",
        "This licence allows results only for adults counted as dependent users. Confirm that first.",
        lambda p, c, n: c.licence_mode is LicenceMode.FOH_DEPENDENT_ADULT and not c.dependent_adult_confirmed,
    ),
    (
        "pack_not_effective",
        "These messages are not in force on this day. Ask the person who looks after the message pack.",
        lambda p, c, n: not p.manifest.effective.covers(n),
    ),
)


def closed_gate(pack: Pack, context: Context, now: datetime) -> GateClosed | None:
    """The reason why the page stays shut, or None."""
    for reason, text, shut in GATES:
        if shut(pack, context, now):
            return GateClosed(reason, text)
    return None
