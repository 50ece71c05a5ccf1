"""H2: every field of free text asks about what points to a person; the fields are found by walking, never by a list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlmodel import col, select

from app.main import create_app
from app.platform.audit import AuditEntry
from app.platform.kernel.actor import Role
from app.platform.kernel.personal_data import PersonalKind
from app.platform.security.policy import api_routes
from app.platform.web.fields import CHECKED, EACH, FreeField, free_fields
from app.settings import Settings
from tests.app.conftest import World
from tests.support import logs, traces
from tests.support.staged import either_database
from tests.support.writes import WRITE_NOTHING, WRITES, Call, Stage

database = either_database  # the log is written on both

SCREENS = Path(__file__).resolve().parents[2] / "app" / "screens"
WORD = "Jubilee-Marrow-77"
MARK = traces.spellings(WORD)
ABOUT = f"{WORD}: from my mate Dave."
"""Something that fires, with a word that must be found nowhere."""
# Text that is no prose: what a thing is called, a key, a code, what a file says of itself. Name → what it is.
NAMED = {
    "batch": "of a run", "classes": "register", "code": "ticket", "entry": "key", "expected": "register",
    "findings.substance": "register", "findings.substance_class": "register", "first": "compound", "second": "compound",
    "first_month": "month", "last_month": "month", "form": "salt", "standard_form": "salt", "wanted_form": "salt",
    "hints.delimiter": "of a file", "hints.format": "of a file", "hints.x_unit": "of a file", "hints.y_unit": "of a file",
    "instrument": "machine", "internal_standard": "compound", "library": "key", "lot": "of a material",
    "material": "of the list", "name": "of a machine, a library or a standard", "serial": "of a machine",
    "snippet": "of the pack", "strip_brand": "make", "strip_dilution": "ratio", "strip_lot": "of a material",
    "strip_target": "class", "substance": "register", "substances": "register", "supplier": "firm",
    "target": "of the pack", "display_name": "a colleague’s own", "username": "a colleague’s own", "password": "secret",
    "passkey": "of the browser", "identity": "a colleague’s own", "logout_token": "of the provider",
    "new": "secret", "again": "secret", "link": "secret", "token": "secret",
    "licence": "of a library", "source": "publisher of a library", "path": "of a file of the pack", "q": "search",
    "word": "search", "what": "search", "session": "key", "inchikey": "compound", "minutes": "number", "map": "a file",
    # fields of forms that choose, count or date
    "about": "chosen", "adjustment": "key", "also": "read in memory only", "amount_high": "number", "amount_low": "number",
    "amount_value": "number", "back": "chosen", "balance_u_mg": "number", "certificate_due": "day", "colours": "chosen",
    "columns": "chosen", "coverage_k": "number", "decimal": "chosen", "delimiter": "chosen", "dependent_adult": "chosen",
    "digest": "hash", "effective_from": "day", "effective_to": "day", "ends_on": "day", "expires_on": "day",
    "factor": "number", "first_carbon": "number", "first_mg": "number", "forms": "chosen", "hours": "chosen",
    "idempotency_key": "key", "incoming": "key", "instrument_id": "key", "keep_words": "chosen", "kind": "chosen",
    "measured_on": "day", "method": "chosen", "naloxone": "chosen", "next": "address", "nothing_found": "chosen",
    "peak": "number", "pictogram": "chosen", "purity": "number", "qc_failed": "chosen", "reach": "chosen",
    "read": "chosen", "read_by_hand": "chosen", "reading": "key", "ready": "chosen", "researcher_id": "key",
    "retention_index": "number", "retention_min": "number", "review_by": "day", "sample": "key", "sample_id": "key",
    "second_mg": "number", "session_id": "key", "shift": "number", "standard_id": "key", "starts_on": "day",
    "strip_cut_off_ng_ml": "number", "strip_reading": "chosen", "task": "key", "task_version": "number", "tier": "chosen",
    "accept_open": "chosen", "dismissals.key": "of what a reading names", "key": "of what a reading names",
    "time_unit": "chosen", "undo": "chosen", "was": "hash", "withdrawn": "chosen", "x_axis": "chosen", "y_axis": "chosen",
    "y_unit": "chosen", "begin_again": "chosen", "clash": "chosen", "take": "chosen", "yours": "findings that were asked about when they were typed",
    "test": "chosen", "blank": "letter", "control": "letter", "cell": "letter", "concentration": "number",
    "response": "number", "standard": "number", "valid_until": "day", "supersedes": "key", "through_zero": "chosen",
    "purity_u": "number", "curve": "key", "analysis": "key", "mass_mg": "number", "mass_u_mg": "number",
    "volume_ml": "number", "volume_u_ml": "number", "dilution": "number", "unit_mg": "number",
    "bag": "key", "row": "key", "mg": "number", "to": "chosen", "witness_id": "key", "unanalysed": "chosen",
    "seen": "keys", "instead": "key", "question": "of the words of the figures",
    "area": "chosen", "reply": "chosen", "answer": "of the browser",
}  # fmt: skip
# A name that is free text elsewhere, and chosen from a list or named there.
ELSEWHERE = {
    ("/bench/samples/{sample_id}/named/dismiss", "reason"): "chosen",
    ("/consultations/samples/{sample_id}/adjust", "reason"): "chosen",
    ("/bench/incoming/{incoming_id}/set-aside", "reason"): "chosen",
    ("/bench/incoming/assign-matched", "file"): "key",
    ("/sessions/{session_id}/close", "reason"): "chosen",
    ("/quantification/curves", "substance_words"): "compound",
    ("/standards", "substance_words"): "compound",
    ("/standards/files", "substance_words"): "compound",
    ("/bench/samples/{sample_id}/use-sample", "compound"): "compound",
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    folder = tmp_path_factory.mktemp("free")
    return create_app(
        Settings(data_dir=folder, database_url=f"sqlite:///{folder}/a.sqlite3", secret="x" * 40, workers=0)
    )


def routes(app: FastAPI) -> Iterator[tuple[str, APIRoute]]:
    for context in api_routes(app):
        route = context.original_route
        assert isinstance(route, APIRoute)
        for method in sorted(route.methods - {"GET", "HEAD"}):
            yield method, route


def strings(doc: dict[str, Any], schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[str]:
    """Names of all plain strings of a schema: no choice, no key, no time, no pattern."""
    if "$ref" in schema:
        schema = doc["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    for inner in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from strings(doc, inner, path)
    if schema.get("type") == "string" and not {"enum", "format", "pattern", "const"} & set(schema):
        yield ".".join(path)
    yield from strings(doc, schema["items"], path) if schema.get("type") == "array" else ()
    if isinstance(schema.get("additionalProperties"), dict):
        yield from strings(doc, schema["additionalProperties"], path)
    for name, inner in schema.get("properties", {}).items():
        yield from strings(doc, inner, (*path, name))


def texts(kind: Any, name: str) -> Iterator[str]:
    """Names of the parameters of a form that hold text."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for inner, info in kind.model_fields.items():
            yield from texts(info.annotation, inner)
    elif kind is str:
        yield name
    elif get_origin(kind) is not Literal:
        for inner_kind in get_args(kind):
            yield from texts(inner_kind, name)


