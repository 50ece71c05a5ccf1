"""What the bench draws of a run: traces of ions, a raw peak, the mean of a stretch, and more points where someone looks closer."""

from __future__ import annotations

import gzip
from itertools import accumulate
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from app.laboratory.readings import uploads
from app.laboratory.readings.plot_range import MOST_POINTS
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Invalid
from app.screens.bench.look import ions_of, mean_of
from tests.support.small_files import MDMA, small_run

from .conftest import Lab

CHEMIST = Role.CHEMIST
HTML = {"Accept": "text/html"}
CAFFEINE = {194: 999.0, 109: 560.0, 55: 250.0, 67: 260.0, 82: 220.0, 193: 70.0}
LONG = 6000
STEPS = 200
"""Scans of a minute are sixty: a stretch of 3.3 minutes holds so many, all of them."""


def measured(lab: Lab, content: bytes) -> tuple[UUID, UUID]:
    sample_id = lab.sample(("mdma",))
    upload = lab.upload(sample_id, content, "run.cdf")
    return sample_id, lab.read(lambda s: uploads.readings_of_upload(s, lab.actor(CHEMIST), upload.id))[0].id


@pytest.fixture
def run(lab: Lab) -> tuple[UUID, UUID]:
    """MDMA at 5.67 min, caffeine at 6.42."""
    return measured(lab, small_run([(340.0, MDMA), (385.0, CAFFEINE)]))


