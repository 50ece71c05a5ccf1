"""From the fields of the reception form to a new sample and back: what was typed is never lost."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypedDict, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData

from app.intake.samples import domain as d
from app.intake.samples import queue, substances
from app.intake.samples.schemas import NewSample
from app.intake.samples.tables import Sample
from app.platform.kernel.errors import Invalid, MastError
from app.platform.web.fields import FOR_STAFF, fields_of, reads_free_text
from app.platform.web.forms import Entered
from app.platform.web.idempotency import Once
from app.screens.visits import Visit
from harm_messages.register import Register
from harm_messages.vocabulary import Form

MANY = ("expected", "expected_words", "colours", "texture", "effects_reported")
NUMBERS = ("width_mm", "height_mm", "thickness_mm", "weight_mg", "received_mg", "price", "group_size")
YES_NO = ("score_line", "batch_linked_to_incident", "first_visit", "ever_spoken_to_health_service")
PLAIN = (
    "submitter_type", "intent", "form", "collection", "sold_as", "client_believes", "logo", "shape", "price_unit",
    "provider_relation", "acquired_where", "used_before_test", "harm_event", "planned_route", "age_band", "gender",
    "group_ref", "staff_note",
)  # fmt: skip
# The fields a correction sends: everything on the form, so that emptying a field empties it.
DETAILS = (*PLAIN[3:], "colours", "texture", "effects_reported", *(n for n in NUMBERS if n != "received_mg"), *YES_NO)
EMPTY_IS_TEXT = ("sold_as", "client_believes", "logo", "shape", "group_ref", "staff_note", "words_spoken")
MUST_ASK = (d.ConsentKind.ANALYSIS, d.ConsentKind.AGE_18_ATTESTED, d.ConsentKind.UNDERSTANDS_NOT_SAFE)
MAY_ASK = (d.ConsentKind.AGGREGATE_DATA, d.ConsentKind.SHARE_IN_ALERT, d.ConsentKind.FOLLOWUP)

LABELS = {
    "no_answer": "No answer", "18_24": "18 to 24", "25_34": "25 to 34", "35_44": "35 to 44", "45_54": "45 to 54",
    "55_up": "55 and over", "smoke_vape": "Smoke or vape", "per_ml": "per mL", "per_gram": "per g",
    "per_unit": "per tablet or unit", "whole": "for all of it", "public": "Member of the public",
    "security_amnesty": "Security or amnesty bin", "police_back_of_house": "Police, back of house",
    "partner_agency": "Partner agency", "gift_found": "Gift or found", "off_white": "off-white",
    "non_binary": "Non-binary", "known": "They say what it is", "unknown": "Nobody knows",
    "mixture": "A mixture", "client_asked": "The client asked for it",
    "registered_by_mistake": "It was registered by mistake", "sample_lost": "The sample was lost or spilt",
}  # fmt: skip

Read = TypeVar("Read", bound=BaseModel)
FILLS = {
    "white": "#FFFFFF", "off_white": "#F1EBDC", "yellow": "#F2D33D", "orange": "#E8862E", "pink": "#E8A0B8",
    "red": "#C2342E", "purple": "#7C4FA3", "blue": "#3D6FC2", "green": "#4E9A51", "brown": "#7A4F2B",
    "grey": "#9A9A9A", "black": "#1A1A1A", "clear": "none", "multi": "none",
}  # fmt: skip


def label(value: StrEnum | str) -> str:
    """A word of a vocabulary as it stands on a screen."""
    word = str(value)
    return LABELS.get(word) or word.replace("_", " ").capitalize()


def options(kind: type[StrEnum], *, lower: bool = False) -> list[tuple[str, str]]:
    """Choices of a field."""
    return [(v.value, label(v).lower() if lower else label(v)) for v in kind]


CHOICES: dict[str, list[tuple[str, str]]] = {
    "submitter_type": options(d.SubmitterType),
    "intent": options(d.Intent),
    "form": options(Form, lower=True),
    "collection": options(d.Collection),
    "texture": options(d.Texture, lower=True),
    "provider_relation": options(d.Provider),
    "acquired_where": options(d.AcquiredWhere),
    "used_before_test": options(d.UsedBefore),
    "effects_reported": options(d.Effect),
    "harm_event": [(v.value, "Unknown" if v is d.HarmEvent.UNKNOWN else label(v)) for v in d.HarmEvent],
    "planned_route": options(d.PlannedRoute),
    "age_band": options(d.AgeBand),
    "gender": options(d.Gender),
    "price_unit": options(d.PriceUnit),
    "withdraw": options(d.WithdrawReason),
    "yes_no": [("yes", "Yes"), ("no", "No")],
}
COLOUR_OPTIONS = [{"value": c.value, "label": label(c).lower(), "fill": FILLS[c.value]} for c in d.Colour]


@dataclass(slots=True)
class Filled:
    """What stands in the form: `one` per field, `many` where several may be chosen."""

    one: dict[str, str] = field(default_factory=Entered)
    many: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in MANY})

    @property
    def words(self) -> str:
        """What was said, in one line."""
        return "; ".join(self.many["expected_words"])

    def once(self, visit: Visit) -> Once:
        """What the form asks for is done once for the key that was minted with it.

        A hash of everything that was sent tells a repeated form from another one; words stay unwritten.
        """
        key = self.one.get("idempotency_key", "")[:120]
        sent = repr((sorted(self.one.items()), sorted(self.many.items()))).encode()
        return Once(key, visit.request.url.path, hashlib.sha256(sent).hexdigest(), visit.rt.pepper)


@reads_free_text(
    {**{one.name: one.free for one in fields_of(NewSample)}, "expected_words": FOR_STAFF, "place": FOR_STAFF}
)
async def filled(request: Request) -> Filled:
    """Dependency: the fields of a posted form. Files are ignored."""
    form: FormData = await request.form()
    out = Filled()
    for name, value in form.multi_items():
        if not isinstance(value, str):
            continue
        if name in MANY:
            if value.strip() and value.strip() not in out.many[name]:
                out.many[name].append(value.strip())
        else:
            out.one[name] = value.strip()
    return out


FilledForm = Annotated[Filled, Depends(filled)]


def sample_fields(form: Filled) -> dict[str, str | bool | list[str] | dict[str, str]]:
    """Fields for NewSample or SampleChange; empty ones are left out."""
    fields: dict[str, str | bool | list[str] | dict[str, str]] = {
        name: form.one[name] for name in PLAIN if form.one.get(name)
    }
    fields |= {name: plain_number(form.one[name]) for name in NUMBERS if form.one.get(name)}
    fields |= {name: form.one[name] == "yes" for name in YES_NO if form.one.get(name)}
    fields |= {name: form.many[name] for name in ("colours", "texture", "effects_reported")}
    fields["words_spoken"] = form.words
    fields["expected"] = form.many["expected"]
    meant = form.one.get("meant", "")
    if meant and meant != "keep" and meant not in form.many["expected"]:
        fields["expected"] = [*form.many["expected"], meant]
    consents = {kind.value: form.one.get(f"consent_{kind.value}", "") for kind in d.ConsentKind}
    fields["consents"] = {kind: answer for kind, answer in consents.items() if answer}  # what has none was not asked
    return fields


def missing_consents(form: Filled, *, individual_results: bool) -> dict[str, str]:
    """Consents the sample needs and the form does not have, by field."""
    given = {kind: d.ConsentAnswer.YES for kind in d.ConsentKind if form.one.get(f"consent_{kind.value}") == "yes"}
    submitter = form.one.get("submitter_type") or d.SubmitterType.PUBLIC
    known = submitter if submitter in list(d.SubmitterType) else d.SubmitterType.PUBLIC
    wrong = d.consent_problems(given, d.SubmitterType(known), individual_results=individual_results)
    return {f"consent_{kind.value}": sentence for kind, sentence in wrong.items()}


def plain_number(text: str) -> str:
    """A decimal comma is a decimal point; a thousands separator is not guessed."""
    return text.replace(",", ".") if text.count(",") == 1 and "." not in text else text


SENTENCES = {
    "form": "Choose what it looks like.",
    "weight_mg": "The weight has to be a number of milligrams, for example 312.",
    "received_mg": "What was handed in has to be a number of milligrams, for example 40.",
    "width_mm": "The width has to be a number of millimetres, for example 8.",
    "height_mm": "The height has to be a number of millimetres, for example 8.",
    "thickness_mm": "The thickness has to be a number of millimetres, for example 4.5.",
    "price": "The price has to be a number, for example 10.",
    "group_size": "Give the number of people, 1 to 50.",
    "words_spoken": "The words spoken have at most 120 letters.",
    "staff_note": "A note has at most 140 letters.",
    "expected": "Choose from the list, or leave the words as they are.",
}


def read(kind: type[Read], fields: Mapping[str, object], known: Mapping[str, str] = SENTENCES) -> Read:
    """What was typed as what the service takes. Raises Invalid with a sentence per field."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        found: dict[str, str] = {}
        for item in error.errors():
            name = str(item["loc"][0]) if item["loc"] else ""
            text = known.get(name) or (f"{label(name)}: choose from the list." if name else str(item["msg"]))
            if "control character" in item["msg"]:  # which one, and where
                text = f"This text {item['msg'].removeprefix('Value error, ')}."
            found["expected" if name == "words_spoken" else name] = text
        raise Invalid("Nothing was saved. What you typed is still here.", fields=found) from None


