"""Verbs of the operator about accounts."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.intake.people import accounts
from app.intake.people import service as people
from app.platform.db import Database
from app.platform.kernel.actor import OPERATOR
from app.settings import Settings
from tests.cli.conftest import run as mast
from tests.cli.test_operator_verbs import ADD

pytestmark = pytest.mark.usefixtures("mast")

CHEN = ("people", "add", "chen", "--name", "Chen", "--agency", "Durham", "--role", "chemist", "--role", "verifier")


def asked(*arguments: str) -> Any:
    return json.loads(mast(*arguments, "--json").stdout)


def secret_of(link: str) -> str:
    return link.partition("#")[2]


def test_without_a_schema_the_sentence_says_what_to_run() -> None:
    assert "mast db upgrade" in mast(*ADD, code=1).stderr


def test_a_person_is_added_with_a_link_shown_once_and_may_have_a_token() -> None:
    mast("db", "upgrade")
    assert "nothing to do" in mast("db", "upgrade").stdout
    added = asked(*ADD)
    assert added["link"].startswith("http://127.0.0.1:8000/password#")
    assert "taken" in mast(*ADD, code=1).stderr
    token = asked("people", "token", "ada")
    assert token["token"].startswith("mast_")
    assert token["roles"] == ["admin"]
    assert "role" in mast("people", "token", "ada", "--role", "chemist", code=1).stderr
    mast("people", "token", "nobody", code=1)
    assert "unbroken" in mast("audit", "verify").stdout


@pytest.mark.parametrize(
    ("username", "name", "says"),
    [
        ("A B", "Ada", "no user name"), ("../../x", "Ada", "no user name"), ("x" * 61, "Ada", "no user name"),
        ("ada", "A\u202eda", "right-to-left"), ("ada", "A\nda", "one line"), ("ada", "x" * 200, "1 to 120"), ("ada", " ", "full name"),
    ],
)  # fmt: skip
def test_the_names_of_an_account_are_those_the_pages_take(username: str, name: str, says: str) -> None:
    mast("db", "upgrade")
    mast(*CHEN)
    add = ("people", "add", username, "--agency", "Durham", "--role", "chemist")
    assert says in mast(*add, "--name", name, code=1).stderr
    assert [one["username"] for one in asked("people", "list")] == ["chen"]
    if username == "ada" and name.strip():
        assert says in mast("people", "change", "chen", "--name", name, code=1).stderr


def test_an_instruments_computer_gets_a_token_of_its_own_and_no_link() -> None:
    mast("db", "upgrade")
    add = ("people", "add", "--name", "FTIR laptop", "--agency", "Durham", "--role", "instrument")
    assert "Make its token: mast people token ftir-pc" in mast(*add, "ftir-pc").stdout
    assert asked(*add, "nir-pc")["link"] is None
    assert "mast people token" in mast("people", "link", "nir-pc", code=1).stderr
    assert asked("people", "token", "ftir-pc")["roles"] == ["instrument"]


def test_a_password_on_the_command_line_is_refused_because_everybody_can_read_it() -> None:
    """The attack: `--password` stood in the list of processes."""
    mast("db", "upgrade")
    refused = mast(*ADD, "--password", "a long enough password", code=2).stderr
    assert "can be read by everybody on this machine" in " ".join(refused.split())
    assert "--password-stdin" in refused
    assert asked("people", "list") == []


def test_a_password_comes_by_standard_input() -> None:
    mast("db", "upgrade")
    assert "12 characters" in mast(*ADD, "--password-stdin", code=1, stdin="short\n").stderr
    assert mast(*ADD, "--password-stdin", stdin="a long enough password\n").stdout == "Ada can sign in as ada.\n"
    with closing(Database(Settings().database_url)) as database:
        assert people.check_password(database.read, "ada", "a long enough password").display_name == "Ada"


def test_accounts_are_listed_changed_turned_off_and_on_and_signed_out() -> None:
    mast("db", "upgrade")
    mast(*ADD, "--password-stdin", stdin="a long enough password\n")
    mast(*CHEN)
    listed = mast("people", "list").stdout
    assert "Durham: Chen, chemist, verifier; has no password yet" in listed
    assert "Durham: Ada, admin; active" in listed
    assert mast("people", "change", "chen", "--role", "reception").stdout == "Chen (chen): reception.\n"
    assert asked("people", "change", "chen", "--name", "Chen Li")["roles"] == ["reception"]
    assert "signed out everywhere" in mast("people", "end-sessions", "chen").stdout
    mast("people", "disable", "chen")
    assert "Turn it on first" in mast("people", "link", "chen", code=1).stderr
    assert "turned off" in mast("people", "token", "chen", code=1).stderr
    mast("people", "enable", "chen")
    assert [row["state"] for row in asked("people", "list")] == [
        "active",
        "has no password yet",
    ]
    for verb in (("disable", "ada"), ("change", "ada", "--role", "chemist")):
        assert "last administrator" in mast("people", *verb, code=1).stderr
    assert "unbroken" in mast("audit", "verify").stdout


def test_a_link_made_on_the_command_line_replaces_the_one_before() -> None:
    mast("db", "upgrade")
    first, second = asked(*ADD)["link"], asked("people", "link", "ada")["link"]
    settings = Settings()
    with closing(Database(settings.database_url)) as database, database.begin(OPERATOR) as uow:
        assert people.find_person(uow.session, "ada").password_hash == ""
        with pytest.raises(Exception, match="does not work"):
            accounts.use_link(uow, secret_of(first), settings.pepper(), "x")
        assert accounts.use_link(uow, secret_of(second), settings.pepper(), "x").username == "ada"


def test_tokens_are_listed_and_revoked(tmp_path: Path) -> None:
    mast("db", "upgrade")
    mast(*ADD)
    mast(*CHEN)
    secret = mast("people", "token", "chen", "--label", "balance").stdout.strip()
    (token,) = asked("people", "tokens", "chen")
    assert (token["label"], secret in str(token)) == ("balance", False)
    assert "balance" in mast("people", "tokens", "chen").stdout
    mast("people", "tokens", "ada", "--revoke", token["id"], code=1)
    assert mast("people", "tokens", "chen", "--revoke", token["id"]).stdout == "No token works for this account.\n"


def test_an_identity_is_linked_and_ended_on_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    mast("db", "upgrade")
    mast(*ADD)
    assert "no identity provider" in mast("people", "identity", "ada", "ada@example.ac.uk", code=2).stderr
    monkeypatch.setenv("MAST_OIDC_ISSUER", "https://login.example.ac.uk")
    monkeypatch.setenv("MAST_OIDC_CLIENT_ID", "mast")
    assert "within 14 days" in mast("people", "identity", "ada", "ada@example.ac.uk").stdout
    assert "already" in mast("people", "identity", "ada", "ada@example.ac.uk", code=1).stderr
    assert "no identity" in mast("people", "unlink", "ada").stdout
    mast("people", "unlink", "ada", code=1)
