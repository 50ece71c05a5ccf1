"""What of a sample someone looks at on the bench: which reading, which peak of it, what is drawn over it, and which tab is open."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Query, Request, Response

from app.platform.kernel.errors import Invalid
from app.runtime import Runtime, RuntimeDep

WORD = r"match-\d{1,3}|reading-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|standard-[A-Za-z0-9._:-]{1,80}|blank"
"""How an overlay is named in an address; what it means is in overlays.py."""

OverlayWord = Annotated[str, Query(pattern=f"^({WORD})$", max_length=100)]
KEPT_S = 400 * 24 * 3600
MOST_IONS = 4
_MZ = re.compile(r"\d{1,4}(\.\d{1,5})?")
_MINUTES = re.compile(r"\d{1,5}([.,]\d{1,5})?")


class Tab(StrEnum):
    """What stands below the plot, one at a time."""

    SAMPLE = "sample"
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
    overlays.py), `left` the band of its residual that is searched. Of a run: `ions` (m/z) whose traces are drawn, `raw` a peak as it was
    measured, and `mean` the stretch of time (minutes) whose mean spectrum is shown. `tab` is None where none was ever
    chosen in this browser: then the sample decides, by how many methods there are."""

    reading: uuid.UUID | None = None
    peak: int | None = None
    compare: int = 0
    part: Part | None = None
    tab: Tab | None = None
    ask: str = ""
    submitted: uuid.UUID | None = None
    side: str = ""
    over: tuple[str, ...] = ()
    left: int = 0
    ions: tuple[float, ...] = ()
    raw: bool = False
    mean: tuple[float, float] | None = None


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
    ions: Annotated[str, Query(max_length=200)] = "",
    raw: bool = False,
    start: Annotated[str, Query(max_length=20)] = "",
    end: Annotated[str, Query(max_length=20)] = "",
) -> Look:
    kept = request.cookies.get(cookie_name(rt), "")
    last = Tab(kept) if kept in list(Tab) else None
    mean = mean_of(start, end)
    return Look(
        reading,
        None if mean else peak,
        compare,
        part,
        tab or last,
        ask,
        submitted,
        side,
        tuple(over),
        left,
        ions_of(ions),
        raw,
        mean,
    )


def ions_of(typed: str) -> tuple[float, ...]:
    """The m/z someone typed, with spaces or commas between them; of more than four the last ones. Raises Invalid."""
    words = [word for word in re.split(r"[\s,;]+", typed) if word]
    for word in words:
        if not _MZ.fullmatch(word) or not float(word):
            raise Invalid(
                f"“{word}” is not an m/z. No trace was drawn.",
                hint="Enter numbers with a space between them, for example 58 91.",
            )
    return tuple(dict.fromkeys(float(word) for word in words))[-MOST_IONS:]


def mean_of(start: str, end: str) -> tuple[float, float] | None:
    """The stretch of a run someone typed, in minutes; None where nothing was typed. Raises Invalid."""
    if not start and not end:
        return None
    for word in (start, end):
        if not _MINUTES.fullmatch(word):
            said = f"“{word}” is not a time in minutes." if word else "One end of the stretch is missing."
            raise Invalid(
                f"{said} No mean spectrum was made.", hint="Enter both times in minutes, for example 5.60 and 5.75."
            )
    low, high = sorted(float(word.replace(",", ".")) for word in (start, end))
    return low, high


Looked = Annotated[Look, Depends(_look)]


def keep_tab(response: Response, request: Request, runtime: Runtime, look: Look) -> None:
    """Remember in this browser the tab that was asked for, so that the next sample opens with it."""
    if look.tab is not None and "tab" in request.query_params:
        response.set_cookie(
            cookie_name(runtime),
            look.tab.value,
            max_age=KEPT_S,
            httponly=True,
            samesite="lax",
            secure=runtime.settings.cookie_secure,
            path="/",
        )
