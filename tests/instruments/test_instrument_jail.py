"""The jail: the same readings as in process, and every way a child can break becomes the right error."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from instruments import CorruptFile, InstrumentError, Limits, ReaderJail, TooLarge, UnknownFormat, read, wire
from instruments import jail as jail_module
from spectra.types import Reading
from tests.instruments.instrument_files import MASSBANK, MGF, MSP, jcamp, mzml, spectrum, table

RUN = mzml(
    *(spectrum(i, [50.5, 60], [1, i], minutes=i, precursor=90 if i else None, level=1 + (i > 0)) for i in range(3))
)


@pytest.fixture(scope="module")
def jail() -> Iterator[ReaderJail]:
    with ReaderJail() as made:
        yield made


def same(a: Reading, b: Reading) -> bool:
    plain = [f.name for f in dataclasses.fields(Reading) if f.name not in ("x", "y", "scans", "meta")]
    assert all(getattr(a, n) == getattr(b, n) for n in plain)
    np.testing.assert_array_equal(a.x, b.x)
    np.testing.assert_array_equal(a.y, b.y)
    for one, two in zip(a.scans, b.scans, strict=True):
        np.testing.assert_array_equal(one.mz, two.mz)
        np.testing.assert_array_equal(one.intensity, two.intensity)
        assert (one.precursor_mz, one.ionisation, one.retention_time_s, one.ms_level) == (
            two.precursor_mz, two.ionisation, two.retention_time_s, two.ms_level)  # fmt: skip
    return True


@pytest.mark.parametrize(
    "content", [jcamp([1, 2, 3]).encode(), MSP.encode(), MGF.encode(), MASSBANK.encode(), RUN, table().encode()]
)
def test_the_jail_gives_the_same_readings_as_reading_in_process(jail: ReaderJail, content: bytes) -> None:
    for a, b in zip(jail.read(content, "x"), read(content, "x"), strict=True):
        assert same(a, b)


def test_errors_of_the_reader_arrive_with_their_fields(jail: ReaderJail) -> None:
    with pytest.raises(CorruptFile) as caught:
        jail.read(b"x;y\n1;2\n2;nan\n3;4\n")
    assert (caught.value.code, caught.value.line) == ("not_finite", 3)
    with pytest.raises(UnknownFormat):
        jail.read(b"%PDF-1.7")
    with pytest.raises(OSError, match="No such file"):
        jail.read("/nowhere/at/all.csv")


def test_hints_reach_the_child(jail: ReaderJail) -> None:
    text = "".join(f"{200 + i} {0.1 + i / 1e4}\n" for i in range(600)).encode()
    assert jail.read(text, hints={"x_unit": "cm-1"})[0].x_unit == "cm-1"


def test_a_small_file_takes_less_than_thirty_milliseconds_once_warm(jail: ReaderJail, tmp_path: Path) -> None:
    path = tmp_path / "a.jdx"
    path.write_text(jcamp(list(range(2000)), form="DIFDUP"))
    times = []
    for _ in range(10):
        begun = time.perf_counter()
        jail.read(path)
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.03


def test_threads_share_the_jail(jail: ReaderJail) -> None:
    titles: list[str] = []

    def work(name: str) -> None:
        titles.extend(r.title for r in jail.read(MSP.replace("Cocaine", name, 1).encode()))

    threads = [threading.Thread(target=work, args=(f"n{i}",)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(titles) == sorted(f"n{i}" for i in range(12))


def in_child(code: str) -> list[str]:
    """A child that runs `code` when it is asked to read a file whose name is 'evil'."""
    script = (
        "import sys, os, time, json, instruments.child as child\n"
        "real = child.read\n"
        f"def read(path, name, **more):\n    if name == 'evil':\n        {code}\n    return real(path, name, **more)\n"
        "child.read = read\nchild.main()"
    )
    return [sys.executable, "-P", "-c", script]


@pytest.fixture
def sabotage(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lets a test replace what the child runs."""
    script: list[str] = []
    real = subprocess.Popen

    def popen(command: list[str], **more: object) -> object:
        return real([*in_child(script[0]), command[-1]], **more)  # type: ignore[call-overload]

    monkeypatch.setattr(jail_module.subprocess, "Popen", popen)
    return script


