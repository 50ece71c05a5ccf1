"""From a message id and a match to finished text: values for placeholders, locale and fallback.

Strict: a placeholder without a value raises and the page is not shown; half a sentence can kill.
Imports Babel for lists and numbers, and this package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from babel.lists import format_list
from babel.numbers import format_decimal

from harm_messages.amounts import amount_text, fraction_text
from harm_messages.content import Labels
from harm_messages.derived import Derived, Seen, class_plain
from harm_messages.markdown import fill, to_html, to_plain
from harm_messages.page import Message
from harm_messages.rules import ARGS
from harm_messages.texts import MessageText
from harm_messages.types import Confidence, HarmMessageError, Severity, Slot


def joined(names: Iterable[str], locale: str) -> str:
    """ "a, b and c" in the words of the locale, each once."""
    return format_list(list(dict.fromkeys(n for n in names if n)), locale=_babel(locale))


def one_of(names: Iterable[str], locale: str) -> str:
    """ "a, b or c" in the words of the locale, each once."""
    return format_list(list(dict.fromkeys(n for n in names if n)), style="or", locale=_babel(locale))


def _babel(locale: str) -> str:
    return "en_GB" if locale == "en" else locale.replace("-", "_")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message goes and how grave it is."""

    severity: Severity
    slot: Slot
    topic: str = ""
    rule_id: str = ""
    self_reported: bool = False


class Writer:
    """Writes messages for one set of derived facts in one locale."""

    def __init__(self, d: Derived, locale: str) -> None:
        self.d = d
        self.locale = locale
        self.labels: Labels = d.pack.words(locale)

    def write(
        self, message_id: str, place: Place, seen: Iterable[Seen] = (), extra: Mapping[str, str] | None = None
    ) -> Message:
        """One finished message."""
        text = self.d.pack.message(message_id, self.locale)
        bound = tuple(seen)
        try:
            values = {p: (extra or {}).get(p) or self._value(p, bound) for p in text.placeholders}
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
            because=self._because(place, bound),
            severity_word=self.labels.severity[place.severity],
            topic=place.topic,
            rule_id=place.rule_id,
            origin="self_reported" if place.self_reported else "result",
            fallback=text.locale != self.locale,
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
        names = joined((s.name_with_class for s in named if s.confidence is best), self.locale)
        return fill(self.labels.confidence[best], {"names": names})

    # -- values ------------------------------------------------------------------------------------

    def _value(self, placeholder: str, bound: tuple[Seen, ...]) -> str:
        source = ARGS[placeholder]
        return VALUES[source](self, bound)

    def names(self, bound: tuple[Seen, ...]) -> str:
        """The names of the findings."""
        return joined((s.name for s in bound), self.locale)

    def plain_class(self, bound: tuple[Seen, ...]) -> str:
        """The class of the first finding, in plain words."""
        named = [s for s in bound if s.drug_class]
        return class_plain(self.d.pack, named[0].drug_class) if named else ""

    def expected(self, bound: tuple[Seen, ...]) -> str:
        """What the client named; empty when nothing was named."""
        return joined((self.d.pack.substances.label(i) for i in self.d.want.ids), self.locale)

    def _quantified(self, bound: tuple[Seen, ...]) -> Seen | None:
        measured = [s for s in bound if s.fact.amount is not None]
        return max(measured, key=lambda s: s.fact.amount.upper if s.fact.amount else 0.0, default=None)

    def amount(self, bound: tuple[Seen, ...]) -> str:
        """The amount of the finding measured highest."""
        s = self._quantified(bound)
        if s is None or s.fact.amount is None:
            return ""
        where = (self.d.pack, s.substance, s.fact.amount, self.d.facts.form, self.labels)
        return amount_text(*where, _babel(self.locale))

    def fraction(self, bound: tuple[Seen, ...]) -> str:
        """A quarter of it."""
        s = self._quantified(bound)
        if s is None or s.fact.amount is None:
            return ""
        where = (self.d.pack, s.substance, s.fact.amount, self.d.facts.form, self.labels)
        return fraction_text(*where, _babel(self.locale))

    def lod(self, bound: tuple[Seen, ...]) -> str:
        """The highest limit among the methods that count: the cautious one."""
        limits = [s.lod for s in self.d.facts.scope if s.counts and s.lod is not None]
        if not limits:
            return self.labels.lod_unknown
        return fill(self.labels.lod_known, {"percent": format_decimal(max(limits), locale=_babel(self.locale))})

    def methods(self, bound: tuple[Seen, ...]) -> str:
        """The methods that ran, in plain words."""
        run = [s.method for s in self.d.facts.scope if s.counts] + ["strip"] * bool(self.d.facts.strips)
        named = {key.casefold(): words for key, words in self.labels.methods.items()}
        words = sorted({named.get(m.casefold(), m) for m in run})
        return joined(words, self.locale) or self.labels.methods_unknown

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
