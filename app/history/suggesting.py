"""Lines for the map from words it does not know, with the nearest names known here beside them. Pure.

Nothing is filled in: what a word means is said by somebody who knows the source, never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from app.history.mapping import OUR_WORDS
from harm_messages import Register

NEAREST = 3
CUTOFF = 0.72
_NAMED = {"substance": "substances", "expected": "expected"}


def map_lines(unknown: Mapping[str, Mapping[str, int]], register: Register) -> str:
    """TOML to be pasted into the map and filled in; empty where nothing is unknown.

    >>> from harm_messages import load_pack
    >>> print(map_lines({"substance": {"fentanil": 12}}, load_pack().substances).splitlines()[-1])
    "fentanil" = ""  # 12 rows; near it: fentanyl
    """
    known = _names(register)
    lines: list[str] = []
    for what, words in unknown.items():
        if what == "outcome":
            continue  # which of three lists a word belongs to is said in its [[test]]
        if what == "site":
            for word, rows in words.items():
                lines += ["[[site]]", f'name = ""  # {_rows(rows)}', 'agency = ""', f"says = [{_quoted(word)}]", ""]
            continue
        near_to = known if what in _NAMED else {w: w for w in OUR_WORDS[what]}
        lines.append(f"[{_NAMED[what]}.names]" if what in _NAMED else f"[vocabulary.{what}.values]")
        lines += [f'{_quoted(word)} = ""  # {_rows(rows)}{_near(word, near_to)}' for word, rows in words.items()]
        lines.append("")
    return "\n".join(["# Write behind each “=” what the word means here.", *lines]).rstrip() if lines else ""


def _names(register: Register) -> dict[str, str]:
    """Every name and alias, casefolded → the register's id."""
    return {word.casefold(): s.id for s in register for word in (s.id, s.name, *s.aliases)}


def _near(word: str, known: Mapping[str, str]) -> str:
    close = get_close_matches(word.casefold(), known, n=NEAREST, cutoff=CUTOFF)
    ids: Iterable[str] = dict.fromkeys(known[name] for name in close)
    told = ", ".join(ids)
    return f"; near it: {told}" if told else ""


def _rows(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"


def _quoted(word: str) -> str:
    """A basic string of TOML, which JSON's strings are."""
    return json.dumps(word, ensure_ascii=False)
