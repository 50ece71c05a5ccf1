"""HTML forms and addresses are not in the API's description, so they are tried here: nothing typed makes a 5xx."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest

from app.platform.kernel.actor import Role
from app.platform.security.policy import api_routes, declared_policy
from tests.app.conftest import World
from tests.support.budget import QUICK_OR_ALL, share
from tests.support.keys import real_keys
from tests.support.staged import either_database
from tests.support.writes import WRITES, Stage

database = either_database  # both kinds matter here

NASTY = (
    "\x00",
    "9" * 30,
    "1e999",
    "²",
    "💊" * 30,
    "x" * 5000,
    "=1+1<script>alert(1)</script>{{7*7}}' OR 1=1 --",
    "\r\nSet-Cookie: a=b",
    "9999-12-31T23:59",
    "00000000-0000-0000-0000-000000000000",
)
RAW = (b"=", b"&&&", b"%", b"a=%ff%fe", b"a=%00", b"\xff\xfe=\xff", b"version=1" * 1000)
IN_A_PATH = ("%00", "..%2f..", "%ff", "a" * 3000, "-1", "9" * 40)
BODIES = tuple(product(RAW, ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x")))


def nasty(world: World, turn: int) -> Sequence[str]:
    """Two of the values, the others at the next turns: each value meets every fifth field, and in the long run all of them.
    PostgreSQL refuses more than SQLite (NUL, ranges), so SQLite gets every fourth value only, for time."""
    return NASTY[::4] if world.runtime.db.is_sqlite else share(NASTY, turn, 5)


FORMS = sorted(w for w in WRITES if not w[1].startswith("/api/"))


def wrong(response: Any) -> str:
    if response.status_code >= 500:
        return f"{response.status_code} {response.text[:300]}"
    if response.headers.get("Content-Type", "").startswith("text/html") and "<script>alert(1)" in response.text:
        return "what was typed is not escaped"
    return ""


@QUICK_OR_ALL
def test_no_form_field_makes_a_server_error(world: World, thorough: bool) -> None:
    """One field of every third form and one value, in turn, or every field of each."""
    tried, found = 0, []
    for form, (method, url) in enumerate(FORMS if thorough else FORMS[::3]):
        stage = Stage(world)
        call = WRITES[method, url](stage)
        if "data" not in call.more:
            continue
        client = stage.client(call.role)
        names = sorted({*call.more["data"], "idempotency_key", "version"})
        for turn, name in enumerate(names if thorough else [names[form % len(names)]]):
            for value in nasty(world, turn) if thorough else [NASTY[form % len(NASTY)]]:
                response = client.request(method, call.at(), data={**call.more["data"], name: value})
                if words := wrong(response):
                    found.append(f"{method} {url} {name}={value[:30]!r}: {words}")
                tried += 1
        for body, kind in share(BODIES, form, 4 if thorough else len(BODIES)):
            response = client.request(method, call.at(), content=body, headers={"Content-Type": kind})
            if words := wrong(response):
                found.append(f"{method} {url} {kind} {body[:20]!r}: {words}")
    assert tried > (500 if thorough else 30)
    assert found == [], "\n".join(found)


def query_names(route: Any) -> set[str]:
    pending, names = [route.dependant], set()
    while pending:
        one = pending.pop()
        names |= {field.alias for field in one.query_params}
        pending += one.dependencies
    return names


@QUICK_OR_ALL
def test_no_address_makes_a_server_error(world: World, thorough: bool) -> None:
    """One value in each part of an address, in turn, or each value."""
    stage = Stage(world)
    keys = real_keys(stage)
    tried, found = 0, []
    for route in api_routes(world.app):
        url, policy = str(route.path), str(declared_policy(route))
        if "GET" not in (route.methods or ()) or url.endswith("/events"):
            continue
        role = policy.removeprefix("roles: ").split(", ")[0] if policy.startswith("roles:") else "nobody"
        client = stage.client(role)
        address = url.format_map(keys)
        for turn, name in enumerate(sorted({*query_names(route), "unknown"})):
            for value in nasty(world, turn) if thorough else [NASTY[tried % len(NASTY)]]:
                if words := wrong(client.get(address, params={name: value})):
                    found.append(f"{url}?{name}={value[:30]!r}: {words}")
                tried += 1
        for value in IN_A_PATH if thorough else [IN_A_PATH[tried % len(IN_A_PATH)]]:
            for name in [n for n in keys if f"{{{n}}}" in url]:
                if words := wrong(client.get(url.format_map({**keys, name: value}))):
                    found.append(f"{url} {name}={value[:20]}: {words}")
    assert tried > (400 if thorough else 200)
    assert found == [], "\n".join(found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", "Bearer \x7f"),
        ("Authorization", "Bearer " + "x" * 5000),
        ("Authorization", "Basic ::::"),
        ("Authorization", "Bearer"),
        ("Cookie", "__Host-mast=\x7f; __Host-mast-ticket=" + "9" * 5000),
        ("Cookie", ";;;=;"),
        ("Idempotency-Key", "x" * 121),
        ("Idempotency-Key", "ÿ"),
        ("If-Match", "W/"),
        ("If-Match", '"²"'),
        ("Last-Event-ID", "9" * 40),
        ("Accept", "text/html;q=zzz, */*;;"),
        ("Content-Type", "text/plain; charset=nothing"),
        ("Content-Type", "multipart/form-data"),
        ("Host", "a b\\c"),
        ("X-Forwarded-For", "'"),
    ],
)
def test_no_header_makes_a_server_error(world: World, name: str, value: str) -> None:
    for client in (world.anonymous(), world.as_(Role.RECEPTION)):
        for method, url in (
            ("GET", "/"),
            ("GET", "/t"),
            ("GET", "/t/part"),
            ("GET", "/api/v1/me"),
            ("POST", "/api/v1/tokens"),
            ("POST", "/t"),
            ("POST", f"/api/v1/sessions/{uuid.uuid4()}/samples"),
        ):
            response = client.request(method, url, headers={name: value.encode("latin-1")}, content=b"{}")
            assert response.status_code < 500, f"{method} {url} {response.text[:300]}"


@pytest.mark.parametrize("kind", ["Multipart/Form-Data; boundary=x", "multipart/form-data; boundary=x"])
def test_a_form_may_name_its_type_in_capitals(world: World, kind: str) -> None:
    """The nudge read a form as JSON whose type it did not know, after the route had read it: a server error."""
    part = '--x\r\nContent-Disposition: form-data; name="told_words"\r\n\r\ncall 07700 900123\r\n--x--\r\n'
    answer = world.as_(Role.CHEMIST).post("/alerts", content=part.encode(), headers={"Content-Type": kind})
    assert (answer.status_code, "a phone number" in answer.text) == (422, True)
