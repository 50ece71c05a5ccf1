"""Scenes as SVG text. Everything that is printed is escaped: names come from people and from files of other services.

No style attribute and no script: the content security policy of the pages forbids both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape

from app.figures.trends.charts.scene import Area, Box, Dot, Line, Mark, Scene, Told, Words

_UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold (section 2.2, Char): one such sign and the file does not open."""

Styled = Callable[[str], str]
"""From the name of a style to the attributes that give it."""


def text(value: str) -> str:
    """Fit for the inside of an element and of an attribute in double quotes."""
    return escape(_UNFIT.sub("", value), quote=True)


def attributes(values: Mapping[str, object]) -> str:
    """` name="value"` for each."""
    return "".join(f' {name}="{text(str(value))}"' for name, value in values.items())


def n(value: float) -> str:
    """A coordinate with one decimal at most."""
    return f"{round(value, 1):g}"


def inline(scene: Scene, *, label: str) -> str:
    """On a page: styles are classes `ch-…`; `label` is read aloud."""

    def styled(style: str) -> str:
        return f' class="ch-{style}"'

    return (
        f'<svg viewBox="0 0 {n(scene.width)} {n(scene.height)}" role="img" aria-label="{text(label)}">'
        f"{body(scene, styled)}</svg>"
    )


def body(scene: Scene, styled: Styled) -> str:
    """The marks, back to front."""
    return "".join(_told(p, styled) if isinstance(p, Told) else _mark(p, styled) for p in scene.parts)


def _told(told: Told, styled: Styled) -> str:
    return f"<g><title>{text(told.title)}</title>{''.join(_mark(m, styled) for m in told.marks)}</g>"


def _mark(mark: Mark, styled: Styled) -> str:
    look = styled(mark.style)
    match mark:
        case Line(x1, y1, x2, y2):
            return f'<line{look} x1="{n(x1)}" y1="{n(y1)}" x2="{n(x2)}" y2="{n(y2)}"/>'
        case Box(x, y, width, height):
            return f'<rect{look} x="{n(x)}" y="{n(y)}" width="{n(width)}" height="{n(height)}"/>'
        case Dot(x, y, radius):
            return f'<circle{look} cx="{n(x)}" cy="{n(y)}" r="{n(radius)}"/>'
        case Area(points):
            return f'<polygon{look} points="{" ".join(f"{n(x)},{n(y)}" for x, y in points)}"/>'
        case Words(x, y, words, _, anchor, turned):
            turn = f' transform="rotate(-90 {n(x)} {n(y)})"' if turned else ""
            at = "" if anchor == "start" else f' text-anchor="{anchor}"'
            return f'<text{look} x="{n(x)}" y="{n(y)}"{at}{turn}>{text(words)}</text>'
