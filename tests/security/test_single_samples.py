"""A researcher gets figures, never a sample: what stands beside the figures must not tell of one either."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from app.figures.history.tables import HistoryImport
from app.platform.kernel.actor import Role

BROWSER = {"Accept": "text/html"}
NOTE = "samples.csv:473, column cas: “50-36-9” has a wrong check digit. The name beside it was used."


def imported(world: Any, **more: Any) -> None:
    given = {
        "agency_id": world.agency_id, "keyed_by": world.agency_id, "source": "Two towns", "licence": "none", "map_text": "", "digest": "0", "samples": 23, "changed": 0, "notes": [NOTE],
        "files": [{"name": "samples.csv", "rows": 23, "sha256": "c0ffee"}], "imported_at": datetime(2026, 5, 1, tzinfo=UTC),
    }  # fmt: skip
    with world.runtime.db.begin() as uow:
        uow.session.add(HistoryImport(**given | more))


def test_notes_about_single_rows_of_an_import_are_for_administrators(world: Any) -> None:
    """They name the line of a file and what stands there."""
    imported(world)
    assert NOTE in world.as_(Role.ADMIN).get("/history", headers=BROWSER).text
    page = world.as_(Role.RESEARCHER).get("/history", headers=BROWSER)
    assert page.status_code == 200
    assert "Two towns" in page.text
    assert ":473" not in page.text
    assert "50-36-9" not in page.text
    told = world.as_(Role.RESEARCHER).get("/api/v1/history/imports")
    assert told.status_code == 200
    assert "50-36-9" not in told.text


def test_how_much_an_import_holds_is_told_to_researchers_as_every_other_count(world: Any) -> None:
    """One corrected row would be one sample; and of a file with one row the hash lets its contents be guessed."""
    imported(world)
    imported(
        world, digest="1", source="Two towns again", samples=23, changed=1, imported_at=datetime(2026, 5, 2, tzinfo=UTC),
        files=[{"name": "one-row.csv", "rows": 1, "sha256": "decade"}],
    )  # fmt: skip
    again, first = world.as_(Role.RESEARCHER).get("/api/v1/history/imports").json()
    assert (first["samples"], first["changed"], first["notes"]) == (25, None, None)
    assert first["files"] == [{"name": "samples.csv", "rows": 25, "sha256": "c0ffee"}]
    assert (again["samples"], again["changed"]) == (25, None)
    assert again["files"] == [{"name": "one-row.csv", "rows": None, "sha256": ""}]
    page = world.as_(Role.RESEARCHER).get("/history", headers=BROWSER).text
    assert "decade" not in page
    assert "changed earlier records" not in page
    again, first = world.as_(Role.ADMIN).get("/api/v1/history/imports").json()
    assert (first["samples"], first["notes"], again["changed"]) == (23, 1, 1)
    assert "of which 1 changed earlier records" in world.as_(Role.ADMIN).get("/history", headers=BROWSER).text
