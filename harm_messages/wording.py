"""From a message id and a match to finished text: values for placeholders, locale and fallback.

Strict: a placeholder without a value raises and the page is not shown; half a sentence can kill.
Imports Babel for lists and numbers, and this package.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from babel.lists import format_list
from babel.numbers import format_decimal

from harm_messages.amounts import amount_text, fraction_text
from harm_messages.content import Labels
from harm_messages.derived import Derived, Seen, class_plain
from harm_messages.markdown import fill, to_html, to_plain
from harm_messages.page import Message
from harm_messages.rules import ARGS
from harm_messages.texts import MessageText
from harm_messages.types import AmountFact, Confidence, HarmMessageError, Severity, Slot, StripReading


def spoken(text: str, say: Mapping[str, str]) -> str:
    """As read-aloud says it: what stands in `say` in its place, other words of capitals letter by letter."""
    return _said(frozenset(say)).sub(lambda m: say.get(m.group(0)) or " ".join(m.group(0)), text)


@lru_cache(maxsize=16)
def _said(keys: frozenset[str]) -> re.Pattern[str]:
    either = "|".join(re.escape(k) for k in sorted(keys, key=lambda k: (-len(k), k)))
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)|{_SPELLED}" if keys else _SPELLED)


_SPELLED = r"(?<!\w)[0-9]?[A-Z]{2,5}(?!\w)|(?<!\w)[0-9][A-Z](?!\w)"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message goes and how grave it is."""

    severity: Severity
    slot: Slot
    topic: str = ""
    rule_id: str = ""
    self_reported: bool = False


