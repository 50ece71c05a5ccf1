"""Where a message would show, how it would look, which pages a change changes, and when a rule fires, in a sentence. Pure: packs
in memory.

The ten worked cases are those of docs/methods/messages.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from harm_messages import Context, Facts, HarmMessageError, LicenceMode, Message, Pack, Page, evaluate
from harm_messages.markdown import to_html
from harm_messages.rules import Rule, When
from harm_messages.tagged import plain
from harm_messages.texts import MessageText
from harm_messages.types import AlertFact, AmountFact, FindingFact, ScopeFact, StripFact
from harm_messages.witness import witness

SEVERITY_WORDS = {
    "S0": "act now", "S1": "danger", "S2": "serious", "S3": "careful", "S4": "information",
}  # fmt: skip
_SURE = {
    "confirmed": "confirmed", "indicated": "indicated or surer", "class_only": "at least its class is known",
    "tentative": "even on weak evidence",
}  # fmt: skip
_ROLES = {
    "expected": "as expected", "substitute": "in place of what was expected", "adulterant": "beside what was expected",
    "byproduct": "as a by-product", "cutting": "as a cutting agent", "excipient": "as part of a tablet or liquid",
    "unstated": "with nothing named as expected",
}  # fmt: skip


def rule_in_words(rule: Rule, pack: Pack) -> str:
    """ "a nitazene is found (even on weak evidence)"."""
    return _said(rule.when, pack)


def _said(when: When, pack: Pack) -> str:
    if when.kind == "all":
        return " and ".join(_inner(w, pack) for w in when.inner)
    if when.kind == "any":
        return " or ".join(_inner(w, pack) for w in when.inner)
    if when.kind == "not":
        return f"not: {_said(when.inner[0], pack)}"
    return _WORDS[when.kind](when.chosen, pack)


def _inner(when: When, pack: Pack) -> str:
    words = _said(when, pack)
    return f"({words})" if when.kind in ("all", "any") and len(when.inner) > 1 else words


def _names(spec: Any, pack: Pack, otherwise: str = "something") -> str:
    named = [_class(c, pack) for c in spec.drug_class] + [_substance(s, pack) for s in spec.substance]
    words = _either(named)
    if getattr(spec, "unknown", False):
        words = "something that cannot be named yet"
    elif not words:
        kind = {True: "a psychoactive substance", False: "something that is not psychoactive", None: otherwise}
        words = kind[getattr(spec, "psychoactive", None)]
    barred = [_class(c, pack) for c in getattr(spec, "not_class", ())]
    barred += [_substance(s, pack) for s in getattr(spec, "not_substance", ())]
    return words + (f" (not {_either(barred)})" if barred else "")


def _class(key: str, pack: Pack) -> str:
    row = pack.substances.classes.get(key)
    return row.plain if row is not None else f"anything of the class “{key}”"


def _substance(key: str, pack: Pack) -> str:
    found = pack.substances.get(key)
    return pack.substances.label(key) if found is not None else f"“{key}”"


def _either(words: Iterable[str]) -> str:
    parts = list(dict.fromkeys(words))
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + f" or {parts[-1]}" if parts else ""


def _plain(values: Iterable[Any]) -> str:
    return _either(str(v).replace("_", " ") for v in values)


def _none_found(spec: Any, pack: Pack) -> str:
    what = "what was expected" if spec.expected else _names(spec, pack, "anything")
    return f"{what} is not found, by a method that could have seen it"


def _pair(spec: Any, pack: Pack) -> str:
    def side(keys: Iterable[str]) -> str:
        return _either(pack.groups[k].plain if k in pack.groups else k for k in keys)

    return f"{side(spec.a)} together with {side(spec.b)}, found or also taken"


def _intent(spec: Any, pack: Pack) -> str:
    if spec.vague is not None and not spec.id:
        return "nothing definite was expected" if spec.vague else "something definite was expected"
    if spec.id:
        return f"“{_plain(spec.id)}” was said to be expected"
    return f"{_names(spec, pack)} was expected"


_WORDS: dict[str, Callable[[Any, Pack], str]] = {
    "found": lambda spec, pack: f"{_names(spec, pack)} is found ({_SURE[spec.min_confidence.value]})",
    "all_found": lambda specs, pack: " together with ".join(_names(spec, pack) for spec in specs) + " is found",
    "none_found": _none_found,
    "role": lambda spec, pack: (
        f"{_names(spec, pack)} is there {_either(_ROLES.get(r.value, r.value) for r in spec.is_)}"
    ),
    "substituted": lambda _, pack: "what was expected is not there and something else is",
    "band": lambda spec, pack: f"the amount of {_names(spec, pack)} is {_plain(b.value for b in spec.is_)}",
    "pair": _pair,
    "outcome": lambda spec, pack: f"the analysis ended {_plain(o.value for o in spec)}",
    "confidence": lambda spec, pack: f"{_names(spec, pack)} is found, {_plain(c.value for c in spec.is_)}",
    "scope_gap": lambda spec, pack: f"no method that ran could see {_class(spec, pack)}",
    "strip": lambda spec, pack: (
        f"a strip for {_class(spec.target, pack) if pack.substances.is_class(spec.target) else spec.target} "
        f"reads {_plain(r.value for r in spec.reading)}"
    ),
    "alert": lambda _, pack: "an active alert fits this sample",
    "form": lambda spec, pack: f"it came as {_plain(f.value for f in spec)}",
    "intent": _intent,
}


_GC_MS = ScopeFact(method="GC_MS", classes=("*",), lod=1)
_FTIR = ScopeFact(
    method="FTIR", classes=("*",), lod=5,
    excludes=(
        "opioid.fentanyl", "opioid.nitazene", "psychedelic.lysergamide", "psychedelic.nbome", "psychedelic.dox",
        "benzodiazepine.novel", "cannabinoid.synthetic", "sedative.alpha2",
    ),
)  # fmt: skip
_BY = ("GC_MS",)


def _found(
    substance: str, confidence: str = "confirmed", abundance: str = "major", amount: AmountFact | None = None
) -> FindingFact:
    return FindingFact(substance=substance, confidence=confidence, abundance=abundance, methods=_BY, amount=amount)


def _amount(value: float, u: float, unit: str, basis: str) -> AmountFact:
    return AmountFact(value=value, low=value - u, high=value + u, unit=unit, basis=basis)


def _heroin(confidence: str) -> tuple[FindingFact, ...]:
    return (
        _found("heroin", confidence), _found("6-monoacetylmorphine", confidence, "minor"),
        _found("noscapine", confidence, "minor"), _found("paracetamol", confidence), _found("caffeine", confidence, "minor"),
    )  # fmt: skip


def _strip(reading: str) -> tuple[StripFact, ...]:
    return (StripFact(target="opioid.nitazene", reading=reading, brand="BTNX", lot="DOA-1"),)


_CASES: tuple[tuple[str, Facts, tuple[str, ...]], ...] = (
    ("MDMA pill, 232 mg", Facts(
        expected=("mdma",), form="tablet", scope=(_GC_MS, _FTIR),
        findings=(_found("mdma", amount=_amount(232, 14, "mg_per_unit", "hydrochloride")),),
    ), ()),
    ("Eutylone sold as MDMA", Facts(
        expected=("mdma",), form="powder", scope=(_GC_MS, _FTIR), findings=(_found("eutylone"),),
    ), ()),
    ("Heroin, nitazene strip positive", Facts(
        expected=("heroin",), form="powder", scope=(_GC_MS, _FTIR), findings=_heroin("confirmed"),
        strips=_strip("positive"),
    ), ()),
    ("Heroin, nitazene strip negative, FTIR only", Facts(
        expected=("heroin",), form="powder", scope=(_FTIR,), findings=_heroin("indicated"),
        strips=_strip("negative"),
    ), ()),
    ("Bromazolam and medetomidine sold as diazepam", Facts(
        expected=("diazepam",), form="tablet", scope=(_GC_MS,),
        findings=(_found("bromazolam"), _found("medetomidine", "indicated", "minor")),
    ), ()),
    ("25I-NBOMe sold as LSD", Facts(
        expected=("lsd",), form="blotter", scope=(_GC_MS,), findings=(_found("25i-nbome", "indicated"),),
    ), ()),
    ("Nothing found, ketamine expected", Facts(expected=("ketamine",), form="powder", scope=(_GC_MS, _FTIR)), ()),
    ("Synthetic cannabinoid in a vape", Facts(
        expected=("thc",), form="vape", scope=(_GC_MS,),
        findings=(_found("mdmb-4en-pinaca", abundance="minor"), _found("propylene-glycol"), _found("glycerol")),
    ), ()),
    ("Cocaine with levamisole, and a drink", Facts(
        expected=("cocaine",), form="powder", scope=(_GC_MS, _FTIR),
        findings=(
            _found("cocaine", amount=_amount(62, 4, "percent_ww", "hydrochloride")),
            _found("levamisole", abundance="minor"), _found("phenacetin", abundance="minor"),
        ),
    ), ("alcohol",)),
    ("A crystal nobody can name yet", Facts(
        expected=("unknown",), form="crystal", scope=(_GC_MS, _FTIR),
        findings=(FindingFact(confidence="indicated", methods=_BY),),
        alerts=(AlertFact(id="A-1", substances=("pmma",), forms=("tablet",)),),
    ), ()),
)  # fmt: skip


WORKED_CASES = tuple(
    (
        title,
        facts,
        Context(
            licence_mode=LicenceMode.FOH_GENERAL, released=True, session_place="the welfare tent", also_taking=also
        ),
    )
    for title, facts, also in _CASES
)
"""Title, facts and context of each."""
SAMPLE_VALUES = {
    "names": "MDMA", "expected": "ketamine", "amount": "230 mg of MDMA, counted as the usual salt", "fraction": "58 mg",
    "in_usual": "about two usual adult amounts", "quarter_in_usual": "about half of one usual amount",
    "class_plain": "a stimulant", "lod": "about 5 %", "methods": "infrared light", "session_place": "the welfare tent",
}  # fmt: skip
"""What stands in the place of {names} and the others where no example page can be made."""


@dataclass(frozen=True, slots=True)
class Where:
    """One rule that brings a message to a page."""

    rule: Rule
    words: str
    example: Message | None


@dataclass(frozen=True, slots=True)
class Shows:
    """Everything about where a message is to be seen."""

    rules: tuple[Where, ...]
    cases: tuple[str, ...]
    by_code: str = ""
    emergency: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseChange:
    """A worked case whose page differs between two versions: the messages that only one of them has, in order."""

    title: str
    gone: tuple[Message, ...]
    come: tuple[Message, ...]
    reordered: bool = False
    said: str = ""


def moment(pack: Pack) -> datetime:
    """A moment at which this pack opens pages, for examples."""
    return max(pack.manifest.effective.start or datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))


def case_pages(pack: Pack) -> Iterator[tuple[str, Page | None, str]]:
    """Each worked case: its title and its page, or why there is none."""
    for title, facts, context in WORKED_CASES:
        try:
            yield title, evaluate(pack, facts, context, "en", moment(pack)), ""
        except HarmMessageError as error:
            yield title, None, str(error)


def shows(pack: Pack, message_id: str) -> Shows:
    """Where a message would show."""
    rules = tuple(
        Where(rule, rule_in_words(rule, pack), example_of(rule, pack))
        for rule in pack.rules
        if rule.emit.message == message_id
    )
    cases = tuple(
        title
        for title, page, _ in case_pages(pack)
        if page is not None and any(m.id == message_id for m in page.messages())
    )
    by_code = next((key for key, m in pack.manifest.fixed.items() if m == message_id), "")
    steps = tuple(s.step for s in pack.emergency if message_id in s.fragments.values())
    return Shows(rules, cases, by_code.replace("_", " "), steps)


def example_of(rule: Rule, pack: Pack, locale: str = "en") -> Message | None:
    """The message as a page made for this rule shows it; None where no such page can be made."""
    for by_class in (False, True):
        try:
            facts, context = witness(rule, pack, by_class)
            page = evaluate(pack, facts, context, locale, moment(pack))
        except (HarmMessageError, ValueError, LookupError, StopIteration):
            continue
        for message in page.messages():
            if message.id == rule.emit.message:
                return message
    return None


def rendered(text: MessageText) -> tuple[str, str, str]:
    """Title, card and more of a message as HTML, with sample values in its places."""
    values = SAMPLE_VALUES
    return (
        text.title.format_map(_Sample(values)),
        to_html(plain(text.short), values),
        to_html(plain(text.more), values) if text.more else "",
    )


class _Sample(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def changed_cases(old: Pack, new: Pack) -> list[CaseChange]:
    """The worked cases whose pages differ."""
    found = []
    for (title, before, why_before), (_, after, why_after) in zip(case_pages(old), case_pages(new), strict=True):
        if before is None or after is None:
            if why_before != why_after:
                found.append(CaseChange(title, (), (), said=why_after or "A page opens that did not open before."))
            continue
        one, other = _looks(before), _looks(after)
        gone = tuple(m for m, look in one if look not in {look for _, look in other})
        come = tuple(m for m, look in other if look not in {look for _, look in one})
        moved = [look for _, look in one] != [look for _, look in other]
        if gone or come or moved:
            found.append(CaseChange(title, gone, come, reordered=moved and not gone and not come))
    return found


def _looks(page: Page) -> Sequence[tuple[Message, tuple[str, ...]]]:
    """Each message with everything a reader would see of it. Notices are about the signatures, not the words."""
    notices = {id(m) for m in page.notices}
    return [
        (m, (m.id, m.title, m.text, m.more_text, m.severity.value, m.locale, m.because))
        for m in page.messages()
        if id(m) not in notices
    ]


@dataclass(frozen=True, slots=True)
class TurnsEnglish:
    """Messages that pages in `language` show in that language now, and in the pack's first language once a version is signed."""

    language: str
    messages: tuple[str, ...]


def turned_english(now: Pack, then: Pack) -> list[TurnsEnglish]:
    """By language, what loses its translation when `then` is signed: the text it was made from changed, or no speaker of the
    language has read it."""
    first = then.manifest.default_locale
    found = []
    for locale, row in then.locales.items():
        spoken = (key for key, code in now.messages if code == locale and (key, first) in then.messages)
        gone = tuple(
            key for key in spoken if now.message(key, locale).locale == locale and not _once_signed(then, key, locale)
        )
        if locale != first and gone:
            found.append(TurnsEnglish(row.name, tuple(sorted(gone))))
    return found


def _once_signed(pack: Pack, message_id: str, locale: str) -> bool:
    said = pack.message(message_id, locale)
    return said.locale == locale and said.status == "approved"
