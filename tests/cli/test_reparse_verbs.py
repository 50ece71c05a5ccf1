"""`mast readings reparse` and `mast library reparse`: shown first, taken over when asked, nothing under a result."""

# ruff: noqa: F811  a fixture and the argument that asks for it have one name
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result

from tests.app.conftest import PEPPER, World
from tests.cli.conftest import Mast, run
from tests.support.small_files import MDMA, small_run
from tests.support.staged import database, settings, stage, world  # noqa: F401
from tests.support.writes import Stage

MSP = "Name: Testamine\nNum Peaks: 2\n58 999; 91 120;\n\nName: Othersine\nNum Peaks: 2\n82 999; 182 700;\n"


@pytest.fixture
def mast(world: World, monkeypatch: pytest.MonkeyPatch) -> Mast:
    """The command on the data of the world."""
    monkeypatch.setenv("MAST_DATA_DIR", str(world.runtime.settings.data_dir))
    monkeypatch.setenv("MAST_DATABASE_URL", world.runtime.settings.database_url)
    monkeypatch.setenv("MAST_SECRET", PEPPER)
    return run


def altered(world: World, **values: object) -> None:
    """What an older reader would have left in every reading."""
    with world.runtime.db.begin() as uow:
        from app.laboratory.readings.tables import Reading

        uow.session.connection().execute(sa.update(Reading).values(**values))


def data(result: Result) -> Any:
    return json.loads(result.stdout)


def test_a_dry_run_shows_and_apply_stores_and_a_second_run_finds_nothing_to_do(
    mast: Mast,
    world: World,
    stage: Stage,
) -> None:
    _, _, upload = stage.read_file()
    assert mast("readings", "reparse").stdout == "1 file read again: 1 the same.\n"
    altered(world, reader_version="0", y_unit="transmittance", n_points=7)
    shown = mast("readings", "reparse")
    assert f"a.jdx (upload {upload}): changed" in shown.stdout
    assert "reading 1: y unit transmittance → absorbance" in shown.stdout
    assert "reading 1: n points 7 → 360" in shown.stdout
    assert "reader version 0 → " in shown.stdout
    assert "Nothing was changed." in shown.stdout
    assert "Reading again … 1 of 1" in shown.stderr
    answer = data(mast("readings", "reparse", "--json"))
    assert answer["files"][0]["changes"][0]["fields"]["n_points"] == [7, 360]
    assert answer["summary"]["changed"] == 1
    assert "apply" not in answer["summary"]
    assert "Stored 1, kept as before 0." in mast("readings", "reparse", "--apply", "--older").stdout
    assert data(mast("readings", "reparse", "--older", "--json"))["summary"]["files"] == 0
    assert "1 the same" in mast("readings", "reparse").stdout
    reading = stage.client("chemist").get(f"/api/v1/uploads/{upload}/readings").json()[0]
    assert (reading["y_unit"], reading["n_points"]) == ("absorbance", 360)


def test_a_run_is_compared_with_the_controls_of_its_batch_here_too(mast: Mast, world: World, stage: Stage) -> None:
    stage.control(batch="B7")
    sample = stage.road.register()
    analysis = stage.road.analysis(sample, method="gc_ms", read_by_hand=False, batch="B7")
    stage.road.upload(analysis, small_run([(340.0, MDMA)]), "a.cdf")
    world.runtime.jobs.run_until_idle()

    def controls() -> list[str]:
        (found,) = stage.client("chemist").get(f"/api/v1/samples/{sample}/analyses").json()[0]["readings"]
        answer = stage.client("chemist").get(f"/api/v1/readings/{found['id']}/candidates").json()["answer"]
        return [str(said) for said in answer["controls"]]

    before = controls()
    assert "blank of its batch" in before[0]
    altered(world, reader_version="0", y_unit="odd")
    mast("readings", "reparse", "--apply")
    assert controls() == before


