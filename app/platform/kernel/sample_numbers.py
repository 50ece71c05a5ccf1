"""Sample numbers as they are written: 010 where the server gave it out, B07 where a tablet did without the server.

Both are one whole number in the database, unique in its session, so that nothing can take B07 for 007: what a tablet gives out
lies in a block of its own. Pure.
"""

from __future__ import annotations

import re

BLOCK = 1_000_000
"""Numbers of the first tablet of a session begin after this one, those of the second after twice as much, and so on."""
LETTERS = "ABCDEFHJKLMNPQRTUVWXYZ"
"""Without I and O, which are read as figures, G, which begins a group, and S, which marks any number in a file's name."""
_WRITTEN = re.compile(rf"([{LETTERS}]{{1,2}})(\d{{2,4}})")


def letters(tablet: int) -> str:
    """A for the first tablet of a session, B for the second, after Z comes AA."""
    name = ""
    while tablet > 0:
        tablet, place = divmod(tablet - 1, len(LETTERS))
        name = LETTERS[place] + name
    return name


def of_tablet(tablet: int, count: int) -> int:
    """The number a tablet gives out when it has counted so far."""
    return tablet * BLOCK + count


def sample_number(number: int) -> str:
    """The label of a sample, such as 010 or B07, as it is written on the bag and shown on every screen."""
    tablet, count = divmod(number, BLOCK)
    return f"{letters(tablet)}{count:02d}" if tablet else f"{count:03d}"


def number_written(text: str) -> int | None:
    """What `sample_number` writes, read again in either case of letters; None for anything else."""
    text = text.strip().upper()
    if text.isdecimal() and len(text) <= 6:
        return int(text)
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None
    tablet = 0
    for letter in found[1]:
        tablet = tablet * len(LETTERS) + LETTERS.index(letter) + 1
    return of_tablet(tablet, int(found[2]))
