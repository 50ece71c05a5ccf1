"""A world to test in: one service agency with people of every role, another agency, and signed-in clients."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.intake.people import service as people
from app.intake.people.tables import AgencyKind
from app.main import build_runtime
from app.platform import audit
from app.platform.db import Database
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.ids import new_id
from app.runtime import Runtime
from app.settings import Settings
from tests.support import once
from tests.support.clock import SettableClock
from tests.support.once import application_with
from tests.support.visitor import Visitor

once.install()

PASSWORD = "correct horse battery"
PEPPER = "a test pepper of 32 bytes or more"


@dataclass
class World:
    """Who and what is there. `as_(Role.CHEMIST)` is a signed-in browser of that role; `other_lead` is foreign."""

    app: FastAPI
    runtime: Runtime
    agency_id: UUID
    other_agency_id: UUID
    actors: dict[Role, Actor]
    other_actors: dict[Role, Actor]
    stack: ExitStack
    portal: BlockingPortal
    clients: dict[str, TestClient] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    """The same in every test."""

    def as_(self, role: Role, *, agency: str = "own") -> TestClient:
        """A TestClient with the session cookie of this role; made once per test."""
        key = f"{agency}:{role}"
        if key not in self.clients:
            client = self.anonymous()
            actor = (self.actors if agency == "own" else self.other_actors)[role]
            with self.runtime.db.begin(actor) as uow:
                person = uow.session.get(people.Person, actor.person_id)
                assert person is not None
                secret = people.sign_in(uow, person, self.runtime.session_policy)
            client.cookies.set("__Host-mast", secret, domain="testserver.local", path="/")
            self.clients[key] = client
        return self.clients[key]

    def anonymous(self) -> TestClient:
        """A browser nobody signed in with. HTTPS, because the cookies are Secure."""
        return Visitor(self.app, self.portal)

    def session(
        self, *, name: str = "Saturday", licence: str = "foh_general", agency: str = "own", **more: object
    ) -> UUID:
        """An open drug-checking session, written straight into the tables."""
        from app.intake.sessions.domain import ServiceType
        from app.intake.sessions.tables import CheckingSession, Site
        from harm_messages.vocabulary import LicenceMode

        actor = (self.actors if agency == "own" else self.other_actors)[Role.SESSION_LEAD]
        with self.runtime.db.begin(actor) as uow:
            site = Site(agency_id=actor.agency_id, name=f"Church hall {next(_COUNT)}", region="North East")
            uow.session.add(site)
            uow.session.flush()
            values = {
                "agency_id": actor.agency_id,
                "site_id": site.id,
                "name": name,
                "service_type": ServiceType.CITY_CLINIC,
                "licence_mode": LicenceMode(licence),
                "opens_at": uow.now - timedelta(hours=2),
                "closes_at": uow.now + timedelta(hours=6),
                "created_at": uow.now,
                **more,
            }
            row = CheckingSession(**values)
            uow.session.add(row)
            uow.session.flush()
            return row.id


_COUNT = itertools.count(1)


def settings_of(folder: Path, database_url: str) -> Settings:
    """Settings of a throw-away server on a database."""
    return Settings(data_dir=folder / "data", database_url=database_url, secret=PEPPER, workers=0)


@contextmanager
def running_world(settings: Settings, clock: Callable[[], datetime]) -> Iterator[World]:
    """The application with two agencies and a person of every role in each."""
    runtime = build_runtime(settings, clock)
    once.remember_pages(runtime.templates)
    app = application_with(runtime)
    with runtime.db.begin() as uow:
        audit.adopt(uow, audit.key_of(runtime.pepper))  # as a server that starts with a new database
        own = people.add_agency(uow, "North East Drug Checking", AgencyKind.SERVICE)
        other = people.add_agency(uow, "Another Service", AgencyKind.SERVICE)
        actors = dict(zip(Role, people_of(uow, own.id, {f"{role.value}.own": role for role in Role}), strict=True))
        others = dict(zip(Role, people_of(uow, other.id, {f"{role.value}.other": role for role in Role}), strict=True))
    with ExitStack() as stack:
        running = stack.enter_context(TestClient(app, base_url="https://testserver"))  # runs the lifespan
        assert running.portal is not None
        yield World(app, runtime, own.id, other.id, actors, others, stack, running.portal)


@pytest.fixture
def settings(tmp_path: Path, database: Database) -> Settings:
    """Settings of a throw-away server on the database under test."""
    return settings_of(tmp_path, database.url)


@pytest.fixture
def world(settings: Settings, clock: Callable[[], datetime]) -> Iterator[World]:
    """The application with two agencies and a person of every role in each."""
    with running_world(settings, clock) as there:
        yield there


@pytest.fixture(scope="module")
def shared_world(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The same for all tests of a module, on SQLite, at noon of a festival Saturday: for tests that only read."""
    folder = tmp_path_factory.mktemp("world")
    shutil.copyfile(migrated_sqlite, folder / "mast.sqlite3")
    with running_world(settings_of(folder, f"sqlite:///{folder / 'mast.sqlite3'}"), SettableClock()) as there:
        yield there


_HASH: list[str] = []


def people_of(uow: people.UnitOfWork, agency_id: UUID, wanted: Mapping[str, Role]) -> list[Actor]:
    """People by user name, each with one role, written at once: this is done some thousand times."""
    if not _HASH:
        _HASH.append(people.hash_password(PASSWORD))
    actors = [
        Actor(new_id(), name.replace(".", " ").title(), frozenset({role}), agency_id, "")
        for name, role in wanted.items()
    ]
    rows = [
        {
            "id": actor.person_id,
            "agency_id": agency_id,
            "username": name,
            "display_name": actor.display_name,
            "password_hash": _HASH[0],
            "created_at": datetime(2026, 1, 1, tzinfo=UTC),
            "hints_hidden": [],
            "version": 1,
        }
        for name, actor in zip(wanted, actors, strict=True)
    ]
    held = [{"person_id": actor.person_id, "role": role} for actor, role in zip(actors, wanted.values(), strict=True)]
    uow.session.execute(sa.insert(people.Person), rows)
    uow.session.execute(sa.insert(people.PersonRole), held)
    return actors
