"""What is wrong with the files of a version, in sentences: at sight, while someone types, and what only its history shows.

The pack's own check reads every rule and substance: `check_job` has the worker make it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from app.care.message_packs import message_files, rule_files
from app.care.message_packs.domain import Target
from app.care.message_packs.message_files import front_matter
from harm_messages import Pack, Problem, load_pack
from harm_messages.check_words import word_problems
from harm_messages.reading import MAX_CHARACTERS, first_anchor
from harm_messages.texts import read_message

MAX_FILES = 2000
MAX_PACK = 2_000_000
"""Characters in all files of a version; the one that comes with MAST has a sixth of it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A set of files: the pack they make, None where it cannot be read; and everything found."""

    pack: Pack | None
    problems: tuple[Problem, ...]
    makes_pack: bool = False
    """They can be read; while the check runs, that they can is known."""
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
