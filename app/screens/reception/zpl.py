"""Labels for printers that speak ZPL II (203 dots per inch): small enough for the smallest label there is a preset for. Pure."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, HEIGHT = 320, 240
"""40 × 30 mm at 8 dots per mm."""


def label(large: Sequence[str], small: Sequence[str], code: str = "") -> str:
    """A QR code at the left; beside it the large lines, and the small ones below them over two lines each."""
    left, width = (160, WIDTH - 160) if code else (8, WIDTH - 16)
    size = 80 if len(large) == 1 else 44
    drawn = [f"^FO4,12^BQN,2,{3 if len(code) > 60 else 4}^FDMA,{_plain(code)}^FS"] if code else []
    y = 12
    for line in large:
        drawn.append(f"^FO{left},{y}^A0N,{size},{size * 3 // 4}^FH^FD{_plain(line)}^FS")
        y += size + 4
    for line in small:
        drawn.append(f"^FO{left},{y}^A0N,20,18^FB{width},2,0,L^FH^FD{_plain(line)}^FS")
        y += 22 * (1 + (len(line) * 10 > width))
    return "\n".join(["^XA", "^CI28", f"^PW{WIDTH}", f"^LL{HEIGHT}", *drawn, "^XZ", ""])


def _plain(text: str) -> str:
    """Nothing of a text is a command: the signs that begin one are written as numbers."""
    return "".join(f"_{ord(sign):02X}" if sign in "^~_\\" else sign for sign in " ".join(text.split()))
