"""`mast service install`: units that systemd takes, in which MAST may do little and its readers still confine themselves."""

from __future__ import annotations

import configparser
import json
import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli.root import main
from app.operations import units
from app.operations.units import Part, Place, Watched
from app.platform.kernel.errors import Invalid

DEMANDED = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "PrivateTmp": "yes",
    "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6",
    "SystemCallFilter": "@system-service @sandbox",
    "UMask": "0077",
}
BACKUP = ["--backups", "/srv/backups", "--keep", "24h,30d"]
WATCH = ["--folder", "/srv/ftir", "--server", "https://mast.example.org", "--token-file", "/etc/mast/token"]


def install(prefix: Path, *words: str) -> dict[str, dict[str, str]]:
    """The section `Service` of each unit that was written."""
    done = CliRunner().invoke(main, ["service", "install", *words, "--prefix", str(prefix), "--json"])
    assert done.exit_code == 0, done.output
    return {Path(path).name: parsed(Path(path).read_text()) for path in json.loads(done.stdout)["units"]}


def parsed(text: str) -> dict[str, str]:
    reader = configparser.RawConfigParser(strict=True)
    reader.optionxform = str  # type: ignore[assignment, method-assign]
    reader.read_string(text)
    assert reader["Install"]["WantedBy"] == "multi-user.target"
    return dict(reader["Service"])


def test_all_are_hardened_and_write_in_their_own_folders(tmp_path: Path) -> None:
    words = ["server", "worker", "backup", "watch", *WATCH, *BACKUP, "--user", "lab", "--data", "/srv/mast"]
    written = install(tmp_path, *words)
    assert written.keys() == set(units.NAMES.values())
    for name, said in written.items():
        assert DEMANDED.items() <= said.items()
        also = ' "/srv/backups"' if name == "mast-backup.service" else ""
        assert (said["User"], said["ReadWritePaths"]) == ("lab", f'"/srv/mast"{also}')


def test_backups_run_as_a_service_of_their_own(tmp_path: Path) -> None:
    said = install(tmp_path, "backup", *BACKUP)["mast-backup.service"]
    assert said["ExecStart"].endswith('"db" "backup" "/srv/backups" "--every" "15m" "--keep" "24h,30d"')
    assert said["EnvironmentFile"] == "-/etc/mast/mast.env"
    for words, why in (
        (["--keep", "soon", "--backups", "/srv/b"], "soon"),
        (["--encrypt-to", "age1abc", "--backups", "/srv/b"], "no public key of age"),
        ([], "--backups"),
    ):
        refused = CliRunner().invoke(main, ["service", "install", "backup", *words, "--prefix", str(tmp_path / "no")])
        assert (refused.exit_code != 0, why in refused.output) == (True, True), refused.output
    assert not (tmp_path / "no").exists()


def test_a_worker_apart_takes_the_jobs_from_the_server(tmp_path: Path) -> None:
    assert install(tmp_path)["mast.service"]["ExecStart"].endswith('"serve"')
    both = install(tmp_path, "server", "worker")
    assert both["mast.service"]["ExecStart"].endswith('"serve" "--workers" "0"')
    assert both["mast-worker.service"]["ExecStart"].endswith('"worker"')


def test_the_watcher_is_given_its_token_by_systemd(tmp_path: Path) -> None:
    said = install(tmp_path, "watch", *WATCH)["mast-watch.service"]
    assert said["LoadCredential"] == "token:/etc/mast/token"
    assert said["ExecStart"].endswith("--token-file %d/token")
    assert "EnvironmentFile" not in said
    missing = CliRunner().invoke(main, ["service", "install", "watch", "--prefix", str(tmp_path)])
    assert (missing.exit_code, "--token-file" in missing.output) == (2, True)


def test_odd_names_are_quoted_and_impossible_ones_refused() -> None:
    place = Place(Path("/opt/mast/bin/mast"), "mast", Path("/srv/50% $HOME"), Path("/etc/mast.env"))
    odd = Watched(Path('/data/a "b" $c %d'), "https://x", Path("/t"))
    text = units.unit(Part.WATCH, place, watched=odd)
    assert '"/data/a \\"b\\" $$c %%d"' in text
    assert 'ReadWritePaths="/srv/50%% $HOME"' in text
    with pytest.raises(Invalid, match="cannot stand in a unit"):
        units.unit(Part.SERVER, Place(place.mast, "mast\nExecStart=/bin/sh", place.data, place.settings))


def test_systemd_takes_them(tmp_path: Path) -> None:
    if (analyze := shutil.which("systemd-analyze")) is None:
        pytest.skip("systemd is not on this machine")
    words = ["server", "worker", "backup", "watch", *WATCH, *BACKUP, "--user", "root", "--data", "/srv/a b"]
    written = install(tmp_path, *words)
    command = [analyze, "verify", "--man=no", "--recursive-errors=no", *(str(tmp_path / name) for name in written)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if str(tmp_path) in line or line.startswith("mast")]
    assert (done.returncode, said) == (0, []), done.stderr


@pytest.mark.skipif(platform.system() != "Linux", reason="only Linux confines readers so")
def test_readers_may_still_confine_themselves() -> None:
    """What instruments/confine.py asks of the kernel, and what starts a process that reads, pass the filter."""
    if (analyze := shutil.which("systemd-analyze")) is None:
        pytest.skip("systemd is not on this machine")
    let_through = calls(analyze, "@system-service") | calls(analyze, "@sandbox")
    needed = {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "seccomp", "prctl"}
    assert needed | {"prlimit64", "setpriority", "clone", "execve", "setsid", "memfd_create"} <= let_through


def calls(analyze: str, group: str) -> set[str]:
    """The system calls in a group, groups in it included."""
    said = subprocess.run([analyze, "syscall-filter", group], capture_output=True, text=True, check=True).stdout
    words = set(re.findall(r"^ {4}([@\w-]+)$", said, re.MULTILINE))
    inner = {word for word in words if word.startswith("@")}
    return (words - inner).union(*(calls(analyze, one) for one in inner))
