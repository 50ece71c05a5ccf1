"""What a reader's process gives up: shown from inside such a process, and layer by layer with stand-ins.

The kernel's refusals are provoked through ctypes, past Python, as compiled code would do it.
"""

from __future__ import annotations

import errno
import json
import os
import struct
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from instruments import Limits, confine
from instruments.confine import MACHINES, filter_program

ROOT = Path(__file__).resolve().parents[2]
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these layers")

# Every attempt of a confined process, with what came of it: "" when it worked.
ATTEMPTS = """
import ctypes, json, os, sys, threading
from pathlib import Path
from instruments import Limits, confine
writable, outside, hook = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "hook"
libc = ctypes.CDLL(None, use_errno=True)
if hook:
    held = confine.confine(Limits(), writable)
else:  # the kernel's promises alone, to see that they do not lean on Python's
    held = [name for name, done in confine._layers(Limits(), writable) if done]

def native(call):
    ctypes.set_errno(0)
    return "" if call() >= 0 else os.strerror(ctypes.get_errno())

def python(call):
    try:
        call()
    except (OSError, MemoryError) as error:
        return type(error).__name__
    return ""

def thread():
    seen = []
    one = threading.Thread(target=seen.append, args=(1,))
    one.start(); one.join()
    assert seen

print(json.dumps({
    "held": list(held),
    "native socket": native(lambda: libc.socket(2, 1, 0)),
    "native socketpair": native(lambda: libc.socketpair(1, 1, 0, (ctypes.c_int * 2)())),
    "native fork": native(libc.fork),
    "native exec": native(lambda: libc.execve(b"/bin/true", None, None)),
    "native io_uring": native(lambda: libc.syscall(425, 1, None)),
    "native look into the parent": native(lambda: libc.ptrace(16, os.getppid(), None, None)),
    "native write outside": native(lambda: libc.open(os.fsencode(outside / "new"), os.O_WRONLY | os.O_CREAT, 0o600)),
    "native remove outside": native(lambda: libc.unlink(os.fsencode(outside / "old"))),
    "python socket": python(lambda: __import__("socket").socket()),
    "python address": python(lambda: __import__("socket").getaddrinfo("localhost", 80)),
    "python url": python(lambda: __import__("urllib.request").request.urlopen("http://127.0.0.1:9/")),
    "python process": python(lambda: __import__("subprocess").run(["true"])),
    "python system": python(lambda: os.system("true")),
    "python pickle": python(lambda: __import__("pickle").loads(b"cos\\nsystem\\n.")),
    "python write outside": python(lambda: (outside / "new").write_text("x")),
    "python change outside": python(lambda: (outside / "old").write_text("x")),
    "python 3 GiB": python(lambda: bytearray(3 * 2**30)),
    "write inside": python(lambda: (writable / "new").write_text("x")),
    "read outside": python((outside / "old").read_text),
    "thread": python(thread),
}))
"""


def attempts(tmp_path: Path, how: str) -> dict[str, Any]:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/old").write_text("old", encoding="ascii")
    command = [sys.executable, "-c", ATTEMPTS, str(tmp_path / "in"), str(tmp_path / "out"), how]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=True, env=environment)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert not (tmp_path / "out/new").exists() or "landlock" not in answer["held"]
    return answer


@linux
def test_a_confined_process_can_read_and_write_in_one_place_and_nothing_else(tmp_path: Path) -> None:
    found = attempts(tmp_path, "hook")
    for layer in ("seccomp", "landlock"):
        if layer not in found["held"]:
            pytest.skip(f"this system has no {layer}")
    for attempt in (a for a in found if a.startswith("native")):
        refused = os.strerror(errno.EACCES if "outside" in attempt else errno.EPERM)
        assert found[attempt] == refused, attempt
    for attempt in (a for a in found if a.startswith("python")):
        assert found[attempt] == ("MemoryError" if "GiB" in attempt else "PermissionError"), attempt
    assert (found["write inside"], found["read outside"], found["thread"]) == ("", "", "")


@linux
def test_the_kernel_refuses_without_pythons_help(tmp_path: Path) -> None:
    found = attempts(tmp_path, "kernel")
    if "seccomp" not in found["held"]:
        pytest.skip("this system has no seccomp")
    assert found["native socket"] == os.strerror(errno.EPERM)
    assert (found["python socket"], found["python process"]) == ("PermissionError", "PermissionError")
    assert found["python pickle"] == ""  # that one is the audit hook's


# --- the filter, run by a model of the kernel's machine ---------------------------------------------------------


def verdict(program: bytes, architecture: int, number: int, argument: int = 0) -> int:
    """What the kernel would answer to a system call: classic BPF, the five instructions that the filter uses."""
    data = struct.pack("<iIQ6Q", number, architecture, 0, argument, 0, 0, 0, 0, 0)
    steps = list(struct.iter_unpack("<HBBI", program))
    at, value = 0, 0
    while True:
        code, yes, no, k = steps[at]
        if code == confine.RETURN:
            return int(k)
        if code == confine.LOAD:
            (value,) = struct.unpack_from("<I", data, k)
            at += 1
            continue
        fits = {confine.EQUAL: value == k, confine.AT_LEAST: value >= k, confine.ANY_BIT: bool(value & k)}[code]
        at += 1 + (yes if fits else no)


