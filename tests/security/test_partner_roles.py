"""Police and public health see cubes that were released, and nothing else: every route of the service, tried one by one.

A route that newly answers them fails here until it is added to the lists below, which say why it may.
"""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest
from sqlmodel import select

from app.intake.people import service as people
from app.intake.sessions.tables import CheckingSession, Site
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import declared_policy
from tests.api.test_every_route import OWNED, asks_for, foreign_objects, routes_of
from tests.app.conftest import World
from tests.support.budget import long_run
from tests.support.writes import Stage

PARTNERS = (Role.POLICE, Role.PUBLIC_HEALTH)
Door = tuple[str, str]

FIGURES: dict[Door, str] = {
    ("GET", "/partner"): "the page of partners: cubes of the newest release",
    ("GET", "/partner.csv"): "the table on it",
    ("GET", "/api/v1/releases/{release_id}/package/partner"): "the release as a file",
}
ALERTS: dict[Door, str] = {
    ("GET", "/alerts"): "alerts they are told; staff of the service read another page there",
    ("GET", "/alerts/told/{public_id}"): "one of them",
    ("GET", "/api/v1/alerts/told"): "the same as JSON",
}
OWN: dict[Door, str] = {
    ("GET", "/api/v1/me"): "who they are themselves",
    ("GET", "/api/v1/tokens"): "their own tokens",
    ("POST", "/api/v1/tokens"): "a token with their own role",
    ("DELETE", "/api/v1/tokens/{token_id}"): "their own tokens; another's is not found",
    ("POST", "/api/v1/me/proof"): "who they are, once more",
    ("GET", "/account/prove"): "the same by the identity provider, where there is one",
    ("GET", "/account/second"): "leads on; for administrators who have yet to show a second factor",
    ("GET", "/account"): "what is signed in with their own name",
    ("POST", "/account/end"): "their own browsers and tokens; another's is not found",
    ("POST", "/account/password"): "their own password, with the one they have",
    ("POST", "/account/passkeys"): "a passkey of their own, with the password they have",
    ("POST", "/account/passkeys/options"): "what the browser is asked for with it",
    ("POST", "/hints/hide"): "the hints they have read",
    ("POST", "/hints/show"): "the hints they have read",
    ("GET", "/api/v1/substances"): "names of the public register; no sample",
}
ANYBODY: dict[Door, str] = {
    ("GET", "/alerts/public"): "public alerts",
    ("GET", "/alerts/public/{public_id}"): "one of them",
    ("GET", "/alerts/feed.atom"): "the same as a feed",
    ("GET", "/api/v1/alerts/public"): "the same as JSON",
    ("GET", "/"): "sends them to their page",
    ("GET", "/about"): "what this is",
    ("GET", "/figures"): "the public page: the public cube of the newest release",
    ("GET", "/figures.csv"): "the table on it",
    ("GET", "/api/v1/releases"): "which releases there are",
    ("GET", "/api/v1/releases/{release_id}"): "what one is about",
    ("GET", "/api/v1/releases/{release_id}/cube"): "a table of it; the partners' cube asks for the role",
    ("GET", "/api/v1/releases/{release_id}/package"): "the public cube as a file",
    ("GET", "/health"): "the process lives",
    ("GET", "/ready"): "counts of jobs, for a load balancer",
    ("GET", "/metrics"): "figures for a monitor, for its token alone",
    ("GET", "/sign-in"): "the form",
    ("POST", "/sign-in"): "signing in",
    ("POST", "/sign-in/passkey"): "signing in with a passkey",
    ("POST", "/sign-in/passkey/options"): "what the browser is asked for with it",
    ("GET", "/sign-in/oidc"): "the way to the identity provider, where there is one",
    ("GET", "/sign-in/oidc/back"): "the way back from it",
    ("POST", "/sign-out"): "signing out",
    ("POST", "/sign-out/oidc"): "what the identity provider signs, where there is one",
    ("GET", "/password"): "the form behind a link for a new password",
    ("POST", "/password"): "anyone who holds the link sets a password",
    ("GET", "/t"): "the form for a ticket",
    ("POST", "/t"): "a ticket they do not have: the same answer as a wrong one",
    ("GET", "/trends/columns.csv"): "what the columns of a download mean",
    ("GET", "/bench/ahead"): "which link of a page is fetched ahead; names no sample",
    ("GET", "/static/joined/{joined_name}"): "style sheets and scripts",
    ("GET", "/reception/sw.js"): "a script",
    ("POST", "/sessions/{session_id}/wall"): "what stands on a wall, for its token alone",
    ("GET", "/sessions/{session_id}/wall"): "the frame of a wall, the same for every key; the rest asks for its token",
    ("POST", "/t/forget"): "lets go of a cookie",
    ("POST", "/api/v1/tickets/view"): "a ticket they do not have",
}
TICKET: frozenset[Door] = frozenset({("GET", "/t/part"), ("GET", "/t/print"), ("GET", "/api/v1/tickets/events")})
"""Open to whoever showed a right ticket, of whatever role."""
OPEN = {**FIGURES, **ALERTS, **OWN, **ANYBODY}


