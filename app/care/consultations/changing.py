"""How a result differs from the version that was told before, both ways alike, in sentences. Pure.

What is newly warned of comes first. Of what was warned of and is no longer named it says whether a test that saw it could
have found it, from which amount on; never that it is gone. Without such a test the warning stands.
"""

from __future__ import annotations

from babel.numbers import format_decimal

from app.care.consultations.words import Words
from harm_messages import Facts, Pack
from harm_messages.evidence import Evidence
from harm_messages.register import within
from harm_messages.types import Abundance, StripReading
from harm_messages.vocabulary import State

REACTED = (StripReading.POSITIVE, StripReading.FAINT)


def changes(pack: Pack, before: Facts, now: Facts, locale: str, words: Words) -> tuple[str, ...]:
    """The sentences, the gravest first; none where the same things are named."""
    earlier, later = _named(pack, before), _named(pack, now)
    new = [one for one in later if not any(_same(pack, one, other) for other in earlier)]
    gone = [one for one in earlier if not any(_same(pack, one, other) for other in later)]
    said = [words.changed_raised.format(names=_label(pack, one, locale)) for one in new]
    for one in gone:
        limit, name = _limit(pack, before, now, one), _label(pack, one, locale)
        if limit is None:
            said.append(words.changed_open.format(names=name))
        else:
            said.append(words.changed_lowered.format(names=name, lod=format_decimal(limit, locale=locale)))
    return tuple(said)


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


def _label(pack: Pack, one: str, locale: str) -> str:
    words, register = pack.words(locale), pack.substances
    if one in register:
        return words.names.get(one) or register[one].in_sentence
    plain = (
        register.classes[one].plain if one in register.classes else words.class_kind.format(kind=one.rsplit(".", 1)[-1])
    )
    return words.classes.get(one) or plain
