"""The process inside the jail: `python -m instruments.child LIMITS`. Reads one file per request, touches no network.

Requests and answers are JSON lines on the original stdin and stdout; readings go to a file that the parent
names. Imports nothing above `instruments`.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any, BinaryIO

from . import wire
from .errors import CorruptFile, InstrumentError, TooLarge
from .limits import Limits
from .reading import read
from .registry import formats

# Loaded before the memory limit and the first file, so that a request costs only its own work.
PRELOAD = ("lxml.etree", "pynumpress", "pyteomics.mgf", "instruments.readers.mzml_skeleton", "zipfile")
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


def _forbid(event: str, args: tuple[Any, ...]) -> None:
    """An audit hook cannot be removed again: no network, no further process, no pickle (PEP 578)."""
    if event.startswith(FORBIDDEN):
        raise PermissionError(f"{event} is not allowed while reading a file")


def _limit_memory(limits: Limits) -> None:
    """Best effort: macOS knows RLIMIT_AS but does not keep it, Windows has none of this."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits.result_bytes, limits.result_bytes))
    except (ImportError, ValueError, OSError, AttributeError):
        return


def _limit_cpu(limits: Limits) -> None:
    """RLIMIT_CPU counts the whole life of a process, so it moves on with every file."""
    try:
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = int(used.ru_utime + used.ru_stime) + limits.cpu_seconds + 1
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    except (ImportError, ValueError, OSError, AttributeError):
        return


def _answer(request: dict[str, Any], limits: Limits) -> dict[str, Any]:
    try:
        readings = read(Path(request["path"]), request["name"], limits=limits, **request["hints"])
        with open(request["out"], "xb") as stream:
            wire.write(stream, readings)
        return {"ok": True}
    except InstrumentError as error:
        return {"ok": False, "error": error.to_dict()}
    except MemoryError:
        return {
            "ok": False,
            "error": TooLarge("Reading this file needs more memory than is allowed.", code="memory_limit").to_dict(),
        }
    except RecursionError:
        return {"ok": False, "error": CorruptFile("This file is nested too deeply.", code="nested_too_deep").to_dict()}
    except OSError as error:
        return {"ok": False, "os_error": error.strerror or str(error)}


def _claim_channel() -> BinaryIO:
    """The answer channel, moved away from stdout so that a chatty library cannot write into it."""
    channel = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return channel


def main() -> None:
    """Serve requests until stdin closes."""
    limits = Limits(**json.loads(sys.argv[1]))
    channel = _claim_channel()
    formats()
    for name in PRELOAD:
        importlib.import_module(name)
    _limit_memory(limits)
    sys.addaudithook(_forbid)
    channel.write(b'{"ready": true}\n')
    for line in sys.stdin.buffer:
        _limit_cpu(limits)
        channel.write(json.dumps(_answer(json.loads(line), limits)).encode() + b"\n")


if __name__ == "__main__":
    main()