def test_every_text_of_the_api_is_free_text_or_named_here(app: FastAPI) -> None:
    doc = app.openapi()
    by_url = {(method, route.path): route for method, route in routes(app)}
    seen, forgotten = 0, []
    for url, item in doc["paths"].items():
        for method, operation in item.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is None:
                continue
            free = {one.name for one in free_fields(by_url[method.upper(), url])}
            for name in strings(doc, content["schema"]):
                seen += 1
                forgotten += [f"{method} {url} {name}"] if name not in free and name not in NAMED else []
    assert seen > 80
    assert forgotten == [], "mark it as Note… or Told… (app.platform.web.fields), or say here what it is"


def test_every_text_of_a_form_is_free_text_or_named_here(app: FastAPI) -> None:
    seen, forgotten = 0, []
    for method, route in routes(app):
        if route.include_in_schema or (method, route.path) in WRITE_NOTHING:
            continue
        free = {one.name for one in free_fields(route)}
        pending = [route.dependant]
        while pending:
            one = pending.pop()
            pending += one.dependencies
            for param in one.body_params:
                for name in texts(param.field_info.annotation, param.alias):
                    seen += 1
                    known = name in free or name in NAMED or (route.path, name) in ELSEWHERE
                    forgotten += [] if known else [f"{method} {route.path} {name}"]
    assert seen > 100
    assert forgotten == []