@pytest.mark.parametrize("machine", sorted(MACHINES))
def test_the_filter_refuses_what_it_should_on_every_machine(machine: str) -> None:
    architecture, refused, clone = MACHINES[machine]
    program = filter_program(machine)
    eperm = confine.REFUSE | errno.EPERM
    for name, number in refused.items():
        assert verdict(program, architecture, number) == eperm, name
    assert verdict(program, architecture, clone) == eperm  # a process
    assert verdict(program, architecture, clone, confine.CLONE_THREAD) == confine.ALLOW
    assert verdict(program, architecture, confine.CLONE3) == confine.REFUSE | errno.ENOSYS
    assert verdict(program, architecture, confine.X32 + 41) == eperm
    assert verdict(program, architecture ^ 1, 0) == confine.KILL
    assert {verdict(program, architecture, n) for n in (0, 1, 2, 3, 9)} == {confine.ALLOW}
    assert len(program) // 8 < 4096


def test_an_unknown_machine_gets_no_filter_rather_than_a_wrong_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert filter_program("vax") == b""
    assert confine.seccomp(None, "vax") is False
    monkeypatch.setattr(confine.sys, "byteorder", "big")
    assert filter_program("aarch64") == b""


# --- the layers with stand-ins ------------------------------------------------------------------------------------


class Kernel:
    """Answers of the C library, in order of the calls of each name; remembers the calls."""

    def __init__(self, **answers: list[int]) -> None:
        self.answers, self.calls = answers, []  # type: ignore[var-annotated]

    def __getattr__(self, name: str) -> Callable[..., int]:
        def call(*arguments: Any) -> int:
            self.calls.append((name, *arguments))
            return self.answers[name].pop(0)

        return call


@pytest.mark.skipif(not hasattr(os, "O_PATH"), reason="only Linux has such descriptors")
@pytest.mark.parametrize("version", [1, 2, 3, 4, 6])
def test_landlock_asks_for_what_each_version_of_the_kernel_knows(version: int, tmp_path: Path) -> None:
    rules = os.open(tmp_path, os.O_RDONLY)
    kernel = Kernel(syscall=[version, rules, 0, 0])
    assert confine.landlock(kernel, tmp_path)
    asked = kernel.calls[1]
    assert asked[3] == {1: 8, 2: 8, 3: 8, 4: 16, 6: 24}[version]
    files = struct.unpack_from("<Q", asked[2].raw)[0]
    assert bool(files & confine.REFER) == (version >= 2)
    assert bool(files & confine.TRUNCATE) == (version >= 3)
    allowed = struct.unpack_from("<Q", kernel.calls[2][4].raw)[0]
    assert not allowed & (confine.EXECUTE | confine.MAKE_DEVICE)


@pytest.mark.skipif(not hasattr(os, "O_PATH"), reason="only Linux has such descriptors")
@pytest.mark.parametrize("answers", [[-1], [0], [4, -1], [4, None, -1], [4, None, 0, -1]])
def test_landlock_says_when_it_does_not_hold(answers: list[int | None], tmp_path: Path) -> None:
    given = [os.open(tmp_path, os.O_RDONLY) if a is None else a for a in answers]
    assert confine.landlock(Kernel(syscall=given), tmp_path) is False


def test_a_kernel_that_gives_no_promise_is_asked_for_nothing_more(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(confine, "limit_memory", lambda limits: True)
    monkeypatch.setattr(confine.sys, "platform", "linux")
    monkeypatch.setattr(confine.ctypes, "CDLL", lambda *a, **k: Kernel(prctl=[-1]))
    assert list(confine._layers(Limits(), tmp_path)) == [("memory limit", True)]
    monkeypatch.setattr(confine.ctypes, "CDLL", lambda *a, **k: Kernel(prctl=[0, -1], syscall=[-1]))
    monkeypatch.setattr(confine.platform, "machine", lambda: "x86_64")
    assert list(confine._layers(Limits(), tmp_path))[1:] == [("landlock", False), ("seccomp", False)]
    monkeypatch.setattr(confine.sys, "platform", "darwin")
    assert list(confine._layers(Limits(), tmp_path)) == [("memory limit", True)]


def test_confining_puts_the_hook_and_says_what_holds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hooks: list[Any] = []
    monkeypatch.setattr(confine.sys, "addaudithook", hooks.append)
    monkeypatch.setattr(confine, "_layers", lambda limits, place: iter([("seccomp", True), ("landlock", False)]))
    monkeypatch.setattr(confine, "_confined", False)
    assert confine.confine(Limits(), tmp_path) == ("seccomp", "audit hook")
    assert confine.is_confined()
    (hook,) = hooks
    hook("open", ("x",))
    for event in ("socket.__new__", "subprocess.Popen", "os.fork", "pickle.find_class", "urllib.Request"):
        with pytest.raises(PermissionError, match=event):
            hook(event, ())


@pytest.mark.parametrize("failing", [True, False])
def test_limits_are_set_where_the_system_has_them(monkeypatch: pytest.MonkeyPatch, failing: bool) -> None:
    asked: list[tuple[Any, Any]] = []

    def setrlimit(what: str, values: tuple[int, int]) -> None:
        if failing:
            raise ValueError("not here")
        asked.append((what, values))

    stand_in = types.SimpleNamespace(
        setrlimit=setrlimit, RLIMIT_CORE="core", RLIMIT_AS="memory", RLIMIT_FSIZE="file", RLIMIT_CPU="cpu", RUSAGE_SELF=0,
        getrusage=lambda who: types.SimpleNamespace(ru_utime=3.4, ru_stime=0.2), getrlimit=lambda what: (-1, 1000),
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "resource", stand_in)
    limits = Limits(memory_bytes=5, result_bytes=6, cpu_seconds=7)
    assert confine.limit_memory(limits) is not failing
    confine.limit_cpu(limits)
    assert asked == ([] if failing else [("core", (0, 0)), ("memory", (5, 5)), ("file", (6, 6)), ("cpu", (11, 1000))])
    monkeypatch.setitem(sys.modules, "resource", None)  # Windows
    assert confine.limit_memory(limits) is False
    confine.limit_cpu(limits)
