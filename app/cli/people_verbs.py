"""Verbs of the operator about accounts: anyone who may open the database looks after the people of every agency.

What accounts need beyond a name and roles (identity providers, passkeys) is imported by the verbs that use it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

import click

from app.cli.root import answering, database_of, main, say
from app.intake.people import service as people
from app.intake.people.tables import AgencyKind, Person
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import OPERATOR, Role
from app.platform.kernel.place import local, system_clock
from app.settings import Settings

USERNAME = click.argument("username")
ROLES = click.Choice([r.value for r in Role])
IN_THE_OPEN = (
    "A password on the command line can be read by everybody on this machine and stays in the history of the shell, so "
    "nobody was added. Leave it out to get a link for the person, or give the password by --password-stdin."
)


@contextmanager
def _account(username: str) -> Iterator[tuple[UnitOfWork, Person]]:
    """A unit of work of the operator and the account in it."""
    with database_of(Settings(), own_tables=True) as database, database.begin(OPERATOR) as uow:
        yield uow, people.find_person(uow.session, username)


@main.group("people")
def people_group() -> None:
    """Accounts."""


@people_group.command("list")
@answering
def people_list(json_: bool) -> None:
    """Every account with its roles and state."""
    with database_of(Settings(), own_tables=True) as database, database.read() as session:
        found = [
            (agency, p, sorted(roles), people.state_of(p, roles)) for agency, p, roles in people.everybody(session)
        ]
    rows = [
        {"username": p.username, "display_name": p.display_name, "agency": agency, "roles": roles, "state": state}
        for agency, p, roles, state in found
    ]
    lines = [
        f"{p.username:20} {agency}: {p.display_name}, {', '.join(roles)}; {state}" for agency, p, roles, state in found
    ]
    say(rows, "\n".join(lines) or "Nobody yet. Add someone with mast people add.", json_)


@people_group.command("add")
@USERNAME
@click.option("--name", required=True, help="Full name.")
@click.option("--agency", required=True, help="Agency; created when new.")
@click.option("--agency-kind", type=click.Choice([k.value for k in AgencyKind]), default="service", show_default=True)
@click.option("--role", "roles", multiple=True, required=True, type=ROLES)
@click.option(
    "--password-stdin", "by_stdin", is_flag=True, help="Read a password from standard input; else a link is made."
)
@click.option("--password", default=None, hidden=True)
@answering
def people_add(
    username: str,
    name: str,
    agency: str,
    agency_kind: str,
    roles: tuple[str, ...],
    by_stdin: bool,
    password: str | None,
    json_: bool,
) -> None:
    """Add an account for USERNAME, and print a link by which the person sets a password, once."""
    if password is not None:
        raise click.UsageError(IN_THE_OPEN)
    typed = sys.stdin.readline().rstrip("\r\n") if by_stdin else None
    held, link = {Role(r) for r in roles}, None
    with database_of(Settings(), own_tables=True) as database, database.begin(OPERATOR) as uow:
        home = people.add_agency(uow, agency, AgencyKind(agency_kind))
        person = people.add_person(uow, home.id, username, name, typed, held)
        words = f"{person.display_name} can sign in as {person.username}."
        if held == {Role.INSTRUMENT}:
            words = f"{person.display_name} cannot sign in. Make its token: mast people token {person.username}"
        elif typed is None:
            link = _link(uow, person)
            words = f"{words} Before that a password is set here: {_link_words(link, person)}"
    answer = {"id": person.id, "username": person.username, "link": link, "link_expires_at": person.link_expires_at}
    say(answer, words, json_)


def _link(uow: UnitOfWork, person: Person) -> str:
    from app.intake.people import accounts

    settings = Settings()
    return accounts.address_of(settings.public_url, accounts.new_link(uow, person, settings.pepper()))


def _link_words(link: str, person: Person) -> str:
    return f"{link}\nIt is shown this once and works once, until {_when(person.link_expires_at)}."


def _when(at: datetime | None) -> str:
    return f"{local(at):%d %b %Y %H:%M}" if at else "never"


@people_group.command("link")
@USERNAME
@answering
def people_link(username: str, json_: bool) -> None:
    """Print a link by which USERNAME sets a new password, once, within a day."""
    with _account(username) as (uow, person):
        link = _link(uow, person)
    say({"link": link, "link_expires_at": person.link_expires_at}, _link_words(link, person), json_)


@people_group.command("change")
@USERNAME
@click.option("--name", default="", help="New full name.")
@click.option("--role", "roles", multiple=True, type=ROLES, help="All the roles from now on; left out: as they are.")
@answering
def people_change(username: str, name: str, roles: tuple[str, ...], json_: bool) -> None:
    """Change the name or the roles of USERNAME. New roles sign the person out everywhere."""
    from app.intake.people import accounts

    with _account(username) as (uow, person):
        held = {Role(r) for r in roles} or people.roles_of(uow.session, person.id)
        accounts.change(uow, person, name or person.display_name, held)
    answer = {"username": person.username, "display_name": person.display_name, "roles": sorted(held)}
    say(answer, f"{person.display_name} ({person.username}): {', '.join(sorted(held))}.", json_)


def _act(act: str, help_: str, said: str) -> None:
    """A verb that does one thing to an account and says so."""

    @people_group.command(act, help=help_)
    @USERNAME
    @answering
    def done(username: str, json_: bool) -> None:
        from app.intake.people import accounts

        with _account(username) as (uow, person):
            accounts.ACTS[act](uow, person)
        say({"username": person.username, "done": act}, said.format(person.display_name), json_)


_act("disable", "Turn the account of USERNAME off: browsers, tokens and links of it end at once.", "{} is turned off.")
_act("enable", "Turn the account of USERNAME on again.", "{} can sign in again, with the password as it was.")
_act("end-sessions", "Sign USERNAME out of every browser.", "{} is signed out everywhere.")
_act("remove-passkeys", "Forget every passkey of USERNAME, who has lost them.", "{} has no passkey any more.")
_act("unlink", "End what the identity of USERNAME signed in, and forget it.", "{} has no identity any more.")


@people_group.command("identity")
@USERNAME
@click.argument("called")
@answering
def people_identity(username: str, called: str, json_: bool) -> None:
    """Let whom the identity provider calls CALLED (the claim in MAST_OIDC_CLAIM) sign in as USERNAME."""
    from app.intake.people import identities
    from app.runtime import registered_of  # with the whole server

    registered = registered_of(Settings())
    if registered is None:
        raise click.UsageError(
            "This service has no identity provider: MAST_OIDC_ISSUER is not set. Nothing was linked."
        )
    with _account(username) as (uow, person):
        identities.link(uow, person, registered, called)
    words = f"{person.display_name} can sign in with {registered.label}. The first time must come within 14 days."
    say({"username": person.username, "issuer": registered.issuer}, words, json_)


@people_group.command("token")
@USERNAME
@click.option("--label", default="command line", show_default=True)
@click.option("--role", "roles", multiple=True, type=ROLES, help="Fewer roles than theirs.")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 366))
@answering
def people_token(username: str, label: str, roles: tuple[str, ...], days: int, json_: bool) -> None:
    """Issue an API token for USERNAME, shown once."""
    with _account(username) as (uow, person):
        wanted = [Role(r) for r in roles]
        token, secret = people.issue_token(uow, label, wanted, days, Settings().pepper(), person_id=person.id)
    say({"token": secret, "expires_at": token.expires_at, "roles": token.roles}, secret, json_)


@people_group.command("tokens")
@USERNAME
@click.option("--revoke", type=click.UUID, default=None, help="End the token with this id.")
@answering
def people_tokens(username: str, revoke: UUID | None, json_: bool) -> None:
    """List the tokens of USERNAME that work, or end one of them."""
    with _account(username) as (uow, person):
        if revoke is not None:
            people.revoke_token(uow, person.id, revoke)
        rows = people.tokens_of(uow.session, person.id, system_clock())
    said = [{"id": t.id, "label": t.label, "roles": t.roles, "expires_at": t.expires_at} for t in rows]
    lines = [f"{t.id}  until {_when(t.expires_at)}  {', '.join(t.roles)}  {t.label}" for t in rows]
    say(said, "\n".join(lines) or "No token works for this account.", json_)
