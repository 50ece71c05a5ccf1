"""Log lines as plain data in tests: structlog's default would render every traceback with all locals, for seconds."""

from __future__ import annotations

import structlog


def plain() -> None:
    """Keep structlog's lines short; call once per test process."""
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level,
                    structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()],
    )  # fmt: skip
