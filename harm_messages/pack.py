"""Read a pack from disk: rules, messages, register, bands, and the digest that signatures bind to.

Why strict: a pack with a gap is refused when it is built, not when somebody reads it in a tent. This is
the only module here that opens files. Imports no web, no ORM, nothing of `app`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from ruamel.yaml.error import YAMLError

from harm_messages.content import (
    Approval,
    BandRow,
    ClassRow,
    Closure,
    CoUse,
    EmergencyStep,
    Group,
    Intent,
    Labels,
    Manifest,
    PairRow,
    ScopeWatch,
    StripRow,
    SubstanceFlags,
)
from harm_messages.register import Register
from harm_messages.register_table import read_register
from harm_messages.rules import Rule
from harm_messages.texts import MessageText, read_message, read_yaml
from harm_messages.types import Frozen, PackError, UnknownSubstance

T = TypeVar("T")


class Pairs(Frozen):
    """pairs.yaml: the sides, and which of them must not meet."""

    groups: dict[str, Group]
    pairs: tuple[PairRow, ...]


@dataclass(frozen=True, eq=False)
class Pack:
    """Everything needed to make a page, read once and never changed."""

    manifest: Manifest
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
    approvals: tuple[Approval, ...]
    entries: Mapping[str, str] = field(repr=False)

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
    def approved(self) -> bool:
        """Two different people signed this very digest, one of them a clinician."""
        signed = [a for a in self.approvals if a.digest == self.digest]
        return (
            self.manifest.status == "approved"
            and len({a.name for a in signed}) >= 2
            and any(a.clinician for a in signed)
        )

    def message(self, message_id: str, locale: str) -> MessageText:
        """The text in this locale, else in the default one. Whoever asks sees which by `.locale`."""
        found = self.messages.get((message_id, locale))
        return found or self.messages[(message_id, self.manifest.default_locale)]

    def words(self, locale: str) -> Labels:
        """The short words of the page in this locale, else in the default one."""
        return self.labels.get(locale) or self.labels[self.manifest.default_locale]


def read_pack(folder: Path) -> Pack:
    """Read without cross-checking; `load_pack` in loading.py checks too."""
    return _Reader(folder).pack()


class _Reader:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries: dict[str, str] = {}

    def text(self, name: str) -> str:
        try:
            return (self.folder / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PackError(f"{name}: cannot be read ({error})") from error

    def table(self, name: str, kind: Any, record: bool = True) -> Any:
        text = self.text(name)
        try:
            loaded = TypeAdapter(kind).validate_python(read_yaml(text))
        except (YAMLError, ValidationError) as error:
            raise PackError(f"{name}: {error}") from error
        if record:
            self.note(f"table:{name}", text)
        return loaded

    def note(self, key: str, text: str) -> None:
        self.entries[key] = hashlib.sha256(text.encode()).hexdigest()

    def rules(self) -> tuple[Rule, ...]:
        found: list[Rule] = []
        for file in sorted((self.folder / "rules").glob("*.yaml")):
            found.extend(self.table(f"rules/{file.name}", tuple[Rule, ...], record=False))
        _unique((r.id for r in found), "rule")
        for rule in found:
            self.note(f"rule:{rule.id}", _canonical(rule))
        return tuple(sorted(found, key=lambda r: r.id))

    def messages(self, locale: str) -> dict[tuple[str, str], MessageText]:
        found: dict[tuple[str, str], MessageText] = {}
        for file in sorted((self.folder / "messages" / locale).glob("*.md")):
            name = f"messages/{locale}/{file.name}"
            text = self.text(name)
            try:
                message = read_message(text, locale)
            except (ValueError, TypeError) as error:
                raise PackError(f"{name}: {error}") from error
            if message.id != file.stem:
                raise PackError(f"{name}: the id inside is {message.id}; name and id must agree")
            self.note(f"message:{message.id}:{locale}", text)
            found[(message.id, locale)] = message
        return found

    def register(self, flags: SubstanceFlags, intents: tuple[Intent, ...]) -> Register:
        text = self.text("register.tsv")
        for line in text.splitlines()[1:]:
            self.note(f"register:{line.split(chr(9), 1)[0]}", line)
        classes = self.table("classes.yaml", dict[str, ClassRow])
        try:
            return read_register(text, classes, flags, intents)
        except (UnknownSubstance, ValueError, KeyError) as error:
            raise PackError(f"register.tsv: {error}") from error

    def pack(self) -> Pack:
        manifest: Manifest = self.table("pack.yaml", Manifest)
        flags: SubstanceFlags = self.table("substances.yaml", SubstanceFlags)
        pairs: Pairs = self.table("pairs.yaml", Pairs)
        bands: tuple[BandRow, ...] = self.table("bands.yaml", tuple[BandRow, ...], record=False)
        for band in bands:
            self.note(f"band:{band.id}", _canonical(band))
        messages: dict[tuple[str, str], MessageText] = {}
        for locale in manifest.locales:
            messages.update(self.messages(locale))
        return Pack(
            manifest=manifest,
            rules=self.rules(),
            messages=messages,
            labels={lo: self.table(f"labels/{lo}.yaml", Labels) for lo in manifest.locales},
            substances=self.register(flags, self.table("intents.yaml", tuple[Intent, ...])),
            flags=flags,
            closures=self.table("closures.yaml", tuple[Closure, ...]),
            co_use={c.id: c for c in self.table("co_use.yaml", tuple[CoUse, ...])},
            groups=pairs.groups,
            pairs=pairs.pairs,
            bands=bands,
            scope_watch=self.table("scope_watch.yaml", tuple[ScopeWatch, ...]),
            strips=self.table("strips.yaml", tuple[StripRow, ...]),
            emergency=self.table("emergency.yaml", tuple[EmergencyStep, ...]),
            approvals=self.table("approvals.yaml", tuple[Approval, ...], record=False),
            entries=self.entries,
        )


def _canonical(row: BaseModel) -> str:
    return json.dumps(row.model_dump(mode="json", by_alias=True), sort_keys=True, ensure_ascii=False)


def _unique(ids: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            raise PackError(f"{what} {one} stands twice; ids are never used again")
        seen.add(one)