class Writer:
    """Writes messages for one set of derived facts in one locale. Its own words may be another's: `labels_locale`."""

    def __init__(self, d: Derived, locale: str) -> None:
        self.d = d
        self.locale = locale
        self.labels: Labels = d.pack.words(locale)
        self.labels_locale = d.pack.words_locale(locale)
        self._babel = "en_GB" if self.labels_locale == "en" else self.labels_locale.replace("-", "_")

    def speaking(self, message_id: str) -> Writer:
        """The writer in whose language this message is: where a translation is missing, names are English too."""
        locale = self.d.pack.message(message_id, self.locale).locale
        return self if locale == self.locale else Writer(self.d, locale)

    def write(
        self, message_id: str, place: Place, seen: Iterable[Seen] = (), extra: Mapping[str, str] | None = None
    ) -> Message:
        """One finished message. `extra`: values that come from elsewhere, in the language of `speaking(message_id)`."""
        text = self.d.pack.message(message_id, self.locale)
        bound = tuple(seen)
        w = self.speaking(message_id)
        try:
            values = {p: (extra or {}).get(p) or w._value(p, bound) for p in text.placeholders}
            return self._message(text, place, values, bound)
        except KeyError as error:
            raise HarmMessageError(f"{message_id}: no value for {error}; the page is not shown") from error

    def _message(self, text: MessageText, place: Place, values: Mapping[str, str], bound: tuple[Seen, ...]) -> Message:
        return Message(
            id=text.id,
            version=text.version,
            severity=place.severity,
            slot=place.slot,
            locale=text.locale,
            title=fill(text.title, values),
            text=to_plain(text.short, values),
            html=to_html(text.short, values),
            more_text=to_plain(text.more, values) if text.more else "",
            more_html=to_html(text.more, values) if text.more else "",
            spoken=spoken(to_plain(text.spoken or text.short, values), self.d.pack.words(text.locale).say),
            pictogram=text.pictogram,
            because=self._because(place, bound),
            severity_word=self.labels.severity[place.severity],
            topic=place.topic,
            rule_id=place.rule_id,
            origin="self_reported" if place.self_reported else "result",
            fallback=text.locale != self.locale,
            machine_drafted=self.d.pack.machine_drafted(text),
            tags=text.tags,
        )

    def _because(self, place: Place, bound: tuple[Seen, ...]) -> str:
        """Only where the evidence is weaker than confirmed, so that strength is never read into it."""
        named = [s for s in bound if not s.unknown]
        if place.slot not in (Slot.DANGER, Slot.DIFFERENCE) or place.severity is Severity.S4 or not named:
            return ""
        best = max((s.confidence for s in named), key=lambda c: c.rank)
        if best is Confidence.CONFIRMED:
            return ""
        names = self.joined(self.long_name(s) for s in named if s.confidence is best)
        return fill(self.labels.confidence[best], {"names": names})

    # -- names -------------------------------------------------------------------------------------

    def joined(self, names: Iterable[str]) -> str:
        """ "a, b and c", each once."""
        each = list(dict.fromkeys(n for n in names if n))
        if len(each) > 1 and self.labels.list_and:
            return f"{', '.join(each[:-1])} {self.labels.list_and} {each[-1]}"
        return format_list(each, locale=self._babel)

    def one_of(self, names: Iterable[str]) -> str:
        """ "a, b or c", each once."""
        return format_list(list(dict.fromkeys(n for n in names if n)), style="or", locale=self._babel)

    def class_words(self, drug_class: str) -> str:
        """A class in plain words, also for beginnings such as "opioid"."""
        said = self.labels.classes.get(drug_class)
        if said is None and drug_class not in self.d.pack.substances.classes:
            return self.labels.class_kind.format(kind=drug_class.rsplit(".", 1)[-1])
        return said or class_plain(self.d.pack, drug_class)

    def label(self, expected_id: str) -> str:
        """What somebody named: a substance, an intent or a class."""
        register = self.d.pack.substances
        if expected_id in register or expected_id in register.intents:
            return self.labels.names.get(expected_id) or register.label(expected_id)
        return self.class_words(expected_id)

    def name(self, s: Seen) -> str:
        """A finding inside a sentence; empty where nobody could name it."""
        if s.unknown:
            return ""
        return self.class_words(s.drug_class) if s.substance is None else self.label(s.substance)

    def long_name(self, s: Seen) -> str:
        """The same with its class, where the name alone means nothing to most people."""
        name = self.name(s)
        return name if s.name_with_class == s.name else f"{name} ({self.class_words(s.drug_class)})"

    # -- values ------------------------------------------------------------------------------------

    def _value(self, placeholder: str, bound: tuple[Seen, ...]) -> str:
        source = ARGS[placeholder]
        return VALUES[source](self, bound)

    def names(self, bound: tuple[Seen, ...]) -> str:
        """The names of the findings."""
        return self.joined(self.name(s) for s in bound)

    def plain_class(self, bound: tuple[Seen, ...]) -> str:
        """The class of the first finding, in plain words."""
        named = [s for s in bound if s.drug_class]
        return self.class_words(named[0].drug_class) if named else ""

    def expected(self, bound: tuple[Seen, ...]) -> str:
        """What the client named; empty when nothing was named."""
        return self.joined(self.label(i) for i in self.d.want.ids)

    def _measured(self, bound: tuple[Seen, ...]) -> list[tuple[Seen, AmountFact]]:
        found = [(s, s.fact.amount) for s in bound if s.confidence is Confidence.CONFIRMED]
        return [(s, amount) for s, amount in found if amount is not None]

    def amount(self, bound: tuple[Seen, ...]) -> str:
        """The amount of each finding that was measured; with its name where there are several, so that nobody reads
        the one as the other's."""
        measured = self._measured(bound)
        form, several = self.d.facts.form, len(measured) > 1
        return self.joined(
            amount_text(
                self.d.pack, s.substance, amount, form, self.labels, self._babel, self.name(s) if several else ""
            )
            for s, amount in measured
        )

    def fraction(self, bound: tuple[Seen, ...]) -> str:
        """A quarter of the finding measured highest."""
        measured = self._measured(bound)
        if not measured:
            return ""
        s, amount = max(measured, key=lambda pair: pair[1].upper)
        return fraction_text(self.d.pack, s.substance, amount, self.d.facts.form, self.labels, self._babel)

    def lod(self, bound: tuple[Seen, ...]) -> str:
        """The highest limit among the methods that count, also that of what was expected: the cautious one."""
        asked = [None, *self.d.want.substances]
        runs = [s for s in self.d.facts.scope if s.counts]
        limits = [limit for s in runs for one in asked if (limit := s.lod_of(one)) is not None]
        if not limits:
            return self.labels.lod_unknown
        return fill(self.labels.lod_known, {"percent": format_decimal(max(limits), locale=self._babel)})

    def methods(self, bound: tuple[Seen, ...]) -> str:
        """The methods that ran, in plain words."""
        worked = any(s.reading is not StripReading.INVALID for s in self.d.facts.strips)
        run = [s.method for s in self.d.facts.scope if s.counts] + ["strip"] * worked
        named = {key.casefold(): words for key, words in self.labels.methods.items()}
        words = sorted({named.get(m.casefold(), m) for m in run})
        return self.joined(words) or self.labels.methods_unknown

    def session_place(self, bound: tuple[Seen, ...]) -> str:
        """Where the person is."""
        return self.d.context.session_place.strip() or self.labels.place_unknown


VALUES: dict[str, Callable[[Writer, tuple[Seen, ...]], str]] = {
    "found.names": Writer.names,
    "found.class_plain": Writer.plain_class,
    "found.amount": Writer.amount,
    "found.fraction": Writer.fraction,
    "facts.expected": Writer.expected,
    "scope.lod": Writer.lod,
    "scope.methods": Writer.methods,
    "context.session_place": Writer.session_place,
}
