"""Is this pack fit to be signed? Coverage, reachability, conflicts, words, languages, dates, signatures.

Why before people see it: every answer here can be decided from the pack alone, because the predicates
are a closed set. Imports this package only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

from harm_messages.check_coverage import coverage_problems
from harm_messages.check_dosing import dosing_problems, text_problems
from harm_messages.check_pages import Far, Pages
from harm_messages.check_rules import rule_problems
from harm_messages.check_standing import standing_problems
from harm_messages.check_words import word_problems
from harm_messages.errors import PackError, Problem, first_ones
from harm_messages.pack import Pack
from harm_messages.pack_reader import read_pack
from harm_messages.structure import structural_problems


def check(pack: Pack, today: date | None = None, far: Far = lambda done, of: None) -> list[Problem]:
    """Everything wrong with the pack, errors first, then by file and line. Dates are asked only with `today`; `far` is told
    how far it is."""
    problems = structural_problems(pack)
    if not problems:
        now = pack.manifest.effective.start or datetime(2000, 1, 1, tzinfo=UTC)
        pages = Pages(pack, now, far)
        problems = [
            *rule_problems(pack, pages),
            *dosing_problems(pack, pages),  # next to the rules, of whose pages it counts the words
            *coverage_problems(pack, pages),
            *word_problems(pack),
            *standing_problems(pack, today),
        ]
    return first_ones(sorted(set(problems), key=lambda p: (p.level != "error", p.file, p.line, p.where, p.text)))


def quick_check(pack: Pack) -> list[Problem]:
    """What single texts and tables of a pack that loads show by themselves: words, tags, fallbacks, lengths, signatures.
    Without the questions that take a page for every rule (`check`)."""
    return sorted({*word_problems(pack), *text_problems(pack), *standing_problems(pack, None)}, key=str)


def check_files(files: Mapping[str, str], today: date | None = None) -> list[Problem]:
    """What the check finds in the files of a pack that may not even be readable: then what keeps it from being read."""
    try:
        pack = read_pack(files)
    except PackError as error:
        return list(error.problems)
    return check(pack, today)
