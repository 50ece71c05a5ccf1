"""A slice of the fuzz run, the same on every machine: seeds written in code, a few spoiled copies per reader.

`make test` reads a part of the copies, `make test-all` all of the slice. The whole run is
`python -m tests.fuzz.fuzz_readers`; its results are in tests/fuzz/README.md. Here it is shown as well that a reader
with a fault in it would be found.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instruments import Hints, Limits, ParserSandbox, Source, formats, registry
from spectra.types import Reading, ReadingKind
from tests.fuzz.fuzz_judge import Case, Finding, Judge, Verdict
from tests.fuzz.fuzz_readers import make_case
from tests.fuzz.fuzz_seeds import RECIPES, VENDORS, Seed
from tests.fuzz.fuzz_seeds import family as family_of
from tests.instruments.instrument_files import SMALL, every
from tests.support.budget import size

SEED = 20_261_125
COPIES = pytest.mark.parametrize("copies", [60, pytest.param(300, marks=pytest.mark.long)])
HERE = sorted(set(RECIPES) - set(VENDORS) - {"archives"})  # the others hold vendor files, which a child must read


def verdicts(judge: Judge, family: str, cases: int) -> list[Verdict]:
    return [judge(make_case(family, SEED, index, real=False)) for index in range(cases)]


def found(verdicts: list[Verdict]) -> list[Finding]:
    """What was found, but for slowness: on a busy machine that says nothing. A hang ends in pytest's own limit."""
    return [v.finding for v in verdicts if v.finding is not None and v.finding.signature != "slow"]


def through(sandbox: ParserSandbox) -> Callable[[Case], list[Reading]]:
    """Reads a case in the sandbox, under its limits."""
    return lambda case: sandbox.read(case.content, case.name, case.hints)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ParserSandbox]:
    with ParserSandbox() as made:
        yield made


@COPIES
@pytest.mark.parametrize("family", HERE)
def test_spoiled_files_are_read_or_refused_with_an_explained_error(family: str, copies: int, tmp_path: Path) -> None:
    given = verdicts(Judge(tmp_path), family, copies)
    assert found(given) == []
    assert len({v.outcome for v in given}) > 3  # they reach beyond the door


@COPIES
@pytest.mark.parametrize("family", ["archives", *sorted(VENDORS)])
def test_spoiled_archives_and_vendor_files_are_read_or_refused_in_the_jail(
    family: str, copies: int, sandbox: ParserSandbox, tmp_path: Path
) -> None:
    cases = copies if family == "archives" else min(copies, 60)
    given = verdicts(Judge(tmp_path, reader=through(sandbox)), family, cases)
    assert found(given) == []
    assert len({v.outcome for v in given}) > 1


def cut_in_twenty(seeds: Iterable[Seed]) -> Iterator[Case]:
    for seed in seeds:
        for place in range(20):
            yield Case(
                seed.content[: len(seed.content) * place // 20], seed.name, origin=f"{seed.name} cut at {place}/20"
            )


@pytest.mark.parametrize("family", every(3, sorted(RECIPES)))
def test_files_cut_at_twenty_places_are_read_or_refused(family: str, sandbox: ParserSandbox, tmp_path: Path) -> None:
    judge = Judge(tmp_path) if family in HERE else Judge(tmp_path, reader=through(sandbox))
    given = [judge(case) for case in cut_in_twenty(family_of(family, real=False).seeds)]
    assert found(given) == []
    assert any(v.outcome != "read" for v in given)


@settings(max_examples=size(30, 200), database=None)
@given(
    st.binary(max_size=300) | st.text(alphabet="0123456789.,;-+eE\t \n\"'#=:<>xyZ\u00a0", max_size=300).map(str.encode)
)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with TemporaryDirectory() as directory:
        assert found([Judge(Path(directory))(Case(content, "upload.dat", limits=SMALL))]) == []


@pytest.mark.parametrize("family", ["andi-chrom", "andi-ms", "opus", "spa", "spc", "spg"])
@pytest.mark.parametrize(
    "absurd",
    [b"\xff\xff\xff\xff", *(pytest.param(b, marks=pytest.mark.long) for b in (b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80"))],
)  # fmt: skip
def test_absurd_counts_in_every_field_of_a_header_are_refused_or_harmless(
    family: str, absurd: bytes, tmp_path: Path
) -> None:
    judge = Judge(tmp_path)
    name, seed = RECIPES[family].format, family_of(family, real=False).seeds[0]
    cases = [
        Case(seed.content[:at] + absurd + seed.content[at + 4 :], seed.name, {"format": name})
        for at in range(0, min(len(seed.content) - 4, 600), 4)
    ]
    given = [judge(case) for case in cases]
    assert found(given) == []
    assert any(v.outcome != "read" for v in given)


def test_every_registered_reader_belongs_to_a_family() -> None:
    ours = {f.name for f in formats() if f.read.__module__.startswith("instruments.")}
    assert ours == {recipe.format for recipe in RECIPES.values()} - {""}


def test_a_case_is_the_same_bytes_each_time_it_is_made() -> None:
    for family in RECIPES:
        cases = [make_case(family, SEED, index, real=False) for index in range(12)]
        assert cases == [make_case(family, SEED, index, real=False) for index in range(12)]
        assert len({c.content for c in cases}) > 6


# --- planted faults -------------------------------------------------------------------------------------------


def fails(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    raise KeyError("nobody thought of this")
    yield


def a_reading(**changes: Any) -> Reading:
    given = {"kind": ReadingKind.IR, "x": np.arange(3.0), "y": np.ones(3), "x_unit": "cm-1", "y_unit": "absorbance"}
    return Reading(**(given | changes))


def takes_memory(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    raise MemoryError
    yield


def odd_text(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    yield a_reading(meta={float("nan"): "a number no JSON knows, as a name"})


@pytest.mark.parametrize(
    ("fault", "signature"),
    [(fails, "reader_failed: KeyError"), (takes_memory, "memory_limit: MemoryError"), (odd_text, "raises ValueError")],
)
def test_a_reader_with_a_fault_would_be_found(
    fault: registry.ReadFunction, signature: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    formats()
    monkeypatch.setitem(registry._formats, "mgf", dataclasses.replace(registry._formats["mgf"], read=fault))
    seen = Counter(f.signature for f in found(verdicts(Judge(tmp_path), "mgf", 20)))
    assert seen
    assert all(s.startswith(signature) for s in seen)


@pytest.mark.parametrize(
    ("answer", "signature"),
    [
        ([], "no readings and no error"),
        ([a_reading(source_sha256="0" * 64)], "reading: another file's digest"),
        (OSError("the disk is on fire"), "raises OSError"),
        (RecursionError(), "raises RecursionError"),
    ],
)
def test_an_answer_that_does_not_hold_together_would_be_found(
    answer: list[Reading] | Exception, signature: str, tmp_path: Path
) -> None:
    def reader(case: Case) -> list[Reading]:
        if isinstance(answer, Exception):
            raise answer
        return answer

    (finding,) = found([Judge(tmp_path, reader=reader)(Case(b"x", "x"))])
    assert finding.signature.startswith(signature)
