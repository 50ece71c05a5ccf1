"""The one road from counts to rows that may be seen: small ones hidden, what could be subtracted withheld, rounded.

Every kind of figure takes it, with the samples behind each of its parts. What a person saw before is compared after it
(asked/service.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from app.trends import differencing, domain, repository
from app.trends.domain import Count, Kind, Row
from app.trends.figures.kinds import Figure, Name, parts_of, true_rows
from app.trends.figures.question import ANALOGUES, Asking
from app.trends.figures.standing import everywhere
from app.trends.selection import Key


def shown(figure: Figure, asking: Asking, name: Name, incomplete: Mapping[Key, bool]) -> list[Row]:
    """Rows of one part of the figure as this audience may see them. `incomplete`: by row, whether its period is not whole."""
    by, share, counts = asking.selection.by, figure.share(name), true_rows(figure, asking, name)
    if not asking.protected:
        return [domain.unprotected(c, by, incomplete=incomplete.get(c.key, False), share=share) for c in counts]
    counts = everywhere(asking, counts)
    rows = [
        domain.protect(c, by, asking.audience, incomplete=incomplete.get(c.key, False), share=share) for c in counts
    ]
    exposed = _exposed(figure, asking, name, counts)
    return [
        domain.withheld(row) if count.key in exposed and row.n is not None else row
        for row, count in zip(rows, counts, strict=True)
    ]


def _exposed(figure: Figure, asking: Asking, name: Name, counts: list[Count]) -> set[Key]:
    selection, least = asking.selection, asking.audience.threshold
    exposed = differencing.exposed(
        parts_of(figure, asking, selection.columns, selection.held).get(name, []),
        selection,
        least,
        lambda columns, held: parts_of(figure, asking, columns, held).get(name, []),
    )
    if asking.measure.kind is Kind.SHARE and asking.found:
        exposed |= differencing.members_exposed(counts, _members(asking), least)
    return exposed


def _members(asking: Asking) -> dict[Key, Counter[str]]:
    """By row, in how many samples each member of the class was found that is asked about.

    Not where only primary or trace findings count: a member is then another set, and asked/ compares the two.
    """
    name, besides = asking.found, ""
    if asking.role or name in asking.register:
        return {}
    if name.startswith(ANALOGUES):
        besides = name.removeprefix(ANALOGUES)
        name = asking.register[besides].drug_class
    selection, found = asking.selection, dict[Key, Counter[str]]()
    counted = repository.members_found(
        asking.session, selection.columns, name, asking.agency_id, asking.holds(selection.held)
    )
    for key, member, count in counted:
        if member != besides and selection.fits(key):
            found.setdefault(selection.row_of(key), Counter())[member] += count
    return found
