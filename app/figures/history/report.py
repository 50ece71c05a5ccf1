"""What was found in files of history, as data for a script and for a screen. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from app.figures.history.domain import Level, Problem, Reading
from app.figures.history.suggesting import map_lines
from harm_messages import Register

COLUMNS = ("level", "file", "line", "column", "value", "why", "how")


def report_of(reading: Reading, register: Register, *, most: int | None = None) -> dict[str, Any]:
    """Counts, problems row by row (the first `most`, errors before notes), unknown words, reconciliations."""
    ordered = sorted(reading.problems, key=lambda p: p.level is not Level.ERROR)
    days = sorted(s.received for s in reading.samples if s.received is not None)
    return {
        "rows": reading.rows,
        "samples": len(reading.samples),
        "findings": sum(len(s.findings) for s in reading.samples),
        "tests": sum(len(s.tests) for s in reading.samples),
        "first_day": days[0].isoformat() if days else "",
        "last_day": days[-1].isoformat() if days else "",
        "errors": len(reading.errors),
        "notes": len(reading.problems) - len(reading.errors),
        "problems": [asdict(problem) for problem in ordered[:most]],
        "unknown": reading.unknown,
        "map_lines": map_lines(reading.unknown, register, reading.unknown_sites),
        "reconciled": [asdict(one) for one in reading.reconciled],
    }


SHOWN_OF_A_KIND = 5
SHOWN = 60


def in_words(problems: Sequence[Problem]) -> Iterator[str]:
    """Errors, then notes; of those that say the same of one column the first few, so that none hides the others."""
    kinds: dict[tuple[Level, str, str], list[Problem]] = {}
    for problem in sorted(problems, key=lambda p: p.level is not Level.ERROR):
        kinds.setdefault((problem.level, problem.column, problem.why), []).append(problem)
    lines = [line for alike in kinds.values() for line in _some_of(alike)]
    yield from lines[:SHOWN]
    if len(lines) > SHOWN:
        yield "… and others; --json lists all."


def _some_of(alike: Sequence[Problem]) -> Iterator[str]:
    yield from (f"{problem.level.value}: {problem}" for problem in alike[:SHOWN_OF_A_KIND])
    if len(alike) > SHOWN_OF_A_KIND:
        yield f"  … and {len(alike) - SHOWN_OF_A_KIND:,} more of this kind; --json lists all."


def lines_of(report: dict[str, Any]) -> Iterator[list[Any]]:
    """The problems of a report as the lines of a table."""
    yield list(COLUMNS)
    for problem in report.get("problems", ()):
        yield [problem[name] for name in COLUMNS]
