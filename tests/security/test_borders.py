"""Where one person, agency, site or service ends and another begins."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app.cli import main
from app.intake.people import service as people
from app.intake.people.tables import AgencyKind
from app.operations.demo import AGENCY
from app.platform import audit
from app.platform.db import Database
from app.platform.kernel.actor import Role
from app.settings import Settings
from instruments import DEFAULT_LIMITS, ParserSandbox, sandbox
from tests.app.conftest import PASSWORD

FOREIGN = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}


@pytest.mark.parametrize(
    ("path", "form"),
    [("/sign-in", {"username": "chemist.own", "password": PASSWORD}), ("/t", {"code": "3RWX7KDN9FHT"})],
)
def test_another_site_cannot_sign_a_browser_in_or_hand_it_a_ticket(world: Any, path: str, form: dict[str, str]) -> None:
    answer = world.anonymous().post(path, data=form, headers=FOREIGN)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_token_begets_no_token_and_no_account(world: Any) -> None:
    """The attack: a token of a day made one of 366 days, which outlived it and the sign-out."""
    actor = world.actors[Role.RECEPTION]
    with world.runtime.db.begin(actor) as uow:
        uow.session.add(people.PersonRole(person_id=actor.person_id, role=Role.ADMIN))
    browser, program = world.as_(Role.RECEPTION), world.anonymous()
    made = browser.post("/api/v1/tokens", json={"label": "x", "password": PASSWORD}).json()
    program.headers["Authorization"] = f"Bearer {made['token']}"
    person = world.actors[Role.CHEMIST].person_id
    for url, body in (
        ("/api/v1/tokens", {"label": "y", "password": PASSWORD}),
        ("/api/v1/people", {"username": "mine", "display_name": "Mine", "roles": ["admin"]}),
        *((f"/api/v1/people/{person}/{act}", None) for act in ("enable", "disable", "end-sessions")),
    ):
        answer = program.post(url, json=body)
        assert (answer.status_code, "A token cannot give out" in answer.json()["detail"]) == (403, True), url
    for url in (f"/people/{person}/link", f"/people/{person}"):
        answer = program.post(url, data={"version": 1, "display_name": "Mine", "roles": ["admin"]})
        assert (answer.status_code, "A token cannot give out" in answer.text) == (403, True), url
    change = {"password": PASSWORD, "new": f"{PASSWORD} staple", "again": f"{PASSWORD} staple"}
    assert program.post("/account/password", data=change).status_code == 403
    assert [t["label"] for t in browser.get("/api/v1/tokens").json()] == ["x"]


def test_an_administrator_reads_the_log_of_the_own_agency_only(world: Any) -> None:
    body = {"username": "new.person", "display_name": "New", "roles": ["chemist"]}
    assert world.as_(Role.ADMIN).post("/api/v1/people", json=body).status_code == 201
    own = world.as_(Role.ADMIN).get("/api/v1/audit").json()
    other = world.as_(Role.ADMIN, agency="other").get("/api/v1/audit").json()
    assert any(e["after"] and e["after"].get("username") == "new.person" for e in own)
    assert not any(e["after"] and e["after"].get("username") == "new.person" for e in other)
    assert "new.person" not in world.as_(Role.ADMIN, agency="other").get("/audit").text


def test_nobody_can_fill_the_disk_without_signing_in(world: Any) -> None:
    """Whatever the sample: the body is not taken in before the policy was asked."""
    url = "/bench/samples/01a21081-5fb1-71e7-a315-baa0539457b9/files"
    large = {"file": ("a.jdx", bytes(3 * 1024 * 1024), "application/octet-stream")}
    assert world.anonymous().post(url, files=large).status_code == 413
    assert world.as_(Role.CHEMIST).post(url, files=large).status_code != 413


def test_wrong_tries_for_one_name_do_not_lock_out_a_colleague_at_the_same_address(world: Any) -> None:
    client = world.anonymous()
    for _ in range(6):
        client.post("/sign-in", data={"username": "session_lead.own", "password": "wrong wrong wrong"})
    locked = client.post("/sign-in", data={"username": "session_lead.own", "password": PASSWORD})
    assert locked.status_code == 429
    assert client.post("/sign-in", data={"username": "health_worker.own", "password": PASSWORD}).status_code == 303


def test_the_demo_touches_no_data_of_a_real_service(
    tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copyfile(migrated_sqlite, folder / "mast.sqlite3")
    monkeypatch.setenv("MAST_DATA_DIR", str(folder))
    run, database = CliRunner(), Database(f"sqlite:///{folder / 'mast.sqlite3'}")
    with database.begin() as uow:
        audit.adopt(uow, audit.key_of(Settings().pepper()))
        people.add_agency(uow, AGENCY, AgencyKind.SERVICE)
    first = run.invoke(main, ["demo", "--no-serve"])
    assert first.exit_code == 0, first.output
    with database.begin() as uow:
        people.add_agency(uow, "Real Service", AgencyKind.SERVICE)
    for arguments in (["demo", "--no-serve", "--reset"], ["demo", "--no-serve"]):
        answer = run.invoke(main, arguments)
        assert answer.exit_code == 1
        assert "Real Service" in answer.stderr
    with database.read() as session:
        assert "Real Service" in people.agency_names(session)
    database.close()
    served = run.invoke(main, ["serve"])
    assert served.exit_code == 1
    assert "passwords everybody knows" in served.stderr


def test_a_jail_that_could_not_start_a_child_tries_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("nothing of the kind")
    with ParserSandbox(DEFAULT_LIMITS, workers=1) as readers:
        with monkeypatch.context() as broken:
            broken.setattr(sandbox, "_Worker", _no_process)
            for child in tuple(readers._children):
                child.kill()
            with pytest.raises(Exception, match=r".+"):
                readers.read(path)
        for _ in range(2):
            with pytest.raises(sandbox.InstrumentError):
                readers.read(path)


def _no_process(*_: Any) -> Any:
    raise OSError(11, "Resource temporarily unavailable")
