"""Who may import whom. The contracts of whole packages stand in pyproject (import-linter); features, which are found on
disk, and the layers inside them here."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

from tests.architecture.code import ROOT, imported_by

WIRING = {"app.main", "app.cli", "app.tables", "app.operations"}
ROOMS = ("intake", "laboratory", "results", "care", "figures")
"""The floor plan of app (docs/house.md). A feature is a folder in a room, found on disk; results is a room of its own."""
SCREENS = "app.screens"
ON_ITS_OWN = "watching"
"""Runs on an instrument's computer."""
FEATURES = {path.parent.name for room in ROOMS for path in (ROOT / "app" / room).glob("*/__init__.py")} - {
    ON_ITS_OWN
} | {"results"}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return _built(type_checking=False)


@pytest.fixture(scope="module")
def every_import() -> grimp.ImportGraph:
    """Those that only mypy follows too: whoever reads the code follows them."""
    return _built(type_checking=True)


def _built(*, type_checking: bool) -> grimp.ImportGraph:
    return grimp.build_graph(
        "app",
        "spectra",
        "instruments",
        "harm_messages",
        cache_dir=None,
        exclude_type_checking_imports=not type_checking,
    )


def imports(graph: grimp.ImportGraph) -> list[tuple[str, str]]:
    """Every direct import between modules of ours."""
    return [(m, target) for m in sorted(graph.modules) for target in graph.find_modules_directly_imported_by(m)]


def feature_of(module: str) -> str:
    """The feature a module of app belongs to, or nothing."""
    return _placed(module)[0]


def layer_of(module: str) -> str:
    """The file's role in its feature, without a prefix or suffix: `api_substances` and `service` alike."""
    name = _placed(module)[1]
    for layer in ("tables", "repository", "api", "schemas", "domain"):
        if name == layer or name.startswith(layer + "_") or name.endswith("_" + layer):
            return layer
    return "service"


def _placed(module: str) -> tuple[str, str]:
    """Feature and file: app.intake.samples.domain and app.results.domain alike."""
    parts = [*module.split(".")[1:], "", "", ""] if module.startswith("app.") else ["", "", ""]
    inside = parts[1:] if parts[0] in ROOMS and parts[0] != "results" else parts
    return (inside[0], inside[1]) if inside[0] in FEATURES else ("", parts[1])


# Modules of a feature that belong to its web face though they are neither routes nor shapes.
WEB_SIDE = {"signin", "query", "csv", "forms", "api", "web"}
OURS = ("app.", "spectra", "instruments", "harm_messages")
_LEVELS = {room: at for at, room in enumerate(("platform", *ROOMS, "screens"))}


def _level(module: str) -> int:
    """Which room of app it lies in, from the bottom; what is no room is below all and above all."""
    return _LEVELS.get(module.split(".")[1], -1) if module.startswith("app.") else -1


def _is_wiring(module: str) -> bool:
    return any(module == one or module.startswith(one + ".") for one in WIRING)


# What is wrong about an import, as a rule of who imports what.
WRONG: dict[str, Callable[[str, str], bool]] = {
    "a room imports one above it": lambda by, what: -1 < _level(by) < _level(what),
    "the platform knows drug checking": lambda by, what: (
        by.startswith("app.platform") and what.startswith(OURS) and not what.startswith("app.platform")
    ),
    "a feature is touched beside its services and words": lambda by, what: (
        "" not in (feature_of(by), feature_of(what))
        and feature_of(by) != feature_of(what)
        and layer_of(what) in {"tables", "repository", "schemas", "api"}
        and layer_of(by) != "api"
    ),
    "a domain knows the database or the web": lambda by, what: (
        bool(feature_of(by))
        and layer_of(by) == "domain"
        and what.startswith("app.")
        and not what.startswith("app.platform.kernel")
        and layer_of(what) != "domain"
    ),
    "a service knows the web": lambda by, what: (
        bool(feature_of(by))
        and layer_of(by) in {"service", "repository", "domain", "tables"}
        and (what.startswith(("app.platform.web", "app.runtime")) or layer_of(what) == "api")
        and _placed(by)[1].split("_")[0] not in WEB_SIDE
    ),
    "routes or main are imported": lambda by, what: (
        (what == "app.main" or bool(feature_of(what) and layer_of(what) == "api"))
        and not _is_wiring(by)
        and feature_of(by) != feature_of(what)
    ),
    "a screen is imported by another than screens and wiring": lambda by, what: (
        what.startswith(SCREENS + ".") and not by.startswith(SCREENS + ".") and by not in WIRING
    ),
    "a screen asks a query of its own": lambda by, what: (
        by.startswith(SCREENS) and bool(feature_of(what)) and layer_of(what) in {"repository", "api"}
    ),
}


