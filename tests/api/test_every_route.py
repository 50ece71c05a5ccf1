"""What every route owes: a policy, the security headers, problems in one shape, and no hint of what is foreign (S1)."""

from __future__ import annotations

import re
import uuid
from functools import cache
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import RouteContext
from fastapi.testclient import TestClient

from app.intake.people import service as people
from app.main import create_app
from app.platform.kernel.actor import Role
from app.platform.security.policy import api_routes, check_policies, declared_policy, public
from app.platform.web.middleware import SECURITY_HEADERS
from app.settings import Settings
from tests.app.conftest import PASSWORD, World
from tests.support.budget import QUICK_OR_ALL, one_of_each_area, share
from tests.support.road import ok
from tests.support.small_files import small_photo
from tests.support.writes import WRITES, Call, Stage, alert, history_upload, project, tablet_of

PROBLEM = "application/problem+json"
MEMBERS = {"type", "title", "status", "detail", "instance", "request_id"}
STREAMS = {"/api/v1/events", "/api/v1/tickets/events"}
TRIAL = "/api/v1/readings/{reading_id}/subtraction/trial"
"""Wants a reference besides the reading."""
WHATEVER_THE_KEY = {"/sessions/{session_id}/samples", "/sessions/{session_id}/wall", "/samples/{sample_id}/ticket"}
"""The first leads back to the form, the second is an empty page until a token is sent, the third leads on to the sample where no ticket
was just given out."""
# Path parameters that name something of one agency.
OWNED = {
    "session_id",
    "sample_id",
    "analysis_id",
    "upload_id",
    "reading_id",
    "result_id",
    "person_id",
    "token_id",
    "incoming_id",
    "standard_id",
    "control_id",
    "curve_id",
    "instrument_id",
    "check_id",
    "task_id",
    "transfer_id",
    "mixture_id",
    "version_id",
    "alert_id",
    "sample_task_id",
    "urgent_id",
    "adjustment_id",
    "shown_id",
    "project_id",
    "drawing_id",
    "tablet_id",
    "history_upload_id",
    "history_import_id",
}
# And those that name nothing of an agency, each with a value of its kind.
SHARED = {
    "action": "verify",  # a word, as the next one
    "step": "approve",
    "act": "disable",
    "key": "x",  # libraries and their imports belong to the installation
    "import_id": str(uuid.uuid4()),
    "number": "1",  # a place in a list
    "message_id": "M-HEAT",  # a message of a version
    "joined_name": "staff.css",  # style sheets and scripts
    "public_id": str(uuid.uuid4()),  # what was published is for everybody
    "release_id": str(uuid.uuid4()),
}
BROWSER = {"Accept": "text/html"}


@cache
def routes_of(app: FastAPI) -> list[tuple[str, RouteContext]]:
    """Method and route of each; some hundred tests ask."""
    return [(method, route) for route in api_routes(app) for method in sorted(route.methods or ())]


def owned_parameters(url: str) -> set[str]:
    return {name for name in OWNED if f"{{{name}}}" in url}


def filled(url: str) -> str:
    return url.format_map({name: str(uuid.uuid4()) for name in OWNED} | SHARED)


def assert_headers(response: Any, where: str) -> None:
    missing = {n: v for n, v in SECURITY_HEADERS.items() if response.headers.get(n) != v}
    assert not missing, f"{where} ({response.status_code}) lacks {missing}"
    assert response.headers["X-Request-Id"], where
    assert response.headers["Strict-Transport-Security"], where


def assert_problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == PROBLEM
    body: dict[str, Any] = response.json()
    assert MEMBERS - body.keys() == set(), body
    assert body["status"] == status
    assert body["type"].startswith("urn:mast:problem:")
    assert body["detail"].strip().endswith((".", "?", "!")), body["detail"]
    assert body["request_id"] == response.headers["X-Request-Id"]
    assert_headers(response, body["instance"])
    return body


def test_every_path_parameter_is_known_to_be_owned_or_shared(world: World) -> None:
    """A new one is asked for below with someone else's objects, unless it is said here that nobody owns them."""
    urls = " ".join(str(route.path) for _, route in routes_of(world.app))
    assert set(re.findall(r"{(\w+)}", urls)) == OWNED | SHARED.keys()


def test_every_route_declares_its_policy(settings: Settings) -> None:
    routes = routes_of(create_app(settings))
    assert len(routes) > 60, "the walk must see the routes inside the routers"
    assert [(m, r.path) for m, r in routes if declared_policy(r) is None] == []


def test_the_server_does_not_start_with_a_route_without_a_policy() -> None:
    app, inner, outer = FastAPI(openapi_url=None, docs_url=None, redoc_url=None), APIRouter(), APIRouter()

    @inner.get("/forgotten")
    def forgotten() -> str:
        return "anybody may read this"

    outer.include_router(inner, prefix="/inner")
    app.include_router(outer)
    with pytest.raises(RuntimeError, match=r"without a policy: \['GET'\] /inner/forgotten"):
        check_policies(app)


def test_the_server_does_not_start_with_a_mounted_application_or_a_plain_route() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.mount("/other", FastAPI())
    with pytest.raises(RuntimeError, match="Mount /other"):
        check_policies(app)
    with pytest.raises(RuntimeError, match="Route /docs"):
        check_policies(FastAPI())


def test_nobody_gets_past_a_policy_without_signing_in(world: World) -> None:
    nobody = world.anonymous()
    for method, route in routes_of(world.app):
        if str(declared_policy(route)).startswith("public"):
            continue
        response = nobody.request(method, filled(str(route.path)))
        assert_problem(response, 401)


def test_a_browser_that_is_not_signed_in_is_led_to_the_form_and_back(world: World) -> None:
    response = world.anonymous().get("/sessions?x=1&y=a b", headers=BROWSER)
    assert response.status_code == 303
    assert response.headers["Location"] == "/sign-in?next=/sessions%3Fx%3D1%26y%3Da%2520b"


@pytest.mark.parametrize("role", list(Role))
def test_a_role_outside_the_policy_is_refused_everywhere(world: World, role: Role) -> None:
    """Each route by every third of the roles that it is not for; in the long run by all of them."""
    client, refused = world.as_(role), 0
    for at, (method, route) in enumerate(routes_of(world.app)):
        policy = str(declared_policy(route))
        if not policy.startswith("roles:"):
            continue
        outside = [one for one in Role if one.value not in policy.removeprefix("roles: ").split(", ")]
        if outside and role in share(outside, at % len(outside), 3):
            assert_problem(client.request(method, filled(str(route.path))), 403)
            refused += 1
    assert refused > 5


def test_the_token_of_an_instruments_computer_opens_three_doors_and_no_other(world: World) -> None:
    actor = world.actors[Role.INSTRUMENT]
    with world.runtime.db.begin(actor) as uow:
        _, secret = people.issue_token(uow, "FTIR", [], 30, world.runtime.pepper, person_id=actor.person_id)
    computer = world.anonymous()
    computer.headers["Authorization"] = f"Bearer {secret}"
    statuses = {}
    for method, route in routes_of(world.app):
        if str(declared_policy(route)).startswith("roles:"):
            statuses[method, str(route.path)] = computer.request(method, filled(str(route.path))).status_code
    assert len(statuses) > 60
    assert {door: status for door, status in statuses.items() if status != 403} == {
        ("GET", "/api/v1/me"): 200, ("POST", "/api/v1/incoming"): 422,
    }, "the second lacks nothing but a file"  # fmt: skip
    assert computer.get("/api/v1/incoming?arrival=nothing").json()["rows"] == [], "the third, which takes a key"
    for page in ("/", "/t", "/about"):
        assert computer.get(page).status_code in (200, 303), "what anybody may see"
    assert 'href="/bench"' not in computer.get("/about").text


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [
        ("GET", "/", 303),
        ("GET", "/t", 200),
        ("GET", "/sign-in", 200),
        ("GET", "/about", 200),
        ("GET", "/health", 200),
        ("GET", "/static/common/base.css", 200),
        ("GET", "/static/mast.svg", 200),
        ("GET", "/static/nothing.css", 404),
        ("GET", "/static/../settings.py", 404),
        ("GET", "/nothing", 404),
        ("PUT", "/health", 405),
        ("GET", "/api/v1/me", 401),
        ("GET", "/api/v1/openapi.json", 200),
        ("POST", "/api/v1/tickets/view", 422),
        ("POST", "/sign-in", 401),
    ],
)
def test_every_answer_carries_the_security_headers(world: World, method: str, url: str, status: int) -> None:
    for headers in ({}, BROWSER):
        response = world.anonymous().request(method, url, headers=headers)
        assert response.status_code == status
        assert_headers(response, url)


