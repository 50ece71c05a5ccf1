"""The `mast` command. Thin: each verb reads its options and calls a use case."""

from app.cli import instruments_verbs, library_verbs, messages_verbs, operator_verbs, serve_verbs, trends_verbs  # noqa: F401
from app.cli.root import main

__all__ = ["main"]
