"""An administrator imports a library on the screen or over HTTP: durable first, then a job, with progress and refusals."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from app.intake.people.tables import Agency, AgencyKind
from app.laboratory.library import import_job
from app.laboratory.library.domain import Holds, ImportState
from app.laboratory.library.tables import LibraryImport
from app.platform.audit import AuditEntry
from app.platform.jobs import JobRunner
from app.platform.kernel.actor import Role
from tests.support.reference_zips import curve, reference, zipped

WORDS = {"name": "Network 2026", "licence": "CC0", "source": "a network", "y_unit": ""}
OCTETS = {"Content-Type": "application/octet-stream"}
URL = "/api/v1/libraries/imports/uploads?filename=network.zip&name=Network%202026&licence=CC0&source=a%20network"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the kind of database."""
    return sqlite_url


@pytest.fixture
def network() -> bytes:
    return zipped(
        {
            "a.jdx": reference("Alphamine HCl", curve(1)),
            "b.jdx": reference("Betamine", curve(2)),
            "=note.txt": b"Not a spectrum at all.",
        }
    )


def arrived(world) -> list[Path]:
    return list((world.runtime.settings.blob_dir / "library-arrivals").glob("??/??/*"))


def test_an_administrator_of_a_partner_imports_nothing_and_the_page_says_why(world, network: bytes):
    """What is imported is searched at the bench of every service of the server."""
    with world.runtime.db.begin() as uow:
        uow.session.get_one(Agency, world.other_agency_id).kind = AgencyKind.POLICE
    admin = world.as_(Role.ADMIN, agency="other")
    assert 'href="/libraries/import"' not in admin.get("/libraries").text
    answers = (
        admin.get("/libraries/import"),
        admin.post("/libraries/import/files", data=WORDS, files={"file": ("network.zip", network)}),
        admin.post(URL, content=network, headers=OCTETS),
    )
    for answer in answers:
        assert answer.status_code == 403
        assert "only administrators of a service import them" in answer.text
    assert arrived(world) == []
    assert world.as_(Role.ADMIN).get("/api/v1/libraries/imports").json() == []


def test_a_zip_sent_with_the_form_becomes_a_library_with_its_refusals_to_download(world, network: bytes):
    admin = world.as_(Role.ADMIN)
    assert 'href="/libraries/import"' in admin.get("/libraries").text
    sent = admin.post("/libraries/import/files", data=WORDS, files={"file": ("network.zip", network)})
    assert (sent.status_code, sent.headers["location"]) == (303, "/libraries/import")
    before = admin.get("/libraries/import").text
    assert "Starting soon" in before
    assert "every 2s" in before
    assert len(arrived(world)) == 1
    world.runtime.jobs.run_until_idle()
    assert arrived(world) == []
    part = admin.get("/libraries/import/part").text
    assert "2 of 3 spectra were accepted." in part
    assert "every 2s" not in part
    (one,) = admin.get("/api/v1/libraries/imports").json()
    assert (one["state"], one["report"]["refused"], one["problem"]) == ("done", 1, None)
    key = one["library_id"]
    table = admin.get(f"/libraries/{key}/refusals.csv")
    assert table.headers["content-type"].startswith("text/csv")
    assert "'=note.txt" in table.text
    assert admin.get(f"/libraries/{key}/refusals.json").json()["refusals"][0]["file"] == "=note.txt"
    chemist = world.as_(Role.CHEMIST)
    assert "refusals.csv" in chemist.get(f"/libraries/{key}").text
    shown = chemist.get(f"/libraries/{key}/entries/0").text
    assert "hydrochloride" in shown
    assert "ATR" in shown
    assert chemist.get(f"/api/v1/libraries/{key}/entries/0").json()["details"]["Sampling"] == "ATR"


def test_what_a_library_holds_is_chosen_at_its_import_and_declared_otherwise_later(world, network: bytes):
    admin, chemist, registry = world.as_(Role.ADMIN), world.as_(Role.CHEMIST), world.runtime.registry
    admin.post("/libraries/import/files", data=WORDS | {"holds": "general"}, files={"file": ("network.zip", network)})
    world.runtime.jobs.run_until_idle()
    key = admin.get("/api/v1/libraries").json()[0]["key"]
    opened = registry.get(key)
    assert opened.holds is Holds.GENERAL
    assert "Chemicals of any kind" in chemist.get("/libraries").text
    form, url = f"/libraries/{key}/holds", f"/api/v1/libraries/{key}/holds"
    assert f'action="{form}"' not in chemist.get(f"/libraries/{key}").text
    assert chemist.post(form, data={"holds": "drugs"}).status_code == 403
    assert chemist.put(url, json={"holds": "drugs"}).status_code == 403
    saved = admin.post(form, data={"holds": "drugs"})
    assert (saved.status_code, saved.headers["location"]) == (303, f"/libraries/{key}")
    assert registry.get(key).holds is Holds.DRUGS
    assert registry.get(key).spectra is opened.spectra, "nothing is opened again for it"
    assert admin.put(url, json={"holds": "general"}).json()["holds"] == "general"
    assert admin.post("/libraries/starter-ir/holds", data={"holds": "general"}).status_code == 404
    with world.runtime.db.read() as session:
        entry, *_ = session.exec(select(AuditEntry).where(AuditEntry.verb == "declare"))
    assert (entry.before, entry.after) == ({"holds": "general"}, {"holds": "drugs"})


