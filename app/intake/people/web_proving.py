"""Showing once more who one is: asked for before a result is verified or released and before a message or an alert is signed, where
the service wants it (`MAST_PROVE_AGAIN_MINUTES`) and the last proof is older.

One dependency of the routes. A form that comes without a proof is shown with a field for one and with all it held, so that nothing that was
typed is lost; sent with it, the form goes on to its route. Over JSON the problem names where to prove oneself.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from anyio import to_thread
from fastapi import Depends, Request
from starlette.datastructures import FormData

from app.intake.people import passkeys, service, signin
from app.intake.people.tables import Proof
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Invalid, MastError, ProofNeeded, Unauthenticated
from app.platform.security.policy import current_actor, roles_of
from app.platform.security.throttle import SIGN_IN_OF_ADDRESS, address_of
from app.platform.web.fields import Body, sent
from app.runtime import Runtime, RuntimeDep

ENDPOINT = "/api/v1/me/proof"
PASSWORD, PASSKEY = "proof_password", "proof_passkey"
WHERE = ("action", "step")
"""Where the path or the form of a route says which step is taken."""


class Unproven(NamedTuple):
    """A form that waits for a proof: what it held, and why the proof it came with did not do."""

    held: list[tuple[str, str]]
    error: MastError | None = None


def proven_lately(*steps: str) -> Any:
    """Dependency: who takes one of these steps (any, where none is named) showed who they are a short while ago."""

    async def look(request: Request, rt: RuntimeDep) -> None:
        if rt.settings.prove_again_minutes:
            body = await sent(request)
            if not steps or _step(request, body) in steps:
                await to_thread.run_sync(_look, request, rt, body)

    look.mast_proven = steps  # type: ignore[attr-defined]
    return Depends(look)


def _step(request: Request, body: Body) -> str:
    said = {**{name: body.get(name) for name in WHERE}, **request.path_params}
    return next((str(said[name]) for name in WHERE if said.get(name)), "")


def _look(request: Request, rt: Runtime, body: Body) -> None:
    actor = current_actor(request)
    if actor is None or not actor.roles & roles_of(request.scope["route"]):
        return  # the policy of the route says it
    minutes = rt.settings.prove_again_minutes
    if actor.proven_at is not None and rt.now() - actor.proven_at <= timedelta(minutes=minutes):
        return
    form = body if isinstance(body, FormData) else FormData()
    held = [(name, str(value)) for name, value in form.multi_items() if name not in (PASSWORD, PASSKEY)]
    request.state.unproven = Unproven(held)
    try:
        if form.get(PASSKEY):
            return by_passkey(request, rt, actor, str(form[PASSKEY]))
        if form.get(PASSWORD):
            return by_password(request, rt, actor, str(form[PASSWORD]))
    except MastError as error:
        request.state.unproven = Unproven(held, error)
        raise
    if actor.via == "token":
        raise ProofNeeded(
            "A token cannot show who holds it, and this service asks for that here. Nothing was done.",
            hint="Sign in with a browser and do it there.",
        )
    raise ProofNeeded(
        f"This service asks who you are before this step, and you last showed it more than {minutes} minutes ago. Nothing was done.",
        hint="Give your password or show a passkey, then do it again.",
        prove_at=ENDPOINT,
    )


def by_password(request: Request, rt: Runtime, actor: Actor, password: str) -> None:
    """Note that who is signed in gave the password. Raises Invalid, Forbidden, TooMany."""
    signin.confirm(request, actor, password)
    noted(request, rt, actor, Proof.PASSWORD)


def by_passkey(request: Request, rt: Runtime, actor: Actor, answer: str) -> None:
    """Note that who is signed in showed a passkey of their own. Raises Invalid, TooMany."""
    site = passkeys.site_of(rt.settings.name, rt.settings.public_url)
    try:
        with rt.throttle.trying((SIGN_IN_OF_ADDRESS, address_of(request))), rt.read() as session:
            found = passkeys.shown(session, site, rt.pepper, answer, rt.now())
        if found.person.id != actor.person_id:
            raise Unauthenticated("of someone else")
        with rt.begin(actor, request, vital=True) as uow:
            passkeys.used(uow, found)
            service.prove(uow, secret_of(request, rt), rt.session_policy, Proof.PASSKEY, by_two=True)
    except Unauthenticated as error:
        raise Invalid(
            "This passkey is not one of yours. Nothing was done.", hint="Try again, or give your password."
        ) from error


def noted(request: Request, rt: Runtime, actor: Actor, proof: Proof) -> None:
    """Note a proof in a unit of work of its own: it holds also where the step is refused."""
    with rt.begin(actor, request, vital=True) as uow:
        service.prove(uow, secret_of(request, rt), rt.session_policy, proof)


def secret_of(request: Request, rt: Runtime) -> str:
    """The secret of the session this browser has."""
    return request.cookies.get(signin.cookie_name(rt), "")