def sentences(error: MastError | None) -> Entered:
    """Field id → what is wrong with it, for the error summary and the field itself."""
    if error is None:
        return Entered()
    if isinstance(error, Invalid) and error.fields:
        return Entered({name.replace("consents.", "consent_"): text for name, text in error.fields.items()})
    return Entered({"": f"{error.detail} {error.hint}".strip()})


def filled_from(row: Sample, expected: Sequence[str], answers: Mapping[d.ConsentKind, d.ConsentAnswer]) -> Filled:
    """A form that shows what is recorded."""
    form = Filled()
    for name in (*PLAIN, *NUMBERS):
        value = getattr(row, name, None)
        if name == "intent" and value is not d.Intent.MIXTURE:
            continue  # follows from what is expected, also after that was corrected
        if value is not None and value != "":
            form.one[name] = f"{value:g}" if isinstance(value, float) else str(value)
    for name in YES_NO:
        value = getattr(row, name)
        if value is not None:
            form.one[name] = "yes" if value else "no"
    for kind, answer in answers.items():
        form.one[f"consent_{kind.value}"] = answer.value
    form.many |= {
        "expected": list(expected),
        "expected_words": [row.words_spoken] if row.words_spoken else [],
        "colours": list(row.colours),
        "texture": list(row.texture),
        "effects_reported": list(row.effects_reported),
    }
    return form


class QueueView(TypedDict):
    """The queue as the list shows it: each sample that waits, and what it was said to be."""

    oldest_s: float | None
    late: bool
    rows: list[tuple[queue.QueueRow, str]]
    now: datetime


def queue_view(rows: Sequence[queue.QueueRow], register: Register, now: datetime) -> QueueView:
    """The queue as the list shows it."""
    expected = (", ".join(substances.labels(register, r.expected)) or r.words_spoken or "not said" for r in rows)
    return {
        "oldest_s": max((r.waited_s for r in rows if r.stage not in ("released", "told")), default=None),
        "late": any(r.late for r in rows),
        "rows": list(zip(rows, expected, strict=True)),
        "now": now,
    }
