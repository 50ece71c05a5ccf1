"""The scanner's own document: what it may do, who may open it, and what the pages round it may do."""

from __future__ import annotations

from typing import Any

from app.platform.kernel.actor import Role


def test_the_scanner_runs_webassembly_in_a_frame_of_ours_and_stays_strict_otherwise(world: Any) -> None:
    headers = world.as_(Role.RECEPTION).get("/scan").headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert policy["frame-ancestors"] == "'self'"
    assert policy["style-src"] == policy["connect-src"] == policy["default-src"] == "'self'"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["Permissions-Policy"].startswith("camera=(self), microphone=()")
    assert headers["Cache-Control"] == "no-store"


def test_opened_as_a_page_of_its_own_it_leads_to_find(world: Any) -> None:
    client = world.as_(Role.RECEPTION)
    alone = client.get("/scan", headers={"Sec-Fetch-Dest": "document"})
    assert (alone.status_code, alone.headers["Location"]) == (303, "/find")
    assert client.get("/scan", headers={"Sec-Fetch-Dest": "iframe"}).status_code == 200


def test_a_page_has_the_camera_where_the_scanner_opens_and_nowhere_else(world: Any) -> None:
    session_id, client = world.session(), world.as_(Role.RECEPTION)
    for path, may in (
        ("/find", True), (f"/sessions/{session_id}/hand-over", True), (f"/sessions/{session_id}/samples", False),
        (f"/sessions/{session_id}/reception", False), ("/account", False), ("/static/mast.svg", False),
        ("/nowhere", False),
    ):  # fmt: skip
        headers = client.get(path).headers
        assert ("camera=(self)" in headers["Permissions-Policy"]) is may, path
        assert "wasm" not in headers["Content-Security-Policy"], path
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path
