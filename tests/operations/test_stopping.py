"""R5: SIGTERM ends a server with open live screens in five seconds; each screen comes back without a gap.

Three of them in `make test`, forty in `make test-all`, two hundred by `make nightly`.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.budget import QUICK_OR_ALL, size
from tests.support.serving import Screen, Service, running


@QUICK_OR_ALL
def test_a_server_with_open_screens_ends_in_five_seconds_and_they_resume_without_a_gap(
    tmp_path: Path, thorough: bool
) -> None:
    service = Service.prepare(tmp_path, MAST_LOG_LEVEL="WARNING", MAST_WORKERS="0")
    with running(service, thorough=thorough) as server:
        road = server.road()
        screens = [Screen(server.client("chemist")) for _ in range(size(40, 200) if thorough else 3)]
        first = road.register()
        for screen in screens:
            screen.wait("queue", sample_id=first)
        assert server.stop() <= 5
        assert all(screen.ended.wait(2) for screen in screens), "every stream ended with the server"
        server.start()
        reception = server.client("reception")
        road.as_ = lambda _role: reception
        missed = road.register()  # before anybody is back
        back = [Screen(server.client("chemist"), last_id=screen.last_id) for screen in screens]
        for screen in back:
            assert screen.wait("queue")[1]["sample_id"] == missed
        log = server.log.read_text()
        assert "Traceback" not in log, log[-2000:]
        assert server.stop() <= 5
