"""Live events: written with the change that caused them, fanned out to screens. Knows no feature.

Here is what writing them needs. Who sends them imports `hub` and `sse`, and with them the web.
"""

from app.platform.live.publish import publish
from app.platform.live.tables import EventRow, over_before, purge_events

__all__ = ["EventRow", "over_before", "publish", "purge_events"]
