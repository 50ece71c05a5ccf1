"""Ports for servers that tests start."""

from __future__ import annotations

import itertools
import os
import socket
from contextlib import suppress

# Each worker has ports of its own, below those that the system gives to connections, and above 10080, which browsers refuse. A port that
# is free when it is asked for and somebody else's a second later, when the server binds it, makes one test speak to the server of another.
_PORTS = itertools.count(11_000 + 2_000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")))


def free_port() -> int:
    """A port nobody listens on, and no other test of this run is given."""
    for port in _PORTS:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError
