"""One valid request for every route that writes. A route that is missing here fails tests/api: add it.

Each entry prepares what it needs over the API of a `Stage` and names who sends what; nothing is sent yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.platform.kernel.actor import Role
from tests.app.conftest import PASSWORD, World
from tests.support.road import CONSENTS, STRIP, Road, infrared_file, ok

OCTETS = {"Content-Type": "application/octet-stream"}
TIMES = {"opens_at": "2026-07-01T10:00:00Z", "closes_at": "2026-07-01T20:00:00Z"}
LOCAL_TIMES = {"opens_at": "2026-07-01T10:00", "closes_at": "2026-07-01T20:00"}
PLAN = {"service_type": "city_clinic", "licence_mode": "foh_general"}
NAMELESS = b"".join(b"%d\t%.3f\n" % (400 + 4 * k, (7 * k % 100) / 100) for k in range(800))  # which axis is this?
AMBIGUOUS = b"".join(b"%d,%02d\r\n" % (400 + k, 7 * k % 100) for k in range(90))  # a decimal comma, or two columns?
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

    def decide(self, file: str, version: str, act: str, body: dict[str, str]) -> str:
        """A decision about it; the new version."""
        headers = {"If-Match": f'"{version}"'}
        answer = self.client("chemist").post(f"/api/v1/incoming/{file}/{act}", json=body, headers=headers)
        return str(ok(answer)["version"])


Entry = Callable[[Stage], Call]
WRITES: dict[tuple[str, str], Entry] = {}
# Routes with an unsafe method that write nothing, and why they have it.
WRITE_NOTHING = {
    ("POST", "/t/forget"): "takes a cookie back",
    ("POST", "/consultations/samples/{sample_id}/with"): "shows what must not stand in an address",
}


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
on_sample("POST", "/api/v1/samples/{sample_id}/ticket", "reception")
on_sample("POST", "/api/v1/samples/{sample_id}/withdraw", "reception", json={})
on_sample("POST", "/api/v1/samples/{sample_id}/custody", "reception", json={"kind": "received", "mg": 20})
on_sample("POST", "/api/v1/samples/{sample_id}/uploads", "chemist", content=infrared_file(), headers=OCTETS)
on_sample("POST", "/samples/{sample_id}/ticket", "reception", data={})
on_sample("POST", "/samples/{sample_id}/withdraw", "reception", data={})
on_sample("POST", "/samples/{sample_id}/custody", "reception", data={"kind": "received", "mg": "20"})
on_sample("POST", "/bench/samples/{sample_id}/draft", "chemist", data={})
on_sample("POST", "/bench/samples/{sample_id}/nothing-found", "chemist", data={"nothing_found": "yes"})
on_sample("POST", "/bench/samples/{sample_id}/analyses", "chemist", data=STRIP)
on_sample("POST", "/bench/samples/{sample_id}/files", "chemist", files={"file": ("a.jdx", infrared_file())})


@write("POST", "/api/v1/people")
def _(stage: Stage) -> Call:
    body = {"username": "fresh.person", "display_name": "Fresh", "password": PASSWORD, "roles": ["chemist"]}
    return Call("admin", "/api/v1/people", more={"json": body})


@write("POST", "/people")
def _(stage: Stage) -> Call:
    form = {"username": "fresh.person", "display_name": "Fresh", "password": PASSWORD, "roles": ["chemist"]}
    return Call("admin", "/people", more={"data": form})


@write("POST", "/api/v1/people/{person_id}/disable")
def _(stage: Stage) -> Call:
    people = ok(stage.client("admin").get("/api/v1/people"))
    person = next(p["id"] for p in people if "researcher" in p["roles"])
    return Call("admin", "/api/v1/people/{person_id}/disable", {"person_id": person})


@write("POST", "/api/v1/tokens")
def _(stage: Stage) -> Call:
    return Call("chemist", "/api/v1/tokens", more={"json": {"label": "balance"}})


@write("DELETE", "/api/v1/tokens/{token_id}")
def _(stage: Stage) -> Call:
    token = stage.road.post("chemist", "/api/v1/tokens", {"label": "balance"})
    return Call("chemist", "/api/v1/tokens/{token_id}", {"token_id": token["id"]})


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
    return Call("session_lead", "/sessions/{session_id}/close", {"session_id": session}, {"data": {"version": "1"}})


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


@write("POST", "/bench/samples/{sample_id}/corrections")
def _(stage: Stage) -> Call:
    return _of_file(stage, "/bench/samples/{sample_id}/corrections", infrared_file(), "a.jdx", x_axis="raman")


@write("PUT", "/api/v1/results/{result_id}/findings")
def _(stage: Stage) -> Call:
    sample = stage.road.register()
    result, etag = stage.road.draft(sample, [stage.road.analysis(sample)])
    more = {"json": {"findings": [{"substance": "ketamine"}]}, "headers": {"If-Match": etag}}
    return Call("chemist", "/api/v1/results/{result_id}/findings", {"result_id": result}, more)


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


def on_incoming(act: str, **body: str) -> None:
    """A decision about a file: the same over the API and by the form. `sample_id` in `body` stands for a fresh sample."""

    def prepared(stage: Stage) -> tuple[str, str, dict[str, str]]:
        file, version = stage.incoming()
        if act == "restore":
            version = stage.decide(file, version, "set-aside", {"reason": "blank"})
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
on_incoming("take-back")
