"""The picture of a reading as SVG: for a page without scripts, for a report, for a talk. Drawn from what the page draws from, with the same
stretch and the same curves switched off, and with the line below that says what it is of. It stands alone: dark on white, no style sheet.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.figures.trends.charts.svg import n, text
from app.platform.plots import Line, Plot, Sticks

WIDTH, HEIGHT = 960.0, 480.0
LEFT, RIGHT, TOP, BOTTOM = 72.0, 16.0, 40.0, 52.0
FONT = "'Atkinson Hyperlegible Next', system-ui, sans-serif"
INK, MUTED, RULE, ACTION, PAPER = "#14171A", "#4B5359", "#C9CCC8", "#1B4F8A", "#FFFFFF"
COLOURS = ("#D55E00", "#CC79A7", "#E69F00", "#009E73", "#0072B2")
DASHES = ("7 4", "2 3", "10 3 2 3", "4 2", "12 4")
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a plot is seen: a stretch of its x axis, whole where an end is None, and curves that are switched off."""

    low: float | None = None
    high: float | None = None
    off: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Frame:
    """From values to the page. `turned`: larger values stand on the left."""

    low: float
    high: float
    bottom: float
    top: float
    turned: bool

    def x(self, value: float) -> float:
        part = (value - self.low) / (self.high - self.low)
        return LEFT + (1 - part if self.turned else part) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return TOP + (self.top - value) / (self.top - self.bottom) * (HEIGHT - TOP - BOTTOM)


def curves_shown(plot: Plot, shown: Shown) -> list[Line]:
    """The curves that are on, cut to the stretch that is seen."""
    out: list[Line] = []
    for line in plot.get("series", []):
        if line["label"] in shown.off:
            continue
        x, y = _rising(line)
        first = 0 if shown.low is None else bisect_left(x, shown.low)
        last = len(x) if shown.high is None else bisect_right(x, shown.high)
        out.append({"label": line["label"], "role": line["role"], "x": x[first:last], "y": y[first:last]})
    return out


def sticks_shown(sticks: Sticks, shown: Shown) -> list[tuple[float, float]]:
    """m/z and height in percent of the highest, of the stretch that is seen."""
    top = max(sticks["intensity"], default=0.0) or 1.0
    low = -math.inf if shown.low is None else shown.low
    high = math.inf if shown.high is None else shown.high
    pairs = zip(sticks["mz"], sticks["intensity"], strict=True)
    return [(mz, 100 * height / top) for mz, height in pairs if low <= mz <= high]


def _rising(line: Line) -> tuple[list[float], list[float]]:
    x, y = line["x"], line["y"]
    return (x, y) if len(x) < 2 or x[0] <= x[-1] else (x[::-1], y[::-1])


def svg_of(plot: Plot, shown: Shown, title: str, caption: str) -> str:
    """The whole file."""
    lines = caption.split("\n")
    height = HEIGHT + 20 * len(lines)
    inside = "".join(_mass(plot, shown) if plot["kind"] == "mass" else _curves(plot, shown))
    foot = "".join(_words(LEFT, HEIGHT + 8 + 20 * k, line, size=13, fill=MUTED) for k, line in enumerate(lines))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {n(WIDTH)} {n(height)}" width="{n(WIDTH)}" height="{n(height)}" '
        f'font-family="{text(FONT)}" font-size="14"><title>{text(title)}</title>'
        f'<rect width="{n(WIDTH)}" height="{n(height)}" fill="{PAPER}"/>{inside}{foot}</svg>'
    )


def _curves(plot: Plot, shown: Shown) -> Iterator[str]:
    some = [line for line in curves_shown(plot, shown) if line["x"]]
    if not some:
        yield _words(LEFT, HEIGHT / 2, "No curve is switched on.")
        return
    low = min(line["x"][0] for line in some) if shown.low is None else shown.low
    high = max(line["x"][-1] for line in some) if shown.high is None else shown.high
    bottom, top = min(0.0, *(min(line["y"]) for line in some)), max(max(line["y"]) for line in some)
    frame = _Frame(
        low, high if high > low else low + 1, bottom, top + 0.06 * (top - bottom or 1), plot["kind"] in ("ir", "raman")
    )
    yield from _axes(frame, plot["x_label"], plot["y_label"])
    looks = dict(zip((line["label"] for line in plot["series"]), _looks(plot["series"]), strict=True))
    for line in some:
        points = " ".join(f"{n(frame.x(x))},{n(frame.y(y))}" for x, y in zip(line["x"], line["y"], strict=True))
        yield f'<polyline fill="none" {looks[line["label"]]} points="{points}"/>'
    yield from _legend([(line["label"], looks[line["label"]]) for line in some])


