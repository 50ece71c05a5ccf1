"""How far a long verb has come, on stderr: a bar on a terminal, otherwise a line per step and per tenth of it."""

from __future__ import annotations

import sys

import click

WIDTH = 30


class Bar:
    """`bar(what, done, of)`; the same step may be told as often as one likes."""

    def __init__(self) -> None:
        self.told = ("", -1)

    def __call__(self, what: str, done: int, of: int) -> None:
        """Show it."""
        if sys.stderr.isatty():
            filled = WIDTH * done // of if of else WIDTH
            bar = "█" * filled + "·" * (WIDTH - filled)
            click.echo(f"\r{what} {bar} {done:,} of {of:,} ", err=True, nl=done >= of)
            return
        tenth = 10 * done // of if of else 10
        if (what, tenth) != self.told:
            click.echo(f"{what} … {done:,} of {of:,}", err=True)
        self.told = (what, tenth)
