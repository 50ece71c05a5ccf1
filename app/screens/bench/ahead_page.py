"""The next sample of the worklist is made ready before anyone asks for it, so that J shows it at once, with its plot.

Every page says `no-store`, so nothing of a sample may lie in a browser's cache: a `<link rel="prefetch">` would be thrown away. Speculation
rules keep the page in the memory of the one that asked for it, never in the cache, use it once, and drop it when that page
goes. Until it is seen it opens no live stream and is nobody at work (`seen` in mast.js). The stream of a page begins where the server
rendered it, so what happened since is told to it. A browser that does not know these rules, or does not keep pages ready for want of
memory, loads the next sample when it is asked for.
"""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from app.platform.security.policy import public

router = APIRouter(include_in_schema=False)

RULES = {
    "prerender": [
        {"source": "document", "where": {"selector_matches": ".rail a[rel~=next]"}, "eagerness": "immediate"},
    ]
}
AHEAD = {"Speculation-Rules": '"/bench/ahead"'}
"""The header of a page whose next one is made ready."""


@router.get("/bench/ahead", dependencies=[public("names no sample: which link of a page is made ready ahead of time")])
def ahead() -> Response:
    """Which link of a page is made ready ahead of time."""
    return JSONResponse(
        RULES, media_type="application/speculationrules+json", headers={"Cache-Control": "max-age=3600"}
    )
