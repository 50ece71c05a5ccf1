"""Where in the files of a pack something stands, for problems found after reading.

Why late: lines are asked for only where something is wrong, so a sound pack pays nothing. Imports this package.
"""

from __future__ import annotations

from collections.abc import Sequence

from harm_messages.errors import Level, Problem
from harm_messages.pack import Pack
from harm_messages.reading import line_of


def rule_problem(pack: Pack, rule_id: str, kind: str, text: str, key: str = "id", level: Level = "error") -> Problem:
    """About a rule: the line of `key` inside it."""
    file, index = pack.rule_places.get(rule_id, ("", 0))
    line = line_of(pack.source[file], [index, key]) if file in pack.source else 0
    return Problem(kind, rule_id, text, level, file, line)


def message_problem(
    pack: Pack, message_id: str, locale: str, kind: str, text: str, words: str = "", level: Level = "error"
) -> Problem:
    """About a message: the first line that holds `words`, else the first line of its text."""
    file = f"messages/{locale}/{message_id}.md"
    lines = pack.source.get(file, "").split("\n")
    end = lines.index("---", 1) + 1 if "---" in lines[1:] else 0
    folded = words.casefold()
    hit = next((n for n, line in enumerate(lines, 1) if folded and folded in line.casefold()), 0)
    first = next((n for n, line in enumerate(lines, 1) if n > end and line.strip()), 0)
    return Problem(kind, f"{message_id} ({locale})", text, level, file, hit or first)


def table_problem(
    pack: Pack, file: str, kind: str, text: str, path: Sequence[str | int] = (), level: Level = "error", where: str = ""
) -> Problem:
    """About a table: the line of the place named by `path`."""
    line = line_of(pack.source[file], path) if file in pack.source and file.endswith(".yaml") else 0
    return Problem(kind, where or file, text, level, file, line)


def register_problem(pack: Pack, substance: str, kind: str, text: str, level: Level = "error") -> Problem:
    """About a row of the register."""
    lines = pack.source.get("register.tsv", "").splitlines()
    line = next((n for n, row in enumerate(lines, 1) if row.split("\t", 1)[0] == substance), 0)
    return Problem(kind, substance, text, level, "register.tsv", line)