def test_an_error_nobody_expected_is_a_500_with_headers_and_without_its_words(settings: Settings) -> None:
    app = create_app(settings)

    @app.get("/broken", dependencies=[public("a test")])
    def broken() -> None:
        raise RuntimeError("the secret words of this error")

    client = TestClient(app, base_url="https://testserver", raise_server_exceptions=False)
    response = client.get("/broken")
    body = assert_problem(response, 500)
    assert "secret" not in response.text
    assert "Nothing you saved before is lost" in body["detail"]
    page = client.get("/broken", headers=BROWSER)
    assert page.status_code == 500
    assert_headers(page, "/broken")
    assert "secret" not in page.text
    assert page.headers["X-Request-Id"] in page.text, "the page names the number to tell the operator"


def test_problems_have_one_shape(stage: Stage) -> None:
    chemist, lead = stage.client("chemist"), stage.client("session_lead")
    sample = stage.road.register()
    result, _ = stage.road.draft(sample, [stage.road.analysis(sample)])
    findings = f"/api/v1/results/{result}/findings"
    assert_problem(stage.client("nobody").get("/api/v1/me"), 401)
    assert_problem(chemist.get("/api/v1/people"), 403)
    assert_problem(chemist.get(f"/api/v1/samples/{uuid.uuid4()}"), 404)
    assert_problem(chemist.get("/api/v1/nothing"), 404)
    assert_problem(chemist.delete("/api/v1/me"), 405)
    assert_problem(chemist.put(findings, json={}), 428)
    assert_problem(chemist.put(findings, json={}, headers={"If-Match": '"99"'}), 412)
    assert_problem(chemist.put(findings, json={}, headers={"If-Match": "*"}), 422)
    assert_problem(chemist.get("/api/v1/samples/not-a-key"), 422)
    assert_problem(lead.post("/api/v1/sessions", json={"name": "x"}), 422)
    assert_problem(lead.post("/api/v1/sessions", content=b"{", headers={"Content-Type": "application/json"}), 422)
    assert_problem(lead.post("/api/v1/sessions", content=b"\xff", headers={"Content-Type": "application/json"}), 400)
    refused = lead.post(f"/api/v1/results/{result}/release", json={}, headers={"If-Match": '"2"'})
    assert assert_problem(refused, 409)["reasons"]
    assert_problem(chemist.post("/api/v1/tokens", json={"label": "x" * 2_000_000}), 413)


