"""The process inside the sandbox: `python -m instruments.child [--lean] LIMITS`. Reads one file per request.

Requests and answers are JSON lines on the original stdin and stdout; readings go to a file that the parent
names, below the temporary directory that the parent made for this child. Imports nothing above `instruments`.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

from . import wire
from .confine import confine, limit_cpu
from .errors import CorruptFile, InstrumentError, TooLarge
from .limits import Limits
from .reading import read
from .registry import formats

# Loaded before the memory limit and the first file, so that a request costs only its own work. Compiled readers of
# vendor formats are not among them: they are loaded with the first file that needs them.
PRELOAD = ("lxml.etree", "pynumpress", "instruments.readers.mzml_skeleton", "zipfile")


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
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        # Sent to every process of a service that stops. The parent ends its children itself; a file that is being
        # read must not be taken for one that kills its reader.
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    limits = Limits(**json.loads(sys.argv[-1]))
    channel = _claim_channel()
    formats()
    for name in () if "--lean" in sys.argv else PRELOAD:
        importlib.import_module(name)
    held = confine(limits, Path(tempfile.gettempdir()))
    channel.write(json.dumps({"ready": True, "held": held}).encode() + b"\n")
    for line in sys.stdin.buffer:
        limit_cpu(limits)
        channel.write(json.dumps(_answer(json.loads(line), limits)).encode() + b"\n")


if __name__ == "__main__":
    main()
