"""What goes wrong around a watcher: it says so once, keeps looking, never hammers, and gives its token to nobody else."""

from __future__ import annotations

import contextlib
import os
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx2
import pytest

from app.laboratory.watching.backoff import Backoff
from app.laboratory.watching.ledger import State
from app.laboratory.watching.server import Address, Kind, Server, Trouble
from tests.support.certificates import make_certificate
from tests.support.road import infrared_file, ok
from tests.support.serving import PASSWORD
from tests.watch.watch_rig import RUN_MEMBERS, Desk, HandClock, arrived_once


def test_a_token_that_was_revoked_is_said_plainly_and_a_new_one_goes_on(desk: Desk) -> None:
    chemist = httpx2.Client(base_url=desk.site.process.url)
    chemist.post("/sign-in", data={"username": "chemist", "password": PASSWORD})
    body = {"label": "FTIR", "roles": ["chemist"], "days": 30, "password": PASSWORD}
    made = ok(chemist.post("/api/v1/tokens", json=body))
    desk.token = made["token"]
    desk.put("a.jdx", infrared_file(1))
    desk.settle()
    assert chemist.delete(f"/api/v1/tokens/{made['id']}").status_code == 204
    chemist.close()
    contents = {"b.jdx": infrared_file(2), "large.bin": os.urandom(3_000_000)}
    for name, content in contents.items():
        desk.put(name, content)
    sent = desk.site.relay.bytes_up
    desk.settle()
    assert desk.heard("does not accept this token: it was revoked")
    assert desk.site.relay.bytes_up - sent < 10_000, "no file travels for a token that ended"
    said = len(desk.said)
    assert desk.look(700).failed == 2
    assert len(desk.said) == said, "once is enough"
    assert [r.state for r in desk.ledger.rows() if r.state is State.REFUSED] == [], "no file is at fault"
    desk.token = desk.site.token()
    desk.until_quiet()
    arrived_once(desk.rows, {"a.jdx": infrared_file(1), **contents})
    assert desk.heard("takes files again")


def test_a_token_that_ended_is_noticed_while_nothing_is_there_to_send(desk: Desk) -> None:
    desk.look()
    desk.token = "mast_that_never_was"
    desk.look(100)
    assert not desk.heard("token")
    desk.look(700)
    assert desk.heard("does not accept this token")


