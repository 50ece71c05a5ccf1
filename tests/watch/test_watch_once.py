"""Each finished file arrives exactly once: through growth, changes, moves, lost answers, lost ledgers, a dying server."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from app.laboratory.watching import upload as uploads
from app.laboratory.watching.ledger import State
from tests.support.road import infrared_file
from tests.watch.watch_rig import Desk, arrived_once, digest, inventory


def test_what_lies_there_arrives_once_and_the_folder_is_as_it_was(desk: Desk) -> None:
    contents = {f"{n:03d}.jdx": infrared_file(n) for n in range(3)} | {"Tag 1/über µ.jdx": infrared_file(9)}
    for name, content in contents.items():
        desk.put(name, content)
    before = inventory(desk.folder)
    assert desk.settle().delivered == 4
    arrived_once(desk.rows, contents)
    for row in desk.rows:
        assert desk.site.bytes_of(row) == contents[f"{row['folder']}/{row['file_name']}".lstrip("/")]
    connections = desk.site.relay.connections
    for _ in range(5):
        assert desk.look(11).is_quiet
    desk.start()
    assert desk.settle().known == 4
    assert desk.site.relay.connections <= connections + 1, "only the token was asked about"
    assert (len(desk.rows), inventory(desk.folder)) == (4, before)


def test_a_file_that_grows_is_sent_when_it_stopped_and_whole(desk: Desk) -> None:
    path, content = desk.put("run.csv", b""), b""
    desk.settle()
    desk.look(1000)
    assert desk.rows == [], "an empty file is not finished"
    for number in range(12):
        content += f"{400 + number},0.{number}\n".encode()
        path.write_bytes(content)
        os.utime(path, ns=(0, 1_700_000_000_000_000_000))  # an instrument whose clock stands still
        desk.look(6)
    assert desk.rows == []
    desk.look(6)
    desk.look(6)
    arrived_once(desk.rows, {"run.csv": content})


def test_a_file_that_is_written_anew_with_the_same_size_settles_again(desk: Desk) -> None:
    path = desk.put("a.csv", b"1,2\n")
    desk.look()
    path.write_bytes(b"1,3\n")
    os.utime(path, ns=(1, 1))
    desk.look(11)
    assert desk.rows == []
    desk.look(11)
    arrived_once(desk.rows, {"a.csv": b"1,3\n"})


def test_setting_the_clock_of_the_computer_sends_nothing_early_late_or_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = desk.put("a.jdx", infrared_file())
    desk.look()
    for jump in (+86_400 * 400, -86_400 * 9000):
        monkeypatch.setattr("time.time", lambda jump=jump: 1_800_000_000.0 + jump)
        desk.look(4)
    assert desk.rows == [], "eight seconds are not ten, whatever the calendar says"
    desk.look(4)
    assert len(desk.rows) == 1
    for stamp in (0, 4_000_000_000, 1_700_003_600):  # summer time, a share in another zone
        os.utime(path, (stamp, stamp))
        assert desk.settle().delivered == 0
    assert len(desk.rows) == 1


def test_a_file_changed_after_it_was_sent_arrives_anew_and_says_so(desk: Desk) -> None:
    desk.put("a.jdx", infrared_file(1))
    desk.settle()
    desk.put("a.jdx", infrared_file(2))
    desk.settle()
    assert [r["sha256"] for r in desk.rows] == [digest(infrared_file(n)) for n in (1, 2)]
    assert desk.heard("version 2")
    desk.put("a.jdx", infrared_file(1))  # back again
    desk.settle()
    desk.start()
    desk.settle()
    assert len(desk.rows) == 2


def test_a_file_that_is_moved_is_the_same_and_a_copy_is_another(desk: Desk) -> None:
    path = desk.put("scan.jdx", infrared_file())
    desk.settle()
    (desk.folder / "done").mkdir()
    path.rename(desk.folder / "done" / "scan.jdx")
    desk.settle()
    assert desk.heard("under another name")
    desk.start()
    desk.settle()
    assert len(desk.rows) == 1
    desk.put("041.jdx", infrared_file())
    desk.settle()
    assert [r["file_name"] for r in desk.rows] == ["scan.jdx", "041.jdx"]


def test_a_lost_ledger_makes_no_duplicate(desk: Desk) -> None:
    contents = {f"{n}.jdx": infrared_file(n) for n in range(3)}
    for name, content in contents.items():
        desk.put(name, content)
    desk.settle()
    desk.close()
    for left in desk.own.glob("ledger*"):
        left.unlink()
    sent = desk.site.relay.bytes_up
    desk.start()
    assert desk.settle().delivered == 3
    arrived_once(desk.rows, contents)
    assert desk.site.relay.bytes_up - sent < 3 * len(infrared_file()), "the server was asked; nothing was sent again"
    assert desk.heard("had arrived already")
    assert {row.server_id for row in desk.ledger.rows()} == {_dashed(r["id"]) for r in desk.rows}


def test_a_damaged_ledger_is_begun_anew_and_makes_no_duplicate(desk: Desk) -> None:
    desk.put("a.jdx", infrared_file())
    desk.settle()
    desk.close()
    desk.ledger_path.write_bytes(b"no database at all" * 500)
    desk.start()
    desk.settle()
    assert len(desk.rows) == 1
    assert (desk.own / "ledger.sqlite3.damaged").read_bytes().startswith(b"no database")


def test_an_answer_that_is_lost_makes_no_duplicate(desk: Desk) -> None:
    _lose_the_answer(desk)
    assert len(desk.rows) == 1, "the server has it, and the watcher does not know"
    assert desk.ledger.rows()[0].state is State.SENDING
    desk.until_quiet()
    assert (len(desk.rows), desk.ledger.rows()[0].state) == (1, State.DELIVERED)


def _lose_the_answer(desk: Desk) -> Path:
    """Of the server to a file; what is asked before a file is sent was asked at the looks before."""
    desk.look()
    path = desk.put("a.jdx", infrared_file())
    desk.look()
    desk.site.relay.swallow = True
    desk.look(11)
    desk.site.relay.swallow = False
    return path


@pytest.mark.parametrize("after", [100, 900, 70_000, 1_500_000])
def test_a_wire_that_breaks_anywhere_loses_and_doubles_nothing(desk: Desk, after: int) -> None:
    content = os.urandom(2_000_000)
    desk.put("big.raw1", content)
    desk.settle()
    assert len(desk.rows) == 1
    desk.put("big.raw2", content[::-1])
    desk.look()
    desk.site.relay.cut_after = after
    assert desk.look(11).failed == 1
    assert len(desk.rows) == 1, "nothing is kept of half a file"
    desk.site.relay.cut_after = None
    desk.until_quiet()
    arrived_once(desk.rows, {"big.raw1": content, "big.raw2": content[::-1]})
    assert desk.site.bytes_of(desk.rows[-1]) == content[::-1]


def test_a_server_killed_in_the_middle_of_an_upload_gets_the_file_once(desk: Desk) -> None:
    content, process = os.urandom(2_000_000), desk.site.process
    desk.put("big.bin", content)
    desk.look()

    def kill(total: int) -> None:
        if total > 1_000_000 and process.up.is_set():
            process.kill()

    desk.site.relay.on_bytes = kill
    assert desk.look(11).failed == 1
    assert not process.up.is_set(), "the kill met no upload: the test shows nothing"
    assert desk.look(700).failed == 1, "it is away, and that is no reason to end"
    assert desk.heard("does not answer") or desk.heard("broke")
    desk.site.relay.on_bytes = lambda total: None
    desk.site.restart()
    desk.until_quiet()
    arrived_once(desk.rows, {"big.bin": content})


def test_a_file_that_changes_while_it_is_sent_arrives_as_it_is_in_the_end(make_desk: Callable[..., Desk]) -> None:
    asked: list[Path] = []

    def write_anew_before_the_third_piece() -> bool:
        asked.append(path)
        if len(asked) == 3:
            path.write_bytes(b"b" * 1_500_000)
        return False

    desk = make_desk(server_more={"stopping": write_anew_before_the_third_piece})
    path = desk.put("a.bin", b"a" * 1_500_000)
    desk.settle()
    assert len(asked) > 3, "it was written anew in the middle"
    desk.until_quiet()
    assert [set(desk.site.bytes_of(row)) for row in desk.rows] == [set(b"b")], "never a mixture of the two"


def test_a_file_that_changes_between_hashing_and_sending_is_left_to_settle(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, hashed = desk.put("a.csv", b"1,2\n"), uploads._hashed

    def slow(stream: object) -> tuple[int, str]:
        found = hashed(stream)  # type: ignore[arg-type]
        path.write_bytes(b"1,2\n3,4\n")
        return found

    desk.look()
    monkeypatch.setattr(uploads, "_hashed", slow)
    assert desk.look(11).settling == 1
    monkeypatch.setattr(uploads, "_hashed", hashed)
    desk.settle()
    arrived_once(desk.rows, {"a.csv": b"1,2\n3,4\n"})


def test_two_computers_with_the_same_file_are_two_arrivals(make_desk: Callable[..., Desk], tmp_path: Path) -> None:
    for number in range(2):
        one = make_desk(origin=f"twins {number}", folder=tmp_path / "share")
        one.put("a.jdx", infrared_file())
        one.settle()
        assert len(one.rows) == 1


def test_a_ledger_that_cannot_be_written_sends_nothing_and_goes_on_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    desk.put("a.jdx", infrared_file())
    desk.look()
    with monkeypatch.context() as broken:
        broken.setattr(desk.ledger, "begin", full)
        desk.look(11)
        assert desk.heard("disk is full")
        assert desk.rows == []
    desk.until_quiet()
    assert len(desk.rows) == 1


def test_a_file_taken_away_while_its_answer_was_lost_is_asked_about(desk: Desk) -> None:
    _lose_the_answer(desk).unlink()
    desk.start()
    desk.look(1)
    assert [(r.state, len(desk.rows)) for r in desk.ledger.rows()] == [(State.DELIVERED, 1)]


def _dashed(hex_id: str) -> str:
    from uuid import UUID

    return str(UUID(hex_id))
