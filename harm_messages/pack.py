"""A pack in memory: rules, messages, register, bands, and the digest that signatures bind to.

Why one frozen value: a page depends on nothing else, so a pack shown once can show the same page again.
Reading is in pack_reader.py. Imports pydantic and this package only.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from harm_messages.content import (
    Approval,
    BandRow,
    Closure,
    CoUse,
    EmergencyStep,
    EvidenceRow,
    Group,
    Labels,
    LocaleRow,
    PairRow,
    ScopeWatch,
    StripRow,
    SubstanceFlags,
)
from harm_messages.manifest import Budgets, Manifest
from harm_messages.page import Message
from harm_messages.register import Register
from harm_messages.rules import Rule
from harm_messages.snippets import SnippetRow
from harm_messages.tables_of_use import DoseRow, Doses, Dosing, Families, StaffRow
from harm_messages.tagged import Tagger
from harm_messages.texts import MessageText
from harm_messages.types import Form, Frozen
from harm_messages.vocabulary import Family


class Pairs(Frozen):
    """pairs.yaml: the sides, and which of them must not meet."""

    groups: dict[str, Group]
    pairs: tuple[PairRow, ...]


@dataclass(frozen=True, eq=False)
class Pack:
    """Everything needed to make a page, read once and never changed.

    `source` is the text of every file it was read from; `rule_places` says in which file, at which place of its
    list, a rule stands.
    """

    manifest: Manifest
    locales: Mapping[str, LocaleRow]
    rules: tuple[Rule, ...]
    messages: Mapping[tuple[str, str], MessageText]
    labels: Mapping[str, Labels]
    substances: Register
    flags: SubstanceFlags
    closures: tuple[Closure, ...]
    co_use: Mapping[str, CoUse]
    groups: Mapping[str, Group]
    pairs: tuple[PairRow, ...]
    bands: tuple[BandRow, ...]
    scope_watch: tuple[ScopeWatch, ...]
    strips: tuple[StripRow, ...]
    emergency: tuple[EmergencyStep, ...]
    evidence: Mapping[str, EvidenceRow]
    approvals: tuple[Approval, ...]
    entries: Mapping[str, str] = field(repr=False)
    source: Mapping[str, str] = field(repr=False)
    rule_places: Mapping[str, tuple[str, int]] = field(repr=False)
    dosing: Dosing
    families: Families
    amounts_table: Doses
    staff: tuple[StaffRow, ...]
    snippets: tuple[SnippetRow, ...] = ()
    borrowed: frozenset[str] = frozenset()
    """Files and messages that an older pack lacks and that come from the shipped one; outside the digest."""

    def rules_about(self, seen: Iterable[str]) -> list[Rule]:
        """The rules that can hold where these substances and classes are seen, in the order of the pack."""
        places = self._rules_by_need[""].union(*(self._rules_by_need.get(one, ()) for one in seen))
        return [self.rules[place] for place in sorted(places)]

    @cached_property
    def _rules_by_need(self) -> Mapping[str, set[int]]:
        """Under "" the rules that need nothing to be seen."""
        found: dict[str, set[int]] = {"": set()}
        for place, rule in enumerate(self.rules):
            for need in ("",) if rule.when.needs is None else rule.when.needs:
                found.setdefault(need, set()).add(place)
        return found

    @cached_property
    def doses(self) -> Mapping[str, DoseRow]:
        """Usual amounts by register id."""
        return {row.substance: row for row in self.amounts_table.doses}

    @cached_property
    def unit_masses(self) -> Mapping[Form, float]:
        """The usual mass of one unit, mg, of the forms someone has weighed."""
        return {row.form: row.mg for row in self.amounts_table.unit_mass_mg}

    def family(self, substance: str | None, drug_class: str) -> Family:
        """What this does to a body: by substance, by class, or by the class above it."""
        own = self.families.substances.get(substance or "")
        while own is None and drug_class:
            own = self.families.classes.get(drug_class)
            if own is None:
                under = [f for c, f in self.families.classes.items() if c.startswith(f"{drug_class}.")]
                own = min(under, key=lambda f: f.rank, default=None)
            drug_class = drug_class.rpartition(".")[0]
        return own or Family.UNKNOWN

    @cached_property
    def budgets(self) -> Budgets:
        """How many words a page may show; the proposed figures where the pack names none."""
        return self.manifest.budgets or Budgets(evidence=("PACK-DRAFT",), review_by=date.max)

    @cached_property
    def first_aid(self) -> frozenset[str]:
        """The messages of the emergency block."""
        return frozenset(m for step in self.emergency for m in step.fragments.values())

    @cached_property
    def written(self) -> dict[Hashable, tuple[MessageText, Message]]:
        """Messages as they read on every page, once they were written, and from which text (wording.py)."""
        return {}

    def tagger(self, locale: str) -> Tagger:
        """Reads dosing sentences of this language; languages without patterns go by their tags alone."""
        return self._taggers.get(locale) or Tagger({})

    def unsaid(self, locale: str, *, no_use: bool, no_injecting: bool) -> tuple[re.Pattern[str], ...]:
        """What names a way to take it in this language without giving a dose, as far as a page leaves it out."""
        ways, injecting = self._unsaid
        left_out = (ways.get(locale) if no_use else None, injecting.get(locale) if no_injecting else None)
        return tuple(pattern for pattern in left_out if pattern is not None)

    @cached_property
    def _unsaid(self) -> tuple[Mapping[str, re.Pattern[str]], ...]:
        return tuple(
            {locale: re.compile("|".join(each), re.IGNORECASE) for locale, each in words.items() if each}
            for words in (self.dosing.ways, self.dosing.injecting)
        )

    @cached_property
    def _taggers(self) -> Mapping[str, Tagger]:
        return {locale: Tagger(patterns) for locale, patterns in self.dosing.patterns.items()}

    @property
    def register(self) -> Register:
        """Substances by id, street names, typeahead."""
        return self.substances

    @cached_property
    def digest(self) -> str:
        """sha-256 over the sha-256 of every rule, message × locale, register row, band and table."""
        lines = "\n".join(f"{key} {value}" for key, value in sorted(self.entries.items()))
        return hashlib.sha256(lines.encode()).hexdigest()

    @property
    def signed(self) -> bool:
        """Two different people signed this very digest, one of them a clinician."""
        names = {a.name.strip().casefold() for a in self.approvals if a.digest == self.digest}
        return len(names) >= 2 and any(a.clinician for a in self.approvals if a.digest == self.digest)

    @cached_property
    def approved(self) -> bool:
        """It says so, and it is signed."""
        return self.manifest.status == "approved" and self.signed

    @cached_property
    def vetted(self) -> bool:
        """Only what is approved in it speaks: it is approved, or was and has been taken back as a whole."""
        return self.manifest.status in ("approved", "withdrawn") and self.signed

    def withdrawn(self, rule: Rule) -> bool:
        """Whether this rule, or the text it says, has been taken back."""
        text = self.messages.get((rule.emit.message, self.manifest.default_locale))
        return "withdrawn" in (rule.status, text.status if text is not None else "")

    def message(self, message_id: str, locale: str) -> MessageText:
        """The text in this locale, else in the default one. Anyone who asks sees which by `.locale`.

        A translation speaks only for the very text it was made from, by its digest, and only while that stands; in a
        vetted pack only when it is itself approved. One of an older pack, which kept no digest, goes by its version.
        KeyError where there is no text in the default locale either.
        """
        fallback = self.messages[(message_id, self.manifest.default_locale)]
        own = self.messages.get((message_id, locale), fallback)
        same = own.made_from == fallback.digest if own.made_from else own.version == fallback.version
        stands = (own is fallback or same) and "withdrawn" not in (own.status, fallback.status)
        return own if stands and (own.status == "approved" or not self.vetted) else fallback

    def machine_drafted(self, text: MessageText) -> bool:
        """Whether a machine wrote this text and nobody has signed it since."""
        row = self.locales.get(text.locale)
        return row is not None and row.drafted == "machine" and not (self.vetted and text.status == "approved")

    def nearest(self, locale: str) -> str:
        """The language of this pack that is meant: "en-GB" is "en". What the pack does not know stays as it was asked."""
        base = locale.replace("_", "-").split("-")[0].casefold()
        return base if locale not in self.locales and base in self.locales else locale

    def words(self, locale: str) -> Labels:
        """The short words of the page in this locale; else, or in an approved pack not approved, in the default one."""
        return self.labels[self.words_locale(locale)]

    def words_locale(self, locale: str) -> str:
        """The locale that `words` are in. Labels without a sentence that a card may need give way as a whole: a card is in
        one language, and half a card is never shown."""
        return locale if locale in self._speaking_labels else self.manifest.default_locale

    @cached_property
    def _speaking_labels(self) -> frozenset[str]:
        default = self.labels[self.manifest.default_locale]
        return frozenset(
            locale
            for locale, own in self.labels.items()
            if (own.status == "approved" or not self.vetted)
            and own.because.keys() >= default.because.keys()
            and own.portions.keys() >= default.portions.keys()
        )
