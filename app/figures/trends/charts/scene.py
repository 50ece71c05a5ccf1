"""What a chart is made of: lines, boxes, dots, areas and words, each with the name of a style. Pure.

A scene knows no colour: a page gives each style a class (css/trends.css), a slide gives it attributes (svg.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Line:
    """From one point to another, in units of the scene."""

    x1: float
    y1: float
    x2: float
    y2: float
    style: str


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle by its upper left corner."""

    x: float
    y: float
    width: float
    height: float
    style: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A circle."""

    x: float
    y: float
    radius: float
    style: str


@dataclass(frozen=True, slots=True)
class Area:
    """A closed shape through these points."""

    points: tuple[tuple[float, float], ...]
    style: str


@dataclass(frozen=True, slots=True)
class Words:
    """Text at a point; `turned` reads from bottom to top."""

    x: float
    y: float
    text: str
    style: str
    anchor: Anchor = "start"
    turned: bool = False


Mark = Line | Box | Dot | Area | Words


@dataclass(frozen=True, slots=True)
class Titled:
    """Marks that belong together, with what they say when pointed at."""

    title: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """A drawing of this size, back to front."""

    width: float
    height: float
    parts: tuple[Mark | Titled, ...]
