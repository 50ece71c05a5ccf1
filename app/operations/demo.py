"""The example of `mast demo`: made through the same use cases as real work, over made-up people and samples.

Nothing outside `mast demo` uses this. Everything it writes is said to be an example on every page.
"""

from __future__ import annotations

import json
import random
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

import app.reactions  # noqa: F401 - what follows from the steps taken here
from app.care.alerts.detecting_job import look_at_series
from app.care.consultations import service as consultations
from app.care.consultations.domain import Intention, Tick
from app.figures.releases import service as releases
from app.figures.trends.protection.noise import Draws
from app.figures.trends.protection.striking import strike_due
from app.intake.people import service as people
from app.intake.people.tables import AgencyKind
from app.intake.samples import service as samples
from app.intake.samples.domain import ConsentAnswer, ConsentKind
from app.intake.samples.schemas import NewSample
from app.intake.sessions import service as sessions
from app.intake.sessions.domain import ServiceType
from app.laboratory.identification.domain import Method
from app.laboratory.readings import analyses as reading_analyses
from app.laboratory.readings import uploads
from app.operations import demo_history, demo_infrared, demo_mass
from app.operations.at_rest import unlock
from app.platform.db import Database, UnitOfWork, migrate
from app.platform.kernel.actor import ROLE_WORDS, Actor, Role
from app.platform.kernel.errors import Conflict
from app.platform.storage import BlobStore
from app.results import drafting
from app.results import service as results
from app.results.domain import Action
from app.results.finding import Amount, NewFinding
from app.settings import Settings
from harm_messages import Pack, load_pack
from harm_messages.vocabulary import Abundance, Basis, Form, LicenceMode, StripReading, Unit

MARKER = "example.json"
AGENCY = "Durham Drug Checking (example)"
SEED = 20260418  # the example is the same on every machine


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Someone to sign in as."""

    username: str
    name: str
    role: Role
    password: str


PEOPLE = (
    DemoPerson("rosa", "Rosa Reception", Role.RECEPTION, "rosa at the door"),
    DemoPerson("chen", "Chen Chemist", Role.CHEMIST, "chen at the bench"),
    DemoPerson("vera", "Vera Verifier", Role.VERIFIER, "vera checks twice"),
    DemoPerson("lena", "Lena Lead", Role.SESSION_LEAD, "lena leads today"),
    DemoPerson("hugo", "Hugo Health", Role.HEALTH_WORKER, "hugo listens well"),
    DemoPerson("clara", "Clara Clinician", Role.CLINICIAN, "clara writes plainly"),
    DemoPerson("colin", "Colin Clinician", Role.CLINICIAN, "colin reads again"),
    DemoPerson("rafi", "Rafi Researcher", Role.RESEARCHER, "rafi counts things"),
    DemoPerson("petra", "Petra Public Health", Role.PUBLIC_HEALTH, "petra sees figures"),
    DemoPerson("paul", "Paul Police", Role.POLICE, "paul sees figures"),
    DemoPerson("ada", "Ada Admin", Role.ADMIN, "ada adds accounts"),
)
PARTNERS = {
    Role.PUBLIC_HEALTH: ("County Public Health (example)", AgencyKind.PUBLIC_HEALTH),
    Role.POLICE: ("County Police (example)", AgencyKind.POLICE),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of sample people bring: what they expect, what it is, how often."""

    weight: int
    expected: tuple[str, ...]
    words: str
    form: Form
    found: tuple[tuple[str, Abundance], ...]
    mg: tuple[float, float] | None = None
    nitazene_strip: bool = False


