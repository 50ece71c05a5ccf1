"""Style sheets, scripts and pictures for browsers, from several folders under one address."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from fastapi.staticfiles import StaticFiles

SERVED = frozenset({".css", ".js", ".mjs", ".svg", ".png", ".woff2", ".wasm", ".json", ".txt"})


class BrowserFiles(StaticFiles):
    """Serves these folders as if they were one; the first that has a file answers. Pages and their templates lie beside the
    style sheets, so only files a browser asks for are given out (`SERVED`)."""

    def __init__(self, *folders: Path) -> None:
        super().__init__(directory=folders[0])
        self.all_directories = list(folders)

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Where the file lies; nothing for what no browser asks for."""
        return super().lookup_path(path) if PurePosixPath(path).suffix in SERVED else ("", None)
