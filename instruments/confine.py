"""What a reader's process gives up before it sees the first file, so that hostile bytes find nothing to misuse.

Three layers, each best effort: limits of memory and file size (POSIX); two promises kept by the Linux kernel,
which hold for compiled code too — seccomp (no socket, no other program, no further process, no look into another
process) and Landlock (writing only below one directory, no signals to the outside); and an audit hook of Python
(no socket, no process, no pickle) that works everywhere but binds Python code only.

All of it is irrevocable for the process. Standard library only; no root, no container needed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .limits import Limits

FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "pickle.find_class",
    "ftplib.",
    "http.client.",
    "smtplib.",
    "urllib.",
)
# System calls by machine: the audit architecture, then numbers from the kernel's own tables.
_X86 = {"socket": 41, "socketpair": 53, "fork": 57, "vfork": 58, "execve": 59, "ptrace": 101, "mount": 165,
        "unshare": 272, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311, "bpf": 321, "execveat": 322,
        "io_uring_setup": 425, "pidfd_getfd": 438}  # fmt: skip
_ARM = {"mount": 40, "unshare": 97, "ptrace": 117, "socket": 198, "socketpair": 199, "execve": 221, "setns": 268,
        "process_vm_readv": 270, "process_vm_writev": 271, "bpf": 280, "execveat": 281, "io_uring_setup": 425,
        "pidfd_getfd": 438}  # fmt: skip
MACHINES = {"x86_64": (0xC000003E, _X86, 56), "aarch64": (0xC00000B7, _ARM, 220)}  # the last is clone
CLONE3, CLONE_THREAD, X32 = 435, 0x10000, 0x40000000
KILL, REFUSE, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
EXECUTE, WRITE, REFER, TRUNCATE = 1 << 0, 1 << 1, 1 << 13, 1 << 14
REMOVE, MAKE, MAKE_DEVICE = 0b11 << 4, 0b111_1111 << 6, (1 << 6) | (1 << 9) | (1 << 11)

_confined = False


def is_confined() -> bool:
    """Whether this process gave up what `confine` takes: then it may run compiled readers."""
    return _confined


def confine(limits: Limits, writable: Path) -> tuple[str, ...]:
    """Give up everything a reader does not need; writing stays possible below `writable`. Says what holds here."""
    global _confined
    held = [name for name, done in _layers(limits, writable) if done]
    sys.addaudithook(_forbid)
    _confined = True
    return (*held, "audit hook")


def _layers(limits: Limits, writable: Path) -> Iterator[tuple[str, bool]]:
    yield "memory limit", limit_memory(limits)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        # Without privileges the kernel asks for this promise before it takes the others.
        if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
            yield "landlock", landlock(libc, writable)
            yield "seccomp", seccomp(libc, platform.machine())


def _forbid(event: str, args: tuple[Any, ...]) -> None:
    """An audit hook cannot be removed again: no network, no further process, no pickle (PEP 578)."""
    if event.startswith(FORBIDDEN):
        raise PermissionError(f"{event} is not allowed while reading a file")


def limit_memory(limits: Limits) -> bool:
    """macOS knows RLIMIT_AS but does not keep it, Windows has none of this."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits.result_bytes, limits.result_bytes))
    except (ImportError, ValueError, OSError, AttributeError):
        return False
    return True


def limit_cpu(limits: Limits) -> None:
    """RLIMIT_CPU counts the whole life of a process, so it moves on with every file."""
    try:
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = int(used.ru_utime + used.ru_stime) + limits.cpu_seconds + 1
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    except (ImportError, ValueError, OSError, AttributeError):
        return


def filter_program(machine: str) -> bytes:
    """The BPF program that the kernel runs on every system call, b"" for a machine whose numbers we do not know."""
    if machine not in MACHINES or sys.byteorder != "little":
        return b""
    architecture, refused, clone = MACHINES[machine]
    steps = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, architecture), (RETURN, 0, 0, KILL), (LOAD, 0, 0, 0)]
    steps += [(AT_LEAST, 0, 1, X32), (RETURN, 0, 0, REFUSE | errno.EPERM)]
    for number in sorted(refused.values()):
        steps += [(EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE | errno.EPERM)]
    # clone3 hides its flags from us; told that it does not exist, the C library uses clone, which may make threads
    steps += [(EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, REFUSE | errno.ENOSYS)]
    steps += [(EQUAL, 0, 3, clone), (LOAD, 0, 0, 16), (ANY_BIT, 1, 0, CLONE_THREAD)]
    steps += [(RETURN, 0, 0, REFUSE | errno.EPERM), (RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("<HBBI", *step) for step in steps)


def seccomp(libc: Any, machine: str) -> bool:
    """Have the kernel refuse sockets, programs and processes from here on."""
    program = filter_program(machine)
    if not program:
        return False
    steps = ctypes.create_string_buffer(program, len(program))
    filter_ = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(steps))
    return bool(libc.prctl(PR_SET_SECCOMP, 2, ctypes.create_string_buffer(filter_), 0, 0) == 0)


def landlock(libc: Any, writable: Path) -> bool:
    """Have the kernel refuse to write, make, remove or execute any file that is not below `writable`."""
    version = libc.syscall(LANDLOCK_CREATE, None, 0, 1)
    if version < 1:
        return False
    files = EXECUTE | WRITE | REMOVE | MAKE | (REFER if version >= 2 else 0) | (TRUNCATE if version >= 3 else 0)
    # from version 4 on also TCP (bind, connect), from 6 on abstract sockets and signals to other processes
    asked = struct.pack("<QQQ", files, 0b11, 0b11)[: 24 if version >= 6 else 16 if version >= 4 else 8]
    rules = libc.syscall(LANDLOCK_CREATE, ctypes.create_string_buffer(asked), len(asked), 0)
    if rules < 0:
        return False
    place = os.open(writable, os.O_PATH | os.O_CLOEXEC)
    try:
        allowed = struct.pack("<Qi", files & ~EXECUTE & ~MAKE_DEVICE, place)
        if libc.syscall(LANDLOCK_ADD, rules, 1, ctypes.create_string_buffer(allowed), 0) != 0:
            return False
        return bool(libc.syscall(LANDLOCK_RESTRICT, rules, 0) == 0)
    finally:
        os.close(place)
        os.close(rules)
