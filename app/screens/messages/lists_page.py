"""Pages of the messages and rules of a version: two lists with a search, and the page of a rule. Reading only."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from app.care.message_packs import service, web
from app.platform.kernel.errors import NotFound
from app.platform.kernel.place import day_of
from app.platform.web.fields import Text80
from app.screens.messages import lists
from app.screens.messages import view as views
from app.screens.messages.page import AtVersion, VersionVisit

router = APIRouter(prefix="/messages", include_in_schema=False)

Wanted = Annotated[lists.Wanted, Query()]


@router.get("/{version_id}/texts")
def texts(at: AtVersion, wanted: Wanted) -> HTMLResponse:
    """The messages of a version, the most serious first, a page at a time."""
    view, of = _version(at)
    return at.page(
        "messages/texts.html",
        listed=lists.cut(lists.message_rows(of, wanted), wanted, f"/messages/{at.version_id}/texts", "message"),
        wanted=wanted,
        severities=lists.SEVERITIES,
        questions=lists.questions_of_messages(of.files),
        languages=lists.language_names(of.pack or at.rt.pack, of.files),
        **views.frame(at.who, view, "texts"),
    )


@router.get("/{version_id}/rules")
def rules(at: AtVersion, wanted: Wanted) -> HTMLResponse:
    """The rules of a version in words, the most serious first, a page at a time."""
    view, of = _version(at)
    return at.page(
        "messages/rules.html",
        listed=lists.cut(lists.rule_rows(of, wanted), wanted, f"/messages/{at.version_id}/rules", "rule"),
        wanted=wanted,
        severities=lists.SEVERITIES,
        questions=lists.OF_RULES,
        abouts=lists.abouts(of.files),
        gone=of.gone,
        **views.frame(at.who, view, "rules"),
    )


@router.get("/{version_id}/rule")
def rule(at: AtVersion, rule_id: Annotated[Text80, Query(alias="id")]) -> HTMLResponse:
    """One rule: when its message appears, what the check finds in it, and its text. It is edited in its file."""
    view, of = _version(at)
    row = next((one for one in lists.every_rule(of) if one.id == rule_id), None)
    if row is None:
        raise NotFound("rule")
    return at.page(
        "messages/rule.html",
        rule=row,
        found=lists.problems_of_rule(of, row.id),
        running=of.checked.running,
        link_of=views.link_of(at.version_id, dict(of.files)),
        gone=[one for one in view.withdrawn if one.target == row.id],
        may=views.may_edit(at.who, view.row),
        may_withdraw=views.may_withdraw_rule(at.who, view),
        **views.frame(at.who, view, "rules"),
    )


def _version(at: VersionVisit) -> tuple[service.VersionView, lists.Version]:
    view, files = at.opened()
    parent = web.files(at.rt, at.who, view.row.parent_id) if view.row.parent_id else {}
    gone = frozenset(one.target for one in view.withdrawn)
    pack = web.pack_of(at.rt, at.who, view.row, files)
    return view, lists.Version(files, pack, at.checked(), parent, gone, day_of(at.rt.now()))
