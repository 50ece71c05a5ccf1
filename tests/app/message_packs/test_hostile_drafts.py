"""Drafts that are written to stop the server: it goes on, says what is wrong, and shows the text to mend."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from functools import partial
from html import unescape
from typing import Any
from uuid import UUID

import pytest

from app.care.message_packs import (
    check_job,
    checking,
    comparing,
    drafting,
    message_files,
    repository,
    rule_files,
)
from app.care.message_packs.confined import LIMITS, Step, found_in
from app.care.message_packs.tables import PackVersion
from app.platform.db import Database
from app.platform.kernel.actor import Role
from app.screens.messages import lists
from harm_messages import pack_files
from tests.app.message_packs.conftest import HEAT, Editors, field
from tests.support.effort import a_sound_pack, within
from tests.support.packs import checked_at_once, found_here
from tests.support.poison import ALIAS_BOMB, with_endless_pattern
from tests.support.road import ok

TODAY = date(2026, 11, 28)
FILES = pack_files()
URL = "/api/v1/message-packs"
CLINICIAN = Role.CLINICIAN
ENDLESS = {**FILES, "pack.yaml": with_endless_pattern(FILES["pack.yaml"])}
"""The words of people see "naloxone" and the like; the pattern goes round in circles on every sentence."""


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


def in_no_time() -> AbstractContextManager[None]:
    """What this process computes, beside what a sound pack costs; what a bomb expands to takes minutes."""
    return within(20, a_sound_pack)


def no_child(*_: object, **__: object) -> Iterator[Step]:
    raise AssertionError("a child was started")


def stored(editors: Editors, path: str, text: str) -> str:
    """A draft with this text, put into the tables as an earlier release did."""
    draft = editors.begin()
    with editors.runtime.db.begin() as uow:
        row = uow.session.get(PackVersion, UUID(draft))
        repository.keep_texts(uow.session, [text])
        row.files = {**row.files, path: repository.sha256(text)}
    return draft


# -- at sight --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("evidence.yaml", ALIAS_BOMB),
        ("rules/opioids.yaml", "- &r {id: R-NEW}\n- *r\n"),  # the rules that are gone are told after it
        (HEAT, FILES[HEAT].replace("version: ", f"x: {{{', '.join(ALIAS_BOMB.splitlines())}}}\nversion: ", 1)),
    ],
    ids=["aliases", "rules", "front matter"],
)
def test_a_draft_stored_before_the_upgrade_opens_at_once_and_shows_what_to_mend(
    editors: Editors, monkeypatch: pytest.MonkeyPatch, path: str, text: str
) -> None:
    monkeypatch.setattr(check_job, "found_in", no_child)
    assert path in FILES
    draft = stored(editors, path, text)
    browser = editors.browser(CLINICIAN)
    sign = "is YAML&#39;s sign for a text that stands in several places"
    pages = ("", "/texts", "/rules", "/files", "/compare", f"/file?path={path}") + (
        (f"/message?path={path}",) if path == HEAT else ()
    )
    for page in pages:
        with in_no_time():
            answer = browser.get(f"/messages/{draft}{page}")
        assert answer.status_code == 200, page
        assert (sign in answer.text) == (page == "" or page.startswith(("/file?", "/message?"))), page
    shown = browser.get(f"/messages/{draft}/file", params={"path": path})
    assert field(shown.text, "text").strip() == text.strip(), "the text to mend"
    link = re.search(r'href="([^"]+)"', browser.get(f"/messages/{draft}").text.split("Check results")[1])
    assert link
    assert browser.get(unescape(link.group(1))).text.count(sign) == 1, "the finding leads to where it is mended"

    with in_no_time():
        problems = ok(browser.get(f"{URL}/{draft}/check"))["problems"]
        assert [(p["kind"], p["file"]) for p in problems if p["kind"] == "anchor"] == [("anchor", path)]
        assert problems[0]["line"] > 0
        assert (
            browser.get(f"{URL}/{draft}/compare", params={"with": str(editors.runtime.packs.shipped_id)}).status_code
            == 200
        )
        assert browser.get(f"{URL}/{draft}/messages/M-HEAT/where").status_code == 404
        refused = browser.post(
            f"{URL}/{draft}/submit", json={}, headers={"If-Match": f'"{editors.version(draft).version}"'}
        )
    assert refused.status_code == 409
    assert any("YAML's sign" in reason for reason in refused.json()["reasons"])


def test_a_bomb_is_saved_told_and_mended_through_the_pages(editors: Editors) -> None:
    draft, browser = editors.begin(), editors.browser(CLINICIAN)
    form = {"path": "evidence.yaml", "was": editors.version(draft).files["evidence.yaml"], "text": ALIAS_BOMB}
    with in_no_time():
        saved = browser.post(f"/messages/{draft}/file", data=form)
        assert saved.status_code == 303
        assert "&amp;a” is YAML" in browser.get(saved.headers["location"]).text
    again = {**form, "was": editors.version(draft).files["evidence.yaml"], "text": FILES["evidence.yaml"]}
    assert browser.post(f"/messages/{draft}/file", data=again).status_code == 303
    assert "is YAML" not in browser.get(f"/messages/{draft}").text


def test_a_version_of_too_many_characters_is_neither_saved_nor_read(
    editors: Editors, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft, browser = editors.begin(), editors.browser(CLINICIAN)
    total = sum(map(len, FILES.values()))
    monkeypatch.setattr(drafting, "MAX_PACK", total + 10)
    monkeypatch.setattr(checking, "MAX_PACK", total - 10)
    put = partial(browser.put, f"{URL}/{draft}/file", params={"path": "rules/new.yaml"}, headers={"If-Match": "new"})
    assert put(json={"text": "# a note that is too long\n"}).status_code == 422
    assert put(json={"text": "# note\n"}).status_code == 200
    body = {
        "base_id": str(editors.runtime.packs.shipped_id),
        "reason": "x",
        "files": {**FILES, "rules/new.yaml": "#" * 99},
    }
    assert browser.post(f"{URL}/import", json=body).status_code == 422
    monkeypatch.setattr(check_job, "found_in", no_child)
    problems = ok(browser.get(f"{URL}/{draft}/check"))["problems"]
    assert any("characters in all its files" in p["text"] for p in problems)


# -- in the child ----------------------------------------------------------------------------------


@pytest.mark.long
def test_a_pattern_that_never_ends_is_stopped_and_told(editors: Editors, monkeypatch: pytest.MonkeyPatch) -> None:
    children: list[object] = []

    def found(files: Any, today: date) -> Iterator[Step]:
        children.append(files)
        return found_in(files, today, replace(LIMITS, cpu_seconds=2))

    monkeypatch.setattr(check_job, "found_in", found)
    draft, browser = stored(editors, "pack.yaml", ENDLESS["pack.yaml"]), editors.browser(CLINICIAN)
    (told,) = [p for p in ok(browser.get(f"{URL}/{draft}/check"))["problems"] if p["kind"] == "stopped"]
    assert (told["level"], told["file"]) == ("error", "pack.yaml")
    for words in ("was stopped after 2 seconds", "Result pages have not changed", "patterns under “never”"):
        assert words in told["text"]
    page = browser.get(f"/messages/{draft}").text
    assert "was stopped after 2 seconds" in page
    assert "disabled" in page.split("Send to review")[0].rsplit("<button", 1)[1], "it cannot be sent to review"
    message = browser.get(f"/messages/{draft}/message", params={"path": HEAT}).text
    assert "Not known until the files can be read" not in message, "they were read before it was stopped"
    assert len(children) == 1, "the answer is remembered, and one child did for every page"


@pytest.mark.parametrize(
    ("files", "limits", "says", "lasting"),
    [
        pytest.param({**FILES, "evidence.yaml": "[" * 100_000}, {}, "too deeply", True, marks=pytest.mark.long),
        pytest.param(FILES, {"memory_bytes": 2**20}, "more than 1 MB of memory", True, marks=pytest.mark.long),
        (FILES, {"wall_seconds": 0.2}, "not done after 0 seconds", False),
        (ENDLESS, {"cpu_seconds": 0}, "stopped after", True),
    ],
    ids=["deep", "memory", "time", "computing"],
)
def test_what_ends_a_child_is_told(files: dict[str, str], limits: dict[str, Any], says: str, lasting: bool) -> None:
    steps = list(found_in(files, TODAY, replace(LIMITS, **limits)))
    assert steps[-1].stage == ("read" if says == "too deeply" else "stopped")
    (problem,) = steps[-1].problems
    assert says in problem.text
    assert (problem.level, steps[-1].lasting) == ("error", lasting)


def test_a_fault_of_the_check_itself_is_told_and_logged(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    steps = list(found_in({"pack.yaml": 3}, TODAY))  # type: ignore[dict-item]
    assert [s.stage for s in steps] == ["stopped"]
    assert "fault of its own" in steps[0].problems[0].text
    monkeypatch.setattr("app.care.message_packs.confined.sys.executable", "/nowhere/python")
    (step,) = found_in(FILES, TODAY)
    assert (step.stage, step.lasting) == ("stopped", False)


# -- while somebody types, and what pages do themselves -------------------------------------------------


def test_while_somebody_types_no_pattern_of_the_draft_is_tried_but_those_of_mast_are(
    editors: Editors, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked_at_once(monkeypatch, found_here(lambda pack, today: []))
    draft, browser = stored(editors, "pack.yaml", ENDLESS["pack.yaml"]), editors.browser(CLINICIAN)
    form = {**editors.form(draft), "card": "Naloxone does not work here. " + "word " * 40}
    with in_no_time():
        answer = browser.post(f"/messages/{draft}/message/look", data=form)
    assert answer.status_code == 200
    assert "which pack.yaml forbids" in answer.text


def test_a_comparison_ends_whatever_is_compared() -> None:
    lines, words = "- x\n" * 90_000, "a " * 150_000
    old = {"rules/a.yaml": lines, "rules/b.yaml": words, "rules/c.yaml": "x\n"}
    new = {"rules/a.yaml": lines + "y\n", "rules/b.yaml": words + "b", "rules/d.yaml": lines}
    with in_no_time():
        found = comparing.changes(old, new)
    assert [(c.path[-6:], c.kind) for c in found] == [
        ("a.yaml", "changed"), ("b.yaml", "changed"), ("c.yaml", "removed"), ("d.yaml", "added"),
    ]  # fmt: skip
    assert all(len(p.text) < 21_000 for c in found for p in c.pieces)
    assert comparing.changed_paths(old, new) == [c.path for c in found]


def test_a_long_file_of_rules_is_neither_saved_nor_read(editors: Editors) -> None:
    """Saving reads rules while the draft is held, and the list of rules reads all of them."""
    text = "- id: R-HEAT\n  version: 1\n  x: [" + "1," * 60_000 + "2027-02-30]\n"
    draft, browser = stored(editors, "rules/old.yaml", text), editors.browser(CLINICIAN)
    headers = {"If-Match": "new"}
    assert browser.get(f"/messages/{draft}/rules").status_code == 200, "its template is read once in a process"
    with in_no_time():
        refused = browser.put(
            f"{URL}/{draft}/file", params={"path": "rules/new.yaml"}, headers=headers, json={"text": text}
        )
        assert browser.get(f"/messages/{draft}/rules").status_code == 200
    assert refused.status_code == 422
    assert "At most 100,000 characters" in refused.json()["fields"]["text"]
    assert rule_files.rules_in(text) == {}


def test_a_file_of_thousands_of_rules_is_saved_and_listed(editors: Editors) -> None:
    first = next(iter(rule_files.rules_in(FILES["rules/opioids.yaml"])))
    many = "".join(f"- id: R-{n}\n" for n in range(5_000)) + f"- id: {first}\n" * 1_000
    with in_no_time():
        assert rule_files.with_raised_versions(many, FILES).count("\n") == many.count("\n")
        assert rule_files.lines_of_rules(many)[first] == 5_001
        files = {"rules/new.yaml": many}
        version = lists.Version(files, None, checking.Checked(None, ()), files, frozenset(), date(2026, 12, 1))
        assert len(lists.rule_rows(version, lists.Wanted())) == 5_001


def test_long_front_matter_of_a_message_is_not_read_by_pages(editors: Editors, monkeypatch: pytest.MonkeyPatch) -> None:
    """Saving by the form reads a message while the draft is held, and the list of messages reads all of them."""
    checked_at_once(monkeypatch, found_here(lambda pack, today: []))
    for_the_slower_reader = f"---\nx: [{'1,' * 190_000}1]\ny: [a:b]\n"
    text = FILES[HEAT].replace("---\n", for_the_slower_reader, 1)
    draft, browser = stored(editors, HEAT, text), editors.browser(CLINICIAN)
    with in_no_time():
        assert message_files.read(text).front == {}
        assert browser.get(f"/messages/{draft}/texts").status_code == 200
        saved = browser.post(f"/messages/{draft}/message", data={**editors.form(draft), "card": "Drink some water."})
    assert saved.status_code == 303, "what the form asks is written anew"


def test_a_draft_that_asks_for_another_version_of_yaml_opens_and_says_so(editors: Editors) -> None:
    path = "rules/opioids.yaml"
    draft, browser = stored(editors, path, f"%YAML 1.3\n---\n# a & b\n{FILES[path]}"), editors.browser(CLINICIAN)
    for page in ("", "/texts", "/rules", "/files", "/compare", f"/file?path={path}"):
        assert browser.get(f"/messages/{draft}{page}").status_code == 200, page
    problems = ok(browser.get(f"{URL}/{draft}/check"))["problems"]
    assert any(p["file"] == path and "version of YAML that is not read here" in p["text"] for p in problems)


def test_a_long_file_shows_the_line_that_changed_and_one_that_changed_throughout_is_replaced() -> None:
    lines = [f"line {n}\n" for n in range(4_000)]
    old = {"a.md": "One word differs here.\n", "b.md": "".join(lines), "c.md": "".join(lines)}
    new = {
        "a.md": "One word changed here.\n",
        "b.md": old["b.md"].replace("line 2000\n", "another 2000\n"),
        "c.md": "".join(f"x{n}\n" if n % 2 else line for n, line in enumerate(lines)),
    }
    word, line, throughout = comparing.changes(old, new)
    assert [p.text for p in word.pieces if p.kind != "same"] == ["differs", "changed"]
    assert [p.text for p in line.pieces if p.kind != "same"] == ["line", "another"]
    assert (word.replaced, line.replaced) == (False, False)
    assert [p.kind for p in throughout.pieces if p.kind != "same"] == ["gone", "new"]
