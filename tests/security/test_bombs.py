"""Files that mean harm, sent over HTTP: refused quickly with a sentence, the server and its memory untouched (S5)."""

from __future__ import annotations

import gzip
import io
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from app.platform.kernel.actor import Role
from app.settings import Settings
from tests.app.conftest import PEPPER
from tests.support.road import Road, infrared_file

MIB = 1024 * 1024


def gzip_bomb() -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb") as stream:
        for _ in range(100):
            stream.write(bytes(4 * MIB))
    return out.getvalue()


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("run.csv", "w", force_zip64=True) as member,
    ):
        for _ in range(100):
            member.write(bytes(4 * MIB))
    return out.getvalue()


def path_traversal() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../../etc/run.jdx", infrared_file())
    return out.getvalue()


XML = (
    b"""<?xml version="1.0"?><!DOCTYPE mzML [<!ENTITY a "%s">%s]><mzML xmlns="http://psi.hupo.org/ms/mzml">&e;</mzML>"""
    % (
        b"lol" * 100,
        b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(4)),
    )
)
NAN = infrared_file().replace(b"400 ", b"400 nan ", 1)
BILLION = infrared_file().replace(b"##NPOINTS=360", b"##NPOINTS=1000000000")
WIDE = b"400," + b"1," * 1_000_000 + b"\n"

BOMBS = {
    "gzip.mzML.gz": gzip_bomb,
    "zip.zip": zip_bomb,
    "traversal.zip": path_traversal,
    "entities.mzML": lambda: XML,
    "points.jdx": lambda: BILLION,
    "columns.csv": lambda: WIDE,
    "nan.jdx": lambda: NAN,
    "renamed.mzML": lambda: b"MZ\x90\x00" + bytes(2000),
    "cut.jdx": lambda: infrared_file()[:400],
}


@pytest.fixture
def settings(tmp_path: Any, database: Any) -> Settings:
    """A smaller limit, so that a large body need not be large."""
    return Settings(
        data_dir=tmp_path / "data", database_url=database.url, secret=PEPPER, workers=0,
        upload_max_bytes=4 * MIB,
    )  # fmt: skip


@pytest.fixture
def road(world: Any) -> Road:
    return Road(lambda role: world.as_(Role(role)), str(world.session()))


QUICK = ("traversal.zip", "entities.mzML", "points.jdx")
"""One of each kind that costs little: out of its folder, too much when read, too much said."""


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.long) for name in BOMBS]
)
def test_a_harmful_file_is_refused_with_a_sentence_and_the_server_goes_on(world: Any, road: Road, name: str) -> None:
    content = BOMBS[name]()
    assert len(content) < 4 * MIB
    analysis_id = road.analysis(road.register(), method="gc_ms")
    upload_id = road.upload(analysis_id, content, name)
    before, begun = psutil.Process().memory_info().rss, time.monotonic()
    world.runtime.jobs.run_until_idle()
    assert time.monotonic() - begun < 30
    assert psutil.Process().memory_info().rss - before < 100 * MIB
    upload = world.as_(Role.CHEMIST).get(f"/api/v1/uploads/{upload_id}").json()
    assert upload["state"] == "refused", upload
    assert upload["problem"]["detail"]
    assert upload["problem"]["hint"]
    good = road.upload(road.analysis(road.register()), infrared_file())
    world.runtime.jobs.run_until_idle()
    assert world.as_(Role.CHEMIST).get(f"/api/v1/uploads/{good}").json()["state"] == "read"


def chunks(total: int) -> Iterator[bytes]:
    """A body without a Content-Length."""
    for _ in range(total // 65536):
        yield bytes(65536)


@pytest.mark.parametrize("declared", [True, False])
def test_a_file_over_the_limit_is_cut_off_and_nothing_of_it_is_kept(world: Any, road: Road, declared: bool) -> None:
    analysis_id = road.analysis(road.register())
    url = f"/api/v1/analyses/{analysis_id}/uploads?filename=large.mzML"
    body = bytes(6 * MIB) if declared else chunks(6 * MIB)
    answer = world.as_(Role.CHEMIST).post(url, content=body)
    assert answer.status_code == 413
    assert "4 MiB" in answer.json()["detail"]
    folder = world.runtime.settings.blob_dir
    assert not [p for p in folder.rglob("*") if p.is_file()]


def test_an_empty_file_is_refused_at_once(world: Any, road: Road) -> None:
    analysis_id = road.analysis(road.register())
    answer = world.as_(Role.CHEMIST).post(f"/api/v1/analyses/{analysis_id}/uploads?filename=a.jdx", content=b"")
    assert answer.status_code == 422
    assert "empty" in answer.json()["detail"]
