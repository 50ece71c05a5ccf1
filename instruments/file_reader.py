"""Who reads files: the confined child processes of `ParserSandbox`, or this process. What uses readings does not know which."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from spectra.types import Reading

from .reading import read


class FileReader(Protocol):
    """Reads one instrument file, as `instruments.read` does."""

    def read(
        self, source: Path | bytes, name: str | None = None, hints: Mapping[str, str] | None = None
    ) -> list[Reading]:
        """Readings of one file or of its bytes, read with these hints. Raises InstrumentError."""
        ...


class PlainReader:
    """Reads in this process, without a sandbox: for the operator's own files."""

    def read(
        self, source: Path | bytes, name: str | None = None, hints: Mapping[str, Any] | None = None
    ) -> list[Reading]:
        """As `instruments.read`. Raises InstrumentError."""
        return read(source, name, **dict(hints or {}))

    def close(self) -> None:
        """Nothing runs that could be stopped."""
