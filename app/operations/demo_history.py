"""Two made-up years of five made-up services for the example: files and a map, taken in as real history is.

So that figures, alerts and released tables have something to show. Deterministic; nothing outside `mast demo` uses it.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from app.figures.history import service as history
from app.platform.db import UnitOfWork
from harm_messages import Pack

SEED = 20241101
SAMPLES = 3_000
MONTHS = 24
FILES = ("past-samples.csv", "past-detections.csv")
MAP = "past-history.toml"

# Agency, site as written, region, and how many of a hundred samples come from there.
SITES = (
    ("Durham Drug Checking (example)", "St Nicholas church hall", "North East", 26),
    ("Durham Drug Checking (example)", "St Nic's", "North East", 4),
    ("Durham Drug Checking (example)", "Riverside centre", "North East", 12),
    ("Tyne Checks (example)", "Riverside centre", "North East", 14),
    ("Aire Valley Testing (example)", "Market hall", "Yorkshire and the Humber", 18),
    ("Avon Drug Checking (example)", "Harbour room", "South West", 17),
    ("Mersey Reagent Club (example)", "Dock office", "North West", 9),
)
MAP_TEXT = Path(__file__).with_name("demo_history.toml").read_text("utf-8")

Chance = random.Random
Found = list[tuple[str, str]]
"""Substances with their abundance in the words of the files."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What people bring: what they expect, its form, how often, and what is in it in month `m` (0 the first)."""

    expected: str
    form: str
    weight: Callable[[int], float]
    holds: Callable[[Chance, int], Found]
    amount: tuple[str, Callable[[Chance, int], float]] | None = None


def _share(start: float, end: float, since: int = 0) -> Callable[[int], float]:
    """A share that goes evenly from `start`, in month `since`, to `end` in the last."""
    return lambda m: start + (end - start) * max(0, m - since) / (MONTHS - 1 - since)


def _pick(chance: Chance, m: int, always: Found, *maybe: tuple[str, str, Callable[[int], float]]) -> Found:
    return [*always, *((name, how) for name, how, share in maybe if chance.random() < share(m))]


_PHENACETIN, _LEVAMISOLE = _share(0.38, 0.06), _share(0.30, 0.22)
_NITAZENE = _share(0.0, 0.6, since=17)


def _heroin(chance: Chance, m: int) -> Found:
    cut = [("caffeine", "less", _share(0.7, 0.7)), ("paracetamol", "less", _share(0.6, 0.65))]
    added = [("protonitazene", "trace", _NITAZENE), ("noscapine", "trace", _share(0.5, 0.5))]
    return _pick(chance, m, [("heroin", "main")], *cut, *added)


def _cocaine(chance: Chance, m: int) -> Found:
    cut = (
        ("levamisole", "less", _LEVAMISOLE),
        ("phenacetin", "less", _PHENACETIN),
        ("caffeine", "trace", _share(0.1, 0.1)),
    )
    return _pick(chance, m, [("cocaine", "main")], *cut)


def _mdma_crystal(chance: Chance, m: int) -> Found:
    if chance.random() < _share(0.24, 0.05)(m):
        return [("eutylone", "main")]
    return _pick(chance, m, [("mdma", "main")], ("caffeine", "trace", _share(0.05, 0.05)))


def _diazepam(chance: Chance, m: int) -> Found:
    draw = chance.random()
    return [("diazepam" if draw < 0.45 else "bromazolam" if draw < _share(0.75, 0.97)(m) else "etizolam", "main")]


def _ketamine(chance: Chance, m: int) -> Found:
    return _pick(chance, m, [("ketamine", "main")], ("2-fluorodeschloroketamine", "less", _share(0.02, 0.09)))


