"""Errors of the domain, in sentences for a person; they know no HTTP (platform.web.problems maps them)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class MastError(Exception):
    """Base of everything MAST refuses. `detail`: what happened and what is unharmed; `hint`: what to do."""

    code = "error"
    fields: Mapping[str, str] = {}
    reasons: Sequence[str] = ()

    def __init__(self, detail: str, *, hint: str = "", **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.extra: Mapping[str, object] = extra


class NotFound(MastError):
    """Absent, or belongs to someone else: the two answer alike."""

    code = "not_found"

    def __init__(self, what: str = "record") -> None:
        super().__init__(
            f"There is no such {what} here.", hint="Check the link, or go back to the list and open it from there."
        )


class Unauthenticated(MastError):
    """Nobody is signed in, or the session ended."""

    code = "sign_in_required"


class Forbidden(MastError):
    """Signed in, but this role may not do it."""

    code = "not_allowed"


class ProofNeeded(Forbidden):
    """Who is signed in has to show once more who they are: a question, and no refusal."""

    code = "proof_needed"


class SecondFactorNeeded(Forbidden):
    """Signed in by one factor, where this service asks for two."""

    code = "second_factor_needed"

    def __init__(self) -> None:
        super().__init__(
            "This service asks administrators for a second factor. Nothing was done.",
            hint="Use your passkey, or add one.",
        )


class Invalid(MastError):
    """A value cannot be accepted. `fields` maps field name to a sentence."""

    code = "invalid"

    def __init__(self, detail: str, *, fields: Mapping[str, str] | None = None, hint: str = "", **extra: Any) -> None:
        super().__init__(detail, hint=hint, fields=dict(fields or {}), **extra)
        self.fields = dict(fields or {})


class PersonalData(Invalid):
    """What was typed seems to point to a person. `kinds`: of what, never what was typed."""

    code = "personal_data"


class Conflict(MastError):
    """It clashes with what is already recorded."""

    code = "conflict"


class Refused(MastError):
    """A guard said no. `reasons` are sentences the screen shows."""

    code = "refused"

    def __init__(self, reasons: Sequence[str], *, hint: str = "", **extra: Any) -> None:
        super().__init__(" ".join(reasons), hint=hint, reasons=list(reasons), **extra)
        self.reasons = tuple(reasons)


class Stale(MastError):
    """Someone else changed it first."""

    code = "stale"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"Someone else changed this {what} while you were working. Their change is kept, yours is not saved.",
            hint="Open it again, look at what changed, and repeat your change if it is still needed.",
        )


class VersionRequired(MastError):
    """A change that does not say which version it starts from."""

    code = "version_required"


class TooLarge(MastError):
    """Beyond a stated limit."""

    code = "too_large"


class NotAcceptable(MastError):
    """None of the forms that were asked for can be given."""

    code = "not_acceptable"


class Unreadable(MastError):
    """An instrument file that cannot be read; carries code and hint."""

    code = "unreadable"


class TooMany(MastError):
    """Too many tries: slow down."""

    code = "too_many"

    def __init__(self, detail: str, *, retry_after_s: int = 60) -> None:
        super().__init__(detail, hint=f"Wait {retry_after_s} seconds and try again.")
        self.retry_after_s = retry_after_s


class StorageFull(MastError):
    """The disk is full."""

    code = "storage_full"

    def __init__(self) -> None:
        super().__init__(
            "The disk of this server is full, so nothing new can be saved. What was saved before is unharmed.",
            hint="Tell the operator to free space; then do it again. Reading still works.",
        )


class Unavailable(MastError):
    """A part we depend on is away for the moment."""

    code = "unavailable"
    retry_after_s = 5

    def __init__(self, detail: str = "The database does not answer at the moment. Nothing you saved is lost.") -> None:
        super().__init__(detail, hint="Try again in a few seconds.")


class ReadOnly(Unavailable):
    """The data folder or the database may be read and not written."""

    code = "read_only"

    def __init__(self) -> None:
        super().__init__(
            "The data folder of this server cannot be written, so nothing new was saved. What was saved before is unharmed."
        )
        self.hint = "Tell the operator: the folder, or the disk it is on, is read-only. Reading still works."
