"""What people say, type and hold never gets into a log: a whole road, its mistakes and its crashes, then a search."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
import sqlalchemy.exc
import structlog

from app.intake.samples.tables import Sample
from app.operations import logging as logs
from app.platform.db import engine
from tests.app.conftest import PASSWORD
from tests.support.road import SAMPLE, infrared_file
from tests.support.staged import either_database
from tests.support.writes import Stage

database = either_database

NOTE, WORDS, TYPED = "sentinel note zzyx", "sentinel words qqpl", "sentinel typed wwkj"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Everything that would go to standard error, at the most talkative level."""
    stream, root = io.StringIO(), logging.getLogger()
    before, lines = (root.handlers[:], root.level), structlog.get_config()
    names = ("uvicorn", "uvicorn.error", "uvicorn.access", "alembic", "alembic.runtime.migration")
    levels = {name: logging.getLogger(name).level for name in names}
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", stream)
        logs.configure("DEBUG")
        logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
        yield stream
    root.handlers[:], root.level = before[0], before[1]
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    structlog.configure(**lines)


def mistakes(stage: Stage, code: str) -> None:
    """Requests that fail, each holding something private."""
    nobody, reception = stage.client("nobody"), stage.client("reception")
    register = f"/api/v1/sessions/{stage.road.session_id}/samples"
    private = {**SAMPLE, "staff_note": NOTE, "words_spoken": WORDS}
    for _ in range(7):
        nobody.post("/sign-in", data={"username": "chemist.own", "password": TYPED})
    nobody.post("/api/v1/tickets/view", json={"code": code[:-1] + "3"})
    nobody.post("/api/v1/tickets/view", json={"code": f"{TYPED}{code}"})
    nobody.post("/t", data={"code": code.lower() + "x"})
    nobody.get(f"/t?code={code}")
    nobody.get(f"/t/{code}", headers={"Accept": "text/html"})
    nobody.get("/api/v1/me", headers={"Authorization": f"Bearer {TYPED}"})
    reception.post(register, json={**private, "form": "not a form"})
    reception.post(register, json={**private, "name": "unknown field"})
    reception.post(register, content=json.dumps(private).encode()[:-5], headers={"Content-Type": "application/json"})
    reception.patch(f"/api/v1/samples/{'0' * 32}", json={"staff_note": NOTE}, headers={"If-Match": '"1"'})


def crashes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors of the machine in the middle of a request that holds something private."""
    reception = stage.client("reception")
    register = f"/api/v1/sessions/{stage.road.session_id}/samples"
    private = {**SAMPLE, "staff_note": NOTE, "words_spoken": WORDS}

    def fail(error: Exception) -> None:
        def commit(self: engine.Session) -> None:
            self.flush()
            raise error

        with monkeypatch.context() as patched:
            patched.setattr(engine.Session, "commit", commit)
            assert reception.post(register, json=private).status_code >= 500

    def refuse(self: engine.Session) -> None:
        """The database itself quotes the row it refuses (PostgreSQL: DETAIL)."""
        row = self.execute(sa.select(Sample).limit(1)).scalar_one().model_dump()
        self.execute(sa.insert(Sample), [{**row, "staff_note": NOTE, "words_spoken": WORDS}])

    fail(OSError(5, "Input/output error"))
    fail(sqlalchemy.exc.OperationalError("INSERT", {"staff_note": NOTE}, Exception("gone"), hide_parameters=True))
    with monkeypatch.context() as patched:
        patched.setattr(engine.Session, "commit", refuse)
        assert reception.post(register, json=private).status_code == 409


def test_no_ticket_note_word_password_or_token_is_ever_logged(
    stage: Stage, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    road = stage.road
    sample, _, _ = road.released(staff_note=NOTE, words_spoken=WORDS)
    code = road.codes[sample]
    analysis = road.analysis(sample, method="ftir", observation=TYPED)
    road.upload(analysis, infrared_file(), "a.jdx")
    road.upload(analysis, b"not a spectrum " + TYPED.encode(), "b.csv")
    stage.world.runtime.jobs.run_until_idle()
    nobody = stage.client("nobody")
    assert nobody.post("/api/v1/tickets/view", json={"code": code}).status_code == 200
    assert nobody.post("/sign-in", data={"username": "chemist.own", "password": PASSWORD}).status_code == 303
    token = road.post("chemist", "/api/v1/tokens", {"label": TYPED, "password": PASSWORD})["token"]
    mistakes(stage, code)
    crashes(stage, monkeypatch)

    text = log.getvalue()
    assert text.count("request_failed") >= 3, "the crashes must have been logged"
    assert "Traceback" in text
    grouped = "-".join(code[i : i + 4] for i in range(0, 12, 4))
    cookie = nobody.cookies.get("__Host-mast") or "no cookie"
    for secret in (code, code.lower(), grouped, NOTE, WORDS, TYPED, PASSWORD, token, cookie):
        assert secret not in text, f"{secret!r} was logged: …{text[max(0, text.find(secret) - 500) :][:700]}"


def test_being_asked_every_few_seconds_whether_it_is_ready_fills_no_log(stage: Stage, log: io.StringIO) -> None:
    before = log.getvalue()
    assert stage.client("nobody").get("/ready").status_code == 200
    assert [line for line in log.getvalue()[len(before) :].splitlines() if "alembic" in line or "impl" in line] == []


def test_a_ticket_code_is_blanked_however_it_gets_into_a_line(log: io.StringIO) -> None:
    for number, code in enumerate(("3467-9CDF-GHJK", "34679CDFGHJK", "3467 9CDF GHJK", "34679cdfghjk")):
        structlog.get_logger("test").info("event", path=f"/t/{code}", number=number)
        logging.getLogger("uvicorn.error").error("GET /t/%s failed", code)
        structlog.get_logger("test").info(f"a code {code} in the event itself")
    text = log.getvalue()
    assert text.count("\n") == 12
    for code in ("9CDF", "9cdf"):
        assert code not in text