def _looks(lines: Iterable[Line]) -> list[str]:
    """Colour, width and dash of each curve, as the page draws it."""
    out, other = [], 0
    for line in lines:
        known = {"query": (INK, "", 1.6), "reference": (ACTION, "8 4", 1.6), "residual": (MUTED, "", 1.2)}.get(
            line["role"]
        )
        if known is None:
            known, other = (COLOURS[other % 5], DASHES[other % 5], 1.6), other + 1
        colour, dash, width = known
        out.append(f'stroke="{colour}" stroke-width="{width}"' + (f' stroke-dasharray="{dash}"' if dash else ""))
    return out


def _mass(plot: Plot, shown: Shown) -> Iterator[str]:
    reference = plot.get("reference")
    up, down = sticks_shown(plot["query"], shown), sticks_shown(reference, shown) if reference else []
    masses = [mz for mz, _ in (*up, *down)] or [0.0, 1.0]
    low = min(masses) - 2 if shown.low is None else shown.low
    high = max(masses) + 2 if shown.high is None else shown.high
    frame = _Frame(low, high if high > low else low + 1, -112.0 if down else 0.0, 112.0, turned=False)
    yield from _axes(frame, plot["x_label"], plot["y_label"])
    for pairs, sign, colour in ((up, 1, INK), (down, -1, ACTION)):
        for mz, height in pairs:
            yield _line(frame.x(mz), frame.y(0), frame.x(mz), frame.y(sign * height), colour, 1.6)
        for mz, height in sorted(pairs, key=lambda pair: -pair[1])[: plot.get("labels", 6)]:
            yield _words(
                frame.x(mz), frame.y(sign * height) + (-4 if sign > 0 else 14), f"{mz:g}", anchor="middle", size=12
            )
    yield _line(LEFT, frame.y(0), WIDTH - RIGHT, frame.y(0), MUTED, 1)
    names = [(plot["query"]["label"], f'stroke="{INK}" stroke-width="1.6"')]
    if reference:
        names.append((f"{reference['label']} (below)", f'stroke="{ACTION}" stroke-width="1.6"'))
    yield from _legend(names)


def _axes(frame: _Frame, x_label: str, y_label: str) -> Iterator[str]:
    for value in _ticks(frame.low, frame.high, 8):
        yield _line(frame.x(value), TOP, frame.x(value), HEIGHT - BOTTOM, RULE, 0.6)
        yield _words(frame.x(value), HEIGHT - BOTTOM + 18, f"{value:g}", anchor="middle", fill=MUTED)
    for value in _ticks(frame.bottom, frame.top, 6):
        yield _line(LEFT, frame.y(value), WIDTH - RIGHT, frame.y(value), RULE, 0.6)
        yield _words(
            LEFT - 8, frame.y(value) + 4, f"{abs(value) if frame.bottom < -99 else value:g}", anchor="end", fill=MUTED
        )
    yield _words((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x_label, anchor="middle", fill=MUTED)
    middle = (TOP + HEIGHT - BOTTOM) / 2
    turn = f'transform="rotate(-90 16 {n(middle)})"'
    yield f'<text x="16" y="{n(middle)}" {turn} text-anchor="middle" fill="{MUTED}">{text(y_label)}</text>'


def _ticks(low: float, high: float, most: int) -> list[float]:
    """Round values inside the stretch."""
    rough = (high - low) / most
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(part * size for part in STEPS if part * size >= rough - 1e-12)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 10) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def _legend(names: Sequence[tuple[str, str]]) -> Iterator[str]:
    at = LEFT
    for label, look in names:
        yield f'<line {look} x1="{n(at)}" y1="18" x2="{n(at + 26)}" y2="18"/>' + _words(at + 32, 22, label)
        at += 52 + 7.4 * len(label)


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float) -> str:
    return f'<line x1="{n(x1)}" y1="{n(y1)}" x2="{n(x2)}" y2="{n(y2)}" stroke="{colour}" stroke-width="{width:g}"/>'


def _words(x: float, y: float, words: str, *, anchor: str = "start", size: int = 14, fill: str = INK) -> str:
    return f'<text x="{n(x)}" y="{n(y)}" text-anchor="{anchor}" font-size="{size}" fill="{fill}">{text(words)}</text>'
