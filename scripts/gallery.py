"""Render every part of the look with made-up content into build/gallery/ (kept out of git).

    .venv/bin/python scripts/gallery.py && .venv/bin/python -m http.server -d build/gallery

Needs only jinja2 (and segno for the label). Scripts are ES modules, which browsers load over http but not from a file.
"""

from __future__ import annotations

import io
import json
import math
import shutil
from pathlib import Path
from typing import Any

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "gallery"


class Missing(StrictUndefined):
    """As in the service: falsy when asked for, an error when printed."""

    __slots__ = ()

    def __bool__(self) -> bool:  # type: ignore[override]
        return False


def bands(x: float, *peaks: tuple[float, float, float]) -> float:
    """A sum of Lorentzian bands (centre, height, half width)."""
    return sum(h / (1 + ((x - c) / w) ** 2) for c, h, w in peaks)


def rounded(ys: list[float]) -> list[float]:
    """Four significant digits are more than a screen shows."""
    return [float(f"{y:.4g}") for y in ys]


def infrared() -> dict[str, Any]:
    """A made-up mixture with one band that nothing explains."""
    xs = [4000 - 2 * i for i in range(1801)]
    first = (
        (1730, 0.8, 11),
        (1712, 0.7, 9),
        (1265, 0.75, 12),
        (1107, 0.5, 10),
        (730, 0.6, 7),
        (2540, 0.25, 60),
        (2945, 0.15, 22),
    )
    second = ((1588, 0.35, 12), (1545, 0.3, 10), (1240, 0.2, 9), (700, 0.3, 8))
    one = [bands(x, *first) for x in xs]
    two = [0.25 * bands(x, *second) for x in xs]
    noise = [0.004 * math.sin(i * 12.9898) * math.cos(i * 4.1414) for i in range(len(xs))]
    rest = [bands(x, (1750, 0.09, 9), (1606, 0.06, 8)) + n for x, n in zip(xs, noise, strict=True)]
    query = [a + b + c for a, b, c in zip(one, two, rest, strict=True)]
    return {
        "kind": "ir",
        "x_label": "Wavenumber / cm⁻¹",
        "y_label": "Absorbance",
        "x": xs,
        "series": [
            {"label": "Sample 041", "role": "query", "y": rounded(query)},
            {"label": "Cocaine hydrochloride", "role": "reference", "y": rounded(one)},
            {"label": "Levamisole", "role": "component", "y": rounded(two)},
            {"label": "Unexplained", "role": "residual", "y": rounded(rest)},
        ],
        "marks": [{"x": 1750, "label": "1750"}, {"x": 1606, "label": "1606"}],
    }


def mass() -> dict[str, Any]:
    """Cocaine, roughly, and an entry that differs a little."""
    mz = [42, 51, 77, 82, 83, 94, 96, 105, 122, 152, 182, 198, 272, 303]
    return {
        "kind": "mass",
        "query": {"label": "Sample 041", "mz": mz, "intensity": [22, 6, 25, 100, 34, 30, 22, 29, 8, 4, 83, 9, 7, 18]},
        "reference": {"label": "Cocaine", "mz": mz, "intensity": [30, 9, 31, 100, 38, 28, 24, 33, 7, 3, 74, 8, 5, 16]},
    }


def chromatogram() -> dict[str, Any]:
    """Three peaks."""
    xs = [i / 100 for i in range(900)]
    ys = [1e5 * bands(x, (2.1, 0.3, 0.02), (4.31, 1, 0.025), (6.02, 0.5, 0.03)) + 2000 for x in xs]
    marks = [{"x": 2.1, "label": "1", "href": "?peak=1"}, {"x": 4.31, "label": "2", "href": "?peak=2"}]
    return {
        "kind": "chromatogram",
        "x_label": "Retention time / min",
        "y_label": "Total ion current",
        "series": [{"label": "Total ion current", "role": "query", "x": xs, "y": ys}],
        "marks": marks,
    }


def qr(text: str) -> Markup:
    """A QR code as inline SVG; segno writes nothing but markup of its own."""
    out = io.BytesIO()
    segno.make(text, error="m").save(out, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=0)
    return Markup(out.getvalue().decode())


def main() -> None:
    """Render the pages and copy the static files beside them."""
    environment = Environment(
        loader=FileSystemLoader(ROOT / "app" / "templates"),
        autoescape=True,
        undefined=Missing,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    swatches = [
        ("white", "#FFFFFF"),
        ("pink", "#E8A0B8"),
        ("blue", "#5B8DC9"),
        ("yellow", "#F2D45C"),
        ("brown", "#7A5230"),
    ]
    nav = [
        ("Reception", "reception.html"),
        ("Bench", "bench.html"),
        ("Trends", "researcher.html"),
        ("Parts", "parts.html"),
    ]
    common: dict[str, Any] = {
        "actor": {"display_name": "R. Ahmed", "roles": ["chemist"], "agency_name": "Durham lab"},
        "settings_name": "Durham, Saturday",
        "place": "Durham, Saturday",
        "languages": [
            {"label": "English", "href": "#", "lang": "en", "current": True},
            {"label": "Polski", "href": "#", "lang": "pl"},
            {"label": "العربية", "href": "#", "lang": "ar"},
        ],
        "swatches": [{"value": word, "label": word, "fill": fill} for word, fill in swatches],
        "ir": infrared(),
        "ms": mass(),
        "tic": chromatogram(),
        "qr": qr("https://mast.example/t#3RWX7KDN9FHT"),
        "static_path": "static",
        "print_kind": "labels",
    }
    shutil.rmtree(OUT, ignore_errors=True)
    shutil.copytree(ROOT / "app" / "static", OUT / "static")
    suggestions = [
        {"id": "mdma", "label": "MDMA", "hint": "mandy, md, pills", "kind": "substance"},
        {"id": "mda", "label": "MDA", "hint": "sass", "kind": "substance"},
        {
            "id": "spice",
            "label": "spice",
            "hint": "synthetic cannabinoids, or heroin in some towns",
            "kind": "ambiguous",
        },
    ]
    (OUT / "suggest.json").write_text(json.dumps(suggestions))
    pages = sorted((ROOT / "app" / "templates" / "gallery").glob("*.html"))
    for page in pages:
        links = [{"label": label, "href": href, "current": href == page.name} for label, href in nav]
        html = environment.get_template(f"gallery/{page.name}").render(common, nav=links)
        (OUT / page.name).write_text(html)
    entries = "".join(f'<li><a href="{page.name}">{page.stem}</a></li>' for page in pages)
    (OUT / "index.html").write_text(f"<!doctype html><title>Gallery</title><ul>{entries}</ul>")
    print(f"{len(pages)} pages in {OUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
