"""What is wrong with an alert to be written, how sure what it is about is by the newest results of the
samples behind it, and when it ends. Reads only."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session

from app.care.alerts.certainty import Certainty, certainty_of, claims_more, firmest
from app.care.alerts.domain import LONGEST, SIGNED, Reach, Tier
from app.care.alerts.schemas import AlertIn
from app.intake.samples.lookup import may_be_described
from app.intake.sessions.service import CheckingSession
from app.intake.tasks import service as tasks
from app.intake.tasks.service import TaskKind
from app.results import view as results
from harm_messages.register import Register, within

UNDECIDED = "Two tests disagree. A chemist must decide before partners are told."


def problems(
    new: AlertIn, checking: CheckingSession | None, region: str, until: datetime, now: datetime, register: Register
) -> dict[str, str]:
    """Field → sentence for what cannot be an alert. `region`: where a draft that is changed held before."""
    wrong: dict[str, str] = {}
    if not new.words:
        wrong["words"] = "Enter what staff should know in one or two sentences."
    if not (new.substances or new.classes or new.forms or new.logos or new.colours):
        wrong["substances"] = "Enter a substance, a class, or how it looks."
    if unknown := [s for s in new.substances if s not in register]:
        wrong["substances"] = f"“{unknown[0]}” is not in the substance list. Choose a name from it."
    if odd := [c for c in new.classes if not register.is_class(c)]:
        wrong["classes"] = f"“{odd[0]}” is not a class in the list."
    placed = checking is not None or (new.reach is Reach.REGION and region != "")
    if new.reach is not Reach.EVERYWHERE and not placed:
        wrong["session_id"] = "Choose a session."
    if new.tier is Tier.T1 and new.reach is not Reach.SESSION:
        wrong["reach"] = "A session notice covers one session. Choose a higher tier for more."
    if until <= now:
        wrong["until"] = "Choose an end in the future."
    elif until - now > LONGEST[new.tier] + timedelta(minutes=5):
        hours = LONGEST[new.tier] / timedelta(hours=1)
        wrong["until"] = f"{new.tier} runs for at most {hours:.0f} hours. Raise it again then if needed."
    return wrong


def certainty_behind(session: Session, sample_ids: Iterable[uuid.UUID], about: Iterable[str]) -> Certainty | None:
    """The firmest evidence for what an alert is about; None where no result says anything of it."""
    wanted = tuple(about)
    each = []
    for key in sample_ids:
        latest = results.latest(session, key)
        for f in latest.present if latest else ():
            if any(f.substance_id == one or within(f.substance_class, one) for one in wanted):
                each.append(certainty_of(f))
    found = firmest(one for one in each if one is not None)
    return Certainty.DISPUTED if found is Certainty.STRIP and undecided(session, sample_ids) else found


def undecided(session: Session, sample_ids: Iterable[uuid.UUID]) -> bool:
    """Whether a chemist still has to decide between two tests of one of these samples."""
    return any(
        task.kind is TaskKind.REVIEW and task.closed_at is None
        for key in sample_ids
        for task in tasks.rows_of_sample(session, key)
    )


def says_too_much(certainty: Certainty | None, words: str, told_words: str, tier: Tier) -> dict[str, str]:
    """Field → sentence for words that say more than the evidence does. Only what is confirmed was found."""
    told = told_words if tier in SIGNED else ""
    wrong = {}
    for name, text in (("words", words), ("told_words", told)):
        if certainty and (claim := claims_more(text, certainty)):
            wrong[name] = f"It says “{claim}”, but the evidence says: {certainty.words}"
    return wrong


def checked(session: Session, new: AlertIn) -> dict[str, str]:
    """Field → sentence for what the sample behind it does not allow: words that say more than its evidence, and what its
    client did not agree to."""
    about = (*new.substances, *new.classes)
    certainty = certainty_behind(session, [new.sample_id], about) if new.sample_id else None
    if wrong := says_too_much(certainty, new.words, new.told_words, new.tier):
        return wrong
    described = new.sample_id is not None and (new.logos or new.colours)
    if not described or may_be_described(session, [new.sample_id] if new.sample_id else []):
        return {}
    said = "The client did not agree to a description of the sample. Remove logo and colour."
    return {"logos" if new.logos else "colours": said}


def ends(
    tier: Tier, reach: Reach, checking: CheckingSession | None, now: datetime, until: datetime | None = None
) -> datetime:
    """When it ends: as said, or as long as its tier allows; a notice of a session half a day after that closes."""
    if until is not None:
        return until
    longest = now + LONGEST[tier]
    if reach is Reach.SESSION and checking is not None and checking.closes_at > now:
        return min(longest, checking.closes_at + timedelta(hours=12))
    return longest
