"""Answers as the JSON they are stored in, and back. This is the only place that knows the keys.

Fields are stored under their own names; where a part is marked so, its keys stand beside those of its owner. Rows of
every earlier version are read; those of a later one are refused, because what they mean is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_args, get_type_hints

from pydantic import JsonValue, TypeAdapter

from app.laboratory.identification.answer import Answer, Level, PeakAnswer
from app.laboratory.identification.parts import BESIDE, IF_KNOWN, Candidate

ENGINE_VERSION = "2"
COLUMNS = ("score_name", "candidates", "libraries", "limits")
"""Fields of an answer that are columns of their own, not keys of its JSON."""
LATER = (
    "This was compared by a later version of MAST (answers of version {version}; this one knows {known}), so what it says "
    "cannot be shown here and supports no answer. Update this service, or compare again."
)
DAMAGED = "What was stored of this comparison cannot be read, so it supports no answer. Compare again."


class UnreadableAnswer(ValueError):
    """A stored answer of a later version, or one that is no answer; its text is for the screen."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as the columns of a row."""

    score_name: str
    candidates: JsonValue
    libraries: JsonValue
    limits: JsonValue
    answer: JsonValue
    engine_version: str = ENGINE_VERSION


def encode(answer: Answer) -> StoredAnswer:
    """The columns of an answer, in plain JSON values."""
    keys = plain(answer)
    columns = {name: keys.pop(name) for name in COLUMNS}
    return StoredAnswer(**columns, answer=keys)


def plain(value: Any) -> Any:
    """Dataclasses as objects, tuples as arrays, enums as their values."""
    if is_dataclass(value):
        out: dict[str, JsonValue] = {}
        for known in fields(value):
            part = getattr(value, known.name)
            if part is None and known.metadata in (BESIDE, IF_KNOWN):
                continue
            out |= plain(part) if known.metadata == BESIDE else {known.name: plain(part)}
        return out
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    return value.value if isinstance(value, Level) else value


# -- and back ------------------------------------------------------------------------------------------------------

_ANSWER = TypeAdapter(Answer)


def _groups(kind: type) -> dict[str, frozenset[str]]:
    """Fields whose keys stand beside those of their owner, each with these keys."""
    types = get_type_hints(kind)
    parts = {known.name: get_args(types[known.name])[0] for known in fields(kind) if known.metadata == BESIDE}
    return {name: frozenset(known.name for known in fields(part)) for name, part in parts.items()}


_GROUPS: dict[type, dict[str, frozenset[str]]] = {kind: _groups(kind) for kind in (Answer, Candidate, PeakAnswer)}


def decode(stored: StoredAnswer) -> Answer:
    """The answer in these columns. Raises UnreadableAnswer for a later version and for what is no answer."""
    version = stored.engine_version
    if not version.isdecimal() or int(version) > int(ENGINE_VERSION):
        raise UnreadableAnswer(LATER.format(version=version, known=ENGINE_VERSION))
    try:
        return _ANSWER.validate_python(_nested(stored))
    except (ValueError, TypeError, AttributeError) as error:
        raise UnreadableAnswer(DAMAGED) from error


def _nested(stored: StoredAnswer) -> Any:
    """The keys of an answer as its tree has them."""
    out = _gathered(stored.answer, Answer)
    out |= {name: getattr(stored, name) for name in COLUMNS}
    out["candidates"] = [_gathered(row, Candidate) for row in _rows(out["candidates"])]
    if peaks := out.get("peaks"):
        out["peaks"] = [_peak(peak) for peak in _rows(peaks)]
    return out


def _rows(value: JsonValue) -> list[JsonValue]:
    if not isinstance(value, list):
        raise TypeError("rows are a list")
    return value


def _peak(row: Any) -> Any:
    out = dict(row)
    out["candidates"] = [_gathered(candidate, Candidate) for candidate in out.get("candidates", ())]
    if "answer" in out:
        out["answer"] = _gathered(out["answer"], PeakAnswer)
    return out


def _gathered(row: Any, kind: type) -> dict[str, JsonValue]:
    """A copy with the keys of each part under the name of the part."""
    out: dict[str, JsonValue] = dict(row)
    for name, keys in _GROUPS[kind].items():
        if found := keys & out.keys():
            out[name] = {key: out.pop(key) for key in found}
    return out
