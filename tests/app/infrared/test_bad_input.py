"""The hostile list of infrared at the bench: what is wrong is said, no name is sure, and nothing promises to have been seen.

The engine's side of the same list: tests/spectra/infrared/test_hostile.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.laboratory.identification.answer import Answer
from app.laboratory.identification.domain import Method, method_info
from app.laboratory.identification.identify import Context, identify_blocks
from app.laboratory.identification.matching import match_infrared
from app.laboratory.identification.ranking import SearchConditions
from app.laboratory.identification.substances import SubstanceIndex
from app.laboratory.library.domain import Opened, Technique
from app.laboratory.library.registry import LibraryRegistry
from harm_messages import load_pack
from instruments import read
from spectra import InfraredLibrary, InfraredSpectrum
from spectra.infrared_grid import GRID
from tests.instruments.instrument_files import jcamp
from tests.instruments.omnic_files import omnic, one
from tests.spectra.infrared.test_hostile import drug, jdx, single_beam
from tests.support.identify import identify_readings
from tests.support.road import ok
from tests.support.writes import Stage

NOTHING = "Nothing can be named from this spectrum."


@pytest.fixture(scope="module")
def index() -> SubstanceIndex:
    return SubstanceIndex(load_pack().substances)


@pytest.fixture
def registry(tmp_path: Path) -> LibraryRegistry:
    return LibraryRegistry(tmp_path)


def table(x: np.ndarray, y: np.ndarray, times: int = 1) -> bytes:
    rows = (f"{a:.6g},{b:.5f}" for a, b in zip(x, y, strict=True) for _ in range(times))
    return ("wavenumber (cm-1),absorbance\n" + "\n".join(rows) + "\n").encode()


def noise(scale: float) -> InfraredSpectrum:
    return InfraredSpectrum(GRID, scale * np.random.default_rng(3).standard_normal(GRID.size))


def percent(values: np.ndarray, unit: str) -> bytes:
    return jdx(InfraredSpectrum(GRID, values), 0.001, YUNITS=unit)


FINE = drug(0.25, 0.5)
FOUND: dict[str, tuple[bytes, str, str]] = {
    "0.5 cm⁻¹": (table(FINE.wavenumber, FINE.absorbance), "a.csv", ""),
    "4 cm⁻¹": (jdx(drug(2.0, 4.0), RESOLUTION="4"), "a.jdx", ""),
    "16 cm⁻¹": (jdx(drug(8.0, 16.0), RESOLUTION="16"), "a.jdx", "ir_coarse"),
    "650 to 1800 only": (jdx(drug(2.0, 4.0, low=650.0, high=1800.0)), "a.jdx", "ir_partial_range"),
    "saturated": (jdx(drug(height=1.9)), "a.jdx", "ir_saturated"),
    "reflectance": (percent(100 * 10 ** -drug().absorbance, "%REFLECTANCE"), "a.jdx", ""),
    "transmittance over 100 %": (percent(112 * 10 ** -drug().absorbance, "TRANSMITTANCE"), "a.jdx", "ir_negative_lobes"),
    "reversed": (table(drug().wavenumber[::-1], drug().absorbance[::-1]), "a.csv", ""),
    "repeated": (table(drug().wavenumber, drug().absorbance, times=2), "a.csv", ""),
}  # fmt: skip
EMPTY: dict[str, tuple[bytes, str]] = {
    "empty crystal": (jdx(noise(2e-4), 1e-7), "ir_no_bands"),
    "pure noise": (jdx(noise(1.0)), "ir_no_bands"),
    "single beam called absorbance": (jdx(single_beam()), "ir_single_beam"),
    "background of a dirty crystal": (jdx(InfraredSpectrum(GRID, 0.2 - drug().absorbance)), "ir_negative_lobes"),
    "a curve below zero": (
        jdx(InfraredSpectrum(GRID, -0.01 - drug(height=0.05).absorbance), 1e-6),
        "ir_negative_lobes",
    ),
    "nm called cm⁻¹": (table(1e7 / GRID[::-1], drug().absorbance[::-1]), "ir_axis_unit"),
}
SINGLE_BEAM = omnic(one([1.0, 2.0, 3.0] * 40, y_code=15))
INTERFEROGRAM = omnic(one([0.1, 0.9, -0.4] * 40, x_code=2, y_code=22))
FLAT = jdx(InfraredSpectrum(GRID, np.full(GRID.size, 0.7)))


def identified(content: bytes, name: str, registry: LibraryRegistry, index: SubstanceIndex) -> dict[str, Any]:
    (block,) = identify_readings(read(content, name), registry, index=index, top=3)
    return block


@pytest.mark.parametrize("case", FOUND)
def test_a_drug_measured_badly_is_found_and_its_limits_are_printed(
    case: str, registry: LibraryRegistry, index: SubstanceIndex
) -> None:
    content, name, remark = FOUND[case]
    block = identified(content, name, registry, index)
    assert block["candidates"][0]["substance"] == "Cocaine"
    assert [part["substance"] for part in block["components"]] == ["Cocaine"]
    assert any("not seen; here it would have been seen above" in text for text in block["limits"])
    said = {q.code for q in _answer(content, name, registry, index).quality}
    assert remark in said if remark else not said & {"ir_coarse", "ir_partial_range", "ir_saturated"}


@pytest.mark.parametrize("case", EMPTY)
def test_what_is_no_sample_names_nothing_and_promises_nothing(
    case: str, registry: LibraryRegistry, index: SubstanceIndex
) -> None:
    content, remark = EMPTY[case]
    name = "a.jdx" if content.startswith(b"##") else "a.csv"
    block = identified(content, name, registry, index)
    assert block["headline"].startswith(NOTHING)
    assert {part["grade"] for part in block["components"]} <= {"possible"}
    assert block["detection_limits"]
    assert {one["seen"] for one in block["detection_limits"]} == {None}
    assert not any("would have been seen above" in text for text in (*block["limits"], *block["sentences"]))
    answer = _answer(content, name, registry, index)
    assert remark in {q.code for q in answer.quality}
    assert answer.fit is not None
    assert not any("looked for and not seen" in note for note in answer.fit.component_notes)
    assert set(answer.fit.detection_limits.values()) == {1.0}


def _answer(content: bytes, name: str, registry: LibraryRegistry, index: SubstanceIndex) -> Answer:
    return identify_blocks(read(content, name)[0], registry, Context(index=index, top=3))[0].answer


@pytest.mark.parametrize(
    ("content", "name"), [(SINGLE_BEAM, "a.spa"), (INTERFEROGRAM, "a.spa"), (FLAT, "a.jdx")],
    ids=["single beam only", "interferogram only", "level line"],
)  # fmt: skip
def test_a_file_in_which_nothing_can_be_compared_supports_no_answer_until_somebody_read_it_by_eye(
    stage: Stage, content: bytes, name: str
) -> None:
    sample = stage.road.register()
    analysis = stage.road.analysis(sample, read_by_hand=False)
    upload = stage.road.upload(analysis, content, name)
    stage.world.runtime.jobs.run_until_idle()
    client = stage.client("chemist")
    for reading in ok(client.get(f"/api/v1/uploads/{upload}/readings")):
        match = ok(client.get(f"/api/v1/readings/{reading['id']}/candidates"))
        assert match["answer"]["level"] in ("not_compared", "nothing_above_limit")
        assert "detection_limits" not in match["answer"]
    assert "nothing in its file could be compared" in client.get(f"/bench/samples/{sample}").text
    said = ok(client.get(f"/api/v1/analyses/{analysis}"))
    at = {"If-Match": f'"{said["version"]}"'}
    ok(client.patch(f"/api/v1/analyses/{analysis}", json={"read_by_hand": True}, headers=at))
    assert "nothing in its file could be compared" not in client.get(f"/bench/samples/{sample}").text


@pytest.mark.parametrize("copies", [1, 3])
def test_a_library_of_one_entry_or_of_identical_ones_answers(copies: int, index: SubstanceIndex) -> None:
    spectrum = drug()
    made = InfraredLibrary.from_arrays(
        spectrum.wavenumber, np.tile(spectrum.absorbance, (copies, 1)),
        names=["A", "B", "C"][:copies], compounds=["a", "b", "c"][:copies],
    )  # fmt: skip
    book = Opened("key", "small", Technique.IR, False, False, "", "", "", made)
    for query in (spectrum, noise(1e-3)):
        matched = match_infrared(query, [book], method_info(Method.FTIR), SearchConditions(10, index))
        assert len(matched.candidates) <= copies
    found = match_infrared(spectrum, [book], method_info(Method.FTIR), SearchConditions(10, index))
    assert [row.substance for row in found.candidates] == ["A", "B", "C"][:copies]
    assert set(found.candidates[0].ambiguous_with) == set(["B", "C"][: copies - 1])
    assert found.headline.startswith("Consistent with A")


def test_an_interferogram_by_its_data_type_is_refused_with_what_to_save_instead(
    registry: LibraryRegistry, index: SubstanceIndex
) -> None:
    told = jcamp([1, 9, -4] * 40, DATA_TYPE="INFRARED INTERFEROGRAM", YUNITS="ARBITRARY").encode()
    block = identified(told, "a.jdx", registry, index)
    assert block["level"] == "not_compared"
    assert block["candidates"] == []