def test_a_body_that_does_not_say_how_long_it_is_is_stopped_at_the_limit(world: World) -> None:
    def endless() -> Any:
        for _ in range(40):
            yield b"x" * 65536

    for url, kind in (("/api/v1/tokens", "application/json"), ("/people", "application/x-www-form-urlencoded")):
        response = world.as_(Role.ADMIN).post(url, content=endless(), headers={"Content-Type": kind})
        assert_problem(response, 413)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "https://testserver.elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "https://testserver:8443"},
    ],
)
def test_a_change_from_another_site_is_refused_everywhere(world: World, headers: dict[str, str]) -> None:
    client = world.as_(Role.SESSION_LEAD)
    unsafe = [(m, r) for m, r in routes_of(world.app) if m not in ("GET", "HEAD", "OPTIONS")]
    for method, route in unsafe:
        body = assert_problem(client.request(method, filled(str(route.path)), headers=headers), 403)
        assert body["type"] == "urn:mast:problem:cross_site"


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "https://testserver"}, {}])
def test_a_change_from_our_own_pages_or_from_a_program_passes(world: World, headers: dict[str, str]) -> None:
    response = world.as_(Role.CHEMIST).post(
        "/api/v1/tokens", json={"label": "balance", "password": PASSWORD}, headers=headers
    )
    assert response.status_code == 201


def foreign_objects(stage: Stage) -> dict[str, str]:
    """One of everything that belongs to the other agency."""
    sample, analysis, upload = stage.read_file()
    reading = ok(stage.client("chemist").get(f"/api/v1/uploads/{upload}/readings"))[0]["id"]
    result, etag = stage.road.draft(sample, [analysis])
    token = stage.road.post("admin", "/api/v1/tokens", {"label": "theirs", "password": PASSWORD})["id"]
    person = ok(stage.client("admin").get("/api/v1/people"))[0]["id"]
    etag = stage.road.finish(result, etag)
    stage.client("health_worker").get(f"/consultations/samples/{sample}")  # a line of the display log
    photo = {"photo": ("a.png", small_photo())}
    ok(stage.client("reception").post(f"/samples/{sample}/photo", files=photo), 303)
    project_id, drawing_id = extracted(stage)
    sent = history_upload(stage, imported=True)
    return {
        "session_id": stage.road.session_id,
        "sample_id": sample,
        "shown_id": ok(stage.client("health_worker").get(f"/api/v1/samples/{sample}/shown"))[0]["id"],
        "alert_id": alert(stage)["id"],
        "analysis_id": analysis,
        "upload_id": upload,
        "reading_id": reading,
        "result_id": result,
        "person_id": person,
        "token_id": token,
        "incoming_id": stage.incoming()[0],
        "standard_id": stage.standard(),
        "control_id": stage.control(),
        "curve_id": stage.curve(),
        "instrument_id": stage.machine(),
        "check_id": stage.check(),
        "version_id": stage.pack()["id"],
        "message_id": "M-HEAT",
        "project_id": project_id,
        "drawing_id": drawing_id,
        "tablet_id": tablet_of(stage),
        "history_upload_id": sent,
        "history_import_id": ok(stage.client("admin").get("/api/v1/history/imports"))[0]["id"],
        "number": "1",
    }


def extracted(stage: Stage) -> tuple[str, str]:
    """A running research project with one extract, and the drawing of it."""
    key = project(stage, "propose", "approve")
    drawing = ok(stage.client("researcher").post(f"/api/v1/projects/{key}/extracts"))["id"]
    stage.world.runtime.jobs.run_until_idle()
    return key, drawing


def seen(response: Any, ids: dict[str, str]) -> tuple[int, str]:
    """Status and body, without what names the request itself, or the newest event: a job may finish between two requests."""
    text = response.text.replace(response.headers["X-Request-Id"], "REQUEST")
    text = re.sub(r"last_event_id=\d+", "last_event_id=NEWEST", text)
    for name, value in ids.items():
        text = text.replace(value, name.upper())
    return response.status_code, text


def asks_for(url: str) -> dict[str, str]:
    """A page is asked for by a browser; nothing of the API answers with one."""
    return {} if url.startswith("/api/") else BROWSER


def roles_for(app: FastAPI, method: str, url: str) -> list[str]:
    """Every role the route is for; "nobody" where it asks for none."""
    route = next(route for verb, route in routes_of(app) if (verb, str(route.path)) == (method, url))
    policy = str(declared_policy(route))
    return ["nobody"] if policy.startswith("public: ") else policy.removeprefix("roles: ").split(", ")


