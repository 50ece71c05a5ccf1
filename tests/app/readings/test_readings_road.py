"""A real file goes the whole road: raw body → durable → sandbox → readings → candidates → plot, on both databases."""

from __future__ import annotations

from pathlib import Path


def test_an_infrared_file_becomes_candidates_with_words_and_limits(bench, shared_data: Path):
    content = (shared_data / "ir/dev/street_jdx/Sd006.dx").read_bytes()
    upload = bench.upload(content, "sample 41.dx")
    assert upload["state"] == "read"
    assert upload["format"].startswith("jcamp")
    match = bench.candidates(upload)
    assert match["candidates"][0]["substance"] == "Ketamine"
    assert match["candidates"][0]["substance_id"] == "ketamine"
    assert match["answer"]["headline"] == "Consistent with Ketamine."
    assert match["limits"][0] == '"Not seen" is not "absent".'
    assert any("below about 5 %" in text for text in match["limits"])
    assert any("starter" in text for text in match["limits"])
    plot = bench.get(f"/api/v1/readings/{match['reading_id']}/plot?candidate=1")
    assert [s["role"] for s in plot["series"]] == ["query", "reference", "residual"]
    assert max(len(s["x"]) for s in plot["series"]) <= 4000
    assert "correlation" in plot["summary"]
