"""What a client says they also take is on the worker's screen once, and in no file, row, log, address, header or print."""

from __future__ import annotations

import io
import logging
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

import app.main
from app.operations import logging as logs
from app.results.finding import NewFinding
from harm_messages import load_pack
from tests.support import traces
from tests.support.planted import SENTINEL, planted

from .conftest import WORKER, Desk

MARK = traces.spellings("wychwood-tonic")


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
    """Everything logged at DEBUG, SQL included, as the server writes it."""
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


def everywhere(lab: Desk, folder: Path, wal: str = "") -> Iterator[tuple[str, str]]:
    """The files under the test's folder (an SQLite database, its WAL, blobs, temporary files), every row of every table,
    and PostgreSQL's own files where that is the database."""
    yield from traces.in_files(folder)
    yield from traces.in_rows(lab.runtime.db)
    if not lab.runtime.db.is_sqlite:
        with lab.runtime.db.read() as session:
            session.connection().execute(sa.text("CHECKPOINT"))
            yield from traces.in_postgres(session, wal)


def write_ahead(lab: Desk) -> str:
    if lab.runtime.db.is_sqlite:
        return ""
    with lab.runtime.db.read() as session:
        return traces.wal_place(session)


def test_the_sentinel_reaches_the_screen_and_nothing_else(
    lab: Desk, world: Any, tmp_path: Path, logged: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sample_id = lab.sample()
    lab.found(sample_id)
    began = write_ahead(lab)
    browser, target = world.as_(WORKER), f"/consultations/samples/{sample_id}"
    plain = browser.get(target)
    pages = [browser.post(f"{target}/with", data={"also": [SENTINEL, "not in the list"]}) for _ in range(2)]
    for got in pages:
        assert got.status_code == 200
        assert f"also take: <b>{SENTINEL}</b>" in got.text
        assert 'data-origin="self_reported"' in got.text, "the warning is there"
        assert got.headers["cache-control"] == "no-store"
        assert not MARK.search(str(got.url) + str(got.headers))
        assert not MARK.search(got.headers.get("set-cookie", ""))
    assert 'data-origin="self_reported"' not in plain.text
    assert "checked" not in plain.text.split('id="also"')[1].split("</section>")[0]
    # afterwards: the client's page, paper, a recorded talk, an error on the way
    assert not MARK.search(lab.page(sample_id))
    assert not MARK.search(browser.get(f"{target}/print").text)
    assert browser.post(target, data={"intention": "take_less"}).status_code == 303
    with monkeypatch.context() as broken:
        broken.setattr("app.care.consultations.facts.evaluate", _fails)
        failed = world.as_(WORKER).post(f"{target}/with", data={"also": SENTINEL}, headers={"Accept": "text/html"})
        assert failed.status_code == 200, "a page that cannot be made sends people to a person"
        assert "also take" in failed.text
    text = logged()
    assert "mast.sqlite3" in str(list(tmp_path.rglob("*"))) or not lab.runtime.db.is_sqlite
    assert "display_log" in text, "the log was really captured"
    assert not MARK.search(text)
    for where, content in everywhere(lab, tmp_path, began):
        assert not MARK.search(content), where
    assert [row.shown_to for row in lab.shown(sample_id)] == ["staff", "client"]


def test_the_answer_that_holds_it_asks_for_nothing_again_and_prints_without_it(lab: Desk, world: Any) -> None:
    sample_id = lab.sample()
    lab.found(sample_id)
    target = f"/consultations/samples/{sample_id}"
    shown = world.as_(WORKER).post(f"{target}/with", data={"also": [SENTINEL]}).text
    assert "<html" not in shown, "a part, which is a page of no history"
    assert "hx-get" not in shown.split(">")[0]
    screen, paper = shown.split('class="print-only"')
    assert screen.count('data-origin="self_reported"') == 1
    assert "Because of what you also take" in screen
    assert "Mixing: MAOI" in screen
    assert "Mixing: MAOI" not in paper, "paper has the page as it is without"
    assert "self_reported" not in paper
    assert not MARK.search(paper)


def test_G1_the_panel_can_send_and_keep_nothing_by_itself(lab: Desk, world: Any) -> None:
    sample_id = lab.sample()
    lab.found(sample_id)
    page = lab.staff(sample_id)
    panel = page.split('id="also"')[1].split("</section>")[0]
    assert f'value="{SENTINEL}"' in panel
    assert "<form" not in panel
    assert " name=" not in panel
    assert " form=" not in panel
    controls = re.findall(r"<(?:input|button|select|textarea)\b[^>]*>", panel)
    assert len(controls) > 20
    for control in controls:
        assert " disabled" in control, control
        assert 'type="button"' in control or 'autocomplete="off"' in control, control
    typed = next(control for control in controls if 'type="search"' in control)
    for word in ('spellcheck="false"', 'autocorrect="off"', 'writingsuggestions="false"'):
        assert word in typed, "nor is it learnt, or looked up by a spelling service"
    assert panel.count('class="also__ask js-only"') == 1, "without scripts the list is not drawn"
    table = page.split('id="mixing"')[1].split("</section>")[0]
    assert "What not to mix" in table
    assert not re.search(r"<(input|form|button)", table)


@pytest.mark.parametrize(
    ("said", "found", "title"),
    [
        ("pregnant", "ketamine", "If you&#39;re pregnant"),
        ("breastfeeding", "diazepam", "If you breastfeed"),
        ("epilepsy", "mdma", "Mixing: if you get fits"),
        ("epilepsy", "ketamine", "If you have epilepsy"),
        ("heart-problem", "cocaine", "If you have a heart problem"),
        ("heart-problem", "heroin", "If you have a heart problem"),
        ("liver-problem", "mdma", "If you have a liver problem"),
        ("uses-daily", "diazepam", "If you take it every day<"),
        ("uses-daily", "cocaine", "If you take it every day"),
        ("after-a-break", "heroin", "A break is a week or two"),
        ("after-a-break", "mdma", "If you&#39;ve had a break"),
    ],
)
def test_G2_what_a_person_says_about_themselves_goes_the_same_way_and_has_a_card(
    lab: Desk, world: Any, said: str, found: str, title: str
) -> None:
    sample_id = lab.sample((found,))
    lab.found(sample_id, NewFinding(found))
    before = lab.staff(sample_id)
    page = world.as_(WORKER).post(f"/consultations/samples/{sample_id}/with", data={"also": [said]}).text
    card = next(c for c in page.split("<section")[1:] if 'data-origin="self_reported"' in c and title in c)
    assert "Because of what you said about yourself" in card or "also take" in card
    assert title not in before.split('id="also"')[0]
    assert title not in lab.page(sample_id), "the client's own page knows nothing of it"


def test_what_is_not_known_is_said_to_be_missing_and_never_repeated(lab: Desk, world: Any) -> None:
    sample_id = lab.sample()
    lab.found(sample_id)
    page = world.as_(WORKER).post(f"/consultations/samples/{sample_id}/with", data={"also": "grandmas-drops"}).text
    assert "no longer knows something you ticked" in page
    assert "grandmas-drops" not in page


def test_a_substance_of_the_register_may_be_named_too(lab: Desk, world: Any) -> None:
    sample_id = lab.sample()
    lab.found(sample_id)
    page = world.as_(WORKER).post(f"/consultations/samples/{sample_id}/with", data={"also": ["tramadol"]}).text
    assert 'data-origin="self_reported"' in page
    assert "Mixing: tramadol" in page


def _fails(*_: Any, **__: Any) -> Any:
    from harm_messages import HarmMessageError

    raise HarmMessageError("a placeholder was left over")


def test_the_search_would_find_it_in_the_database(lab: Desk, tmp_path: Path) -> None:
    began = write_ahead(lab)
    with lab.runtime.db.begin() as uow:
        uow.session.connection().execute(sa.text("UPDATE site SET region = :name"), {"name": SENTINEL})
    places = [where for where, content in everywhere(lab, tmp_path, began) if MARK.search(content)]
    assert "site" in places
    assert [p for p in places if "sqlite3" in p or "pg_wal" in p], "on the disk as well"