@pytest.mark.parametrize("rule", WRONG)
def test_nobody_imports_what_is_wrong(graph: grimp.ImportGraph, rule: str) -> None:
    assert len([one for one in graph.modules if one.startswith(SCREENS + ".")]) > 40
    assert [f"{by} imports {what}" for by, what in imports(graph) if WRONG[rule](by, what)] == []


def test_import_contracts_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(lint), "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_runs_on_an_instruments_computer_needs_no_server(graph: grimp.ImportGraph) -> None:
    wrong = [
        f"{importer} imports {imported}"
        for importer, imported in imports(graph)
        if importer.startswith("app.laboratory.watching")
        and not imported.startswith(("app.laboratory.watching", "instruments", "app.platform.kernel.locks"))
    ]
    assert not wrong, "\n".join(wrong)
    outside = {
        name
        for module in graph.modules
        if module.startswith(("app.laboratory.watching", "app.platform.kernel.locks"))
        for name in imported_by(ROOT / f"{module.replace('.', '/')}.py")
    }
    assert outside.isdisjoint({"fastapi", "starlette", "sqlmodel", "sqlalchemy", "pydantic"})


def test_no_module_is_part_of_a_cycle(every_import: grimp.ImportGraph) -> None:
    tree: dict[str, set[str]] = {}
    for importer, imported in imports(every_import):
        # a package's __init__ re-exports its own modules; that is its surface, not a cycle
        if not importer.startswith(imported + ".") and not imported.startswith(importer + "."):
            tree.setdefault(importer, set()).add(imported)
    try:
        TopologicalSorter(tree).prepare()
    except CycleError as error:
        pytest.fail("import cycle: " + " → ".join(error.args[1]))


def test_no_folder_of_app_is_part_of_a_cycle(every_import: grimp.ImportGraph) -> None:
    """Whatever a folder's modules import, its subfolders and what only mypy follows included."""
    tree: dict[str, set[str]] = {}
    for importer, imported in imports(every_import):
        if (low := _folder(importer)) and (high := _folder(imported)) and low != high:
            tree.setdefault(low, set()).add(high)
    assert {"platform", *ROOMS} <= tree.keys() | set().union(*tree.values())
    try:
        TopologicalSorter(tree).prepare()
    except CycleError as error:
        pytest.fail("folders in a cycle: " + " → ".join(error.args[1]))


def _folder(module: str) -> str:
    """The folder directly under app that a module lies in, or nothing: what lies in app itself is wiring."""
    name = module.split(".")[1] if module.startswith("app.") else ""
    return name if name and (ROOT / "app" / name).is_dir() else ""


def test_every_table_is_known_where_all_are_asked_for() -> None:
    count = "import app.tables; from app.platform.db import metadata; print(*sorted(metadata.tables))"
    done = subprocess.run(
        [sys.executable, "-c", count], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    written = {
        name
        for path in (ROOT / "app").rglob("*.py")
        for name in re.findall(r'^    __tablename__ = "(\w+)"', path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert written
    assert set(done.stdout.split()) == written


def test_identification_is_pure(graph: grimp.ImportGraph) -> None:
    """Neither it nor anything of ours that it needs knows a database or the web."""
    modules = {m for m in graph.modules if m.startswith("app.laboratory.identification")}
    needed = modules | {up for m in modules for up in graph.find_upstream_modules(m) if up.startswith("app.")}
    assert len(modules) > 15
    outside = {
        name for m in needed if (path := ROOT / f"{m.replace('.', '/')}.py").exists() for name in imported_by(path)
    }
    assert outside.isdisjoint({"fastapi", "starlette", "sqlmodel", "sqlalchemy", "jinja2"})


def test_no_screen_is_part_of_a_cycle(every_import: grimp.ImportGraph) -> None:
    """Neither by imports nor by what templates take from one another."""
    tree: dict[str, set[str]] = {}
    for importer, imported in imports(every_import):
        if importer.startswith(SCREENS + ".") and imported.startswith(SCREENS + "."):
            tree.setdefault(importer.split(".")[2], set()).add(imported.split(".")[2])
    for path in (ROOT / "app" / "screens").rglob("*.html"):
        for folder in re.findall(r'(?:extends|include|import|from) "(\w+)/', path.read_text(encoding="utf-8")):
            tree.setdefault(path.parent.name, set()).add(folder)
    folders = {name: others - {name} for name, others in tree.items()}
    try:
        TopologicalSorter(folders).prepare()
    except CycleError as error:
        pytest.fail("screens in a cycle: " + " → ".join(error.args[1]))


def test_every_module_says_why_it_exists() -> None:
    import ast

    silent = []
    for package in ("app", "spectra", "instruments", "harm_messages"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if not ast.get_docstring(ast.parse(path.read_text())):
                silent.append(str(path.relative_to(ROOT)))
    assert not silent, f"modules without a docstring: {silent}"
