"""How long a page takes: reading the pack, evaluating fifteen findings, writing the page out.

    python -m benchmarks.messages [repetitions]

Medians of several repetitions on one process; what is kept between reads of a pack is thrown away before each.
Processor time stands beside it, for machines that do other work as well. Budgets of issue 6: pack load 300 ms, evaluate 5 ms for 15 findings with the full pack, render 10 ms.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from harm_messages import Context, Facts, FindingFact, LicenceMode, Pack, ScopeFact, evaluate, load_pack, pack_files
from harm_messages.pack_reader import forget

FINDINGS = (
    "heroin", "6-monoacetylmorphine", "noscapine", "paracetamol", "caffeine", "protonitazene", "xylazine",
    "bromazolam", "cocaine", "levamisole", "mdma", "ketamine", "25i-nbome", "mdmb-4en-pinaca", "pmma",
)  # fmt: skip
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
CONTEXT = Context(licence_mode=LicenceMode.FOH_GENERAL, released=True, session_place="the welfare tent")
TOLD = CONTEXT.model_copy(update={"also_taking": ("alcohol", "maoi")})


def facts() -> Facts:
    """Fifteen findings of as many classes, two methods and two strips."""
    return Facts.model_validate(
        {
            "expected": ["heroin"],
            "form": "powder",
            "findings": [FindingFact.model_validate({"substance": s, "confidence": "confirmed"}) for s in FINDINGS],
            "scope": [
                ScopeFact(method="GC_MS", classes=("*",), lod=1),
                ScopeFact(method="FTIR", classes=("*",), lod=5),
            ],
            "strips": [
                {"target": "opioid.nitazene", "reading": "positive"},
                {"target": "opioid.fentanyl", "reading": "negative"},
            ],
        }
    )


def measured(work: Callable[[], object], repetitions: int) -> tuple[float, float, float]:
    """(median, slowest, median of processor time) in milliseconds."""
    took, used = [], []
    for _ in range(repetitions):
        start, cpu = time.perf_counter(), time.process_time()
        work()
        took.append((time.perf_counter() - start) * 1000)
        used.append((time.process_time() - cpu) * 1000)
    return statistics.median(took), max(took), statistics.median(used)


def loaded() -> Pack:
    """Read from disk as for the first time."""
    forget()
    return load_pack(pack_files())


def main() -> int:
    """Print the table; 1 if a median is over its budget."""
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    pack, sample = load_pack(), facts()
    page = evaluate(pack, sample, CONTEXT, "en", NOW)
    count = f"{len(pack.rules)} rules, {len(pack.messages)} texts in {len(pack.locales)} language(s)"
    rows: list[tuple[str, float, Callable[[], object]]] = [
        (f"pack load ({count})", 300, loaded),
        ("evaluate, 15 findings", 5, lambda: evaluate(pack, sample, CONTEXT, "en", NOW)),
        ("evaluate, 15 findings and a self-report", 10, lambda: evaluate(pack, sample, TOLD, "en", NOW)),
        ("render: plain text and dump of that page", 10, lambda: (page.to_plain(), page.model_dump_json())),
    ]
    over = False
    print(f"{'':70}{'median':>10}{'slowest':>10}{'processor':>11}{'budget':>10}  (ms, {repetitions} repetitions)")
    for name, budget, work in rows:
        median, slowest, used = measured(work, repetitions)
        over = over or median > budget
        print(
            f"{name:70}{median:>10.1f}{slowest:>10.1f}{used:>11.1f}{budget:>10.0f}{'  OVER' if median > budget else ''}"
        )
    return int(over)


if __name__ == "__main__":
    raise SystemExit(main())
