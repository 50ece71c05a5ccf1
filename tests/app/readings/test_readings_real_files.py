"""Real files of every kind issue 2 names go the whole road, and the answer says no more than it may."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.laboratory.library.importing import ImportParts, import_library

# file, kind, method the analysis takes, words the answer must have
FILES = [
    ("jcamp_ir/nist_acetone.jdx", "ir", "ftir", None),
    ("jcamp_ir/uv.jdx", "uv", "uv", "cannot name a substance on its own"),
    ("csv_spectrum/ir_semicolon_deccomma_cp1252.csv", "ir", "ftir", None),
    ("csv_spectrum/raman_hdpe.csv", "raman", "raman", "no Raman library"),
    ("csv_spectrum/uvvis_cary_style.csv", "uv", "uv", "cannot name"),
    ("csv_peaklist/Mixture8_30V.txt", "mass_spectrum", "dart_ms", None),
    ("msp/swgdrug_1775.MSP", "mass_spectrum", "gc_ms", "Levamisole"),
    ("mzml/small.mzML", "mass_run", "lc_ms", None),
    ("mgf/test.mgf", "mass_spectrum", "lc_ms", None),
]


@pytest.mark.parametrize(("file", "kind", "method", "words"), FILES, ids=[f[0] for f in FILES])
def test_a_real_file_is_read_compared_and_drawn(
    bench, instruments_data: Path, file: str, kind: str, method: str, words
):
    path = instruments_data / file
    upload = bench.upload(path.read_bytes(), path.name)
    assert upload["state"] == "read", upload["problem"]
    reading = bench.reading(upload)
    assert reading["kind"] == kind
    assert bench.get(f"/api/v1/analyses/{upload['analysis_id']}")["method"] == method
    match = bench.candidates(upload)
    said = " ".join([match["answer"]["headline"], *match["answer"]["sentences"]])
    if words:
        assert words in said
    assert match["limits"][0] == '"Not seen" is not "absent".'
    assert not any(word in said.lower() for word in ("pure", "safe", "clean "))
    assert match["answer"]["level"] != "identified"
    plot = bench.get(f"/api/v1/readings/{reading['id']}/plot")
    assert plot["summary"]
    series = plot.get("series") or [plot["query"]]
    assert all(len(values) <= 4000 for one in series for values in one.values() if isinstance(values, list))
    if match["candidates"]:
        assert bench.chemist.get(f"/api/v1/readings/{reading['id']}/plot?candidate=1").status_code == 200
    assert bench.chemist.get(f"/api/v1/readings/{reading['id']}/plot?candidate=150").status_code == 404


def test_an_imported_library_outranks_the_starters_and_ends_their_notice(bench, instruments_data: Path):
    runtime, file = bench.world.runtime, instruments_data / "msp/swgdrug_1775.MSP"
    before = bench.candidates(bench.upload(file.read_bytes(), "a.msp"))
    assert any("starter" in text for text in before["limits"])
    import_library(ImportParts(runtime.db, runtime.settings.library_dir), [file], "SWGDRUG 3.4", "free", "SWGDRUG")
    after = bench.candidates(bench.upload(file.read_bytes() + b"\n", "b.msp"))
    best = after["candidates"][0]
    assert (best["substance_id"], best["library"], best["starter"]) == ("levamisole", "SWGDRUG 3.4", False)
    assert best["score"] > 990
    assert not any("starter" in text for text in after["limits"])
    assert [row["rank"] for row in after["candidates"]] == list(range(1, len(after["candidates"]) + 1))
    assert len({row["compound"] for row in after["candidates"]}) == len(after["candidates"])
    plot = bench.get(f"/api/v1/readings/{after['reading_id']}/plot?candidate=1")
    assert (plot["kind"], plot["reference"]["label"]) == ("mass", "Levamisole (SWGDRUG 3.4)")
    assert "mirrored below" in plot["summary"].lower()