A = Abundance
KINDS = (
    Kind(20, ("mdma",), "pills", Form.TABLET, (("mdma", A.MAJOR),), mg=(90, 240)),
    Kind(10, ("mdma",), "mandy", Form.CRYSTAL, (("mdma", A.MAJOR),)),
    Kind(9, ("mdma",), "mandy", Form.CRYSTAL, (("eutylone", A.MAJOR),)),
    Kind(12, ("cocaine",), "coke", Form.POWDER, (("cocaine", A.MAJOR), ("levamisole", A.MINOR))),
    Kind(6, ("cocaine",), "coke", Form.POWDER, (("cocaine", A.MAJOR), ("phenacetin", A.MINOR))),
    Kind(14, ("ketamine",), "ket", Form.POWDER, (("ketamine", A.MAJOR),)),
    Kind(9, ("diazepam",), "vallies", Form.TABLET, (("bromazolam", A.PRESENT_UNQUANTIFIED),)),
    Kind(4, ("heroin",), "brown", Form.POWDER, (("heroin", A.MAJOR), ("caffeine", A.MINOR)), nitazene_strip=True),
    Kind(4, (), "no idea", Form.POWDER, (("caffeine", A.MAJOR),)),
)
_PLAIN, _LACED = (
    Kind(0, ("heroin",), "brown", Form.POWDER, (("heroin", A.MAJOR), ("caffeine", A.MINOR), *more))
    for more in ((), (("protonitazene", A.TRACE),))
)
RISING = (_PLAIN, _LACED, _LACED, _PLAIN, _LACED, _LACED, _PLAIN, _LACED, _LACED)
INTENTIONS = (
    (Intention.TAKE_LESS, Intention.NOT_ALONE),
    (Intention.SPACE_OUT,),
    (Intention.WILL_NOT_TAKE, Intention.DISPOSED_HERE_VERIFIED),
    (Intention.TAKE_AS_PLANNED, Intention.AVOID_MIXING),
    (Intention.UNDECIDED,),
)
CONSENTS = dict.fromkeys(ConsentKind, ConsentAnswer.YES) | {ConsentKind.FOLLOWUP: ConsentAnswer.NO}
SUBSTITUTED = 2
"""The kind that is not what was expected: the one whose page is worth looking at first."""
CUT = 4
"""The kind whose files lie in the example: cocaine cut with phenacetin."""
PER_SESSION = 60
WAITING = (0, 5, 3, 7, 1, 6)


def prepare(settings: Settings, *, reset: bool) -> Iterator[str]:
    """Bring the example up, keeping what is there unless `reset`. Yields lines for the person waiting."""
    marker = settings.data_dir / MARKER
    strangers = _strangers(settings)
    if strangers:
        raise Conflict(
            f"This data belongs to a real service ({', '.join(strangers)}), so it was left as it is.",
            hint="Set MAST_DATA_DIR to another folder for the demo.",
        )
    if reset:
        _throw_away(settings, marker)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = settings.data_dir / "example-files"
    demo_infrared.write_drugs(files)
    demo_mass.write(files)
    demo_infrared.write(files)
    demo_history.write(files, datetime.now(UTC).date())
    with closing(Database(settings.database_url)) as database:
        migrate.upgrade(database)
        unlock(settings, database)
        with database.read() as session:
            mine = people.agency_named(session, AGENCY) is not None
        if mine:
            yield "The example is there already; mast demo --reset starts over."
        else:
            yield "Making the example: two past sessions, one that is open, and two made-up years of five services …"
            builder = _Builder(database, settings, load_pack())
            ticket = builder.build()
            yield "Drawing the figures of its complete months, and its first release …"
            strike_due(database, builder.pack.substances, Draws.of(settings.pepper()))
            with database.begin(builder.actors[Role.SESSION_LEAD]) as uow:
                releases.make(uow, note="Example: made-up samples.")
            marker.write_text(json.dumps({"ticket": ticket, "made_at": datetime.now(UTC).isoformat()}))


def _strangers(settings: Settings) -> list[str]:
    """Agencies that are not of the example. Asked before anything is migrated, added or thrown away."""
    url = sa.engine.make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return []
    try:
        with closing(Database(settings.database_url)) as database, database.read() as session:
            names = people.agency_names(session)
    except sa.exc.DatabaseError:  # no tables yet
        return []
    return [name for name in names if name not in {AGENCY, *(name for name, _ in PARTNERS.values())}]


def _throw_away(settings: Settings, marker: Path) -> None:
    if not settings.database_url.startswith("sqlite"):
        raise Conflict("The example can be thrown away on SQLite only; nothing was changed.", hint="Drop it yourself.")
    if not marker.exists() and (settings.data_dir / "mast.sqlite3").exists():
        raise Conflict(
            f"{settings.data_dir} holds no example, so nothing was thrown away.", hint="Check MAST_DATA_DIR."
        )
    for name in ("mast.sqlite3", "mast.sqlite3-wal", "mast.sqlite3-shm", MARKER):
        (settings.data_dir / name).unlink(missing_ok=True)
    for name in ("blobs", "readings", "example-files"):
        shutil.rmtree(settings.data_dir / name, ignore_errors=True)


def table(settings: Settings) -> str:
    """Who can sign in, and four things to try."""
    rows = [("Role", "User name", "Password")] + [(ROLE_WORDS[p.role], p.username, p.password) for p in PEOPLE]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    files = settings.data_dir / "example-files"
    return "\n".join(
        [
            "",
            *lines,
            "",
            "Four things to try:",
            "  1. Sign in as rosa, register a sample, and open its ticket on your phone or in a private window.",
            f"  2. Sign in as chen, open the sample on the bench and drop a file from {files} on it;",
            "     submit, verify as vera, release as lena, and watch the ticket change by itself.",
            "  3. Still as chen, open the newest sample: an infrared mixture with its parts, what each would have been seen",
            "     from and what is left over. Under Instruments one has drifted today.",
            "  4. Sign in as rafi and ask what was found in samples expected to be MDMA.",
            *_ticket_line(settings),
            "",
            f"MAST is at {settings.public_url}  (Ctrl-C stops it; the data stays in {settings.data_dir})",
        ]
    )


