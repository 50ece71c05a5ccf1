"""The same bytes give the same readings: each time, in this process and in the sandbox, whatever was read before."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from instruments import InstrumentError, ParserSandbox, describe, read
from tests.fuzz.fuzz_judge import plain
from tests.fuzz.fuzz_seeds import RECIPES, Seed, family
from tests.instruments.instrument_files import every

DATA = (
    Path(os.environ.get("MAST_SHARED_DATA") or Path(__file__).resolve().parents[2] / "../shared/data") / "instruments"
)
MADE = [seed for name in sorted(RECIPES) for seed in family(name, real=False).seeds]
LARGEST = 300 * 1024


def real_files() -> list[str]:
    found = (p for p in sorted(DATA.rglob("*")) if p.is_file() and p.stat().st_size <= LARGEST)
    inside = (".D", ".d", ".raw")  # of a vendor's folder, which is read as a whole
    return [p.relative_to(DATA).as_posix() for p in found if not any(q.name.endswith(inside) for q in p.parents)]


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[tuple[ParserSandbox, ParserSandbox]]:
    with ParserSandbox() as one, ParserSandbox() as other:
        yield one, other


def answer(content: bytes, name: str, sandbox: ParserSandbox | None = None) -> object:
    """Everything that comes out: the readings with their arrays and their description, or the error's fields."""
    try:
        readings = read(content, name) if sandbox is None else sandbox.read(content, name)
    except InstrumentError as error:
        return error.to_dict()
    return [(plain(r), json.dumps(describe(r), allow_nan=False)) for r in readings]


@pytest.mark.parametrize("seed", every(5, MADE), ids=lambda s: s.name)
def test_made_files_are_read_the_same_here_and_in_the_jail(
    seed: Seed, sandboxes: tuple[ParserSandbox, ParserSandbox]
) -> None:
    first = answer(seed.content, seed.name, sandboxes[0])
    assert first == answer(seed.content, seed.name)
    assert first == answer(seed.content, seed.name, sandboxes[0])


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared test data are not on this machine")
@pytest.mark.parametrize("file", every(8, real_files()))
def test_real_files_are_read_the_same_here_and_in_the_jail(
    file: str, sandboxes: tuple[ParserSandbox, ParserSandbox]
) -> None:
    path = DATA / file
    assert answer(path.read_bytes(), path.name) == answer(path.read_bytes(), path.name, sandboxes[0])


def test_what_was_read_before_changes_nothing(sandboxes: tuple[ParserSandbox, ParserSandbox]) -> None:
    """Two children read the same files in opposite orders."""
    forward, backward = sandboxes
    ours = [answer(s.content, s.name, forward) for s in MADE]
    theirs = [answer(s.content, s.name, backward) for s in reversed(MADE)][::-1]
    assert [s.name for s, a, b in zip(MADE, ours, theirs, strict=True) if a != b] == []
