"""The tab-separated register as text → `Register`. Duplicate ids and unknown classes are refused.

Why apart: the facts keep their provenance here, so that one recalled and not confirmed stays marked.
Imports nothing outside this package.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping

from harm_messages.content import ClassRow, Intent, SubstanceFlags
from harm_messages.errors import PackError, Problem
from harm_messages.register import Register, RegisterFact, Substance

FILE = "register.tsv"
COLUMNS = (
    "id", "name", "aliases", "formula", "monoisotopic_mass", "cas", "cas_status", "inchikey", "inchikey_status",
    "class", "usual_role", "uk_class", "uk_class_basis", "active_below_ftir_lod", "occurrence_source",
)  # fmt: skip
_CUTS = ("cutting agent", "paraphernalia")


def _split_aliases(cell: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    aliases, notes = [], []
    for entry in filter(None, (p.strip() for p in cell.split(";"))):
        part, _, note = entry.partition(":")
        if note:
            notes.append(note.strip())
        bare = re.sub(r"\s*\([^)]*\)", "", part).strip()
        if bare != part:
            notes.append(part)
        aliases.append(bare)
    return tuple(aliases), tuple(notes)


def _fact(value: str, basis: str, certain: bool) -> RegisterFact | None:
    return RegisterFact(value, basis, certain) if value else None


def _in_sentence(name: str) -> str:
    head = name.split(" ", 1)[0]
    return name[0].lower() + name[1:] if head[1:].isalpha() and head[1:].islower() else name


def _is_cut(row: Mapping[str, str], cls: ClassRow) -> bool:
    """By class; or by usual role, unless the class is grave enough to be news (antihistamines)."""
    by_role = row["usual_role"].startswith(_CUTS) and (cls.floor is None or not cls.psychoactive)
    return row["class"].startswith("cut.") or by_role


def _substance(row: Mapping[str, str], classes: Mapping[str, ClassRow], flags: SubstanceFlags) -> Substance:
    aliases, notes = _split_aliases(row["aliases"])
    sid, cls = row["id"], row["class"]
    return Substance(
        id=sid,
        name=row["name"],
        aliases=(*aliases, *flags.aliases.get(sid, ())),
        notes=notes,
        formula=row["formula"],
        monoisotopic_mass=float(row["monoisotopic_mass"]) if row["monoisotopic_mass"] else None,
        cas=_fact(row["cas"], row["cas_status"], row["cas_status"].startswith("confirmed")),
        inchikey=_fact(row["inchikey"], row["inchikey_status"], row["inchikey_status"] == "full match"),
        drug_class=cls,
        usual_role=row["usual_role"],
        uk_class=_fact(
            row["uk_class"],
            row["uk_class_basis"],
            row["uk_class_basis"].startswith("seen") and "recalled" not in row["uk_class_basis"],
        ),
        potent=row["active_below_ftir_lod"].startswith(("yes", "varies")),
        psychoactive=classes[cls].psychoactive and sid not in flags.not_psychoactive,
        excipient=sid in flags.excipients,
        cutting=_is_cut(row, classes[cls]),
        in_sentence=flags.in_sentence.get(sid, _in_sentence(row["name"])),
        occurrence_source=row["occurrence_source"],
    )


def read_register(
    text: str, classes: Mapping[str, ClassRow], flags: SubstanceFlags, intents: Iterable[Intent]
) -> Register:
    """The tab-separated register as text → Register. PackError names the line of every row that does not fit."""
    try:
        rows = list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
    except csv.Error as error:
        said = f"A cell is longer than {csv.field_size_limit():,} characters."
        raise PackError([Problem("register", FILE, said, file=FILE)]) from error
    problems = list(_row_problems(rows, classes))
    if problems:
        raise PackError(problems)
    return Register((_substance(row, classes, flags) for row in rows), classes, intents, flags.clashes)


def _row_problems(rows: Iterable[Mapping[str, str | None]], classes: Mapping[str, ClassRow]) -> Iterator[Problem]:
    """The first line is the heading, so rows are counted from 2."""
    seen: set[str] = set()
    for line, row in enumerate(rows, 2):
        for said in _row_complaints(row, classes, seen):
            yield Problem("register", row.get("id") or "", said, file=FILE, line=line)


def _row_complaints(row: Mapping[str, str | None], classes: Mapping[str, ClassRow], seen: set[str]) -> Iterator[str]:
    missing = [c for c in COLUMNS if row.get(c) is None]
    if missing or None in row:
        yield f"The row has {'fewer' if missing else 'more'} columns than the heading; they are parted by tabs."
        return
    sid, cls, mass = row["id"] or "", row["class"] or "", row["monoisotopic_mass"] or ""
    if not sid or not row["name"]:
        yield "The row has no id or no name."
    if sid in seen:
        yield f"The id {sid!r} stands twice."
    seen.add(sid)
    if not cls:
        yield "The row has no class. Give it one of classes.yaml."
    elif cls not in classes:
        yield f"The class {cls!r} is not in classes.yaml."
    if mass and not _is_number(mass):
        yield f"The mass {mass!r} is no number."


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+)?", text) is not None
