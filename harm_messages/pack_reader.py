"""From the files of a pack to a `Pack`, or to everything that is wrong with them, each with file and line.

Why strict: a pack with a gap is refused when it is built, not when someone reads it in a tent. All files are
read before anything is said, so that anyone who edits sees every mistake at once. Imports pydantic and this package.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from harm_messages.content import (
    Approval,
    BandRow,
    ClassRow,
    Closure,
    CoUse,
    EmergencyStep,
    EvidenceRow,
    Intent,
    Labels,
    LocaleRow,
    ScopeWatch,
    StripRow,
    SubstanceFlags,
)
from harm_messages.errors import MOST, PackError, Problem, and_more
from harm_messages.manifest import Manifest
from harm_messages.older_packs import borrowed_files, is_older, with_fixed, with_labels, with_signs
from harm_messages.pack import Pack, Pairs
from harm_messages.reading import Misread, line_of, read_yaml, sentences
from harm_messages.register import Register
from harm_messages.register_table import read_register
from harm_messages.rules import Rule
from harm_messages.snippets import SnippetRow
from harm_messages.tables_of_use import Doses, Dosing, Families, StaffRow
from harm_messages.texts import MessageText, read_message

# every table: its file, what it holds, and whether its text is part of the digest as a whole
TABLES: dict[str, tuple[Any, bool]] = {
    "pack.yaml": (Manifest, True),
    "locales.yaml": (dict[str, LocaleRow], True),
    "classes.yaml": (dict[str, ClassRow], True),
    "substances.yaml": (SubstanceFlags, True),
    "intents.yaml": (tuple[Intent, ...], True),
    "closures.yaml": (tuple[Closure, ...], True),
    "co_use.yaml": (tuple[CoUse, ...], True),
    "pairs.yaml": (Pairs, True),
    "bands.yaml": (tuple[BandRow, ...], False),
    "scope_watch.yaml": (tuple[ScopeWatch, ...], True),
    "strips.yaml": (tuple[StripRow, ...], True),
    "emergency.yaml": (tuple[EmergencyStep, ...], True),
    "dosing.yaml": (Dosing, True),
    "families.yaml": (Families, True),
    "doses.yaml": (Doses, True),
    "staff.yaml": (tuple[StaffRow, ...], False),
    "approvals.yaml": (tuple[Approval, ...], False),
}
# these may be left out
OPTIONAL: dict[str, tuple[Any, bool, Any]] = {
    "evidence.yaml": (dict[str, EvidenceRow], True, {}),
    "snippets.yaml": (tuple[SnippetRow, ...], False, ()),
}
# rows with an id of their own are part of the digest one by one
ROWS = {"bands.yaml": "band", "snippets.yaml": "snippet", "staff.yaml": "staff"}
# tables whose shape has grown: how one of an older pack is completed
OLDER = {"pack.yaml": with_fixed, "emergency.yaml": with_signs}
RULES: TypeAdapter[Rule] = TypeAdapter(Rule)


def read_pack(files: Mapping[str, str]) -> Pack:
    """Read without cross-checking; `load_pack` in loading.py checks too. PackError lists every mistake."""
    return _Reader(files).pack()


def forget() -> None:
    """Throw away what was kept of files read before: for measuring."""
    for kept in (_rules_in, read_message):
        kept.cache_clear()


class _Reader:
    def __init__(self, files: Mapping[str, str]) -> None:
        self.older = is_older(files)
        self.borrowed = borrowed_files(files) if self.older else {}
        self.files = {**files, **self.borrowed}
        self.own = files
        self.entries: dict[str, str] = {}
        self.problems: list[Problem] = []

    def complain(self, kind: str, where: str, text: str, file: str, line: int = 0) -> None:
        self.problems.append(Problem(kind, where, text, file=file, line=line))

    def note(self, key: str, text: str, file: str) -> None:
        """What is borrowed for an older pack stays outside its digest."""
        if file in self.borrowed:
            return
        self.entries[key] = hashlib.sha256(text.encode()).hexdigest()

    def loaded(self, name: str) -> Any:
        """The value in a YAML file; None where there is none."""
        if name not in self.files:
            self.complain("no_file", name, "The file is missing.", name)
            return None
        try:
            return read_yaml(self.files[name])
        except Misread as error:
            self.complain(error.kind, name, error.text, name, error.line)
            return None

    def validated(self, name: str, kind: Any, value: Any) -> Any:
        """The value as rows, or None and a problem for each mistake."""
        try:
            return _adapter(kind).validate_python(value)
        except ValidationError as error:
            self.problems += _refused(error, name, name, self.files[name])
            return None

    def table(self, name: str, kind: Any, record: bool) -> Any:
        """A whole table, or None and a problem."""
        before = len(self.problems)
        value = self.loaded(name)
        if value is None:
            if len(self.problems) == before:
                self.complain("empty", name, "The file is empty.", name, 1)
            return None
        if record:
            self.note(f"table:{name}", self.files[name], name)
        if self.older:
            value = OLDER.get(name, lambda same: same)(value)
        rows = self.validated(name, kind, value)
        self.by_id(name, rows if name in ROWS and rows is not None else ())
        return rows

    def by_id(self, name: str, rows: Sequence[Any]) -> None:
        """Rows with an id: none twice, each in the digest."""
        seen: set[str] = set()
        for index, row in enumerate(rows):
            if row.id in seen:
                said = f"{row.id} stands twice; ids are never used again."
                self.complain("twice", row.id, said, name, line_of(self.files[name], [index, "id"]))
            seen.add(row.id)
            self.note(f"{ROWS[name]}:{row.id}", _canonical(row), name)

    def rules(self) -> tuple[list[Rule], dict[str, tuple[str, int]]]:
        found: list[Rule] = []
        places: dict[str, tuple[str, int]] = {}
        for name in sorted(n for n in self.files if n.startswith("rules/") and n.endswith(".yaml")):
            rows, problems = _rules_in(name, self.files[name])
            self.problems += problems
            for index, rule, canonical in rows:
                if rule.id in places:
                    other = places[rule.id][0]
                    said = f"The rule {rule.id} stands twice (also in {other}); ids are never used again."
                    self.complain("twice", rule.id, said, name, line_of(self.files[name], [index, "id"]))
                    continue
                places[rule.id] = (name, index)
                found.append(rule)
                self.note(f"rule:{rule.id}", canonical, name)
        return sorted(found, key=lambda r: r.id), places

    def messages(self, locales: Sequence[str]) -> dict[tuple[str, str], MessageText]:
        found: dict[tuple[str, str], MessageText] = {}
        for name in sorted(n for n in self.files if n.startswith("messages/") and n.endswith(".md")):
            locale = name.split("/")[1]
            if locale not in locales:
                continue
            message, problems = read_message(self.files[name], locale, name)
            self.problems += problems
            if message is not None:
                self.note(f"message:{message.id}:{locale}", self.files[name], name)
                found[(message.id, locale)] = message
        return found

    def labels(self, locales: Sequence[str]) -> dict[str, Labels]:
        found = {}
        for locale in locales:
            name = f"labels/{locale}.yaml"
            value = self.loaded(name)
            if value is not None:
                self.note(f"table:{name}", self.files[name], name)
                value = with_labels(value, locale) if self.older else value
                found[locale] = self.validated(name, Labels, value)
        return found

    def register(
        self, classes: dict[str, ClassRow] | None, flags: SubstanceFlags | None, intents: tuple[Intent, ...] | None
    ) -> Register | None:
        name = "register.tsv"
        if name not in self.files:
            self.complain("no_file", name, "The file is missing.", name)
            return None
        if classes is None or flags is None or intents is None:
            return None
        for line in self.files[name].splitlines()[1:]:
            self.note(f"register:{line.split(chr(9), 1)[0]}", line, name)
        try:
            return read_register(self.files[name], classes, flags, intents)
        except PackError as error:
            self.problems += error.problems
            return None

    def pack(self) -> Pack:
        tables = {name: self.table(name, kind, record) for name, (kind, record) in TABLES.items()}
        for name, (kind, record, nothing) in OPTIONAL.items():
            tables[name] = self.table(name, kind, record) if name in self.files else nothing
        register = self.register(tables["classes.yaml"], tables["substances.yaml"], tables["intents.yaml"])
        locales: dict[str, LocaleRow] = tables["locales.yaml"] or {}
        rules, places = self.rules()
        messages, labels = self.messages(list(locales)), self.labels(list(locales))
        if self.problems:
            raise PackError(self.problems)
        assert register is not None
        return Pack(
            manifest=tables["pack.yaml"],
            locales=locales,
            rules=tuple(rules),
            messages=messages,
            labels=labels,
            substances=register,
            flags=tables["substances.yaml"],
            closures=tables["closures.yaml"],
            co_use={c.id: c for c in tables["co_use.yaml"]},
            groups=tables["pairs.yaml"].groups,
            pairs=tables["pairs.yaml"].pairs,
            bands=tables["bands.yaml"],
            scope_watch=tables["scope_watch.yaml"],
            strips=tables["strips.yaml"],
            emergency=tables["emergency.yaml"],
            evidence=tables["evidence.yaml"],
            approvals=tables["approvals.yaml"],
            entries=self.entries,
            source=dict(self.own),
            rule_places=places,
            snippets=tables["snippets.yaml"],
            dosing=tables["dosing.yaml"],
            families=tables["families.yaml"],
            amounts_table=tables["doses.yaml"],
            staff=tables["staff.yaml"],
            borrowed=frozenset(self.borrowed),
        )


@lru_cache(maxsize=64)  # while a pack is edited, all files but one stay as they were
def _rules_in(name: str, text: str) -> tuple[tuple[tuple[int, Rule, str], ...], tuple[Problem, ...]]:
    """(place in the list, rule, its canonical form) of one file, and what is wrong with it."""
    try:
        rows = read_yaml(text)
    except Misread as error:
        return (), (Problem(error.kind, name, error.text, file=name, line=error.line),)
    if rows is not None and not isinstance(rows, list):
        return (), (
            Problem("value", name, "A file of rules is a list; each rule begins with “- id:”.", file=name, line=1),
        )
    found: list[tuple[int, Rule, str]] = []
    problems: list[Problem] = []
    untold = 0
    for index, row in enumerate(rows or []):
        try:
            rule = RULES.validate_python(row)
        except ValidationError as error:
            given = row.get("id") if isinstance(row, dict) else None
            where = given[:80] if isinstance(given, str) else name
            if len(problems) < MOST:
                problems += _refused(error, where, name, text, [index])
            else:
                untold += error.error_count()
            continue
        found.append((index, rule, _canonical(rule)))
    if untold:
        problems.append(Problem("more", name, and_more(untold), file=name))
    return tuple(found), tuple(problems)


def _refused(
    error: ValidationError, where: str, name: str, text: str, path: Sequence[str | int] = ()
) -> Iterator[Problem]:
    for inside, kind, said in sentences(error):
        yield Problem(kind, where, said, file=name, line=line_of(text, [*path, *inside]))


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _canonical(row: BaseModel) -> str:
    return json.dumps(row.model_dump(mode="json", by_alias=True), sort_keys=True, ensure_ascii=False)
