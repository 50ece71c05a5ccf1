"""The sandbox: the same readings as in process, and every way a child can break becomes the right error."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from instruments import (
    DEFAULT_LIMITS,
    CorruptFile,
    InstrumentError,
    Limits,
    ParserSandbox,
    TooLarge,
    child,
    read,
    wire,
)
from instruments import sandbox as jail_module
from spectra.types import Reading
from tests.instruments.instrument_files import MASSBANK, MGF, MSP, jcamp, mzml, spectrum, table

RUN = mzml(
    *(spectrum(i, [50.5, 60], [1, i], minutes=i, precursor=90 if i else None, level=1 + (i > 0)) for i in range(3))
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ParserSandbox]:
    with ParserSandbox() as made:
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
def test_the_jail_gives_the_same_readings_as_reading_in_process(sandbox: ParserSandbox, content: bytes) -> None:
    for a, b in zip(sandbox.read(content, "x"), read(content, "x"), strict=True):
        assert same(a, b)


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
        ("os._exit(3)", CorruptFile, "reader_crashed"),
        ("time.sleep(60)", TooLarge, "time_limit"),
        ("bytearray(10**10)", TooLarge, "memory_limit"),
        ("raise RecursionError", CorruptFile, "nested_too_deep"),
        ("__import__('socket').create_connection(('127.0.0.1', 9))", OSError, None),
        pytest.param("os.kill(os.getpid(), 11)", CorruptFile, "reader_crashed", marks=pytest.mark.long),
        pytest.param("\n        while True: pass", TooLarge, "cpu_limit", marks=pytest.mark.long),
        pytest.param("os.kill(os.getpid(), 9)", TooLarge, "memory_limit", marks=pytest.mark.long),
        pytest.param("os.system('true')", OSError, None, marks=pytest.mark.long),
        pytest.param("__import__('pickle').loads(b'cos\\nsystem\\n.')", OSError, None, marks=pytest.mark.long),
    ],
)
def test_a_broken_child_is_reported_and_replaced(
    sabotage: list[str], code: str, error: type[Exception], stable: str | None
) -> None:
    sabotage.append(code)
    limits = Limits(cpu_seconds=1, wall_seconds=10.0) if stable == "cpu_limit" else Limits(wall_seconds=1.5)
    if stable in ("cpu_limit", "memory_limit") and sys.platform != "linux":
        pytest.skip("only Linux keeps these limits")
    with ParserSandbox(limits) as sandbox:
        with pytest.raises(error) as caught:
            sandbox.read(MSP.encode(), "evil")
        if isinstance(caught.value, InstrumentError):
            assert caught.value.code == stable
        assert sandbox.read(MSP.encode(), "good")[0].title == "Cocaine"


def test_a_chatty_library_cannot_write_into_the_answers(sabotage: list[str]) -> None:
    sabotage.append("print('noise', flush=True); os.write(1, b'more noise\\n')")
    with ParserSandbox() as sandbox:
        assert sandbox.read(MSP.encode(), "evil")[0].title == "Cocaine"


def test_the_child_sees_no_secret_of_the_parent(sabotage: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAST_SECRET_KEY", "s3cret")
    sabotage.append("raise OSError(str('MAST_SECRET_KEY' in os.environ))")
    with ParserSandbox() as sandbox, pytest.raises(OSError, match="False"):
        sandbox.read(MSP.encode(), "evil")


def test_a_closed_jail_leaves_no_process_and_refuses_work() -> None:
    sandbox = ParserSandbox(workers=2)
    sandbox.read(MSP.encode())
    pids = [worker._process.pid for worker in list(sandbox._idle.queue)]
    sandbox.close()
    sandbox.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    with pytest.raises(RuntimeError):
        sandbox.read(MSP.encode())


def test_an_answer_that_does_not_add_up_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with path.open("wb") as stream:
        wire.write(stream, read(RUN))
    whole = path.read_bytes()
    assert same(wire.read(path, DEFAULT_LIMITS)[0], read(RUN)[0])
    for broken in (whole[:-8], whole + bytes(8), whole[:-3], b"", b"MASTRDG1" + b"\xff" * 8, whole.replace(b'"n": 3', b'"n": 4'),
                   whole.replace(b"mass_run", b"mass_rum"), whole.replace(b'"scans": [2', b'"scans": [-2')):  # fmt: skip
        path.write_bytes(broken)
        with pytest.raises(CorruptFile) as caught:
            wire.read(path, DEFAULT_LIMITS)
        assert caught.value.code == "reader_crashed"
    path.write_bytes(whole)
    with pytest.raises(TooLarge):
        wire.read(path, dataclasses.replace(DEFAULT_LIMITS, result_bytes=100))
    with pytest.raises(TooLarge, match="say more"):
        wire.read(path, dataclasses.replace(DEFAULT_LIMITS, header_bytes=100))
    link = tmp_path / "link"
    link.symlink_to(path)
    with pytest.raises(CorruptFile):
        wire.read(link, DEFAULT_LIMITS)
    if hasattr(os, "mkfifo"):  # nobody writes into it: opening it as a file is opened would wait for ever
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(CorruptFile):
            wire.read(tmp_path / "pipe", DEFAULT_LIMITS)


def test_the_end_of_the_service_is_no_verdict_on_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    with ParserSandbox() as sandbox:
        sandbox.held()
        worker = sandbox._idle.queue[0]
        assert worker is not None
        for name in ("SIGTERM", "SIGINT"):  # what a manager of services sends to all processes of one
            os.kill(worker._process.pid, getattr(signal, name))
        assert sandbox.read(RUN)[0].kind.value == "mass_run"
        assert sandbox._idle.queue[0] is worker

        def closed_meanwhile(*_: object) -> dict[str, object]:
            sandbox.close()
            raise CorruptFile("The reader broke down on this file.", code="reader_crashed")

        monkeypatch.setattr(worker, "ask", closed_meanwhile)
        with pytest.raises(RuntimeError, match="closed"):
            sandbox.read(RUN)


def test_a_child_that_died_while_it_waited_condemns_no_file() -> None:
    with ParserSandbox() as sandbox:
        for _ in range(2):  # before the first file, and between two
            sandbox.held()
            worker = sandbox._idle.queue[0]
            assert worker is not None
            os.kill(worker._process.pid, signal.SIGKILL)
            worker._process.wait()
            assert sandbox.read(RUN)[0].kind.value == "mass_run"


def test_a_reader_that_does_not_start_blames_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jail_module, "START_SECONDS", 0.0)
    with ParserSandbox() as sandbox, pytest.raises(OSError, match="did not start"):
        sandbox.read(RUN)


# --- the child's own code, in the open ------------------------------------------------------------------------------


def test_a_system_error_is_told_in_its_own_words(tmp_path: Path) -> None:
    request = {"path": str(tmp_path / "none"), "name": "a", "hints": {}, "out": str(tmp_path / "out")}
    assert child._answer(request, Limits()) == {"ok": False, "os_error": "No such file or directory"}
    (tmp_path / "none").write_text(MSP, encoding="ascii")
    assert child._answer(request, Limits()) == {"ok": True}
    assert child._answer(request, Limits()) == {"ok": False, "os_error": "File exists"}  # an answer is never replaced


@pytest.mark.parametrize("lean", [True, False])
def test_the_child_announces_itself_and_serves_until_its_input_closes(
    lean: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.msp").write_text(MSP, encoding="ascii")
    request = {"path": str(tmp_path / "a.msp"), "name": "a.msp", "hints": {}, "out": str(tmp_path / "out")}
    loaded: list[str] = []
    spoken = io.BytesIO()
    monkeypatch.setattr(child, "_claim_channel", lambda: spoken)
    monkeypatch.setattr(child, "confine", lambda limits, place: ("all of it",))
    monkeypatch.setattr(child, "limit_cpu", lambda limits: None)
    monkeypatch.setattr(child, "PRELOAD", ("zipfile",))
    monkeypatch.setattr(child.importlib, "import_module", loaded.append)
    monkeypatch.setattr(
        child.sys, "argv", ["child", *(["--lean"] if lean else []), json.dumps(dataclasses.asdict(Limits()))]
    )
    monkeypatch.setattr(child.sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(request).encode() + b"\n")))
    child.main()
    assert [json.loads(line) for line in spoken.getvalue().splitlines()] == [
        {"ready": True, "held": ["all of it"]},
        {"ok": True},
    ]
    assert loaded == ([] if lean else ["zipfile"])
    assert wire.read(tmp_path / "out", DEFAULT_LIMITS)[0].title == "Cocaine"


# --- the sandbox's own bookkeeping -------------------------------------------------------------------------------------


def test_compiled_code_in_the_child_gets_no_socket(sabotage: list[str]) -> None:
    sabotage.append("c = __import__('ctypes').CDLL(None); raise OSError(f'native socket {c.socket(2, 1, 0)}')")
    with ParserSandbox() as sandbox:
        if "seccomp" not in sandbox.held():
            pytest.skip("this system has no seccomp")
        with pytest.raises(OSError, match="native socket -1"):
            sandbox.read(MSP.encode(), "evil")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps this limit")
def test_memory_stays_under_the_limit_and_the_parent_stays_as_it_was(sabotage: list[str]) -> None:
    sabotage.append("__import__('numpy').ones(2**28)")  # 2 GiB of touched memory
    process = psutil.Process()
    with ParserSandbox() as sandbox:
        before = process.memory_info().rss
        with pytest.raises(TooLarge) as caught:
            sandbox.read(MSP.encode(), "evil")
        worker = sandbox._idle.queue[0]
        assert worker is not None
        assert caught.value.code == "memory_limit"
        assert psutil.Process(worker._process.pid).memory_info().vms <= Limits().memory_bytes
        assert process.memory_info().rss - before < 64 * 2**20
        assert sandbox.read(MSP.encode(), "good")[0].title == "Cocaine"  # the same child, still alive


@pytest.mark.parametrize(
    "answer",
    ["not json", "[]", '{"ok": false}', '{"ok": false, "error": 3}', '{"ok": false, "error": {"error": "AmbiguousText", "choices": [1]}}',
     '{"ok": true}', "too long"],
)  # fmt: skip
def test_an_answer_that_is_none_counts_as_a_crash(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = "'x' * 2_000_000" if answer == "too long" else repr(answer)
    script = f"import sys; print('{{\"ready\": true}}', flush=True); sys.stdin.readline(); print({told}, flush=True); sys.stdin.readline()"
    real = subprocess.Popen
    monkeypatch.setattr(
        jail_module.subprocess, "Popen", lambda command, **more: real([sys.executable, "-c", script], **more)
    )
    with ParserSandbox() as sandbox, pytest.raises(CorruptFile) as caught:
        sandbox.read(MSP.encode())
    assert caught.value.code == "reader_crashed"


def test_what_a_child_leaves_behind_is_swept(tmp_path: Path) -> None:
    with ParserSandbox() as sandbox:
        worker = sandbox._idle.queue[0]
        assert worker is not None
        (worker.directory / "folder/inner").mkdir(parents=True)
        (worker.directory / "file").write_text("x", encoding="ascii")
        (worker.directory / "link").symlink_to(tmp_path, target_is_directory=True)
        sandbox.read(MSP.encode())
        assert list(worker.directory.iterdir()) == []
        assert tmp_path.is_dir()


def test_folders_of_processes_that_were_killed_are_swept_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """attack.md 13: sandbox folders stayed for ever after kill -9."""
    monkeypatch.setattr(jail_module.tempfile, "tempdir", str(tmp_path))
    code = "import time; from instruments import ParserSandbox; s = ParserSandbox(workers=0); print('up', flush=True); time.sleep(60)"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment)
    assert other.stdout is not None
    assert other.stdout.readline() == b"up\n"
    other.kill()
    other.wait()
    other.stdout.close()
    (dead,) = tmp_path.iterdir()
    (dead / "of a child").mkdir()
    with ParserSandbox(workers=0):
        assert dead.exists(), "a folder this young may be one that is not locked yet"
        (living,) = set(tmp_path.iterdir()) - {dead}
        for folder in (dead, living):
            os.utime(folder, (0, 0))
        jail_module.sweep_left_behind()
        assert list(tmp_path.iterdir()) == [living]
    assert list(tmp_path.iterdir()) == []
