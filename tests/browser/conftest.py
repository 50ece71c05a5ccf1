"""A running demo per module, and desks to open browsers on it. Pictures are taken where MAST_SCREENSHOTS names a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.road import Road
from tests.support.site import Clients, Desk, Site, road_on, serving, the_example

if TYPE_CHECKING:
    from playwright.sync_api import Browser

expect.set_options(timeout=15_000)  # a wait that is met ends at once; a busy machine gets the time it needs


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of `mast demo`, to be copied."""
    return the_example(tmp_path_factory)


@pytest.fixture(scope="module")
def site(browser: Browser, example: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running server for the module. Asks for the browser first: without one nothing is started."""
    with serving(example, tmp_path_factory.mktemp("site") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def clients(site: Site) -> Iterator[Clients]:
    """Signed-in HTTP clients of the site."""
    made = Clients(site)
    yield made
    made.close()


@pytest.fixture(scope="module")
def road(clients: Clients) -> Road:
    """Brings samples to where a test begins, over HTTP."""
    return road_on(clients)


@pytest.fixture
def desk(browser: Browser, site: Site) -> Iterator[Desk]:
    """Browsers on the site; fails when one of them complained."""
    folder = Path(os.environ["MAST_SCREENSHOTS"]) if os.environ.get("MAST_SCREENSHOTS") else None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    opened = Desk(browser, site, folder)
    yield opened
    opened.close()
