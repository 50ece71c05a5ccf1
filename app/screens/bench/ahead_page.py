"""The next sample of the worklist is fetched before anyone asks for it, so that J shows it at once.

Every page says `no-store`, so nothing of a sample may lie in a browser's cache: a `<link rel="prefetch">` would be thrown away. Speculation
rules keep what was fetched in the memory of the page that asked for it, never in the cache, use it once, and drop it when that page
goes. The live stream of a page begins where the server rendered it, so what happened since is told to it. A browser that
does not know these rules loads the next sample when it is asked for.
"""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from app.platform.security.policy import public

router = APIRouter(include_in_schema=False)

RULES = {
    "prefetch": [
        {"source": "document", "where": {"selector_matches": ".rail a[rel~=next]"}, "eagerness": "immediate"},
    ]
}
AHEAD = {"Speculation-Rules": '"/bench/ahead"'}
"""The header of a page whose next one is fetched."""


@router.get("/bench/ahead", dependencies=[public("names no sample: which link of a page is fetched ahead")])
def ahead() -> Response:
    """Which link of a page is fetched ahead."""
    return JSONResponse(
        RULES, media_type="application/speculationrules+json", headers={"Cache-Control": "max-age=3600"}
    )
