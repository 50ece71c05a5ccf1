"""Log lines as plain data in tests: structlog's default would render every traceback with all locals, for seconds."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from app.operations import logging as logs


def plain() -> None:
    """Keep structlog's lines short; tests/conftest.py asks for it."""
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level,
                    structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()],
    )  # fmt: skip


@contextmanager
def captured() -> Iterator[Callable[[], str]]:
    """Everything logged at DEBUG meanwhile, SQL included, as the server writes it."""
    root, before, stderr = logging.getLogger(), structlog.get_config(), sys.stderr
    handlers, level = root.handlers[:], root.level
    stream = sys.stderr = io.StringIO()
    logs.configure("DEBUG")
    logging.getLogger("sqlalchemy.engine").setLevel("INFO")
    try:
        yield stream.getvalue
    finally:
        logging.getLogger("sqlalchemy.engine").setLevel("NOTSET")
        root.handlers[:], root.level, sys.stderr = handlers, level, stderr
        structlog.configure(**before)
