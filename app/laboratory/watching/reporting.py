"""What a watcher says: a line for a person, or a JSON object per line for a script. The same trouble is said once an hour."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

import click

from instruments import printable

AGAIN_S = 3600.0


class Reporter:
    """Says what happens. `clock` is monotonic, for how often the same is said; the time on a line is the computer's.

    A log that cannot be written (disk full, pipe closed) stops nothing.
    """

    def __init__(self, clock: Callable[[], float], *, as_json: bool = False) -> None:
        self._clock = clock
        self._as_json = as_json
        self._said: dict[str, tuple[str, float]] = {}

    def say(self, event: str, sentence: str, **more: str | int) -> None:
        """Something that happened."""
        self._write(event, sentence, more, err=False)

    def trouble(self, about: str, sentence: str, event: str = "trouble", **more: str | int) -> None:
        """Something that is wrong with `about`; the same again only after an hour."""
        before = self._said.get(about)
        if before is not None and before[0] == sentence and self._clock() - before[1] < AGAIN_S:
            return
        self._said[about] = (sentence, self._clock())
        self._write(event, sentence, more, err=True)

    def over(self, about: str, sentence: str = "") -> None:
        """That trouble has ended; says so if there was one."""
        if self._said.pop(about, None) is not None and sentence:
            self.say("well_again", sentence)

    def _write(self, event: str, sentence: str, more: dict[str, str | int], *, err: bool) -> None:
        now = datetime.now().astimezone()
        try:
            if self._as_json:
                click.echo(
                    json.dumps({"at": now.isoformat(timespec="seconds"), "event": event, "text": sentence, **more})
                )
            else:
                click.echo(f"{now:%H:%M:%S}  {printable(sentence)}", err=err)
        except (OSError, ValueError):
            pass


def size_words(size: int) -> str:
    """ "41 kB", "1.2 MB": for people, in thousands."""
    if size < 1000:
        return f"{size} bytes"
    value = float(size)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.5 or unit == "GB":
            break
    return f"{value:.3g} {unit}"
