"""What a client says they also take is on the worker's screen once, and in no file, row, log, address or header."""

from __future__ import annotations

import io
import logging
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

import app.main
from app.operations import logging as logs
from app.platform.db import metadata
from harm_messages import Pack, load_pack
from harm_messages.content import CoUse

from .conftest import WORKER, Desk

SENTINEL = "wychwood-tonic-7b1e"
MARK = re.compile(r"wychwood.{0,3}tonic", re.IGNORECASE)


def planted(pack: Pack) -> Pack:
    """The pack with a co-use nobody could mean by accident, dangerous with MDMA like an MAOI."""
    maoi = pack.groups["maoi"]
    return replace(
        pack,
        co_use={**pack.co_use, SENTINEL: CoUse(id=SENTINEL, label=SENTINEL)},
        groups={**pack.groups, "maoi": maoi.model_copy(update={"co_use": (*maoi.co_use, SENTINEL)})},
    )


@pytest.fixture
def settings(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A world whose pack holds the sentinel, and whose temporary files are in a folder of their own."""
    pack = planted(load_pack())
    monkeypatch.setattr(app.main, "load_pack", lambda: pack)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return settings


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """Everything any logger says, at the most talkative level, as the server writes it."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure("DEBUG")
    logging.getLogger("sqlalchemy.engine").setLevel("INFO")
    yield stream.getvalue
    logging.getLogger("sqlalchemy.engine").setLevel("NOTSET")
    root.handlers[:], root.level = handlers, level
    structlog.configure(**before)


def everywhere(lab: Desk, folder: Path) -> Iterator[tuple[str, str]]:
    """Every file under the test's folder (database, WAL, blobs, temporary files) and every row of every table."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path), path.read_bytes().decode("latin-1")
    with lab.runtime.db.read() as session:
        for table in metadata.sorted_tables:
            yield table.name, " ".join(str(row) for row in session.connection().execute(sa.select(table)))


def test_the_sentinel_reaches_the_screen_and_nothing_else(
    lab: Desk, world: Any, tmp_path: Path, logged: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sample_id = lab.sample()
    lab.found(sample_id)
    browser, target = world.as_(WORKER), f"/consultations/samples/{sample_id}"
    plain = browser.get(target)
    pages = [browser.post(f"{target}/with", data={"also": [SENTINEL, "not in the list"]}) for _ in range(2)]
    for got in pages:
        assert got.status_code == 200
        assert "also take. This is shown once" in got.text
        assert got.text.count("MAOI") > plain.text.count("MAOI"), "the warning is there"
        assert got.headers["cache-control"] == "no-store"
        assert not MARK.search(str(got.url) + str(got.headers))
        assert not MARK.search(got.headers.get("set-cookie", ""))
    assert not re.search(rf'value="{SENTINEL}"[^>]*checked', plain.text)
    # the screen never asks for it again from an address, and nothing of the form is restored by the browser
    form = pages[0].text.split('/with"')[1].split("</form>")[0]
    assert form.startswith(' autocomplete="off"')
    assert "data-" not in form
    assert 'method="post"' in pages[0].text.split('/with"')[0].rsplit("<form", 1)[1]
    live = pages[0].text.split('id="client-page"')[1].split("</section>")[0]
    assert "hx-get" not in live
    # afterwards: the client's page, a recorded talk, an error on the way
    assert not MARK.search(lab.page(sample_id))
    assert browser.post(target, data={"intention": "take_less"}).status_code == 303
    with monkeypatch.context() as broken:
        broken.setattr("app.consultations.client_view.evaluate", _fails)
        failed = world.as_(WORKER).post(f"{target}/with", data={"also": SENTINEL}, headers={"Accept": "text/html"})
        assert failed.status_code == 200, "a page that cannot be made sends people to a person"
        assert "also take" in failed.text
    text = logged()
    assert "mast.sqlite3" in str(list(tmp_path.rglob("*"))) or not lab.runtime.db.is_sqlite
    assert "display_log" in text, "the log was really captured"
    assert not MARK.search(text)
    for where, content in everywhere(lab, tmp_path):
        assert not MARK.search(content), where
    assert [row.shown_to for row in lab.shown(sample_id)] == ["staff", "client"]


def _fails(*_: Any, **__: Any) -> Any:
    from harm_messages import HarmMessageError

    raise HarmMessageError("a placeholder was left over")


def test_the_search_would_find_it(lab: Desk, tmp_path: Path) -> None:
    (tmp_path / "leak").write_text(f"also: {SENTINEL}")
    assert any(MARK.search(content) for _, content in everywhere(lab, tmp_path))
