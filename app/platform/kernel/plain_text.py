"""Text that can be stored, and is read in the order in which it is written."""

from __future__ import annotations

import re
import unicodedata

# Control characters, and what turns the direction of what follows. Marks that only say which way a letter
# runs (U+061C, U+200E, U+200F) and joiners pass: some scripts need them.
_REFUSED = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def plain_text(text: str) -> str:
    """The text. Raises ValueError with what it holds, and where."""
    if found := _REFUSED.search(text):
        code, name = ord(found[0]), unicodedata.name(found[0], "").lower()
        called = f"U+{code:04X} ({name})" if name else f"U+{code:04X}"
        raise ValueError(f"holds the control character {called} as character {found.start() + 1}: take it out")
    return text
