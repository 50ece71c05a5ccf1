"""Names in a watched folder: which are nobody's measurement, and how one path is written the same way everywhere. Pure."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Sequence
from fnmatch import fnmatchcase

PARTIAL = (
    "*.tmp", "*.temp", "*.part", "*.partial", "*.filepart", "*.crdownload", "*.download", "*.!*", "*.swp", "*.lock",
    "*.lck", "~*", "*~", ".*",
)  # fmt: skip
"""Names that programs give to what they have not finished, and hidden files. Compared without case."""
LITTER = frozenset({"thumbs.db", "desktop.ini"})
LITTER_FOLDERS = frozenset({"$recycle.bin", "system volume information", "__macosx", "lost+found"})
RUN_ENDINGS = (".d", ".raw")
"""Folders of these names are one run of an instrument (Agilent, Bruker, Waters), also while it is being written."""


def is_ignored(name: str, more: Sequence[str] = ()) -> bool:
    """Whether a file of this name is unfinished, hidden or left by the system; `more` are a laboratory's own patterns."""
    lower = name.lower()
    return lower in LITTER or any(fnmatchcase(lower, p.lower()) for p in (*PARTIAL, *more))


def is_ignored_folder(name: str, more: Sequence[str] = ()) -> bool:
    """Whether a folder is left alone because of its name."""
    lower = name.lower()
    return lower in LITTER_FOLDERS or lower.startswith(".") or any(fnmatchcase(lower, p.lower()) for p in more)


def is_run_name(name: str) -> bool:
    """Whether a folder is named as a run of an instrument is."""
    return name.lower().endswith(RUN_ENDINGS)


def spelled(relative: str) -> str:
    """A relative path for people and for the server: "/" between the parts, and text whatever bytes it is made of."""
    text = os.fsencode(relative).decode("utf-8", "backslashreplace")
    return text.replace("\\", "/") if os.sep == "\\" else text


def path_key(relative: str, *, system: str = sys.platform) -> str:
    """What makes two spellings one path: Windows does not tell `A.CSV` from `a.csv`, nor macOS two ways to write `é`.

    Elsewhere they are two files, and so they stay.
    """
    text = spelled(relative)
    if system == "win32":
        return text.replace("\\", "/").lower()
    return unicodedata.normalize("NFC", text) if system == "darwin" else text


def fit_label(text: str, length: int = 80) -> str:
    """Printable and bounded: for what a computer calls itself."""
    return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in text)).strip()[:length].strip()
