"""The image and compose.yaml: read without an engine for what they promise; built and run where there is one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from app.platform.kernel.errors import Invalid
from app.settings import Settings
from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
IMAGE = (ROOT / "Containerfile").read_text()
GUIDE = (ROOT / "docs" / "operator.md").read_text()


def compose() -> dict[str, Any]:
    return YAML(typ="safe").load((ROOT / "compose.yaml").read_text())  # type: ignore[no-any-return]


SERVICES = compose()["services"]


def test_images_are_named_without_a_registry() -> None:
    names = re.findall(r"^FROM (\S+)", IMAGE, re.MULTILINE) + [one["image"] for one in SERVICES.values()]
    assert len(names) == 2 + len(SERVICES)
    assert not [name for name in names if "/" in name or "." in name.partition(":")[0]]


def test_the_image_runs_as_nobody_in_particular_and_says_whether_it_is_ready() -> None:
    last = IMAGE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER (?!0\b|root)\d+$", last, re.MULTILINE)
    assert "/ready" in last.partition("HEALTHCHECK")[2]
    assert re.search(r'^ENTRYPOINT \["mast"\]\nCMD \["serve"\]', last, re.MULTILINE)


def test_everything_in_the_image_has_a_hash() -> None:
    installs = re.findall(r"pip install ([^\\\n]+)", IMAGE)
    assert len(installs) == 3
    assert all("--require-hashes" in one or one.startswith("--no-deps --no-index /wheels/") for one in installs)
    assert not re.findall(r"\b(curl|wget|ADD|git clone)\b", IMAGE)


def test_what_the_image_copies_is_let_through() -> None:
    allowed = {line[1:] for line in (ROOT / ".containerignore").read_text().splitlines() if line.startswith("!")}
    copied = {word for line in re.findall(r"^COPY (?!--from)(.+) \S+$", IMAGE, re.MULTILINE) for word in line.split()}
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)
    assert (ROOT / ".dockerignore").read_text() == (ROOT / ".containerignore").read_text()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_do_as_little_as_it_can(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("privileged") is None
    assert service.get("user", "") not in ("root", "0")
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else [])
    assert "test" in service.get("healthcheck", {}) or service["image"] == "mast", "nobody notices that it is ill"


def test_only_the_proxy_can_be_reached_from_outside_and_only_it_gets_out() -> None:
    assert {name for name, one in SERVICES.items() if "ports" in one} == {"proxy"}
    assert {name for name, one in SERVICES.items() if "outside" in one["networks"]} == {"proxy"}
    assert compose()["networks"]["inside"]["internal"] is True
    assert not [name for name, one in SERVICES.items() if "network_mode" in one]


def test_no_secret_stands_in_an_environment() -> None:
    for service in SERVICES.values():
        for name, value in service["environment"].items():
            assert not re.search(r"secret|password|token|database_url", name, re.IGNORECASE) or "/run/secrets" in value
    assert set(compose()["secrets"]) == {name for one in SERVICES.values() for name in one.get("secrets", [])}
    assert "secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    for name in compose()["secrets"]:
        assert f"secrets/{name}" in GUIDE


def test_what_lasts_is_in_a_named_volume() -> None:
    mounts = [one for service in SERVICES.values() for one in service["volumes"] if isinstance(one, str)]
    named = {one.partition(":")[0] for one in mounts if one[0] != "."}
    assert named == set(compose()["volumes"])
    assert SERVICES["server"]["volumes"] == SERVICES["worker"]["volumes"] == ["data:/data"]


def test_server_and_worker_run_with_settings_there_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = SERVICES["server"]["environment"]
    assert said == SERVICES["worker"]["environment"] == SERVICES["backup"]["environment"]
    known = {f"MAST_{name.upper()}" for name in Settings.model_fields} | {"MAST_SECRETS_DIR"}
    assert said.keys() <= known
    (tmp_path / "mast_database_url").write_text("postgresql://mast:long@database/mast\n")
    for name, value in said.items():
        monkeypatch.setenv(name, re.sub(r"\$\{MAST_DOMAIN[^}]*\}", "mast.example.org", value))
    monkeypatch.setenv("MAST_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("MAST_TIME_ZONE", "Europe/London")
    monkeypatch.delenv("MAST_ALLOWED_HOSTS", raising=False)
    settings = Settings()
    assert settings.database_url == "postgresql+psycopg://mast:long@database/mast"
    assert {"mast.example.org", "127.0.0.1"} <= set(settings.allowed_hosts)
    inside = compose()["networks"]["inside"]["ipam"]["config"][0]["subnet"]
    assert [str(one) for one in settings.trusted_proxies] == [inside]


def test_backups_are_made_as_the_unit_of_systemd_makes_them_and_outlive_the_volumes() -> None:
    service = SERVICES["backup"]
    words = " ".join(service["command"]).replace("/backups", "/srv/backups").replace(":-}", "}")
    assert f"/mast {words}\n" in (ROOT / "deploy" / "systemd" / "mast-backup.service").read_text()
    assert service["image"] == SERVICES["server"]["image"]
    assert service["depends_on"] == {"server": {"condition": "service_healthy"}}
    data, target = service["volumes"]
    assert (data, target["type"], target["target"]) == ("data:/data", "bind", "/backups")
    assert target["bind"] == {"create_host_path": False}
    assert "MAST_BACKUPS" in GUIDE
    assert "MAST_BACKUP_KEY" in GUIDE


def test_backups_that_stop_are_seen(tmp_path: Path) -> None:
    kind, check = SERVICES["backup"]["healthcheck"]["test"]
    look = ["sh", "-c", check.replace("/backups", str(tmp_path))]
    assert kind == "CMD-SHELL"

    def well() -> bool:
        return subprocess.run(look, check=False).returncode == 0

    (tmp_path / "mast-20260613T120000Z.tar.age.part").touch()
    assert not well()
    (tmp_path / "mast-20260613T120000Z.tar.age").touch()
    assert well()
    os.utime(tmp_path / "mast-20260613T120000Z.tar.age", (0, 0))
    assert not well()
    (tmp_path / "mast-20260613T121500Z").mkdir()
    assert well()


def test_the_environment_goes_before_the_folder_of_secrets_and_a_missing_folder_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "mast_secret").write_text("from a file, which is long enough for it")
    monkeypatch.setenv("MAST_SECRETS_DIR", str(tmp_path))
    assert Settings().pepper() == b"from a file, which is long enough for it"
    monkeypatch.setenv("MAST_SECRET", "from the environment, long enough for it")
    assert Settings().pepper().startswith(b"from the env")
    monkeypatch.setenv("MAST_SECRETS_DIR", str(tmp_path / "nowhere"))
    with pytest.raises((Invalid, ValidationError), match="which is no folder here"):
        Settings()


def engine() -> str:
    """The container engine of this machine, if it answers."""
    for name in ("podman", "docker"):
        if shutil.which(name) and subprocess.run([name, "info"], capture_output=True, check=False).returncode == 0:
            return name
    pytest.skip("no container engine answers on this machine")


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_the_image_is_built_and_serves(tmp_path: Path) -> None:
    command = engine()
    tag, port = f"mast-test-{os.getpid()}", free_port()
    tmp_path.chmod(0o777)  # written by the user of the container
    run = [command, "run", "--rm", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "-v", f"{tmp_path}:/data"]
    try:
        as_docker = (
            ["--format", "docker"] if command == "podman" else []
        )  # podman's own format drops the check of health
        subprocess.run(
            [command, "build", "-q", *as_docker, "-f", "Containerfile", "-t", tag, "."], cwd=ROOT, check=True
        )
        kept = subprocess.run([command, "inspect", tag], capture_output=True, text=True, check=True)
        assert "Healthcheck" in kept.stdout
        refused = subprocess.run([*run, tag], capture_output=True, text=True, check=False)
        assert (refused.returncode, "mast db upgrade" in refused.stderr) == (1, True), (
            "a database that is not there yet"
        )
        subprocess.run([*run, "--network", "none", tag, "db", "upgrade"], check=True)
        serve = [*run, "-d", "--name", tag, "-p", f"127.0.0.1:{port}:8000", tag]
        subprocess.run(serve, check=True, stdout=subprocess.DEVNULL)
        assert wait_until_ready(command, tag)
        second = subprocess.run([*run, tag], capture_output=True, text=True, check=False)
        assert (second.returncode, "Another server runs" in second.stderr) == (1, True)
    finally:
        subprocess.run([command, "rm", "-f", tag], capture_output=True, check=False)
        subprocess.run([command, "rmi", "-f", tag], capture_output=True, check=False)


def wait_until_ready(command: str, name: str) -> bool:
    """Whether its own check of health passes within two minutes."""
    check = re.search(r'CMD \["python", "-c", "(.+?)"\]', IMAGE)
    assert check is not None
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        done = subprocess.run([command, "exec", name, "python", "-c", check[1]], capture_output=True, check=False)
        if done.returncode == 0:
            return True
        time.sleep(1)
    return False
