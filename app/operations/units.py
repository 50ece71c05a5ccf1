"""Units of systemd for a server, a worker apart, backups and a watcher: each sees a read-only system and writes in its own folders.

`MemoryDenyWriteExecute` is left out: numba and libffi make code as they run. Readers of files confine themselves further
(instruments/confine.py) with Landlock and seccomp, whose calls the filter lets through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from app.platform.kernel.errors import Invalid


class Part(StrEnum):
    """What may run as a service of its own."""

    SERVER = "server"
    WORKER = "worker"
    BACKUP = "backup"
    WATCH = "watch"


NAMES = {
    Part.SERVER: "mast.service",
    Part.WORKER: "mast-worker.service",
    Part.BACKUP: "mast-backup.service",
    Part.WATCH: "mast-watch.service",
}
ABOUT = {
    Part.SERVER: "MAST, laboratory information system for drug checking",
    Part.WORKER: "MAST, worker that reads files and does other jobs",
    Part.BACKUP: "MAST, backups one after the other",
    Part.WATCH: "MAST, sends the finished files of an instrument",
}
HARDENED = """\
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome={home}
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service @sandbox
SystemCallErrorNumber=EPERM
UMask=0077
ReadWritePaths={writes}
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where MAST is and works on this machine."""

    mast: Path
    account: str
    data: Path
    settings: Path


@dataclass(frozen=True, slots=True)
class Watched:
    """What a watcher is to send, and where to."""

    folder: Path
    server: str
    token_file: Path
    name: str = ""


@dataclass(frozen=True, slots=True)
class Backups:
    """Where backups go, and the words of `mast db backup` for how often, how long and for whom."""

    folder: Path
    every: str
    keep: str = ""
    key: str = ""


def unit(
    part: Part, place: Place, *, apart: bool = False, watched: Watched | None = None, backups: Backups | None = None
) -> str:
    """The text of a unit. `apart`: the server leaves jobs to a worker with a unit of its own.

    Raises Invalid for a word that no line of a unit can hold.
    """
    if part is Part.WATCH:
        assert watched is not None
        return _text(part, place, _watching(watched, place.data), reads=watched.folder, token=watched.token_file)
    if part is Part.BACKUP:
        assert backups is not None
        return _text(part, place, _backing_up(backups), writes=backups.folder)
    command = ["serve", "--workers", "0"] if apart and part is Part.SERVER else ["serve"]
    return _text(part, place, command if part is Part.SERVER else ["worker"])


def _watching(watched: Watched, data: Path) -> list[str]:
    words = ["watch", str(watched.folder), "--server", watched.server, "--ledger", str(data / "ledger.sqlite3")]
    return words + (["--name", watched.name] if watched.name else [])


def _backing_up(backups: Backups) -> list[str]:
    words = ["db", "backup", str(backups.folder), "--every", backups.every]
    words += ["--keep", backups.keep] if backups.keep else []
    return words + (["--encrypt-to", backups.key] if backups.key else [])


def _text(
    part: Part,
    place: Place,
    command: Sequence[str],
    reads: Path | None = None,
    token: Path | None = None,
    writes: Path | None = None,
) -> str:
    started = " ".join(map(_argument, [str(place.mast), *command]))
    lines = [
        f"# Written by mast service install, and replaced by it. Your own lines: systemctl edit {NAMES[part]}",
        "[Unit]",
        f"Description={ABOUT[part]}",
        "After=network.target postgresql.service" if part is not Part.WATCH else "After=network.target",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "Type=exec",
        f"User={_word(place.account)}",
    ]
    if token is None:
        lines += [
            f"Environment={_quoted(f'MAST_DATA_DIR={place.data}')}",
            f"EnvironmentFile=-{_word(str(place.settings))}",
            f"ExecStart={started}",
        ]
    else:  # systemd reads the token, so it may belong to root alone
        lines += [f"LoadCredential=token:{_word(str(token))}", f"ExecStart={started} --token-file %d/token"]
    lines += [
        f"WorkingDirectory={_word(str(place.data))}",
        "Restart=on-failure",
        "RestartSec=5",
        "KillMode=mixed",
        "TimeoutStopSec=20",
        "",
    ]
    in_home = reads is not None and reads.is_relative_to("/home")
    written = " ".join(_quoted(str(one)) for one in (place.data, writes) if one is not None)
    hardened = HARDENED.format(home="read-only" if in_home else "yes", writes=written)
    return "\n".join(lines) + hardened + "\n[Install]\nWantedBy=multi-user.target\n"


def _word(text: str) -> str:
    """A value that systemd takes to the end of the line."""
    if not text or any(not sign.isprintable() for sign in text):
        raise Invalid(f"“{text}” cannot stand in a unit of systemd. Nothing was written.", hint="Name it otherwise.")
    return text.replace("%", "%%")


def _quoted(text: str) -> str:
    """One of several values of a line."""
    return '"' + _word(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _argument(text: str) -> str:
    """A word of a command, in which systemd would put in variables."""
    return _quoted(text.replace("$", "$$"))
