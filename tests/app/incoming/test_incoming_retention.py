"""Bytes of files that were set aside go after a month; the arrival is recognised for ever; what is needed stays."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.operations.retention import purge, purge_files
from app.platform.storage import BlobStore
from tests.app.incoming.conftest import Bench
from tests.support.road import infrared_file, ok

OLD = 1_600_000_000


@pytest.fixture
def old(bench: Bench) -> Callable[[dict[str, Any]], Path]:
    """Make a raw file look as if nobody had sent it for long."""

    def make(file: dict[str, Any]) -> Path:
        path = bench.world.runtime.blobs.path(file["sha256"])
        os.utime(path, (OLD, OLD))
        return path

    return make


def a_month_later(bench: Bench, clock: Any) -> tuple[int, int]:
    """(rows purged, raw files deleted)."""
    clock.advance(days=31)
    bench.world.clients.clear()
    rt = bench.world.runtime
    return purge(rt.db)["incoming_file"], purge_files(rt.db, rt.blobs)


def test_bytes_that_were_set_aside_go_and_the_arrival_stays_known(bench: Bench, clock: Any, old: Any) -> None:
    file = bench.arrive("blank for Jo.jdx", arrival="k1", origin="FTIR")
    bench.read()
    ok(bench.decide(file, "set-aside", reason="blank"))
    path = old(file)
    clock.advance(days=29)
    assert purge(bench.world.runtime.db)["incoming_file"] == 0
    assert a_month_later(bench, clock) == (1, 1)
    assert not path.exists()
    gone = bench.now(file)
    assert (gone["kept"], gone["file_name"], gone["summary"], gone["state"]) == (False, "deleted file", {}, "set_aside")
    assert bench.decide(gone, "restore").status_code == 409
    text = bench.client().get("/bench/incoming?state=set_aside", headers={"Accept": "text/html"}).text
    assert "The file was deleted" in text
    assert a_month_later(bench, clock) == (0, 0)
    again = bench.post(infrared_file(), "blank.jdx", arrival="k1")
    assert (again.status_code, again.json()["id"], again.json()["kept"]) == (200, file["id"], True)
    bench.read()
    restored = ok(bench.decide(bench.now(file), "restore"))
    assert (restored["file_name"], restored["summary"]["count"]) == ("blank.jdx", 1)
    assert path.read_bytes() == infrared_file()


def test_bytes_that_something_else_needs_are_kept(bench: Bench, clock: Any, old: Any) -> None:
    attached, twin = bench.arrive("a.jdx", infrared_file(1)), bench.arrive("b.jdx", infrared_file(1))
    waiting, copy = bench.arrive("c.jdx", infrared_file(2)), bench.arrive("d.jdx", infrared_file(2))
    ok(bench.decide(attached, "attach", sample_id=bench.stage.road.register()))
    for file in (twin, copy):
        ok(bench.decide(file, "set-aside", reason="twice"))
    paths = [old(attached), old(waiting)]
    assert a_month_later(bench, clock) == (2, 0)
    assert all(path.exists() for path in paths)
    assert bench.now(waiting)["kept"]


def test_the_same_bytes_arriving_in_the_very_moment_they_go_are_not_lost(
    bench: Bench, old: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = bench.arrive()
    path, blobs, replace = old(file), bench.world.runtime.blobs, os.replace

    def touched_first(source: Any, target: Any) -> None:
        monkeypatch.setattr("os.replace", replace)
        blobs.put(iter([infrared_file()]))
        replace(source, target)

    monkeypatch.setattr("os.replace", touched_first)
    assert blobs.remove(file["sha256"]) is False
    assert path.read_bytes() == infrared_file()


def test_a_removal_cut_off_half_way_is_undone_at_the_next_start(bench: Bench, old: Any) -> None:
    file = bench.arrive()
    path, blobs = old(file), bench.world.runtime.blobs
    os.replace(path, blobs.root / "incoming" / f"{file['sha256']}.gone")
    BlobStore(blobs.root, max_bytes=1).sweep()
    assert path.exists()
