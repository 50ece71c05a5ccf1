"""Handing over samples of a session: scan or tick them, say who takes them and who watched, and confirm once for all."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session

from app.intake.custody import service as custody
from app.intake.samples import lookup, queue, substances
from app.intake.samples.domain import Stage
from app.intake.sessions import service as sessions
from app.platform.db import UnitOfWork
from app.platform.kernel.errors import Invalid, MastError, NotFound
from app.platform.kernel.sample_numbers import sample_number
from app.platform.web.fields import keeps_nothing
from app.platform.web.forms import Entered
from app.platform.web.middleware import WITH_CAMERA
from app.screens.find import looking
from app.screens.hand_over.forms import FOR_GOOD, MOST, NO_WEIGHT, TAKEN_BY, HandOverForm, weight_in
from app.screens.reception.forms import label
from app.screens.visits import Staff, Visit

router = APIRouter(include_in_schema=False)

NOT_HERE = "This sample is not in the list. Nothing of it is left, or it belongs to another session."
SAID = (Stage.RECEIVED, Stage.WITHDRAWN)
"""Stages that stand beside a sample."""
NAMED = 6
"""So many samples are named in a question."""
NOTHING_CHOSEN = "Choose the samples to hand over."
Sent = Annotated[HandOverForm, Form()]


@dataclass(frozen=True, slots=True)
class BagRow:
    """A sample of the list. `left`: in mg by its ledger, None where it has no weight. `weighed`: as it was typed."""

    id: uuid.UUID
    number: int
    about: str
    state: str
    left: float | None
    chosen: bool
    weighed: str


@router.get("/sessions/{session_id}/hand-over")
def hand_over_page(
    session_id: uuid.UUID,
    visit: Staff,
    sample: uuid.UUID | None = None,
    done: Annotated[int, Query(ge=0, le=MOST)] = 0,
) -> HTMLResponse:
    """Samples of which something is left. `sample`: one that is ticked already; `done`: how many were handed over just now."""
    return _page(visit, session_id, HandOverForm(bag=[str(sample)] if sample else []), done=done)


@router.post("/sessions/{session_id}/hand-over/bags")
@keeps_nothing
def add_bag(session_id: uuid.UUID, visit: Staff, form: Sent) -> HTMLResponse:
    """The form with one more sample ticked, by its number or its label; where there is a script, it does so by itself."""
    if not form.what:
        return _page(visit, session_id, form)
    with visit.rt.read() as session:
        rows = _rows(session, visit, session_id, form)
    number, key = looking.number_in(form.what), looking.label_in(form.what)
    found = next((row for row in rows if row.id == key or (number is not None and row.number == number)), None)
    if found is None:
        return _page(visit, session_id, form, Invalid(NOT_HERE, fields={"what": NOT_HERE}))
    return _page(visit, session_id, form.model_copy(update={"what": "", "bag": [*form.bag, str(found.id)]}))


@router.post("/sessions/{session_id}/hand-over")
def hand_over(session_id: uuid.UUID, visit: Staff, form: Sent) -> Response:
    """Hand over all that were ticked, or none of them, and say why beside each that cannot be."""
    with visit.work(lambda error: _page(visit, session_id, form, error), but=NotFound) as uow:
        sessions.get_session(uow.session, visit.who, session_id)
        visit.sent_once(form.sent_once).run(uow, lambda: {"samples": _hand_over(uow, session_id, form)})
    return RedirectResponse(f"/sessions/{session_id}/hand-over?done={len(form.chosen)}", 303)


def _hand_over(uow: UnitOfWork, session_id: uuid.UUID, form: HandOverForm) -> int:
    wrong = {} if form.bag else {"what": NOTHING_CHOSEN}
    if len(form.chosen) < len(set(form.bag)):
        wrong["what"] = NOT_HERE
    bags: list[custody.Bag] = []
    here = lookup.lock_those_of(uow, session_id, form.chosen)
    if len(here) < len(form.chosen):
        wrong["what"] = NOT_HERE
    for key in here:
        typed = form.typed.get(key, "")
        weighed = weight_in(typed)
        if typed and weighed is None:
            wrong[f"bag-{key}"] = NO_WEIGHT
        else:
            bags.append(custody.Bag(key, session_id, weighed))
    if form.kind in FOR_GOOD and not form.unanalysed and (waiting := _awaiting(uow, session_id, here)):
        wrong["unanalysed"] = _asked(waiting)
    custody.hand_over(uow, bags, form.kind, witness_id=form.witness, place=form.place, wrong=wrong)
    return len(bags)


def _awaiting(uow: UnitOfWork, session_id: uuid.UUID, keys: Collection[uuid.UUID]) -> list[int]:
    """Numbers of those of these samples that nobody has analysed yet."""
    every = queue.queue(uow.session, uow.actor, session_id, everything=True)
    return sorted(row.number for row in every if row.id in keys and row.stage is Stage.RECEIVED)


def _asked(numbers: Sequence[int]) -> str:
    named = ", ".join(sample_number(n) for n in numbers[:NAMED])
    more = f" and {len(numbers) - NAMED} more" if len(numbers) > NAMED else ""
    verb = "awaits" if len(numbers) == 1 else "await"
    return f"{named}{more} still {verb} analysis. Tick the box to hand over anyway. Nothing has been handed over yet."


def _rows(session: Session, visit: Visit, session_id: uuid.UUID, form: HandOverForm) -> list[BagRow]:
    """Samples of which something is left, and those that were ticked although nothing is: these first, where they are seen."""
    every = queue.queue(session, visit.who, session_id, everything=True)
    now = custody.balances(session, [row.id for row in every])
    chosen, typed = form.chosen, form.typed
    rows = [
        BagRow(
            row.id,
            row.number,
            _about(visit, row),
            row.state if row.stage in SAID else "",
            now[row.id].remaining if now[row.id].received else None,
            row.id in chosen,
            typed.get(row.id, ""),
        )
        for row in every
        if row.id in chosen or not now[row.id].used_up
    ]
    return sorted(rows, key=lambda row: not row.chosen)


def _about(visit: Visit, row: queue.QueueRow) -> str:
    expected = ", ".join(substances.labels(visit.rt.pack.register, row.expected)) or row.words_spoken or "not known"
    return " · ".join([expected, label(row.form).lower()])


def _page(
    visit: Visit, session_id: uuid.UUID, form: HandOverForm, error: MastError | None = None, *, done: int = 0
) -> HTMLResponse:
    with visit.rt.read() as session:
        checking = sessions.get_session(session, visit.who, session_id)
        place = sessions.site_of(session, checking)
        rows = _rows(session, visit, session_id, form)
        colleagues = custody.witnesses(session, visit.who)
    fields = error.fields if isinstance(error, Invalid) else {}
    response = visit.page(
        "hand_over/hand_over.html",
        error=error,
        checking=checking,
        place=place,
        rows=rows,
        form=form,
        chosen=sum(row.chosen for row in rows),
        done=done,
        takers=[(kind.value, words) for kind, words in TAKEN_BY.items()],
        colleagues=[(str(key), name) for key, name in colleagues.items()],
        key=secrets.token_urlsafe(16),
        fields=Entered(fields),
        summary=_summary(fields, rows) if fields or error is None else [("", f"{error.detail} {error.hint}".strip())],
    )
    response.headers.update(WITH_CAMERA)
    return response


def _summary(fields: Mapping[str, str], rows: Sequence[BagRow]) -> list[tuple[str, str]]:
    """Everything that is wrong, of a sample with its number."""
    numbers = {f"bag-{row.id}": f"{sample_number(row.number)}: " for row in rows}
    return [(field, f"{numbers.get(field, '')}{sentence}") for field, sentence in fields.items()]
