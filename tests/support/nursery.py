"""Workers of a forked server, forked as well: a worker that is started as a command imports everything anew, which costs more
than all else a small site does.

A process that has forked before it had a thread (the nursery) waits at a socket. What asks for `mast worker` gets a process of it,
with the same pipes, environment and exit code a started command would have.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import IO


class Nursery:
    """Made in a process without threads; it ends with that process, however that ends."""

    def __init__(self) -> None:
        self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork() == 0:
            self._socket.close()
            _wait_for_births(other)
            os._exit(0)
        other.close()

    def subprocess(self) -> SimpleNamespace:
        """What takes the place of the module for a feature that starts workers."""
        return SimpleNamespace(
            Popen=self._popen,
            PIPE=subprocess.PIPE,
            TimeoutExpired=subprocess.TimeoutExpired,
            DEVNULL=subprocess.DEVNULL,
        )

    def _popen(self, command: Sequence[str], *, env: Mapping[str, str], stdin: int, stdout: int) -> Born:
        assert (stdin, stdout) == (subprocess.PIPE, subprocess.PIPE)
        inside, to_it = os.pipe()
        from_it, outside = os.pipe()
        told, tells = os.pipe()
        words = list(command)
        asked = json.dumps([words[words.index("app.cli") + 1 :], dict(env)]).encode()
        socket.send_fds(self._socket, [asked], [inside, outside, tells])
        for end in (inside, outside, tells):
            os.close(end)
        return Born(os.fdopen(to_it, "wb"), os.fdopen(from_it, "rb"), told)


class Born:
    """What `subprocess.Popen` is to a command."""

    def __init__(self, stdin: IO[bytes], stdout: IO[bytes], told: int) -> None:
        self.stdin, self.stdout = stdin, stdout
        self._told = os.fdopen(told, "rb", buffering=0)
        self.pid = int(self._told.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, once it has ended."""
        if self.returncode is None and select.select([self._told], [], [], 0)[0]:
            self._ended()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Until it has ended, or for so long."""
        if self.returncode is None:
            if not select.select([self._told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("mast worker", timeout or 0)
            self._ended()
        assert self.returncode is not None
        return self.returncode

    def terminate(self) -> None:
        """SIGTERM."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def _ended(self) -> None:
        self.returncode = int(self._told.readline() or -signal.SIGKILL)


def _wait_for_births(asked: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the midwives
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        message, ends, _, _ = socket.recv_fds(asked, 1 << 20, 3)
        if not message:
            return
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            asked.close()
            _deliver(*json.loads(message), *ends)
        for end in ends:
            os.close(end)


def _deliver(arguments: list[str], environment: dict[str, str], stdin: int, stdout: int, tells: int) -> None:
    pid = os.fork()
    if pid:
        os.close(stdin)
        os.close(stdout)
        os.write(tells, f"{pid}\n".encode())
        _, status = os.waitpid(pid, 0)
        os.write(tells, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os._exit(0)
    os.close(tells)
    os.dup2(stdin, 0)
    os.dup2(stdout, 1)
    os.close(stdin)
    os.close(stdout)
    sys.stdin, sys.stdout = os.fdopen(0, "r", closefd=False), os.fdopen(1, "w", closefd=False)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["mast", *arguments]
    code = 1
    try:
        importlib.import_module("app.cli").main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        os._exit(code)
