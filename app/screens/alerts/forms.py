"""Fields of the page of an alert: to what the feature takes, and filled in from a result; and the words all those pages need."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, TypedDict

from pydantic import BaseModel, Field, JsonValue

from app.care.alerts.certainty import certainty_of, firmest
from app.care.alerts.domain import NO_GREEN_LIGHT, Reach, Tier, Trigger
from app.care.alerts.drafting import Signal, told_of
from app.care.alerts.schemas import AlertIn
from app.care.alerts.tables import Alert
from app.intake.samples import substances
from app.intake.samples.service import Sample
from app.laboratory.identification.domain import methods
from app.platform.kernel.errors import Invalid
from app.platform.kernel.place import local
from app.platform.web.fields import Note60, Note300, Text20, Text40, Text60, Told200, Told600
from app.platform.web.typed import key_of, number
from app.runtime import Runtime
from harm_messages import Form
from harm_messages.register import MatchKind, Register

if TYPE_CHECKING:
    from app.results.tables import Finding

MOST_HOURS = 24 * 30
Key = Annotated[str, Field(max_length=120)]


class AlertForm(BaseModel):
    """The fields as they are typed. `about`: ids of substances and classes; `about_words`: words nobody chose for."""

    idempotency_key: Key = ""
    tier: Text20 = ""
    reach: Text20 = ""
    session_id: Text40 = ""
    words: Note300 = ""
    told_words: Told600 = ""
    about: list[Text60] = Field(default=[], max_length=20)
    about_words: list[Note60] = Field(default=[], max_length=20)
    forms: list[Text20] = Field(default=[], max_length=13)
    colours: list[Text20] = Field(default=[], max_length=14)
    logos: Told200 = ""
    hours: Text20 = ""
    sample: Text40 = ""
    task: Text40 = ""
    task_version: Text20 = ""
    version: int = 0

    def entered(self, register: Register, now: datetime) -> AlertIn:
        """What was typed, in the form the service takes. Raises Invalid with a sentence per field."""
        wrong: dict[str, str] = {}
        if self.tier not in set(Tier):
            wrong["tier"] = "Choose a tier."
        if self.reach not in set(Reach):
            wrong["reach"] = "Choose the area covered."
        about, classes = self._about(register, wrong)
        if not set(self.forms) <= set(Form):
            wrong["forms"] = "Choose the form from the list."
        hours = number(self.hours, "hours", wrong, example="12")
        if hours is not None and not 0 < hours <= MOST_HOURS:
            wrong["hours"] = "Enter the duration in hours, for example 12."
        logos = [logo.strip() for logo in self.logos.split(";") if logo.strip()]
        if any(len(logo) > 40 for logo in logos):
            wrong["logos"] = "Use at most 40 letters for each logo. Separate several with ;"
        if wrong:
            raise Invalid("The alert was not written. What you typed is still here.", fields=wrong)
        return AlertIn(
            tier=Tier(self.tier),
            reach=Reach(self.reach),
            words=self.words,
            session_id=key_of(self.session_id),
            substances=about,
            classes=classes,
            forms=[Form(form) for form in self.forms],
            logos=logos[:10],
            colours=self.colours,
            until=None if hours is None else now + timedelta(hours=hours),
            sample_id=key_of(self.sample),
            told_words=self.told_words,
        )

    def asked_by(self) -> tuple[uuid.UUID, int] | None:
        """The task that asked for it, with the version that was seen."""
        key = key_of(self.task)
        if key is None:
            return None
        return key, int(self.task_version) if self.task_version.isdecimal() else 0

    def _about(self, register: Register, wrong: dict[str, str]) -> tuple[list[str], list[str]]:
        chosen = [one for one in self.about if one]
        for words in substances.chosen_as(register, chosen, self.about_words)[1]:
            meant = [m for m in register.resolve(words) if m.kind is not MatchKind.INTENT]
            if len(meant) == 1:
                chosen.append(meant[0].id)
            else:
                wrong["about"] = f"“{words}” is not in the substance list. Choose a name from the list."
        if len(chosen) > 20:
            wrong["about"] = "Choose at most 20 substances and classes."
        chosen = list(dict.fromkeys(chosen))
        named = [one for one in chosen if one in register]
        return named, [one for one in chosen if one not in named and register.is_class(one)]


def of_draft(row: Alert) -> AlertForm:
    """A draft as fields, to be written again."""
    hours = (row.until - row.from_at) / timedelta(hours=1)
    return AlertForm(
        tier=row.tier.value,
        reach=row.reach.value,
        session_id=str(row.session_id or ""),
        words=row.words,
        told_words=row.told_words,
        about=[*row.substances, *row.classes],
        forms=list(row.forms),
        colours=list(row.colours),
        logos="; ".join(row.logos),
        hours=f"{min(hours, MOST_HOURS):.0f}",
        version=row.version,
    )


def filled(
    findings: Sequence[Finding], sample: Sample, tier: Tier, *, described: bool, detail: Mapping[str, JsonValue] | None
) -> AlertForm:
    """What a result says of itself: what was found that was not expected (else what was), how it looks, where it was.

    `described`: its client agreed that logo and colour are told; else they are left out. `detail`: of the task that asks for it,
    with the state of the evidence and what is lacking.
    """
    asked = detail or {}
    lacking = f" Lacking: {asked['lacking']}" if asked.get("lacking") else ""
    told = [f for f in findings if f.role.value not in ("excipient", "byproduct", "cutting")]
    told = [f for f in told if f.role.value != "expected"] or told
    about = [f.substance_id or f.substance_class for f in told]
    return AlertForm(
        tier=tier.value,
        reach=Reach.SESSION.value if tier in (Tier.T0, Tier.T1) else Reach.REGION.value,
        session_id=str(sample.session_id),
        about=[one for one in dict.fromkeys(about) if one],
        forms=[sample.form.value],
        colours=list(sample.colours) if described else [],
        logos=sample.logo if described else "",
        hours="12" if tier is Tier.T1 else "",
        words=f"{asked.get('evidence', '')}{lacking}"[:300],
        sample=str(sample.id),
    )


def told_words(
    findings: Sequence[Finding], form: AlertForm, names: Mapping[str, str], place: str, now: datetime
) -> str:
    """What partners may read of what the form is about, in the words its evidence allows; nothing until that is decided."""
    each = [f for f in findings if (f.substance_id or f.substance_class) in form.about]
    certainty = firmest(one for one in map(certainty_of, each) if one is not None)
    about = [f for f in each if certainty_of(f) is certainty]
    if certainty is None or not place:
        return ""
    name = " and ".join(dict.fromkeys(names[f.substance_id or f.substance_class] for f in about))
    signal = Signal(Trigger.FIRST_DETECTION, form.about[0], "", "", Tier(form.tier), "", certainty=certainty)
    return told_of(signal, name, place, f"{local(now):%B %Y}")


METHOD_TITLES = {method.value: info.title for method, info in methods().items()}


class AlertWords(TypedDict):
    """Words every page of alerts needs."""

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
        "reaches": [(reach.value, reach.words) for reach in Reach],
        "no_green_light": NO_GREEN_LIGHT,
        "names_of": lambda row: [substances.label_of(register, i) for i in (*row.substances, *row.classes)],
        "length_of": lambda row: length(row.until - row.from_at),
        "label": lambda name: substances.label_of(register, name),
        "seen_by": lambda names: ", ".join(METHOD_TITLES.get(name, name.replace("_", " ")) for name in names),
    }


def length(span: timedelta) -> str:
    """A span in words: hours up to four days, then days.

    >>> length(timedelta(days=30))
    '30 days'
    """
    hours = round(span / timedelta(hours=1))
    return f"{round(hours / 24)} days" if hours > 96 else f"{hours} hours"
