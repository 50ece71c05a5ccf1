"""JCAMP-DX text to blocks: labelled data records, `$$` comments, LINK nesting, END, junk before the first TITLE.

After McDonald and Wilks, Appl. Spectrosc. 42, 151 (doi:10.1366/0003702884428734). Imports errors and limits only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..errors import CorruptFile, TooLarge
from ..limits import Limits

_RECORD = re.compile(r"\s*##([^=]{0,200}?)(?:=(.*))?$", re.S)
# A record that decides what the numbers mean, within the value of another.
_SECOND = re.compile(
    r"##\s*(?:[XY][-_ ]?(?:FACTOR|UNITS|DATA)|(?:FIRST|LAST|DELTA)[-_ ]?[XY]|N[-_ ]?POINTS|END)\s*=", re.I
)
SCALES = frozenset({"XFACTOR", "YFACTOR", "FIRSTX", "LASTX", "DELTAX", "XUNITS", "YUNITS"})
DATA_LABELS = frozenset({"XYDATA", "XYPOINTS", "PEAKTABLE", "DATATABLE", "PEAKASSIGNMENTS", "RADATA", "ASSIGNMENTS"})
# Records that belong to the table after them, even before the first one.
OF_A_SCAN = ("SCANNUMBER", "RETENTIONTIME", "TIC")
LOCAL_LABELS = frozenset({*OF_A_SCAN, *(f".{label}" for label in OF_A_SCAN), "PAGE", "NPOINTS"})
# Of the other records only the first line is kept, but names are listed one to a line.
LISTED_LABELS = frozenset({"NAMES"})
LISTED_CHARACTERS = 2_000
MAX_RECORDS = 20_000


@dataclass(slots=True)
class Table:
    """One data record: `label` XYDATA …, `form` "(X++(Y..Y))" without blanks, its numbered lines.

    `local` are the records since the table before: of a scan its number, retention time, NPOINTS.
    """

    label: str
    form: str
    line: int
    local: dict[str, str]
    rows: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True)
class Block:
    """One TITLE … END. `header` has normalised labels and the first value of each; `children` are LINK members, and
    `within` all blocks inside, theirs counted too.
    """

    line: int
    depth: int
    header: dict[str, str] = field(default_factory=dict)
    tables: list[Table] = field(default_factory=list)
    children: int = 0
    within: int = 0
    ended: bool = False
    ntuples: bool = False
    local: dict[str, str] = field(default_factory=dict)

    @property
    def promised(self) -> int | None:
        """How many blocks ##BLOCKS announces and are not here, or None where all are; the standard counts the LINK itself."""
        match = re.match(r"\d{1,9}\b", self.header.get("BLOCKS", ""))
        held = {self.children, self.children + 1, self.within, self.within + 1}
        return int(match[0]) if match and int(match[0]) not in held else None

    @property
    def is_link(self) -> bool:
        """Whether this block only holds others."""
        return "LINK" in self.header.get("DATATYPE", "").upper() or self.children > 0

    def text(self, *labels: str) -> str:
        """The first non-empty value among these normalised labels."""
        return next((v for label in labels if (v := self.header.get(label, "").strip())), "")


def normal(label: str) -> str:
    """Labels compare without case, blanks, dashes, slashes and underlines (section 3.1 of the standard)."""
    return re.sub(r"[\s\-/_]", "", label).upper()


