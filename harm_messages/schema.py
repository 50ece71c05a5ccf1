"""JSON Schema of the files of a pack and of a case, for editors that check while a clinician types.

Imports pydantic and this package only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from harm_messages.case_model import Case
from harm_messages.content import Labels
from harm_messages.pack_reader import OPTIONAL, TABLES
from harm_messages.rules import Rule
from harm_messages.texts import MessageText

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# file name of the schema → (title, places in the pack it is for, what it describes)
KINDS: Mapping[str, tuple[str, str, Any]] = {
    "rules": ("Rules of a message pack", "rules/*.yaml", tuple[Rule, ...]),
    "labels": ("Short words of a page in one language", "labels/*.yaml", Labels),
    "message": ("Front matter of a message", "messages/*/*.md front matter", MessageText),
    **{
        name.removesuffix(".yaml"): (f"{name} of a message pack", name, kind)
        for name, (kind, *_) in (*TABLES.items(), *OPTIONAL.items())
    },
}
SCHEMA_NAMES = tuple(KINDS)
# part of a message file that stands below its front matter
_BELOW = ("locale", "short", "more", "spoken")


def json_schema() -> dict[str, dict[str, Any]]:
    """One schema per kind of file, by its place in the pack folder."""
    return {place: _schema(name, title, kind) for name, (title, place, kind) in KINDS.items()}


def schema_files() -> dict[str, dict[str, Any]]:
    """The schemas by the name an editor is pointed at: "rules.schema.json"."""
    return {f"{name}.schema.json": _schema(name, title, kind) for name, (title, _, kind) in KINDS.items()}


def case_schema() -> dict[str, Any]:
    """The schema of a case for `mast messages preview`."""
    return {"$schema": DIALECT, **TypeAdapter(Case).json_schema(by_alias=True), "title": "A case to preview"}


def _schema(name: str, title: str, kind: Any) -> dict[str, Any]:
    found = TypeAdapter(kind).json_schema(by_alias=True)
    if name == "message":
        found = {
            **found,
            "properties": {k: v for k, v in found["properties"].items() if k not in _BELOW},
            "required": [k for k in found["required"] if k not in _BELOW],
        }
    return {"$schema": DIALECT, **found, "title": title}
