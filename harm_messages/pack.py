"""A pack in memory: rules, messages, register, bands, and the digest that signatures bind to.

Why one frozen value: a page depends on nothing else, so a pack shown once can show the same page again.
Reading is in pack_reader.py. Imports pydantic and this package only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    Manifest,
    PairRow,
    ScopeWatch,
    StripRow,
    SubstanceFlags,
)
from harm_messages.register import Register
from harm_messages.rules import Rule
from harm_messages.snippets import SnippetRow
from harm_messages.texts import MessageText
from harm_messages.types import Frozen


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
    snippets: tuple[SnippetRow, ...] = ()

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
        """The text in this locale, else in the default one. Whoever asks sees which by `.locale`.

        A translation speaks only for the version it translates, and only while that stands; in a vetted pack only
        when it is itself approved. KeyError where there is no text in the default locale either.
        """
        fallback = self.messages[(message_id, self.manifest.default_locale)]
        own = self.messages.get((message_id, locale), fallback)
        stands = own.version == fallback.version and "withdrawn" not in (own.status, fallback.status)
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
        """The locale that `words` are in."""
        own = self.labels.get(locale)
        stands = own is not None and (own.status == "approved" or not self.vetted)
        return locale if stands else self.manifest.default_locale
