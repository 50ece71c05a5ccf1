"""From a message id and a match to finished text: what of it may stand on this page, locale and fallback.

Strict: a placeholder without a value raises and the page is not shown; half a sentence can kill.
Imports this package only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from harm_messages.derived import Derived
from harm_messages.derived_finding import DerivedFinding
from harm_messages.evidence import diluted_otherwise, interferents
from harm_messages.hearing import Hearing, Place
from harm_messages.markdown import fill, to_html, to_plain
from harm_messages.naming import Namer
from harm_messages.page import Message
from harm_messages.tables_of_use import Where
from harm_messages.tagged import first_sentence, normalised, words_of
from harm_messages.texts import MessageText
from harm_messages.types import Confidence, HarmMessageError, Severity, Slot
from harm_messages.vocabulary import State, Technique


def spoken(text: str, say: Mapping[str, str]) -> str:
    """As read-aloud says it: what stands in `say` in its place, other words of capitals letter by letter."""
    return _said(tuple(say)).sub(lambda m: say.get(m.group(0)) or " ".join(m.group(0)), text)


@lru_cache(maxsize=16)
def _said(keys: tuple[str, ...]) -> re.Pattern[str]:
    either = "|".join(re.escape(k) for k in sorted(keys, key=lambda k: (-len(k), k)))
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)|{_SPELLED}" if keys else _SPELLED)


MOST_WRITTEN = 2000
"""So many sentences that stand by themselves a pack keeps once written; then it starts from nothing."""

# The cards that are cut to their budget; a strength card says its plan whole or not at all.
SHORTENED = (Slot.DANGER, Slot.DIFFERENCE, Slot.MIXING)
_SPELLED = r"(?<!\w)[0-9]?[A-Z]{2,5}(?!\w)|(?<!\w)[0-9][A-Z](?!\w)"


class Writer(Namer):
    """Writes messages for one set of derived facts in one locale. Its own words may be another's: `labels_locale`.
    `asked`: the locale of the page, where that is another.

    Without a `hearing` every sentence is written, as a clinician reads it; on a page the veto decides, and what was
    said once is not said again.
    """

    def __init__(self, d: Derived, locale: str, hearing: Hearing | None = None, asked: str = "") -> None:
        super().__init__(d, locale)
        self.asked = asked or locale
        self.hearing = hearing

    def speaking(self, message_id: str) -> Writer:
        """The writer in whose language this message is: where a translation is missing, names are English too."""
        locale = self.d.pack.message(message_id, self.locale).locale
        return self if locale == self.locale else Writer(self.d, locale, self.hearing, self.asked)

    def in_one_language(self, message_ids: Iterable[str]) -> Writer:
        """The writer for a card made of these messages: where one of them has no translation, all are in English."""
        each = (self.d.pack.message(one, self.locale).locale for one in message_ids)
        other = next((locale for locale in each if locale != self.locale), None)
        return self if other is None else Writer(self.d, other, self.hearing, self.asked)

    def write(
        self,
        message_id: str,
        place: Place,
        seen: Iterable[DerivedFinding] = (),
        extra: Mapping[str, str] | None = None,
        *,
        whole: bool = False,
        behind_more: bool = False,
        after: str = "",
    ) -> Message:
        """One finished message. `extra`: values that come from elsewhere, in the language of `speaking(message_id)`.
        `whole`: nothing is left out because it stood before; `behind_more`: the card itself waits behind More; `after`: what
        stands on the card before its own text."""
        text = self.d.pack.message(message_id, self.locale)
        bound = tuple(seen)
        w = self if text.locale == self.locale else Writer(self.d, text.locale, self.hearing, self.asked)
        try:
            values = {p: (extra or {}).get(p) or w.value(p, bound) for p in text.placeholders}
            if whole and not bound and not after:
                return w._standing(text, place, values, behind_more)
            return w._message(text, place, values, bound, whole, behind_more, after)
        except KeyError as error:
            raise HarmMessageError(f"{message_id}: no value for {error}; the page is not shown") from error

    def _standing(self, text: MessageText, place: Place, values: Mapping[str, str], behind_more: bool) -> Message:
        """What is written whole and about no finding reads the same on every page with the same values and the same veto:
        first aid, limits, notices. So a pack keeps it once written."""
        hearing, written = self.hearing, self.d.pack.written
        if hearing is None:
            return self._message(text, place, values, (), True, behind_more, "")
        held = hearing.veto.held if hearing.veto is not None else ()
        key = (
            text.id,
            text.locale,
            self.asked,
            place,
            behind_more,
            hearing.brief,
            hearing.counted,
            held,
            *sorted(values.items()),
        )
        of, found = written.get(key, (None, None))
        if found is None or of is not text:
            found = self._message(text, place, values, (), True, behind_more, "")
            if len(written) >= MOST_WRITTEN:
                written.clear()
            written[key] = text, found
        return found

    def _message(
        self,
        text: MessageText,
        place: Place,
        values: Mapping[str, str],
        bound: tuple[DerivedFinding, ...],
        whole: bool,
        behind_more: bool,
        after: str,
    ) -> Message:
        because = self._once(self._because(place, bound))
        short = self._kept(text, text.short, values, "more" if behind_more else "page", whole)
        more = self._kept(text, text.more, values, "more", whole)
        if place.slot in SHORTENED and not behind_more and not whole:
            short, more = self._within(text.id, short, more, values, f"{after} {because}")
        say = self._kept(text, text.spoken, values, "more" if behind_more else "page", True) if text.spoken else short
        read = self.hearing is None or not self.hearing.counted
        return Message(
            id=text.id,
            version=text.version,
            severity=place.severity,
            slot=place.slot,
            locale=text.locale,
            title=fill(text.title, values),
            text=to_plain(short, values),
            html=to_html(short, values) if read else "",
            more_text=to_plain(more, values) if more else "",
            more_html=to_html(more, values) if more and read else "",
            spoken=spoken(to_plain(say, values), self.d.pack.words(text.locale).say) if read else "",
            pictogram=text.pictogram,
            because=because,
            severity_word=self.d.pack.words(self.asked).severity[place.severity],
            topic=place.topic,
            rule_id=place.rule_id,
            origin="self_reported" if place.self_reported else "result",
            fallback=text.locale != self.asked,
            machine_drafted=self.d.pack.machine_drafted(text),
            tags=text.tags,
        )

    def _kept(self, text: MessageText, source: str, values: Mapping[str, str], where: Where, whole: bool) -> str:
        """What of a text may stand on this page and has not stood there yet."""
        if self.hearing is not None and self.hearing.brief:
            source = first_sentence(source)
        if not source:
            return ""
        tagger, hearing = self.d.pack.tagger(text.locale), self.hearing
        allowed = hearing.veto.allows(where) if hearing is not None and hearing.veto is not None else lambda tags: True
        # first aid counts seconds and breaths; it is never about taking a drug
        if text.id in self.d.pack.first_aid:
            return tagger.kept(source, lambda tags: True)
        veto = hearing.veto if hearing is not None else None
        unsaid = veto.unsaid(self.d.pack, text.locale) if veto is not None else ()

        def may(sentence: str) -> bool:
            return not unsaid or not any(words.search(sentence) for words in unsaid)

        if hearing is None or whole:
            return tagger.kept(source, allowed, may)
        return tagger.kept(
            source, allowed, lambda sentence: may(sentence) and hearing.fresh(fill(sentence, values), where)
        )

    def _within(self, card: str, short: str, more: str, values: Mapping[str, str], before: str) -> tuple[str, str]:
        """(card, behind More) of the words a person is given: the last paragraphs wait where the card would be too long.
        The first always stands, and what names a medicine that kills with it; the pack puts what can best wait last."""
        paragraphs, limit = short.split("\n\n"), self.d.pack.budgets.card
        if self.hearing is not None and self.hearing.room is not None:
            limit, self.hearing.room = min(limit, self.hearing.room), None  # the first card, before the help
        waiting: list[str] = []
        while self.too_long(
            f"card {card} of {len(paragraphs)}", words_of([before, to_plain("\n\n".join(paragraphs), values)]), limit
        ):
            at = next((i for i in range(len(paragraphs) - 1, 0, -1) if not self._on_the_card(paragraphs[i])), None)
            if at is None:
                break
            waiting.insert(0, self._behind(paragraphs.pop(at), values))
        return "\n\n".join(paragraphs), "\n\n".join(part for part in (*waiting, more) if part)

    def _on_the_card(self, words: str) -> bool:
        """Whether this names a medicine or drink that kills with what the card is about."""
        families = self.d.pack.families
        keep = (*families.on_the_card.get(self.locale, ()), *families.in_sight.get(self.locale, ()))
        return any(one in words.casefold() for one in keep)

    def _behind(self, paragraph: str, values: Mapping[str, str]) -> str:
        """What of a paragraph waits behind More after all: what another card says in sight is left to that card."""
        hearing = self.hearing
        if hearing is None:
            return paragraph

        def waits(sentence: str) -> bool:
            words = fill(sentence, values)
            hearing.said.discard(normalised(words))
            return hearing.fresh(words, "more")

        return self.d.pack.tagger(self.locale).kept(paragraph, lambda tags: True, waits)

    def lines_on_the_card(self, message_id: str) -> list[str]:
        """Lines of a message that stand on the card although the message itself waits behind More."""
        text = self.d.pack.message(message_id, self.locale)
        words, hearing = self.d.pack.families.on_the_card.get(text.locale, ()), self.hearing
        found = []
        for block in self.d.pack.tagger(text.locale).lines(text.short) if words and hearing is not None else ():
            for line in block:
                said = " ".join(s.text for s in line.sentences)
                plain = not any(s.tags or "{" in s.text or "**" in s.text for s in line.sentences)
                if plain and any(word in said.casefold() for word in words):
                    found += [" ".join(s.text for s in line.sentences if hearing.fresh(s.text))]  # type: ignore[union-attr]
        return [line for line in found if line]

    def too_long(self, what: str, words: int, limit: int) -> bool:
        """Whether this has more words than people are given. The default language decides for all, so that no page says
        other things, or in another order, because a language is longer."""
        return words > limit if self.hearing is None else self.hearing.lengths.setdefault(what, words > limit)

    def _once(self, words: str) -> str:
        """The evidence behind one drug is said once, though several cards speak of it."""
        return words if self.hearing is None or self.hearing.fresh(words) else ""

    def _because(self, place: Place, bound: tuple[DerivedFinding, ...]) -> str:
        """What a weak test can be worth, where the headline has said what it did; and always why something stands here that
        no test showed: it was only said, or a warning is about it."""
        named = [s for s in bound if not s.unknown]
        if place.slot not in (Slot.DANGER, Slot.DIFFERENCE, Slot.MIXING) or not named:
            return ""
        if place.severity is Severity.S4 or (place.slot is Slot.MIXING and all(s.source == "result" for s in named)):
            return ""
        told_first = place.slot is Slot.MIXING  # of a pair, the side that no test showed is the one to explain
        best = min(named, key=lambda s: ((s.source == "result") == told_first, -s.confidence.rank))
        if best.source == "result" and best.confidence.rank >= Confidence.INDICATED.rank:
            return ""  # the headline says that it only looks like it
        alike = [s for s in named if s.source == best.source and s.confidence is best.confidence]
        return self.evidence_words(best, alike)

    def evidence_words(self, best: DerivedFinding, alike: Iterable[DerivedFinding]) -> str:
        """What the test did, in the words of the table of states."""
        said, names = self.labels.because, self.joined(self.long_name(s) for s in alike)
        if best.source != "result":
            return fill(said[best.source], {"names": names, "reason": self._reason()})
        if best.technique is Technique.STRIP and best.confidence.rank <= Confidence.CLASS_ONLY.rank:
            return self._strip_words(best, names)
        if best.confidence is Confidence.CLASS_ONLY and best.technique is Technique.COLOUR_TEST:
            return fill(said["colour_test"], {"names": names})
        return fill(self.labels.confidence[best.confidence], {"names": names})

    def _strip_words(self, seen: DerivedFinding, names: str) -> str:
        d, said = self.d, self.labels.because
        target = seen.substance or seen.drug_class
        test = next((t for t in d.evidence.strips if t.target == target), None)
        if test is None or test.state is State.FAINT or seen.confidence is Confidence.TENTATIVE:
            return fill(said["faint"], {"names": names})
        limit = d.evidence.could_see(target)
        if limit is not None:
            return fill(said["strip_disputed"], {"names": names, "lod": self.percent(limit)})
        parts = [fill(said["strip"], {"names": names})]
        if test.strip is not None:
            fooled = interferents(d.pack, d.facts, test.strip)
            if fooled:
                words = self.one_of(self.label(one) for one in fooled)
                parts.append(fill(said["strip_fooled"], {"names": words}))
            elif diluted_otherwise(d.pack, test.strip):
                parts.append(said["strip_dilution"])
        return " ".join(parts)

    def _reason(self) -> str:
        """Why nothing tested what the person said it is."""
        states = {t.state for target in self.d.named for t in self.d.evidence.tests(target)}
        order = (State.PENDING, State.TOO_LITTLE, State.FAILED, State.INVALID, State.NOT_RUN, State.OUT_OF_SCOPE)
        state = next((s for s in order if s in states), State.NOT_RUN)
        quick = state is State.NOT_RUN and self.d.evidence.worked()
        return self.labels.because["reason_quick" if quick else f"reason_{state.value}"]
