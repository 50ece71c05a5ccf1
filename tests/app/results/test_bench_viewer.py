"""What stands around a plot of the bench: what may be drawn over it, what a residual resembles, and pictures and figures of what is shown."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from starlette.requests import Request

from app.intake.people.signin import by_itself
from app.laboratory.readings import uploads
from app.platform.kernel.actor import Role
from app.results.finding import NewFinding
from spectra.infrared_grid import GRID
from tests.support.curves import jcamp, mixture
from tests.support.small_files import MDMA, small_run

from .conftest import Lab

CHEMIST = Role.CHEMIST
HTML = {"Accept": "text/html"}
BAND = 1540


def measured(lab: Lab, parts: dict[str, float], *, left: float = 0.0) -> tuple[UUID, UUID]:
    """A sample with an infrared spectrum of a mixture, `left` as high as a band that nothing in it has: (sample, reading)."""
    sample_id = lab.sample(("cocaine",))
    curve = mixture(parts) + left * np.exp(-(((GRID - BAND) / 9.0) ** 2))
    upload = lab.upload(sample_id, jcamp(curve), "street.jdx")
    reading = lab.read(lambda s: uploads.readings_of_upload(s, lab.actor(CHEMIST), upload.id))[0]
    return sample_id, reading.id


@pytest.fixture
def street(lab: Lab) -> tuple[UUID, UUID]:
    return measured(lab, {"cocaine": 0.6, "caffeine": 0.4}, left=0.3)


def plot(world: Any, reading_id: UUID, **query: Any) -> Any:
    return world.as_(CHEMIST).get(f"/bench/readings/{reading_id}/plot", params=query)


def test_another_sample_and_a_second_match_are_drawn_over_a_spectrum(lab: Lab, world: Any, street: Any) -> None:
    sample_id, reading_id = street
    other, other_reading = measured(lab, {"caffeine": 1.0})
    text = lab.page(sample_id)
    assert f"over=reading-{other_reading}" in text
    assert f"over=reading-{street[1]}" not in text, "a spectrum is not laid over itself"
    got = plot(world, reading_id, over=[f"reading-{other_reading}", "match-2"]).json()
    drawn = [line for line in got["series"] if line["role"] == "overlay"]
    assert [len(line["steps"]) > 500 for line in drawn] == [True, True]
    assert drawn[0]["label"].startswith("002, ")
    assert drawn[0]["label"] in got["summary"]
    chosen = lab.page(sample_id, over="match-2")
    assert "&amp;over=match-2" in chosen.split("data-url=")[1].split(">")[0]
    assert other != sample_id


def test_the_blank_of_its_batch_lies_over_a_run(lab: Lab, world: Any) -> None:
    chemist, runtime, sample_id = world.as_(CHEMIST), lab.runtime, lab.sample()
    ran = lab.analysis(sample_id, "gc_ms", batch="B1", read_by_hand=False)
    with runtime.db.begin(lab.actor(CHEMIST)) as uow:
        received = runtime.blobs.put(iter([small_run([(340.0, MDMA)])]))
        upload = uploads.record_upload(uow, ran, received, "run.cdf")
    runtime.jobs.run_until_idle()
    reading = lab.read(lambda s: uploads.readings_of_upload(s, lab.actor(CHEMIST), upload.id))[0]
    assert "over=blank" not in lab.page(sample_id)
    sent = chemist.post(
        "/api/v1/controls/uploads",
        params={"kind": "blank", "batch": "B1", "filename": "blank.cdf"},
        content=small_run([(385.0, MDMA)]),
        headers={"Content-Type": "application/octet-stream"},
    )
    assert sent.status_code == 201, sent.text
    assert "over=blank" in lab.page(sample_id)
    tic, blank = plot(world, reading.id, over="blank").json()["series"]
    assert blank["label"] == "Blank blank.cdf"
    begins = [line["grid"][0] if "grid" in line else line["first_x"] for line in (tic, blank)]
    assert begins[0] == pytest.approx(begins[1], abs=0.1), "both in minutes"


def test_what_is_absent_and_what_is_of_others_cannot_be_drawn_over(lab: Lab, world: Any, street: Any) -> None:
    sample_id, reading_id = street
    for word, status in (
        (f"reading-{uuid4()}", 404),
        ("match-199", 404),
        ("standard-none", 404),
        ("blank", 404),
        ("x", 422),
    ):
        assert plot(world, reading_id, over=word).status_code == status, word
    theirs = world.as_(CHEMIST, agency="other")
    for address in (f"/bench/readings/{reading_id}/plot", f"/bench/samples/{sample_id}/plot.csv"):
        assert theirs.get(address).status_code == 404
        assert world.as_(Role.RECEPTION).get(address).status_code == 403


def test_a_band_nothing_explains_is_searched_in_the_residual_and_is_only_a_hint(
    lab: Lab, world: Any, street: Any
) -> None:
    sample_id, reading = street
    page = lab.page(sample_id, tab="matches")
    marks = plot(world, reading).json()["residual_marks"]
    band = next(round(mark["x"]) for mark in marks if abs(mark["x"] - BAND) < 10)
    href = f"?reading={reading}&tab=matches&left={band}"
    assert href in [mark["href"] for mark in marks]
    assert f"left={band}" in page
    part = world.as_(CHEMIST).get(f"/bench/samples/{sample_id}/panel{href}", headers=HTML).text
    assert f"Residual at {band - 150}–{band + 150}" in part
    assert "A hint, not a finding" in part
    assert "Cocaine" not in part.split("bench-left")[1].split("</table>")[0], (
        "what the mixture has is taken out already"
    )
    elsewhere = world.as_(CHEMIST).get(f"/bench/samples/{sample_id}/panel?left=3999", headers=HTML).text
    assert "A hint, not a finding" not in elsewhere


def test_figures_and_picture_hold_what_is_shown_with_sample_method_and_libraries(world: Any, street: Any) -> None:
    sample_id, reading_id = street
    chemist, at = world.as_(CHEMIST), f"/bench/samples/{sample_id}"
    whole = plot(world, reading_id).json()
    off = next(line["label"] for line in whole["series"] if line["role"] == "component")
    seen = {"low": 1700, "high": 1720, "off": off}
    lines = chemist.get(f"{at}/plot.csv", params=seen).text.splitlines()
    assert lines[0].startswith('"Sample 001, FTIR')
    assert any("starter" in line for line in lines[:3])
    body = [line.rsplit(",", 2) for line in lines[4:]]
    assert body
    assert all(1700 <= float(x) <= 1720 for _, x, _ in body)
    assert off not in " ".join(name for name, _, _ in body)
    answer = chemist.get(f"{at}/plot.svg", params=seen)
    assert answer.headers["content-type"].startswith("image/svg+xml")
    root = ET.fromstring(answer.text)
    words = " ".join(e.text or "" for e in root.iter() if e.tag.endswith("text"))
    assert "Wavenumber" in words
    assert "Sample 001" in words
    assert off not in words
    assert len([e for e in root.iter() if e.tag.endswith("polyline")]) == len(whole["series"]) - 1
    table = chemist.get(f"{at}/table", headers=HTML).text
    assert "Strongest bands" in table
    assert "plot.svg?" in table


def test_a_chemist_begins_at_the_sample_that_waits_longest(lab: Lab, world: Any) -> None:
    def begins() -> str:
        return str(world.as_(CHEMIST).get("/").headers["location"])

    assert begins() == "/bench"
    first, second = lab.sample(), lab.sample()
    assert begins() == f"/bench/samples/{first}"
    ran = lab.analysis(first)
    lab.act(lab.draft(first, NewFinding("mdma", analysis_ids=(ran,))), "submit", CHEMIST)
    assert begins() == f"/bench/samples/{second}"


def test_the_next_sample_is_made_ready_ahead_and_nobody_counts_as_working(lab: Lab, world: Any) -> None:
    first, second = lab.sample(), lab.sample()
    answer = world.as_(CHEMIST).get(f"/bench/samples/{first}", headers=HTML)
    assert answer.headers["cache-control"] == "no-store"
    assert f'href="/bench/samples/{second}" rel="next"' in answer.text
    for file in ("/static/joined/staff.css", "/static/joined/staff.js"):
        assert world.anonymous().get(file).headers["cache-control"] == "max-age=600", (
            "the next page asks for none of them again"
        )
    rules = world.as_(CHEMIST).get(answer.headers["speculation-rules"].strip('"'))
    assert rules.headers["content-type"] == "application/speculationrules+json"
    assert rules.json()["prerender"][0]["where"] == {"selector_matches": ".rail a[rel~=next]"}

    assert by_itself(Request({"type": "http", "headers": [(b"sec-purpose", b"prefetch;prerender")]}))
