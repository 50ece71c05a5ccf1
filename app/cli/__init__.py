"""The `mast` command. Thin: each verb reads its options and calls a use case."""

from app.cli.root import main

__all__ = ["main"]
