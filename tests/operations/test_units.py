"""The units in deploy/systemd: systemd takes them, MAST may do little in them, and its readers still confine themselves."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
GUIDES = "".join((ROOT / "docs" / name).read_text() for name in ("operator.md", "users/instrument-pc.md"))
DEMANDED = {
    "User": "mast",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "PrivateTmp": "yes",
    "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6",
    "SystemCallFilter": "@system-service @sandbox",
    "UMask": "0077",
}


@pytest.fixture
def analyze() -> str:
    """The command that checks units."""
    return shutil.which("systemd-analyze") or pytest.skip("systemd is not on this machine")


def section(unit: Path) -> dict[str, str]:
    reader = configparser.RawConfigParser(strict=True)
    reader.optionxform = str  # type: ignore[assignment, method-assign]
    reader.read_string(unit.read_text())
    return dict(reader["Service"])


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_hardened_writes_in_its_own_folders_and_stands_in_a_guide(unit: Path) -> None:
    said = section(unit)
    assert DEMANDED.items() <= said.items()
    assert said["ReadWritePaths"].split() == [
        said["WorkingDirectory"],
        *(["/srv/backups"] if "backup" in unit.stem else []),
    ]
    assert unit.name in GUIDES
    is_watcher = "watch" in unit.stem
    assert said["EnvironmentFile"] == ("/etc/mast/watch.env" if is_watcher else "-/etc/mast/mast.env")
    assert ("LoadCredential" in said) == is_watcher, "a token that root alone may read"


def test_systemd_takes_them(analyze: str, tmp_path: Path) -> None:
    for unit in UNITS:
        (tmp_path / unit.name).write_text(
            unit.read_text().replace("=/opt/mast/bin/mast", "=/bin/true").replace("User=mast", "User=root")
        )
    command = [analyze, "verify", "--man=no", "--recursive-errors=no", *map(str, tmp_path.iterdir())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if str(tmp_path) in line or line.startswith("mast")]
    assert (done.returncode, said) == (0, []), done.stderr


def test_readers_may_still_confine_themselves(analyze: str) -> None:
    """What instruments/confine.py asks of the kernel, and what starts a process that reads, pass the filter."""
    let_through = calls(analyze, "@system-service") | calls(analyze, "@sandbox")
    needed = {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "seccomp", "prctl"}
    assert needed | {"prlimit64", "setpriority", "clone", "execve", "setsid", "memfd_create"} <= let_through


def calls(analyze: str, group: str) -> set[str]:
    """The system calls in a group, groups in it included."""
    said = subprocess.run([analyze, "syscall-filter", group], capture_output=True, text=True, check=True).stdout
    words = set(re.findall(r"^ {4}([@\w-]+)$", said, re.MULTILINE))
    inner = {word for word in words if word.startswith("@")}
    return (words - inner).union(*(calls(analyze, one) for one in inner))