def plot(world: Any, reading_id: UUID, **query: Any) -> Any:
    answer = world.as_(CHEMIST).get(f"/bench/readings/{reading_id}/plot", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def curve(line: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """As spectrum_parts.js unpacks it."""
    y = np.array(line["y"]) if "y" in line else np.array(list(accumulate(line["steps"]))) * line["unit"]
    if "grid" in line:
        return line["grid"][0] + np.arange(y.size) * line["grid"][1], y
    return np.array(line["x"]) if "x" in line else line["first_x"] + np.array(list(accumulate(line["steps_x"]))) * line[
        "unit_x"
    ], y


def at_top(line: dict[str, Any]) -> float:
    x, y = curve(line)
    return float(x[int(np.argmax(y))])


def test_traces_of_chosen_ions_lie_over_the_run_and_go_along(world: Any, run: Any) -> None:
    sample_id, reading_id = run
    drawn = plot(world, reading_id, ions="58, 194")
    tic, mdma, caffeine = drawn["series"]
    assert [line["label"] for line in (tic, mdma, caffeine)] == ["TIC", "m/z 58", "m/z 194"]
    assert at_top(mdma) == pytest.approx(5.67, abs=0.03)
    assert at_top(caffeine) == pytest.approx(6.42, abs=0.03)
    assert curve(mdma)[1].max() == pytest.approx(99_900, rel=0.05), "as high as it was recorded"
    assert "m/z 194 is highest at 6.42 min." in drawn["summary"]
    assert drawn["table"]["head"][-2:] == ["m/z 58", "m/z 194"]
    chemist, asked = world.as_(CHEMIST), {"ions": "58 194"}
    lines = chemist.get(f"/bench/samples/{sample_id}/plot.csv", params=asked).text
    assert lines.count("\nm/z 58,") == lines.count("\nm/z 194,") == 120
    assert "m/z 194" in chemist.get(f"/bench/samples/{sample_id}/plot.svg", params=asked).text
    page = chemist.get(f"/bench/samples/{sample_id}", params=asked, headers=HTML).text
    assert "Traces of m/z 58, 194" in page
    assert f'plot.svg?reading={reading_id}&amp;ions=58+194" alt=' in page, "without scripts too"
    assert 'name="ions" value="58 194"' in page
    assert "ions=194" in page, "each can be taken away"
    assert "peak=1&amp;ions=58+194" in page, "a peak that is opened leaves the traces"


def test_a_peak_is_shown_as_it_was_taken_apart_or_as_it_was_measured(world: Any, run: Any) -> None:
    sample_id, reading_id = run
    apart, raw = (plot(world, reading_id, peak=2, compare=1, **asked) for asked in ({}, {"raw": "1"}))
    bleed = {73.0, 207.0, 281.0}
    assert not bleed & set(apart["query"]["mz"])
    assert bleed < set(raw["query"]["mz"])
    assert raw["query"]["label"] == "Raw scan at 5.67 min"
    assert raw["reference"]["label"] == apart["reference"]["label"]
    page = world.as_(CHEMIST).get(f"/bench/samples/{sample_id}?peak=2&raw=1", headers=HTML).text
    assert f'href="?reading={reading_id}&amp;peak=2" data-part="below">Deconvoluted</a>' in page
    assert 'raw=1" data-part="below" aria-current="true">Raw</a>' in page
    assert "peak=1&amp;raw=1" in page, "the next peak is shown in the same way"


def test_a_stretch_has_a_mean_spectrum_and_a_stretch_between_two_scans_the_nearest_one(world: Any, run: Any) -> None:
    sample_id, reading_id = run
    mean = plot(world, reading_id, start="5.60", end="5.75")
    assert mean["query"]["label"] == "Mean of 10 scans, 5.60–5.75 min"
    heights = dict(zip(mean["query"]["mz"], mean["query"]["intensity"], strict=True))
    assert max(heights, key=lambda mz: heights[mz]) == pytest.approx(58, abs=0.1)
    one = plot(world, reading_id, start="5.671", end="5.672")
    assert one["query"]["label"] == "Scan at 5.67 min"
    assert heights[58.0] < max(one["query"]["intensity"])
    at = f"/bench/samples/{sample_id}"
    page = world.as_(CHEMIST).get(f"{at}?start=5.75&end=5,60&ions=58", headers=HTML).text
    assert "Mean spectrum" in page
    assert "5.60–5.75" in page.replace("\u00a0", " ")
    assert 'name="start" value' not in page.split("data-mean")[1].split("</form>")[0]
    lines = world.as_(CHEMIST).get(f"{at}/plot.csv?start=5.60&end=5.75").text
    assert '"Mean of 10 scans' in lines


def test_a_long_run_comes_light_and_a_stretch_of_it_whole(lab: Lab, world: Any) -> None:
    content = small_run([(340.0, MDMA), (3000.0, CAFFEINE)], n_scans=LONG)
    _, reading_id = measured(lab, content)
    address = f"/bench/readings/{reading_id}/plot"
    for ions in ("", "58 194 77 82"):
        answer = world.as_(CHEMIST).get(address, params={"ions": ions})
        series = answer.json()["series"]
        assert sum(curve(line)[0].size for line in series) <= MOST_POINTS
        assert all(line["thinned"] for line in series)
        assert all((np.diff(curve(line)[0]) > 0).all() for line in series), "no two points fall together"
        assert len(gzip.compress(answer.content)) < 15_000
        assert curve(series[0])[1].max() == pytest.approx(2.4e5, rel=0.1), "no peak is lost"
    part = plot(world, reading_id, ions="58 194", low=49, high=52.3)
    assert set(part) == {"kind", "series"}
    for line in part["series"]:
        x, _ = curve(line)
        assert not line["thinned"]
        assert x.size == pytest.approx(STEPS, abs=3)
        assert 49 <= x[0] < x[-1] <= 52.3


@pytest.mark.parametrize(
    ("typed", "ions"),
    [("", ()), ("58", (58.0,)), ("58,91; 135.081", (58.0, 91.0, 135.081)), ("1 2 3 4 5 5", (2.0, 3.0, 4.0, 5.0))],
)
def test_ions_are_typed_as_a_list_and_of_too_many_the_last_ones_are_drawn(typed: str, ions: tuple[float, ...]) -> None:
    assert ions_of(typed) == ions
    for wrong in ("mdma", "58 -91", "0", "1e9", "58.1.2", "nan"):
        with pytest.raises(Invalid, match=r"is not an m/z\. No trace was drawn"):
            ions_of(wrong)


@pytest.mark.parametrize(("start", "end"), [("5.6", ""), ("x", "5"), ("inf", "1"), ("-1", "2")])
def test_what_is_no_stretch_is_refused_with_what_to_do(start: str, end: str) -> None:
    with pytest.raises(Invalid, match="No mean spectrum was made") as refused:
        mean_of(start, end)
    assert "in minutes" in refused.value.hint


def test_a_wrong_address_says_so_on_a_page(world: Any, run: Any) -> None:
    answer = world.as_(CHEMIST).get(f"/bench/samples/{run[0]}?ions=mdma", headers=HTML)
    assert answer.status_code == 422
    assert "“mdma” is not an m/z" in answer.text
