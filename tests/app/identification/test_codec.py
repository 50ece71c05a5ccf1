"""Answers as they are stored: every tree comes back as it was, answers of the first version are read, later ones refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.laboratory.identification.answer import Answer
from app.laboratory.identification.codec import ENGINE_VERSION, StoredAnswer, UnreadableAnswer, decode, encode
from tests.support.budget import size

FIRST: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("answers_of_version_1.json").read_text(encoding="utf-8")
)
"""Made by the first version of the engine itself; of the peaks of its run the twenty highest m/z are kept."""
PLAIN = {str: st.text(max_size=5), int: st.integers(-(2**40), 2**40), bool: st.booleans(),
         float: st.floats(allow_nan=False, allow_infinity=False)}  # fmt: skip


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a type that stands in an answer."""
    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        types = get_type_hints(kind)
        return st.builds(kind, **{known.name: values_of(types[known.name]) for known in fields(kind)})
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return st.sampled_from(kind)
    if origin is Annotated:
        return values_of(arguments[0])
    if origin in (UnionType, __import__("typing").Union):
        return st.one_of(st.none(), *(values_of(one) for one in arguments if one is not NoneType))
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(values_of(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*(values_of(one) for one in arguments))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return st.dictionaries(values_of(arguments[0]), values_of(arguments[1]), max_size=2)
    return PLAIN[kind]


def stored(answer: Answer) -> StoredAnswer:
    """As a row gives it back: through JSON."""
    columns = encode(answer)
    return replace(columns, **{
        name: json.loads(json.dumps(getattr(columns, name), allow_nan=False))
        for name in ("candidates", "libraries", "limits", "answer")
    })  # fmt: skip


@settings(max_examples=size(20, 60), deadline=None)
@given(values_of(Answer))
def test_every_answer_comes_back_as_it_was(answer: Answer) -> None:
    assert decode(stored(answer)) == answer


def first(kind: str) -> StoredAnswer:
    return StoredAnswer(**FIRST[kind])


def holds(now: Any, before: Any) -> bool:
    """Whether everything of before stands there still; parts of an answer have gained keys since."""
    if isinstance(before, dict):
        return all(key in now and holds(now[key], value) for key, value in before.items())
    if isinstance(before, list):
        return len(now) == len(before) and all(map(holds, now, before))
    return bool(now == before)


@pytest.mark.parametrize("kind", FIRST)
def test_an_answer_of_the_first_version_is_read_with_all_it_says(kind: str) -> None:
    row = first(kind)
    assert row.engine_version == "1"
    again = encode(decode(row))
    for name in ("score_name", "candidates", "libraries", "limits", "answer"):
        assert holds(getattr(again, name), getattr(row, name)), name


@pytest.mark.parametrize("version", [str(int(ENGINE_VERSION) + 1), "10", "", "next", "²"])
def test_an_answer_of_a_later_version_is_refused_with_a_sentence(version: str) -> None:
    with pytest.raises(UnreadableAnswer, match="compared by a later version of MAST"):
        decode(replace(first("infrared"), engine_version=version))


@pytest.mark.parametrize(
    "answer",
    [
        "text", 7, None, {"level": "certain"}, {"level": 1}, {"unexplained_fraction": "0.5"}, {"incomplete": "yes"},
        {"components": [{"share": "0.5"}]}, {"components": {"share": 0.5}}, {"peaks": [7]}, {"sentences": "one"},
        {"probabilities": [["A", True]]}, {"peaks": [{"peak": 1.0}]},
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused(answer: Any) -> None:
    with pytest.raises(UnreadableAnswer, match="cannot be read"):
        decode(StoredAnswer("", [], [], [], answer))


@pytest.mark.parametrize("candidates", [None, {"rank": 1}, [1], [{"score": "900"}], [{"own": "yes"}]])
def test_candidates_of_the_wrong_type_are_refused(candidates: Any) -> None:
    with pytest.raises(UnreadableAnswer):
        decode(StoredAnswer("", candidates, [], [], {}))
