"""What a screen asks for when it is opened for the first time: how often, and how much, from the page alone and without a browser.

Counted are the page, what its head names, the modules for which something is on the page, and what those import. A plot is counted apart.
Files of ours are what grows here; `python -m benchmarks.screens` measures the same in a browser, with a full session.
"""

from __future__ import annotations

import gzip
import re
from typing import Any

from app.platform.kernel.actor import Role
from app.screens import joined
from tests.app.conftest import World
from tests.support.writes import Stage, told

MOST_BYTES = 100_000
MOST_REQUESTS = 14
ASKED_LATER = 3
"""Live events, whether the server is there, and on the bench which sample is fetched ahead: requests of next to no weight."""
NAMED = re.compile(r'<(?:link rel="(?:stylesheet|icon|preload)" href|script src)="(/static/[^"]+)"')
PART = re.compile(r'^ *\[(?:"([^"]+)"|kept), \(\) => import\("([^"]+)"\)', re.MULTILINE)
IMPORTED = re.compile(r'^import .* from "([^"]+)";', re.MULTILINE)
OF_THE_PLOT = "spectrum.js"


def wanted(page: str) -> set[str]:
    """The modules that `mast.js` loads for a page; one too many where a word of a selector stands elsewhere on it."""
    found = set()
    for selector, address in PART.findall(joined.joined("staff.js")):
        words = re.findall(r"(data-[\w-]+)|\.([\w-]+)", selector) or [('method="post"', "")]
        if any((attribute or name) in page for attribute, name in words):
            found.add(address)
    return found


def first_load(client: Any, path: str) -> dict[str, int]:
    """Bytes over the line by address, headers too."""
    page = client.get(path, headers={"Accept": "text/html"})
    assert page.status_code == 200, page.text[:300]
    sizes: dict[str, int] = {}
    pending = [*NAMED.findall(page.text), *(wanted(page.text) if "staff.js" in page.text else ())]
    answers = {path: page}
    while pending:
        address = pending.pop()
        if address not in answers and not address.endswith(OF_THE_PLOT):
            answers[address] = client.get(address)
            assert answers[address].status_code == 200, address
            pending += IMPORTED.findall(answers[address].text) if address.endswith(".js") else []
    for address, answer in answers.items():
        headers = sum(len(name) + len(value) + 4 for name, value in answer.headers.items())
        body = int(answer.headers.get("content-length", 0)) or len(gzip.compress(answer.content, 5))
        sizes[address] = headers + body
    return sizes


def screens(stage: Stage) -> dict[str, tuple[Role | None, str]]:
    """The screens that are opened on a tablet in a tent, with a sample on them."""
    sample, _, _ = stage.read_file()
    released, _ = told(stage)
    session = f"/sessions/{stage.road.session_id}"
    return {
        "reception": (Role.RECEPTION, f"{session}/reception"),
        "bench": (Role.CHEMIST, f"/bench/samples/{sample}"),
        "consultation": (Role.HEALTH_WORKER, f"/consultations/samples/{released}"),
        "board": (Role.SESSION_LEAD, session),
        "queue": (Role.RECEPTION, f"{session}/samples"),
        "client": (None, "/t"),
    }


def test_a_first_load_is_light_and_asks_seldom(world: World) -> None:
    for name, (role, path) in screens(Stage(world)).items():
        client = world.anonymous() if role is None else world.as_(role)
        sizes = first_load(client, path)
        assert sum(sizes.values()) <= MOST_BYTES, (name, sizes)
        assert len(sizes) + ASKED_LATER <= MOST_REQUESTS, (name, sizes)