CELLS = {
    "consultation/also.html", "worksheet/worksheet.html", "quantification/new.html", "quantification/amounts.html",
    "hand_over/hand_over.html", "bench/_view.html",
}  # fmt: skip
"""Pages that write fields by hand: the self-report, and tables of letters and numbers."""
FIELD = re.compile(r'forms\.(text|textarea|combobox)\("(\w+)"([^}]*)')


def test_every_text_field_of_the_pages_is_free_text_or_named_here(app: FastAPI) -> None:
    """What someone can type into: by the macros, and no page writes one by hand but that of the self-report."""
    by_name = app.state.runtime.templates.environment.globals["free_text"]
    seen, forgotten = 0, []
    for path in sorted(SCREENS.rglob("*.html")):
        if path.name == "forms.html":
            continue
        text = path.read_text()
        for kind, said, rest in FIELD.findall(text):
            if ('type="' in rest and 'type="text"' not in rest) or '"readonly": true' in rest:
                continue
            named = re.search(r'free_name="(\w+)"', rest)
            name = said if kind != "combobox" else named.group(1) if named else f"{said}_words"
            seen += 1
            forgotten += [] if name in by_name or name in NAMED else [f"{path.name} {name}"]
        for tag in re.findall(r"<(?:input|textarea)[^>]*>", text):
            plain = re.search(r'type="(?:hidden|checkbox|radio|file|range|date|number)"', tag)
            assert plain or str(path.relative_to(SCREENS)) in CELLS, f"{path.name}: {tag}"
    assert seen > 60
    assert forgotten == []


def test_every_route_with_text_for_staff_says_how_to_go_on(app: FastAPI) -> None:
    doc = app.openapi()
    found = 0
    for method, route in routes(app):
        if not route.include_in_schema or all(one.free.outside for one in free_fields(route)):
            continue
        body = doc["paths"][route.path][method.lower()]["requestBody"]["content"]["application/json"]["schema"]
        named = doc["components"]["schemas"][body["$ref"].rsplit("/", 1)[-1]]["properties"]
        assert named[CHECKED]["type"] == "boolean", route.path
        found += 1
    assert found > 25


def filled(body: dict[str, Any], one: FreeField, text: str) -> dict[str, Any]:
    """The body with this text in that field."""

    def put(value: Any, path: tuple[str, ...]) -> Any:
        if not path:
            return text
        here, *rest = path
        if here == EACH:
            if isinstance(value, dict):
                return {**value, "added.md": put(None, tuple(rest))}
            return [put(value[0] if isinstance(value, list) and value else {}, tuple(rest))]
        value = value if isinstance(value, dict) else {}
        return {**value, here: put(value.get(here), tuple(rest))}

    return dict(put(body, one.path))


def sendable(app: FastAPI) -> list[tuple[str, str]]:
    return [(method, route.path) for method, route in routes(app) if free_fields(route)]


