"""Candidates that are made at the first look: whatever one asks of them, they answer as the list they stand for."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from dataclasses import asdict
from operator import itemgetter
from typing import Any

import pytest

from spectra import Candidate, MassSpectrum
from spectra.index.late_rows import LateRows
from tests.spectra.spectrum_builders import MDA, MDMA, library_of

ROWS = [Candidate(k, f"n{k}", f"c{k}", 1.0 - k / 10, "entropy") for k in range(3)]


def _late() -> LateRows:
    return LateRows(count=3, make=lambda: list(ROWS))


def _changed(change: Callable[[list[Candidate]], Any]) -> Callable[[list[Candidate]], Any]:
    def ask(rows: list[Candidate]) -> Any:
        return change(rows), list(rows)

    return ask


QUESTIONS: dict[str, Callable[[list[Candidate]], Any]] = {
    "first": itemgetter(0),
    "last": itemgetter(-1),
    "part": itemgetter(slice(1, None)),
    "iteration": lambda rows: [row.name for row in rows],
    "unpacking": lambda rows: [*rows],
    "list": list,
    "tuple": tuple,
    "reversed": lambda rows: list(reversed(rows)),
    "sorted": lambda rows: sorted(rows, key=lambda row: row.score),
    "zip": lambda rows: list(zip(rows, range(3), strict=True)),
    "equality": lambda rows: (rows == ROWS, rows == ROWS, rows != ROWS, rows == [], rows == []),
    "membership": lambda rows: (ROWS[1] in rows, rows.index(ROWS[2]), rows.count(ROWS[0])),
    "sum of lists": lambda rows: rows + ROWS,
    "sum of lists, other way": lambda rows: ROWS + rows,
    "times": lambda rows: 2 * rows,
    "truth": bool,
    "length": len,
    "text": str,
    "repr": repr,
    "JSON": lambda rows: json.dumps(rows, default=asdict),
    "pickle": lambda rows: pickle.loads(pickle.dumps(rows)),
    "copy": copy.copy,
    "deep copy": copy.deepcopy,
    "copy method": lambda rows: rows.copy(),
    "append": _changed(lambda rows: rows.append(ROWS[0])),
    "extend": _changed(lambda rows: rows.extend(ROWS)),
    "insert": _changed(lambda rows: rows.insert(0, ROWS[2])),
    "pop": _changed(lambda rows: rows.pop()),
    "remove": _changed(lambda rows: rows.remove(ROWS[0])),
    "sort": _changed(lambda rows: rows.sort(key=lambda row: row.score)),
    "reverse": _changed(lambda rows: rows.reverse()),
    "clear": _changed(lambda rows: rows.clear()),
    "assignment": _changed(lambda rows: rows.__setitem__(0, ROWS[2])),
    "deletion": _changed(lambda rows: rows.__delitem__(0)),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_it_answers_as_a_list(question: str) -> None:
    late, ask = _late(), QUESTIONS[question]
    assert ask(late) == ask(list(ROWS))
    assert isinstance(late, list)


def test_every_method_of_a_list_that_looks_at_rows_is_covered() -> None:
    looks_at_none = {
        "__class__", "__class_getitem__", "__delattr__", "__dir__", "__doc__", "__format__", "__getattribute__",
        "__getstate__", "__hash__", "__init__", "__init_subclass__", "__len__", "__new__", "__reduce__",
        "__reduce_ex__", "__setattr__", "__sizeof__", "__str__", "__subclasshook__",
    }  # fmt: skip
    own = {name for name in dir(list) if getattr(LateRows, name) is not getattr(list, name)}
    assert set(dir(list)) - own <= looks_at_none


def test_two_that_wait_compare_and_add() -> None:
    assert _late() == _late()
    assert _late() + _late() == ROWS + ROWS


def test_the_length_makes_nothing_and_a_look_makes_all_once() -> None:
    made = []
    rows = LateRows(count=3, make=lambda: made.append(1) or list(ROWS))  # type: ignore[func-returns-value]
    assert (len(rows), bool(rows), rows.waiting, made) == (3, True, True, [])
    assert (rows[0], rows[2], rows.waiting, made) == (ROWS[0], ROWS[2], False, [1])
    assert list(rows) == ROWS
    assert made == [1]


def test_a_search_waits_with_its_candidates() -> None:
    library = library_of([MDMA, MDA])
    found = library.search(MDMA)
    assert isinstance(found, LateRows)
    assert found.waiting
    assert [c.name for c in found] == ["n0", "n1"]
    assert not found.waiting


def test_a_search_without_an_answer_is_an_empty_list() -> None:
    found = library_of([MDMA]).search(MassSpectrum([300], [1]))
    assert found == []
    assert not found
