"""What partners and the public read: text from T2 on, nothing of a session or a sample, and a retraction as loud."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from app.care.alerts.domain import NO_GREEN_LIGHT
from app.platform.db import Database
from app.platform.kernel.actor import Role
from app.results.finding import NewFinding
from tests.app.alerts.test_sign_off import CHEMIST, CLINICIAN, LEAD, TOLD, URL, VERIFIER, drafted, step, through
from tests.app.consultations.conftest import Desk

POLICE, HEALTH = Role.POLICE, Role.PUBLIC_HEALTH
ATOM = {"a": "http://www.w3.org/2005/Atom"}
UP = {
    "T2": (("submit", CHEMIST), ("agree", CLINICIAN), ("approve", LEAD)),
    "T3": (("submit", VERIFIER), ("agree", CLINICIAN), ("approve", LEAD)),
}


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
def lab(world: Any) -> Desk:
    return Desk(world, world.session(name="Saturday Fair"))


def in_force(lab: Desk, world: Any, tier: str, **more: Any) -> dict[str, Any]:
    return through(world, drafted(lab, world, tier, **more), *UP[tier])


def feed(world: Any) -> Xml.Element:
    answer = world.anonymous().get("/alerts/feed.atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    return Xml.fromstring(answer.content)


def outside(world: Any) -> dict[str, str]:
    """Everything anybody outside can read of alerts, as text."""
    said = {}
    for role in (POLICE, HEALTH):
        for agency in ("own", "other"):
            client = world.as_(role, agency=agency)
            said[f"{role} {agency}"] = client.get(f"{URL}/told").text + client.get("/alerts").text
    nobody = world.anonymous()
    said["public"] = "".join(nobody.get(u).text for u in ("/alerts/public", "/alerts/feed.atom", f"{URL}/public"))
    return said


def test_partners_read_the_text_of_a_t2_and_the_public_does_not(lab: Desk, world: Any) -> None:
    sample = lab.sample(("heroin",), form="powder", group_ref="G17")
    lab.found(sample, NewFinding("metonitazene"))
    row = in_force(lab, world, "T2", sample_id=str(sample))
    said = outside(world)
    public = said.pop("public")
    assert TOLD not in public
    for who, text in said.items():
        assert text.count(TOLD) == 2, who
        assert NO_GREEN_LIGHT in text
        assert "North East" in text
    for who, text in {**said, "public": public}.items():
        for secret in (
            row["id"], str(sample), str(lab.session_id), "Saturday Fair", "Church hall", "G17", "#001",
            "A nitazene in brown powder.", "Chemist Own", "drafted",
        ):  # fmt: skip
            assert secret not in text, (who, secret)
    for role in (POLICE, HEALTH):
        for path in (URL, f"{URL}/{row['id']}", f"{URL}/runs", f"/alerts/{row['id']}", f"/alerts/{row['id']}/sheet"):
            assert world.as_(role).get(path).status_code == 403, path


def test_a_t3_is_on_the_public_page_and_in_the_feed(lab: Desk, world: Any) -> None:
    in_force(lab, world, "T3")
    assert all(TOLD in text for text in outside(world).values())
    (entry,) = feed(world).findall("a:entry", ATOM)
    assert TOLD in (entry.findtext("a:content", "", ATOM))
    assert NO_GREEN_LIGHT in entry.findtext("a:content", "", ATOM)
    link = entry.find("a:link", ATOM)
    assert link is not None
    page = world.anonymous().get(link.attrib["href"].removeprefix("https://testserver")).text
    assert TOLD in page


def test_a_draft_and_a_notice_of_a_session_are_told_to_nobody_outside(lab: Desk, world: Any) -> None:
    drafted(lab, world, "T3")
    world.as_(CHEMIST).post(
        URL,
        json={
            "tier": "T1",
            "session_id": str(lab.session_id),
            "words": "Red.",
            "forms": ["tablet"],
            "told_words": TOLD,
        },
    )
    row = drafted(lab, world, "T3")
    through(world, row, ("submit", CHEMIST), ("agree", CLINICIAN))
    assert all(TOLD not in text for text in outside(world).values())
    assert feed(world).findall("a:entry", ATOM) == []
    assert NO_GREEN_LIGHT in world.anonymous().get("/alerts/public").text, "an empty page says so most of all"


def test_a_retraction_is_told_in_the_same_channels_in_the_same_place_and_as_long(
    lab: Desk, world: Any, clock: Any
) -> None:
    row = in_force(lab, world, "T3")
    before = world.anonymous().get("/alerts/public").text
    done = step(world, row, "retract", CLINICIAN, reason="The reference was wrong: it was etonitazene.")
    assert done.status_code == 200, done.text
    channels = world.as_(LEAD).get(f"{URL}/{row['id']}").json()["channels"]
    assert {c["channel"] for c in channels} == {"staff", "clients", "partners", "public"}
    assert all(c["retracted_at"] for c in channels)
    for text in outside(world).values():
        assert "it was etonitazene" in text
    after = world.anonymous().get("/alerts/public").text
    assert before.count("notice--problem") == after.count("notice--problem") == 1, "the same box, as large"
    assert "Retracted: " in after
    (entry,) = feed(world).findall("a:entry", ATOM)
    assert entry.findtext("a:title", "", ATOM).startswith("Retracted: ")
    assert entry.findtext("a:updated", "", ATOM) >= entry.findtext("a:published", "", ATOM)
    clock.advance(days=29)
    assert "it was etonitazene" in world.anonymous().get("/alerts/public").text
    clock.advance(days=8)
    assert "etonitazene" not in world.anonymous().get("/alerts/public").text


def test_outside_only_the_day_is_told_and_staff_who_sign_see_the_time(lab: Desk, world: Any, clock: Any) -> None:
    clock.set(datetime(2026, 6, 13, 17, 41, 23, 654321, tzinfo=UTC))
    row = in_force(lab, world, "T3")
    for said in (world.anonymous().get(f"{URL}/public"), world.as_(POLICE).get(f"{URL}/told")):
        (one,) = said.json()
        assert (one["from_at"], one["until"], one["retracted_at"]) == ("2026-06-13", "2026-07-13", None)
    (entry,) = feed(world).findall("a:entry", ATOM)
    published = entry.findtext("a:published", "", ATOM)
    assert published == entry.findtext("a:updated", "", ATOM) == "2026-06-13T00:00:00Z"
    texts = [*outside(world).values()]
    clock.set(datetime(2026, 6, 13, 17, 52, 37, 123456, tzinfo=UTC))
    step(world, row, "retract", CLINICIAN, reason="The reference was wrong.")
    assert world.anonymous().get(f"{URL}/public").json()[0]["retracted_at"] == "2026-06-13"
    (entry,) = feed(world).findall("a:entry", ATOM)
    assert entry.findtext("a:updated", "", ATOM) > published, "or no feed reader shows that it was retracted"
    for text in [*texts, *outside(world).values()]:
        assert TOLD in text
        assert not re.search(r"41:23|52:37|[12]\d:(41|52)", text)
    staff = world.as_(LEAD).get(f"{URL}/{row['id']}").json()
    assert staff["from_at"].startswith("2026-06-13T17:41:23")


def test_it_ends_by_itself_and_its_own_page_says_so(lab: Desk, world: Any, clock: Any) -> None:
    in_force(lab, world, "T3")
    (one,) = world.anonymous().get(f"{URL}/public").json()
    clock.advance(days=30)
    assert world.anonymous().get(f"{URL}/public").json() == []
    page = world.anonymous().get(f"/alerts/public/{one['id']}")
    assert page.status_code == 200
    assert "This alert ended on" in page.text
    clock.advance(days=400)
    assert world.anonymous().get(f"/alerts/public/{one['id']}").status_code == 404


def test_a_look_is_told_as_long_as_its_client_agrees(lab: Desk, world: Any) -> None:
    sample = lab.sample(("heroin",), form="powder", colours=["brown"], logo="Zebra")
    lab.found(sample, NewFinding("metonitazene"))
    in_force(lab, world, "T3", sample_id=str(sample), logos=["Zebra"], colours=["brown"])
    assert all("Zebra" in text for text in outside(world).values())
    world.as_(Role.RECEPTION).post(f"/api/v1/samples/{sample}/withdraw", json={})
    for text in outside(world).values():
        assert "Zebra" not in text
        assert TOLD in text, "the warning itself stands"