def client_of(world: World, role: Role, how: str) -> Any:
    """A browser or a program of a partner; `home` has an account at the drug-checking service itself."""
    if how == "home":
        return world.as_(role)
    if how == "partner":
        return _of_partner(world, role)
    actor = world.actors[role]
    with world.runtime.db.begin(actor) as uow:
        _, secret = people.issue_token(uow, "t", [], 30, world.runtime.pepper, person_id=actor.person_id)
    program = world.anonymous()
    program.headers["Authorization"] = f"Bearer {secret}"
    return program


def _of_partner(world: World, role: Role) -> Any:
    kind = people.AgencyKind(role.value)
    with world.runtime.db.begin() as uow:
        agency = people.add_agency(uow, f"County {role.value}", kind)
        person = people.add_person(uow, agency.id, f"{role.value}.county", "A partner", "correct horse battery", [role])
        actor = Actor(person.id, "A partner", frozenset({role}), agency.id)
    with world.runtime.db.begin(actor) as uow:
        row = uow.session.get(people.Person, actor.person_id)
        assert row is not None
        secret = people.sign_in(uow, row, world.runtime.session_policy)
    client = world.anonymous()
    client.cookies.set("__Host-mast", secret, domain="testserver.local", path="/")
    return client


def addresses(world: World) -> dict[str, str]:
    """Keys of objects that are there, so that no route can hide behind an absent one."""
    there = foreign_objects(Stage(world))
    missing = {name: there["sample_id"] for name in OWNED if name not in there}
    others = {"action": "verify", "key": "starter-ei", "number": "1", "message_id": "M-HEAT"}
    return {**missing, **others, "import_id": there["sample_id"], **there}


def at(url: str, keys: dict[str, str]) -> str:
    """The address with every key filled in; a parameter nobody named here gets the sample's."""
    return re.sub(r"\{([a-z_]+)(?::[a-z]+)?\}", lambda m: keys.get(m[1], keys["sample_id"]), url)


def test_every_other_route_is_shut(world: World) -> None:
    """In one world: making one of everything takes longest. Every second pair, or in the long run each of them."""
    keys, pairs = addresses(world), list(product(("home", "partner", "token"), PARTNERS))
    for how, role in pairs if long_run() else (pairs[0], pairs[3], pairs[4]):
        answered: set[Door] = set()
        asked = 0
        client = client_of(world, role, how)
        for method, route in routes_of(world.app):
            door = method, str(route.path)
            if door in OPEN or door in TICKET:
                continue
            answer = client.request(method, at(door[1], keys), headers=asks_for(door[1]))
            if answer.status_code not in (403, 404):
                answered.add(door)
            asked += 1
        assert answered == set(), f"answers {role.value} ({how}) without being on the list"
        assert asked > 200


@pytest.mark.parametrize("role", PARTNERS, ids=lambda r: r.value)
def test_the_policies_say_the_same_as_the_lists(world: World, role: Role) -> None:
    """What a route declares, whatever it answers: 404 for an empty database must not hide an open door."""
    assert set(OPEN) | TICKET <= {(method, str(route.path)) for method, route in routes_of(world.app)}
    for method, route in routes_of(world.app):
        door, policy = (method, str(route.path)), str(declared_policy(route))
        if policy.startswith("roles:"):
            may = role.value in policy.removeprefix("roles: ").split(", ")
            assert may == (door in FIGURES or door in ALERTS or door in OWN), (door, policy)
        elif policy.startswith("public"):
            assert door in ANYBODY or door in FIGURES, (door, policy)
        else:
            assert door in TICKET, (door, policy)


def test_what_does_answer_tells_of_no_session_sample_ticket_or_person(world: World) -> None:
    keys = addresses(world)
    with world.runtime.read() as session:
        names = [s.name for s in session.exec(select(Site))] + [
            str(s.id) for s in session.exec(select(CheckingSession))
        ]
    secrets = {*names, *keys.values()} - {"verify", "starter-ei", "1", "M-HEAT"}
    for client in (world.as_(role) for role in PARTNERS):
        for url in (url for method, url in OPEN if method == "GET"):
            asked = at(url, keys)
            text = client.get(asked, headers=asks_for(url)).text.replace(asked, "")  # a 404 names what was asked for
            assert not [s for s in secrets if s in text], url


def test_a_partner_who_is_something_else_too_keeps_what_the_other_role_may(world: World) -> None:
    """The lists are about the roles, not about persons: two roles open the doors of both."""
    actor = world.actors[Role.POLICE]
    with world.runtime.db.begin(actor) as uow:
        uow.session.add(people.PersonRole(person_id=actor.person_id, role=Role.CHEMIST))
    assert world.as_(Role.POLICE).get("/bench").status_code == 200
