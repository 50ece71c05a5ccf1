"""The joined style sheets and scripts of every page."""

from __future__ import annotations

import gzip
import hashlib
from email.utils import formatdate
from functools import lru_cache

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.platform.kernel.errors import NotFound
from app.platform.security.policy import public
from app.screens import joined

router = APIRouter(include_in_schema=False)

FOR_A_WHILE = "max-age=600"
"""How long a browser need not ask whether a file of ours is another one now: after an upgrade a page has the old one so long at most."""
TYPES = {"css": "text/css", "js": "text/javascript"}


@lru_cache(maxsize=64)
def _made(name: str, _changed: float) -> tuple[bytes, bytes, str]:
    """A joined file as it is and as small as it gets, and a tag of it."""
    content = joined.joined(name).encode()
    return content, gzip.compress(content, 9, mtime=0), f'"{hashlib.sha256(content).hexdigest()[:32]}"'


@router.get(joined.AT + "{joined_name}", dependencies=[public("style sheets and scripts")])
def file(request: Request, joined_name: str) -> Response:
    """A joined file, kept by browsers as they keep its parts."""
    parts = joined.parts(joined_name)
    if not parts:
        raise NotFound("There is no such file.")
    changed = max(part.stat().st_mtime for part in parts)
    content, small, tag = _made(joined_name, changed)
    headers = {"Cache-Control": FOR_A_WHILE, "ETag": tag, "Last-Modified": formatdate(changed, usegmt=True)}
    headers["Vary"] = "Accept-Encoding"
    if request.headers.get("if-none-match", "").removeprefix("W/") == tag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        content, headers["Content-Encoding"] = small, "gzip"
    return Response(content, media_type=TYPES[joined_name.rpartition(".")[2]], headers=headers)
