"""What is wrong with the files of a version, in sentences: the pack's own check, and what only its history shows.

The check reads every rule and substance (seconds), so it runs in a child with limits, and its answer is remembered per
set of files and day: also that it was stopped.
"""

from __future__ import annotations

import hashlib
import subprocess
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar

from app.care.message_packs import message_files, rule_files
from app.care.message_packs.confined import Step, found_in
from app.care.message_packs.domain import Target
from app.care.message_packs.message_files import front_matter
from app.care.message_packs.repository import sha256
from app.platform.kernel.errors import Unavailable
from harm_messages import Pack, Problem, load_pack
from harm_messages.check_words import word_problems
from harm_messages.reading import MAX_CHARACTERS, first_anchor
from harm_messages.texts import read_message

Value = TypeVar("Value")
MAX_FILES = 2000
MAX_PACK = 2_000_000
"""Characters in all files of a version; the one that comes with MAST has a sixth of it."""
MAX_KEPT = 8_000_000
"""Characters of the packs of drafts in memory: about half a gigabyte."""
WAITING = 8
"""So many requests wait for a check at once; the others are told that it is running, so that threads are left for
everything else."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A set of files: the pack they make, None where it cannot be read; and everything found."""

    pack: Pack | None
    problems: tuple[Problem, ...]
    running: bool = False
    """The whole check has not ended yet; what is here is only what was known before."""
    percent: int | None = None
    """While it runs, how far it is, once that is known."""

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


@dataclass(frozen=True, slots=True)
class _Asked:
    """A set of files that a child looks at: whether they make a pack, and how it ended with everything found."""

    makes_pack: Future[bool] = field(default_factory=Future)
    whole: Future[Step] = field(default_factory=Future)
    under_way: list[Step] = field(default_factory=list)
    """The last word of how far it is."""


