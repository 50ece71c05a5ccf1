"""Saved queries: opening one, and the forms of their menu."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from app.figures.trends import saved
from app.figures.trends.tables import SavedQuery
from app.intake.people.signin import by_itself
from app.platform.kernel.errors import Invalid, MastError, NotFound
from app.platform.web.fields import Note80
from app.screens.trends.page import Reader, Words, in_words, opened, shown
from app.screens.visits import Version, Visit

router = APIRouter(include_in_schema=False)

Name = Annotated[Note80, Form()]


@router.get("/trends/saved/{query_id}")
def open_query(query_id: uuid.UUID, visit: Reader) -> Response:
    """To the figure it asks for, noting that it was used; where its meaning is gone, a page that says so."""
    query = _one(visit, query_id)
    try:
        saved.understood(query.question, visit.rt.pack.substances)
    except Invalid:
        return opened(visit, query)
    if not by_itself(visit.request):
        visit.rt.noted("saved query", visit.who, visit.request, lambda uow: saved.note_used(uow, query_id))
    return RedirectResponse(f"/trends?{query.question}", 303)


@router.post("/trends/saved")
def save_query(visit: Reader, called: Name = "", question: Annotated[str, Form(max_length=1500)] = "") -> Response:
    """Keep what is asked under a name."""
    with visit.work(lambda error: _again(visit, question, called, error)) as uow:
        row = saved.save(uow, called, question, visit.rt.pack.substances)
    return _to(row.question, "saved")


@router.post("/trends/saved/{query_id}")
def rename_query(query_id: uuid.UUID, visit: Reader, version: Version, called: Name = "") -> Response:
    """Another name."""
    question = _one(visit, query_id).question
    with visit.work(lambda error: _again(visit, question, called, error), but=NotFound) as uow:
        saved.rename(uow, query_id, called, version)
    return _to(question, "renamed")


@router.post("/trends/saved/{query_id}/remove")
def remove_query(query_id: uuid.UUID, visit: Reader) -> Response:
    """Forget it. What it asked stays on the screen."""
    with visit.begin() as uow:
        question = saved.remove(uow, query_id)
    try:
        saved.understood(question, visit.rt.pack.substances)
    except Invalid:
        return RedirectResponse("/trends?done=removed", 303)
    return _to(question, "removed")


def _one(visit: Visit, query_id: uuid.UUID) -> SavedQuery:
    with visit.rt.read() as session:
        return saved.one_of(session, visit.who, query_id)


def _again(visit: Visit, question: str, typed: str, error: MastError) -> Response:
    try:
        saved.understood(question, visit.rt.pack.substances)
    except Invalid:
        return shown(visit, Words(), typed=typed, refused=error)
    return shown(visit, in_words(question), typed=typed, refused=error)


def _to(question: str, done: str) -> Response:
    return RedirectResponse(f"/trends?{question}&done={done}", 303)
