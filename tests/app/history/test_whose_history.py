"""History belongs to the agency that brought it (attack.md 2: an administrator of another service undid an import, and
imported rows that named the first one; the audit entry stood where that one could not see it)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import select

from app.care.counted.tables import TrendSample
from app.figures.history import service as history
from app.intake.people import service as people
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Invalid
from harm_messages import load_pack
from tests.app.conftest import World
from tests.app.history.conftest import HEAD, ROW, Files
from tests.app.history.test_history_on_a_screen import send, step, text_of, work

TakeIn = Callable[..., Any]


def row_of(agency: str, key: str = "0001") -> str:
    """A sample of an agency, of no site."""
    return f"{agency},{key},2026-01-31,,Aton,Down,Opioid,12.5\n"


OURS, THEIRS = row_of("North East Drug Checking"), row_of("Another Service")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the kind of database; tests/api sends every route on both."""
    return sqlite_url


def counted(world: World) -> dict[Any, Any]:
    with world.runtime.read() as session:
        return {row.sample_id: (row.agency, row.agency_id) for row in session.exec(select(TrendSample))}


def test_an_administrator_of_another_service_neither_sees_nor_changes_imports_and_files(
    world: World, take_in: TakeIn
) -> None:
    made = take_in(HEAD + ROW)
    url = work(world, send(world, HEAD + ROW.replace("0001", "0002")))
    before = counted(world)
    theirs = world.as_(Role.ADMIN, agency="other")
    assert theirs.get("/api/v1/history/imports").json() == []
    assert "Two towns" not in theirs.get("/history").text + theirs.get("/history/part").text
    for key in (made.row.id, uuid4()):
        assert theirs.get(f"/history/imports/{key}/map.toml").status_code == 404
        assert theirs.post(f"/history/imports/{key}/undo", data={"reason": "because I can"}).status_code == 404
    for at in (url, f"/history/uploads/{uuid4()}"):
        for tail in ("", "/part", "/problems.csv"):
            assert theirs.get(at + tail).status_code == 404
        for act in ("import", "drop"):
            assert theirs.post(f"{at}/{act}", data={"version": 2}).status_code == 404
    assert counted(world) == before != {}
    assert len(world.as_(Role.ADMIN).get("/api/v1/history/imports").json()) == 1
    assert step(world, url, "import").status_code == 303


def test_rows_that_name_another_agency_of_this_server_are_refused_with_their_line(
    world: World, take_in: TakeIn
) -> None:
    for named in ("Another Service", "ANOTHER  service"):
        url = work(world, send(world, HEAD + OURS + row_of(named, "0002")))
        told = text_of(world.as_(Role.ADMIN).get(url))
        assert "1 problem to fix" in told
        assert "samples.csv, line 3, column Authority" in told
        assert "is another agency on this server, and only its own people may import its history." in told
        assert step(world, url, "import").status_code == 409
    with pytest.raises(Invalid, match="1 problem to fix"):
        take_in(HEAD + THEIRS)
    assert counted(world) == {}
    take_in(HEAD + THEIRS, world.other_actors[Role.ADMIN])
    take_in(HEAD + OURS + ROW.replace("0001", "0002"))
    assert sorted(counted(world).values(), key=str) == [
        ("Another Service", world.other_agency_id), ("North East Drug Checking", world.agency_id), ("North", None),
    ]  # fmt: skip


def test_a_source_of_the_same_name_replaces_and_takes_back_nothing_of_another_agency(
    world: World, take_in: TakeIn
) -> None:
    ours, them = take_in(HEAD + ROW), world.other_actors[Role.ADMIN]
    before = counted(world)
    theirs = take_in(HEAD + ROW, them)
    assert (theirs.new, theirs.already_there) == (1, False), "what another has is not told"
    assert len(counted(world)) == 2
    with world.runtime.db.begin(them) as uow:
        history.count_again(uow, "Two towns", load_pack())
        history.undo(uow, theirs.row.id, "not ours", load_pack())
    assert counted(world) == before
    with world.runtime.db.begin(world.actors[Role.ADMIN]) as uow:
        assert history.sources(uow.session, uow.actor) == ["Two towns"]
        history.undo(uow, ours.row.id, "all of it", load_pack())
    assert counted(world) == {}


def test_the_operator_names_the_agency_where_there_are_several_services(world: World, files: Files) -> None:
    with world.runtime.read() as session:
        with pytest.raises(Invalid, match="several services here") as refused:
            people.operator_for(session)
        assert "Another Service" in refused.value.hint
        assert people.operator_for(session, "Another Service").agency_id == world.other_agency_id
        with pytest.raises(Invalid, match="no agency “Nowhere” here"):
            people.operator_for(session, "Nowhere")
