"""Verbs of the operator: what is audited, and a demo that keeps away from a real service."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import run as mast

pytestmark = pytest.mark.usefixtures("mast")
ADD = ("people", "add", "ada", "--name", "Ada", "--agency", "Durham", "--role", "admin")


def test_trends_answer_in_the_contracts_form_and_unprotected_ones_are_audited() -> None:
    mast("db", "upgrade")
    answer = json.loads(mast("trends", "--by", "month", "--json").stdout)
    assert set(answer["measure"]) >= {"name", "definition", "version"}
    assert answer["rows"] == []
    before = json.loads(mast("audit", "verify", "--json").stdout)["entries"]
    mast("trends", "--unprotected", "--json")
    assert json.loads(mast("audit", "verify", "--json").stdout)["entries"] == before + 1
    assert "filter" in mast("trends", "--where", "colour", code=1).stderr


def test_a_demo_does_not_move_into_a_real_service() -> None:
    mast("db", "upgrade")
    mast(*ADD)
    assert "real service" in mast("demo", "--no-serve", code=1).stderr
    assert "real service" in mast("demo", "--no-serve", "--reset", code=1).stderr
