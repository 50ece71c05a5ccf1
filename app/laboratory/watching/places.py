"""Where the watcher keeps its own files, and where its token comes from. Never in the watched folder."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from app.laboratory.watching.scanning import fit_label
from app.laboratory.watching.server import Kind, Trouble


def state_folder(environ: Mapping[str, str] = os.environ, system: str = sys.platform) -> Path:
    """Where programs of this system keep what they must remember: on this computer's own disk, of this account."""
    home = Path.home()
    if system == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "mast" / "watch"
    if system == "darwin":
        return home / "Library" / "Application Support" / "mast" / "watch"
    return Path(environ.get("XDG_STATE_HOME") or home / ".local" / "state") / "mast" / "watch"


def default_ledger(root: Path, server: str, origin: str) -> Path:
    """One ledger for a folder, a server and a name: watching for another one begins another."""
    mark = hashlib.sha256("\n".join((str(root), server, origin)).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    word = re.sub(r"[^\w-]+", "-", root.name).strip("-")[:40] or "folder"
    return state_folder() / f"{word}-{mark}.sqlite3"


def default_origin(root: Path) -> str:
    """ "FTIR-PC OMNIC": the computer and the folder. Without the way to it: a share may get another letter."""
    return fit_label(f"{platform.node() or 'computer'} {root.name or root.anchor}")


def token_in(path: Path) -> str:
    """The token in a file. Raises Trouble."""
    try:
        text = path.read_text(encoding="utf-8-sig").strip()  # Windows' editor writes a mark at the beginning
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not text"
        raise Trouble(Kind.SENDER, f"The token file {path} cannot be read ({why}).") from error
    if not is_token(text):
        raise Trouble(Kind.SENDER, f"The token file {path} holds no token. Put one line into it, as MAST showed it.")
    return text


def is_token(text: str) -> bool:
    """Whether this can stand in a header."""
    return bool(re.fullmatch(r"[\x21-\x7e]{8,500}", text))


def is_open_to_others(path: Path) -> bool:
    """Whether other accounts of this computer may read a file; Windows keeps that where it cannot be seen from here."""
    return os.name == "posix" and bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