def blocks(lines: Iterable[tuple[int, str]], limits: Limits) -> Iterator[Block]:
    """Blocks in the order in which they end. Raises CorruptFile on nesting beyond the limit, TooLarge on too many.

    A TITLE inside a block with data closes that block: NIST writes entries without END.
    """
    stack: list[Block] = []
    table: Table | None = None
    count, listed, unfilled = 0, "", ""
    for number, line in lines:
        record = _RECORD.match(line) if "##" in line[:200] else None
        if record is None:
            if listed and stack:
                _add_listed(stack[-1], listed, line)
            elif unfilled and stack and _fill(stack[-1], table, unfilled, line):
                unfilled = ""
                continue
            _add_row(table, number, line)
            continue
        label, value = normal(record[1]), (record[2] or "").partition("$$")[0].strip()
        if label == "":  # "##= comment"
            continue
        if _SECOND.search(value):
            raise CorruptFile(
                f"Line {number} holds two records because a line end is missing there, and the second would be lost.",
                code="two_records",
                line=number,
            )
        table, listed = None, label if label in LISTED_LABELS else ""
        unfilled = "" if value or listed else label
        if label == "TITLE":
            if stack and _lacks_its_title(stack[-1]):
                stack[-1].header["TITLE"] = value
                continue
            if stack and not _may_hold_children(stack[-1]):
                yield _closed(stack)
            count += 1
            _open_block(stack, Block(number, len(stack), {"TITLE": value}), count, limits)
        elif label == "END" and stack:
            stack[-1].ended = True
            yield _closed(stack)
        elif stack or label == "JCAMPDX":
            if not stack:  # without the title that each block begins with
                count += 1
                _open_block(stack, Block(number, 0), count, limits)
            table = _add_record(stack[-1], label, value, number)
    while stack:
        yield _closed(stack)


def _closed(stack: list[Block]) -> Block:
    block = stack.pop()
    if stack:
        stack[-1].within += 1 + block.within
    return block


def _lacks_its_title(block: Block) -> bool:
    """Whether a block began with JCAMP-DX, and its title comes later."""
    return "TITLE" not in block.header and not block.tables and not _may_hold_children(block)


def _may_hold_children(block: Block) -> bool:
    return not block.tables and (block.is_link or "BLOCKS" in block.header)


def _open_block(stack: list[Block], block: Block, count: int, limits: Limits) -> None:
    if len(stack) >= limits.link_depth:
        raise CorruptFile(
            f"Blocks are nested more than {limits.link_depth} deep at line {block.line}.",
            code="nested_too_deep",
            line=block.line,
        )
    if count > limits.blocks:
        raise TooLarge(f"This file holds more than {limits.blocks:,} blocks.", code="too_many_blocks", line=block.line)
    if stack:
        stack[-1].children += 1
    stack.append(block)


def _add_row(table: Table | None, number: int, line: str) -> None:
    if table is None:
        return
    bare = line.partition("$$")[0] if "$$" in line else line
    if bare and not bare.isspace():
        table.rows.append((number, bare))


def _fill(block: Block, table: Table | None, label: str, line: str) -> bool:
    """Whether a line is the value of the record above it, which may begin on the line below its label (section 3.2)."""
    value = line.partition("$$")[0].strip()
    if not value or (table is not None and not value.startswith("(")):
        return False
    if table is not None:
        table.form = re.sub(r"\s", "", value).upper()
        return "++" in table.form or ".." in table.form
    for records in (block.header, block.local):
        if records.get(label) == "":
            records[label] = value
    return True


def _add_listed(block: Block, label: str, line: str) -> None:
    more, known = line.partition("$$")[0].strip(), block.header.get(label, "")
    if more and len(known) + len(more) < LISTED_CHARACTERS:
        block.header[label] = f"{known}\n{more}" if known else more


def _add_record(block: Block, label: str, value: str, number: int) -> Table | None:
    if label == "NTUPLES":
        block.ntuples = True
    if label in DATA_LABELS:
        form = re.sub(r"\s", "", value)
        table = Table(label, form.upper(), number, block.local)
        block.tables.append(table)
        block.local = {}
        return table
    if block.tables or block.ntuples or label in LOCAL_LABELS:
        block.local[label] = value
    if len(block.header) < MAX_RECORDS:
        known = block.header.setdefault(label, value)
        if (
            label in SCALES
            and not block.tables
            and known
            and value
            and known.split(maxsplit=1)[0] != value.split(maxsplit=1)[0]
        ):
            raise CorruptFile(
                f"Line {number} gives {label} a second time, as {value[:30]} and not {known[:30]}, so one of them is wrong.",
                code="two_values",
                line=number,
            )
    return None
