"""Which hosts and proxies are believed, and that the configurations of proxies in deploy/ say what MAST needs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import structlog
import uvicorn
from click.testing import CliRunner
from pydantic import ValidationError
from starlette.testclient import TestClient

from app.cli.root import main
from app.operations import service
from app.platform.kernel.actor import Role
from app.platform.web.connections import Connection
from app.platform.web.middleware import FromProxy
from app.settings import Settings
from tests.app.conftest import World
from tests.support.certificates import make_certificate

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "operator.md"


def lines(name: str) -> list[str]:
    """The lines of a configuration in deploy/, without indentation and remarks."""
    said = (ROOT / "deploy" / name).read_text().splitlines()
    return [line for line in (re.split(r"(?:^|\s)#", line)[0].strip() for line in said) if line]


def mebibytes(said: list[str], directive: str) -> int:
    (value,) = (line.split()[1].rstrip(";") for line in said if line.startswith(directive))
    return int(re.match(r"\d+", value)[0])  # type: ignore[index]


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        (
            "Caddyfile",
            {"reverse_proxy {$MAST_UPSTREAM:127.0.0.1:8000} {", "flush_interval -1", "respond /metrics 404"},
        ),  # Host and X-Forwarded-* it sends by itself
        (
            "nginx.conf",
            {
                "proxy_pass http://127.0.0.1:8000;",
                "proxy_http_version 1.1;",
                'proxy_set_header Connection "";',
                "proxy_set_header Host $host;",
                "proxy_set_header X-Forwarded-For $remote_addr;",
                "proxy_set_header X-Forwarded-Proto $scheme;",
                "proxy_buffering off;",
                "proxy_request_buffering off;",
                "access_log off;",
                "location = /metrics {",
            },
        ),
    ],
)
def test_both_configurations_pass_on_what_is_needed(name: str, needed: set[str]) -> None:
    said = lines(name)
    assert needed <= set(said)
    largest = mebibytes(said, "max_size" if name == "Caddyfile" else "client_max_body_size")
    assert largest * 1024**2 >= Settings().upload_max_bytes
    assert sum(line.endswith("{") for line in said) == said.count("}")
    assert f"(../deploy/{name})" in GUIDE.read_text()


def test_the_guide_holds_no_second_configuration() -> None:
    assert not re.findall(r"^```(?:caddyfile|nginx)", GUIDE.read_text(), re.MULTILINE)


def test_nginx_takes_its_configuration(tmp_path: Path) -> None:
    if (nginx := shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")) is None:
        pytest.skip("nginx is not on this machine")
    make_certificate(tmp_path)
    site = (ROOT / "deploy" / "nginx.conf").read_text().replace("/etc/ssl/mast", str(tmp_path / "mast"))
    (tmp_path / "site.conf").write_text(site)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    here = " ".join(f"{kind}_temp_path {tmp_path};" for kind in kinds)
    whole = f"error_log stderr; pid {tmp_path}/pid; events {{}} http {{ {here} include {tmp_path}/site.conf; }}"
    (tmp_path / "nginx.conf").write_text(whole)
    done = subprocess.run(
        [nginx, "-t", "-q", "-c", str(tmp_path / "nginx.conf")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_caddy_takes_its_configuration() -> None:
    if (caddy := shutil.which("caddy")) is None:
        pytest.skip("Caddy is not on this machine")
    command = [caddy, "validate", "--adapter", "caddyfile", "--config", str(ROOT / "deploy" / "Caddyfile")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_proxy_is_trusted_unless_it_is_named_and_a_word_is_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().trusted_proxies == []
    monkeypatch.setenv("MAST_TRUSTED_PROXIES", '["127.0.0.1", "10.0.0.0/24", "fd00::/8"]')
    assert [str(one) for one in Settings().trusted_proxies] == ["127.0.0.1/32", "10.0.0.0/24", "fd00::/8"]
    monkeypatch.setenv("MAST_TRUSTED_PROXIES", '["my-proxy"]')
    with pytest.raises(ValidationError, match="trusted_proxies"):
        Settings()


def test_a_server_answers_to_its_public_name_and_to_its_own_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAST_ALLOWED_HOSTS")
    own = ["localhost", "127.0.0.1", "::1"]
    assert Settings(public_url="https://Mast.Example.org:8443/").allowed_hosts == ["mast.example.org", *own]
    assert Settings().allowed_hosts[1:] == own
    assert Settings(allowed_hosts=["*"]).allowed_hosts == ["*"]


def test_the_server_itself_believes_no_header_and_closes_slow_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack 8: uvicorn believes X-Forwarded-For from loopback, unless it is told not to."""
    told: dict[str, object] = {}

    def config(application: object, **more: object) -> None:
        told.update(more)
        raise SystemExit(0)

    monkeypatch.setenv("MAST_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(uvicorn, "Config", config)
    runner = CliRunner()
    assert runner.invoke(main, ["db", "upgrade"]).exit_code == 0
    assert runner.invoke(main, ["serve"]).exit_code == 0
    assert (told["proxy_headers"], told["http"]) == (False, Connection)


def test_a_proxy_that_strips_the_address_is_told_to_staff_until_it_sends_it(world: World) -> None:
    world.app.state.silent_proxies.clear()
    application = FromProxy(world.app, trusted_hosts=["10.0.0.9"], silent=world.app.state.silent_proxies)
    behind = TestClient(application, base_url="http://testserver", client=("10.0.0.9", 1))
    alarm = service.SILENT_PROXY.format("10.0.0.9")
    with structlog.testing.capture_logs() as log:
        behind.get("/health")
        behind.get("/health")
    assert [line["event"] for line in log].count("proxy_strips_headers") == 1
    assert alarm in world.as_(Role.RECEPTION).get("/ready").json()["alarms"]
    assert alarm not in world.anonymous().get("/ready").json()["alarms"]
    behind.get("/health", headers={"X-Forwarded-For": "192.0.2.7"})
    assert alarm not in world.as_(Role.RECEPTION).get("/ready").json()["alarms"]
    behind.get("/health", headers={"Host": "127.0.0.1"})
    assert not world.app.state.silent_proxies, "someone on the machine itself is no proxy"
