"""A watcher that kills itself at a named point: `python -m tests.watch.killed_watcher POINT TIMES ARGUMENTS OF mast watch`.

SIGKILL from inside is the same as from outside, and meets the point every time.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any

from app.laboratory.watching import upload
from app.laboratory.watching.ledger import Ledger
from app.laboratory.watching.server import Server

POINTS = (
    "before begin", "after begin", "after trying", "before head", "piece", "all pieces", "answered", "before delivered",
    "after delivered", "hashing", "packing", "packed",
)  # fmt: skip


def arm(point: str, times: int) -> None:
    """Die when `point` is passed for the `times`-th time."""
    left = times

    def passed(name: str) -> None:
        nonlocal left
        if name == point:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(owner: Any, method: str, before: str = "", after: str = "") -> None:
        whole: Callable[..., Any] = getattr(owner, method)

        def wrapped(*given: Any, **more: Any) -> Any:
            passed(before)
            found = whole(*given, **more)
            passed(after)
            return found

        setattr(owner, method, wrapped)

    pieces = Server._pieces

    def watched_pieces(server: Server, upload: Any) -> Iterator[bytes]:
        for piece in pieces(server, upload):
            yield piece
            passed("piece")

    Server._pieces = watched_pieces  # type: ignore[method-assign]
    around(Ledger, "begin", "before begin", "after begin")
    around(Ledger, "trying", after="after trying")
    around(Ledger, "delivered", "before delivered", "after delivered")
    around(Server, "send", after="answered")
    around(HTTPConnection, "putrequest", before="before head")
    around(HTTPConnection, "getresponse", before="all pieces")
    around(upload, "_hashed", before="hashing")
    around(upload, "pack_folder", "packing", "packed")


if __name__ == "__main__":
    from app.cli import main

    arm(sys.argv[1], int(sys.argv[2]))
    main(["watch", *sys.argv[3:]])
