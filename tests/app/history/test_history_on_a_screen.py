"""An administrator sends files and a map, sees what is in them, imports them, takes the import back."""

from __future__ import annotations

import html
import os
import re
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from app.care.counted.tables import TrendSample
from app.figures.history import interpreting, uploads
from app.figures.history.domain import UploadState
from app.figures.history.tables import HistoryUpload
from app.platform.jobs import long_task
from app.platform.kernel.actor import Role
from tests.app.history.conftest import HEAD, MAP, ROW
from tests.support.clock import SettableClock


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the kind of database; tests/api sends every route on both."""
    return sqlite_url


def send(world: Any, text: str | bytes = HEAD + ROW, map_text: str | bytes = MAP, name: str = "samples.csv") -> Any:
    data = text if isinstance(text, bytes) else text.encode()
    of_map = map_text if isinstance(map_text, bytes) else map_text.encode()
    files = [("map", ("ours.toml", of_map)), ("files", (name, data))]
    return world.as_(Role.ADMIN).post("/history/uploads/files", files=files)


def work(world: Any, sent: Any) -> str:
    """The address of what was sent, after the jobs have run."""
    assert sent.status_code == 303, text_of(sent)
    world.runtime.jobs.run_until_idle()
    return str(sent.headers["location"])


def text_of(page: Any) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page.text)))


def counted(world: Any) -> int:
    with world.runtime.db.read() as session:
        return len(session.exec(select(TrendSample)).all())


def step(world: Any, url: str, act: str, **data: Any) -> Any:
    version = re.search(r'name="version" value="(\d+)"', world.as_(Role.ADMIN).get(url).text)
    return world.as_(Role.ADMIN).post(f"{url}/{act}", data={"version": version.group(1) if version else 0, **data})


def test_files_are_checked_first_then_imported_and_can_be_taken_back(world: Any) -> None:
    admin = world.as_(Role.ADMIN)
    url = work(world, send(world, HEAD + ROW + "South,0002,01/02/2026,The Market,Beton,Don't know,,\n"))
    page = text_of(admin.get(url))
    assert "No errors in these files" in page
    assert "2026-01-31 to 2026-02-01" in page
    assert counted(world) == 0, "nothing is counted before someone said so"
    assert step(world, url, "import").status_code == 303
    assert "every 1s" in admin.get(url).text
    world.runtime.jobs.run_until_idle()
    assert "2 samples new, 0 changed, 0 unchanged" in text_of(admin.get(url))
    assert counted(world) == 2
    (row,) = admin.get("/api/v1/history/imports").json()
    assert (row["source"], row["licence"], row["files"][0]["rows"]) == ("Two towns", "CC BY 4.0", 2)
    assert admin.get(f"/history/imports/{row['id']}/map.toml").text == MAP
    refused = admin.post(f"/history/imports/{row['id']}/undo", data={"reason": " "})
    assert refused.status_code == 422
    assert "Say why you undo the import" in text_of(refused)
    assert admin.post(f"/history/imports/{row['id']}/undo", data={"reason": "wrong extract"}).status_code == 303
    assert counted(world) == 0
    assert "wrong extract" in text_of(admin.get("/history"))


def test_what_is_wrong_is_told_row_by_row_and_nothing_can_be_imported(world: Any) -> None:
    rows = (
        ROW + "North,0002,2026-02-30,Harbour St,Aton,Down,,12\nNorth,0003,2026-02-03,Harbour St,Aton,Martian dust,,12\n"
    )
    url = work(world, send(world, HEAD + rows))
    page = world.as_(Role.ADMIN).get(url)
    told = text_of(page)
    assert "2 problems to fix" in told
    assert "samples.csv, line 3, column Visit" in told
    assert "Martian dust" in told.split("Row by row")[0], "the words the map does not know stand in a list of their own"
    assert '"Martian dust" = ""' in html.unescape(page.text), "the line to be filled in is made"
    assert "/import" not in page.text
    assert step(world, url, "import").status_code in (409, 412, 422)
    table = world.as_(Role.ADMIN).get(f"{url}/problems.csv")
    assert table.headers["content-type"].startswith("text/csv")
    assert table.text.splitlines()[0] == "level,file,line,column,value,why,how"
    assert len(table.text.splitlines()) == 3
    assert step(world, url, "drop").status_code == 303
    assert url not in world.as_(Role.ADMIN).get("/history").text
    assert counted(world) == 0


def test_what_cannot_be_read_at_all_is_said_at_once_beside_its_field(world: Any) -> None:
    for sent, said in (
        ({"text": b""}, "The file is empty"),
        ({"map_text": b""}, "Choose the map file"),
        ({"map_text": b"format = "}, "is not TOML"),
        ({"map_text": b"\xff\xfe\x00"}, "not UTF-8"),
        ({"map_text": b'format = 1\n[source]\nname = "X"'}, "ours.toml"),
    ):
        page = send(world, **sent)
        assert page.status_code == 422
        assert said in text_of(page)
    with world.runtime.db.read() as session:
        assert session.exec(select(HistoryUpload)).all() == []


def test_files_that_do_not_fit_the_map_are_refused_with_the_sentence_of_the_command_line(world: Any) -> None:
    for text, name, said in (
        (HEAD + ROW, "other.csv", "other.csv fits none of the files the map knows"),
        (HEAD.replace("Visit", "Besuch") + ROW, "samples.csv", "has no column Visit"),
        ((HEAD + ROW.replace("Harbour", "Hârbour")).encode("cp1252"), "samples.csv", "cp1252"),
    ):
        url = work(world, send(world, text, name=name))
        page = world.as_(Role.ADMIN).get(url)
        assert said in text_of(page)
        assert "/import" not in page.text


def test_an_old_page_cannot_import_twice_and_the_same_files_change_nothing(world: Any) -> None:
    admin = world.as_(Role.ADMIN)
    url = work(world, send(world))
    stale = re.search(r'name="version" value="(\d+)"', admin.get(url).text)
    assert stale is not None
    assert admin.post(f"{url}/import", data={"version": stale.group(1)}).status_code == 303
    assert admin.post(f"{url}/import", data={"version": stale.group(1)}).status_code == 412
    world.runtime.jobs.run_until_idle()
    again = work(world, send(world))
    assert step(world, again, "import").status_code == 303
    world.runtime.jobs.run_until_idle()
    assert "imported with this map before. Nothing was changed" in text_of(admin.get(again))
    assert counted(world) == 1


def test_reading_tells_how_far_it_is_and_a_worker_that_dies_leaves_nothing(
    world: Any, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_task, "EVERY_S", 0.0)
    monkeypatch.setattr(interpreting, "EVERY_ROWS", 20)
    seen: list[tuple[str, int, int]] = []
    told = uploads._tell

    def look(parts: Any, upload_id: Any, step: str, done: int, total: int, state: Any = None) -> None:
        told(parts, upload_id, step, done, total, state)
        seen.append((step, done, total))

    monkeypatch.setattr(uploads, "_tell", look)
    lines = "".join(ROW.replace("0001", f"{n:05d}") for n in range(45))
    url = work(world, send(world, HEAD + lines))
    assert seen[0] == ("Reading samples.csv", 20, 46)
    assert [done for _, done, _ in seen] == [20, 40, 45]

    def die(*_: Any, **__: Any) -> None:
        raise OSError("the power went")

    with monkeypatch.context() as broken:
        broken.setattr("app.figures.history.service.counted.record", die)
        step(world, url, "import")
        world.runtime.jobs.run_until_idle()
    assert counted(world) == 0
    assert world.as_(Role.ADMIN).get("/api/v1/history/imports").json() == [], "all of it or nothing"
    assert "at work" in text_of(world.as_(Role.ADMIN).get("/history/part")), "it is tried again"
    clock.advance(minutes=10)
    world.runtime.jobs.run_until_idle()
    assert counted(world) == 45


def test_a_task_that_fails_every_time_says_so_and_can_be_dropped(
    world: Any, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any, **__: Any) -> None:
        raise OSError("no disk")

    monkeypatch.setattr("app.figures.history.uploads._laid_out", die)
    sent = send(world)
    for _ in range(4):
        world.runtime.jobs.run_until_idle()
        clock.advance(minutes=10)
    url = sent.headers["location"]
    assert "failed to read or write these files several times" in text_of(world.as_(Role.ADMIN).get(url))
    assert step(world, url, "drop").status_code == 303


def test_only_an_administrator_imports_and_a_researcher_sees_where_samples_come_from(world: Any) -> None:
    url = work(world, send(world))
    step(world, url, "import")
    world.runtime.jobs.run_until_idle()
    researcher = world.as_(Role.RESEARCHER)
    page = researcher.get("/history")
    assert "Two towns" in page.text
    assert "Send files" not in page.text
    assert "Undo this import" not in page.text
    (row,) = researcher.get("/api/v1/history/imports").json()
    map_url = f"/history/imports/{row['id']}/map.toml"
    assert researcher.get(map_url).status_code == 403, "a map spells out words that stood in a single row"
    assert map_url not in page.text
    assert "Administrators can download it" in page.text
    assert map_url in world.as_(Role.ADMIN).get("/history").text
    for role in (Role.RESEARCHER, Role.SESSION_LEAD, Role.CHEMIST, Role.POLICE):
        assert world.as_(role).get(url).status_code == 403
        assert world.as_(role).post("/history/uploads/files").status_code == 403
    assert world.as_(Role.POLICE).get("/history").status_code == 403


def test_files_nobody_needs_any_more_go_after_a_day(world: Any) -> None:
    def kept() -> list[Path]:
        return list((world.runtime.settings.blob_dir / "history-arrivals").glob("??/??/*"))

    url = work(world, send(world))
    step(world, url, "drop")
    old = work(world, send(world, HEAD + ROW.replace("0001", "0002")))
    assert len(kept()) == 2
    for path in kept():
        os.utime(path, (time.time() - 90_000,) * 2)
    work(world, send(world, HEAD + ROW.replace("0001", "0003")))
    assert len(kept()) == 2, "the dropped one went; what waits to be imported stays"
    with world.runtime.db.read() as session:
        row = uploads.get_upload(session, world.actors[Role.ADMIN], uuid.UUID(old.rsplit("/", 1)[-1]))
        assert row.state is UploadState.CHECKED
