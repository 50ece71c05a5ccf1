"""One unit of work: everything a use case changes, its audit entries, events and jobs, in one transaction.

The commit happens when the `with` block ends, in the same thread and before any response is built
(a commit in a FastAPI `yield` dependency can fail after a 200 went out). Audit and event rows are written
last, because on PostgreSQL they are serialised by an advisory lock that should be held briefly.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

import sqlalchemy as sa
from sqlmodel import Session

from app.platform.kernel.actor import Actor
from app.platform.kernel.clock import Clock

Hook = Callable[["UnitOfWork"], None]


class UnitOfWork:
    """`with database.begin(actor) as uow: …`; an exception rolls everything back, nothing is published."""

    def __init__(
        self,
        engine: sa.Engine,
        *,
        actor: Actor,
        clock: Clock,
        request_id: str = "",
        wake: Callable[[str], None] = lambda _topic: None,
    ) -> None:
        self.session = Session(engine, expire_on_commit=False)
        self.actor = actor
        self.request_id = request_id
        self.now = clock()
        self.wake = wake  # the database's: after the commit, tells who listens to a topic in this process
        self._before_commit: list[Hook] = []
        self._after_commit: list[Callable[[], None]] = []

    def before_commit(self, hook: Hook) -> None:
        """Run `hook` inside the transaction, after the use case and just before the commit."""
        self._before_commit.append(hook)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Run `callback` once the transaction is durable; never when it failed."""
        self._after_commit.append(callback)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.commit()
        finally:
            self.session.close()  # rolls back whatever was not committed

    def commit(self) -> None:
        """Write audit and events, commit, then tell those who wait."""
        self.session.flush()
        for hook in self._before_commit:
            hook(self)
        self.session.commit()
        for callback in self._after_commit:
            callback()
