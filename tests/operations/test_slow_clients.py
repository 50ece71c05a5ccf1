"""Fifty people send files over a bad connection: everybody else goes on, and each file is kept whole or not at all."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from tests.support.budget import QUICK_OR_ALL
from tests.support.road import infrared_file, ok
from tests.support.serving import Server, Service, running


def begun(server: Server, analysis: str, number: int) -> tuple[socket.socket, bytes]:
    """An upload of which half is on its way: the connection, and the other half."""
    content = infrared_file(number)
    half = len(content) // 2
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    head = (
        f"POST /api/v1/analyses/{analysis}/uploads?filename={number}.jdx HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {server.service.tokens['chemist']}\r\nContent-Type: application/octet-stream\r\n"
        f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    connection.sendall(head.encode() + content[:half])
    return connection, content[half:]


@QUICK_OR_ALL
def test_slow_uploads_hold_nobody_up_and_each_is_kept_whole_or_not_at_all(tmp_path: Path, thorough: bool) -> None:
    count, cut_off = (50, 20) if thorough else (5, 2)
    service = Service.prepare(tmp_path, MAST_WORKERS="0", MAST_LOG_LEVEL="ERROR")
    with running(service, thorough=thorough) as server:
        road = server.road()
        sample = road.released()[0]
        analysis = road.analysis(road.register())
        slow = [begun(server, analysis, number) for number in range(count)]
        nobody = server.client("instrument")
        began = time.monotonic()
        assert "mdma" in str(ok(nobody.post("/api/v1/tickets/view", json={"code": road.codes[sample]}))).lower()
        road.register()
        assert time.monotonic() - began < 10, "not one after another"
        for connection, _ in slow[:cut_off]:
            connection.close()
        for connection, rest in slow[cut_off:]:
            connection.sendall(rest)
            assert connection.makefile("rb").readline().split()[1] == b"202"
            connection.close()
        rows = ok(server.client("chemist").get(f"/api/v1/analyses/{analysis}"))["uploads"]
        assert sorted(int(row["file_name"].removesuffix(".jdx")) for row in rows) == list(range(cut_off, count))
        assert not list((service.settings.blob_dir / "incoming").glob("*.part"))
