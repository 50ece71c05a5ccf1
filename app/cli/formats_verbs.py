"""`mast formats`: which instrument files can be read here, by whom, and which reader of one's own is broken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import instruments
from app.cli.root import as_json, main, say


@main.command("formats")
@as_json
def formats(json_: bool) -> None:
    """List the formats that can be read here, also those of the laboratory's own readers.

    A reader of one's own that cannot be loaded is named with the reason; all others work.
    """
    known = [_row(one) for one in instruments.formats()]
    broken = [
        {"entry_point": one.name, "package": one.package, "reason": one.reason} for one in instruments.broken_readers()
    ]
    say({"formats": known, "broken": broken}, "\n".join([*_lines(known), *_broken(broken)]), json_)


def _row(one: instruments.Format) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": one.title,
        "techniques": sorted(one.techniques),
        "extensions": list(one.extensions),
        "folders": one.sniff_folder is not None,
        "assurance": one.confidence,
        "version": one.version,
        "reader": one.reader,
        "missing_extra": one.extra.name if one.extra is not None and not one.extra.installed else None,
    }


def _lines(known: list[dict[str, Any]]) -> Iterator[str]:
    width = max(len(row["name"]) for row in known)
    for row in known:
        endings = " ".join(f".{ending}" for ending in row["extensions"])
        parts = [row["title"], ", ".join(row["techniques"]), endings, f"assurance {row['assurance']}"]
        if not row["reader"].startswith("instruments."):
            parts.append(f"read by {row['reader']} {row['version']}")
        if row["missing_extra"]:
            parts.append(f"not readable here: needs mast-lims[{row['missing_extra']}]")
        yield f"{row['name']:<{width}}  {'; '.join(part for part in parts if part)}"


def _broken(broken: list[dict[str, Any]]) -> Iterator[str]:
    for row in broken:
        yield f"BROKEN: {row['entry_point']} of {row['package']} could not be loaded ({row['reason']}). All others work."
