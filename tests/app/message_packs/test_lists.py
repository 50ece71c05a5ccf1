"""The messages and rules of a version as lists: a page at a time, found by words and by what is unusual about them, by GET alone."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html import unescape
from typing import Any

import pytest

from app.care.message_packs.checking import Checked
from app.platform.db import Database
from app.platform.kernel.actor import Role
from app.screens.messages import lists
from app.screens.messages.lists import LINES, Wanted
from harm_messages import Problem, load_pack
from tests.app.message_packs.conftest import HEAT, Editors

PACK = load_pack()
ENGLISH = {path for path in PACK.source if path.startswith("messages/en/")}
WELSH = {path.rsplit("/", 1)[1] for path in PACK.source if path.startswith("messages/cy/")}
OPIOIDS = "rules/opioids.yaml"
VERSION = lists.Version(PACK.source, PACK, Checked(PACK, ()), PACK.source, frozenset(), date(2026, 12, 1))


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


def messages(of: lists.Version = VERSION, **asked: Any) -> list[str]:
    return [row.id for row in lists.message_rows(of, Wanted(**asked))]


def rules(of: lists.Version = VERSION, **asked: Any) -> list[str]:
    return [row.id for row in lists.rule_rows(of, Wanted(**asked))]


# -- which lines ----------------------------------------------------------------------------------


def test_a_message_is_found_by_its_words_its_severity_and_where_it_is_used() -> None:
    assert set(messages(severity="S0")) == {rule.emit.message for rule in PACK.rules if rule.severity.value == "S0"}
    assert "M-HEAT" in messages(q="m-heat")
    assert messages(q="xyzzy") == []
    used = {rule.emit.message for rule in PACK.rules}
    assert set(messages(only="unused")) == {key for key in messages() if key not in used} != set()
    lacking = {path.rsplit("/", 1)[1] for path in ENGLISH} - WELSH
    assert {f"{key}.md" for key in messages(only="missing", language="cy")} == lacking != set()
    late = replace(VERSION, today=date(2100, 1, 1))
    assert len(messages(late, only="late")) == len(ENGLISH)
    assert messages(replace(VERSION, today=date(2020, 1, 1)), only="late") == []
    found = replace(VERSION, checked=Checked(PACK, (Problem("words", "M-HEAT", "Too long.", file=HEAT),)))
    assert messages(found, only="problems") == ["M-HEAT"]
    assert messages(replace(VERSION, gone=frozenset({"M-HEAT"})), only="withdrawn") == ["M-HEAT"]


def test_a_rule_is_found_by_its_words_and_by_what_it_is_about() -> None:
    about = rules(about="opioids", q="nitazene")
    assert "R-NITAZENE-ANY" in about
    assert set(about) < set(rules(about="opioids")) < set(rules())
    assert rules(replace(VERSION, gone=frozenset({"R-HEROIN"})), only="withdrawn") == ["R-HEROIN"]


def test_what_a_version_changes_is_listed_with_a_pack_and_without_one() -> None:
    files = dict(PACK.source)
    files[HEAT] += "- Rest.\n"
    files[OPIOIDS] = files[OPIOIDS].replace("R-HEROIN\n  version: ", "R-HEROIN\n  version: 1")
    for pack in (PACK, None):  # a draft that cannot be read has the same lines
        changed = replace(VERSION, files=files, pack=pack)
        assert messages(changed, only="changed") == ["M-HEAT"]
        assert rules(changed, only="changed") == ["R-HEROIN"]
    assert messages(only="changed") == rules(only="changed") == []


def test_pages_hold_so_many_lines_and_lead_to_each_other() -> None:
    rows = lists.message_rows(VERSION, Wanted())
    seen, page, asked = [], 1, Wanted(severity="")
    while True:
        cut = lists.cut(rows, asked.model_copy(update={"page": page}), "/x", "message")
        assert 0 < len(cut.rows) <= LINES
        seen += cut.rows
        assert bool(cut.newer) == (page > 1)
        if not cut.older:
            break
        page += 1
        assert cut.older == f"/x?page={page}"
    assert seen == rows
    assert page > 1
    beyond = lists.cut(rows[:3], Wanted(q="a b", page=9), "/x", "message")
    assert (len(beyond.rows), beyond.newer, beyond.older, beyond.summary) == (3, "", "", "3 messages")
    assert lists.cut(rows, Wanted(q="a b", only="late"), "/x", "message").older == "/x?q=a+b&only=late&page=2"


# -- pages ----------------------------------------------------------------------------------------


def lines(page: str) -> list[str]:
    """Where the lines of a list lead to."""
    listed = page.partition('<ul class="rows pack-rows"')[2].partition("</ul>")[0]
    return [unescape(one) for one in re.findall(r'<a href="([^"]+)"', listed)]


def test_lists_open_page_by_page_and_a_rule_is_withdrawn_on_its_own_page(editors: Editors) -> None:
    shipped, clinician = f"/messages/{editors.runtime.packs.shipped_id}", editors.browser(Role.CLINICIAN)
    for of in ("texts", "rules"):
        page = clinician.get(f"{shipped}/{of}").text
        assert len(lines(page)) == LINES
        following = re.search(r'<a rel="next" href="([^"]+)"', page)
        assert following is not None
        assert not set(lines(page)) & set(lines(clinician.get(unescape(following.group(1))).text))
    assert clinician.get(f"{shipped}/texts?only=nonsense").status_code == 422
    assert "No messages found" in clinician.get(f"{shipped}/texts?q=xyzzy&severity=&only=&language=en").text
    assert '<option value="cy">Cymraeg</option>' in clinician.get(f"{shipped}/texts").text
    assert re.search(r"not in Cymraeg\b", clinician.get(f"{shipped}/texts?only=missing").text)
    (address,) = lines(clinician.get(f"{shipped}/rules?q=R-NITAZENE-ANY&severity=&about=&only=").text)
    assert 'name="target" value="R-NITAZENE-ANY"' in clinician.get(address).text
    form = {"kind": "rule", "target": "R-NITAZENE-ANY", "reason": "It names the wrong class."}
    assert clinician.post(f"{shipped}/withdraw", data=form).status_code == 303
    after = clinician.get(address).text
    assert "It names the wrong class." in after
    assert 'name="target"' not in after
    assert clinician.get(f"{shipped}/rule?id=R-NONE").status_code == 404


def test_the_clinician_lands_on_what_waits_for_a_signature(editors: Editors) -> None:
    draft = editors.begin()
    assert editors.save(draft, card=editors.form(draft)["card"] + "\n\nSit down.").status_code == 303
    assert 'id="to-sign"' not in editors.browser(Role.CLINICIAN).get("/messages").text
    assert editors.submit(draft).status_code == 303
    assert editors.other is not None
    other = editors.browser(editors.other)
    assert other.get("/to-sign").headers["location"] == f"/messages/{draft}"
    page = other.get("/messages").text
    assert page.index('id="to-sign"') < page.index('id="in-force"')
    assert f'href="/messages/{draft}"' in page.partition('id="to-sign"')[2].partition("</ul>")[0]
    assert "Sign this version" in other.get(f"/messages/{draft}").text.partition('class="actionbar"')[2]
