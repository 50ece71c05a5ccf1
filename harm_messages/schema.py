"""JSON Schema of the files of a pack, for editors that check while a clinician types.

Imports pydantic and this package only.
"""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from harm_messages.content import BandRow, ClassRow, Closure, CoUse, Intent, Labels, Manifest, StripRow
from harm_messages.pack import Pairs
from harm_messages.rules import Rule
from harm_messages.texts import MessageText

FILES: dict[str, Any] = {
    "rules/*.yaml": tuple[Rule, ...],
    "messages/*/*.md front matter": MessageText,
    "pack.yaml": Manifest,
    "classes.yaml": dict[str, ClassRow],
    "closures.yaml": tuple[Closure, ...],
    "intents.yaml": tuple[Intent, ...],
    "co_use.yaml": tuple[CoUse, ...],
    "pairs.yaml": Pairs,
    "bands.yaml": tuple[BandRow, ...],
    "strips.yaml": tuple[StripRow, ...],
    "labels/*.yaml": Labels,
}


def json_schema() -> dict[str, dict[str, Any]]:
    """One schema per kind of file, by its place in the pack folder."""
    return {place: TypeAdapter(kind).json_schema(by_alias=True) for place, kind in FILES.items()}
