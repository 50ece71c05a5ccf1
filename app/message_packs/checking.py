"""What is wrong with the files of a version, in sentences: the pack's own check, and what only its history shows.

The check reads every rule and substance (about a second), so its answer is remembered per set of files and day.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from app.message_packs import message_files, rule_files
from app.message_packs.domain import Target
from app.message_packs.repository import sha256
from harm_messages import Pack, PackError, Problem, check, load_pack
from harm_messages.check_words import word_problems
from harm_messages.texts import read_message

Key = TypeVar("Key")
Value = TypeVar("Value")
MAX_FILES = 2000
MAX_CHARACTERS = 400_000
SUFFIXES = (".yaml", ".md", ".tsv")


@dataclass(frozen=True, slots=True)
class Checked:
    """A set of files: the pack they make, None where it cannot be read; and everything found."""

    pack: Pack | None
    problems: tuple[Problem, ...]
    running: bool = False
    """The whole check has not ended yet; what is here is only what was known before."""

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What keeps it from being signed."""
        return tuple(p for p in self.problems if p.level == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What a signer should know."""
        return tuple(p for p in self.problems if p.level != "error")

    def about(self, path: str, *ids: str) -> tuple[Problem, ...]:
        """What concerns one file or one of these rules and messages, errors first."""
        mine = [p for p in self.problems if p.file == path or p.where.split(" ")[0] in ids]
        return tuple(sorted(mine, key=lambda p: (p.level != "error", p.line)))


class Checks:
    """Remembers answers; one per process."""

    def __init__(self, kept: int = 24) -> None:
        self._kept: OrderedDict[tuple[str, date], Checked] = OrderedDict()
        self._packs: OrderedDict[str, Pack] = OrderedDict()
        self._lock = threading.Lock()
        self._size = kept
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="pack-check")
        self._running: dict[tuple[str, date], Future[Checked]] = {}

    def of(self, files: Mapping[str, str], today: date, patience: float | None = None) -> Checked:
        """Everything wrong with these files. Never raises for what stands in them.

        `patience`: seconds to wait for it, None for as long as it takes; it goes on for whoever asks again.
        """
        key = (digest_of(files), today)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            asked = self._running.get(key)
            if asked is None:
                asked = self._running[key] = self._pool.submit(self._check, key, dict(files))
        try:
            return asked.result(patience)
        except TimeoutError:
            return Checked(None, (), running=True)

    def _check(self, key: tuple[str, date], files: Mapping[str, str]) -> Checked:
        try:
            pack, problems = self._read(key[0], files)
            if pack is not None:  # who signed stands in the tables, not in the files
                problems = tuple(p for p in check(pack, key[1]) if p.kind != "signatures")
            found = Checked(pack, problems)
            with self._lock:
                _remember(self._kept, key, found, self._size)
            return found
        finally:
            with self._lock:
                self._running.pop(key, None)

    def pack(self, files: Mapping[str, str]) -> Pack | None:
        """The pack that these files make, unchecked; None where they make none."""
        return self._read(digest_of(files), files)[0]

    def _read(self, key: str, files: Mapping[str, str]) -> tuple[Pack | None, tuple[Problem, ...]]:
        with self._lock:
            pack = self._packs.get(key)
        if pack is not None:
            return pack, ()
        try:
            pack = load_pack(files)
        except PackError as error:
            return None, tuple(error.problems)
        with self._lock:
            _remember(self._packs, key, pack, self._size)
        return pack, ()


def _remember(kept: OrderedDict[Key, Value], key: Key, value: Value, size: int) -> None:
    kept[key] = value
    while len(kept) > size:
        kept.popitem(last=False)


def problems_of_message(pack: Pack | None, path: str, text: str) -> list[Problem]:
    """What is wrong with one message, at once: for somebody who is typing. The whole check says more."""
    locale = path.split("/")[1]
    message, problems = read_message(text, locale, path)
    if message is None or pack is None:
        return list(problems)
    original = pack.messages.get((message.id, pack.manifest.default_locale))
    beside = {(message.id, pack.manifest.default_locale): original} if original is not None else {}
    alone = replace(
        pack, messages={**beside, (message.id, locale): message}, labels={}, source={**pack.source, path: text}
    )
    found = [p for p in word_problems(alone) if p.file == path]
    for rule in pack.rules:
        if rule.emit.message == message.id and message.placeholders != set(rule.emit.args):
            given = ", ".join(f"{{{one}}}" for one in sorted(rule.emit.args)) or "none"
            said = f"The rule {rule.id} fills {given}; the text must use exactly these places."
            found.append(Problem("placeholders", message.id, said, file=path))
    return found


def digest_of(files: Mapping[str, str]) -> str:
    """One name for a set of files: also for files that make no pack."""
    lines = "\n".join(f"{path} {sha256(text)}" for path, text in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def history_problems(
    files: Mapping[str, str], parent: Mapping[str, str], withdrawn: Iterable[tuple[Target, str]]
) -> list[Problem]:
    """What only the version before shows: ids that went away, withdrawn texts that came back as they were."""
    found: list[Problem] = []
    rules, before = rule_files.ids_in(files), rule_files.ids_in(parent)
    for rule_id in sorted(before.keys() - rules.keys()):
        said = "This rule is gone. A rule is never deleted: set its status to withdrawn, then it still warns."
        found.append(Problem("gone", rule_id, said, file=before[rule_id]))
    for gone in sorted(_register_ids(parent) - _register_ids(files)):
        said = "This substance is gone from the register. Results that name it could then not be shown."
        found.append(Problem("gone", gone, said, file="register.tsv"))
    for kind, target in sorted(withdrawn):
        if kind is Target.RULE and target in rules and target in before:
            path = rules[target]
            now, old = rule_files.rule_of(files[path], target), rule_files.rule_of(parent[before[target]], target)
            if not _back_unchanged(now, old):
                continue
            found.append(
                Problem("withdrawn", target, _BACK, file=path, line=rule_files.line_of_rule(files[path], target))
            )
        elif kind is Target.MESSAGE:
            found += [
                Problem("withdrawn", target, _BACK, file=path, line=1)
                for path, text in files.items()
                if path == message_files.path_of(target, "en")
                and _back_unchanged(message_files.read(text).front, message_files.read(parent.get(path, "")).front)
            ]
    return found


def missing_substances(files: Mapping[str, str], shipped: Pack) -> list[Problem]:
    """Substances that the bench can name and this register does not know, as after an update of MAST."""
    gone = sorted({row.id for row in shipped.substances} - _register_ids(files))
    if not gone:
        return []
    said = f"The register that comes with MAST knows more: {', '.join(gone[:5])}. A result that names one has no page."
    return [Problem("missing", "register.tsv", said, "warning", "register.tsv")]


_BACK = "This was withdrawn from the version in force and stands here as it was. Change it, or leave it withdrawn."


def _back_unchanged(now: Mapping[str, object] | None, before: Mapping[str, object] | None) -> bool:
    if now is None or before is None:
        return False
    return now.get("status") != "withdrawn" and now.get("version") == before.get("version")


def _register_ids(files: Mapping[str, str]) -> set[str]:
    return {line.split("\t", 1)[0] for line in files.get("register.tsv", "").splitlines()[1:] if line.strip()}
