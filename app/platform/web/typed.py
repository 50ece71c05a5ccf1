"""What people type into a form, as values: one reading of numbers and keys for every form. Knows no feature."""

from __future__ import annotations

import uuid

MOST = 1e12
"""No figure of a form is as large; beyond it something else was typed into the field."""


def number(text: str, field: str, wrong: dict[str, str], *, example: str = "71.5") -> float | None:
    """A number with a point or a comma, a % sign allowed after it; nothing when empty.

    One that cannot be read is named in `wrong`. A thousands separator is not guessed.

    >>> wrong = {}
    >>> number("98,5 %", "purity", wrong), number("", "purity", wrong), number("about 3", "purity", wrong), wrong
    (98.5, None, None, {'purity': '“about 3” is not a number. Write it like 71.5.'})
    """
    plain = text.replace("\u00a0", "").replace(" ", "").removesuffix("%")
    if not plain:
        return None
    try:
        value = float(plain.replace(",", ".", 1) if plain.count(",") == 1 and "." not in plain else plain)
    except ValueError:
        value = float("nan")
    if not abs(value) < MOST:  # also refuses what is not a number
        wrong[field] = f"“{text}” is not a number. Write it like {example}."
        return None
    return value


def key_of(text: str) -> uuid.UUID | None:
    """A key in a field, None where it is none."""
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None
