"""Whether two methods say the same of one target: sensitivity and specificity against the yardstick."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from app.figures.trends import repository
from app.figures.trends.domain import Count, Row
from app.figures.trends.figures.kinds import Name, Parts, Shown
from app.figures.trends.figures.question import Asking, Columns, Held
from app.figures.trends.selection import Key
from app.platform.kernel.errors import Invalid

Answers = list[tuple[Key, repository.Pair, int]]
HALVES = (("sensitivity", 1), ("specificity", 0))
"""Among what the yardstick saw, and among what it did not see."""
EITHER: Name = (("figure", "either"),)
BOTH: Name = (("figure", "both"),)


class Agreement:
    """A part per half, and two more: samples in which either method looked, and in which both did."""

    def share(self, name: Name) -> bool:
        """The halves are shares."""
        return name not in (EITHER, BOTH)

    def parts(self, asking: Asking, columns: Columns, held: Held) -> Parts:
        """Samples in which the compared method agrees, of those of which the yardstick said the same."""
        said = _answers(asking, columns, held)
        halves: dict[Name, list[Count]] = {
            (("figure", figure),): [
                Count(key, n if pair[1] == answer else 0, n)
                for key, pair, n in said
                if pair[0] == answer and pair[1] is not None
            ]
            for figure, answer in HALVES
        }
        either = [Count(key, 0, n) for key, _, n in said]
        both = [Count(key, 0, n) for key, pair, n in said if None not in pair]
        return {**halves, EITHER: either, BOTH: both}

    def behind(self, asking: Asking, columns: Columns, held: Held) -> list[Count]:
        """Samples in which either looked."""
        return [Count(key, 0, n) for key, _, n in _answers(asking, columns, held)]

    def finished(self, asking: Asking, shown: Shown) -> Iterator[Row]:
        """Each half with the samples in which either or both looked."""
        either, both = ({_key(row): row.n for row in shown.get(name, ())} for name in (EITHER, BOTH))
        for figure, _ in HALVES:
            for row in shown.get((("figure", figure),), ()):
                more = {"figure": figure, "with_both": both.get(_key(row))}
                yield replace(row, n=either.get(_key(row)), more=more)


def _key(row: Row) -> Key:
    return tuple(row.key.values())


def _answers(asking: Asking, columns: Columns, held: Held) -> Answers:
    target, yardstick, compared = asking.measure.about
    return asking.once(
        "answers", columns, held,
        lambda: repository.agreement(
            asking.session, asking.target(target), (yardstick, compared), columns, agency_id=asking.agency_id,
            holds=asking.holds(held),
        ),
    )  # fmt: skip


def check_methods(known: list[str], methods: tuple[str, ...]) -> None:
    """Raises Invalid for a method nobody used: it must not read as “never agreed”."""
    for method in methods:
        if known and method not in known:
            raise Invalid(
                f"No sample was tested by a method “{method}”.",
                fields={"measure": "unknown method"},
                hint=f"There are {', '.join(known)}.",
            )
