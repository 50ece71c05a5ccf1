"""The doors of incoming files for pages, the API and other features. The use cases stand in the modules below."""

from __future__ import annotations

from app.laboratory.incoming.arriving import Arrival, OtherBytes, arrival_key, arrive
from app.laboratory.incoming.deciding import attach, restore, set_aside, take_back
from app.laboratory.incoming.domain import (
    REASON_WORDS,
    STILL_STANDS,
    IncomingState,
    OpenSample,
    SetAsideReason,
    Suggestion,
)
from app.laboratory.incoming.listing import (
    IncomingView,
    counts,
    get_incoming,
    incoming_page,
    open_samples,
    suggestion_for,
    views,
)
from app.laboratory.incoming.tables import IncomingFile

__all__ = [
    "REASON_WORDS",
    "STILL_STANDS",
    "Arrival",
    "IncomingFile",
    "IncomingState",
    "IncomingView",
    "OpenSample",
    "OtherBytes",
    "SetAsideReason",
    "Suggestion",
    "arrival_key",
    "arrive",
    "attach",
    "counts",
    "get_incoming",
    "incoming_page",
    "open_samples",
    "restore",
    "set_aside",
    "suggestion_for",
    "take_back",
    "views",
]
