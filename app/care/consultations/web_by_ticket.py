"""From the ticket a client holds up to their sample, for anyone who tells results.

The code comes in the body of a POST and stands in no address, no log and no answer. A right code is always served; a wrong one
counts under the limits of the client's own entry, and is written down without what was typed.
"""

from __future__ import annotations

import uuid

from fastapi import Request
from sqlmodel import Session

from app.intake.samples import lookup
from app.intake.samples import service as samples
from app.platform import audit
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Invalid, MastError, NotFound, TooMany
from app.platform.security.throttle import TICKET_OF_ADDRESS, TICKET_OF_SITE, address_of
from app.runtime import Runtime

UNKNOWN = "There is no sample with this ticket code. A code has 12 letters and numbers."


def sample_of_ticket(runtime: Runtime, request: Request, who: Actor, code: str) -> uuid.UUID:
    """The sample of the actor's agency whose ticket has this code.

    Raises Invalid, the same for a wrong, expired, replaced and foreign code, or TooMany. Each try is in the audit log.
    """
    with runtime.read() as session:
        sample = _found(session, who, code, runtime)
    error = None if sample is not None else _counted(runtime, request)
    with runtime.begin(who, request, vital=True) as uow:
        if sample is not None:
            audit.record(uow, "find", "sample", sample.id, session_id=sample.session_id, after={"by": "ticket"})
            return sample.id
        assert error is not None
        audit.record(uow, "refuse", "ticket", "", after={"why": error.code})
    raise error


def _found(session: Session, who: Actor, code: str, runtime: Runtime) -> samples.Sample | None:
    """Of the actor's agency, and of a session the actor sees; None for every other code alike."""
    found = lookup.sample_by_ticket(session, code, runtime.pepper, runtime.now())
    try:
        return lookup.get_sample(session, who, found.id) if found is not None else None
    except NotFound:
        return None


def _counted(runtime: Runtime, request: Request) -> MastError:
    """Count a wrong code; what is answered to it."""
    try:
        runtime.throttle.take((TICKET_OF_ADDRESS, address_of(request)), (TICKET_OF_SITE, ""))
    except TooMany as error:
        error.detail = "Too many wrong ticket codes were tried in a short time."
        return error
    return Invalid(UNKNOWN, fields={"code": UNKNOWN})
