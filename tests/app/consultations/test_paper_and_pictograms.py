"""A result on paper from the ticket and from the consultation, the drawings beside words, and what may be ticked."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app.platform.db import Database
from app.screens.consultation import page as also_taking
from harm_messages import load_pack
from harm_messages.vocabulary import Pictogram

from .conftest import VIEW, WORKER, Desk


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """What is printed does not depend on the kind of database."""
    return sqlite_database


def test_a_holder_prints_the_page_unfolded_and_without_the_code(lab: Desk, world: Any) -> None:
    sample_id = lab.sample()
    lab.found(sample_id)
    browser = world.anonymous()
    assert browser.get("/t/print").status_code == 401, "without a ticket there is nothing to print"
    screen = lab.page(sample_id, browser)
    address = re.search(r'href="(/t/print[^"]*)"', screen)
    assert address is not None
    assert lab.codes[sample_id] not in address.group(1)
    page = browser.get(address.group(1).replace("&amp;", "&")).text
    assert "<details" not in page
    assert lab.codes[sample_id] not in page
    assert "999" in page
    assert "paper-a4.css" in page
    assert "paper-receipt.css" in browser.get("/t/print?paper=receipt").text
    assert browser.get("/t/print?paper=wallpaper").status_code == 422
    assert len(lab.shown(sample_id)) == 1, "paper is the page that was shown already"


def test_a_ticket_that_waits_has_nothing_to_print_yet(lab: Desk, world: Any) -> None:
    sample_id = lab.sample()
    browser = world.anonymous()
    browser.post(VIEW, json={"code": lab.codes[sample_id]})
    got = browser.get("/t/print")
    assert (got.status_code, got.headers["location"]) == (303, "/t")
    got = world.as_(WORKER).get(f"/consultations/samples/{sample_id}/print")
    assert got.status_code == 303


def test_every_pictogram_has_a_drawing_of_its_own_in_ink_alone(lab: Desk) -> None:
    macros: Any = lab.runtime.templates.environment.get_template("common/pictograms.html").module
    assert set(macros.drawings) == {one.value for one in Pictogram}
    assert len(set(macros.drawings.values())) == len(macros.drawings)
    for one in Pictogram:
        drawn = str(macros.draw(one))
        assert drawn.startswith("<svg")
        assert 'aria-hidden="true"' in drawn
        assert set(re.findall(r'(?:fill|stroke)="([^"]*)"', drawn)) <= {"none", "currentColor"}
    assert str(macros.draw(None)) == str(macros.draw("nothing")) == ""


def test_what_may_be_ticked_holds_everything_a_pair_knows_and_nothing_twice() -> None:
    pack = load_pack()
    tapped, found = (
        [*also_taking.short_list(pack, "taken"), *also_taking.short_list(pack, "about_you")],
        also_taking.to_find(pack),
    )
    assert {one.id for one in tapped} == set(pack.co_use)
    words = " ".join(f"{one.label} {one.words}" for one in (*tapped, *found)).casefold()
    missing = [s for g in pack.groups.values() for s in g.substances if pack.substances[s].name.casefold() not in words]
    assert not missing, "a name that some pair warns of could not be found"
    names = [one.label.casefold() for one in (*tapped, *found)]
    assert len(names) == len(set(names))
    assert not [one for one in found if pack.substances[one.id].cutting and not pack.substances[one.id].psychoactive]
