"""The result of checking files of history, for the person who imports them: problems and counts as data, and map words. Pure.

For words the map does not know there are lines to put into it, with the nearest names known here beside them. What a word
means is said by someone who knows the source, never guessed. A site is filled in as the source calls it, with the agency
its rows name.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from difflib import get_close_matches
from functools import partial
from itertools import groupby

from pydantic import JsonValue, TypeAdapter

from app.figures.history.domain import Level, Problem
from app.figures.history.interpreting import Reading
from app.figures.history.mapping import OUR_WORDS, folded, one_line
from app.figures.trends.domain import classes_of
from app.intake.samples.domain import SubmitterType
from harm_messages import Register
from harm_messages.types import Basis, Unit

_HEAD = (
    "# Write after each “=” what the word means here. Where the map has the [section] already, move its lines there.",
    "# Give each site the name its source uses. Put all its spellings into one block, under says.",
)
NEAREST = 3
LEAST_LETTERS = 3
CUTOFF = 0.72
_NAMED = {"substance": "substances", "expected": "expected"}
_IN_ORDER = {"submitter_type": SubmitterType, "unit": Unit, "basis": Basis}
SHOWN_OF_A_KIND = 5
SHOWN = 60
_quoted = partial(json.dumps, ensure_ascii=False)
"""A basic string of TOML, which JSON's strings are."""
_PROBLEMS = TypeAdapter(list[Problem])


def report_of(reading: Reading, register: Register, *, most: int | None = None) -> dict[str, JsonValue]:
    """Counts, problems row by row (the first `most`, errors before notes), unknown words, reconciliations."""
    ordered = sorted(reading.problems, key=lambda p: p.level is not Level.ERROR)
    days = sorted(s.received for s in reading.samples if s.received is not None)
    return {
        "rows": {**reading.rows},
        "samples": len(reading.samples),
        "findings": sum(len(s.findings) for s in reading.samples),
        "tests": sum(len(s.tests) for s in reading.samples),
        "first_day": days[0].isoformat() if days else "",
        "last_day": days[-1].isoformat() if days else "",
        "errors": len(reading.errors),
        "notes": len(reading.problems) - len(reading.errors),
        "problems": [asdict(problem) for problem in ordered[:most]],
        "unknown": {what: {**words} for what, words in reading.unknown.items()},
        "map_lines": map_lines(reading.unknown, register, reading.unknown_sites),
        "reconciled": [asdict(one) for one in reading.reconciled],
    }


def in_words(problems: Sequence[Problem]) -> Iterator[str]:
    """Errors, then notes; of those that say the same of one column the first few, so that none hides the others."""
    kinds: dict[tuple[Level, str, str], list[Problem]] = {}
    for problem in sorted(problems, key=lambda p: p.level is not Level.ERROR):
        kinds.setdefault((problem.level, problem.column, problem.why), []).append(problem)
    lines: list[str] = []
    for alike in kinds.values():
        lines += [f"{problem.level.value}: {problem}" for problem in alike[:SHOWN_OF_A_KIND]]
        if len(alike) > SHOWN_OF_A_KIND:
            lines.append(f"  … and {len(alike) - SHOWN_OF_A_KIND:,} more of this kind; --json lists all.")
    yield from lines[:SHOWN]
    if len(lines) > SHOWN:
        yield "… and others; --json lists all."


def lines_of(report: dict[str, JsonValue]) -> Iterator[list[str | int]]:
    """The problems of a report as the lines of a table."""
    yield [field.name for field in fields(Problem)]
    for problem in _PROBLEMS.validate_python(report.get("problems", [])):
        yield list(asdict(problem).values())


def our_words(register: Register) -> dict[str, list[str]]:
    """By part of a map the words it takes; `expected` are those that are no substance and no class."""
    return {
        **{part: sorted(known) for part, known in OUR_WORDS.items()},
        **{part: [word.value for word in kind] for part, kind in _IN_ORDER.items()},
        "expected": sorted(register.intents),
        "class": sorted({wider for name in register.classes for wider in classes_of(name)}),
    }


def named(register: Register, text: str) -> Iterator[tuple[str, str, str]]:
    """Id, name and class of the substances with the text in their id, name or an alias."""
    sought = text.casefold().strip()
    for one in register:
        if any(sought in word.casefold() for word in (one.id, one.name, *one.aliases)):
            yield one.id, one.name, one.drug_class


def map_lines(
    unknown: Mapping[str, Mapping[str, int]], register: Register, sites: Mapping[tuple[str, str], int] | None = None
) -> str:
    """TOML to be pasted into the map and filled in; empty where nothing is unknown. `sites`: by agency and word.

    >>> from harm_messages import load_pack
    >>> print(map_lines({"substance": {"fentanil": 12}}, load_pack().substances).splitlines()[-1])
    "fentanil" = ""  # 12 rows; near it: alfentanil, fentanyl, carfentanil
    """
    known = {word.casefold(): s.id for s in register for word in (s.id, s.name, *s.aliases)}
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
    lines = []
    for agency, of_it in groupby(sorted(sites.items()), key=lambda one: one[0][0]):
        words = {word: rows for (_, word), rows in of_it}
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


def _near(word: str, known: Mapping[str, str]) -> str:
    parts = [part for part in re.findall(r"[\w-]+", word.casefold()) if len(part) >= LEAST_LETTERS]
    close = get_close_matches(word.casefold(), known, n=NEAREST, cutoff=CUTOFF)
    ids: Iterable[str] = dict.fromkeys(known[name] for name in (*parts, *close) if name in known)
    told = ", ".join(list(ids)[:NEAREST])
    return f"; near it: {told}" if told else ""


def _rows(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"
