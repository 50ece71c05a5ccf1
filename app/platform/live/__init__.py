"""Live events: written with the change that caused them, fanned out to screens. Knows no feature."""

from app.platform.live.hub import EventHub, LiveEvent
from app.platform.live.publish import publish
from app.platform.live.sse import close_unread, event_stream
from app.platform.live.tables import EventRow, over_before, purge_events

__all__ = [
    "EventHub",
    "EventRow",
    "LiveEvent",
    "close_unread",
    "event_stream",
    "over_before",
    "publish",
    "purge_events",
]
