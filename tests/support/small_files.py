"""Small instrument files written here, for tests that need a file but no real one."""

from __future__ import annotations

IR = """##TITLE=Small
##JCAMP-DX=4.24
##DATA TYPE=INFRARED SPECTRUM
##XUNITS=1/CM
##YUNITS=ABSORBANCE
##FIRSTX=400
##LASTX=2000
##NPOINTS=81
##XFACTOR=1
##YFACTOR=0.001
##FIRSTY={first}
##XYDATA=(X++(Y..Y))
{lines}
##END=
"""


def small_ir() -> bytes:
    """81 points with two bands."""
    ys = [
        round(1000 / (1 + ((400 + 20 * k - 1700) / 40) ** 2) + 500 / (1 + ((400 + 20 * k - 1100) / 40) ** 2))
        for k in range(81)
    ]
    lines = "\n".join(f"{400 + 20 * k} " + " ".join(str(y) for y in ys[k : k + 9]) for k in range(0, 81, 9))
    return IR.format(first=ys[0] * 0.001, lines=lines).encode()