def test_every_field_asks_or_refuses_before_anything_is_kept(world: World, app: FastAPI, tmp_path: Path) -> None:
    """Over every route that has free text, in every such field of it: the answer, the log by kind, and nothing kept."""
    by_url = {(method, route.path): route for method, route in routes(app)}
    stage, tried, asked = Stage(world), 0, set()
    with logs.captured() as logged:
        for key in sendable(app):
            call: Call = WRITES[key](stage)
            form = "json" not in call.more
            client = stage.client(call.role)
            for one in free_fields(by_url[key]):
                if form and one.name not in FORM_FIELDS.get(key[1], {one.name}):
                    continue  # a dependency that several forms share: this one has no such field
                more = {**call.more}
                body = dict(more.pop("data" if form else "json", {}))
                short = text_for(one)
                sent = {**body, one.name: short} if form else filled(body, one, short)
                before = world_log(world)
                answer = client.request(key[0], call.at(), **more, **({"data": sent} if form else {"json": sent}))
                where = f"{key} {one.name}"
                assert answer.status_code == 422, f"{where}: {answer.text}"
                problem = answer.json()
                assert problem["type"] == "urn:mast:problem:personal_data", f"{where}: {problem}"
                kinds = ["tent"] if PersonalKind.NAME in one.free.but else ["name"]
                assert problem["kinds"] == kinds, where
                assert one.name in problem["fields"], where
                assert MARK.search(answer.text) is None, "what was typed is not said again"
                [entry] = world_log(world)[len(before) :]
                assert entry.after == {
                    "answer": "refused" if one.free.outside else "asked",
                    "kinds": {one.name: kinds},
                }
                assert (entry.verb, entry.object_id) == ("nudge", key[1])
                assert (CHECKED in problem["hint"]) is not one.free.outside, where
                if one.free.outside:
                    still = {**sent, CHECKED: "true" if form else True}
                    again = client.request(key[0], call.at(), **more, **({"data": still} if form else {"json": still}))
                    assert again.status_code == 422, f"{where}: text others read is never kept"
                asked.add(one.name)
                tried += 1
        text = logged()
    assert tried > 60
    assert {"staff_note", "why", "reason", "words", "told_words", "place", "purpose", "observation"} <= asked
    assert "audit_entry" in text, "the log was really captured"
    assert MARK.search(text) is None
    for where, content in (*traces.in_files(tmp_path), *traces.in_rows(world.runtime.db)):
        assert MARK.search(content) is None, where


FORM_FIELDS: dict[str, set[str]] = {
    "/samples/{sample_id}/ticket": set(),
    "/samples/{sample_id}/custody": {"place"},
}


def text_for(one: FreeField) -> str:
    """Something that fires and fits into the shortest field."""
    if PersonalKind.NAME in one.free.but:
        return f"{WORD}: tent 14"
    return "my mate Dave" if one.name == "group_ref" else ABOUT


def world_log(world: World) -> list[AuditEntry]:
    with world.runtime.db.read() as session:
        return list(session.exec(select(AuditEntry).where(AuditEntry.verb == "nudge").order_by(col(AuditEntry.seq))))


@pytest.mark.parametrize("how", ["json", "data"])
def test_text_for_staff_goes_through_once_it_was_looked_at(world: World, how: Literal["json", "data"]) -> None:
    stage = Stage(world)
    url = "/api/v1/urgent-messages" if how == "json" else "/consultations/urgent"
    body: dict[str, Any] = {
        "session_id": stage.road.session_id, "snippet": "SN-URGENT-ILL", "hours": 12, "why": "by tent 14",
    }  # fmt: skip
    client = stage.client("health_worker")
    first = client.post(url, **{how: body})
    assert first.status_code == 422
    assert first.json()["kinds"] == ["tent"]
    yes: Any = True if how == "json" else "true"
    kept = client.post(url, **{how: {**body, CHECKED: yes}})
    assert kept.status_code in (201, 303), kept.text
    assert [e.after["answer"] for e in world_log(world) if e.after] == ["asked", "kept"]
    for wrong in ("false", "yes", 1, None) if how == "json" else ("false", "yes"):
        assert client.post(url, **{how: {**body, CHECKED: wrong}}).status_code == 422, wrong
    harmless = {**body, "why": "MDMA 150 mg, peak at 4.2 min"}
    assert client.post(url, **{how: harmless}).status_code in (201, 303), "nothing fires, nothing changes"


