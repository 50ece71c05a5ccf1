"""Writing the facts of every sample again: what was released before a figure existed counts in it then.

In many short transactions, so that nobody who releases a result waits; a run that breaks off is simply run again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from app.care.counted import counting_results as counting
from app.figures.history import service as history
from app.intake.people import service as people
from app.intake.samples import lookup
from app.platform import audit
from app.platform.db import Database
from app.platform.kernel.actor import OPERATOR
from harm_messages import Pack

AT_ONCE = 200
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many samples count now: registered here, and of imports; and how many of those registered were looked at."""

    looked_at: int
    own: int
    imported: int


def rebuild(database: Database, pack: Pack, progress: Progress | None = None) -> Rebuilt:
    """Write the facts of all samples again from their results and from what imports said of them.

    Consent and withdrawal are read again: a sample whose client did not agree, or took it back, is in none afterwards.
    """
    looked_at = own = 0
    with database.read() as session:
        agencies = [people.operator_for(session, name) for name in people.agency_names(session)]
        every = [(actor, lookup.keys_of_agency(session, actor)) for actor in agencies]
    total = sum(len(keys) for _, keys in every)
    for actor, keys in every:
        for start in range(0, len(keys), AT_ONCE):
            part = keys[start : start + AT_ONCE]
            with database.begin(actor) as uow:
                own += counting.count_again(uow, part, pack)
            looked_at += len(part)
            if progress:
                progress("samples of this server", looked_at, total)
    imported = 0
    with database.read() as session:
        sources = [(actor, source) for actor in agencies for source in history.sources(session, actor)]
    for number, (actor, source) in enumerate(sources, start=1):
        with database.begin(actor) as uow:
            imported += history.count_again(uow, source, pack)
        if progress:
            progress("sources of imported history", number, len(sources))
    done = Rebuilt(looked_at, own, imported)
    with database.begin(OPERATOR) as uow:
        audit.record(uow, "rebuild", "trends", "", after=asdict(done))
    return done
