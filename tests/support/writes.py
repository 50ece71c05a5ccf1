"""One valid request for every route that writes. A route that is missing here fails tests/api: add it.

Each entry prepares what it needs over the API of a `Stage` and names who sends what; nothing is sent yet. Most are one call of `post`,
`put`, `patch` or `delete`; where the API and a form of a page do the same, one of `both`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
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
MIXED = jcamp(mixture({"cocaine": 0.6, "caffeine": 0.4}))
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

    def reading_of(self, upload: str) -> str:
        """The first reading of a file."""
        return str(ok(self.client("chemist").get(f"/api/v1/uploads/{upload}/readings"))[0]["id"])

    def reading(self, content: bytes, name: str = "a.jdx") -> tuple[str, str]:
        """A file that was read: (sample, reading)."""
        sample, _, upload = self.read_file(content, name)
        return sample, self.reading_of(upload)

    def incoming(self, content: bytes | None = None, name: str = "a.jdx") -> tuple[str, str]:
        """A file from an instrument that waits: (file, version)."""
        data = infrared_file() if content is None else content
        url = f"/api/v1/incoming?filename={name}"
        body = ok(self.client("chemist").post(url, content=data, headers=OCTETS))
        return str(body["id"]), str(body["version"])

    def spectrum(self) -> str:
        """A reading that is a mass spectrum."""
        return self.reading(small_ms(), "a.msp")[1]

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

    def powders(self) -> dict[str, str]:
        """An instrument with five powders of the starter library measured on it, 2 cm⁻¹ too high."""
        library = next(one for one in self.world.runtime.registry.infrared() if one.starter)
        name = f"FTIR {next(_FRESH)}"
        instrument, noise = self.machine(name), np.random.default_rng(next(self.world.numbers))
        for place in range(5):
            curve = np.interp(GRID, GRID + 2.0, np.asarray(library.infrared.curves[place], dtype=np.float64))
            said = {"filename": "a.jdx", "name": library.infrared.names[place], "instrument": name}
            content = curve_file(GRID, curve + 1e-4 * noise.standard_normal(GRID.size))
            url = f"/api/v1/standards/uploads?{urlencode(said)}"
            ok(self.client("chemist").post(url, content=content, headers=OCTETS))
        return {"instrument_id": instrument, "library": library.key}

    def transfer(self) -> dict[str, str]:
        """A transfer of the starter library."""
        made = self.powders()
        url = f"/api/v1/instruments/{made['instrument_id']}/transfers"
        sent = self.client("chemist").post(url, json={"library": made["library"]})
        return {**made, "transfer_id": str(ok(sent)["id"])}

    def two_powders(self) -> dict[str, Any]:
        """An instrument, and what is said of a reading of two substances weighed together."""
        curves = next(one for one in self.world.runtime.registry.infrared() if one.starter).infrared.curves
        both = 0.5 * np.asarray(curves[0], dtype=np.float64) + 0.5 * np.asarray(curves[1], dtype=np.float64)
        _, reading = self.reading(curve_file(GRID, both))
        parts = ok(self.client("chemist").get(f"/api/v1/readings/{reading}/candidates"))["answer"]["components"]
        first, second = (part["substance_id"] or part["compound"] for part in parts[:2])
        said = {"reading_id": reading, "first": first, "second": second, "first_mg": 5.0, "second_mg": 6.0}
        return {"instrument_id": self.machine(), "said": said}

    def mixture(self) -> dict[str, Any]:
        """A weighed mixture."""
        made = self.two_powders()
        url = f"/api/v1/instruments/{made['instrument_id']}/mixtures"
        return {**made, "mixture_id": str(ok(self.client("chemist").post(url, json=made["said"]))["id"])}

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


def add(
    method: str,
    url: str,
    role: str,
    about: Callable[[Stage], Any] = lambda stage: {},
    *,
    version: Any = None,
    **more: Any,
) -> None:
    """Register the request of a route.

    `about` makes what the address names: the value of its one parameter, or several by name. What in `more` can be called is asked
    for with the stage and with what `about` made, and so is `version`, which stands in a header of the API and in a field of a form.
    """

    def entry(stage: Stage) -> Call:
        made = about(stage)
        path = made if isinstance(made, dict) else dict.fromkeys(re.findall(r"{(\w+)}", url), made)
        asked = {
            name: said(stage, made) if callable(said) else said for name, said in {**more, "version": version}.items()
        }
        number = asked.pop("version")
        if number is not None and url.startswith("/api/"):
            asked["headers"] = {**asked.get("headers", {}), "If-Match": f'"{number}"'}
        elif number is not None:
            asked["data"] = {**asked.get("data", {}), "version": number}
        return Call(role, url, path, asked)

    WRITES[method, url.partition("?")[0]] = entry


post, patch, put, delete = (partial(add, method) for method in ("POST", "PATCH", "PUT", "DELETE"))


def both(api: str, form: str, role: str, about: Callable[[Stage], Any], said: Any = None, **more: Any) -> None:
    """The same over the API and by the form of a page."""
    post(api, role, about, **({} if said is None else {"json": said}), **more)
    post(form, role, about, data={} if said is None else said, **more)


def fresh(stage: Stage) -> str:
    """A sample in the queue."""
    return stage.road.register()


def here(stage: Stage) -> str:
    """The open session."""
    return stage.road.session_id


def told_sample(stage: Stage) -> str:
    """A sample whose result is released."""
    return stage.road.released()[0]


def counted(stage: Stage) -> dict[str, str]:
    """A sample with an analysis."""
    sample = stage.road.register()
    return {"sample_id": sample, "analysis_id": stage.road.analysis(sample)}


def drafted(stage: Stage) -> dict[str, Any]:
    """A draft with a finding."""
    made = counted(stage)
    result, etag = stage.road.draft(made["sample_id"], [made["analysis_id"]])
    return {**made, "result_id": result, "version": etag.strip('"')}


def waits_for_release(stage: Stage) -> dict[str, Any]:
    """A result that is verified."""
    sample, result, etag = stage.road.verified()
    return {"sample_id": sample, "result_id": result, "action": "release", "version": etag.strip('"')}


def its_version(stage: Stage, made: dict[str, Any]) -> Any:
    """What `about` found to be the version."""
    return made["version"]


def token_of_wall(stage: Stage) -> str:
    """The token in the link of a wall, made for it."""
    made = stage.client("session_lead").post(f"/sessions/{stage.road.session_id}/wall-link").text
    return str(re.findall(r"/wall#([\w-]+)", made)[0])


# -- samples and who has them -----------------------------------------------------------------------------------

SAMPLES, BENCH = "/api/v1/samples/{sample_id}", "/bench/samples/{sample_id}"
post(f"{SAMPLES}/analyses", "chemist", fresh, json=STRIP)
post(f"{SAMPLES}/results", "chemist", fresh)
post(f"{SAMPLES}/ticket", "reception", fresh, json={"password": PASSWORD})
post(f"{SAMPLES}/withdraw", "reception", fresh, json={})
post(f"{SAMPLES}/custody", "reception", fresh, json={"kind": "received", "mg": 20})
post(f"{SAMPLES}/uploads", "chemist", fresh, content=infrared_file(), headers=OCTETS)
post("/samples/{sample_id}/ticket", "reception", fresh, data={"password": PASSWORD})
post("/samples/{sample_id}/photo", "reception", fresh, files={"photo": ("a.png", small_photo())})
post("/samples/{sample_id}/label", "reception", fresh, data={})
post("/samples/{sample_id}/withdraw", "reception", fresh, data={})
post("/samples/{sample_id}/custody", "reception", fresh, data={"kind": "received", "mg": "20"})
post(f"{BENCH}/draft", "chemist", fresh, data={})
post(f"{BENCH}/here", "chemist", fresh)
post(f"{BENCH}/nothing-found", "chemist", fresh, data={"nothing_found": "yes"})
post(f"{BENCH}/analyses", "chemist", fresh, data=STRIP)
post(f"{BENCH}/files", "chemist", fresh, files={"file": ("a.jdx", infrared_file())})
post("/find", "health_worker", data=lambda stage, _: {"what": stage.road.codes[stage.road.register()]})
"""A ticket in Find, which is written into the audit log."""
post(
    "/api/v1/sessions/{session_id}/samples", "reception", here,
    json={"form": "powder", "expected": ["mdma"], "consents": CONSENTS},
)  # fmt: skip
post("/sessions/{session_id}/samples", "reception", here, data={"form": "powder", "expected": "mdma", **CONSENT_FORM})
patch(SAMPLES, "reception", fresh, json={"colours": ["white"]}, version=1)
post(
    "/samples/{sample_id}/correct", "reception", fresh, version="1",
    data={"form": "tablet", "expected": "mdma", "intent": "known", "submitter_type": "public", **CONSENT_FORM},
)  # fmt: skip


def _bag(stage: Stage) -> dict[str, str]:
    """A sample of the open session that is to be handed over, and who looks on."""
    bag = stage.road.register(received_mg=40)
    return {"session_id": stage.road.session_id, "bag": bag, "witness": stage.actor("chemist")}


post(
    "/api/v1/sessions/{session_id}/hand-over", "reception", _bag,
    json=lambda stage, made: {
        "to": "to_police", "place": "store", "witness_id": made["witness"],
        "bags": [{"sample_id": made["bag"], "weighed_mg": 39.5}],
    },
)  # fmt: skip
post(
    "/sessions/{session_id}/hand-over", "reception", _bag,
    data=lambda stage, made: {
        "bag": made["bag"], "row": made["bag"], "mg": "39,5", "to": "to_police", "place": "store",
        "witness_id": made["witness"], "unanalysed": "yes",
    },
)  # fmt: skip

# -- people, their browsers and tokens ---------------------------------------------------------------------------

NEW_PERSON = {"username": "fresh.person", "display_name": "Fresh", "roles": ["chemist"]}
NEW_TOKEN = {"label": "balance", "password": PASSWORD}
both("/api/v1/people", "/people", "admin", lambda stage: {}, NEW_PERSON)
for _act in ("hide", "show"):
    post(f"/hints/{_act}", "chemist", data={"area": "Bench", "next": "/bench"})
for _url in ("/api/v1/people/{person_id}/{act}", "/people/{person_id}/{act}"):
    post(_url, "admin", lambda stage: {"person_id": stage.person(), "act": "disable"})
post("/people/{person_id}/link", "admin", Stage.person)
post(
    "/people/{person_id}", "admin", Stage.person,
    data={"version": "1", "display_name": "Another Name", "roles": ["public_health"]},
)  # fmt: skip
post(
    "/people/{person_id}/end", "admin", Stage.person, data=lambda stage, _: {"key": stage.signed_in("public_health")[0]}
)
post(
    "/account/password", "chemist", data={"password": PASSWORD, **dict.fromkeys(("new", "again"), f"{PASSWORD} staple")}
)
post("/api/v1/tokens", "chemist", json=NEW_TOKEN)
post("/api/v1/me/proof", "researcher", json={"password": PASSWORD})
delete(
    "/api/v1/tokens/{token_id}", "chemist", lambda stage: stage.road.post("chemist", "/api/v1/tokens", NEW_TOKEN)["id"]
)
post("/sign-in", "nobody", data=lambda stage, _: {"username": f"chemist.{stage.agency}", "password": PASSWORD})
post("/sign-out", "police")


def _last_token(stage: Stage, _: Any) -> dict[str, str]:
    stage.road.post("chemist", "/api/v1/tokens", NEW_TOKEN)
    return {"key": stage.signed_in("chemist")[-1]}  # tokens come last: the browser goes on


post("/account/end", "chemist", data=_last_token)


def _device(stage: Stage) -> Authenticator:
    site = passkeys.site_of("MAST", stage.world.runtime.settings.public_url)
    return Authenticator(site.origin, site.host)


def _new_passkey(stage: Stage, role: str, device: Authenticator) -> dict[str, Any]:
    options = stage.client(role).post("/account/passkeys/options").json()
    return {"answer": device.make(options), "label": "Laptop", "password": PASSWORD}


def _shown_passkey(stage: Stage, _: Any) -> dict[str, Any]:
    device = _device(stage)
    added = _new_passkey(stage, "researcher", device)  # whose password no other request changes
    assert stage.client("researcher").post("/account/passkeys", data=added).status_code == 303
    return {"answer": device.show(stage.client("nobody").post("/sign-in/passkey/options").json())}


def _by_link(stage: Stage, _: Any) -> dict[str, str]:
    body = {**NEW_PERSON, "username": f"fresh.{stage.agency}"}
    link = stage.road.post("admin", "/api/v1/people", body)["link"].partition("#")[2]
    return {"link": link, "new": PASSWORD, "again": PASSWORD}


post("/account/passkeys", "chemist", data=lambda stage, _: _new_passkey(stage, "chemist", _device(stage)))
post("/sign-in/passkey", "nobody", data=_shown_passkey)
post("/password", "nobody", data=_by_link)


def _provider(stage: Stage) -> RSAKey:
    """An identity provider that is asked nothing, and the key it signs with."""
    provider = IdentityProvider(Registered("https://x.example", "mast", "", "X", "email", "https://mast.example"))
    key = RSAKey.generate_key(2048, {"kid": "one"})
    provider.there.keys = lambda kid: [key]  # type: ignore[method-assign]
    object.__setattr__(stage.world.runtime, "identity_provider", provider)
    return key


def _logout(stage: Stage, _: Any) -> dict[str, str]:
    key, now = _provider(stage), int(stage.world.runtime.now().timestamp())
    said = {
        "iss": "https://x.example",
        "aud": "mast",
        "iat": now,
        "jti": str(new_id()),
        "sub": "a-17",
        "events": {EVENT: {}},
    }
    return {"logout_token": jwt.encode({"alg": "RS256"}, said, key)}


def _clinician(stage: Stage) -> str:
    _provider(stage)
    return stage.actor("clinician")


def _identity(stage: Stage, _: Any = None) -> dict[str, str]:
    return {"identity": f"clinician@{stage.agency}.example"}


def _linked(stage: Stage) -> str:
    person = _clinician(stage)
    ok(stage.client("admin").post(f"/api/v1/people/{person}/identity", json=_identity(stage)))
    return person


post("/sign-out/oidc", "nobody", data=_logout)
both("/api/v1/people/{person_id}/identity", "/people/{person_id}/identity", "admin", _clinician, _identity)
delete("/api/v1/people/{person_id}/identity", "admin", _linked)

# -- sessions, their walls and tablets ---------------------------------------------------------------------------

post(
    "/api/v1/sessions", "session_lead",
    json={"name": "Sunday", "site": {"name": "Barn", "region": "North East"}, **PLAN, **TIMES},
)  # fmt: skip
post(
    "/sessions", "session_lead",
    data={"name": "Sunday", "site_id": "new", "site_name": "Barn", "site_region": "North East", **PLAN, **LOCAL_TIMES},
)  # fmt: skip
post("/api/v1/sessions/{session_id}/close", "session_lead", here, version=1)
post("/sessions/{session_id}/close", "session_lead", here, data={"reason": "later"}, version="1")
post("/sessions/{session_id}/wall-link", "session_lead", here)


def _with_wall(stage: Stage) -> str:
    stage.client("session_lead").post(f"/sessions/{stage.road.session_id}/wall-link")
    return stage.road.session_id


def _closed(stage: Stage) -> str:
    session = stage.road.session_id
    headers = stage.version("session_lead", f"/api/v1/sessions/{session}")
    ok(stage.client("session_lead").post(f"/api/v1/sessions/{session}/close", headers=headers))
    return session


post("/sessions/{session_id}/wall-link/end", "session_lead", _with_wall)
post("/sessions/{session_id}/report/issues", "session_lead", _closed)
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


post("/sessions/{session_id}/tablets", "reception", here, json={"device": DEVICE})
post(
    "/sessions/{session_id}/offline-samples", "reception", here, data=lambda stage, _: from_tablet(leased(stage)),
    headers=lambda stage, _: {"Idempotency-Key": str(new_id())},
)  # fmt: skip
post(
    "/sessions/{session_id}/tablets/{tablet_id}/void", "session_lead",
    lambda stage: {"session_id": stage.road.session_id, "tablet_id": tablet_of(stage)},
)  # fmt: skip

# -- the bench: files, what they name, and the findings ----------------------------------------------------------


def subtracted(stage: Stage, *, steps: int) -> dict[str, Any]:
    """An infrared reading with so many steps, and the reference to take out next."""
    reading = stage.reading(MIXED)[1]
    rows = ok(stage.client("chemist").get(f"/api/v1/readings/{reading}/candidates"))["candidates"]
    chosen = {"library": rows[0]["library_key"], "entry": rows[0]["entry"]}
    for made in range(steps):
        url = f"/api/v1/readings/{reading}/subtraction/steps"
        ok(stage.client("chemist").post(url, json=chosen, headers={"If-Match": f'"{made}"'}))
    return {"reading_id": reading, "chosen": chosen}


_ONE_STEP, _NO_STEP = partial(subtracted, steps=1), partial(subtracted, steps=0)
_SUBTRACTION = "/readings/{reading_id}/subtraction"
post(f"/api/v1{_SUBTRACTION}/steps", "chemist", _NO_STEP, json=lambda stage, made: made["chosen"], version=0)
post(f"/api/v1{_SUBTRACTION}/undo", "chemist", _ONE_STEP, version=1)
post(
    f"/bench{_SUBTRACTION}", "chemist", _NO_STEP, version="0",
    data=lambda stage, made: {**made["chosen"], "factor": "0.1", "shift": "0"},
)  # fmt: skip
post(f"/bench{_SUBTRACTION}/undo", "chemist", _ONE_STEP, version="1")


def read_sample(content: bytes | None = None, name: str = "a.jdx") -> Callable[[Stage], dict[str, Any]]:
    """A sample with a file that was read, and what its forms say of it."""

    def made(stage: Stage) -> dict[str, Any]:
        sample, analysis, upload = stage.read_file(content, name)
        state = ok(stage.client("chemist").get(f"/api/v1/uploads/{upload}"))
        return {
            "sample_id": sample,
            "analysis": analysis,
            "upload_id": upload,
            "version": state["version"],
            "state": state["state"],
        }

    return made


def of_its_file(**form: str) -> Callable[[Stage, Any], dict[str, Any]]:
    """A form about the file of `read_sample`."""
    return lambda stage, made: {"upload": made["upload_id"], "version": str(made["version"]), **form}


def of_its_reading(**form: str) -> Callable[[Stage, Any], dict[str, Any]]:
    """A form about the reading of `read_sample`."""
    return lambda stage, made: {"reading": stage.reading_of(made["upload_id"]), **form}


def _asks(stage: Stage) -> dict[str, Any]:
    made = read_sample(AMBIGUOUS, "a.csv")(stage)
    assert made["state"] == "asks", made
    return made


def _died(stage: Stage) -> dict[str, Any]:
    made = read_sample(infrared_file())(stage)
    _failed(stage, Upload, made["upload_id"])
    return made


def _failed(stage: Stage, table: type[Upload] | type[IncomingFile], key: str) -> None:
    """A file every worker that took it died of."""
    problem = {"code": READING_FAILED, "asks": False, "detail": "It failed.", "hint": "Read it again."}
    with stage.world.runtime.db.begin() as uow:
        row = uow.session.get_one(table, UUID(key))
        row.read_at, row.problem = uow.now, problem
        if isinstance(row, Upload):
            row.state = UploadState.REFUSED


patch("/api/v1/analyses/{analysis_id}", "chemist", counted, json={"batch": "B2", "reason": "typo"}, version=1)
post("/api/v1/analyses/{analysis_id}/uploads", "chemist", counted, content=infrared_file(), headers=OCTETS)
post(
    "/api/v1/uploads/{upload_id}/answer",
    "chemist",
    read_sample(),
    json={"hints": {"kind": "ir"}},
    version=its_version,
)
post("/api/v1/uploads/{upload_id}/warnings-seen", "chemist", read_sample(NAMELESS, "a.txt"), version=its_version)
post(f"{BENCH}/answers", "chemist", _asks, data=of_its_file(choice="0"))
post(f"{BENCH}/read-again", "chemist", _died, data=of_its_file())
post(f"{BENCH}/warnings", "chemist", read_sample(NAMELESS, "a.txt"), data=of_its_file())
post(f"{BENCH}/corrections", "chemist", read_sample(infrared_file()), data=of_its_file(x_axis="raman"))
post(f"{BENCH}/compare-again", "chemist", read_sample(), data=lambda stage, made: {"analysis": made["analysis"]})
post(f"{BENCH}/counts", "chemist", counted, data=lambda stage, made: {"analysis": made["analysis_id"]}, version="1")
post(f"{BENCH}/use", "chemist", read_sample(), data=of_its_reading(place="0"))
post(f"{BENCH}/use-parts", "chemist", read_sample(MIXED), data=of_its_reading())
post(f"{BENCH}/use-sample", "chemist", read_sample(MIXED), data={"compound": ""})


def named_part(stage: Stage, *, dismissed: bool = False) -> dict[str, Any]:
    """A sample with a mixture that names cocaine, and the form about it; `dismissed` in a draft already, where it is asked for."""
    sample, _, _ = stage.read_file(MIXED)
    form: dict[str, Any] = {"key": "cocaine", "reason": "wrong_match"}
    if dismissed:
        ok(stage.client("chemist").post(f"/bench/samples/{sample}/named/dismiss", data=form), 303)
        form["version"] = ok(stage.client("chemist").get(f"/api/v1/samples/{sample}/results"))["rows"][0]["version"]
    return {"sample_id": sample, "form": form}


def _draft_of_named(stage: Stage) -> dict[str, Any]:
    made = named_part(stage)
    result = ok(stage.client("chemist").post(f"/api/v1/samples/{made['sample_id']}/results"))
    return {**made, "result_id": result["id"], "version": result["version"]}


for _act in ("add", "dismiss", "take-back"):
    _made = partial(named_part, dismissed=_act == "take-back")
    post(f"{BENCH}/named/{_act}", "chemist", _made, data=lambda stage, made: made["form"])
put(
    "/api/v1/results/{result_id}/dismissals", "chemist", _draft_of_named, version=its_version,
    json=lambda stage, made: {"dismissals": [made["form"]]},
)  # fmt: skip
put(
    "/api/v1/results/{result_id}/findings", "chemist", drafted, version=its_version,
    json={"findings": [{"substance": "ketamine"}]},
)  # fmt: skip
post("/api/v1/results/{result_id}/{action}", "session_lead", waits_for_release, json={}, version=its_version)
post(
    f"{BENCH}/act", "session_lead", waits_for_release, version=its_version,
    data=lambda stage, made: {"action": "release", "result": made["result_id"]},
)  # fmt: skip
post(
    f"{BENCH}/findings", "chemist", counted,
    data=lambda stage, made: {"substance": "mdma", "abundance": "major", "analyses": made["analysis_id"]},
)  # fmt: skip
post(f"{BENCH}/findings/remove", "chemist", drafted, data={"position": "0"}, version=its_version)
post(
    f"{BENCH}/findings/choose", "chemist", drafted,
    data=lambda stage, made: {
        "began": made["version"], "seen": made["version"], "yours": '{"findings": [{"substance": "caffeine"}]}',
    },
)  # fmt: skip
post(
    f"{BENCH}/use-strip", "chemist", fresh,
    data=lambda stage, made: {"analysis": stage.road.analysis(made, **{**STRIP, "strip_reading": "positive"})},
)  # fmt: skip
post(
    "/bench/worksheet", "chemist",
    data=lambda stage, _: {
        "session": stage.road.session_id, "batch": "13Jun-1", "test": "strip:xylazine", "lot": "L1", "blank": "N",
        "control": "P", "sample": stage.road.register(), "cell": "N",
    },
)  # fmt: skip


def asked(stage: Stage) -> dict[str, Any]:
    """A sample whose two files name different things: its key, a question that is open, and the version of its answer."""
    sample, _, _ = stage.read_file(ir_of(ketamine=1.0))
    stage.road.upload(stage.road.analysis(sample, method="gc_ms", read_by_hand=False), ei_of("Cocaine"), "b.msp")
    stage.world.runtime.jobs.run_until_idle()
    answer = ok(stage.client("chemist").get(f"/api/v1/samples/{sample}/answer"))
    question = next(key for key in answer["open_questions"] if key.startswith("one_sample"))
    return {"sample_id": sample, "question": question, "version": answer["version"]}


both(
    f"{SAMPLES}/answer/replies", f"{BENCH}/reply", "chemist", asked,
    lambda stage, made: {"question": made["question"], "reply": "one_sample"}, version=its_version,
)  # fmt: skip

# -- what the client is told -------------------------------------------------------------------------------------

post(
    f"{SAMPLES}/consultations", "health_worker", told_sample,
    json={"outcomes": [{"intention": "take_less"}], "minutes": 5},
)  # fmt: skip
post(
    "/consultations/samples/{sample_id}", "health_worker", told_sample, data={"intention": "take_less", "minutes": "5"}
)
both(
    "/api/v1/tickets/view", "/t", "nobody", lambda stage: {},
    lambda stage, _: {"code": stage.road.codes[stage.road.register()]},
)  # fmt: skip

# -- files that instruments send ---------------------------------------------------------------------------------

post("/api/v1/incoming?filename=a.jdx", "chemist", content=infrared_file(), headers=OCTETS)
post("/bench/incoming", "chemist", files={"file": ("a.jdx", infrared_file())})


def _matched(stage: Stage, _: Any) -> dict[str, list[str]]:
    number = ok(stage.client("chemist").get(f"/api/v1/samples/{stage.road.register()}"))["number"]
    stage.incoming(infrared_file(next(_FRESH)), f"{number:03d}.jdx")
    return {"file": re.findall(r'name="file" value="([^"]+)"', stage.client("chemist").get("/bench/incoming").text)}


post("/bench/incoming/assign-matched", "chemist", data=_matched)


def waiting(stage: Stage, act: str = "") -> dict[str, str]:
    """A file from an instrument that waits for this decision."""
    file, version = stage.incoming()
    if act == "restore":
        version = stage.decide(file, version, "set-aside", {"reason": "blank"})
    if act == "read-again":
        _failed(stage, IncomingFile, file)
    if act == "take-back":
        version = stage.decide(file, version, "attach", {"sample_id": stage.road.register()})
    return {"incoming_id": file, "version": version}


for _act, _said in {
    "attach": lambda stage, made: {"sample_id": stage.road.register()},
    "set-aside": {"reason": "blank"},
    "restore": {},
    "take-back": {},
}.items():
    _urls = (f"/api/v1/incoming/{{incoming_id}}/{_act}", f"/bench/incoming/{{incoming_id}}/{_act}")
    both(*_urls, "chemist", partial(waiting, act=_act), _said, version=its_version)
post("/bench/incoming/{incoming_id}/read-again", "chemist", partial(waiting, act="read-again"), version=its_version)

# -- standards, controls, amounts and libraries ------------------------------------------------------------------

post(
    "/api/v1/standards",
    "chemist",
    json=lambda stage, _: {"reading_id": stage.spectrum(), "name": "Testamine", "lot": "L1"},
)
post(
    "/api/v1/standards/uploads?filename=a.msp&name=Testamine&lot=L1&expires_on=2030-01-01", "chemist",
    content=small_ms(), headers=OCTETS,
)  # fmt: skip
post(
    "/standards", "chemist",
    data=lambda stage, _: {
        "reading": stage.spectrum(), "substance_words": "Testamine", "lot": "L1", "purity": "98,5", "peak": "",
        "inchikey": "", "expires_on": "2030-01-01", "retention_min": "7.1", "standard_id": "",
    },
)  # fmt: skip
post("/standards/files", "chemist", files={"file": ("a.msp", small_ms())}, data={"substance_words": "Testamine"})


def _blank(stage: Stage) -> dict[str, str]:
    file, version = stage.incoming(small_run(), "blank.cdf")
    return {"incoming_id": file, "version": version}


def ended(api: str, form: str, about: Callable[[Stage], Any], **said: str) -> None:
    """The end of something that stands in its first version, with a reason, over the API and by a form."""
    post(f"/api/v1{api}", "chemist", about, json=said, version=1)
    post(form, "chemist", about, version="1", data=lambda stage, made: said | _instrument_of(made))


def _instrument_of(made: Any) -> dict[str, str]:
    return {"instrument": made["instrument_id"]} if isinstance(made, dict) else {}


ended("/standards/{standard_id}/retire", "/standards/{standard_id}/retire", Stage.standard, reason="used up")
ended("/controls/{control_id}/withdraw", "/standards/controls/{control_id}/withdraw", Stage.control, reason="leaky")
post(
    "/api/v1/controls/uploads?filename=a.cdf&kind=ladder&batch=B1&first_carbon=8", "chemist",
    content=small_ladder(), headers=OCTETS,
)  # fmt: skip
post(
    "/api/v1/controls/from-incoming", "chemist", _blank, version=its_version,
    json=lambda stage, made: {"incoming_id": made["incoming_id"], "kind": "blank", "batch": "B1"},
)  # fmt: skip
post(
    "/standards/controls/files", "chemist", _blank, version=its_version,
    data=lambda stage, made: {"incoming": made["incoming_id"], "kind": "blank", "batch": "B1", "first_carbon": ""},
)  # fmt: skip


def _weighed(stage: Stage) -> str:
    return stage.road.analysis(stage.road.register(), method="gc_ms")


post("/api/v1/quantification/curves", "chemist", json=CURVE)
post(
    "/quantification/curves", "chemist",
    data={
        "substance": "mdma", "method": "gc_ms", "unit": "mg/mL", "valid_until": "2099-01-01",
        **{name: [str(level[name]) for level in CURVE["levels"]] for name in ("concentration", "response")},
    },
)  # fmt: skip
post(
    "/api/v1/quantification/curves/{curve_id}/quantify", "chemist", Stage.curve,
    json=lambda stage, _: {
        "analysis_id": _weighed(stage), "responses": [{"response": 420, "internal_standard": 500}],
        "preparation": {"mass_mg": 5, "volume_ml": 10},
    },
)  # fmt: skip
post(
    "/quantification/samples/{sample_id}", "chemist", fresh,
    data=lambda stage, sample: {
        "curve": stage.curve(), "analysis": stage.road.analysis(sample, method="gc_ms"), "response": "420",
        "standard": "500", "mass_mg": "5", "volume_ml": "10",
    },
)  # fmt: skip

_LIBRARY = "/api/v1/libraries/imports/uploads?filename=own.msp&licence=CC0&source=our%20bench&name="
post(f"{_LIBRARY}Own%202026", "admin", content=small_ms(), headers=OCTETS)


def _own_library(stage: Stage) -> str:
    sent = ok(stage.client("admin").post(f"{_LIBRARY}Declared%202026", content=small_ms(), headers=OCTETS))
    stage.world.runtime.jobs.run_until_idle()
    done = ok(stage.client("admin").get(f"/api/v1/libraries/imports/{sent['id']}"))
    return str(done["name"])


post("/libraries/{key}/holds", "admin", _own_library, data={"holds": "general"})
put("/api/v1/libraries/{key}/holds", "admin", _own_library, json={"holds": "general"})
post(
    "/libraries/import/files", "admin", files={"file": ("own.msp", small_ms())},
    data={"name": "Own 2026", "licence": "CC0", "source": "our bench", "y_unit": ""},
)  # fmt: skip

# -- history of another service ----------------------------------------------------------------------------------

_HISTORY = [("map", ("map.toml", HISTORY_MAP.encode())), ("files", ("samples.csv", HISTORY_FILE.encode()))]


def history_upload(stage: Stage, *, imported: bool = False) -> str:
    """A file of history that was read and checked; imported, where it is asked for."""
    url: str = stage.client("admin").post("/history/uploads/files", files=_HISTORY).headers["location"]
    stage.world.runtime.jobs.run_until_idle()
    if imported:
        stage.client("admin").post(f"{url}/import", data={"version": 2})
        stage.world.runtime.jobs.run_until_idle()
    return url.rsplit("/", 1)[-1]


def history_import(stage: Stage) -> str:
    """What was imported from it."""
    history_upload(stage, imported=True)
    return str(ok(stage.client("admin").get("/api/v1/history/imports"))[0]["id"])


post("/history/uploads/files", "admin", files=_HISTORY)
for _act in ("import", "drop"):
    post(f"/history/uploads/{{history_upload_id}}/{_act}", "admin", history_upload, version=2)
post("/history/imports/{history_import_id}/undo", "admin", history_import, data={"reason": "a test"})

# -- instruments and how they measure ----------------------------------------------------------------------------

_INSTRUMENTS, _FILM = "/api/v1/instruments", "polystyrene_film"


def _of_film(stage: Stage) -> str:
    return stage.reading(small_film())[1]


def new_machine(**more: str) -> Callable[[Stage, Any], dict[str, str]]:
    """An infrared instrument that is not there yet."""
    return lambda stage, _: {"name": f"FTIR {next(_FRESH)}", "method": "ftir", **more}


post(_INSTRUMENTS, "chemist", json=new_machine())
post("/instruments", "chemist", data=new_machine(serial="", certificate_due="2030-01-01"))
post(
    f"{_INSTRUMENTS}/{{instrument_id}}/checks", "chemist", Stage.machine,
    json=lambda stage, _: {"reading_id": _of_film(stage), "material": _FILM},
)  # fmt: skip
post(
    "/instruments/check", "chemist",
    data=lambda stage, _: {"reading": _of_film(stage), "material": _FILM, "instrument": stage.machine()},
)  # fmt: skip
post(
    f"{_INSTRUMENTS}/{{instrument_id}}/checks/uploads?material={_FILM}&filename=a.jdx", "chemist", Stage.machine,
    content=small_film(), headers=OCTETS,
)  # fmt: skip
post(
    "/instruments/{instrument_id}/checks", "chemist", Stage.machine, files={"file": ("a.jdx", small_film())},
    data={"material": _FILM, "measured_on": ""},
)  # fmt: skip
ended(*2 * ("/instruments/checks/{check_id}/withdraw",), Stage.check, reason="wrong film")
ended(*2 * ("/instruments/tasks/{task_id}/close",), Stage.task, words="sent away")
ended(*2 * ("/instruments/transfers/{transfer_id}/retire",), Stage.transfer, reason="new crystal")
ended(*2 * ("/instruments/mixtures/{mixture_id}/withdraw",), Stage.mixture, reason="badly ground")
both(
    f"{_INSTRUMENTS}/{{instrument_id}}/transfers", "/instruments/{instrument_id}/transfers", "chemist", Stage.powders,
    lambda stage, made: {"library": made["library"]},
)  # fmt: skip
post(f"{_INSTRUMENTS}/{{instrument_id}}/mixtures", "chemist", Stage.two_powders, json=lambda stage, made: made["said"])


def _mixture_form(stage: Stage, _: Any) -> dict[str, str]:
    made = stage.two_powders()
    form = {name: str(value) for name, value in made["said"].items()}
    return {**form, "reading": form.pop("reading_id"), "instrument": made["instrument_id"]}


post("/instruments/mixtures", "chemist", data=_mixture_form)

# -- versions of the messages ------------------------------------------------------------------------------------

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


def pack_after(*steps: str) -> Callable[[Stage], dict[str, Any]]:
    """A version that was taken through these steps."""
    return lambda stage: (body := stage.pack(*steps)) | {"version_id": body["id"]}


def _new_message(stage: Stage, body: dict[str, Any]) -> dict[str, str]:
    said = {"title": "Heat", "card": "Take breaks.", "evidence": "a test", "review_by": "2099-01-01"}
    return {"path": MESSAGE, "was": pack_file(stage, body["id"], MESSAGE)["sha256"], **said}


def _new_file(stage: Stage, body: dict[str, Any]) -> dict[str, str]:
    there = pack_file(stage, body["id"], "rules/opioids.yaml")
    return {"path": there["path"], "was": there["sha256"], "text": there["text"] + "# read over\n"}


def _digest(**more: str) -> Callable[[Stage, Any], dict[str, str]]:
    return lambda stage, body: {"digest": body["digest"], **more}


_PACK, _SIGNED = "/message-packs/{version_id}", pack_after("submit", "sign", "sign_by_lead")
put(
    f"/api/v1{_PACK}/file", "clinician", pack_after(),
    json=lambda stage, body: {"text": _new_file(stage, body)["text"]}, params={"path": "rules/opioids.yaml"},
    version=lambda stage, body: _new_file(stage, body)["was"],
)  # fmt: skip
post("/messages/{version_id}/message", "clinician", pack_after(), data=_new_message)
post("/messages/{version_id}/file", "clinician", pack_after(), data=_new_file)
for _act, _role, _steps, _said in (
    ("submit", "clinician", (), {}), ("set-aside", "clinician", (), REASON), ("send-back", "session_lead", ("submit",), REASON),
):  # fmt: skip
    _urls = (f"/api/v1{_PACK}/{_act}", f"/messages/{{version_id}}/{_act}")
    both(*_urls, _role, pack_after(*_steps), _said, version=its_version)
post(f"/api/v1{_PACK}/sign", "session_lead", pack_after("submit"), json=_digest())
post("/messages/{version_id}/sign", "session_lead", pack_after("submit"), data=_digest(read="yes"))
post(f"/api/v1{_PACK}/withdrawals", "session_lead", _SIGNED, json={"kind": "pack", **REASON})
post("/messages/{version_id}/withdraw", "session_lead", _SIGNED, data={"kind": "message", "target": "M-HEAT", **REASON})
post("/api/v1/message-packs", "clinician", json=lambda stage, _: {"base_id": shipped_pack(stage), **REASON})
post("/messages", "clinician", data=lambda stage, _: {"base": shipped_pack(stage), **REASON})
post(
    "/api/v1/message-packs/import", "clinician",
    json=lambda stage, _: {
        "base_id": shipped_pack(stage), **REASON,
        "files": {"pack.yaml": "id: uk\n", "messages/en/M-HEAT.md": "---\nid: M-HEAT\n---\nTake breaks.\n"},
    },
)  # fmt: skip

# -- alerts, tasks, what staff do to pages, urgent messages ------------------------------------------------------


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
        row = stage.road.act(role, f"{url}/{act}", row)
    return row


def sample_task(stage: Stage) -> dict[str, Any]:
    """What a nitazene leaves to be done: the session lead is to be told."""
    sample = stage.road.register()
    result, etag = stage.road.draft(sample, [stage.road.analysis(sample, method="gc_ms")], substance="metonitazene")
    stage.road.step("chemist", result, "submit", etag)
    rows = ok(stage.client("chemist").get(f"/api/v1/samples/{sample}/tasks"))
    return dict(next(row for row in rows if row["kind"] == "tell_lead"))


URGENT = {"snippet": "SN-URGENT-ILL", "why": "A test."}


def urgent(stage: Stage) -> dict[str, Any]:
    """An urgent message a health worker asked for."""
    body = {"session_id": stage.road.session_id, **URGENT}
    return dict(ok(stage.client("health_worker").post("/api/v1/urgent-messages", json=body)))


SNIPPET = {"kind": "snippet", "target": "SN-NALOXONE"}


def told(stage: Stage) -> tuple[str, str]:
    """A released sample to whose page something was added: (sample, adjustment)."""
    sample = stage.road.released()[0]
    made = ok(stage.client("health_worker").post(f"/api/v1/samples/{sample}/adjustments", json=SNIPPET))
    return sample, str(made["id"])


def _adjusted(stage: Stage) -> dict[str, str]:
    return dict(zip(("sample_id", "adjustment_id"), told(stage), strict=True))


def named(name: str, make: Callable[[Stage], dict[str, Any]], **more: str) -> Callable[[Stage], dict[str, Any]]:
    """A row with its key under the name that addresses have for it."""
    return lambda stage: (row := make(stage)) | {name: str(row["id"]), **more}


_ALERT, _DRAFT, _URGENT = (
    named("alert_id", alert),
    named("alert_id", alert_after, step="submit"),
    named("urgent_id", urgent),
)
_CONSULTED = "/consultations/samples/{sample_id}"
for _step, _alert, _role, _said in (
    ("retract", _ALERT, "session_lead", REASON), ("{step}", _DRAFT, "chemist", {"reason": ""}),
):  # fmt: skip
    _urls = (f"/api/v1/alerts/{{alert_id}}/{_step}", f"/alerts/{{alert_id}}/{_step}")
    both(*_urls, _role, _alert, _said, version=its_version)
for _step, _said in (("approve", None), ("stop", {"why": "A test."})):
    _urls = (f"/api/v1/urgent-messages/{{urgent_id}}/{_step}", f"/consultations/urgent/{{urgent_id}}/{_step}")
    both(*_urls, "session_lead", _URGENT, _said, version=its_version)
for _url, _body in (
    ("/api/v1/tasks/{sample_task_id}/close", {"json": {"words": "Told."}}),
    ("/tasks/{sample_task_id}/close", {"data": {"words": "Told.", "back": "bench"}}),
):
    post(_url, "chemist", named("sample_task_id", sample_task), version=its_version, **_body)
for _prefix in ("/api/v1/alerts", "/alerts"):
    post(f"{_prefix}/runs", "chemist")
put("/api/v1/alerts/{alert_id}", "chemist", _DRAFT, json={**ALERT, "words": "Another."}, version=its_version)
post(
    "/alerts/{alert_id}/edit", "chemist", _DRAFT, version=its_version,
    data={**{name: said for name, said in ALERT.items() if name != "classes"}, "words": "Another.", "about": "opioid.nitazene"},
)  # fmt: skip
post(
    "/api/v1/alerts", "chemist",
    json=lambda stage, _: {"tier": "T1", "session_id": stage.road.session_id, "words": "A test.", "forms": ["tablet"]},
)  # fmt: skip
post(
    "/alerts", "chemist",
    data=lambda stage, _: {
        "tier": "T1", "reach": "session", "session_id": stage.road.session_id, "words": "A test.", "about": "mdma",
        "hours": "12", "forms": "tablet", "logos": "heart; star",
    },
)  # fmt: skip
post(f"{SAMPLES}/adjustments", "health_worker", told_sample, json=SNIPPET)
delete(f"{SAMPLES}/adjustments/{{adjustment_id}}", "health_worker", _adjusted)
post(f"{_CONSULTED}/adjust", "health_worker", told_sample, data={**SNIPPET, "reason": ""})
post(
    f"{_CONSULTED}/adjust/undo", "health_worker", _adjusted,
    data=lambda stage, made: {"adjustment": made["adjustment_id"]},
)  # fmt: skip
post(
    "/api/v1/urgent-messages", "health_worker",
    json=lambda stage, _: {"session_id": stage.road.session_id, **URGENT},
)  # fmt: skip
post(
    "/consultations/urgent", "health_worker",
    data=lambda stage, _: {"session_id": stage.road.session_id, "reach": "session", "hours": "12", **URGENT},
)  # fmt: skip

# -- research projects -------------------------------------------------------------------------------------------

YEAR = datetime.now(UTC).year
PROJECT: dict[str, Any] = {
    "title": "What is in tablets", "purpose": "Which adulterants come together.", "columns": ["verdict"],
    "first_month": "2026-01", "last_month": "2026-12", "starts_on": f"{YEAR}-01-01", "ends_on": f"{YEAR + 1}-12-31",
}  # fmt: skip


def project(stage: Stage, *steps: str) -> str:
    """A draft of a research project, taken through `steps` ("propose", "approve")."""
    key = ok(stage.client("researcher").post("/api/v1/projects", json=of_project()(stage)))["id"]
    for step in steps:
        role, url = "researcher" if step == "propose" else "session_lead", f"/api/v1/projects/{key}"
        ok(stage.client(role).post(f"{url}/{step}", headers=stage.version(role, url)))
    return str(key)


def of_project(**more: str) -> Callable[..., dict[str, Any]]:
    """What is said of a project of the researcher of this agency."""
    return lambda stage, _=None: {**PROJECT, "researcher_id": stage.actor("researcher"), **more}


_PROJECT = "/projects/{project_id}"
both("/api/v1/projects", "/projects", "researcher", lambda stage: {}, of_project())
put(f"/api/v1{_PROJECT}", "researcher", project, json=of_project(title="Tablets"), version=1)
post(_PROJECT, "researcher", project, data=of_project(title="Tablets"), version=1)


def _running(stage: Stage) -> dict[str, str]:
    return {"project_id": project(stage, "propose", "approve"), "step": "withdraw"}


_ENDS = {"reason": "The agreement ended."}
both(f"/api/v1{_PROJECT}/{{step}}", f"{_PROJECT}/{{step}}", "session_lead", _running, _ENDS, version=3)
both(f"/api/v1{_PROJECT}/extracts", f"{_PROJECT}/extracts", "researcher", _running, version=3)
