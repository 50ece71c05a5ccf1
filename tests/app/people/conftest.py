"""An identity provider that runs beside and a service that is registered there; passkeys; and people who sign in by either."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.platform.kernel.actor import Role
from app.settings import Settings
from tests.app.conftest import PASSWORD
from tests.support import identity_provider
from tests.support.authenticator import Authenticator
from tests.support.clock import SettableClock
from tests.support.identity_provider import CLIENT, SECRET, Running
from tests.support.ports import free_port

HOST = "mast.example.org"
ORIGIN = f"https://{HOST}"
NAMED = {"public_url": ORIGIN, "allowed_hosts": [HOST, "testserver"]}
"""Settings of a service with a name, to which passkeys are bound."""
EMAIL = "chemist@example.ac.uk"
USER = {"sub": "a-17", "email": EMAIL, "email_verified": True}


@pytest.fixture(scope="module")
def university() -> Iterator[Running]:
    with identity_provider.running(free_port()) as there:
        yield there


@pytest.fixture
def there(university: Running, clock: SettableClock) -> Running:
    """Honest, and with the clock of the test."""
    university.behave(now=clock().timestamp())
    return university


def at_the_university(settings: Settings, there: Running) -> Settings:
    """A service that is registered at the provider."""
    return settings.model_validate(
        {
            **settings.model_dump(),
            "public_url": "https://testserver",
            "oidc_issuer": there.issuer,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": SECRET,
            "oidc_label": "Northern University",
        }
    )


def link(world: Any, called: str = EMAIL, role: Role = Role.CHEMIST) -> Any:
    key = world.actors[role].person_id
    return world.as_(Role.ADMIN).post(f"/people/{key}/identity", data={"identity": called})


def there_and_back(browser: Any, university: Running, next: str = "/bench") -> str:
    """The address on which the provider sends a browser back."""
    left = browser.get("/sign-in/oidc", params={"next": next})
    assert left.status_code == 303, left.text
    answer = university.visit(left.headers["location"])
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"])


def sign_in(world: Any, university: Running, **more: str) -> tuple[Any, Any]:
    browser = world.anonymous()
    return browser, browser.get(there_and_back(browser, university, **more))


@pytest.fixture
def device() -> Authenticator:
    """A laptop that holds passkeys of the service."""
    return Authenticator(ORIGIN, HOST)


def add_passkey(browser: Any, device: Authenticator, **more: str) -> Any:
    """Add one of this device for who is signed in."""
    options = browser.post("/account/passkeys/options").json()
    form = {"answer": device.make(options), "label": "Laptop", "password": PASSWORD, **more}
    return browser.post("/account/passkeys", data=form)
