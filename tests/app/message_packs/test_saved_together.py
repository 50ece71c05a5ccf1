"""Two people write one text: what only one of them changed goes together; where both did, a choice is shown and nothing is lost."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from app.care.message_packs.merging import Clash, merge
from app.care.message_packs.rule_files import in_parts
from app.platform.db import Database
from app.platform.kernel.actor import Role
from harm_messages import load_pack
from tests.app.message_packs.conftest import HEAT, Editors, field

CLINICIAN = Role.CLINICIAN
RULES = "rules/opioids.yaml"
FILES = load_pack().source


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


# -- pure -----------------------------------------------------------------------------------------


def test_what_only_one_of_two_changed_goes_together() -> None:
    both = merge({"a": "1", "b": "1", "c": "1"}, {"a": "2", "b": "1", "c": "1"}, {"a": "1", "b": "3", "c": "1"})
    assert (both.parts, both.clashes, both.from_them) == ({"a": "2", "b": "3", "c": "1"}, (), ("a",))


def test_the_same_change_twice_is_no_clash_and_a_removed_part_is_a_change() -> None:
    assert merge({"a": "1"}, {"a": "2"}, {"a": "2"}).clashes == ()
    assert merge({"a": "1", "b": "1"}, {"a": "1"}, {"a": "1", "b": "1"}).parts == {"a": "1"}
    both = merge({"a": "1"}, {}, {"a": "2"})
    assert both.clashes == (Clash("a", "1", None, "2"),)
    assert both.parts == {"a": "2"}, "yours stand until it is chosen"


# -- a message ------------------------------------------------------------------------------------


def texts(editors: Editors, draft: str) -> dict[str, str]:
    return dict(editors.browser(CLINICIAN).get(f"/api/v1/message-packs/{draft}/files").json()["files"])


def save(editors: Editors, draft: str, form: dict[str, str], **changed: Any) -> Any:
    return editors.browser(CLINICIAN).post(f"/messages/{draft}/message", data={**form, **changed})


def theirs(editors: Editors, draft: str, **changed: str) -> None:
    assert editors.other is not None
    assert editors.save(draft, editors.other, **changed).status_code == 303


def of_choice(page: str) -> dict[str, Any]:
    """The fields of the form in which the choice is made."""
    form = page.split('aria-labelledby="clash"')[1].split("</form>", maxsplit=1)[0]
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {name: unescape(value) for name, value in hidden if name != "clash"} | {
        "clash": [value for name, value in hidden if name == "clash"]
    }


def test_changes_to_different_fields_are_saved_together_and_listed(editors: Editors) -> None:
    draft = editors.begin()
    form = editors.form(draft)
    theirs(editors, draft, title="Too hot to dance")
    answer = save(editors, draft, form, card=form["card"] + "\n\nRest where it is cool.")
    assert answer.status_code == 303, answer.text
    there = texts(editors, draft)[HEAT]
    assert "Too hot to dance" in there
    assert "Rest where it is cool." in there
    page = editors.browser(CLINICIAN).get(answer.headers["location"]).text
    assert "Someone else’s changes were kept too: Title." in page
    version = editors.browser(CLINICIAN).get(f"/messages/{draft}").text
    assert re.search(r"1 file differs from version \d+: <a [^>]+>Too hot to dance</a>", version)


@pytest.mark.parametrize("take", ["theirs", "yours"])
def test_the_same_field_shows_both_sides_and_takes_the_one_that_is_chosen(editors: Editors, take: str) -> None:
    draft = editors.begin()
    form = editors.form(draft)
    theirs(editors, draft, card=form["card"] + "\n\nSit in the shade.", more="Their further words.")
    mine = {"card": form["card"] + "\n\nRest where it is cool.", "title": "My title"}
    clash = save(editors, draft, form, **mine)
    assert clash.status_code == 409
    page = clash.text
    assert "Someone else changed the same text. Nothing was saved yet." in page
    sides = page.split('<dl class="sides">')[1].split("</dl>")[0]
    assert re.search(r"<dt>Theirs</dt>.*<ins>.*shade.*<dt>Yours</dt>.*<ins>.*cool", sides, re.DOTALL), "word by word"
    assert "Rest where it is cool." in field(page.split('id="message-form"')[1], "card"), "to go on editing"
    assert "My title" not in texts(editors, draft)[HEAT], "nothing was saved yet"
    chosen = of_choice(page)
    assert chosen["clash"] == ["card"]
    undecided = editors.browser(CLINICIAN).post(f"/messages/{draft}/message", data={**chosen, "take": [""]})
    assert undecided.status_code == 409
    assert "Rest where it is cool." in undecided.text
    done = editors.browser(CLINICIAN).post(f"/messages/{draft}/message", data={**chosen, "take": [take]})
    assert done.status_code == 303, done.text
    there = texts(editors, draft)[HEAT]
    assert ("shade" in there, "cool" in there) == (take == "theirs", take == "yours")
    assert "My title" in there, "what only you changed stays"
    assert "Their further words." in there, "what only they changed stays"


def test_what_was_typed_is_shown_where_the_draft_went_to_review_in_between(editors: Editors) -> None:
    draft = editors.begin()
    editors.save(draft, card=editors.form(draft)["card"] + "\n\nSit down.")
    form = editors.form(draft)
    assert editors.submit(draft).status_code == 303
    late = save(editors, draft, form, card="My late words about heat.")
    assert late.status_code == 409
    assert "Only a draft can be changed." in late.text
    assert "My late words about heat." in late.text.split("What you typed")[1]


# -- a file of rules ------------------------------------------------------------------------------


def test_rules_are_merged_rule_by_rule_and_the_api_still_refuses_what_is_stale(editors: Editors) -> None:
    draft, browser = editors.begin(), editors.browser(CLINICIAN)
    address, url = f"/messages/{draft}/file", f"/api/v1/message-packs/{draft}/file"
    page = browser.get(address, params={"path": RULES}).text
    was, text = field(page, "was"), field(page, "text").replace("\r\n", "\n").lstrip("\n")
    first, second = [name for name in in_parts(text) if name][:2]

    def dated(rule: str, day: str) -> str:
        part = in_parts(text)[rule]
        return text.replace(part, re.sub(r"review_by: \S+", f"review_by: {day}", part))

    assert dated(first, "2031-01-01") != text != dated(second, "2032-02-02")
    assert (
        browser.post(address, data={"path": RULES, "was": was, "text": dated(first, "2031-01-01")}).status_code == 303
    )
    stale = browser.put(url, params={"path": RULES}, json={"text": text}, headers={"If-Match": was})
    assert stale.status_code == 412
    other = browser.post(address, data={"path": RULES, "was": was, "text": dated(second, "2032-02-02")})
    assert other.status_code == 303, other.text
    assert first in unescape(browser.get(other.headers["location"]).text).split("changes were kept too")[1]
    both = texts(editors, draft)[RULES]
    assert "2031-01-01" in both
    assert "2032-02-02" in both
    clash = browser.post(address, data={"path": RULES, "was": was, "text": dated(first, "2033-03-03")})
    assert clash.status_code == 409
    chosen = of_choice(clash.text)
    assert chosen["clash"] == [first]
    done = browser.post(address, data={**chosen, "take": ["yours"]})
    assert done.status_code == 303, done.text
    there = texts(editors, draft)[RULES]
    assert ("2031-01-01" in there, "2032-02-02" in there, "2033-03-03" in there) == (False, True, True)