def _ticket_line(settings: Settings) -> list[str]:
    """A client's page with a result, to look at straight away. Only the example keeps a code."""
    marker = settings.data_dir / MARKER
    code = json.loads(marker.read_text()).get("ticket") if marker.exists() else None
    return [f"A client's page with a result: {settings.public_url}/t#{code}"] if code else []


class _Builder:
    """Writes the example through the use cases, with the clock and the person set for each step."""

    def __init__(self, database: Database, settings: Settings, pack: Pack) -> None:
        self.database = database
        self.pepper = settings.pepper()
        self.blobs = BlobStore(settings.blob_dir, max_bytes=settings.upload_max_bytes)
        self.files = settings.data_dir / "example-files"
        self.pack = pack
        self.random = random.Random(SEED)  # noqa: S311 an example, not a secret
        self.now = datetime.now(UTC)
        self.actors: dict[Role, Actor] = {}

    def build(self) -> str:
        """Everything, one transaction per session. Returns the ticket of a sample that has its result."""
        with self.database.begin() as uow:
            self._people(uow)
            uow.actor = self.actors[Role.ADMIN]
            demo_history.take_in(uow, self.files, self.pack)
        for weeks, name in ((9, "Freshers"), (4, "Winter")):
            kinds = self.random.choices(KINDS, [k.weight for k in KINDS], k=PER_SESSION)
            with self.database.begin(self.actors[Role.SESSION_LEAD]) as uow:
                self._past_session(uow, self.now - timedelta(weeks=weeks), name, 8, kinds, every_min=7)
        with self.database.begin(self.actors[Role.SESSION_LEAD]) as uow:
            self._rising(uow)
        with self.database.begin(self.actors[Role.SESSION_LEAD]) as uow:
            return self._open_session(uow)

    def _people(self, uow: UnitOfWork) -> None:
        home = people.add_agency(uow, AGENCY, AgencyKind.SERVICE)
        for person in PEOPLE:
            name, kind = PARTNERS.get(person.role, (AGENCY, AgencyKind.SERVICE))
            agency = home if name == AGENCY else people.add_agency(uow, name, kind)
            row = people.add_person(uow, agency.id, person.username, person.name, person.password, [person.role])
            self.actors[person.role] = Actor(row.id, row.display_name, frozenset({person.role}), agency.id, name)

    def _session(self, uow: UnitOfWork, opens: datetime, name: str, hours: float) -> uuid.UUID:
        uow.actor, uow.now = self.actors[Role.SESSION_LEAD], opens - timedelta(days=1)
        new = sessions.NewSession(
            name=name,
            site=sessions.NewSite(name="St Nicholas church hall", region="North East", aliases=["St Nic's"]),
            service_type=ServiceType.CITY_CLINIC,
            licence_mode=LicenceMode.FOH_GENERAL,
            opens_at=opens,
            closes_at=opens + timedelta(hours=hours),
        )
        return sessions.create_session(uow, new).id

    def _past_session(
        self, uow: UnitOfWork, opens: datetime, name: str, hours: float, kinds: Iterable[Kind], *, every_min: int
    ) -> None:
        session_id = self._session(uow, opens, name, hours)
        for index, kind in enumerate(kinds):
            self._whole_road(uow, session_id, kind, opens + timedelta(minutes=5 + index * every_min))
        uow.actor, uow.now = self.actors[Role.SESSION_LEAD], opens + timedelta(hours=hours + 0.5)
        sessions.close_session(uow, sessions.get_session(uow.session, uow.actor, session_id))

    def _rising(self, uow: UnitOfWork) -> None:
        """A small clinic a few days ago with more nitazenes than before: the detection drafts an alert of it when the
        server starts."""
        self._past_session(uow, self.now - timedelta(days=5), "Thursday clinic", 6, RISING, every_min=20)
        uow.now = self.now
        agency_id = uow.actor.agency_id
        assert agency_id is not None
        look_at_series(uow, agency_id)

    def _open_session(self, uow: UnitOfWork) -> str:
        session_id = self._session(uow, self.now - timedelta(hours=1), "Saturday", 9)
        ticket = self._whole_road(
            uow, session_id, KINDS[SUBSTITUTED], self.now - timedelta(minutes=50), consulted=False
        )
        for position, index in enumerate(WAITING):
            at = self.now - timedelta(minutes=42 - 7 * position)
            self._register(uow, session_id, KINDS[index], at)
        self._mass_spectra(uow, session_id)
        self._infrared_mixture(uow, session_id)
        return ticket

    def _mass_spectra(self, uow: UnitOfWork, session_id: uuid.UUID) -> None:
        """Two samples with files that are read once the server runs, beside an own standard and the batch's blank."""
        uow.actor, uow.now = self.actors[Role.CHEMIST], self.now
        demo_mass.keep_references(uow, self.blobs, self.files)
        for name, batch in (("cocaine-cut-gcms.mzML", demo_mass.BATCH), ("mixture-gcms.msp", "")):
            self._hand_in(uow, session_id, 2, name, reading_analyses.NewAnalysis(Method.GC_MS, batch=batch))

    def _infrared_mixture(self, uow: UnitOfWork, session_id: uuid.UUID) -> None:
        """Two instruments with their checks, and a cut sample measured on the one that is in range."""
        uow.actor, uow.now = self.actors[Role.CHEMIST], self.now
        machine = demo_infrared.keep_instruments(uow, self.blobs)
        new = reading_analyses.NewAnalysis(Method.FTIR, instrument_id=machine)
        self._hand_in(uow, session_id, 1, demo_infrared.MIXTURE, new)

    def _hand_in(
        self, uow: UnitOfWork, session_id: uuid.UUID, minutes_ago: int, name: str, new: reading_analyses.NewAnalysis
    ) -> None:
        """One of the files for a cut sample of its own; it is read once the server runs."""
        sample = self._register(uow, session_id, KINDS[CUT], self.now - timedelta(minutes=minutes_ago)).sample
        uow.actor, uow.now = self.actors[Role.CHEMIST], self.now
        received = self.blobs.put([(self.files / name).read_bytes()])
        uploads.record_upload(uow, reading_analyses.add_analysis(uow, sample.id, new).id, received, name)

    def _register(self, uow: UnitOfWork, session_id: uuid.UUID, kind: Kind, at: datetime) -> samples.Registered:
        uow.actor, uow.now = self.actors[Role.RECEPTION], at
        new = NewSample(
            form=kind.form, expected=list(kind.expected), words_spoken=kind.words, consents=dict(CONSENTS), group_size=2
        )
        return samples.register(uow, session_id, new, self.pepper, substances=self.pack.substances)

    def _whole_road(
        self, uow: UnitOfWork, session_id: uuid.UUID, kind: Kind, at: datetime, *, consulted: bool = True
    ) -> str:
        """From reception to release, and to the consultation if `consulted`. Returns the ticket code."""
        registered = self._register(uow, session_id, kind, at)
        sample_id = registered.sample.id
        uow.actor, uow.now = self.actors[Role.CHEMIST], at + timedelta(minutes=self.random.randint(4, 12))
        analyses = [
            reading_analyses.add_analysis(
                uow, sample_id, reading_analyses.NewAnalysis(method=method, read_by_hand=True)
            ).id
            for method in (Method.FTIR, Method.GC_MS)
        ]
        if kind.nitazene_strip:
            strip = reading_analyses.NewAnalysis(
                method=Method.STRIP,
                strip_target="opioid.nitazene",
                strip_reading=StripReading.NEGATIVE,
                strip_brand="example",
                strip_lot="EX1",
            )
            reading_analyses.add_analysis(uow, sample_id, strip)
        draft = results.start_draft(uow, sample_id)
        found = [
            NewFinding(
                substance_id=substance,
                abundance=abundance,
                analysis_ids=tuple(analyses),
                amount=self._amount(kind) if abundance is A.MAJOR else None,
            )
            for substance, abundance in kind.found
        ]
        view = drafting.set_findings(uow, draft.result.id, found, draft.result.version, pack=self.pack)
        for action, role, minutes in (
            (Action.SUBMIT, Role.CHEMIST, 2),
            (Action.VERIFY, Role.VERIFIER, self.random.randint(2, 7)),
            (Action.RELEASE, Role.SESSION_LEAD, 1),
        ):
            uow.actor, uow.now = self.actors[role], uow.now + timedelta(minutes=minutes)
            view = results.act(uow, view.result.id, action, pack=self.pack, if_match=view.result.version)
        if not consulted:
            return registered.code
        uow.actor, uow.now = self.actors[Role.HEALTH_WORKER], uow.now + timedelta(minutes=self.random.randint(2, 15))
        ticks = [Tick(i) for i in self.random.choice(INTENTIONS)]
        consultations.record_consultation(uow, sample_id, ticks, minutes=self.random.randint(5, 20))
        return registered.code

    def _amount(self, kind: Kind) -> Amount | None:
        if kind.mg is None:
            return None
        mg = round(self.random.uniform(*kind.mg))
        return Amount(mg, Unit.MG_PER_UNIT, Basis.HYDROCHLORIDE, low=mg * 0.94, high=mg * 1.06)