def test_a_browser_without_scripts_gets_its_form_back_with_two_buttons(world: World) -> None:
    stage = Stage(world)
    client, url = stage.client("health_worker"), "/consultations/urgent"
    body = {"session_id": stage.road.session_id, "snippet": "SN-URGENT-ILL", "reach": "session", "hours": "12",
            "idempotency_key": "k1", "why": "Ask my mate Dave <b>, tent 14"}  # fmt: skip
    page = client.post(url, data=body, headers={"Accept": "text/html"})
    assert page.status_code == 422
    assert "This looks like a name and a tent or pitch" in page.text
    forms = re.findall(r'<form[^>]*action="/consultations/urgent".*?</form>', page.text, re.DOTALL)
    assert len(forms) == 2

    def fields(form: str) -> dict[str, str]:
        import html

        found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
        found |= dict(re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>([^<]*)</textarea>', form))
        return {name: html.unescape(value) for name, value in found.items()}

    leave, keep = map(fields, forms)
    assert leave == {**{k: v for k, v in body.items() if k != "why"}, "why": "Ask my mate <b>",
                     "personal_data_left_out": "name,tent"}  # fmt: skip
    assert keep == {**body, CHECKED: "true"}
    assert client.post(url, data=leave).status_code == 303
    [row] = client.get("/api/v1/urgent-messages").json()
    assert row["why"] == "Ask my mate <b>"
    answers = [(e.after["answer"], e.after["kinds"]) for e in world_log(world) if e.after]
    assert answers == [("asked", {"why": ["name", "tent"]}), ("left_out", {"": ["name", "tent"]})]


def test_text_that_others_read_has_no_second_button(world: World) -> None:
    stage = Stage(world)
    call = WRITES["POST", "/alerts"](stage)
    body = {**call.more["data"], "tier": "T2", "told_words": "Ring her friend Sarah."}
    page = stage.client(call.role).post("/alerts", data=body, headers={"Accept": "text/html"})
    assert page.status_code == 422
    assert "People outside the service will read this text" in page.text
    assert "Keep it" not in page.text


def test_whoever_may_not_is_refused_by_the_policy_first(world: World) -> None:
    stage = Stage(world)
    sample = stage.road.register()
    body = {"kind": "received", "mg": 20, "place": "tent 14"}
    url = f"/api/v1/samples/{sample}/custody"
    assert stage.client("researcher").post(url, json=body).status_code == 403
    assert world.anonymous().post(url, json=body).status_code == 401
    assert world_log(world) == []


@pytest.mark.parametrize(
    ("role", "path", "name", "reach"),
    [
        (Role.SESSION_LEAD, "/sessions/{session_id}/reception", "staff_note", "staff"),
        (Role.SESSION_LEAD, "/sessions/{session_id}/reception", "expected_typed", "staff"),
        (Role.SESSION_LEAD, "/sessions/new", "name", "outside"),
        (Role.CHEMIST, "/alerts/new", "words", "staff"),
        (Role.CHEMIST, "/alerts/new", "told_words", "outside"),
        (Role.SESSION_LEAD, "/consultations/urgent", "why", "staff"),
        (Role.RESEARCHER, "/projects/new", "title", "outside"),
        (Role.CHEMIST, "/instruments", "name", None),
        (Role.ADMIN, "/libraries/import", "name", None),
    ],
)
def test_pages_say_who_reads_a_field(world: World, role: Role, path: str, name: str, reach: str | None) -> None:
    url = path.format(session_id=Stage(world).road.session_id)
    page = world.as_(role).get(url)
    assert page.status_code == 200, page.text
    [tag] = re.findall(rf'<(?:input|textarea)[^>]*name="{name}"[^>]*>', page.text)
    found = re.search(r'data-nudge="(\w+)"', tag)
    assert (found.group(1) if found else None) == reach
