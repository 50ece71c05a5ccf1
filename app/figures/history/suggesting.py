"""Lines for the map from words it does not know, with the nearest names known here beside them. Pure.

What a word means is said by somebody who knows the source, never guessed. A site is filled in as the source calls it, with
the agency its rows name.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from app.figures.history.mapping import OUR_WORDS, folded, one_line
from harm_messages import Register

_HEAD = (
    "# Write behind each “=” what the word means here. Move lines of a [section] the map has already into that one.",
    "# Sites have the name the source gives them; several spellings of one are one block with all of them under says.",
)
NEAREST = 3
LEAST_LETTERS = 3
CUTOFF = 0.72
_NAMED = {"substance": "substances", "expected": "expected"}


def map_lines(
    unknown: Mapping[str, Mapping[str, int]], register: Register, sites: Mapping[tuple[str, str], int] | None = None
) -> str:
    """TOML to be pasted into the map and filled in; empty where nothing is unknown. `sites`: by agency and word.

    >>> from harm_messages import load_pack
    >>> print(map_lines({"substance": {"fentanil": 12}}, load_pack().substances).splitlines()[-1])
    "fentanil" = ""  # 12 rows; near it: alfentanil, fentanyl, carfentanil
    """
    known = _names(register)
    lines: list[str] = []
    for what, words in unknown.items():
        if what == "outcome":
            continue  # which of three lists a word belongs to is said in its [[test]]
        if what == "site":
            lines += _site_lines(sites or {("", word): rows for word, rows in words.items()})
            continue
        near_to = known if what in _NAMED else {w: w for w in OUR_WORDS[what]}
        lines.append(f"[{_NAMED[what]}.names]" if what in _NAMED else f"[vocabulary.{what}.values]")
        lines += [f'{_quoted(word)} = ""  # {_rows(rows)}{_near(word, near_to)}' for word, rows in _once(words).items()]
        lines.append("")
    return "\n".join([*_HEAD, *lines]).rstrip() if lines else ""


def _site_lines(sites: Mapping[tuple[str, str], int]) -> list[str]:
    """Spellings of one site stand near each other."""
    by_agency: dict[str, dict[str, int]] = {}
    for (agency, word), rows in sorted(sites.items()):
        by_agency.setdefault(agency, {})[word] = rows
    lines = []
    for agency, words in by_agency.items():
        for word, rows in sorted(_once(words).items(), key=lambda one: folded(one[0])):
            lines += ["[[site]]", f"name = {_quoted(one_line(word))}  # {_rows(rows)}", f"agency = {_quoted(agency)}"]
            lines += [f"says = [{_quoted(word)}]", ""]
    return lines


def _once(words: Mapping[str, int]) -> dict[str, int]:
    """Words that differ in case or blanks alone are one, spelt as most rows spell it."""
    spelt: dict[str, str] = {}
    rows: Counter[str] = Counter()
    for word, n in sorted(words.items(), key=lambda one: -one[1]):
        rows[spelt.setdefault(folded(word), word)] += n
    return dict(rows)


def _names(register: Register) -> dict[str, str]:
    """Every name and alias, casefolded → the register's id."""
    return {word.casefold(): s.id for s in register for word in (s.id, s.name, *s.aliases)}


def _near(word: str, known: Mapping[str, str]) -> str:
    parts = [part for part in re.findall(r"[\w-]+", word.casefold()) if len(part) >= LEAST_LETTERS]
    close = get_close_matches(word.casefold(), known, n=NEAREST, cutoff=CUTOFF)
    ids: Iterable[str] = dict.fromkeys(known[name] for name in (*parts, *close) if name in known)
    told = ", ".join(list(ids)[:NEAREST])
    return f"; near it: {told}" if told else ""


def _rows(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"


def _quoted(word: str) -> str:
    """A basic string of TOML, which JSON's strings are."""
    return json.dumps(word, ensure_ascii=False)