@pytest.mark.parametrize(
    ("code", "error", "stable"),
    [
        ("os.kill(os.getpid(), 11)", CorruptFile, "reader_crashed"),
        ("os._exit(3)", CorruptFile, "reader_crashed"),
        ("time.sleep(60)", TooLarge, "time_limit"),
        ("\n        while True: pass", TooLarge, "cpu_limit"),
        ("bytearray(10**10)", TooLarge, "memory_limit"),
        ("os.kill(os.getpid(), 9)", TooLarge, "memory_limit"),
        ("raise RecursionError", CorruptFile, "nested_too_deep"),
        ("__import__('socket').create_connection(('127.0.0.1', 9))", OSError, None),
        ("os.system('true')", OSError, None),
        ("__import__('pickle').loads(b'cos\\nsystem\\n.')", OSError, None),
    ],
)
def test_a_broken_child_is_reported_and_replaced(
    sabotage: list[str], code: str, error: type[Exception], stable: str | None
) -> None:
    sabotage.append(code)
    limits = Limits(cpu_seconds=0, wall_seconds=3.0) if stable == "cpu_limit" else Limits(wall_seconds=1.5)
    if stable in ("cpu_limit", "memory_limit") and sys.platform != "linux":
        pytest.skip("only Linux keeps these limits")
    with ReaderJail(limits) as jail:
        with pytest.raises(error) as caught:
            jail.read(MSP.encode(), "evil")
        if isinstance(caught.value, InstrumentError):
            assert caught.value.code == stable
        assert jail.read(MSP.encode(), "good")[0].title == "Cocaine"


def test_a_chatty_library_cannot_write_into_the_answers(sabotage: list[str]) -> None:
    sabotage.append("print('noise', flush=True); os.write(1, b'more noise\\n')")
    with ReaderJail() as jail:
        assert jail.read(MSP.encode(), "evil")[0].title == "Cocaine"


def test_the_child_sees_no_secret_of_the_parent(sabotage: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAST_SECRET_KEY", "s3cret")
    sabotage.append("raise OSError(str('MAST_SECRET_KEY' in os.environ))")
    with ReaderJail() as jail, pytest.raises(OSError, match="False"):
        jail.read(MSP.encode(), "evil")


def test_a_closed_jail_leaves_no_process_and_refuses_work() -> None:
    jail = ReaderJail(workers=2)
    jail.read(MSP.encode())
    pids = [worker._process.pid for worker in list(jail._idle.queue)]
    jail.close()
    jail.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    with pytest.raises(RuntimeError):
        jail.read(MSP.encode())


def test_workers_are_recycled() -> None:
    with ReaderJail(recycle=2) as jail:
        pids = set()
        for _ in range(4):
            jail.read(MSP.encode())
            pids.add(jail._idle.queue[0]._process.pid)
        assert len(pids) == 3


def test_an_answer_that_does_not_add_up_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with path.open("wb") as stream:
        wire.write(stream, read(RUN))
    whole = path.read_bytes()
    assert same(wire.read(path, 10**6)[0], read(RUN)[0])
    for broken in (whole[:-8], whole + bytes(8), whole[:-3], b"", b"MASTRDG1" + b"\xff" * 8, whole.replace(b'"n": 3', b'"n": 4'),
                   whole.replace(b"mass_run", b"mass_rum"), whole.replace(b'"scans": [2', b'"scans": [-2')):  # fmt: skip
        path.write_bytes(broken)
        with pytest.raises(CorruptFile) as caught:
            wire.read(path, 10**6)
        assert caught.value.code == "reader_crashed"
    path.write_bytes(whole)
    with pytest.raises(TooLarge):
        wire.read(path, 100)
    link = tmp_path / "link"
    link.symlink_to(path)
    with pytest.raises(CorruptFile):
        wire.read(link, 10**6)