KINDS = (
    Kind("mdma", "tablet", _share(22, 20), lambda c, m: _pick(c, m, [("mdma", "main")], ("caffeine", "trace", _share(0.1, 0.1))),
         ("mdma mg per tablet", lambda c, m: max(20.0, c.gauss(150 + 2.2 * m, 32)))),
    Kind("mdma", "crystal", _share(14, 13), _mdma_crystal),
    Kind("cocaine", "powder", _share(20, 22), _cocaine, ("cocaine %", lambda c, m: min(97.0, max(8.0, c.gauss(58 + m, 15))))),
    Kind("ketamine", "powder", _share(15, 17), _ketamine, ("ketamine %", lambda c, m: min(99.0, max(20.0, c.gauss(80, 9))))),
    Kind("heroin", "powder", _share(9, 17), _heroin, ("heroin %", lambda c, m: min(85.0, max(4.0, c.gauss(38, 12))))),
    Kind("diazepam", "tablet", _share(10, 9), _diazepam),
    Kind("amphetamine", "powder", _share(5, 4), lambda c, m: _pick(c, m, [("caffeine", "main")], ("amphetamine", "less", _share(0.9, 0.9)))),
    Kind("nobody knew", "powder", _share(4, 4), lambda c, m: [(c.choice(("caffeine", "ketamine", "cocaine", "creatine")), "main")]),
    Kind("lsd", "blotter", _share(0.5, 0.5), lambda c, m: [("lsd", "trace")]),
)  # fmt: skip


def write(folder: Path, today: date, samples: int = SAMPLES) -> list[Path]:
    """Write the files and the map. The last month is the one before that of `today`. Returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    first_file, second_file = [folder / name for name in FILES]
    amounts = [kind.amount[0] for kind in KINDS if kind.amount]
    head = ["sample", "service", "site", "region", "received", "form", "expected", "nitazene strip", *amounts]
    with (
        first_file.open("w", newline="", encoding="utf-8") as first,
        second_file.open("w", newline="", encoding="utf-8") as second,
    ):
        sample_rows, found_rows = csv.DictWriter(first, head), csv.writer(second)
        sample_rows.writeheader()
        found_rows.writerow(["sample", "found", "abundance", "method"])
        for sample, found in _history(today, samples):
            sample_rows.writerow(sample)
            found_rows.writerows([sample["sample"], name, abundance, "gc_ms"] for name, abundance in found)
    (folder / MAP).write_text(MAP_TEXT, encoding="utf-8")
    return [first_file, second_file]


def _history(today: date, samples: int) -> Iterator[tuple[dict[str, str], Found]]:
    chance = random.Random(SEED)  # noqa: S311 an example, not a secret
    first_of_month = today.replace(day=1)
    for number in range(samples):
        m = number * MONTHS // samples
        agency, site, region, _ = chance.choices(SITES, [s[3] for s in SITES])[0]
        kind = chance.choices(KINDS, [k.weight(m) for k in KINDS])[0]
        day = _month_before(first_of_month, MONTHS - m) + timedelta(days=chance.randrange(28))
        found = kind.holds(chance, m)
        row = {
            "sample": f"P{number + 1:05d}", "service": agency, "site": site, "region": region,
            "received": f"{day:%d/%m/%Y}", "form": kind.form, "expected": kind.expected,
        }  # fmt: skip
        if kind.expected == "heroin":
            row["nitazene strip"] = "positive" if ("protonitazene", "trace") in found else "negative"
        if kind.amount and chance.random() < 0.7:
            row[kind.amount[0]] = f"{kind.amount[1](chance, m):.1f}"
        yield row, found


def _month_before(first: date, months: int) -> date:
    at = first.year * 12 + first.month - 1 - months
    return date(at // 12, at % 12 + 1, 1)


def take_in(uow: UnitOfWork, folder: Path, pack: Pack) -> int:
    """Import what `write` wrote for the actor's agency. How many samples there are."""
    files, by_map = [folder / name for name in FILES], history.read_map(folder / MAP)
    reading = history.read_history(files, by_map, pack.substances, uow.now.date())
    made = history.import_history(uow, by_map, MAP_TEXT, reading, files, pack)
    return made.row.samples
