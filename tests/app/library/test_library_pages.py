"""Libraries can be looked into by those who judge spectra, with terms and the starter label in sight."""

from __future__ import annotations

from pathlib import Path

from app.laboratory.library.importing import ImportParts, import_library
from app.platform.kernel.actor import Role
from tests.app.library.conftest import OWN


def test_an_imported_library_shows_terms_and_entries_and_can_be_searched(world, msp: Path):
    parts = ImportParts(world.runtime.db, world.runtime.settings.library_dir)
    key = import_library(parts, [msp], *OWN).library.id
    chemist = world.as_(Role.CHEMIST)
    assert "No full library yet" not in chemist.get("/libraries").text
    page = chemist.get(f"/libraries/{key}").text
    assert "CC0" in page
    assert "Testamine" in page
    assert "Testamine" not in chemist.get(f"/libraries/{key}?q=fentanyl").text
    entry = chemist.get(f"/libraries/{key}/entries/0").text
    assert "most intense at m/z 58" in entry
    assert 'type="application/json"' in entry


def test_starter_entries_open_with_a_curve_and_formulae_say_that_they_have_none(world):
    chemist = world.as_(Role.CHEMIST)
    assert "strongest band" in chemist.get("/libraries/starter-ir/entries/0").text
    assert "has no spectra" in chemist.get("/libraries/starter-formula/entries/0").text
    assert chemist.get("/libraries/starter-ir/entries/9999").status_code == 404
    assert chemist.get("/libraries/nothing").status_code == 404


def test_the_api_pages_through_entries_and_finds_by_name(world):
    chemist = world.as_(Role.CHEMIST)
    first = chemist.get("/api/v1/libraries/starter-ei/entries?limit=2").json()
    assert [row["number"] for row in first["rows"]] == [0, 1]
    second = chemist.get(f"/api/v1/libraries/starter-ei/entries?limit=2&after={first['next']}").json()
    assert [row["number"] for row in second["rows"]] == [2, 3]
    found = chemist.get("/api/v1/libraries/starter-ei/entries?q=cocaine").json()
    assert found["rows"][0]["substance"] == "Cocaine"
    one = chemist.get(f"/api/v1/libraries/starter-ei/entries/{found['rows'][0]['number']}").json()
    assert one["source"]
    assert "starter" in one["note"]
