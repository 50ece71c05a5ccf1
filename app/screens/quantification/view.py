"""What the pages of quantification show: a curve as figures and as a drawing with its residuals, and amounts in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup
from pydantic import BaseModel, ConfigDict

from app.figures.trends.charts.scene import Box, Dot, Line, Mark, Scene, Titled, Words
from app.figures.trends.charts.svg import inline
from app.figures.trends.charts.words import Scale, ticks, top_of
from app.intake.samples import substances
from app.laboratory.quantification.schemas import CurveOut, QuantificationOut
from app.results.finding import Amount
from app.results.words import amount_words
from harm_messages.register import Register
from harm_messages.vocabulary import Basis, Unit

WIDTH, FIT_TOP, FIT_FLOOR = 560.0, 12.0, 228.0
MIDDLE, REACH, LEFT, RIGHT = 300.0, 36.0, 64.0, 12.0
"""The residuals stand about MIDDLE, `REACH` high to either side."""
HEIGHT = 384.0
ACCEPTED = 15.0
"""Percent by which a level may be off (ICH M10, 2022); the lowest by 20."""
STATE_WORDS = {"in_use": "in use", "superseded": "superseded", "expired": "expired"}


class LevelFit(BaseModel):
    """One level read off its own curve, as it is kept with the fit."""

    model_config = ConfigDict(extra="ignore")

    concentration: float
    found: float
    accuracy_percent: float | None = None
    residual: float
    within: bool

    @property
    def off_percent(self) -> float | None:
        """How far the level read off the curve is from its own concentration."""
        return None if self.accuracy_percent is None else self.accuracy_percent - 100


class Fit(BaseModel):
    """The figures of a fit that the pages show."""

    model_config = ConfigDict(extra="ignore")

    slope: float
    intercept: float
    slope_u: float
    intercept_u: float
    r2: float | None = None
    lod: float
    loq: float
    low: float
    high: float
    levels: tuple[LevelFit, ...]
    notes: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CurveView:
    """A curve ready to print."""

    row: CurveOut
    fit: Fit
    name: str

    @property
    def state(self) -> str:
        """In a word."""
        return STATE_WORDS[self.row.state]

    @property
    def range_words(self) -> str:
        """`0.05–0.8 mg/mL`."""
        return f"{self.fit.low:.3g}–{self.fit.high:.3g}\u00a0{self.row.unit.value}"

    @property
    def r2_words(self) -> str:
        """r² with four decimals, so that 0.9996 is no 1."""
        return "–" if self.fit.r2 is None else f"{min(self.fit.r2, 0.99999):.5f}"

    @property
    def drift_words(self) -> str:
        """Change of the slope since the curve before."""
        change = self.row.slope_change_percent
        return "–" if change is None else f"{change:+.1f}\u00a0%".replace("-", "−")

    @property
    def drawing(self) -> Markup:
        """The fit with its residuals as SVG; `inline` escapes what it prints."""
        return Markup(inline(scene_of(self), label=self.summary))  # noqa: S704

    @property
    def summary(self) -> str:
        """What the drawing shows, in words."""
        off = [abs(o) for level in self.fit.levels if (o := level.off_percent) is not None]
        worst = f" The largest residual is {max(off):.1f}\u00a0%." if off else ""
        return f"{len(self.fit.levels)} points, range {self.range_words}, r² {self.r2_words}.{worst}"


def curve_view(row: CurveOut, register: Register) -> CurveView:
    """A curve with its fit and the name of its substance."""
    return CurveView(row, Fit.model_validate(row.fit), substances.label_of(register, row.substance))


def scene_of(view: CurveView) -> Scene:
    """Above the points and their line, below how far each is off, in percent, with what is accepted."""
    fit = view.fit
    levels = [(level, level.residual + fit.intercept + fit.slope * level.concentration) for level in fit.levels]
    right = top_of([level.concentration for level, _ in levels] or [1.0], Scale.AMOUNT)
    top = top_of([y for _, y in levels] or [1.0], Scale.AMOUNT)
    axes = _Axes(right, top)
    parts: list[Mark | Titled] = [*_fitted(axes, fit), *_frame(axes, view)]
    for level, y in levels:
        parts.append(_point(axes, level, y))
        if level.off_percent is not None:
            parts.append(_residual(axes, level, level.off_percent))
    return Scene(WIDTH, HEIGHT, tuple(parts))


@dataclass(frozen=True, slots=True)
class _Axes:
    """The ends of both axes, and where a figure stands."""

    right: float
    top: float

    def x(self, value: float) -> float:
        return LEFT + value / self.right * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return FIT_FLOOR - max(0.0, min(1.0, value / self.top)) * (FIT_FLOOR - FIT_TOP)


def _off(percent: float) -> float:
    """Height of a residual; what is further off than 30 % stands at the edge."""
    return MIDDLE - max(-30.0, min(30.0, percent)) / 30.0 * REACH


def _frame(axes: _Axes, view: CurveView) -> Iterator[Mark]:
    yield Box(LEFT, _off(ACCEPTED), WIDTH - LEFT - RIGHT, _off(-ACCEPTED) - _off(ACCEPTED), "band")
    for value, words in ticks(axes.top, Scale.AMOUNT):
        yield Line(LEFT, axes.y(value), WIDTH - RIGHT, axes.y(value), "grid" if value else "axis")
        yield Words(LEFT - 6, axes.y(value) + 5, words, "tick", "end")
    for off in (-ACCEPTED, 0.0, ACCEPTED):
        yield Line(LEFT, _off(off), WIDTH - RIGHT, _off(off), "axis" if not off else "grid")
        yield Words(LEFT - 6, _off(off) + 5, f"{off:+.0f}\u00a0%".replace("-", "−") if off else "0", "tick", "end")
    for value, words in ticks(axes.right, Scale.AMOUNT):
        yield Words(axes.x(value), MIDDLE + REACH + 16, words, "tick", "middle" if value else "start")
    yield Words(WIDTH - RIGHT, HEIGHT - 4, view.row.unit.value, "tick", "end")
    yield Words(LEFT + 6, FIT_TOP + 20, "Response" if not view.row.internal_standard else "Response ratio", "over")
    yield Words(LEFT + 6, MIDDLE - REACH + 6, "Residual", "over")


def _fitted(axes: _Axes, fit: Fit) -> Iterator[Mark]:
    start = max(0.0, -fit.intercept / fit.slope) if fit.slope else 0.0
    end = axes.right if fit.intercept + fit.slope * axes.right <= axes.top else (axes.top - fit.intercept) / fit.slope
    y1, y2 = (axes.y(fit.intercept + fit.slope * x) for x in (start, end))
    yield Line(axes.x(start), y1, axes.x(end), y2, "line")
    for limit in (fit.low, fit.high):
        yield Line(axes.x(limit), FIT_TOP, axes.x(limit), FIT_FLOOR, "line-dotted")


def _point(axes: _Axes, level: LevelFit, y: float) -> Titled:
    style = "dot" if level.within else "dot-hollow"
    title = f"{level.concentration:.4g}: response {y:.4g}, read back as {level.found:.4g}"
    return Titled(title, (Dot(axes.x(level.concentration), axes.y(y), 5, style),))


def _residual(axes: _Axes, level: LevelFit, off: float) -> Titled:
    x, style = axes.x(level.concentration), "dot" if level.within else "dot-hollow"
    marks: tuple[Mark, ...] = (Line(x, _off(0), x, _off(off), "whisker"), Dot(x, _off(off), 4, style))
    return Titled(f"{level.concentration:.4g}: {off:+.1f}\u00a0%", marks)


@dataclass(frozen=True, slots=True)
class AmountRow:
    """What was read off a curve for a sample, in words; `amount` is empty where there is no figure."""

    row: QuantificationOut
    name: str
    amount: str


def amount_row(row: QuantificationOut, register: Register) -> AmountRow:
    """An amount with its interval and the form it counts."""
    said = row.amount
    words = ""
    if said is not None:
        value, low, high, k = (float(said[name]) for name in ("value", "low", "high", "k"))
        words = amount_words(Amount(value, Unit(str(said["unit"])), Basis(str(said["basis"])), low, high, k))
    return AmountRow(row, substances.label_of(register, row.substance), words)