class Checks:
    """What children found in sets of files, remembered; one per process."""

    def __init__(self, kept: int = 24) -> None:
        self._kept: OrderedDict[tuple[str, date], _Asked] = OrderedDict()
        self._packs: OrderedDict[str, Pack] = OrderedDict()
        self._lock = threading.Lock()
        self._size = kept
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="pack-check")
        self._children: set[subprocess.Popen[bytes]] = set()
        self._waiting = threading.BoundedSemaphore(WAITING)

    def of(self, files: Mapping[str, str], today: date, patience: float | None = None) -> Checked:
        """Everything wrong with these files. Never raises for what stands in them.

        `patience`: seconds to wait for it, None for as long as it takes; it goes on for anyone who asks again. Without a limit
        it raises Unavailable where so many wait already that one more could keep others from being served.
        """
        asked = self._asked(files, today)
        end = self._waited(asked.whole, patience)
        if end is None:
            far = [100 * step.done // step.of for step in asked.under_way]
            return Checked(None, (), running=True, percent=far[0] if far else None)
        # who signed stands in the tables, not in the files
        problems = tuple(p for p in end.problems if p.kind != "signatures")
        return Checked(self._loaded(files) if end.stage == "checked" else None, problems)

    def pack(
        self, files: Mapping[str, str], today: date, patience: float | None = None, *, tried: Mapping[str, str]
    ) -> Pack | None:
        """The pack that these files make, unchecked; None where they make none, or where that is not known in time.

        It is loaded here only after a child has come to the end of loading it. `tried`: the files that the child is given:
        the same, or the same as they would be signed, so that one child does for this and for the check.
        """
        with self._lock:
            pack = self._packs.get(digest_of(files))
        if pack is not None:
            return pack
        return self._loaded(files) if self._waited(self._asked(tried, today).makes_pack, patience) else None

    def close(self) -> None:
        """End the children. Anyone who asks again starts another."""
        with self._lock:
            asked = list(self._kept.values())
            self._kept.clear()
        for one in asked:
            one.whole.cancel()
        for child in tuple(self._children):
            child.kill()

    def _asked(self, files: Mapping[str, str], today: date) -> _Asked:
        key = (digest_of(files), today)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        refused = refused_at_sight(files)
        with self._lock:
            if key not in self._kept:
                asked = self._kept[key] = _Asked()
                if refused:
                    asked.makes_pack.set_result(False)
                    asked.whole.set_result(Step("read", refused))
                else:
                    self._pool.submit(self._look, key, asked, dict(files))
                while len(self._kept) > self._size:
                    self._kept.popitem(last=False)
            return self._kept[key]

    def _look(self, key: tuple[str, date], asked: _Asked, files: Mapping[str, str]) -> None:
        if not asked.whole.set_running_or_notify_cancel():
            asked.makes_pack.cancel()
            return
        end = Step("stopped", lasting=False)
        try:
            for end in found_in(files, key[1], started=self._children.add):
                if end.stage == "read" and not end.problems:
                    asked.makes_pack.set_result(True)
                elif end.stage == "under_way":
                    asked.under_way[:] = [end]
        finally:
            self._children -= {child for child in tuple(self._children) if child.poll() is not None}
            with self._lock:
                if not end.lasting and self._kept.get(key) is asked:
                    del self._kept[key]
            if not asked.makes_pack.done():
                asked.makes_pack.set_result(False)
            asked.whole.set_result(end)

    def _waited(self, future: Future[Value], patience: float | None) -> Value | None:
        if not future.done() and self._waiting.acquire(blocking=False):
            try:
                wait([future], patience)
            finally:
                self._waiting.release()
        if future.done() and not future.cancelled():
            return future.result()
        if patience is None:
            raise Unavailable("So many checks of messages run at the moment that this one was not waited for.")
        return None

    def _loaded(self, files: Mapping[str, str]) -> Pack:
        """Loaded in this process: a child has done it before."""
        key = digest_of(files)
        with self._lock:
            pack = self._packs.get(key)
        pack = pack or load_pack(files)
        with self._lock:
            self._packs[key] = pack
            self._packs.move_to_end(key)
            sizes = [sum(map(len, one.source.values())) for one in self._packs.values()]
            while len(sizes) > self._size or sum(sizes) > MAX_KEPT:
                self._packs.popitem(last=False)
                sizes.pop(0)
        return pack


def refused_at_sight(files: Mapping[str, str]) -> tuple[Problem, ...]:
    """What keeps a set of files from being read at all, told without reading it: so that a draft that would stop a reader
    opens as fast as any other."""
    total = sum(map(len, files.values()))
    if total > MAX_PACK:
        said = f"This version has {total:,} characters in all its files; {MAX_PACK:,} are the most. Make the largest shorter."
        return (Problem("length", "", said),)
    found: list[Problem] = []
    for path, text in sorted(files.items()):
        yaml, above = (
            (text, 0) if path.endswith(".yaml") else (front_matter(text), 1) if path.endswith(".md") else ("", 0)
        )
        if ("&" in yaml or "*" in yaml) and len(yaml) <= MAX_CHARACTERS and (anchor := first_anchor(yaml)):
            found.append(Problem(anchor.kind, path, anchor.text, file=path, line=anchor.line + above))
    return tuple(found)


def problems_of_message(pack: Pack | None, path: str, text: str) -> list[Problem]:
    """What is wrong with one message, at once: for someone who is typing. The whole check says more: of the patterns under
    “never” only those that came with MAST are tried here, because one of a draft may take for ever on what is typed."""
    locale = path.split("/")[1]
    message, problems = read_message(text, locale, path)
    if message is None or pack is None:
        return list(problems)
    original = pack.messages.get((message.id, pack.manifest.default_locale))
    beside = {(message.id, pack.manifest.default_locale): original} if original is not None else {}
    known = {one for patterns in load_pack().manifest.never.values() for one in patterns}
    never = {key: tuple(one for one in patterns if one in known) for key, patterns in pack.manifest.never.items()}
    alone = replace(
        pack, manifest=pack.manifest.model_copy(update={"never": never}), labels={},
        messages={**beside, (message.id, locale): message}, source={**pack.source, path: text},
    )  # fmt: skip
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
            if _back_unchanged(now, old):
                line = rule_files.lines_of_rules(files[path]).get(target, 0)
                found.append(Problem("withdrawn", target, _BACK, file=path, line=line))
        elif kind is Target.MESSAGE:
            path = message_files.path_of(target, "en")
            front, old = (message_files.read(texts.get(path, "")).front for texts in (files, parent))
            if path in files and _back_unchanged(front, old):
                found.append(Problem("withdrawn", target, _BACK, file=path, line=1))
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