def test_a_token_without_the_role_is_told_apart(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(token=make_desk("other").site.token("reception"))
    desk.put("a.jdx", infrared_file())
    desk.settle()
    assert desk.heard("role instrument")
    assert desk.rows == []


def test_a_share_that_vanishes_is_waited_for_and_nothing_is_sent_again(desk: Desk) -> None:
    desk.put("a.jdx", infrared_file(1))
    desk.settle()
    away = desk.folder.with_name("unplugged")
    desk.folder.rename(away)
    for _ in range(3):
        assert desk.look(11).away
    assert sum("cannot be reached" in sentence for _, sentence in desk.said) == 1
    away.rename(desk.folder)
    desk.put("b.jdx", infrared_file(2))
    desk.settle()
    assert desk.heard("is there again")
    arrived_once(desk.rows, {"a.jdx": infrared_file(1), "b.jdx": infrared_file(2)})


def test_a_part_that_cannot_be_listed_leaves_the_rest_and_proves_nothing_gone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.put("open/a.jdx", infrared_file(1))
    desk.put("closed/b.jdx", infrared_file(2))
    desk.settle()
    scandir = os.scandir

    def refuse(path: Any) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr("os.scandir", refuse)
    hidden, copy = desk.folder / "closed" / "b.jdx", desk.put("open/c.jdx", infrared_file(2))
    os.utime(copy, ns=(hidden.stat().st_mtime_ns,) * 2)
    desk.settle()
    assert desk.heard("closed cannot be listed")
    assert len(desk.rows) == 3, "a copy is no move while its original may still be there"


def test_a_name_that_is_listed_and_cannot_be_opened_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.laboratory.watching import watcher

    desk.put("a.jdx", infrared_file(1))
    desk.put("b.jdx", infrared_file(2))
    look_again = watcher.look_again
    monkeypatch.setattr(watcher, "look_again", lambda found: None if found.name == "b.jdx" else look_again(found))
    desk.settle()
    assert desk.heard("b.jdx is listed but cannot be opened")
    arrived_once(desk.rows, {"a.jdx": infrared_file(1)})


def test_a_server_that_is_away_is_asked_ever_more_seldom(desk: Desk) -> None:
    desk.put("a.jdx", infrared_file())
    desk.settle()
    desk.put("b.jdx", infrared_file(2))
    desk.look()
    desk.site.process.kill()
    tried = desk.site.relay.connections
    for _ in range(720):
        desk.look(5.0)
    tries = desk.site.relay.connections - tried
    assert 8 < tries < 40, f"{tries} tries in an hour of five-second looks"
    desk.site.restart()
    desk.until_quiet()
    assert len(desk.rows) == 2


def test_waiting_grows_is_bounded_and_never_the_same() -> None:
    clock, chances = HandClock(), iter([0.0, 1.0] * 50)
    backoff = Backoff(clock, first_s=1, most_s=60, chance=lambda: next(chances))
    waits = [backoff.failed() for _ in range(20)]
    assert waits[:4] == [0.5, 2.0, 2.0, 8.0]
    assert (max(waits), min(waits[10:])) == (60, 30)
    assert backoff.failed(at_least_s=90) == 90
    assert backoff.failed(at_least_s=10**6) == 3600
    clock.now += 3599
    assert backoff.remaining == 1
    backoff.worked()
    assert backoff.remaining == 0


def test_one_file_that_always_fails_does_not_keep_the_others(desk: Desk) -> None:
    class Cursed(Exception):
        pass

    send = desk.watcher._server.send

    def fail_for_one(upload: Any, arrival: str, origin: str) -> Any:
        if upload.name == "b.jdx":
            raise Cursed("no luck")
        return send(upload, arrival, origin)

    desk.watcher._server.send = fail_for_one  # type: ignore[method-assign]
    for number, name in enumerate("abc"):
        desk.put(f"{name}.jdx", infrared_file(number))
    done = desk.settle()
    assert (done.delivered, done.failed) == (2, 1)
    assert desk.heard("unforeseen")


def test_a_file_that_is_too_large_is_refused_once_and_tried_again_after_a_restart(desk: Desk) -> None:
    desk.put("huge.bin", os.urandom(5_000_000))
    desk.put("small.jdx", infrared_file())
    done = desk.settle()
    assert (done.delivered, done.refused) == (1, 1)
    assert desk.heard("limit")
    tried = desk.site.relay.connections
    desk.look(700)
    desk.look(700)
    assert desk.ledger.rows()[0].attempts == 1
    assert desk.site.relay.connections - tried <= 2, "only the token was asked about"
    desk.start()
    desk.settle()
    assert max(row.attempts for row in desk.ledger.rows()) == 2


def test_a_session_that_is_not_ours_is_a_setting_to_mend(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(server_more={"session": "00000000-0000-7000-8000-000000000000"})
    desk.put("a.jdx", infrared_file())
    desk.settle()
    assert desk.heard("no such session")
    assert desk.rows == []


def test_with_a_session_a_file_goes_to_the_sample_its_name_speaks_of(make_desk: Callable[..., Desk]) -> None:
    first = make_desk("first")
    road = first.site.process.road()
    sample = road.register()
    number = ok(first.site.process.client("chemist").get(f"/api/v1/samples/{sample}"))["number"]
    desk = make_desk(server_more={"session": road.session_id, "attach": True})
    desk.put(f"{number:03d}_ftir.jdx", infrared_file())
    desk.settle()
    assert [row["state"] for row in desk.rows] == ["attached"]
    assert desk.heard("from its name")
    assert desk.rows[0]["sample_id"] == sample.replace("-", "")


@pytest.mark.skipif(sys.platform == "win32", reason="advisory locks")
def test_a_file_somebody_holds_a_lock_on_waits(desk: Desk) -> None:
    import fcntl

    path = desk.put("a.jdx", infrared_file())
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        desk.settle()
        desk.look(11)
        assert desk.rows == []
        assert desk.heard("in use by another program")
    desk.settle()
    assert len(desk.rows) == 1


def test_links_are_left_alone_also_those_that_go_in_circles(desk: Desk, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("nobody's business")
    desk.put("a.jdx", infrared_file())
    (desk.folder / "loop").symlink_to(desk.folder, target_is_directory=True)
    (desk.folder / "b.csv").symlink_to(secret)
    (desk.folder / "gone.csv").symlink_to(tmp_path / "nowhere")
    os.mkfifo(desk.folder / "pipe.csv")
    desk.settle()
    desk.look(11)
    arrived_once(desk.rows, {"a.jdx": infrared_file()})
    assert sum("is a link" in sentence for _, sentence in desk.said) == 3


def test_a_run_of_many_files_is_one_arrival_once_it_is_whole(desk: Desk) -> None:
    import io
    import zipfile

    (desk.folder / "x.raw").mkdir(parents=True)
    desk.put("x.raw/_FUNC001.DAT", b"1" * 100)
    for grown in range(3):
        desk.put("x.raw/_FUNC001.DAT", b"1" * (200 + grown))
        desk.look(6)
    assert desk.rows == []
    for name, content in RUN_MEMBERS.items():
        desk.put(f"x.raw/{name}", content)
    desk.put("x.raw/notes.tmp", b"still writing")
    desk.settle()
    desk.look(30)
    assert desk.rows == [], "something in it is not finished"
    (desk.folder / "x.raw" / "notes.tmp").unlink()
    desk.settle()
    (row,) = desk.rows
    assert row["file_name"] == "x.raw.zip"
    with zipfile.ZipFile(io.BytesIO(desk.site.bytes_of(row))) as archive:
        assert {n.filename: archive.read(n) for n in archive.infolist()} == {
            f"x.raw/{name}": content for name, content in RUN_MEMBERS.items()
        }
    desk.start()
    desk.settle()
    (desk.folder / "x.raw").rename(desk.folder / "moved.raw")
    desk.settle()
    assert len(desk.rows) == 1


def test_a_folder_named_like_a_run_is_held_until_it_is_one(desk: Desk) -> None:
    desk.put("x.D/method.txt", b"not yet")
    done = desk.settle()
    assert done.held == 1
    assert desk.heard("none of the files of one are in it")
    assert desk.rows == []
    for name, content in RUN_MEMBERS.items():
        desk.put(f"x.D/{name}", content)
    desk.settle()
    assert [row["file_name"] for row in desk.rows] == ["x.D.zip"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take such names for one")
def test_two_files_whose_names_differ_in_bytes_only_both_arrive(desk: Desk) -> None:
    desk.put("u\u0308.csv", b"1\n")
    desk.put("\u00fc.csv", b"2\n")
    (desk.folder / b"\xff.csv".decode("utf-8", "surrogateescape")).write_bytes(b"3\n")
    desk.settle()
    assert sorted(desk.site.bytes_of(row) for row in desk.rows) == [b"1\n", b"2\n", b"3\n"]
    desk.start()
    desk.settle()
    assert len(desk.rows) == 3


def test_files_that_are_older_than_asked_for_and_patterns_are_left_alone(make_desk: Callable[..., Desk]) -> None:
    from datetime import UTC, datetime

    desk = make_desk(eye_more={"since": datetime(2026, 1, 1, tzinfo=UTC), "ignore": ["*.LOG", "backup"]})
    os.utime(desk.put("old.jdx", infrared_file(1)), (1_700_000_000, 1_700_000_000))
    for name in (
        "a.log",
        "backup/b.jdx",
        "~$a.csv",
        "b.csv.part",
        ".hidden",
        "c.TMP",
        "$RECYCLE.BIN/d.csv",
        "Thumbs.db",
    ):
        desk.put(name, b"x")
    desk.put("new.jdx", infrared_file(2))
    desk.settle()
    arrived_once(desk.rows, {"new.jdx": infrared_file(2)})


class Stranger(BaseHTTPRequestHandler):
    """Not MAST. Answers as told and remembers what it was given."""

    status: ClassVar[int] = 200
    more: ClassVar[dict[str, str]] = {}
    body: ClassVar[bytes] = b"<html>Sign in to the guest network</html>"
    seen: ClassVar[list[tuple[str, str]]] = []

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers.get("Authorization", "")))
        self.send_response(self.status)
        for name, value in self.more.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def stranger(context: ssl.SSLContext | None = None, **answers: Any) -> Iterator[tuple[str, type[Stranger]]]:
    handler = type("Told", (Stranger,), {"seen": [], **answers})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http{'s' if context else ''}://localhost:{server.server_port}", handler
        finally:
            server.shutdown()
            thread.join(10)


def trouble_at(url: str) -> Trouble:
    with pytest.raises(Trouble) as caught:
        Server(Address.of(url), lambda: "mast_token").check()
    return caught.value


@pytest.mark.parametrize("status", [200, 401, 404])
def test_another_program_at_the_address_is_not_taken_for_the_server(status: int) -> None:
    with stranger(status=status) as (url, _):
        trouble = trouble_at(url)
    assert trouble.kind is Kind.SETTING
    assert "is not a MAST server" in trouble.sentence


def test_a_redirect_is_not_followed_so_that_the_token_goes_nowhere_else() -> None:
    with stranger() as (elsewhere, there), stranger(status=308, more={"Location": elsewhere}) as (url, _):
        trouble = trouble_at(url)
    assert f"sends on to {elsewhere}" in trouble.sentence
    assert there.seen == []


@pytest.mark.parametrize(("status", "more", "wait"), [(503, {"Retry-After": "30"}, 30), (429, {}, 0), (502, {}, 0)])
def test_a_busy_server_is_left_in_peace(status: int, more: dict[str, str], wait: float) -> None:
    with stranger(status=status, more=more) as (url, _):
        trouble = trouble_at(url)
    assert (trouble.kind, trouble.retry_after_s) == (Kind.AWAY, wait)


def test_a_certificate_nobody_vouches_for_gets_no_token(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with stranger(context, body=b'{"display_name": "FTIR", "roles": ["chemist"]}') as (url, there):
        assert "is not trusted here" in trouble_at(url).sentence
        assert there.seen == []
        assert Server(Address.of(url, str(certificate)), lambda: "mast_token").check().startswith("FTIR")
        assert there.seen[0][1] == "Bearer mast_token"
