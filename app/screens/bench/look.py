"""What of a sample someone looks at on the bench: which reading, which peak of it, what is drawn over it, and which tab is open."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Query, Request, Response

from app.runtime import Runtime, RuntimeDep

WORD = r"match-\d{1,3}|reading-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|standard-[A-Za-z0-9._:-]{1,80}|blank"
"""How an overlay is named in an address; what it means is in overlays.py."""

OverlayWord = Annotated[str, Query(pattern=f"^({WORD})$", max_length=100)]
KEPT_S = 400 * 24 * 3600


class Tab(StrEnum):
    """What stands below the plot, one at a time."""

    MATCHES = "matches"
    EVIDENCE = "evidence"
    LIMITS = "limits"
    QUALITY = "quality"
    FILE = "file"


class Part(StrEnum):
    """What the middle of the page holds."""

    SPECTRUM = "spectrum"
    STRIPS = "strips"
    FILES = "files"


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked at. `part` is None where the sample decides: its newest spectrum, else the place for files. `ask` is the
    step whose fields stand open, `submitted` the sample that was submitted just before, `over` what is drawn over the reading (words of
    overlays.py), `left` the band of its residual that is searched."""

    reading: uuid.UUID | None = None
    peak: int | None = None
    compare: int = 0
    part: Part | None = None
    tab: Tab = Tab.MATCHES
    ask: str = ""
    submitted: uuid.UUID | None = None
    side: str = ""
    over: tuple[str, ...] = ()
    left: int = 0


PLAIN = Look()
"""What is shown where nothing was asked for."""


def cookie_name(runtime: Runtime) -> str:
    """`__Host-` wherever cookies are Secure."""
    return "__Host-mast-tab" if runtime.settings.cookie_secure else "mast-tab"


def _look(
    request: Request,
    rt: RuntimeDep,
    reading: uuid.UUID | None = None,
    peak: Annotated[int | None, Query(ge=0, le=100_000)] = None,
    compare: Annotated[int, Query(ge=0, le=200)] = 0,
    part: Part | None = None,
    tab: Tab | None = None,
    ask: Annotated[str, Query(max_length=20)] = "",
    submitted: uuid.UUID | None = None,
    side: Annotated[str, Query(max_length=20)] = "",
    over: Annotated[list[OverlayWord], Query(max_length=8)] = [],  # noqa: B006
    left: Annotated[int, Query(ge=0, le=10_000)] = 0,
) -> Look:
    kept = request.cookies.get(cookie_name(rt), "")
    last = Tab(kept) if kept in list(Tab) else Tab.MATCHES
    return Look(reading, peak, compare, part, tab or last, ask, submitted, side, tuple(over), left)


Looked = Annotated[Look, Depends(_look)]


def keep_tab(response: Response, request: Request, runtime: Runtime, look: Look) -> None:
    """Remember in this browser the tab that was asked for, so that the next sample opens with it."""
    if "tab" in request.query_params:
        response.set_cookie(
            cookie_name(runtime),
            look.tab.value,
            max_age=KEPT_S,
            httponly=True,
            samesite="lax",
            secure=runtime.settings.cookie_secure,
            path="/",
        )
