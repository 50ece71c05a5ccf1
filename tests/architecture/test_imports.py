"""Who may import whom. The coarse contracts stand in pyproject (import-linter); the layers inside features here."""

from __future__ import annotations

import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]
FEATURES = (
    "people", "sessions", "samples", "custody", "readings", "incoming", "results", "consultations", "library", "trends",
    "standards", "quantification", "instrument_checks", "message_packs",
    "alerts", "tasks", "history", "exports", "session_report", "releases",
)  # fmt: skip
WIRING = {"app.main", "app.cli", "app.tables", "app.operations"}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(
        "app", "spectra", "instruments", "harm_messages", cache_dir=None, exclude_type_checking_imports=True
    )


def imports(graph: grimp.ImportGraph) -> list[tuple[str, str]]:
    """Every direct import between modules of ours."""
    return [(m, target) for m in sorted(graph.modules) for target in graph.find_modules_directly_imported_by(m)]


def feature_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if parts[0] == "app" and len(parts) > 1 and parts[1] in FEATURES else ""


def layer_of(module: str) -> str:
    """The file's role in its feature, without a prefix or suffix: `api_substances` and `service` alike."""
    name = module.split(".")[2] if module.count(".") >= 2 else ""
    for layer in ("tables", "repository", "api", "pages", "schemas", "domain"):
        if name == layer or name.startswith(layer + "_") or name.endswith("_" + layer):
            return layer
    return "service"


def test_import_contracts_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(lint), "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_is_part_of_a_cycle(graph: grimp.ImportGraph) -> None:
    tree: dict[str, set[str]] = {}
    for importer, imported in imports(graph):
        # a package's __init__ re-exports its own modules; that is its surface, not a cycle
        if not importer.startswith(imported + ".") and not imported.startswith(importer + "."):
            tree.setdefault(importer, set()).add(imported)
    try:
        TopologicalSorter(tree).prepare()
    except CycleError as error:
        pytest.fail("import cycle: " + " → ".join(error.args[1]))


def test_features_touch_each_other_only_through_services_and_words(graph: grimp.ImportGraph) -> None:
    wrong = [
        f"{importer} imports {imported}"
        for importer, imported in imports(graph)
        if feature_of(importer)
        and feature_of(imported)
        and feature_of(importer) != feature_of(imported)
        and layer_of(imported) in {"tables", "repository", "schemas", "api", "pages"}
        and layer_of(importer) not in {"api", "pages"}
    ]
    assert not wrong, "\n".join(wrong)


def test_domain_modules_know_no_database_and_no_web(graph: grimp.ImportGraph) -> None:
    wrong = [
        f"{importer} imports {imported}"
        for importer, imported in imports(graph)
        if feature_of(importer)
        and layer_of(importer) == "domain"
        and imported.startswith("app.")
        and not imported.startswith("app.platform.kernel")
        and layer_of(imported) != "domain"
    ]
    assert not wrong, "\n".join(wrong)


def test_services_know_no_web(graph: grimp.ImportGraph) -> None:
    wrong = [
        f"{importer} imports {imported}"
        for importer, imported in imports(graph)
        if feature_of(importer)
        and layer_of(importer) in {"service", "repository", "domain", "tables"}
        and (imported.startswith(("app.platform.web", "app.runtime")) or layer_of(imported) in {"api", "pages"})
        and importer.split(".")[2] not in WEB_SIDE
    ]
    assert not wrong, "\n".join(wrong)


# Modules of a feature that belong to its web face though they are neither routes nor shapes.
WEB_SIDE = {"signin", "query", "csv", "chart", "forms", "api", "pages", "web", "paper"}


def test_nobody_imports_routes_or_main(graph: grimp.ImportGraph) -> None:
    wrong = [
        f"{importer} imports {imported}"
        for importer, imported in imports(graph)
        if (imported == "app.main" or (feature_of(imported) and layer_of(imported) in {"api", "pages"}))
        and not any(importer == w or importer.startswith(w + ".") for w in WIRING)
        and feature_of(importer) != feature_of(imported)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_module_says_why_it_exists() -> None:
    import ast

    silent = []
    for package in ("app", "spectra", "instruments", "harm_messages"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if not ast.get_docstring(ast.parse(path.read_text())):
                silent.append(str(path.relative_to(ROOT)))
    assert not silent, f"modules without a docstring: {silent}"
