"""A file handed in for a standard or a control is read at once, in the sandbox, before anything is stored of it."""

from __future__ import annotations

from pathlib import Path

from app.platform.kernel.errors import Unreadable
from instruments import AmbiguousText, FileReader, InstrumentError, printable
from spectra import Reading


def readings_in(sandbox: FileReader, path: Path, name: str) -> list[Reading]:
    """What is in a file. Raises Unreadable with what was wrong and what to do; nothing was stored then."""
    try:
        return sandbox.read(path, name)
    except AmbiguousText as question:
        raise Unreadable(
            f"This file does not say what it is, so it was not kept. {printable(question.message, 400)}",
            hint="Export it as netCDF, mzML, MSP or JCAMP-DX, which say what their numbers are.",
        ) from question
    except InstrumentError as error:
        raise Unreadable(
            f"The file was not read, so nothing was kept. {printable(error.message, 600)}",
            hint=printable(error.hint, 400) or "Export it in another format and try again.",
        ) from error
