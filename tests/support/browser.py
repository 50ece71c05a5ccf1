"""Finds Chromium and starts it headless; no browser is ever downloaded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WHOLE = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NAMES = ("chromium-headless-shell", *WHOLE)
"""The first is the same browser without windows, tabs and menus of its own, which take most of the time where nobody sees them."""
# Without these a fresh Chromium looks up its maker's hosts, which fails or stalls on a closed network.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


def find_chromium(names: Sequence[str] = NAMES) -> Path | None:
    """The installed browser, or None."""
    places = [Path(found) for name in names if (found := shutil.which(name))]
    places += [path for name in names if (path := Path("/usr/bin") / name).exists()]
    return places[0] if places else None


@contextmanager
def started(executable: Path) -> Iterator[Browser]:
    """A headless browser. While it is open this thread has a running event loop: no `asyncio.run` in it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, headless=True, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
