"""What stands around the picture of a reading: addresses of its points, pictures and figures, what may be drawn over it, and the line that
says what it is of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypedDict
from urllib.parse import urlencode

from sqlmodel import Session

from app.laboratory.readings.run_plots import mz_words
from app.platform.kernel.actor import Actor
from app.platform.kernel.sample_numbers import sample_number
from app.platform.web.templates import clock_time, day
from app.results.bench import Bench, Shown, Worklist
from app.runtime import Runtime
from app.screens.bench.leftover import Leftover, bands_left, left_at
from app.screens.bench.look import MOST_IONS, Look
from app.screens.bench.overlays import MOST, Offer, offered

MOST_OFFERED_IONS = 6


@dataclass(frozen=True, slots=True)
class Choice:
    """One overlay as a link: pressed it is drawn, pressed again it is gone."""

    label: str
    group: str
    chosen: bool
    href: str


@dataclass(frozen=True, slots=True)
class Viewer:
    """Everything around one picture. `over`: what the address says of overlays and ions, for other links; `following`: the next match not
    drawn yet; `full`: no more may be drawn; `left`: what a part of the residual resembles.

    Of a run: `ions` that are drawn or may be, `typed` those that are; `hidden` and `place` what a form about the run takes along, without
    and with the spectrum below it; `raw` and `mean` what the address says of that spectrum."""

    over: str = ""
    choices: tuple[Choice, ...] = ()
    ions: tuple[Choice, ...] = ()
    typed: str = ""
    hidden: tuple[tuple[str, str], ...] = ()
    place: tuple[tuple[str, str], ...] = ()
    raw: str = ""
    mean: str = ""
    following: Choice | None = None
    none: str = ""
    full: bool = False
    bands: tuple[int, ...] = ()
    left: Leftover | None = None
    caption: str = ""
    file: str = ""


def viewer_of(session: Session, rt: Runtime, who: Actor, shown: Bench, look: Look, work: Worklist) -> Viewer:
    """What stands around the picture of the reading that is shown."""
    s = shown.shown
    if s is None:
        return Viewer()
    offers = offered(session, rt, who, s, work.rows)
    over = tuple(word for word in look.over if any(one.word == word for one in offers))
    look = replace(look, over=over)
    choices = tuple(_choice(s, look, one) for one in offers)
    full = len(over) >= MOST
    drawn = look.compare or 0
    fresh = [
        (one, choice)
        for one, choice in zip(offers, choices, strict=True)
        if one.group == "Matches" and not choice.chosen
    ]
    parts = {part.compound for part in s.answer.components} if s.answer is not None and not drawn else set()
    shown_already = {f"match-{k}" for k, one in enumerate(s.candidates, start=1) if k == drawn or one.compound in parts}
    following = next((choice for one, choice in fresh if one.word not in shown_already), None)
    return Viewer(
        over=_query(_drawn(look)),
        choices=choices,
        **_of_run(s, look),
        following=None if full else following or _next_mirrored(s, look),
        none=_href(s, replace(look, over=())) if over else "",
        full=full,
        bands=bands_left(s.answer),
        left=left_at(s, rt.registry.of(who.agency_id), look.left) if look.left else None,
        caption=caption_of(shown.sample.number, s),
        file=file_of(shown.sample.number, s),
    )


class _OfRun(TypedDict, total=False):
    ions: tuple[Choice, ...]
    typed: str
    hidden: tuple[tuple[str, str], ...]
    place: tuple[tuple[str, str], ...]
    raw: str
    mean: str


def _of_run(s: Shown, look: Look) -> _OfRun:
    if s.reading.kind != "mass_run":
        return {}
    bare = [("reading", str(s.reading.id))]
    over = [("over", word) for word in look.over]
    return {
        "ions": tuple(_ion(s, look, mz) for mz in dict.fromkeys((*look.ions, *_strongest(s)))),
        "typed": _ions_words(look),
        "hidden": (*bare, *_drawn(look)),
        "place": (*bare, *over, *_place(s, look)),
        "raw": _query([("raw", "1")]) if look.raw else "",
        "mean": _query(_place(s, look)) if look.mean else "",
    }


def _strongest(s: Shown) -> list[float]:
    """The most intense m/z of the peak that is shown, else of the largest one."""
    peak = s.peak or (s.answer.peaks[0] if s.answer is not None and s.answer.peaks else None)
    if peak is None:
        return []
    order = sorted(range(len(peak.mz)), key=lambda k: -peak.intensity[k])[:MOST_OFFERED_IONS]
    return [peak.mz[k] for k in order]


def _ion(s: Shown, look: Look, mz: float) -> Choice:
    chosen = mz in look.ions
    rest = tuple(one for one in look.ions if one != mz) if chosen else (*look.ions, mz)[-MOST_IONS:]
    return Choice(mz_words(mz), "", chosen, _href(s, replace(look, ions=rest)))


def _choice(s: Shown, look: Look, offer: Offer) -> Choice:
    chosen = offer.word in look.over
    if chosen:
        rest = tuple(word for word in look.over if word != offer.word)
    else:
        rest = (offer.word,) if s.reading.kind == "mass_spectrum" else (*look.over, offer.word)[-MOST:]
    return Choice(offer.label, offer.group, chosen, _href(s, replace(look, over=rest)))


def _next_mirrored(s: Shown, look: Look) -> Choice | None:
    """Of sticks one match is drawn at a time, mirrored: the one after it."""
    if (
        s.reading.kind not in ("mass_spectrum", "mass_run")
        or len(s.candidates) < 2
        or (s.reading.kind == "mass_run" and s.peak is None)
    ):
        return None
    place = (look.compare or 1) % len(s.candidates) + 1
    return Choice(s.candidates[place - 1].substance, "Matches", False, _href(s, replace(look, over=(), compare=place)))


def _href(s: Shown, look: Look) -> str:
    """The address of what is looked at."""
    return "?" + _query([("reading", str(s.reading.id)), *_place(s, look), *_drawn(look)]).removeprefix("&")


def _place(s: Shown, look: Look) -> list[tuple[str, str]]:
    """Which spectrum of a run, and what is mirrored below it."""
    if look.mean is not None:
        return [("start", f"{look.mean[0]:g}"), ("end", f"{look.mean[1]:g}")]
    pairs = [("peak", str(s.peak.peak))] if s.peak is not None else []
    pairs += [("compare", str(look.compare))] if look.compare else []
    return pairs + ([("raw", "1")] if look.raw else [])


def _drawn(look: Look) -> list[tuple[str, str]]:
    """What is drawn over the picture."""
    words = [("over", word) for word in look.over]
    return [*words, ("ions", _ions_words(look))] if look.ions else words


def _ions_words(look: Look) -> str:
    return " ".join(mz_words(mz) for mz in look.ions)


def _query(pairs: list[tuple[str, str]]) -> str:
    return "".join(f"&{urlencode([pair])}" for pair in pairs)


def file_of(number: int, s: Shown) -> str:
    """The beginning of the name of a file that is taken along."""
    return f"{sample_number(number)}-{s.analysis.method.method.value}"


def caption_of(number: int, s: Shown) -> str:
    """Sample, method and libraries with their versions, for pictures and figures that leave the page."""
    analysis, reading = s.analysis.analysis, s.reading
    said = [
        f"Sample {sample_number(number)}, {s.analysis.method.title}, measured {day(analysis.started_at)} {clock_time(analysis.started_at)}"
        + (f", {reading.title}" if reading.title else ""),
        f"Method version {analysis.method_version}. Read by {reading.reader} {reading.reader_version}.",
    ]
    if s.answer is not None and s.answer.libraries:
        names = ", ".join(one.name for one in s.answer.libraries)
        engine = f" Search version {s.match.engine_version}." if s.match is not None else ""
        said.append(f"Libraries: {names}.{engine}")
    return "\n".join(said)