def test_a_submitted_result_keeps_the_reading_it_stands_on_until_it_is_taken_back(
    mast: Mast,
    world: World,
    stage: Stage,
) -> None:
    sample, analysis, upload = stage.read_file()
    result, etag = stage.road.draft(sample, [analysis])
    etag = stage.road.step("chemist", result, "submit", etag)
    altered(world, reader_version="0")
    said = mast("readings", "reparse", "--apply").stdout
    assert "kept: a result stands on it (submitted); amend it to use the new reading." in said
    assert "Stored 0, kept as before 1." in said
    url = f"/api/v1/uploads/{upload}/readings"
    assert stage.client("chemist").get(url).json()[0]["reader_version"] == "0"
    stage.road.step("chemist", result, "withdraw", etag)
    answer = data(mast("readings", "reparse", "--apply", "--sample", sample, "--json"))
    assert answer["files"][0]["stored"] == "stored"
    assert answer["summary"]["apply"] == {"stored": 1, "kept": 0, "asked": 0, "failed": 0}
    assert stage.client("chemist").get(url).json()[0]["reader_version"] != "0"


def test_a_lost_raw_file_is_named_the_others_are_read_and_the_exit_is_1(
    mast: Mast,
    world: World,
    stage: Stage,
) -> None:
    _, _, lost = stage.read_file(name="lost.jdx")
    sha256 = stage.client("chemist").get(f"/api/v1/uploads/{lost}").json()["sha256"]
    world.runtime.blobs.path(sha256).unlink()
    failed = mast("readings", "reparse", code=1)
    assert "lost.jdx" in failed.stdout
    assert "its raw bytes are not on this disk" in failed.stdout
    assert "could not be read again" in failed.stderr
    assert "Traceback" not in failed.output


def test_unknown_samples_are_a_sentence_and_wrong_words_are_wrong_usage(mast: Mast) -> None:
    nobody = "00000000-0000-7000-8000-000000000000"
    assert mast("readings", "reparse", "--sample", nobody, code=1).stderr.strip()
    assert mast("readings", "reparse", "--upload", nobody, code=1).stderr.strip()
    mast("readings", "reparse", "--sample", "a sample", code=2)
    assert mast("readings", "reparse", "--format", "nothing").stdout == "0 files read again: none.\n"


def test_a_library_is_read_again_from_its_own_files(mast: Mast, world: World, tmp_path: Path) -> None:
    file = tmp_path / "own.msp"
    file.write_text(MSP)
    mast("library", "import", file, "--name", "Own 2026", "--licence", "CC0", "--source", "us")
    file.unlink()
    said = mast("library", "reparse", "Own 2026").stdout
    assert "Own 2026: 2 → 2 entries, read by msp" in said
    assert "Every entry is the same." in said
    answer = data(mast("library", "reparse", "Own 2026", "--apply", "--json"))
    assert (answer["same"], answer["added"], answer["gone"], answer["changed"]) == (True, [], [], [])
    assert "comes with MAST" in mast("library", "reparse", "starter-ei", code=1).stderr
    mast("library", "reparse", "nothing", code=1)
    info = data(mast("library", "info", "Own 2026", "--json"))
    assert info["files"][0]["name"] == "own.msp"


def test_what_is_different_in_a_library_is_shown_and_then_made_anew(
    mast: Mast,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from instruments import file_reader

    file = tmp_path / "own.msp"
    file.write_text(MSP)
    mast("library", "import", file, "--name", "Own 2026", "--licence", "CC0", "--source", "us")
    real = file_reader.read
    monkeypatch.setattr(file_reader, "read", lambda path, name, **hints: real(path, name, **hints)[:1])
    said = mast("library", "reparse", "Own 2026").stdout
    assert "2 → 1 entry" in said
    assert "  gone: Othersine" in said
    assert "Nothing was changed." in said
    assert "Library rebuilt" in mast("library", "reparse", "Own 2026", "--apply").stdout
    assert "Own 2026: 1 entry" in mast("library", "list").stdout


def test_a_library_of_before_says_what_to_do(mast: Mast, world: World, tmp_path: Path) -> None:
    from app.laboratory.library.importing import ImportParts, import_library

    file = tmp_path / "own.msp"
    file.write_text(MSP)
    import_library(ImportParts(world.runtime.db, world.runtime.settings.library_dir), [file], "Old", "CC0", "us")
    told = mast("library", "reparse", "Old", code=1).stderr
    assert "before raw files were kept" in told
    assert "mast library import" in told
    mast("library", "import", file, "--name", "Old", "--licence", "CC0", "--source", "us")
    assert "Every entry is the same." in mast("library", "reparse", "Old", "--apply").stdout
