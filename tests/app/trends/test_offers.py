"""What the question form offers: names enough samples have, at any size of the collection and at every moment."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from app.platform.kernel.actor import Role
from app.trends import offers, repository_offers, repository_snapshot, service
from app.trends.domain import Dimension

from .conftest import Figures

OPIATE = (("heroin", "opioid.opiate"),)


@pytest.fixture(params=["sql", "sql kept", "columns"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A small collection, one whose names are kept, and one that is counted in memory."""
    monkeypatch.setattr(offers, "LARGE", 10**9 if request.param == "sql" else 1)
    monkeypatch.setattr(repository_snapshot, "LARGE", 1 if request.param == "columns" else 10**9)
    yield request.param
    offers._KEPT.clear()
    repository_snapshot._KEPT.clear()


def offered(figures: Figures, role: Role = Role.RESEARCHER, agency: str = "own") -> offers.Offers:
    actor = figures.world.actors[role] if agency == "own" else figures.world.other_actors[role]
    with figures.world.runtime.read() as session:
        return offers.offers(session, actor)


def regions(figures: Figures, role: Role = Role.RESEARCHER, agency: str = "own") -> list[str]:
    return offered(figures, role, agency).values[Dimension.REGION]


def take_out(figures: Figures, keys: list[UUID]) -> None:
    with figures.world.runtime.db.begin() as uow:
        service.forget_many(uow, keys)


def test_a_name_is_offered_just_as_long_as_enough_samples_have_it(figures: Figures, size: str) -> None:
    figures.add(30)
    assert regions(figures) == ["North East"]
    nine = figures.add(9, region="Rutland", found=OPIATE)
    assert regions(figures) == ["North East"]
    assert offered(figures).found == ("entactogen", "mdma")
    figures.add(1, region="Rutland", found=OPIATE, month="2026-06", tests=(("strip", "*", "looked"),))
    there = offered(figures)
    assert there.values[Dimension.REGION] == ["North East", "Rutland"]
    assert there.found == ("entactogen", "opioid.opiate", "heroin", "mdma")
    assert there.months == ("2026-05", "2026-06")
    assert there.methods == ("gc_ms", "strip")
    take_out(figures, nine[:1])
    assert regions(figures) == ["North East"], "one left, so nine have it"
    assert offered(figures).found == ("entactogen", "mdma")


def test_everybody_is_offered_what_they_may_see(figures: Figures, size: str) -> None:
    figures.add(8, region="Kent")
    figures.add(8, region="Wales", agency=figures.world.other_agency_id)
    figures.add(8, region="Wales")
    figures.add(9, region="London", group="other", found=OPIATE)
    assert regions(figures) == ["Wales"]
    assert regions(figures, Role.SESSION_LEAD) == ["Kent", "Wales"]
    assert regions(figures, Role.SESSION_LEAD, "other") == ["Wales"]
    assert offered(figures, Role.SESSION_LEAD).found == ("entactogen", "mdma"), "of clients only"


def test_a_substance_of_two_classes_counts_its_samples_together(figures: Figures, size: str) -> None:
    for of_class in ("opioid.opiate", "opioid.other"):
        figures.add(6, found=(("heroin", of_class),))
    assert offered(figures).found == ("heroin",)


def test_a_class_counts_a_sample_once_whatever_it_holds(figures: Figures, size: str) -> None:
    figures.add(6, found=(("heroin", "opioid.opiate"), ("codeine", "opioid.opiate")))
    assert offered(figures).found == ()


def test_names_are_kept_while_no_fact_changes(figures: Figures, monkeypatch: pytest.MonkeyPatch, size: str) -> None:
    figures.add(30)
    first = offered(figures)
    looked = []
    monkeypatch.setattr(repository_offers, "found_names", lambda *_, **__: looked.append(1) or [])
    assert (offered(figures) == first) is (size != "sql")
    assert bool(looked) is (size == "sql")


def test_a_transaction_that_changes_facts_is_offered_them_and_keeps_nothing(figures: Figures, size: str) -> None:
    keys = figures.add(10)
    actor = figures.world.actors[Role.RESEARCHER]
    assert regions(figures) == ["North East"]

    def inside() -> None:
        with figures.world.runtime.db.begin() as uow:
            service.forget_many(uow, keys[:1])
            assert offers.offers(uow.session, actor).values[Dimension.REGION] == []
            raise RuntimeError("rolled back")

    with pytest.raises(RuntimeError, match="rolled back"):
        inside()
    assert regions(figures) == ["North East"]
