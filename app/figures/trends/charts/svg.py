"""Scenes as SVG text. Everything that is printed is escaped: names come from people and from files of other services.

On a page there is no style attribute and no script: the content security policy forbids both. A slide is a file of its own
for a talk: 16:9, a title, the drawing, and under it where the figures come from. It stands alone: presentation attributes
only, the fonts of the reader, nothing that is loaded; dark text on white, because projectors and paper want it so.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Final

from app.figures.trends.charts.bars import short
from app.figures.trends.charts.scene import Area, Box, Dot, Line, Mark, Scene, Titled, Words

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
    marks = body(scene, lambda style: f' class="ch-{style}"')
    return f'<svg viewBox="0 0 {n(scene.width)} {n(scene.height)}" role="img" aria-label="{text(label)}">{marks}</svg>'


def body(scene: Scene, styled: Styled) -> str:
    """The marks, back to front."""
    return "".join(_titled(p, styled) if isinstance(p, Titled) else _mark(p, styled) for p in scene.parts)


def _titled(part: Titled, styled: Styled) -> str:
    return f"<g><title>{text(part.title)}</title>{''.join(_mark(m, styled) for m in part.marks)}</g>"


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


WIDTH, HEIGHT, EDGE = 1280.0, 720.0, 48.0
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif"
TITLE, SMALL, LINE = 32, 16, 22
CHOOSE = "People choose what they bring. These figures describe samples brought to a service, not what is sold."
INK, MUTED, EDGES, RULE, ACTION, PAPER = "#14171A", "#4B5359", "#6B7278", "#C9CCC8", "#1B4F8A", "#FFFFFF"
"""The light tokens of css/tokens.css: a slide has no style sheet."""

_HALO = {"stroke": PAPER, "stroke-width": 4, "paint-order": "stroke", "stroke-linejoin": "round"}
LOOKS: Final[Mapping[str, Mapping[str, object]]] = {
    "grid": {"stroke": RULE},
    "axis": {"stroke": EDGES},
    "tick": {"fill": MUTED, "font-size": 15},
    "label": {"fill": INK, "font-size": 15},
    "value": {"fill": INK, "font-size": 15},
    "over": {"fill": INK, "font-size": 14, **_HALO},
    "line": {"stroke": ACTION, "stroke-width": 2.5, "fill": "none"},
    "line-dotted": {"stroke": ACTION, "stroke-width": 2.5, "stroke-dasharray": "2 5", "fill": "none"},
    "band": {"fill": ACTION, "fill-opacity": 0.14},
    "whisker": {"stroke": ACTION, "stroke-width": 2},
    "dot": {"fill": ACTION, "stroke": ACTION, "stroke-width": 2},
    "dot-hollow": {"fill": PAPER, "stroke": ACTION, "stroke-width": 2},
    "bar": {"fill": ACTION},
    "bar-hollow": {"fill": PAPER, "stroke": ACTION, "stroke-width": 2, "stroke-dasharray": "2 4"},
    "range": {"stroke": INK, "stroke-width": 2},
    "baseline": {"stroke": INK, "stroke-width": 2, "stroke-dasharray": "12 6"},
    "cell": {"fill": "none", "stroke": EDGES},
    "part": {"fill": "none", "stroke": INK, "stroke-dasharray": "2 3"},
    "in-cell": {"fill": INK, "font-size": 14},
    "heat-1": {"fill": "#EAF0F7"},
    "heat-2": {"fill": "#CFDEEE"},
    "heat-3": {"fill": "#B1CBE5"},
    "heat-4": {"fill": "#94B9DE"},
    "heat-5": {"fill": "#78A7D6"},
}


@dataclass(frozen=True, slots=True)
class Source:
    """What has to stand under a figure that travels alone."""

    title: str
    subtitle: str
    definition: str
    noise: str
    citation: str


def slide(scene: Scene, source: Source) -> str:
    """The whole file."""
    foot = [*_wrapped(source.definition), *_wrapped(source.noise), CHOOSE, *_wrapped(source.citation)]
    foot = [line for line in foot if line]
    head = EDGE + TITLE + (LINE + 8 if source.subtitle else 8)
    room = HEIGHT - head - EDGE - LINE * len(foot)
    scale = min((WIDTH - 2 * EDGE) / scene.width, room / scene.height, 2.0)
    wide, tall = scene.width * scale, scene.height * scale
    first = HEIGHT - EDGE - LINE * (len(foot) - 1) + 8
    lines = "".join(_line(EDGE, first + LINE * k, line, SMALL, MUTED) for k, line in enumerate(foot))
    subtitle = _line(EDGE, EDGE + TITLE + LINE - 4, source.subtitle, 18, MUTED) if source.subtitle else ""
    marks = body(scene, lambda style: attributes(LOOKS[style]))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{n(WIDTH)}" height="{n(HEIGHT)}" '
        f'viewBox="0 0 {n(WIDTH)} {n(HEIGHT)}" font-family="{text(FONT)}">'
        f"<title>{text(source.title)}</title><desc>{text(source.citation)}</desc>"
        f'<rect width="{n(WIDTH)}" height="{n(HEIGHT)}" fill="{PAPER}"/>'
        f"{_line(EDGE, EDGE + TITLE - 12, short(source.title, 72), TITLE, INK, bold=True)}{subtitle}"
        f'<svg x="{n(EDGE + (WIDTH - 2 * EDGE - wide) / 2)}" y="{n(head)}" width="{n(wide)}" height="{n(tall)}" '
        f'viewBox="0 0 {n(scene.width)} {n(scene.height)}">{marks}</svg>{lines}</svg>\n'
    )


def _line(x: float, y: float, words: str, size: int, colour: str, *, bold: bool = False) -> str:
    weight = ' font-weight="650"' if bold else ""
    return f'<text x="{n(x)}" y="{n(y)}" font-size="{size}" fill="{colour}"{weight}>{text(words)}</text>'


def _wrapped(words: str) -> list[str]:
    """Whole: a definition that ends in the middle is none."""
    return textwrap.wrap(words, 150)
