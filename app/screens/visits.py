"""A visit to a page: what is asked, of which process, and who asks; whose visits pages are for, and what many of their forms send."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Protocol
from uuid import UUID

from fastapi import File, Form, Query, Request, Response, UploadFile, params
from fastapi.responses import HTMLResponse

from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import MastError
from app.platform.security.policy import SERVICE_STAFF, allow
from app.platform.web.fields import Note200
from app.platform.web.forms import shown_again
from app.platform.web.idempotency import Once
from app.platform.web.problems import status_of
from app.runtime import Runtime, RuntimeDep


class Keyed(Protocol):
    """A row with a key of its own."""

    id: UUID


@dataclass(frozen=True, slots=True)
class Visit:
    """Someone at a page: what is asked, of what, and who asks."""

    request: Request
    rt: Runtime
    who: Actor

    def page(self, template: str, *, status: int | None = None, **values: object) -> HTMLResponse:
        """A page or a part of one; its status is that of the `error` it shows, unless one is given."""
        error = values.get("error")
        told = status_of(error) if isinstance(error, MastError) else 200
        return self.rt.templates.page(self.request, template, status=status or told, **values)

    def begin(self) -> UnitOfWork:
        """A unit of work for who asks."""
        return self.rt.begin(self.who, self.request)

    @contextmanager
    def work(
        self,
        again: Callable[[MastError], Response],
        *,
        but: type[MastError] | tuple[type[MastError], ...] = (),
    ) -> Iterator[UnitOfWork]:
        """A unit of work; where it is refused, the form is `shown_again` after it has been rolled back."""
        with shown_again(again, but=but), self.begin() as uow:
            yield uow

    def sent_once(self, key: str) -> Once:
        """Runs what a form creates at most once for this key, minted when it was rendered. A form has no body to compare."""
        return Once(key, self.request.url.path, "form", self.rt.pepper)

    def once(self, uow: UnitOfWork, key: str, create: Callable[[], Keyed], *, sha256: str = "") -> UUID:
        """The key of the row that `create` makes, at most once for the key minted with the form. `sha256` is that of its file."""
        whole = f"{key}-{sha256}" if key and sha256 else key
        answer = self.sent_once(whole).run(uow, lambda: {"id": create().id})
        return UUID(json.loads(bytes(answer.body))["id"])


def local_path(target: str) -> str:
    """Only a path on this server; anything else becomes the home page (no open redirect)."""
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"


def visitor(*roles: Role, also_waiting: bool = False) -> params.Depends:
    """Dependency: the visit of someone with one of these roles (any staff when none is named); see `allow`."""
    policy = allow(*roles, also_waiting=also_waiting)

    async def visit(request: Request, rt: RuntimeDep, who: Actor = policy) -> Visit:
        return Visit(request, rt, who)

    return params.Depends(visit)


Staff = Annotated[Visit, visitor(*SERVICE_STAFF)]
Chemist = Annotated[Visit, visitor(Role.CHEMIST, Role.VERIFIER)]
Bench = Annotated[Visit, visitor(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]
Registrar = Annotated[Visit, visitor(Role.RECEPTION, Role.SESSION_LEAD, Role.HEALTH_WORKER)]
Lead = Annotated[Visit, visitor(Role.SESSION_LEAD)]
Admin = Annotated[Visit, visitor(Role.ADMIN)]
Keeper = Annotated[Visit, visitor(Role.SESSION_LEAD, Role.ADMIN)]
"""Who may end what a device can do."""

Version = Annotated[int, Form(ge=0, lt=2**31)]
Note = Annotated[Note200, Form()]
Sent = Annotated[UploadFile | None, File()]
Done = Annotated[str, Query(max_length=20)]
Next = Annotated[str, Form(alias="next", max_length=300)]
"""The page a form goes on to, where it stands on another one than its own."""