def test_the_same_over_http_tells_how_far_it_is_and_is_one_import_however_often_it_is_sent(world, network: bytes):
    admin = world.as_(Role.ADMIN)
    headers = {**OCTETS, "Idempotency-Key": "once"}
    first = admin.post(URL, content=network, headers=headers)
    again = admin.post(URL, content=network, headers=headers)
    assert first.status_code == again.status_code == 202
    assert first.json()["id"] == again.json()["id"]
    assert (first.json()["state"], first.json()["size"]) == ("waiting", len(network))
    second = admin.post(URL, content=network, headers=OCTETS)
    assert second.status_code == 409
    assert "being imported at this moment" in second.json()["detail"]
    world.runtime.jobs.run_until_idle()
    told = admin.get(f"/api/v1/libraries/imports/{first.json()['id']}").json()
    assert (told["state"], told["step"]) == ("done", "Writing the library")


def test_a_file_that_is_no_library_is_refused_with_a_sentence_and_removed(world):
    admin = world.as_(Role.ADMIN)
    made = admin.post(URL, content=b"nothing of use", headers=OCTETS).json()
    world.runtime.jobs.run_until_idle()
    told = admin.get(f"/api/v1/libraries/imports/{made['id']}").json()
    assert told["state"] == "refused"
    assert told["problem"]["detail"].startswith("network.zip:")
    assert "not imported" in admin.get("/libraries/import/part").text
    assert arrived(world) == []
    assert admin.get("/api/v1/libraries").json()[0]["starter"]


def test_missing_words_are_said_field_by_field_and_what_was_typed_is_kept(world, network: bytes):
    admin = world.as_(Role.ADMIN)
    page = admin.post(
        "/libraries/import/files", data={"name": "Network 2026", "source": "us"}, files={"file": ("n.zip", network)}
    )
    assert page.status_code == 422
    assert "Say under which licence" in page.text
    assert 'value="Network 2026"' in page.text
    assert "Choose a file" in admin.post("/libraries/import/files", data=WORDS).text
    assert admin.post(URL.replace("CC0", "%20"), content=network, headers=OCTETS).status_code == 422
    assert arrived(world) == [], "a file whose words are refused is not kept"
    assert admin.get("/api/v1/libraries/imports").json() == []


def test_a_failure_of_ours_is_tried_again_and_then_said(world, network: bytes, monkeypatch: pytest.MonkeyPatch):
    def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError("the disk went away")

    admin = world.as_(Role.ADMIN)
    made = admin.post(URL, content=network, headers=OCTETS).json()
    monkeypatch.setattr("app.laboratory.library.import_job.import_library", broken)
    runner: JobRunner = world.runtime.jobs
    for _ in range(3):
        runner.run_until_idle()
        world.runtime.clock.advance(seconds=400)
    told = admin.get(f"/api/v1/libraries/imports/{made['id']}").json()
    assert told["state"] == "failed"
    assert "Everything else is unharmed" in told["problem"]["detail"]
    with world.runtime.read() as session:
        assert session.get(LibraryImport, import_job.uuid.UUID(made["id"])).state is ImportState.FAILED


def test_a_file_that_went_away_is_said_without_a_path_of_the_server(world, network: bytes):
    admin = world.as_(Role.ADMIN)
    made = admin.post(URL, content=network, headers=OCTETS).json()
    arrived(world)[0].unlink()
    world.runtime.jobs.run_until_idle()
    told = admin.get(f"/api/v1/libraries/imports/{made['id']}").json()
    assert (told["state"], "Send it again" in told["problem"]["hint"]) == ("refused", True)
    assert str(world.runtime.settings.blob_dir) not in str(told)


def test_where_not_every_refusal_was_kept_the_page_does_not_say_all(world, network: bytes, monkeypatch):
    monkeypatch.setattr("app.laboratory.library.importing.KEPT_REFUSALS", 1)
    world.as_(Role.ADMIN).post(
        URL,
        content=zipped({f"{k}.txt": b"no" for k in "abc"} | {"d.jdx": reference("Alphamine", curve(1))}),
        headers=OCTETS,
    )
    world.runtime.jobs.run_until_idle()
    admin = world.as_(Role.ADMIN)
    key = admin.get("/api/v1/libraries/imports").json()[0]["library_id"]
    shown = admin.get(f"/libraries/{key}").text
    assert "All of them" not in shown
    assert "The first 1 of 3" in shown
