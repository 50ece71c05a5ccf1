"""What things are called in one language, and the values that stand in place of placeholders.

Imports Babel for lists and numbers, and this package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from babel.lists import format_list
from babel.numbers import format_decimal

from harm_messages.amounts import amount_text, fraction_text, usual_text
from harm_messages.content import Labels
from harm_messages.derived import Derived, class_plain
from harm_messages.derived_finding import DerivedFinding
from harm_messages.markdown import fill
from harm_messages.rules import ARGS
from harm_messages.types import AmountFact, Confidence


class Namer:
    """Names and values for one set of derived facts in one locale. Its own words may be another's: `labels_locale`."""

    def __init__(self, d: Derived, locale: str) -> None:
        self.d = d
        self.locale = locale
        self.labels: Labels = d.pack.words(locale)
        self.labels_locale = d.pack.words_locale(locale)
        self._babel = "en_GB" if self.labels_locale == "en" else self.labels_locale.replace("-", "_")

    def percent(self, limit: float) -> str:
        """A limit in words."""
        return fill(self.labels.lod_known, {"percent": _decimal(limit, self._babel)})

    # -- names -------------------------------------------------------------------------------------

    def joined(self, names: Iterable[str]) -> str:
        """ "a, b and c", each once."""
        each = list(dict.fromkeys(n for n in names if n))
        if len(each) < 2:
            return "".join(each)
        if self.labels.list_and:
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

    def plural(self, target: str) -> str:
        """The target of a test as people call all of its kind: "nitazenes"; a substance by its name."""
        return self.labels.plurals.get(target) or (
            self.class_words(target) if self.d.pack.substances.is_class(target) else self.named(target)
        )

    def named(self, target: str) -> str:
        """A substance or class of the register; what the register does not know is something without a name."""
        register = self.d.pack.substances
        known = target in register or register.is_class(target) or target in register.intents
        return self.label(target) if known else self.labels.something_unknown

    def method_words(self, method: str) -> str:
        """A method in plain words."""
        own = method.casefold()
        named = [words for key, words in self.labels.methods.items() if key.casefold() == own]
        return named[-1] if named else method

    def label(self, expected_id: str) -> str:
        """What someone named: a substance, an intent or a class."""
        register = self.d.pack.substances
        if expected_id in register or expected_id in register.intents:
            return self.labels.names.get(expected_id) or register.label(expected_id)
        return self.class_words(expected_id)

    def name(self, s: DerivedFinding) -> str:
        """A finding inside a sentence; empty where nobody could name it."""
        if s.unknown:
            return ""
        return self.class_words(s.drug_class) if s.substance is None else self.label(s.substance)

    def long_name(self, s: DerivedFinding) -> str:
        """A finding inside a sentence, with its class where the name alone means nothing to most people."""
        name = self.name(s)
        return name if s.name_with_class == s.name else f"{name} ({self.class_words(s.drug_class)})"

    # -- values ------------------------------------------------------------------------------------

    def value(self, placeholder: str, bound: tuple[DerivedFinding, ...]) -> str:
        """What stands in place of this placeholder."""
        source = ARGS[placeholder]
        return VALUES[source](self, bound)

    def names(self, bound: tuple[DerivedFinding, ...]) -> str:
        """The names of the findings."""
        return self.joined(self.name(s) for s in bound)

    def plain_class(self, bound: tuple[DerivedFinding, ...]) -> str:
        """The class of the first finding, in plain words."""
        named = [s for s in bound if s.drug_class]
        return self.class_words(named[0].drug_class) if named else ""

    def expected(self, bound: tuple[DerivedFinding, ...]) -> str:
        """What the client named; empty when nothing was named."""
        return self.joined(self.label(i) for i in self.d.want.ids) or self.d.facts.expected_words.strip()

    def _measured(self, bound: tuple[DerivedFinding, ...]) -> list[tuple[DerivedFinding, AmountFact]]:
        found = [(s, s.fact.amount) for s in bound if s.confidence is Confidence.CONFIRMED]
        return [(s, amount) for s, amount in found if amount is not None]

    def amount(self, bound: tuple[DerivedFinding, ...]) -> str:
        """The amount of each finding that was measured; with its name where there are several, so that nobody reads
        the one as the other's."""
        measured = self._measured(bound)
        form = self.d.facts.form
        return self.joined(
            amount_text(self.d.pack, s.substance, amount, form, self.labels, self._babel, self.name(s))
            for s, amount in measured
        )

    def fraction(self, bound: tuple[DerivedFinding, ...]) -> str:
        """A quarter of the finding measured highest."""
        measured = self._measured(bound)
        if not measured:
            return ""
        s, amount = max(measured, key=lambda pair: pair[1].upper)
        return fraction_text(self.d.pack, s.substance, amount, self.d.facts.form, self.labels, self._babel)

    def _portion(self, bound: tuple[DerivedFinding, ...], part: float) -> str:
        measured = self._measured(bound)
        if not measured:
            return ""
        s, amount = max(measured, key=lambda pair: pair[1].upper)
        return usual_text(self.d.pack, s.substance, amount, self.d.facts.form, self.labels, part)

    def in_usual(self, bound: tuple[DerivedFinding, ...]) -> str:
        """What a whole one is of a usual adult amount, in words."""
        return self._portion(bound, 1.0)

    def quarter_in_usual(self, bound: tuple[DerivedFinding, ...]) -> str:
        """What a quarter of one is of a usual adult amount, in words."""
        return self._portion(bound, 0.25)

    def lod(self, bound: tuple[DerivedFinding, ...]) -> str:
        """For what was expected, the limit of the best method that looked; else the lowest of the methods that ran."""
        limits = [x for one in self.d.named if (x := self.d.evidence.limit(one)) is not None]
        if not limits:
            limits = sorted(s.lod for s in self.d.evidence.runs if s.counts and s.lod is not None)[:1]
        return self.percent(max(limits)) if limits else self.labels.lod_unknown

    def methods(self, bound: tuple[DerivedFinding, ...]) -> str:
        """The methods that ran, in plain words."""
        words = sorted({self.method_words(m) for m in self.d.evidence.worked()})
        return self.joined(words) or self.labels.methods_unknown

    def session_place(self, bound: tuple[DerivedFinding, ...]) -> str:
        """Where the person is."""
        return self.d.context.session_place.strip() or self.labels.place_unknown


@lru_cache(maxsize=256)  # a session has few limits
def _decimal(figure: float, locale: str) -> str:
    return format_decimal(figure, locale=locale)


VALUES: dict[str, Callable[[Namer, tuple[DerivedFinding, ...]], str]] = {
    "found.names": Namer.names,
    "found.class_plain": Namer.plain_class,
    "found.amount": Namer.amount,
    "found.fraction": Namer.fraction,
    "found.in_usual": Namer.in_usual,
    "found.quarter_in_usual": Namer.quarter_in_usual,
    "facts.expected": Namer.expected,
    "scope.lod": Namer.lod,
    "scope.methods": Namer.methods,
    "context.session_place": Namer.session_place,
}
