"""Raman from 100 cm⁻¹ upwards, from the library that is imported to what is drawn: nothing lies beside its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.platform.kernel.actor import Role
from spectra.starter import lorentzians
from tests.support.reference_zips import zipped
from tests.support.road import ok
from tests.support.writes import Stage

AXIS = np.arange(100.0, 3402.0, 2.0)
BANDS = [(450.0, 0.5, 12.0), (700.0, 0.6, 14.0), (1030.0, 0.4, 12.0), (1240.0, 1.0, 14.0), (1650.0, 0.8, 14.0)]
LATTICE = {"Alphamine HCl": 140.0, "Alphamine maleate": 232.0}
URL = "/api/v1/libraries/imports/uploads?filename=raman.zip&name=Raman&licence=CC0&source=a%20network"


def raman_file(title: str, y: np.ndarray) -> bytes:
    """A Raman spectrum on AXIS as JCAMP-DX."""
    whole = np.rint(1e4 * y).astype(int)
    rows = [f"{AXIS[k]:.0f} " + " ".join(str(v) for v in whole[k : k + 8]) for k in range(0, AXIS.size, 8)]
    head = {
        "TITLE": title, "JCAMP-DX": "4.24", "DATA TYPE": "RAMAN SPECTRUM", "XUNITS": "1/CM", "YUNITS": "COUNTS",
        "XFACTOR": 1, "YFACTOR": 1e-4, "FIRSTX": AXIS[0], "LASTX": AXIS[-1], "NPOINTS": AXIS.size, "FIRSTY": whole[0] * 1e-4,
    }  # fmt: skip
    lines = [*(f"##{key}={value}" for key, value in head.items()), "##XYDATA=(X++(Y..Y))", *rows, "##END="]
    return ("\n".join(lines) + "\n").encode()


def pure(name: str) -> np.ndarray:
    return lorentzians(AXIS, [*BANDS, (LATTICE[name], 1.5, 12.0)])


def highest(series: dict[str, Any]) -> float:
    return float(series["x"][int(np.argmax(series["y"]))])


@pytest.fixture
def reading(stage: Stage) -> str:
    files = {f"{k}.jdx": raman_file(name, pure(name)) for k, name in enumerate(LATTICE)}
    headers = {"Content-Type": "application/octet-stream", "Idempotency-Key": "raman"}
    ok(stage.world.as_(Role.ADMIN).post(URL, content=zipped(files), headers=headers), 202)
    stage.world.runtime.jobs.run_until_idle()
    noise = np.random.default_rng(4).normal(0, 2e-3, AXIS.size)
    _, _, upload = stage.read_file(raman_file("Sample", 2.0 * pure("Alphamine maleate") + 0.5 + noise))
    return str(ok(stage.client("chemist").get(f"/api/v1/uploads/{upload}/readings"))[0]["id"])


def test_salts_that_differ_below_four_hundred_wavenumbers_are_told_apart_and_drawn_in_place(
    stage: Stage, reading: str
) -> None:
    chemist = stage.client("chemist")
    url = f"/api/v1/readings/{reading}/subtraction"
    first = chemist.get(url)
    hits = ok(first)["hits"]
    assert hits[0]["name"] == "Alphamine maleate"
    assert highest(ok(first)["plot"]["series"][0]) == 232.0
    body = {"library": hits[0]["library"], "entry": hits[0]["entry"]}
    work = ok(chemist.post(f"{url}/steps", json=body, headers={"If-Match": first.headers["ETag"]}), 201)
    assert work["steps"][0]["factor"] == pytest.approx(2.0, rel=0.05)
    rest = next(s for s in work["plot"]["series"] if s["role"] == "residual")
    assert rest["x"][0] == 100.0
    assert np.ptp(rest["y"]) < 0.2
