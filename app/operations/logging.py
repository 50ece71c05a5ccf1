"""Structured logs on stderr: JSON lines, without ticket codes, notes, words spoken or secrets."""

from __future__ import annotations

import logging
import re
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# Twelve symbols of the ticket alphabet, with or without separators, are taken for a ticket wherever they stand.
_TICKET = re.compile(
    r"(?<![0-9A-Za-z])(?:[34679CDFGHJKMNPQRTVWXY]{4}[ -]?){2}[34679CDFGHJKMNPQRTVWXY]{4}(?![0-9A-Za-z])",
    re.IGNORECASE,
)
# What databases and validators quote of the values they refuse: rows with notes in them.
_QUOTED = (
    re.compile(r"DETAIL:.*?(?=\n\[SQL|\n\n|\Z)", re.DOTALL),
    re.compile(r"input_value=.*?(?=, input_type|\n|\Z)"),
    re.compile(r"'input': .*?(?=, 'ctx'|, 'url'|\}|\n|\Z)"),
)
_SECRET_KEYS = frozenset(
    {"ticket", "code", "password", "token", "secret", "cookie", "authorization", "note", "staff_note", "words_spoken"}
)


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Blank what must not be in a log, by key and by shape."""
    for key, value in event.items():
        if key.lower() in _SECRET_KEYS:
            event[key] = "…"
        elif isinstance(value, str):
            for quoted in _QUOTED:
                value = quoted.sub("…", value)  # noqa: PLW2901
            event[key] = _TICKET.sub("…", value)
    return event


def configure(level: str = "INFO") -> None:
    """Set up structlog and the standard library's loggers in one format."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redact,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "alembic"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    for name in (
        "uvicorn.access",
        "alembic.runtime.migration",
    ):  # a line or two for every request, of which /ready is most
        logging.getLogger(name).setLevel("WARNING")
