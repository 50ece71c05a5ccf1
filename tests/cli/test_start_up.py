"""The command starts quickly, because a verb imports only what it needs; and no verb is forgotten."""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import app.cli
from app.cli.root import VERBS, main
from tests.support.road import infrared_file

CHECKOUT = Path(__file__).resolve().parents[2]
HEAVY = ("fastapi", "starlette", "sqlalchemy", "sqlmodel", "alembic", "uvicorn", "harm_messages", "argon2", "psycopg")


def test_every_verb_that_is_defined_can_be_called() -> None:
    for module in pkgutil.iter_modules(app.cli.__path__, "app.cli."):
        importlib.import_module(module.name)
    assert set(main.commands) == set(VERBS)
    for verb in VERBS:
        result = CliRunner().invoke(main, [verb, "--help"])
        assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    "arguments", [["read"], ["no-such-verb"], ["read", "--no-such-option", "x"], ["db", "nothing"]]
)
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(main, arguments).exit_code == 2


def test_linear_algebra_runs_on_one_thread_unless_the_operator_says_otherwise() -> None:
    """Threads of it that wait for each other on a busy machine made one comparison take seventeen times as long."""
    program = (
        "import os, sys\n"
        "class Look:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'numpy': print(os.environ.get('OPENBLAS_NUM_THREADS'))\n"
        "sys.meta_path.insert(0, Look())\n"
        "import app.cli, numpy"
    )
    for given, wanted in (({}, "1"), ({"OPENBLAS_NUM_THREADS": "2"}, "2")):
        plain = {name: value for name, value in os.environ.items() if "NUM_THREADS" not in name}
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, cwd=CHECKOUT, env=plain | given, check=True
        )
        assert done.stdout.strip() == wanted


def modules_after(tmp_path: Path, *arguments: str, last: str = "", **environment: str) -> set[str]:
    """What a process of its own has imported after a verb, which also has to end well."""
    program = (
        f"import sys\nfrom app.cli import main\nmain({list(arguments)!r}, standalone_mode=False)\n"
        f"print(*{{name.partition('.')[0] for name in sys.modules}}, file=sys.stderr)\n{last}"
    )
    env = os.environ | {"MAST_DATA_DIR": str(tmp_path), "MAST_SECRET": "s" * 32} | environment
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=CHECKOUT, env=env, check=True
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("verb", ["read", "--help"])
def test_reading_a_file_and_the_list_of_verbs_start_neither_web_nor_database(tmp_path: Path, verb: str) -> None:
    path = tmp_path / "a.jdx"
    path.write_bytes(infrared_file())
    arguments = [verb] if verb == "--help" else [verb, "--json", str(path)]
    assert modules_after(tmp_path, *arguments).isdisjoint(
        {*HEAVY, *(["numpy", "pydantic"] if verb == "--help" else [])}
    )


@pytest.mark.parametrize("verb", [["people", "list"], ["audit", "verify"], ["db", "upgrade"]])
def test_a_verb_that_does_little_with_the_database_starts_neither_web_nor_arithmetic(
    verb: list[str], sqlite_url: str, tmp_path: Path
) -> None:
    """And it knows every table that its own refer to, without which nothing could be written."""
    every_key = (
        "from app.platform.db import metadata\n"
        "[key.column for table in list(metadata.tables.values()) for key in table.foreign_keys]"
    )
    heavy = {"fastapi", "starlette", "uvicorn", "numpy", "scipy", "alembic", "structlog", "rich"}
    assert heavy.isdisjoint(modules_after(tmp_path, *verb, "--json", last=every_key, MAST_DATABASE_URL=sqlite_url))
