"""What a reference library is to the service. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum

from app.platform.kernel.worded import Worded

STARTER_PREFIX = "starter-"
Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and of how much."""
Refusal = dict[str, str | int]
"""A spectrum that was not taken: its position (0: a whole file), name, file, and the reason."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._()+-]{1,79}")


class Technique(Worded):
    """What the spectra of a library are."""

    MS = "ms", "Mass spectra"
    IR = "ir", "Infrared"
    RAMAN = "raman", "Raman"
    FORMULA = "formula", "Formulae (exact mass)"


class ImportState(StrEnum):
    """waiting → running → done | refused (the file or the words are at fault) | failed (we are)."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Nothing more will happen to it."""
        return self not in (ImportState.WAITING, ImportState.RUNNING)


def fault_of_name(name: str) -> str:
    """Why this cannot be a library's name, or an empty text."""
    if name.startswith(STARTER_PREFIX):
        return "Names that begin with starter- belong to the libraries that come with MAST."
    if not _NAME.fullmatch(name):
        return "A name has 2 to 80 letters, figures, spaces and . _ ( ) + - and begins with a letter or figure."
    return ""


def plain(name: str) -> str:
    """Letters and figures only, lower case: how names are compared."""
    return "".join(c for c in name.casefold() if c.isalnum())
