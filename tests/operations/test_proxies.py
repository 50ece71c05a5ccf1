"""Which hosts and proxies are believed, and that the configurations in the operator's guide say what MAST needs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import uvicorn
from click.testing import CliRunner
from pydantic import ValidationError

from app.cli.root import main
from app.platform.web.connections import Connection
from app.settings import Settings

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "operator.md"


def lines(language: str) -> list[str]:
    """The lines of the one example in this language, without indentation."""
    found = re.findall(rf"^```{language}\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(found) == 1
    return [line.strip() for line in found[0].splitlines()]


def mebibytes(said: list[str], directive: str) -> int:
    (value,) = (line.split()[1].rstrip(";") for line in said if line.startswith(directive))
    return int(re.match(r"\d+", value)[0])  # type: ignore[index]


@pytest.mark.parametrize(
    ("language", "needed"),
    [
        (
            "caddyfile",
            {"reverse_proxy 127.0.0.1:8000 {", "flush_interval -1"},
        ),  # Host and X-Forwarded-* it sends by itself
        (
            "nginx",
            {
                "proxy_pass http://127.0.0.1:8000;",
                "proxy_http_version 1.1;",
                'proxy_set_header Connection "";',
                "proxy_set_header Host $host;",
                "proxy_set_header X-Forwarded-For $remote_addr;",
                "proxy_set_header X-Forwarded-Proto $scheme;",
                "proxy_buffering off;",
                "proxy_request_buffering off;",
            },
        ),
    ],
)
def test_the_examples_in_the_guide_pass_on_what_is_needed(language: str, needed: set[str]) -> None:
    said = lines(language)
    assert needed <= set(said)
    largest = mebibytes(said, "max_size" if language == "caddyfile" else "client_max_body_size")
    assert largest * 1024**2 >= Settings().upload_max_bytes
    assert said.count("{") == 0
    assert sum(line.endswith("{") for line in said) == said.count("}")


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
