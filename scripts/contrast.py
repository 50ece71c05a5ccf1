"""Contrast of every token against its ground, in every theme; exits 1 when one falls short (WCAG 2.2, relative luminance).

Text, severities and the action colour need 7:1; the edges of controls and the lines of plots need 3:1.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

CSS = Path(__file__).resolve().parent.parent / "app" / "screens" / "common" / "tokens.css"
BLOCKS = {
    "light": r"^:root \{(.*?)^\}",
    "dark (by the machine)": r":root:not\(\[data-theme\]\) \{(.*?)\}",
    "dark (chosen)": r':root\[data-theme="dark"\] \{(.*?)\}',
    "bright sun": r':root\[data-theme="sun"\] \{(.*?)\}',
}
PAIRS = (
    *(
        (name, ground, 7.0)
        for name in ("ink", "muted", "action", "s0", "s1", "s2", "s3", "s4")
        for ground in ("paper", "field")
    ),
    ("ink", "shade", 7.0),
    ("ink", "tint", 7.0),
    *(("ink", f"heat-{step}", 7.0) for step in range(1, 6)),
    ("on-action", "action", 7.0),
    ("paper", "ink", 7.0),
    ("edge", "paper", 3.0),
    ("edge", "field", 3.0),
)


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def themes() -> dict[str, dict[str, str]]:
    """Colours of every theme, read from tokens.css."""
    text = CSS.read_text()
    found = {}
    for name, pattern in BLOCKS.items():
        block = re.search(pattern, text, re.S | re.M)
        assert block, name
        found[name] = dict(re.findall(r"--([\w-]+): (#[0-9A-Fa-f]{6});", block[1]))
    return found


def main() -> int:
    """Print the table."""
    short = 0
    for theme, colours in themes().items():
        print(theme)
        for name, ground, least in PAIRS:
            ratio = contrast(colours[name], colours[ground])
            short += ratio < least
            print(f"  {name:>9} on {ground:<6} {ratio:5.2f}:1{'' if ratio >= least else f'  SHORT of {least}:1'}")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
