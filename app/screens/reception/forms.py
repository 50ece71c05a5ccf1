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
FIRST_FORMS = (Form.POWDER, Form.TABLET, Form.CRYSTAL, Form.CAPSULE, Form.LIQUID, Form.BLOTTER, Form.VAPE)
"""Those with a tile of their own; the others are behind “More”."""
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
    "non_binary": "Non-binary",
    "client_asked": "The client asked for it",
    "registered_by_mistake": "It was registered by mistake", "sample_lost": "The sample was lost or spilt",
    "multi": "Mixed",
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


def options(kind: type[StrEnum], *, lower: bool = False, none: str = "None") -> list[tuple[str, str]]:
    """Choices of a field, with the words of the one that says `none`."""
    words = {v.value: none if v.value == "none" else label(v) for v in kind}
    return [(value, word.lower() if lower else word) for value, word in words.items()]


CHOICES: dict[str, list[tuple[str, str]]] = {
    "submitter_type": options(d.SubmitterType),
    "form": [(v.value, label(v)) for v in FIRST_FORMS],
    "other_form": [(v.value, label(v)) for v in Form if v not in FIRST_FORMS],
    "collection": options(d.Collection),
    "texture": options(d.Texture, lower=True),
    "provider_relation": options(d.Provider),
    "acquired_where": options(d.AcquiredWhere),
    "used_before_test": options(d.UsedBefore),
    "effects_reported": options(d.Effect, none="No effect"),
    "harm_event": options(d.HarmEvent, none="No harm"),
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
    {
        **{one.name: one.free for one in fields_of(NewSample)},
        **dict.fromkeys(("expected_words", "expected_typed", "place"), FOR_STAFF),
    }
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
    fields["consents"] = answers_of(form)
    return fields


def answers_of(form: Filled) -> dict[str, str]:
    """The answer to each question that was asked. “Yes to all” answers the required ones that have no answer of their own."""
    all_of_them = "yes" if form.one["consent_all"] == "yes" else ""
    given = {
        kind.value: form.one[f"consent_{kind.value}"] or all_of_them * (kind in MUST_ASK) for kind in d.ConsentKind
    }
    return {kind: answer for kind, answer in given.items() if answer}


def settle(register: Register, form: Filled) -> list[substances.Suggestion]:
    """What the words in the field may mean, where the person has to say it; else they become words spoken, and nothing is left.

    What was chosen becomes the street name that stood in the list. Letters typed before a choice are never kept.
    """
    meant, unclear, offers = form.one["meant"], list[str](), list[substances.Suggestion]()
    for part in filter(None, (one.strip() for one in form.one["expected_typed"].split(";"))):
        may_mean = {one.id: one for one in substances.meanings(register, part)} if meant != "keep" else {}
        said = may_mean[meant].said if meant in may_mean else part
        if may_mean and meant not in may_mean:
            unclear.append(part)
            offers += may_mean.values()
        elif said and said not in form.many["expected_words"]:
            form.many["expected_words"].append(said)
    if meant not in ("", "keep", *form.many["expected"]):
        form.many["expected"].append(meant)
    form.one["expected_typed"], form.one["meant"] = "; ".join(unclear), ""
    return offers


def unclear(offers: Sequence[substances.Suggestion]) -> dict[str, str]:
    """What is said where words may mean several things, by field."""
    return {"meant": "Choose what they mean, or keep the words as typed."} if offers else {}


def missing_consents(form: Filled, *, individual_results: bool) -> dict[str, str]:
    """Consents the sample needs and the form does not have, by field."""
    given = {d.ConsentKind(kind): d.ConsentAnswer.YES for kind, answer in answers_of(form).items() if answer == "yes"}
    submitter = form.one.get("submitter_type") or d.SubmitterType.PUBLIC
    known = submitter if submitter in list(d.SubmitterType) else d.SubmitterType.PUBLIC
    wrong = d.consent_problems(given, d.SubmitterType(known), individual_results=individual_results)
    return {f"consent_{kind.value}": sentence for kind, sentence in wrong.items()}


def plain_number(text: str) -> str:
    """A decimal comma is a decimal point; a thousands separator is not guessed."""
    return text.replace(",", ".") if text.count(",") == 1 and "." not in text else text


SENTENCES = {
    "form": "Choose what it looks like.",
    "weight_mg": "Enter the weight in mg, for example 312.",
    "received_mg": "Enter the amount handed in, in mg, for example 40.",
    "width_mm": "Enter the width in mm, for example 8.",
    "height_mm": "Enter the height in mm, for example 8.",
    "thickness_mm": "Enter the thickness in mm, for example 4.5.",
    "price": "Enter the price as a number, for example 10.",
    "group_size": "Enter the number of people, 1 to 50.",
    "words_spoken": "Shorten the words spoken to 120 letters.",
    "staff_note": "Shorten the note to 140 letters.",
    "expected": "Choose from the list, or keep the words as typed.",
}


def read(kind: type[Read], fields: Mapping[str, object], known: Mapping[str, str] = SENTENCES) -> Read:
    """What was typed as what the service takes. Raises Invalid with a sentence per field."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        found: dict[str, str] = {}
        for item in error.errors():
            name = str(item["loc"][0]) if item["loc"] else ""
            if not name and fields.get("expected") and fields.get("intent") == d.Intent.UNKNOWN:
                found["expected"] = "Choose what they think it is, or Unknown. Not both."
                continue
            text = known.get(name) or (f"{label(name)}: choose from the list." if name else str(item["msg"]))
            if "control character" in item["msg"]:  # which one, and where
                text = f"This text {item['msg'].removeprefix('Value error, ')}."
            found["expected" if name in ("words_spoken", "intent") else name] = text
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


def of_the_same_group(row: Sample, answers: Mapping[d.ConsentKind, d.ConsentAnswer]) -> Filled:
    """A form for the next sample of the same people: their group and what they answered are not asked again."""
    carried = {
        "same": row.id,
        "group_ref": row.group_ref,
        "group_size": row.group_size or "",
        "submitter_type": row.submitter_type,
    }
    asked = {f"consent_{kind.value}": said for kind, said in answers.items() if said is not d.ConsentAnswer.NOT_ASKED}
    return Filled(one=Entered({name: str(value) for name, value in (carried | asked).items()}))


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
