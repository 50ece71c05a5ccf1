"""One valid request for every route that writes. A route that is missing here fails tests/api: add it.

Each entry prepares what it needs over the API of a `Stage` and names who sends what; nothing is sent yet.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import numpy as np
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlmodel import select

from app.intake.people import passkeys
from app.intake.people.oidc import EVENT, IdentityProvider, Registered
from app.intake.samples.tables import Tablet
from app.laboratory.incoming.tables import IncomingFile
from app.laboratory.readings.domain import UploadState
from app.laboratory.readings.tables import Upload
from app.laboratory.readings.uploads import READING_FAILED
from app.platform.kernel.actor import Role
from app.platform.kernel.ids import new_id
from spectra.infrared_grid import GRID
from tests.app.conftest import PASSWORD, World
from tests.support.authenticator import Authenticator
from tests.support.curves import jcamp, mixture
from tests.support.known_files import ei_of, ir_of
from tests.support.road import CONSENTS, STRIP, Road, infrared_file, ok
from tests.support.small_files import curve_file, small_film, small_ladder, small_ms, small_photo, small_run

OCTETS = {"Content-Type": "application/octet-stream"}
TIMES = {"opens_at": "2026-07-01T10:00:00Z", "closes_at": "2026-07-01T20:00:00Z"}
LOCAL_TIMES = {"opens_at": "2026-07-01T10:00", "closes_at": "2026-07-01T20:00"}
CURVE: dict[str, Any] = {
    "substance": "mdma", "method": "gc_ms", "unit": "mg/mL", "valid_until": "2099-01-01T00:00:00Z",
    "standard_form": "hydrochloride", "internal_standard": "MDMA-d5",
    "levels": [
        {"concentration": c, "response": 1000 * c + e, "internal_standard": 500}
        for c, e in zip((0.05, 0.1, 0.2, 0.4, 0.6, 0.8), (2, -2, 1, -1, 2, -2), strict=True)
    ],
}  # fmt: skip
PLAN = {"service_type": "city_clinic", "licence_mode": "foh_general"}
NAMELESS = b"".join(b"%d\t%.3f\n" % (400 + 4 * k, (7 * k % 100) / 100) for k in range(800))  # which axis is this?
AMBIGUOUS = b"".join(b"%d,%02d\r\n" % (400 + k, 7 * k % 100) for k in range(90))  # a decimal comma, or two columns?
HISTORY_MAP = """
format = 1
[source]
name = "Two towns"
licence = "CC BY 4.0"
[[file]]
name = "samples"
match = "samples*.csv"
id = "Sample"
[sample]
complete = true
agency = { constant = "North" }
site = { column = "Site" }
received = { column = "Visit" }
expected = { column = "Expected" }
service_type = "fixed_site"
[[finding]]
substance = { column = "Found" }
[[site]]
name = "Harbour Street"
agency = "North"
region = "Aton"
says = "Harbour St"
"""
HISTORY_FILE = "Sample,Visit,Site,Expected,Found\n0001,2026-01-31,Harbour St,MDMA,MDMA\n"
_FRESH = itertools.count(140)
CONSENT_FORM = {f"consent_{kind}": answer for kind, answer in CONSENTS.items()}


@dataclass(frozen=True, slots=True)
class Call:
    """A request ready to be sent: `url` with its path parameters open, and who sends it."""

    role: str
    url: str
    path: dict[str, str] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)

    def at(self, **path: str) -> str:
        """The address, with other path parameters where given."""
        return self.url.format(**{**self.path, **path})


@dataclass
class Stage:
    """One agency of a world, with a road in it. `agency` is "own" or "other"."""

    world: World
    agency: str = "own"

    def __post_init__(self) -> None:
        self.road = Road(self.client, str(self.world.session(agency=self.agency)))

    def client(self, role: str) -> Any:
        """The client of a role of this agency; "nobody" is a browser without a session."""
        return self.world.anonymous() if role == "nobody" else self.world.as_(Role(role), agency=self.agency)

    def actor(self, role: str) -> str:
        """The person whose client has this role."""
        actors = self.world.actors if self.agency == "own" else self.world.other_actors
        return str(actors[Role(role)].person_id)

    def person(self) -> str:
        """Someone no other request needs."""
        found = ok(self.client("admin").get("/api/v1/people"))
        return next(str(p["id"]) for p in found if "public_health" in p["roles"])

    def signed_in(self, role: str) -> list[str]:
        """What names the browsers and then the tokens of this role in forms."""
        return re.findall(r'name="key" value="(\w+)"', self.client(role).get("/account").text)

    def version(self, role: str, url: str) -> dict[str, str]:
        """If-Match for what stands at `url`."""
        return {"If-Match": self.client(role).get(url).headers["ETag"]}

    def read_file(self, content: bytes | None = None, name: str = "a.jdx") -> tuple[str, str, str]:
        """A sample with a file that was read: (sample, analysis, upload)."""
        sample = self.road.register()
        analysis = self.road.analysis(sample)
        upload = self.road.upload(analysis, content, name)
        self.world.runtime.jobs.run_until_idle()
        return sample, analysis, upload

    def incoming(self, content: bytes | None = None, name: str = "a.jdx") -> tuple[str, str]:
        """A file from an instrument that waits: (file, version)."""
        data = infrared_file() if content is None else content
        url = f"/api/v1/incoming?filename={name}"
        body = ok(self.client("chemist").post(url, content=data, headers=OCTETS))
        return str(body["id"]), str(body["version"])

    def spectrum(self) -> str:
        """A reading that is a mass spectrum."""
        _, _, upload = self.read_file(small_ms(), "a.msp")
        return str(ok(self.client("chemist").get(f"/api/v1/uploads/{upload}/readings"))[0]["id"])

    def standard(self) -> str:
        """An own standard; every one has a spectrum of its own, for the same is not enrolled twice."""
        url = "/api/v1/standards/uploads?filename=a.msp&name=Testamine"
        content = small_ms(peaks=f"58 999; 91 120; 77 80; 135 60; {next(_FRESH)} 40;")
        return str(ok(self.client("chemist").post(url, content=content, headers=OCTETS))["id"])

    def control(self, kind: str = "blank", batch: str = "B1") -> str:
        """A control run of a batch."""
        url = f"/api/v1/controls/uploads?filename=a.cdf&kind={kind}&batch={batch}"
        return str(ok(self.client("chemist").post(url, content=small_run(), headers=OCTETS))["id"])

    def machine(self, name: str = "") -> str:
        """An infrared instrument."""
        body = {"name": name or f"FTIR {next(_FRESH)}", "method": "ftir"}
        return str(ok(self.client("chemist").post("/api/v1/instruments", json=body))["id"])

    def check(self, shift: float = 0.0) -> str:
        """A check of an instrument whose scale is off by so much (cm⁻¹)."""
        url = f"/api/v1/instruments/{self.machine()}/checks/uploads?material=polystyrene_film&filename=a.jdx"
        return str(ok(self.client("chemist").post(url, content=small_film(shift), headers=OCTETS))["id"])

    def task(self) -> str:
        """What an instrument out of range leaves to be done; each is about an instrument of its own."""
        check = self.check(8.0)
        tasks = ok(self.client("chemist").get("/api/v1/instruments/tasks"))
        return next(str(task["id"]) for task in tasks if task["check_id"] == check)

    def powders(self) -> tuple[str, str]:
        """An instrument with five powders of the starter library measured on it, 2 cm⁻¹ too high: (instrument, library)."""
        library = next(one for one in self.world.runtime.registry.infrared() if one.starter)
        name = f"FTIR {next(_FRESH)}"
        instrument, noise = self.machine(name), np.random.default_rng(next(self.world.numbers))
        for place in range(5):
            curve = np.interp(GRID, GRID + 2.0, np.asarray(library.infrared.curves[place], dtype=np.float64))
            said = {"filename": "a.jdx", "name": library.infrared.names[place], "instrument": name}
            content = curve_file(GRID, curve + 1e-4 * noise.standard_normal(GRID.size))
            url = f"/api/v1/standards/uploads?{urlencode(said)}"
            ok(self.client("chemist").post(url, content=content, headers=OCTETS))
        return instrument, library.key

    def transfer(self) -> tuple[str, str]:
        """A transfer of the starter library: (instrument, transfer)."""
        instrument, library = self.powders()
        url = f"/api/v1/instruments/{instrument}/transfers"
        return instrument, str(ok(self.client("chemist").post(url, json={"library": library}))["id"])

    def two_powders(self) -> tuple[str, dict[str, Any]]:
        """A reading of two substances weighed together: (instrument, what is said of it)."""
        curves = next(one for one in self.world.runtime.registry.infrared() if one.starter).infrared.curves
        both = 0.5 * np.asarray(curves[0], dtype=np.float64) + 0.5 * np.asarray(curves[1], dtype=np.float64)
        _, _, upload = self.read_file(curve_file(GRID, both))
        reading = ok(self.client("chemist").get(f"/api/v1/uploads/{upload}/readings"))[0]["id"]
        parts = ok(self.client("chemist").get(f"/api/v1/readings/{reading}/candidates"))["answer"]["components"]
        first, second = (part["substance_id"] or part["compound"] for part in parts[:2])
        said = {"reading_id": reading, "first": first, "second": second, "first_mg": 5.0, "second_mg": 6.0}
        return self.machine(), said

    def mixture(self) -> tuple[str, str]:
        """A weighed mixture: (instrument, mixture)."""
        instrument, said = self.two_powders()
        url = f"/api/v1/instruments/{instrument}/mixtures"
        return instrument, str(ok(self.client("chemist").post(url, json=said))["id"])

    def pack(self, *steps: str) -> dict[str, Any]:
        """A version of the messages that changes nothing, taken through these steps: submit, sign, sign_by_lead."""
        clinician = self.client("clinician")
        base = ok(clinician.get("/api/v1/message-packs/in-force"))["id"]
        body: dict[str, Any] = ok(clinician.post("/api/v1/message-packs", json={"base_id": base, "reason": "a test"}))
        for step in steps:
            here, headers = f"/api/v1/message-packs/{body['id']}", {"If-Match": f'"{body["version"]}"'}
            by = self.client("session_lead" if step == "sign_by_lead" else "clinician")
            said = {"submit": {}}.get(step, {"digest": body["digest"]})
            body = ok(by.post(f"{here}/{step.split('_')[0]}", json=said, headers=headers))
        return body

    def decide(self, file: str, version: str, act: str, body: dict[str, str]) -> str:
        """A decision about it; the new version."""
        headers = {"If-Match": f'"{version}"'}
        answer = self.client("chemist").post(f"/api/v1/incoming/{file}/{act}", json=body, headers=headers)
        return str(ok(answer)["version"])

    def curve(self) -> str:
        """A calibration curve of MDMA for GC-MS."""
        return str(ok(self.client("chemist").post("/api/v1/quantification/curves", json=CURVE))["id"])


Entry = Callable[[Stage], Call]
WRITES: dict[tuple[str, str], Entry] = {}
# Routes with an unsafe method that write nothing, and why they have it.
WRITE_NOTHING = {
    ("POST", "/sessions/{session_id}/hand-over/bags"): "ticks one more sample of a form",
    ("POST", "/t/forget"): "takes a cookie back",
    ("POST", "/account/passkeys/options"): "a challenge, which no server keeps",
    ("POST", "/sign-in/passkey/options"): "a challenge, which no server keeps",
    ("POST", "/consultations/samples/{sample_id}/with"): "shows what must not stand in an address",
    ("POST", "/messages/{version_id}/message/look"): "shows a message while someone types",
    ("POST", "/sessions/{session_id}/wall"): "shows the wall to a token that must not stand in an address",
}


def token_of_wall(stage: Stage) -> str:
    """The token in the link of a wall, made for it."""
    made = stage.client("session_lead").post(f"/sessions/{stage.road.session_id}/wall-link").text
    return str(re.findall(r"/wall#([\w-]+)", made)[0])


def write(method: str, url: str) -> Callable[[Entry], Entry]:
    """Register the request of a route."""

    def add(entry: Entry) -> Entry:
        WRITES[method, url] = entry
        return entry

    return add


def on_sample(method: str, url: str, role: str, **more: Any) -> None:
    """A route about a fresh sample whose body needs nothing else."""
    WRITES[method, url] = lambda stage: Call(role, url, {"sample_id": stage.road.register()}, more)


on_sample("POST", "/api/v1/samples/{sample_id}/analyses", "chemist", json=STRIP)
on_sample("POST", "/api/v1/samples/{sample_id}/results", "chemist")
on_sample("POST", "/api/v1/samples/{sample_id}/ticket", "reception", json={"password": PASSWORD})
on_sample("POST", "/api/v1/samples/{sample_id}/withdraw", "reception", json={})
on_sample("POST", "/api/v1/samples/{sample_id}/custody", "reception", json={"kind": "received", "mg": 20})
on_sample("POST", "/api/v1/samples/{sample_id}/uploads", "chemist", content=infrared_file(), headers=OCTETS)


@write("POST", "/find")
def find_by_ticket(stage: Stage) -> Call:
    """A ticket in Find, which is written into the audit log."""
    code = stage.road.codes[stage.road.register()]
    return Call("health_worker", "/find", {}, {"data": {"what": code}})


@write("POST", "/sessions/{session_id}/hand-over")
def _(stage: Stage) -> Call:
    sample, witness = stage.road.register(received_mg=40), stage.actor("chemist")
    form = {"bag": sample, "row": sample, "mg": "39,5", "to": "to_police", "place": "store", "witness_id": witness}
    form["unanalysed"] = "yes"
    return Call("reception", "/sessions/{session_id}/hand-over", {"session_id": stage.road.session_id}, {"data": form})


@write("POST", "/api/v1/sessions/{session_id}/hand-over")
def _(stage: Stage) -> Call:
    bags = [{"sample_id": stage.road.register(received_mg=40), "weighed_mg": 39.5}]
    body = {"to": "to_police", "place": "store", "witness_id": str(stage.actor("chemist")), "bags": bags}
    return Call(
        "reception", "/api/v1/sessions/{session_id}/hand-over", {"session_id": stage.road.session_id}, {"json": body}
    )


on_sample("POST", "/samples/{sample_id}/ticket", "reception", data={"password": PASSWORD})
on_sample("POST", "/samples/{sample_id}/photo", "reception", files={"photo": ("a.png", small_photo())})
on_sample("POST", "/samples/{sample_id}/label", "reception", data={})
on_sample("POST", "/samples/{sample_id}/withdraw", "reception", data={})
on_sample("POST", "/samples/{sample_id}/custody", "reception", data={"kind": "received", "mg": "20"})
on_sample("POST", "/bench/samples/{sample_id}/draft", "chemist", data={})
on_sample("POST", "/bench/samples/{sample_id}/here", "chemist")
on_sample("POST", "/bench/samples/{sample_id}/nothing-found", "chemist", data={"nothing_found": "yes"})
on_sample("POST", "/bench/samples/{sample_id}/analyses", "chemist", data=STRIP)
on_sample("POST", "/bench/samples/{sample_id}/files", "chemist", files={"file": ("a.jdx", infrared_file())})


def subtracted(stage: Stage, *, steps: int) -> tuple[str, dict[str, str]]:
    """An infrared reading with so many steps, and the reference to take out next."""
    _, _, upload = stage.read_file(jcamp(mixture({"cocaine": 0.6, "caffeine": 0.4})))
    reading = str(ok(stage.client("chemist").get(f"/api/v1/uploads/{upload}/readings"))[0]["id"])
    rows = ok(stage.client("chemist").get(f"/api/v1/readings/{reading}/candidates"))["candidates"]
    chosen = {"library": rows[0]["library_key"], "entry": rows[0]["entry"]}
    for made in range(steps):
        url = f"/api/v1/readings/{reading}/subtraction/steps"
        ok(stage.client("chemist").post(url, json=chosen, headers={"If-Match": f'"{made}"'}))
    return reading, chosen


@write("POST", "/api/v1/readings/{reading_id}/subtraction/steps")
def _(stage: Stage) -> Call:
    reading, chosen = subtracted(stage, steps=0)
    url = "/api/v1/readings/{reading_id}/subtraction/steps"
    return Call("chemist", url, {"reading_id": reading}, {"json": chosen, "headers": {"If-Match": '"0"'}})


@write("POST", "/api/v1/readings/{reading_id}/subtraction/undo")
def _(stage: Stage) -> Call:
    reading, _ = subtracted(stage, steps=1)
    url = "/api/v1/readings/{reading_id}/subtraction/undo"
    return Call("chemist", url, {"reading_id": reading}, {"headers": {"If-Match": '"1"'}})


@write("POST", "/bench/samples/{sample_id}/use-parts")
def _(stage: Stage) -> Call:
    sample, _, upload = stage.read_file(jcamp(mixture({"cocaine": 0.6, "caffeine": 0.4})))
    reading = ok(stage.client("chemist").get(f"/api/v1/uploads/{upload}/readings"))[0]["id"]
    return Call(
        "chemist", "/bench/samples/{sample_id}/use-parts", {"sample_id": sample}, {"data": {"reading": reading}}
    )


def named_part(stage: Stage, *, drafted: bool = False) -> tuple[str, dict[str, Any]]:
    """A sample with a mixture that names cocaine, and the form about it; `drafted`: dismissed in a draft already."""
    sample, _, _ = stage.read_file(jcamp(mixture({"cocaine": 0.6, "caffeine": 0.4})))
    form: dict[str, Any] = {"key": "cocaine", "reason": "wrong_match"}
    if drafted:
        ok(stage.client("chemist").post(f"/bench/samples/{sample}/named/dismiss", data=form), 303)
        form["version"] = ok(stage.client("chemist").get(f"/api/v1/samples/{sample}/results"))["rows"][0]["version"]
    return sample, form


@write("POST", "/bench/samples/{sample_id}/named/add")
def _(stage: Stage) -> Call:
    sample, form = named_part(stage)
    return Call("chemist", "/bench/samples/{sample_id}/named/add", {"sample_id": sample}, {"data": form})


@write("POST", "/bench/samples/{sample_id}/named/dismiss")
def _(stage: Stage) -> Call:
    sample, form = named_part(stage)
    return Call("chemist", "/bench/samples/{sample_id}/named/dismiss", {"sample_id": sample}, {"data": form})


@write("POST", "/bench/samples/{sample_id}/named/take-back")
def _(stage: Stage) -> Call:
    sample, form = named_part(stage, drafted=True)
    return Call("chemist", "/bench/samples/{sample_id}/named/take-back", {"sample_id": sample}, {"data": form})


@write("POST", "/bench/readings/{reading_id}/subtraction")
def _(stage: Stage) -> Call:
    reading, chosen = subtracted(stage, steps=0)
    data = {**chosen, "factor": "0.1", "shift": "0", "version": "0"}
    return Call("chemist", "/bench/readings/{reading_id}/subtraction", {"reading_id": reading}, {"data": data})


@write("POST", "/bench/readings/{reading_id}/subtraction/undo")
def _(stage: Stage) -> Call:
    reading, _ = subtracted(stage, steps=1)
    url = "/bench/readings/{reading_id}/subtraction/undo"
    return Call("chemist", url, {"reading_id": reading}, {"data": {"version": "1"}})


@write("POST", "/api/v1/people")
def _(stage: Stage) -> Call:
    body = {"username": "fresh.person", "display_name": "Fresh", "roles": ["chemist"]}
    return Call("admin", "/api/v1/people", more={"json": body})


for _act in ("hide", "show"):
    WRITES["POST", f"/hints/{_act}"] = lambda stage, act=_act: Call(  # type: ignore[misc]
        "chemist", f"/hints/{act}", more={"data": {"area": "Bench", "next": "/bench"}}
    )


@write("POST", "/people")
def _(stage: Stage) -> Call:
    form = {"username": "fresh.person", "display_name": "Fresh", "roles": ["chemist"]}
    return Call("admin", "/people", more={"data": form})


def on_person(url: str, act: str = "", **form: Any) -> None:
    """A route about someone of the agency."""

    def entry(stage: Stage) -> Call:
        return Call("admin", url, {"person_id": stage.person(), "act": act}, {"data": form} if form else {})

    WRITES["POST", url] = entry


on_person("/api/v1/people/{person_id}/{act}", "disable")
on_person("/people/{person_id}", version="1", display_name="Another Name", roles=["public_health"])
on_person("/people/{person_id}/{act}", "disable")
on_person("/people/{person_id}/link")


@write("POST", "/people/{person_id}/end")
def _(stage: Stage) -> Call:
    key = stage.signed_in("public_health")[0]
    return Call("admin", "/people/{person_id}/end", {"person_id": stage.person()}, {"data": {"key": key}})


@write("POST", "/account/end")
def _(stage: Stage) -> Call:
    stage.road.post("chemist", "/api/v1/tokens", {"label": "balance", "password": PASSWORD})
    key = stage.signed_in("chemist")[-1]  # tokens come last: the browser goes on
    return Call("chemist", "/account/end", more={"data": {"key": key}})


@write("POST", "/account/password")
def _(stage: Stage) -> Call:
    form = {"password": PASSWORD, "new": f"{PASSWORD} staple", "again": f"{PASSWORD} staple"}
    return Call("chemist", "/account/password", more={"data": form})


def _device(stage: Stage) -> Authenticator:
    site = passkeys.site_of("MAST", stage.world.runtime.settings.public_url)
    return Authenticator(site.origin, site.host)


def _new_passkey(stage: Stage, device: Authenticator, role: str) -> Call:
    options = stage.client(role).post("/account/passkeys/options").json()
    form = {"answer": device.make(options), "label": "Laptop", "password": PASSWORD}
    return Call(role, "/account/passkeys", more={"data": form})


@write("POST", "/account/passkeys")
def _(stage: Stage) -> Call:
    return _new_passkey(stage, _device(stage), "chemist")


@write("POST", "/sign-in/passkey")
def _(stage: Stage) -> Call:
    device = _device(stage)
    added = _new_passkey(stage, device, "researcher")  # whose password no other request changes
    assert stage.client("researcher").post(added.url, **added.more).status_code == 303
    options = stage.client("nobody").post("/sign-in/passkey/options").json()
    return Call("nobody", "/sign-in/passkey", more={"data": {"answer": device.show(options)}})


@write("POST", "/password")
def _(stage: Stage) -> Call:
    body = {"username": f"fresh.{stage.agency}", "display_name": "Fresh", "roles": ["chemist"]}
    link = stage.road.post("admin", "/api/v1/people", body)["link"].partition("#")[2]
    return Call("nobody", "/password", more={"data": {"link": link, "new": PASSWORD, "again": PASSWORD}})


@write("POST", "/api/v1/tokens")
def _(stage: Stage) -> Call:
    return Call("chemist", "/api/v1/tokens", more={"json": {"label": "balance", "password": PASSWORD}})


@write("POST", "/api/v1/me/proof")
def _(stage: Stage) -> Call:
    return Call("researcher", "/api/v1/me/proof", more={"json": {"password": PASSWORD}})


@write("DELETE", "/api/v1/tokens/{token_id}")
def _(stage: Stage) -> Call:
    token = stage.road.post("chemist", "/api/v1/tokens", {"label": "balance", "password": PASSWORD})
    return Call("chemist", "/api/v1/tokens/{token_id}", {"token_id": token["id"]})


def _provider(stage: Stage) -> RSAKey:
    """An identity provider that is asked nothing, and the key it signs with."""
    provider = IdentityProvider(Registered("https://x.example", "mast", "", "X", "email", "https://mast.example"))
    key = RSAKey.generate_key(2048, {"kid": "one"})
    provider.there.keys = lambda kid: [key]  # type: ignore[method-assign]
    object.__setattr__(stage.world.runtime, "identity_provider", provider)
    return key


@write("POST", "/sign-out/oidc")
def _(stage: Stage) -> Call:
    key, now = _provider(stage), int(stage.world.runtime.now().timestamp())
    said = {
        "iss": "https://x.example",
        "aud": "mast",
        "iat": now,
        "jti": str(new_id()),
        "sub": "a-17",
        "events": {EVENT: {}},
    }
    return Call("nobody", "/sign-out/oidc", more={"data": {"logout_token": jwt.encode({"alg": "RS256"}, said, key)}})


@write("POST", "/api/v1/people/{person_id}/identity")
def link_identity(stage: Stage) -> Call:
    _provider(stage)
    body = {"identity": f"clinician@{stage.agency}.example"}
    url = "/api/v1/people/{person_id}/identity"
    return Call("admin", url, {"person_id": stage.actor("clinician")}, {"json": body})


@write("DELETE", "/api/v1/people/{person_id}/identity")
def _(stage: Stage) -> Call:
    call = link_identity(stage)
    ok(stage.client(call.role).post(call.at(), **call.more))
    return Call(call.role, call.url, call.path)


@write("POST", "/people/{person_id}/identity")
def _(stage: Stage) -> Call:
    _provider(stage)
    form = {"identity": f"clinician@{stage.agency}.example"}
    return Call("admin", "/people/{person_id}/identity", {"person_id": stage.actor("clinician")}, {"data": form})


@write("POST", "/sign-in")
def _(stage: Stage) -> Call:
    return Call("nobody", "/sign-in", more={"data": {"username": f"chemist.{stage.agency}", "password": PASSWORD}})


@write("POST", "/sign-out")
def _(stage: Stage) -> Call:
    return Call("police", "/sign-out")


@write("POST", "/api/v1/sessions")
def _(stage: Stage) -> Call:
    body = {"name": "Sunday", "site": {"name": "Barn", "region": "North East"}, **PLAN, **TIMES}
    return Call("session_lead", "/api/v1/sessions", more={"json": body})


@write("POST", "/sessions")
def _(stage: Stage) -> Call:
    place = {"site_id": "new", "site_name": "Barn", "site_region": "North East"}
    return Call("session_lead", "/sessions", more={"data": {"name": "Sunday", **place, **PLAN, **LOCAL_TIMES}})


@write("POST", "/api/v1/sessions/{session_id}/close")
def _(stage: Stage) -> Call:
    session = stage.road.session_id
    headers = stage.version("session_lead", f"/api/v1/sessions/{session}")
    return Call("session_lead", "/api/v1/sessions/{session_id}/close", {"session_id": session}, {"headers": headers})


@write("POST", "/sessions/{session_id}/close")
def _(stage: Stage) -> Call:
    session = stage.road.session_id
    form = {"version": "1", "reason": "later"}
    return Call("session_lead", "/sessions/{session_id}/close", {"session_id": session}, {"data": form})


@write("POST", "/sessions/{session_id}/wall-link")
def wall_link(stage: Stage) -> Call:
    return Call("session_lead", "/sessions/{session_id}/wall-link", {"session_id": stage.road.session_id})


@write("POST", "/sessions/{session_id}/wall-link/end")
def wall_link_end(stage: Stage) -> Call:
    stage.client("session_lead").post(f"/sessions/{stage.road.session_id}/wall-link")
    return Call("session_lead", "/sessions/{session_id}/wall-link/end", {"session_id": stage.road.session_id})


@write("POST", "/sessions/{session_id}/report/issues")
def _(stage: Stage) -> Call:
    session = stage.road.session_id
    headers = stage.version("session_lead", f"/api/v1/sessions/{session}")
    ok(stage.client("session_lead").post(f"/api/v1/sessions/{session}/close", headers=headers))
    return Call("session_lead", "/sessions/{session_id}/report/issues", {"session_id": session})


DEVICE = "0f9a3c58-6a53-4c3e-9d6b-0a0e6c8f2a11"


def leased(stage: Stage) -> dict[str, Any]:
    """What a tablet was lent at the open session."""
    url = f"/sessions/{stage.road.session_id}/tablets"
    answer: dict[str, Any] = ok(stage.client("reception").post(url, json={"device": DEVICE}))
    return answer


def tablet_of(stage: Stage) -> str:
    """A tablet of the open session."""
    leased(stage)
    with stage.world.runtime.db.read() as session:
        return str(session.exec(select(Tablet.id).where(Tablet.session_id == UUID(stage.road.session_id))).one())


def from_tablet(given: dict[str, Any], nth: int = 0, **more: str) -> dict[str, str]:
    """The form of a sample registered without the server, with the code of this place."""
    code = given["codes"][nth]
    said = {
        "device": DEVICE, "number": str(code["number"]), "code": code["code"], "time": given["now"], "offset_s": "0",
        "wording": given["wording"],
    }  # fmt: skip
    return {"form": "powder", **CONSENT_FORM, **{f"offline_{name}": text for name, text in said.items()}, **more}


@write("POST", "/sessions/{session_id}/tablets")
def _(stage: Stage) -> Call:
    return Call(
        "reception",
        "/sessions/{session_id}/tablets",
        {"session_id": stage.road.session_id},
        {"json": {"device": DEVICE}},
    )


@write("POST", "/sessions/{session_id}/offline-samples")
def _(stage: Stage) -> Call:
    more = {"data": from_tablet(leased(stage)), "headers": {"Idempotency-Key": str(new_id())}}
    return Call("reception", "/sessions/{session_id}/offline-samples", {"session_id": stage.road.session_id}, more)


@write("POST", "/sessions/{session_id}/tablets/{tablet_id}/void")
def _(stage: Stage) -> Call:
    path = {"session_id": stage.road.session_id, "tablet_id": tablet_of(stage)}
    return Call("session_lead", "/sessions/{session_id}/tablets/{tablet_id}/void", path)


@write("POST", "/api/v1/sessions/{session_id}/samples")
def _(stage: Stage) -> Call:
    body = {"form": "powder", "expected": ["mdma"], "consents": CONSENTS}
    url = "/api/v1/sessions/{session_id}/samples"
    return Call("reception", url, {"session_id": stage.road.session_id}, {"json": body})


@write("POST", "/sessions/{session_id}/samples")
def _(stage: Stage) -> Call:
    form = {"form": "powder", "expected": "mdma", **CONSENT_FORM}
    return Call("reception", "/sessions/{session_id}/samples", {"session_id": stage.road.session_id}, {"data": form})


@write("PATCH", "/api/v1/samples/{sample_id}")
def _(stage: Stage) -> Call:
    sample = stage.road.register()
    headers = stage.version("reception", f"/api/v1/samples/{sample}")
    more = {"json": {"colours": ["white"]}, "headers": headers}
    return Call("reception", "/api/v1/samples/{sample_id}", {"sample_id": sample}, more)


@write("POST", "/samples/{sample_id}/correct")
def _(stage: Stage) -> Call:
    form = {"form": "tablet", "expected": "mdma", "version": "1", "intent": "known", "submitter_type": "public"}
    sample = stage.road.register()
    return Call("reception", "/samples/{sample_id}/correct", {"sample_id": sample}, {"data": {**form, **CONSENT_FORM}})


@write("PATCH", "/api/v1/analyses/{analysis_id}")
def _(stage: Stage) -> Call:
    analysis = stage.road.analysis(stage.road.register())
    headers = stage.version("chemist", f"/api/v1/analyses/{analysis}")
    more = {"json": {"batch": "B2", "reason": "typo"}, "headers": headers}
    return Call("chemist", "/api/v1/analyses/{analysis_id}", {"analysis_id": analysis}, more)


@write("POST", "/bench/samples/{sample_id}/counts")
def _(stage: Stage) -> Call:
    sample = stage.road.register()
    form = {"analysis": stage.road.analysis(sample), "version": "1"}
    return Call("chemist", "/bench/samples/{sample_id}/counts", {"sample_id": sample}, {"data": form})


@write("POST", "/api/v1/analyses/{analysis_id}/uploads")
def _(stage: Stage) -> Call:
    analysis = stage.road.analysis(stage.road.register())
    more = {"content": infrared_file(), "headers": OCTETS}
    return Call("chemist", "/api/v1/analyses/{analysis_id}/uploads", {"analysis_id": analysis}, more)


@write("POST", "/api/v1/uploads/{upload_id}/answer")
def _(stage: Stage) -> Call:
    _, _, upload = stage.read_file()
    headers = stage.version("chemist", f"/api/v1/uploads/{upload}")
    more = {"json": {"hints": {"kind": "ir"}}, "headers": headers}
    return Call("chemist", "/api/v1/uploads/{upload_id}/answer", {"upload_id": upload}, more)


@write("POST", "/bench/samples/{sample_id}/answers")
def _(stage: Stage) -> Call:
    sample, _, upload = stage.read_file(AMBIGUOUS, "a.csv")
    state = ok(stage.client("chemist").get(f"/api/v1/uploads/{upload}"))
    assert state["state"] == "asks", state
    form = {"upload": upload, "version": str(state["version"]), "choice": "0"}
    return Call("chemist", "/bench/samples/{sample_id}/answers", {"sample_id": sample}, {"data": form})


@write("POST", "/bench/samples/{sample_id}/read-again")
def _(stage: Stage) -> Call:
    call = _of_file(stage, "/bench/samples/{sample_id}/read-again", infrared_file(), "a.jdx")
    _failed(stage, Upload, call.more["data"]["upload"])
    return call


@write("POST", "/api/v1/uploads/{upload_id}/warnings-seen")
def _(stage: Stage) -> Call:
    _, _, upload = stage.read_file(NAMELESS, "a.txt")
    headers = stage.version("chemist", f"/api/v1/uploads/{upload}")
    return Call("chemist", "/api/v1/uploads/{upload_id}/warnings-seen", {"upload_id": upload}, {"headers": headers})


def _of_file(stage: Stage, url: str, content: bytes, name: str, **form: str) -> Call:
    sample, _, upload = stage.read_file(content, name)
    state = ok(stage.client("chemist").get(f"/api/v1/uploads/{upload}"))
    data = {"upload": upload, "version": str(state["version"]), **form}
    return Call("chemist", url, {"sample_id": sample}, {"data": data})


@write("POST", "/bench/samples/{sample_id}/warnings")
def _(stage: Stage) -> Call:
    return _of_file(stage, "/bench/samples/{sample_id}/warnings", NAMELESS, "a.txt")


@write("POST", "/bench/samples/{sample_id}/compare-again")
def _(stage: Stage) -> Call:
    sample, analysis, _upload = stage.read_file()
    return Call(
        "chemist", "/bench/samples/{sample_id}/compare-again", {"sample_id": sample}, {"data": {"analysis": analysis}}
    )


@write("POST", "/bench/samples/{sample_id}/corrections")
def _(stage: Stage) -> Call:
    return _of_file(stage, "/bench/samples/{sample_id}/corrections", infrared_file(), "a.jdx", x_axis="raman")


@write("PUT", "/api/v1/results/{result_id}/findings")
def _(stage: Stage) -> Call:
    sample = stage.road.register()
    result, etag = stage.road.draft(sample, [stage.road.analysis(sample)])
    more = {"json": {"findings": [{"substance": "ketamine"}]}, "headers": {"If-Match": etag}}
    return Call("chemist", "/api/v1/results/{result_id}/findings", {"result_id": result}, more)


@write("PUT", "/api/v1/results/{result_id}/dismissals")
def _(stage: Stage) -> Call:
    sample, form = named_part(stage)
    result = ok(stage.client("chemist").post(f"/api/v1/samples/{sample}/results"))
    more = {"json": {"dismissals": [form]}, "headers": {"If-Match": f'"{result["version"]}"'}}
    return Call("chemist", "/api/v1/results/{result_id}/dismissals", {"result_id": result["id"]}, more)


@write("POST", "/api/v1/results/{result_id}/{action}")
def _(stage: Stage) -> Call:
    _, result, etag = stage.road.verified()
    path = {"result_id": result, "action": "release"}
    more = {"json": {}, "headers": {"If-Match": etag}}
    return Call("session_lead", "/api/v1/results/{result_id}/{action}", path, more)


@write("POST", "/bench/samples/{sample_id}/act")
def _(stage: Stage) -> Call:
    sample, result, etag = stage.road.verified()
    form = {"action": "release", "result": result, "version": etag.strip('"')}
    return Call("session_lead", "/bench/samples/{sample_id}/act", {"sample_id": sample}, {"data": form})


@write("POST", "/bench/samples/{sample_id}/findings")
def _(stage: Stage) -> Call:
    sample = stage.road.register()
    form = {"substance": "mdma", "abundance": "major", "analyses": stage.road.analysis(sample)}
    return Call("chemist", "/bench/samples/{sample_id}/findings", {"sample_id": sample}, {"data": form})


@write("POST", "/bench/samples/{sample_id}/findings/remove")
def _(stage: Stage) -> Call:
    sample = stage.road.register()
    _, etag = stage.road.draft(sample, [stage.road.analysis(sample)])
    form = {"position": "0", "version": etag.strip('"')}
    return Call("chemist", "/bench/samples/{sample_id}/findings/remove", {"sample_id": sample}, {"data": form})


@write("POST", "/bench/samples/{sample_id}/findings/choose")
def _(stage: Stage) -> Call:
    sample = stage.road.register()
    _, etag = stage.road.draft(sample, [stage.road.analysis(sample)])
    version = etag.strip('"')
    form = {"began": version, "seen": version, "yours": '{"findings": [{"substance": "caffeine"}]}'}
    return Call("chemist", "/bench/samples/{sample_id}/findings/choose", {"sample_id": sample}, {"data": form})


@write("POST", "/bench/worksheet")
def _(stage: Stage) -> Call:
    form = {
        "session": stage.road.session_id, "batch": "13Jun-1", "test": "strip:xylazine", "lot": "L1", "blank": "N",
        "control": "P", "sample": stage.road.register(), "cell": "N",
    }  # fmt: skip
    return Call("chemist", "/bench/worksheet", more={"data": form})


@write("POST", "/quantification/curves")
def _(stage: Stage) -> Call:
    levels = CURVE["levels"]
    form = {
        "substance": "mdma", "method": "gc_ms", "unit": "mg/mL", "valid_until": "2099-01-01",
        "concentration": [str(level["concentration"]) for level in levels],
        "response": [str(level["response"]) for level in levels],
    }  # fmt: skip
    return Call("chemist", "/quantification/curves", more={"data": form})


@write("POST", "/quantification/samples/{sample_id}")
def _(stage: Stage) -> Call:
    sample = stage.road.register()
    form = {
        "curve": stage.curve(), "analysis": stage.road.analysis(sample, method="gc_ms"), "response": "420",
        "standard": "500", "mass_mg": "5", "volume_ml": "10",
    }  # fmt: skip
    return Call("chemist", "/quantification/samples/{sample_id}", {"sample_id": sample}, {"data": form})


@write("POST", "/bench/samples/{sample_id}/use")
def _(stage: Stage) -> Call:
    sample, _, upload = stage.read_file()
    reading = ok(stage.client("chemist").get(f"/api/v1/uploads/{upload}/readings"))[0]["id"]
    form = {"reading": reading, "place": "0"}
    return Call("chemist", "/bench/samples/{sample_id}/use", {"sample_id": sample}, {"data": form})


@write("POST", "/api/v1/samples/{sample_id}/consultations")
def _(stage: Stage) -> Call:
    sample, _, _ = stage.road.released()
    more = {"json": {"outcomes": [{"intention": "take_less"}], "minutes": 5}}
    return Call("health_worker", "/api/v1/samples/{sample_id}/consultations", {"sample_id": sample}, more)


@write("POST", "/consultations/samples/{sample_id}")
def _(stage: Stage) -> Call:
    sample, _, _ = stage.road.released()
    form = {"intention": "take_less", "minutes": "5"}
    return Call("health_worker", "/consultations/samples/{sample_id}", {"sample_id": sample}, {"data": form})


@write("POST", "/api/v1/tickets/view")
def _(stage: Stage) -> Call:
    code = stage.road.codes[stage.road.register()]
    return Call("nobody", "/api/v1/tickets/view", more={"json": {"code": code}})


@write("POST", "/t")
def _(stage: Stage) -> Call:
    code = stage.road.codes[stage.road.register()]
    return Call("nobody", "/t", more={"data": {"code": code}})


@write("POST", "/bench/samples/{sample_id}/use-sample")
def _(stage: Stage) -> Call:
    sample, _, _ = stage.read_file(jcamp(mixture({"cocaine": 0.6, "caffeine": 0.4})))
    return Call("chemist", "/bench/samples/{sample_id}/use-sample", {"sample_id": sample}, {"data": {"compound": ""}})


def asked(stage: Stage) -> tuple[str, str, int]:
    """A sample whose two files name different things: its key, a question that is open, and the version of its answer."""
    sample, _, _ = stage.read_file(ir_of(ketamine=1.0))
    stage.road.upload(stage.road.analysis(sample, method="gc_ms", read_by_hand=False), ei_of("Cocaine"), "b.msp")
    stage.world.runtime.jobs.run_until_idle()
    answer = ok(stage.client("chemist").get(f"/api/v1/samples/{sample}/answer"))
    return sample, next(key for key in answer["open_questions"] if key.startswith("one_sample")), answer["version"]


@write("POST", "/bench/samples/{sample_id}/reply")
def _(stage: Stage) -> Call:
    sample, question, version = asked(stage)
    form = {"question": question, "version": version, "reply": "one_sample"}
    return Call("chemist", "/bench/samples/{sample_id}/reply", {"sample_id": sample}, {"data": form})


@write("POST", "/api/v1/samples/{sample_id}/answer/replies")
def _(stage: Stage) -> Call:
    sample, question, version = asked(stage)
    more = {"json": {"question": question, "reply": "one_sample"}, "headers": {"If-Match": f'"{version}"'}}
    return Call("chemist", "/api/v1/samples/{sample_id}/answer/replies", {"sample_id": sample}, more)


@write("POST", "/bench/samples/{sample_id}/use-strip")
def _(stage: Stage) -> Call:
    sample = stage.road.register()
    form = {"analysis": stage.road.analysis(sample, **{**STRIP, "strip_reading": "positive"})}
    return Call("chemist", "/bench/samples/{sample_id}/use-strip", {"sample_id": sample}, {"data": form})


@write("POST", "/api/v1/incoming")
def _(stage: Stage) -> Call:
    return Call("chemist", "/api/v1/incoming?filename=a.jdx", more={"content": infrared_file(), "headers": OCTETS})


@write("POST", "/bench/incoming")
def _(stage: Stage) -> Call:
    return Call("chemist", "/bench/incoming", more={"files": {"file": ("a.jdx", infrared_file())}})


def _failed(stage: Stage, table: type[Upload] | type[IncomingFile], key: str) -> None:
    """A file every worker that took it died of."""
    with stage.world.runtime.db.begin() as uow:
        row = uow.session.get_one(table, UUID(key))
        row.read_at, row.problem = (
            uow.now,
            {"code": READING_FAILED, "asks": False, "detail": "It failed.", "hint": "Read it again."},
        )
        if isinstance(row, Upload):
            row.state = UploadState.REFUSED


@write("POST", "/bench/incoming/assign-matched")
def assign_matched_page(stage: Stage) -> Call:
    number = ok(stage.client("chemist").get(f"/api/v1/samples/{stage.road.register()}"))["number"]
    stage.incoming(infrared_file(next(_FRESH)), f"{number:03d}.jdx")
    seen = re.findall(r'name="file" value="([^"]+)"', stage.client("chemist").get("/bench/incoming").text)
    return Call("chemist", "/bench/incoming/assign-matched", more={"data": {"file": seen}})


def on_incoming(act: str, **body: str) -> None:
    """A decision about a file: the same over the API and by the form. `sample_id` in `body` stands for a fresh sample."""

    def prepared(stage: Stage) -> tuple[str, str, dict[str, str]]:
        file, version = stage.incoming()
        if act == "restore":
            version = stage.decide(file, version, "set-aside", {"reason": "blank"})
        if act == "read-again":
            _failed(stage, IncomingFile, file)
        if act == "take-back":
            version = stage.decide(file, version, "attach", {"sample_id": stage.road.register()})
        sent = {k: stage.road.register() if k == "sample_id" else v for k, v in body.items()}
        return file, version, sent

    def by_api(stage: Stage) -> Call:
        file, version, sent = prepared(stage)
        more = {"json": sent, "headers": {"If-Match": f'"{version}"'}}
        return Call("chemist", f"/api/v1/incoming/{{incoming_id}}/{act}", {"incoming_id": file}, more)

    def by_form(stage: Stage) -> Call:
        file, version, sent = prepared(stage)
        more = {"data": {**sent, "version": version}}
        return Call("chemist", f"/bench/incoming/{{incoming_id}}/{act}", {"incoming_id": file}, more)

    WRITES["POST", f"/api/v1/incoming/{{incoming_id}}/{act}"] = by_api
    WRITES["POST", f"/bench/incoming/{{incoming_id}}/{act}"] = by_form


on_incoming("attach", sample_id="fresh")
on_incoming("set-aside", reason="blank")
on_incoming("restore")
on_incoming("read-again")
del WRITES["POST", "/api/v1/incoming/{incoming_id}/read-again"]  # on the page only
on_incoming("take-back")


@write("POST", "/api/v1/standards")
def _(stage: Stage) -> Call:
    body = {"reading_id": stage.spectrum(), "name": "Testamine", "lot": "L1"}
    return Call("chemist", "/api/v1/standards", more={"json": body})


@write("POST", "/api/v1/standards/uploads")
def _(stage: Stage) -> Call:
    url = "/api/v1/standards/uploads?filename=a.msp&name=Testamine&lot=L1&expires_on=2030-01-01"
    return Call("chemist", url, more={"content": small_ms(), "headers": OCTETS})


@write("POST", "/api/v1/standards/{standard_id}/retire")
def _(stage: Stage) -> Call:
    more = {"json": {"reason": "used up"}, "headers": {"If-Match": '"1"'}}
    return Call("chemist", "/api/v1/standards/{standard_id}/retire", {"standard_id": stage.standard()}, more)


@write("POST", "/standards")
def _(stage: Stage) -> Call:
    form = {"reading": stage.spectrum(), "substance_words": "Testamine", "lot": "L1", "purity": "98,5"}
    form |= {"peak": "", "inchikey": "", "expires_on": "2030-01-01", "retention_min": "7.1", "standard_id": ""}
    return Call("chemist", "/standards", more={"data": form})


@write("POST", "/standards/files")
def _(stage: Stage) -> Call:
    more = {"files": {"file": ("a.msp", small_ms())}, "data": {"substance_words": "Testamine"}}
    return Call("chemist", "/standards/files", more=more)


@write("POST", "/standards/{standard_id}/retire")
def _(stage: Stage) -> Call:
    form = {"version": "1", "reason": "used up"}
    return Call("chemist", "/standards/{standard_id}/retire", {"standard_id": stage.standard()}, {"data": form})


@write("POST", "/api/v1/controls/uploads")
def _(stage: Stage) -> Call:
    url = "/api/v1/controls/uploads?filename=a.cdf&kind=ladder&batch=B1&first_carbon=8"
    return Call("chemist", url, more={"content": small_ladder(), "headers": OCTETS})


@write("POST", "/api/v1/controls/from-incoming")
def _(stage: Stage) -> Call:
    file, version = stage.incoming(small_run(), "blank.cdf")
    more = {
        "json": {"incoming_id": file, "kind": "blank", "batch": "B1"}, "headers": {"If-Match": f'"{version}"'}
    }  # fmt: skip
    return Call("chemist", "/api/v1/controls/from-incoming", more=more)


@write("POST", "/api/v1/controls/{control_id}/withdraw")
def _(stage: Stage) -> Call:
    more = {"json": {"reason": "leaky"}, "headers": {"If-Match": '"1"'}}
    return Call("chemist", "/api/v1/controls/{control_id}/withdraw", {"control_id": stage.control()}, more)


@write("POST", "/standards/controls/files")
def _(stage: Stage) -> Call:
    file, version = stage.incoming(small_run(), "blank.cdf")
    form = {"incoming": file, "version": version, "kind": "blank", "batch": "B1", "first_carbon": ""}
    return Call("chemist", "/standards/controls/files", more={"data": form})


@write("POST", "/standards/controls/{control_id}/withdraw")
def _(stage: Stage) -> Call:
    form = {"version": "1", "reason": "leaky"}
    return Call("chemist", "/standards/controls/{control_id}/withdraw", {"control_id": stage.control()}, {"data": form})


@write("POST", "/api/v1/quantification/curves")
def _(stage: Stage) -> Call:
    return Call("chemist", "/api/v1/quantification/curves", more={"json": CURVE})


@write("POST", "/api/v1/quantification/curves/{curve_id}/quantify")
def _(stage: Stage) -> Call:
    analysis = stage.road.analysis(stage.road.register(), method="gc_ms")
    body = {
        "analysis_id": analysis, "responses": [{"response": 420, "internal_standard": 500}],
        "preparation": {"mass_mg": 5, "volume_ml": 10},
    }  # fmt: skip
    url = "/api/v1/quantification/curves/{curve_id}/quantify"
    return Call("chemist", url, {"curve_id": stage.curve()}, {"json": body})


@write("POST", "/api/v1/libraries/imports/uploads")
def _(stage: Stage) -> Call:
    url = "/api/v1/libraries/imports/uploads?filename=own.msp&name=Own%202026&licence=CC0&source=our%20bench"
    return Call("admin", url, more={"content": small_ms(), "headers": OCTETS})


def _own_library(stage: Stage) -> str:
    url = "/api/v1/libraries/imports/uploads?filename=own.msp&name=Declared%202026&licence=CC0&source=our%20bench"
    sent = ok(stage.client("admin").post(url, content=small_ms(), headers=OCTETS))
    stage.world.runtime.jobs.run_until_idle()
    done = ok(stage.client("admin").get(f"/api/v1/libraries/imports/{sent['id']}"))
    return str(done["name"])


@write("POST", "/libraries/{key}/holds")
def _(stage: Stage) -> Call:
    return Call("admin", "/libraries/{key}/holds", {"key": _own_library(stage)}, {"data": {"holds": "general"}})


@write("PUT", "/api/v1/libraries/{key}/holds")
def _(stage: Stage) -> Call:
    return Call("admin", "/api/v1/libraries/{key}/holds", {"key": _own_library(stage)}, {"json": {"holds": "general"}})


@write("POST", "/libraries/import/files")
def _(stage: Stage) -> Call:
    form = {"name": "Own 2026", "licence": "CC0", "source": "our bench", "y_unit": ""}
    more = {"files": {"file": ("own.msp", small_ms())}, "data": form}
    return Call("admin", "/libraries/import/files", more=more)


@write("POST", "/history/uploads/files")
def _(stage: Stage) -> Call:
    sent = [("map", ("map.toml", HISTORY_MAP.encode())), ("files", ("samples.csv", HISTORY_FILE.encode()))]
    return Call("admin", "/history/uploads/files", more={"files": sent})


def history_upload(stage: Stage, *, imported: bool = False) -> str:
    """A file of history that was read and checked; imported, where it is asked for."""
    sent = [("map", ("map.toml", HISTORY_MAP.encode())), ("files", ("samples.csv", HISTORY_FILE.encode()))]
    url: str = stage.client("admin").post("/history/uploads/files", files=sent).headers["location"]
    stage.world.runtime.jobs.run_until_idle()
    if imported:
        stage.client("admin").post(f"{url}/import", data={"version": 2})
        stage.world.runtime.jobs.run_until_idle()
    return url.rsplit("/", 1)[-1]


@write("POST", "/history/uploads/{history_upload_id}/import")
def _(stage: Stage) -> Call:
    url = "/history/uploads/{history_upload_id}/import"
    return Call("admin", url, {"history_upload_id": history_upload(stage)}, {"data": {"version": 2}})


@write("POST", "/history/uploads/{history_upload_id}/drop")
def _(stage: Stage) -> Call:
    url = "/history/uploads/{history_upload_id}/drop"
    return Call("admin", url, {"history_upload_id": history_upload(stage)}, {"data": {"version": 2}})


@write("POST", "/history/imports/{history_import_id}/undo")
def _(stage: Stage) -> Call:
    history_upload(stage, imported=True)
    url = "/history/imports/{history_import_id}/undo"
    (row,) = ok(stage.client("admin").get("/api/v1/history/imports"))
    return Call("admin", url, {"history_import_id": row["id"]}, {"data": {"reason": "a test"}})


@write("POST", "/api/v1/instruments")
def _(stage: Stage) -> Call:
    return Call("chemist", "/api/v1/instruments", more={"json": {"name": f"FTIR {next(_FRESH)}", "method": "ftir"}})


@write("POST", "/instruments")
def _(stage: Stage) -> Call:
    form = {"name": f"FTIR {next(_FRESH)}", "method": "ftir", "serial": "", "certificate_due": "2030-01-01"}
    return Call("chemist", "/instruments", more={"data": form})


@write("POST", "/api/v1/instruments/{instrument_id}/checks")
def _(stage: Stage) -> Call:
    _, _, upload = stage.read_file(small_film())
    reading = ok(stage.client("chemist").get(f"/api/v1/uploads/{upload}/readings"))[0]["id"]
    body = {"reading_id": reading, "material": "polystyrene_film"}
    return Call(
        "chemist", "/api/v1/instruments/{instrument_id}/checks", {"instrument_id": stage.machine()}, {"json": body}
    )


@write("POST", "/instruments/check")
def _(stage: Stage) -> Call:
    _, _, upload = stage.read_file(small_film())
    reading = ok(stage.client("chemist").get(f"/api/v1/uploads/{upload}/readings"))[0]["id"]
    form = {"reading": reading, "material": "polystyrene_film", "instrument": stage.machine()}
    return Call("chemist", "/instruments/check", more={"data": form})


@write("POST", "/api/v1/instruments/{instrument_id}/checks/uploads")
def _(stage: Stage) -> Call:
    url = "/api/v1/instruments/{instrument_id}/checks/uploads?material=polystyrene_film&filename=a.jdx"
    return Call("chemist", url, {"instrument_id": stage.machine()}, {"content": small_film(), "headers": OCTETS})


@write("POST", "/instruments/{instrument_id}/checks")
def _(stage: Stage) -> Call:
    more = {
        "files": {"file": ("a.jdx", small_film())}, "data": {"material": "polystyrene_film", "measured_on": ""}
    }  # fmt: skip
    return Call("chemist", "/instruments/{instrument_id}/checks", {"instrument_id": stage.machine()}, more)


@write("POST", "/api/v1/instruments/checks/{check_id}/withdraw")
def _(stage: Stage) -> Call:
    more = {"json": {"reason": "wrong film"}, "headers": {"If-Match": '"1"'}}
    return Call("chemist", "/api/v1/instruments/checks/{check_id}/withdraw", {"check_id": stage.check()}, more)


@write("POST", "/instruments/checks/{check_id}/withdraw")
def _(stage: Stage) -> Call:
    form = {"version": "1", "reason": "wrong film"}
    return Call("chemist", "/instruments/checks/{check_id}/withdraw", {"check_id": stage.check()}, {"data": form})


@write("POST", "/api/v1/instruments/tasks/{task_id}/close")
def _(stage: Stage) -> Call:
    more = {"json": {"words": "sent away"}, "headers": {"If-Match": '"1"'}}
    return Call("chemist", "/api/v1/instruments/tasks/{task_id}/close", {"task_id": stage.task()}, more)


@write("POST", "/instruments/tasks/{task_id}/close")
def _(stage: Stage) -> Call:
    form = {"version": "1", "words": "sent away"}
    return Call("chemist", "/instruments/tasks/{task_id}/close", {"task_id": stage.task()}, {"data": form})


@write("POST", "/api/v1/instruments/{instrument_id}/transfers")
def _(stage: Stage) -> Call:
    instrument, library = stage.powders()
    url = "/api/v1/instruments/{instrument_id}/transfers"
    return Call("chemist", url, {"instrument_id": instrument}, {"json": {"library": library}})


@write("POST", "/instruments/{instrument_id}/transfers")
def _(stage: Stage) -> Call:
    instrument, library = stage.powders()
    url = "/instruments/{instrument_id}/transfers"
    return Call("chemist", url, {"instrument_id": instrument}, {"data": {"library": library}})


@write("POST", "/api/v1/instruments/transfers/{transfer_id}/retire")
def _(stage: Stage) -> Call:
    more = {"json": {"reason": "new crystal"}, "headers": {"If-Match": '"1"'}}
    path = {"transfer_id": stage.transfer()[1]}
    return Call("chemist", "/api/v1/instruments/transfers/{transfer_id}/retire", path, more)


@write("POST", "/instruments/transfers/{transfer_id}/retire")
def _(stage: Stage) -> Call:
    instrument, transfer = stage.transfer()
    form = {"version": "1", "reason": "new crystal", "instrument": instrument}
    return Call("chemist", "/instruments/transfers/{transfer_id}/retire", {"transfer_id": transfer}, {"data": form})


@write("POST", "/api/v1/instruments/{instrument_id}/mixtures")
def _(stage: Stage) -> Call:
    instrument, said = stage.two_powders()
    url = "/api/v1/instruments/{instrument_id}/mixtures"
    return Call("chemist", url, {"instrument_id": instrument}, {"json": said})


@write("POST", "/instruments/mixtures")
def _(stage: Stage) -> Call:
    instrument, said = stage.two_powders()
    form = {name: str(value) for name, value in said.items() if name != "reading_id"}
    return Call(
        "chemist",
        "/instruments/mixtures",
        more={"data": {**form, "reading": said["reading_id"], "instrument": instrument}},
    )


@write("POST", "/api/v1/instruments/mixtures/{mixture_id}/withdraw")
def _(stage: Stage) -> Call:
    more = {"json": {"reason": "badly ground"}, "headers": {"If-Match": '"1"'}}
    path = {"mixture_id": stage.mixture()[1]}
    return Call("chemist", "/api/v1/instruments/mixtures/{mixture_id}/withdraw", path, more)


@write("POST", "/instruments/mixtures/{mixture_id}/withdraw")
def _(stage: Stage) -> Call:
    instrument, mixture = stage.mixture()
    form = {"version": "1", "reason": "badly ground", "instrument": instrument}
    return Call("chemist", "/instruments/mixtures/{mixture_id}/withdraw", {"mixture_id": mixture}, {"data": form})


MESSAGE = "messages/en/M-HEAT.md"
REASON: dict[str, Any] = {"reason": "a test"}


def shipped_pack(stage: Stage) -> str:
    """The version that came with the software."""
    return str(stage.world.runtime.packs.shipped_id)


def pack_file(stage: Stage, version_id: str, path: str) -> dict[str, str]:
    """A file of a version."""
    found: dict[str, str] = ok(
        stage.client("clinician").get(f"/api/v1/message-packs/{version_id}/file", params={"path": path})
    )
    return found


def on_pack(
    url: str, role: str, steps: tuple[str, ...], said: Callable[[Stage, dict[str, Any]], dict[str, Any]]
) -> None:
    """A route about a version that was taken through these steps; `said` makes what is sent from its row."""

    def entry(stage: Stage) -> Call:
        body = stage.pack(*steps)
        return Call(role, url, {"version_id": body["id"]}, said(stage, body))

    WRITES["PUT" if url.endswith("/file") and url.startswith("/api") else "POST", url] = entry


def _matching(body: dict[str, Any], json: dict[str, Any]) -> dict[str, Any]:
    return {"json": json, "headers": {"If-Match": f'"{body["version"]}"'}}


def _new_text(stage: Stage, body: dict[str, Any]) -> dict[str, Any]:
    there = pack_file(stage, body["id"], "rules/opioids.yaml")
    return {
        "json": {"text": there["text"] + "# read over\n"}, "params": {"path": there["path"]},
        "headers": {"If-Match": f'"{there["sha256"]}"'},
    }  # fmt: skip


def _new_message(stage: Stage, body: dict[str, Any]) -> dict[str, Any]:
    there = pack_file(stage, body["id"], MESSAGE)
    form = {"path": MESSAGE, "was": there["sha256"], "title": "Heat", "card": "Take breaks.", "evidence": "a test"}
    return {"data": {**form, "review_by": "2099-01-01"}}


def _new_file(stage: Stage, body: dict[str, Any]) -> dict[str, Any]:
    there = pack_file(stage, body["id"], "rules/opioids.yaml")
    return {"data": {"path": there["path"], "was": there["sha256"], "text": there["text"] + "# read over\n"}}


_PACKS, _SIGNED = "/api/v1/message-packs/{version_id}", ("submit", "sign", "sign_by_lead")
on_pack(f"{_PACKS}/file", "clinician", (), _new_text)
on_pack(f"{_PACKS}/submit", "clinician", (), lambda stage, body: _matching(body, {}))
on_pack(f"{_PACKS}/set-aside", "clinician", (), lambda stage, body: _matching(body, REASON))
on_pack(f"{_PACKS}/send-back", "session_lead", ("submit",), lambda stage, body: _matching(body, REASON))
on_pack(f"{_PACKS}/sign", "session_lead", ("submit",), lambda stage, body: {"json": {"digest": body["digest"]}})
on_pack(f"{_PACKS}/withdrawals", "session_lead", _SIGNED, lambda stage, body: {"json": {"kind": "pack", **REASON}})
on_pack("/messages/{version_id}/message", "clinician", (), _new_message)
on_pack("/messages/{version_id}/file", "clinician", (), _new_file)
on_pack("/messages/{version_id}/submit", "clinician", (), lambda stage, body: {"data": {"version": body["version"]}})
on_pack(
    "/messages/{version_id}/set-aside", "clinician", (),
    lambda stage, body: {"data": {"version": body["version"], **REASON}},
)  # fmt: skip
on_pack(
    "/messages/{version_id}/send-back", "session_lead", ("submit",),
    lambda stage, body: {"data": {"version": body["version"], **REASON}},
)  # fmt: skip
on_pack(
    "/messages/{version_id}/sign", "session_lead", ("submit",),
    lambda stage, body: {"data": {"digest": body["digest"], "read": "yes"}},
)  # fmt: skip
on_pack(
    "/messages/{version_id}/withdraw", "session_lead", _SIGNED,
    lambda stage, body: {"data": {"kind": "message", "target": "M-HEAT", **REASON}},
)  # fmt: skip


@write("POST", "/api/v1/message-packs")
def _(stage: Stage) -> Call:
    return Call("clinician", "/api/v1/message-packs", more={"json": {"base_id": shipped_pack(stage), **REASON}})


@write("POST", "/api/v1/message-packs/import")
def _(stage: Stage) -> Call:
    files = {"pack.yaml": "id: uk\n", "messages/en/M-HEAT.md": "---\nid: M-HEAT\n---\nTake breaks.\n"}
    body = {"base_id": shipped_pack(stage), "files": files, **REASON}
    return Call("clinician", "/api/v1/message-packs/import", more={"json": body})


@write("POST", "/messages")
def _(stage: Stage) -> Call:
    return Call("clinician", "/messages", more={"data": {"base": shipped_pack(stage), **REASON}})


# -- telling: alerts, tasks, what staff do to pages, urgent messages --------------------------------------------


def alert(stage: Stage, tier: str = "T1") -> dict[str, Any]:
    """An alert: a notice in force, or from T2 on a draft."""
    body = {"tier": tier, "session_id": stage.road.session_id, "words": "A test.", "classes": ["opioid.nitazene"]}
    return dict(ok(stage.client("chemist").post("/api/v1/alerts", json=body)))


ALERT = {"tier": "T2", "reach": "region", "words": "A test.", "told_words": "A test.", "classes": ["opioid.nitazene"]}


def alert_after(stage: Stage, *steps: tuple[str, str], tier: str = "T2") -> dict[str, Any]:
    """A draft taken through these steps: (act, role)."""
    body = {**ALERT, "tier": "T3" if tier == "T3" else "T2", "session_id": stage.road.session_id}
    writer = "chemist" if tier == "T3" else "session_lead"  # of a T3 the lead approves only what others wrote
    row = dict(ok(stage.client(writer).post("/api/v1/alerts", json=body)))
    url = f"/api/v1/alerts/{row['id']}"
    if tier == "T1":  # only the detection drafts one; a person lowers a T2
        lowered = {**body, "tier": tier, "reach": "session"}
        row = ok(stage.client("chemist").put(url, json=lowered, headers={"If-Match": f'"{row["version"]}"'}))
    for act, role in steps:
        row = ok(stage.client(role).post(f"{url}/{act}", headers={"If-Match": f'"{row["version"]}"'}))
    return row


SUBMITTED, AGREED = (("submit", "chemist"),), (("submit", "chemist"), ("agree", "clinician"))


def sample_task(stage: Stage) -> dict[str, Any]:
    """What a nitazene leaves to be done: the session lead is to be told."""
    sample = stage.road.register()
    result, etag = stage.road.draft(sample, [stage.road.analysis(sample, method="gc_ms")], substance="metonitazene")
    stage.road.step("chemist", result, "submit", etag)
    rows = ok(stage.client("chemist").get(f"/api/v1/samples/{sample}/tasks"))
    return dict(next(row for row in rows if row["kind"] == "tell_lead"))


def urgent(stage: Stage) -> dict[str, Any]:
    """An urgent message a health worker asked for."""
    body = {"session_id": stage.road.session_id, "snippet": "SN-URGENT-ILL", "why": "A test."}
    return dict(ok(stage.client("health_worker").post("/api/v1/urgent-messages", json=body)))


def told(stage: Stage) -> tuple[str, str]:
    """A released sample to whose page something was added: (sample, adjustment)."""
    sample = stage.road.released()[0]
    url = f"/api/v1/samples/{sample}/adjustments"
    made = ok(stage.client("health_worker").post(url, json={"kind": "snippet", "target": "SN-NALOXONE"}))
    return sample, str(made["id"])


def _on_row(
    url: str, role: str, make: Callable[[Stage], dict[str, Any]], body: dict[str, Any] | None = None, **path: str
) -> None:
    """A route of the API about a row with a version."""
    name = url[url.index("{") + 1 : url.index("}")]

    def over_api(stage: Stage) -> Call:
        row = make(stage)
        more = {"headers": {"If-Match": f'"{row["version"]}"'}, **({} if body is None else {"json": body})}
        return Call(role, url, {name: str(row["id"]), **path}, more)

    WRITES["POST", url] = over_api


def _on_form(
    url: str, role: str, make: Callable[[Stage], dict[str, Any]], body: dict[str, Any] | None = None, **path: str
) -> None:
    """The same by a form."""
    name = url[url.index("{") + 1 : url.index("}")]

    def over_form(stage: Stage) -> Call:
        row = make(stage)
        return Call(role, url, {name: str(row["id"]), **path}, {"data": {"version": row["version"], **(body or {})}})

    WRITES["POST", url] = over_form


_on_row("/api/v1/alerts/{alert_id}/retract", "session_lead", alert, REASON)
_on_row("/api/v1/tasks/{sample_task_id}/close", "chemist", sample_task, {"words": "Told."})
_on_row("/api/v1/urgent-messages/{urgent_id}/approve", "session_lead", urgent)
_on_row("/api/v1/urgent-messages/{urgent_id}/stop", "session_lead", urgent, {"why": "A test."})
_on_form("/alerts/{alert_id}/retract", "session_lead", alert, REASON)
_on_form("/tasks/{sample_task_id}/close", "chemist", sample_task, {"words": "Told.", "back": "bench"})
_on_form("/consultations/urgent/{urgent_id}/approve", "session_lead", urgent)
_on_form("/consultations/urgent/{urgent_id}/stop", "session_lead", urgent, {"why": "A test."})


for _prefix, _on in (("/api/v1/alerts", _on_row), ("/alerts", _on_form)):
    _on(_prefix + "/{alert_id}/{step}", "chemist", alert_after, {"reason": ""}, step="submit")
    WRITES["POST", _prefix + "/runs"] = lambda stage, url=_prefix + "/runs": Call("chemist", url)  # type: ignore[misc]


@write("PUT", "/api/v1/alerts/{alert_id}")
def _(stage: Stage) -> Call:
    row = alert_after(stage)
    more = {"json": {**ALERT, "words": "Another."}, "headers": {"If-Match": f'"{row["version"]}"'}}
    return Call("chemist", "/api/v1/alerts/{alert_id}", {"alert_id": row["id"]}, more)


@write("POST", "/alerts/{alert_id}/edit")
def _(stage: Stage) -> Call:
    row = alert_after(stage)
    form = {**ALERT, "words": "Another.", "about": "opioid.nitazene", "version": row["version"]}
    del form["classes"]
    return Call("chemist", "/alerts/{alert_id}/edit", {"alert_id": row["id"]}, {"data": form})


@write("POST", "/api/v1/alerts")
def _(stage: Stage) -> Call:
    body = {"tier": "T1", "session_id": stage.road.session_id, "words": "A test.", "forms": ["tablet"]}
    return Call("chemist", "/api/v1/alerts", more={"json": body})


@write("POST", "/alerts")
def _(stage: Stage) -> Call:
    form = {"tier": "T1", "reach": "session", "session_id": stage.road.session_id, "words": "A test.", "about": "mdma"}
    return Call("chemist", "/alerts", more={"data": {**form, "hours": "12", "forms": "tablet", "logos": "heart; star"}})


@write("POST", "/api/v1/samples/{sample_id}/adjustments")
def _(stage: Stage) -> Call:
    body = {"kind": "snippet", "target": "SN-NALOXONE"}
    sample = stage.road.released()[0]
    return Call("health_worker", "/api/v1/samples/{sample_id}/adjustments", {"sample_id": sample}, {"json": body})


@write("DELETE", "/api/v1/samples/{sample_id}/adjustments/{adjustment_id}")
def _(stage: Stage) -> Call:
    sample, made = told(stage)
    url = "/api/v1/samples/{sample_id}/adjustments/{adjustment_id}"
    return Call("health_worker", url, {"sample_id": sample, "adjustment_id": made})


@write("POST", "/consultations/samples/{sample_id}/adjust")
def _(stage: Stage) -> Call:
    form = {"kind": "snippet", "target": "SN-NALOXONE", "reason": ""}
    sample = stage.road.released()[0]
    return Call("health_worker", "/consultations/samples/{sample_id}/adjust", {"sample_id": sample}, {"data": form})


@write("POST", "/consultations/samples/{sample_id}/adjust/undo")
def _(stage: Stage) -> Call:
    sample, made = told(stage)
    url = "/consultations/samples/{sample_id}/adjust/undo"
    return Call("health_worker", url, {"sample_id": sample}, {"data": {"adjustment": made}})


@write("POST", "/api/v1/urgent-messages")
def _(stage: Stage) -> Call:
    body = {"session_id": stage.road.session_id, "snippet": "SN-URGENT-ILL", "why": "A test."}
    return Call("health_worker", "/api/v1/urgent-messages", more={"json": body})


@write("POST", "/consultations/urgent")
def _(stage: Stage) -> Call:
    form = {"session_id": stage.road.session_id, "snippet": "SN-URGENT-ILL", "reach": "session", "hours": "12"}
    return Call("health_worker", "/consultations/urgent", more={"data": {**form, "why": "A test."}})


YEAR = datetime.now(UTC).year
PROJECT: dict[str, Any] = {
    "title": "What is in tablets", "purpose": "Which adulterants come together.", "columns": ["verdict"],
    "first_month": "2026-01", "last_month": "2026-12", "starts_on": f"{YEAR}-01-01", "ends_on": f"{YEAR + 1}-12-31",
}  # fmt: skip


def project(stage: Stage, *steps: str) -> str:
    """A draft of a research project, taken through `steps` ("propose", "approve")."""
    actors = stage.world.actors if stage.agency == "own" else stage.world.other_actors
    body = {**PROJECT, "researcher_id": str(actors[Role.RESEARCHER].person_id)}
    key = ok(stage.client("researcher").post("/api/v1/projects", json=body))["id"]
    for step in steps:
        role, url = "researcher" if step == "propose" else "session_lead", f"/api/v1/projects/{key}"
        ok(stage.client(role).post(f"{url}/{step}", headers=stage.version(role, url)))
    return str(key)


@write("POST", "/api/v1/projects")
def _(stage: Stage) -> Call:
    actors = stage.world.actors if stage.agency == "own" else stage.world.other_actors
    body = {**PROJECT, "researcher_id": str(actors[Role.RESEARCHER].person_id)}
    return Call("researcher", "/api/v1/projects", more={"json": body})


@write("POST", "/projects")
def _(stage: Stage) -> Call:
    actors = stage.world.actors if stage.agency == "own" else stage.world.other_actors
    body = {**PROJECT, "researcher_id": str(actors[Role.RESEARCHER].person_id)}
    return Call("researcher", "/projects", more={"data": body})


@write("PUT", "/api/v1/projects/{project_id}")
def _(stage: Stage) -> Call:
    actors = stage.world.actors if stage.agency == "own" else stage.world.other_actors
    body = {**PROJECT, "researcher_id": str(actors[Role.RESEARCHER].person_id), "title": "Tablets"}
    more = {"json": body, "headers": {"If-Match": '"1"'}}
    return Call("researcher", "/api/v1/projects/{project_id}", {"project_id": project(stage)}, more)


@write("POST", "/projects/{project_id}")
def _(stage: Stage) -> Call:
    actors = stage.world.actors if stage.agency == "own" else stage.world.other_actors
    body = {**PROJECT, "researcher_id": str(actors[Role.RESEARCHER].person_id), "title": "Tablets", "version": 1}
    return Call("researcher", "/projects/{project_id}", {"project_id": project(stage)}, {"data": body})


def on_project(step: str, role: str, *before: str, **body: str) -> None:
    """A step of a project over the API and by the form."""
    tail, path = ("extracts", {}) if step == "extracts" else ("{step}", {"step": step})

    def by_api(stage: Stage) -> Call:
        more: dict[str, Any] = {"headers": {"If-Match": f'"{1 + len(before)}"'}, **({"json": body} if body else {})}
        return Call(
            role, f"/api/v1/projects/{{project_id}}/{tail}", {"project_id": project(stage, *before), **path}, more
        )

    def by_form(stage: Stage) -> Call:
        more = {"data": {**body, "version": 1 + len(before)}}
        return Call(role, f"/projects/{{project_id}}/{tail}", {"project_id": project(stage, *before), **path}, more)

    WRITES["POST", f"/api/v1/projects/{{project_id}}/{tail}"] = by_api
    WRITES["POST", f"/projects/{{project_id}}/{tail}"] = by_form


on_project("withdraw", "session_lead", "propose", "approve", reason="The agreement ended.")
on_project("extracts", "researcher", "propose", "approve")
