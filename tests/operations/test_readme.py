"""The README stays true: its commands are run, its notebook example is run, its links lead somewhere."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.site import the_example

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
BIN = Path(sys.executable).parent


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a newcomer stands after `make demo`: a folder with `data/` in it."""
    folder = tmp_path_factory.mktemp("newcomer")
    shutil.copytree(the_example(tmp_path_factory), folder / "data")
    assert "there already" in run(["mast", "demo", "--no-serve"], folder)
    return folder


def run(command: list[str], folder: Path) -> str:
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    environment = {key: value for key, value in environment.items() if not key.startswith("MAST_")}
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_every_command_of_the_readme_works_after_the_demo(demo_folder: Path) -> None:
    commands = [line.split() for block in blocks("sh") for line in block.splitlines() if line.strip()]
    assert len(commands) >= 5
    answers = {" ".join(c): run(c, demo_folder) for c in commands}
    assert "MDMA" in answers["mast identify data/example-files/mdma-infrared.jdx --top 3"]
    mixture = answers["mast identify data/example-files/cocaine-cut-infrared.jdx --top 3"]
    assert re.findall(r"part: (\w+), ", mixture) == ["Cocaine", "Phenacetin", "Caffeine"]
    assert "Not seen. Detection limits in this spectrum: " in mixture
    assert "unbroken" in answers["mast audit verify"]


def test_the_example_holds_an_infrared_mixture_and_two_spectrometers_of_which_one_has_drifted(
    demo_folder: Path,
) -> None:
    from app.operations.demo_infrared import DRIFTED, GOOD, MIXTURE

    database = sqlite3.connect(demo_folder / "data" / "mast.sqlite3")
    checks = database.execute(
        "SELECT i.name, c.state, c.widening FROM instrument_check c JOIN instrument i ON i.id = c.instrument_id "
        "ORDER BY c.measured_at"
    ).fetchall()
    waiting = database.execute(
        "SELECT i.name, a.method FROM upload u JOIN analysis a ON a.id = u.analysis_id JOIN instrument i "
        "ON i.id = a.instrument_id WHERE u.file_name = ?", (MIXTURE,),
    ).fetchall()  # fmt: skip
    database.close()
    assert {state for name, state, _ in checks if name == GOOD} == {"in_range"}
    assert [row[1:] for row in checks if row[0] == DRIFTED][-2:] == [("in_range", 1.0), ("drifted", 1.5)]
    assert waiting == [(GOOD, "ftir")]


def test_the_notebook_example_names_the_substance(demo_folder: Path) -> None:
    (example,) = blocks("python")
    assert run(["python", "-c", example], demo_folder).splitlines()[0].startswith("MDMA")


def test_every_make_target_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^make ([a-z]+)", "\n".join(blocks("")), re.MULTILINE))
    rules = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert targets
    assert targets <= rules


def test_every_link_and_picture_of_the_documents_is_there() -> None:
    missing = []
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
            if not target.startswith(("http", "mailto")) and not (page.parent / target).exists():
                missing.append(f"{page.relative_to(ROOT)} → {target}")
    assert not missing, "\n".join(missing)


def test_every_setting_is_documented() -> None:
    from app.settings import Settings

    text = (ROOT / "docs" / "operator.md").read_text()
    assert not [name for name in Settings.model_fields if f"`{name}`" not in text]
