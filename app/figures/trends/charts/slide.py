"""A chart as a file of its own for a talk: 16:9, its title, the drawing, and under it where the figures come from.

Standalone: presentation attributes only, the fonts of whoever opens it, nothing that is loaded. Dark text on white,
because projectors and paper want it so. Pure.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.figures.trends.charts.bars import short
from app.figures.trends.charts.scene import Scene
from app.figures.trends.charts.svg import attributes, body, n, text

WIDTH, HEIGHT, EDGE = 1280.0, 720.0, 48.0
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif"
TITLE, SMALL, LINE = 32, 16, 22
CHOOSE = "People choose what they bring: these figures describe samples brought to a service, not what is sold."
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
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{n(WIDTH)}" height="{n(HEIGHT)}" '
        f'viewBox="0 0 {n(WIDTH)} {n(HEIGHT)}" font-family="{text(FONT)}">'
        f"<title>{text(source.title)}</title><desc>{text(source.citation)}</desc>"
        f'<rect width="{n(WIDTH)}" height="{n(HEIGHT)}" fill="{PAPER}"/>'
        f"{_line(EDGE, EDGE + TITLE - 12, short(source.title, 72), TITLE, INK, bold=True)}{subtitle}"
        f'<svg x="{n(EDGE + (WIDTH - 2 * EDGE - wide) / 2)}" y="{n(head)}" width="{n(wide)}" height="{n(tall)}" '
        f'viewBox="0 0 {n(scene.width)} {n(scene.height)}">{body(scene, _styled)}</svg>{lines}</svg>\n'
    )


def _styled(style: str) -> str:
    return attributes(LOOKS[style])


def _line(x: float, y: float, words: str, size: int, colour: str, *, bold: bool = False) -> str:
    weight = ' font-weight="650"' if bold else ""
    return f'<text x="{n(x)}" y="{n(y)}" font-size="{size}" fill="{colour}"{weight}>{text(words)}</text>'


def _wrapped(words: str) -> list[str]:
    """Whole: a definition that ends in the middle is none."""
    return textwrap.wrap(words, 150)