@QUICK_OR_ALL
def test_reading_something_foreign_answers_like_something_absent(world: World, thorough: bool) -> None:
    """As one of the roles that a route is for, or as each of them."""
    theirs, stage = foreign_objects(Stage(world, "other")), Stage(world)
    ours = foreign_objects(stage)
    starter = next(one for one in world.runtime.registry.infrared() if one.starter)
    asked = {
        TRIAL: {"library": starter.key, "entry": starter.infrared.ids[0]},
        "/api/v1/message-packs/{version_id}/file": {"path": "pack.yaml"},
        "/api/v1/message-packs/{version_id}/compare": {"with": str(world.runtime.packs.shipped_id)},
        "/messages/{version_id}/file": {"path": "pack.yaml"},
        "/messages/{version_id}/message": {"path": "messages/en/M-HEAT.md"},
        "/messages/{version_id}/rule": {"id": "R-HEROIN"},
    }
    compared = 0
    for method, route in routes_of(world.app):
        url = str(route.path)
        if method != "GET" or not owned_parameters(url) or url in STREAMS:
            continue
        roles = roles_for(world.app, method, url)
        for role in roles if thorough else [roles[compared % len(roles)]]:
            client = stage.client(role)
            absent = {name: str(uuid.uuid4()) for name in OWNED} | {"message_id": "M-HEAT", "number": "1"}
            if url not in WHATEVER_THE_KEY:
                own = client.get(url.format_map(ours), params=asked.get(url))
                assert own.status_code in (200, 303), f"{url} of our own"
                assert client.get(url.format_map(absent), params=asked.get(url)).status_code == 404, f"{url} of nothing"
            foreign = client.get(url.format_map(theirs), headers=asks_for(url), params=asked.get(url))
            nothing = client.get(url.format_map(absent), headers=asks_for(url), params=asked.get(url))
            assert seen(foreign, theirs) == seen(nothing, absent), f"{url} as {role}"
        compared += 1
    assert compared > 25


@pytest.mark.parametrize(("method", "url"), one_of_each_area(w for w in WRITES if owned_parameters(w[1])))
def test_changing_something_foreign_answers_like_something_absent(world: World, method: str, url: str) -> None:
    stage, other = Stage(world), Stage(world, "other")
    ours: Call = WRITES[method, url](stage)
    theirs: Call = WRITES[method, url](other)
    owned = {name: theirs.path[name] for name in owned_parameters(url)}
    absent = {name: str(uuid.uuid4()) for name in owned}
    more = {**ours.more, **({"json": theirs.more["json"]} if "json" in theirs.more else {})}
    sent = {**more, "headers": {**more.get("headers", {}), **asks_for(url)}}
    for role in roles_for(world.app, method, url):
        foreign = stage.client(role).request(method, ours.at(**owned), **sent)
        nothing = stage.client(role).request(method, ours.at(**absent), **sent)
        assert foreign.status_code == 404, f"as {role}: {foreign.text}"
        assert seen(foreign, owned) == seen(nothing, absent), f"as {role}"
    done = other.client(theirs.role).request(method, theirs.at(), **theirs.more)
    assert done.status_code < 400, "theirs is unharmed: its own people can still do it"


def test_pages_and_static_files_are_compressed_and_live_events_are_not(world: World) -> None:
    client = world.as_(Role.SESSION_LEAD)
    for url in ("/sessions", "/static/common/base.css", "/api/v1/openapi.json"):
        response = client.get(url, headers={"Accept-Encoding": "gzip"})
        assert response.headers["Content-Encoding"] == "gzip", url
        assert "Accept-Encoding" in response.headers["Vary"]
    assert (
        "Content-Encoding" not in client.get("/static/common/base.css", headers={"Accept-Encoding": "identity"}).headers
    )
