"""How large the house is: folders, lines, long files and functions, and what one sample's way through it touches.

python scripts/measure_house.py            the code alone
python scripts/measure_house.py --road     and one upload on its way to the client's page, on a throw-away database
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
LOOSE = re.compile(r"dict\[str, Any\]|dict\[str, object\]|Mapping\[str, Any\]")


def of_the_code() -> Iterator[tuple[str, object]]:
    """What can be counted in the files of app."""
    files = sorted((ROOT / "app").rglob("*.py"))
    texts = {path: path.read_text(encoding="utf-8") for path in files}
    lines = {path: text.count("\n") for path, text in texts.items()}
    lengths = sorted(
        node.end_lineno - node.lineno + 1
        for text in texts.values()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    )
    yield (
        "Python folders directly under app",
        len({path.relative_to(ROOT / "app").parts[0] for path in files if path.parent != ROOT / "app"}),
    )
    yield "lines of Python under app", sum(lines.values())
    yield "names of files", len({path.name for path in files})
    yield "longest file", f"{max(lines.values())} ({max(lines, key=lambda path: lines[path]).relative_to(ROOT)})"
    yield "95th percentile of a function's lines", lengths[round(0.95 * (len(lengths) - 1))]
    yield "loose answers (dict[str, Any] and the like)", sum(len(LOOSE.findall(text)) for text in texts.values())
    yield "except MastError", sum(text.count("except MastError") for text in texts.values())


class Trace:
    """Modules of app of which a function runs, in any thread, and SQL statements, while it is on."""

    def __init__(self) -> None:
        import sqlalchemy as sa

        self.on, self.modules, self.statements = False, set[str](), 0
        sa.event.listen(sa.Engine, "before_cursor_execute", self._asked)
        threading.setprofile(self._entered)  # threads that begin from here on
        sys.setprofile(self._entered)

    def _entered(self, frame: Any, event: str, _: object) -> None:
        if self.on and event == "call" and frame.f_code.co_name != "<module>":
            name = frame.f_globals.get("__name__") or ""
            if name.startswith("app."):
                self.modules.add(name)

    def _asked(self, *_: object) -> None:
        self.statements += self.on

    def counted(self, act: Callable[[], object]) -> int:
        """How many statements this takes."""
        self.statements, self.on = 0, True
        act()
        self.on = False
        return self.statements


def of_the_road(folder: Path) -> Iterator[tuple[str, object]]:
    """One file on its way: registered, uploaded, read, compared, submitted, verified, released, shown; then the statements of
    registering and releasing alone, without the jobs that run beside them."""
    from fastapi.testclient import TestClient

    from app.main import create_app
    from tests.support.road import Road, ok
    from tests.support.serving import SESSION, Service

    os.environ["MAST_ALLOWED_HOSTS"] = '["testserver"]'
    service, trace = Service.prepare(folder), Trace()
    now = datetime.now(UTC)
    times = {"opens_at": (now - timedelta(hours=1)).isoformat(), "closes_at": (now + timedelta(hours=8)).isoformat()}

    class Speaking:
        def __init__(self, server: TestClient, role: str) -> None:
            self.server, self.headers = server, {"Authorization": f"Bearer {service.tokens[role]}"}

        def request(self, method: str, url: str, **more: Any) -> Any:
            headers = {**self.headers, **(more.pop("headers", None) or {})}
            return self.server.request(method, url, headers=headers, **more)

    def road_on(server: TestClient) -> Road:
        lead = Speaking(server, "session_lead")
        road = Road(
            lambda role: Speaking(server, role),
            ok(lead.request("POST", "/api/v1/sessions", json={**SESSION, **times}))["id"],
        )
        road.released()  # once before, so that nothing is counted that is made only the first time
        return road

    with TestClient(create_app(service.settings), base_url="https://testserver") as server:
        road, trace.on = road_on(server), True
        sample = road.register()
        analysis = road.analysis(sample, read_by_hand=False)
        upload = road.upload(analysis)
        while ok(Speaking(server, "chemist").request("GET", f"/api/v1/uploads/{upload}"))["state"] == "waiting":
            time.sleep(0.1)
        result, etag = road.draft(sample, [analysis])
        etag = road.step("chemist", result, "submit", etag, accept_open=True)
        etag = road.step("verifier", result, "verify", etag, accept_open=True)
        road.step("session_lead", result, "release", etag)
        page = server.post("/t", data={"code": road.codes[sample]}, follow_redirects=True)
        assert page.status_code == 200, page.text[:300]
    trace.on = False
    yield "modules of app of which a function runs, upload to client's page", len(trace.modules)
    alone = service.settings.model_copy(update={"workers": 0})
    with TestClient(create_app(alone), base_url="https://testserver") as server:
        road = road_on(server)
        yield "SQL statements of registering a sample", trace.counted(road.register)
        _, result, etag = road.verified()
        yield "SQL statements of a release", trace.counted(lambda: road.step("session_lead", result, "release", etag))
    sys.setprofile(None)


def main() -> None:
    """Print the figures, one to a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--road", action="store_true", help="trace one sample's way too; takes some seconds")
    for words, figure in of_the_code():
        print(f"{words:66}{figure}")
    if parser.parse_args().road:
        with tempfile.TemporaryDirectory() as name:
            for words, figure in of_the_road(Path(name)):
                print(f"{words:66}{figure}")


if __name__ == "__main__":
    main()
