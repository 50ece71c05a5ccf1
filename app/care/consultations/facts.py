"""Turns what the laboratory recorded into the facts the message rules read, keeps what a page was made of, and says how a result
differs from the version that was told before. Pure.

What the display log keeps is enough to make the same page again: facts, context and what staff did are the arguments of
`evaluate`. What a person said they also take is no part of it: the context leaves it out of every dump.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime

from babel.numbers import format_decimal
from pydantic import JsonValue, TypeAdapter

from app.care.consultations.words import Words
from app.results.derivation import finding_fact, scope_fact, strip_facts
from app.results.grounds import frozen
from app.results.view import ResultView
from harm_messages import Adjustments, Context, Facts, Pack, Page, evaluate
from harm_messages.evidence import Evidence
from harm_messages.register import Register, within
from harm_messages.types import Abundance, StripReading
from harm_messages.vocabulary import State


def facts_of(view: ResultView, pack: Pack) -> Facts:
    """Facts of one result version that was submitted, from what it stood on then, never what was written down since."""
    snapshot = frozen(view.result)
    assert snapshot is not None, "only what was submitted is told"
    return Facts(
        expected=expected_of(snapshot.expected, snapshot.intent, pack.substances.intents),
        expected_words=said_words(snapshot.words or "", pack.substances),
        form=snapshot.form,
        unit_mass_mg=snapshot.unit_mass_mg,
        logo=snapshot.logo,
        colours=snapshot.colours,
        findings=tuple(finding_fact(f.entered, f.confidence, tuple(f.methods), pack, f.amount) for f in view.findings),
        scope=tuple(scope_fact(one) for one in snapshot.scope),
        strips=tuple(strip_facts(snapshot.scope)),
    )


def expected_of(named: Sequence[str], intent: str, known_intents: Container[str]) -> tuple[str, ...]:
    """What the client expected in the pack's words; a bare “unknown” or “mixture” is an intent of its own."""
    if named:
        return tuple(named)
    return (intent,) if intent in known_intents else ()


def said_words(spoken: str, register: Register) -> str:
    """Words nobody found in the register, as they were said; a word that says nothing ("dunno") is none.

    They always lead to a page, as of a drug that nobody knows."""
    meant = register.resolve(spoken) if spoken.strip() else []
    says_nothing = bool(meant) and all(one.id in register.intents and register.intents[one.id].vague for one in meant)
    return "" if says_nothing else " ".join(spoken.split())


@dataclass(frozen=True, slots=True)
class MadeOf:
    """The arguments of one evaluation, without the pack: that is named by its digest."""

    facts: Facts
    context: Context
    adjustments: Adjustments
    locale: str
    now: datetime

    def page(self, pack: Pack) -> Page:
        """The page again. Raises HarmMessageError where this pack cannot say it."""
        return evaluate(pack, self.facts, self.context, self.locale, self.now, self.adjustments)

    def as_json(self) -> dict[str, JsonValue]:
        """For the column; what was not said of it is left out."""
        kept: dict[str, JsonValue] = KEPT.dump_python(self, mode="json", exclude_defaults=True)
        return kept


KEPT = TypeAdapter(MadeOf)
"""Reads what a page was made of from the data it was kept as."""


def page_digest(page: Page) -> str:
    """sha-256 of the page without anything self-reported: two pages with the same one read the same."""
    return hashlib.sha256(page.loggable().model_dump_json().encode()).hexdigest()


def rules_on(page: Page) -> list[str]:
    """Ids of the rules whose messages stand on the page, each once; what staff added is no rule's."""
    spoken = (m.rule_id for m in page.loggable().messages() if m.rule_id.startswith("R-"))
    return list(dict.fromkeys(spoken))


# -- how a result differs from the one told before: both ways alike, in sentences -----------------------------------
#
# What is newly warned of comes first. Of what was warned of and is no longer named it says whether a test that saw it could
# have found it, from which amount on; never that it is gone. Without such a test the warning stands. What the client expected
# was named and not warned of: "we warned of MDMA" beside "we did not find MDMA" is a riddle.

REACTED = (StripReading.POSITIVE, StripReading.FAINT)


def changes(pack: Pack, before: Facts, now: Facts, locale: str, words: Words) -> tuple[str, ...]:
    """The sentences, the most serious first; none where the same things are named."""
    earlier, later = _named(pack, before), _named(pack, now)
    new = [one for one in later if not any(_same(pack, one, other) for other in earlier)]
    gone = [one for one in earlier if not any(_same(pack, one, other) for other in later)]
    said = []
    for one in new:
        sentence = words.changed_raised_named if _only_named(pack, now, one) else words.changed_raised
        said.append(sentence.format(names=label_of(pack, one, locale)))
    for one in gone:
        limit, named = _limit(pack, before, now, one), _only_named(pack, before, one)
        if limit is None:
            sentence = words.changed_open_named if named else words.changed_open
        else:
            sentence = words.changed_lowered_named if named else words.changed_lowered
        lod = format_decimal(limit, locale=locale) if limit is not None else ""
        said.append(sentence.format(names=label_of(pack, one, locale), lod=lod))
    return tuple(said)


def _only_named(pack: Pack, facts: Facts, one: str) -> bool:
    """What the client expected, where it is not among what is always warned of."""
    row = pack.substances.classes.get(_class(pack, one))
    return one in facts.expected and (row is None or row.always_warn == "no")


def _named(pack: Pack, facts: Facts) -> list[str]:
    """What this version names and warns of: register ids, and classes where no substance is known. Fillers warn of nothing."""
    there = [f for f in facts.findings if f.abundance is not Abundance.NOT_DETECTED]
    ids = [f.substance or f.drug_class or "" for f in there] + [s.target for s in facts.strips if s.reading in REACTED]
    return [one for one in dict.fromkeys(ids) if _warned_of(pack, one)]


def _class(pack: Pack, one: str) -> str:
    return pack.substances[one].drug_class if one in pack.substances else one


def _warned_of(pack: Pack, one: str) -> bool:
    if one in pack.substances and pack.substances[one].psychoactive:
        return True
    row = pack.substances.classes.get(_class(pack, one))
    if row is None:  # the beginning of several classes, such as "opioid"
        return pack.substances.is_class(one)
    return row.always_warn != "no" or (one not in pack.substances and row.psychoactive)


def _same(pack: Pack, one: str, other: str) -> bool:
    """Whether both name one substance, or one names a class that holds the other."""
    if one in pack.substances and other in pack.substances:
        return one == other
    a, b = _class(pack, one), _class(pack, other)
    return within(a, b) or within(b, a)


def _limit(pack: Pack, before: Facts, now: Facts, one: str) -> float | None:
    """The share (%) from which a test other than the one that named it would see it now; None where no other test could."""
    evidence = Evidence(pack, now)
    if one not in pack.substances:
        return evidence.could_see(one)
    by = {m for f in before.findings if one in (f.substance, f.drug_class) for m in f.methods}
    tests = (t for t in evidence.tests(one) if t.state is State.NOT_SEEN and t.method not in by)
    return min((t.lod for t in tests if t.lod is not None), default=None)


def label_of(pack: Pack, one: str, locale: str) -> str:
    """A substance or class by its name in a sentence."""
    words, register = pack.words(locale), pack.substances
    if one in register:
        return words.names.get(one) or register[one].in_sentence
    plain = (
        register.classes[one].plain if one in register.classes else words.class_kind.format(kind=one.rsplit(".", 1)[-1])
    )
    return words.classes.get(one) or plain
