"""The package of a real release: what the cube shows and nothing more, by whom, the same bytes for ever."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlmodel import select

from app.care.counted import service as counted
from app.cli import main
from app.figures.releases import covers, service
from app.figures.releases.service import Audience, Release
from app.figures.releases.tables import ReleaseCover
from app.figures.trends.domain import Dimension
from app.intake.people import service as people
from app.intake.people.tables import AgencyKind
from app.platform.audit.tables import AuditEntry
from app.platform.kernel.actor import Actor, Role
from tests.app.conftest import PEPPER, World
from tests.app.releases.test_packaging import check_package, members
from tests.app.trends.conftest import Figures, figures

__all__ = ["figures"]
OPERATOR = Actor(None, "operator", frozenset({Role.ADMIN}), None)
MET = ("opioid.nitazene", "opioid.nitazene")


@pytest.fixture
def release(figures: Figures, clock: Any) -> Release:
    """Two quarters in two regions."""
    clock.set(datetime(2026, 7, 13, tzinfo=UTC))
    for month in range(1, 7):
        figures.add(60, month=f"2026-{month:02d}")
        figures.add(40, month=f"2026-{month:02d}", expected="cocaine", expected_class="stimulant.cocaine", found=(MET,))
        figures.add(35, month=f"2026-{month:02d}", region="Wales")
        figures.add(3, month=f"2026-{month:02d}", region="Scotland")
    figures.strike()
    with figures.world.runtime.db.begin(OPERATOR) as uow:
        return service.make(uow)


def url(row: Release, more: str = "") -> str:
    return f"/api/v1/releases/{row.id}/package{more}"


def table_of(content: bytes, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(members(content)[f"{name}.csv"].decode(), newline="")))


def test_anybody_fetches_the_public_package_and_it_is_described_as_it_is(world: World, release: Release) -> None:
    got = world.anonymous().get(url(release))
    assert got.status_code == 200, got.text
    assert got.headers["Content-Type"] == "application/zip"
    assert got.headers["Content-Disposition"] == f'attachment; filename="mast-release-{release.number}-public.zip"'
    described = check_package(got.content)
    assert described["id"] == str(release.id)
    assert described["version"] == release.number
    assert {r["name"] for r in described["resources"]} == {"samples", "found", "untested", "together", "medians"}
    assert "tested" in described["definitions"]["found"]
    cited = json.loads(members(got.content)["datacite.json"])
    assert [c["name"] for c in cited["creators"]] == ["Another Service", "North East Drug Checking"]


def test_it_holds_every_drawn_cell_and_the_pages_add_up_from_it(world: World, release: Release) -> None:
    content = world.anonymous().get(url(release)).content
    samples = {(r["time"], r["region"], r["expected"]): int(r["n"]) for r in table_of(content, "samples")}
    found = {
        (r["time"], r["region"], r["expected"], r["found"]): int(r["numerator"]) for r in table_of(content, "found")
    }
    with world.runtime.read() as session:
        row = service.release(session, release.id)
        ask = (world.runtime.pack.substances, world.runtime.now())
        for by in ((Dimension.MONTH,), (Dimension.QUARTER, Dimension.REGION), (Dimension.MONTH, Dimension.EXPECTED)):
            for shown in service.cube_table(session, row, Audience.PUBLIC, by, {}, "", *ask).rows:
                time = shown.key.get("month", "") or shown.key.get("quarter", "")
                if shown.n is not None:
                    assert samples[time, shown.key.get("region", ""), shown.key.get("expected", "")] == shown.n
        for shown in service.cube_table(
            session, row, Audience.PUBLIC, (Dimension.MONTH,), {}, "opioid.nitazene", *ask
        ).rows:
            assert found[shown.key["month"], "", "", "opioid.nitazene"] == shown.numerator
    assert ("2026-Q1", "all_others", "") in samples, "a cell that nobody was in has its row"
    assert any(n < 0 for n in found.values()), "noise is not cut off at nothing"


def test_both_packages_say_how_figures_were_moved(world: World, release: Release) -> None:
    for client, more in ((world.as_(Role.POLICE), "/partner"), (world.anonymous(), "")):
        described = check_package(client.get(url(release, more)).content)
        assert "variance 6 for samples, 12 for findings" in described["description"]


def test_packed_again_it_is_the_same_bytes_whatever_has_changed_since(
    world: World, release: Release, figures: Figures, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = world.anonymous().get(url(release)).content
    covers._CACHE.clear()
    keys = figures.add(50, month="2026-03")
    with world.runtime.db.begin() as uow:
        counted.forget_many(uow, keys[:5])
        people.add_agency(uow, "A Third Service", AgencyKind.SERVICE)
    monkeypatch.setattr(world.runtime.settings, "release_licence", "CC0-1.0")
    assert world.anonymous().get(url(release)).content == first
    with world.runtime.read() as session:
        cover = session.exec(select(ReleaseCover)).one()
        entries = session.exec(select(AuditEntry).where(AuditEntry.verb == "describe")).all()
    assert cover.packed["public"] == hashlib.sha256(first).hexdigest()
    assert len(entries) == 1


def test_duckdb_reads_the_parquet_and_the_csv_alike(world: World, release: Release, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    pytest.importorskip("pyarrow")
    content = world.anonymous().get(url(release), params={"parquet": "true"}).content
    check_package(content)
    for path, data in members(content).items():
        (tmp_path / path).write_bytes(data)
    question = "SELECT width, count(*), sum(numerator) FROM {} GROUP BY width ORDER BY width"
    answers = [
        duckdb.sql(question.format(f"{read}('{tmp_path}/found.{kind}')")).fetchall()
        for read, kind in (("read_csv", "csv"), ("read_parquet", "parquet"))
    ]
    assert answers[0] == answers[1]
    assert len(answers[0]) == 2


def test_the_command_line_writes_the_same_file(
    world: World, release: Release, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    over_http = world.anonymous().get(url(release)).content
    monkeypatch.setenv("MAST_DATABASE_URL", world.runtime.settings.database_url)
    monkeypatch.setenv("MAST_SECRET", PEPPER)

    def download(name: str, code: int = 0, *more: str) -> Any:
        done = CliRunner().invoke(main, ["releases", "download", name, "--to", str(tmp_path / "out"), "--json", *more])
        assert done.exit_code == code, f"{done.output}{done.exception!r}"
        return json.loads(done.stdout) if code == 0 else done.stderr

    for name in (release.number, str(release.id)):
        told = download(name)
        assert Path(told["file"]).read_bytes() == over_http
        assert (told["sha256"], told["as_before"]) == (hashlib.sha256(over_http).hexdigest(), True)
    assert download(release.number, 0, "--audience", "partner")["file"].endswith("-partner.zip")
    assert "no such release" in download("1999.1", 1)


def test_bytes_that_changed_with_the_software_are_said(
    world: World, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.anonymous().get(url(release))
    covers._CACHE.clear()
    monkeypatch.setattr(covers, "LIMITS", ("Another sentence.",))
    with world.runtime.read() as session:
        assert not covers.packed(session, release, Audience.PUBLIC).as_before
