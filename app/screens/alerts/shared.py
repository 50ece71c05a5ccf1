"""What the pages of alerts share: words, and the form an alert is written in."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TypedDict

from fastapi import Request
from fastapi.responses import HTMLResponse

from app.care.alerts.domain import (
    CHANNEL_WORDS,
    NO_GREEN_LIGHT,
    REACH_WORDS,
    STATE_WORDS,
    TIER_WORDS,
    AlertState,
    Channel,
    Reach,
    Tier,
)
from app.care.alerts.tables import Alert
from app.intake.samples import service as samples
from app.intake.samples.domain import Colour
from app.intake.sessions import service as sessions
from app.laboratory.identification.methods import methods
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import MastError
from app.platform.kernel.ids import new_id
from app.platform.web.forms import fields_of
from app.platform.web.problems import status_of
from app.runtime import Runtime
from app.screens.alerts.forms import AlertForm
from app.screens.reception.forms import options
from harm_messages.vocabulary import Form as Shape

METHOD_TITLES = {method.value: info.title for method, info in methods().items()}


class AlertWords(TypedDict):
    """Words every page of alerts needs."""

    tier_words: dict[Tier, str]
    state_words: dict[AlertState, str]
    reach_words: dict[Reach, str]
    channel_words: dict[Channel, str]
    reaches: list[tuple[str, str]]
    no_green_light: str
    names_of: Callable[[Alert], list[str]]
    length_of: Callable[[Alert], str]
    label: Callable[[str], str]
    seen_by: Callable[[Iterable[str]], str]


def words_of(rt: Runtime) -> AlertWords:
    """Words every page of alerts needs."""
    register = rt.pack.register
    return {
        "tier_words": TIER_WORDS,
        "state_words": STATE_WORDS,
        "reach_words": REACH_WORDS,
        "channel_words": CHANNEL_WORDS,
        "reaches": [(reach.value, words) for reach, words in REACH_WORDS.items()],
        "no_green_light": NO_GREEN_LIGHT,
        "names_of": lambda row: [samples.label_of(register, i) for i in (*row.substances, *row.classes)],
        "length_of": lambda row: length(row.until - row.from_at),
        "label": lambda name: samples.label_of(register, name),
        "seen_by": lambda names: ", ".join(METHOD_TITLES.get(name, name.replace("_", " ")) for name in names),
    }


def length(span: timedelta) -> str:
    """A span in words: hours up to four days, then days.

    >>> length(timedelta(days=30))
    '30 days'
    """
    hours = round(span / timedelta(hours=1))
    return f"{round(hours / 24)} days" if hours > 96 else f"{hours} hours"


def form_page(
    request: Request,
    rt: Runtime,
    who: Actor,
    form: AlertForm,
    *,
    error: MastError | None = None,
    editing: uuid.UUID | None = None,
) -> HTMLResponse:
    """The form, empty, filled in, or with what is wrong; for a new alert, or for a draft that is written anew."""
    with rt.read() as session:
        found = sessions.sessions_of(session, who, open_only=True)
        kept = uuid.UUID(form.session_id) if editing and _is_key(form.session_id) else None
        if kept is not None and kept not in {s.id for s in found}:
            found.append(sessions.get_session(session, who, kept))
    register = rt.pack.register
    known = [one for one in form.about if one in register or register.is_class(one)]
    return rt.templates.page(
        request,
        "alerts/new.html",
        status=status_of(error),
        t=form,
        key=form.idempotency_key or str(new_id()),
        editing=editing,
        sessions=[(str(s.id), s.name) for s in found],
        chosen=[{"id": one, "label": samples.label_of(register, one)} for one in known],
        free=[w for w in form.about_words if w],
        shapes=options(Shape, lower=True),
        colours=options(Colour, lower=True),
        tiers=[(t.value, f"{t.value}: {words}") for t, words in TIER_WORDS.items()],
        error=error,
        fields=fields_of(error),
        **words_of(rt),
    )


def _is_key(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
