"""The package of a real release: what the cube shows and nothing more, by whom, the same bytes for ever."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlmodel import select

from app.cli import main
from app.platform.audit.tables import AuditEntry
from app.platform.kernel.actor import Actor, Role
from app.releases import covers, service
from app.releases.cover_tables import ReleaseCover
from app.releases.service import Audience, Release
from app.trends import service as trends
from app.trends.domain import Dimension
from tests.app.conftest import World
from tests.app.releases.test_packaging import check_package, members
from tests.app.trends.conftest import Figures, figures

__all__ = ["figures"]
OPERATOR = Actor(None, "operator", frozenset({Role.ADMIN}), None)
MET = ("opioid.nitazene", "opioid.nitazene")


@pytest.fixture
def release(figures: Figures) -> Release:
    """A month in two regions, with a cell that is too small. Small, because every release is audited."""
    figures.add(60)
    figures.add(40, expected="cocaine", expected_class="stimulant.cocaine", found=(MET,))
    figures.add(35, region="Wales")
    figures.add(3, region="Scotland")
    rt = figures.world.runtime
    with rt.db.begin(OPERATOR) as uow:
        return service.make(uow, rt.pack.substances)


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
    assert {r["name"] for r in described["resources"]} == {"samples", "found", "values"}
    assert "tested" in described["definitions"]["found"]
    cited = json.loads(members(got.content)["datacite.json"])
    assert [c["name"] for c in cited["creators"]] == ["Another Service", "North East Drug Checking"]


def test_it_holds_what_the_pages_show_and_no_other_figure(world: World, release: Release) -> None:
    content = world.anonymous().get(url(release)).content
    rows = {(r["time"], r["region"], r["expected"], r["found"]): r for r in table_of(content, "found")}
    told = 0
    with world.runtime.read() as session:
        row = service.release(session, release.id)
        found = service.choices(session, row, Audience.PUBLIC).found
        for by in ((Dimension.MONTH, Dimension.REGION), (Dimension.YEAR,), (Dimension.EXPECTED,), ()):
            for name in found:
                for shown in service.cube_table(session, row, Audience.PUBLIC, by, {}, name).rows:
                    time = shown.key.get("month", "") or shown.key.get("year", "")
                    mine = rows.get((time, shown.key.get("region", ""), shown.key.get("expected", ""), name))
                    if shown.denominator is None:
                        assert mine is None
                        continue
                    assert mine is not None
                    told += 1
                    given = {"numerator": shown.numerator, "denominator": shown.denominator}
                    assert {k: mine[k] for k in given} == {k: "" if v is None else str(v) for k, v in given.items()}
                    assert mine["value"] == ("" if shown.value is None else str(round(shown.value, 4)))
                    assert mine["suppressed"] == shown.suppressed
                    assert mine["incomplete"] == str(shown.incomplete)
    assert told > 5
    assert not [r for r in table_of(content, "samples") if r["region"] == "Scotland"], "three samples are not shown"


def test_the_partners_package_is_for_partners_and_has_their_threshold(world: World, release: Release) -> None:
    for role in Role:
        got = world.as_(role).get(url(release, "/partner"))
        assert got.status_code == (200 if role in (Role.POLICE, Role.PUBLIC_HEALTH) else 403), role
    assert world.anonymous().get(url(release, "/partner")).status_code == 401
    content = world.as_(Role.POLICE).get(url(release, "/partner")).content
    assert "Counts under 5 are not shown" in check_package(content)["description"]
    assert "Counts under 10 are not shown" in check_package(world.anonymous().get(url(release)).content)["description"]


def test_packed_again_it_is_the_same_bytes_whatever_has_changed_since(
    world: World, release: Release, figures: Figures, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = world.anonymous().get(url(release)).content
    monkeypatch.setattr(covers, "_CACHE", covers._Cache())
    keys = figures.add(50, month="2026-03")
    with world.runtime.db.begin() as uow:
        trends.forget_many(uow, keys[:5])
        from app.people import service as people
        from app.people.tables import AgencyKind

        people.add_agency(uow, "A Third Service", AgencyKind.SERVICE)
    monkeypatch.setattr(world.runtime.settings, "release_licence", "CC0-1.0")
    assert world.anonymous().get(url(release)).content == first
    with world.runtime.read() as session:
        cover = session.exec(select(ReleaseCover)).one()
        entries = session.exec(select(AuditEntry).where(AuditEntry.verb == "describe")).all()
    assert cover.packed["public"] == hashlib.sha256(first).hexdigest()
    assert len(entries) == 1


def test_a_release_that_is_not_there_has_no_package(world: World) -> None:
    assert world.anonymous().get("/api/v1/releases/01900000-0000-7000-8000-000000000000/package").status_code == 404


def test_duckdb_reads_the_parquet_and_the_csv_alike(world: World, release: Release, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    pytest.importorskip("pyarrow")
    content = world.anonymous().get(url(release), params={"parquet": "true"}).content
    check_package(content)
    for path, data in members(content).items():
        (tmp_path / path).write_bytes(data)
    question = "SELECT width, count(*), sum(numerator), round(sum(value), 3) FROM {} GROUP BY width ORDER BY width"
    answers = [
        duckdb.sql(question.format(f"{read}('{tmp_path}/found.{kind}')")).fetchall()
        for read, kind in (("read_csv", "csv"), ("read_parquet", "parquet"))
    ]
    assert answers[0] == answers[1]
    assert len(answers[0]) == 4


def test_the_command_line_writes_the_same_file(
    world: World, release: Release, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    over_http = world.anonymous().get(url(release)).content
    monkeypatch.setenv("MAST_DATABASE_URL", world.runtime.settings.database_url)

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
    monkeypatch.setattr(covers, "_CACHE", covers._Cache())
    monkeypatch.setattr(covers, "LIMITS", ("Another sentence.",))
    with world.runtime.read() as session:
        assert not covers.packed(session, release, Audience.PUBLIC).as_before
