"""A made-up service's file, its map, and a way to read and import variants of both."""

from __future__ import annotations

import random
import statistics
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.figures.history import service
from app.figures.history.interpreting import Reading
from app.platform.kernel.actor import Role
from harm_messages import load_pack

TODAY = date(2026, 11, 26)

MAP = """
format = 1
missing = ["not known"]

[source]
name = "Two towns"
licence = "CC BY 4.0"
version = "2026"

[[file]]
name = "samples"
match = "samples*.csv"
id = "Sample"

[sample]
complete = false
agency = { column = "Authority" }
site = { column = "Site" }
region = { column = "Town" }
received = { column = "Visit", formats = ["%Y-%m-%d", "%d/%m/%Y"] }
expected = { column = "Expected", separator = ";" }
service_type = "fixed_site"

[[finding]]
substance = { constant = "fentanyl" }
method = { constant = "ambient_ms" }
amount = { column = "Fentanyl", unit = "percent_ww", basis = "unknown", zero = "value" }

[expected]
names = { "Down" = "opioid", "Don't know" = "unknown" }

[[site]]
name = "Harbour Street"
agency = "North"
says = ["Harbour St", "harbour st."]

[[site]]
name = "Market"
agency = "North"

[[site]]
name = "Market"
agency = "South"
says = "The Market"
"""

HEAD = "Authority,Sample,Visit,Site,Town,Expected,Category,Fentanyl\n"
ROW = "North,0001,2026-01-31,Harbour St,Aton,Down,Opioid,12.5\n"


@dataclass
class Files:
    """`read(text)` reads a file by the map; `problems(text)` are its errors as sentences."""

    folder: Path
    map_text: str = MAP
    paths: list[Path] = field(default_factory=list)

    def write(self, text: str | bytes, name: str = "samples.csv") -> Path:
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def the_map(self) -> Any:
        return service.read_map(self.write(self.map_text, "map.toml"))

    def read(self, text: str | bytes = HEAD + ROW) -> Reading:
        self.paths = [self.write(text)]
        return service.read_history(self.paths, self.the_map(), load_pack().substances, TODAY)

    def problems(self, rows: str) -> list[str]:
        return [str(problem) for problem in self.read(HEAD + rows).errors]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def take_in(world: Any, files: Files) -> Callable[..., Any]:
    """Import a file for the own agency, or another."""

    def act(text: str, who: Any = None) -> Any:
        reading = files.read(text)
        with world.runtime.db.begin(who or world.actors[Role.ADMIN]) as uow:
            return service.import_history(uow, files.the_map(), files.map_text, reading, files.paths, load_pack())

    return act


@dataclass(frozen=True)
class Made:
    """A file of made-up samples, and the medians by anything, counted the plain way."""

    text: str
    rows: list[tuple[str, str, str, float | None]]

    def medians(self, *, by: tuple[int, ...]) -> dict[tuple[str, ...], tuple[int, float]]:
        groups: defaultdict[tuple[str, ...], list[float]] = defaultdict(list)
        for row in self.rows:
            if row[3] is not None:
                groups[tuple(str(row[i]) for i in by)].append(row[3])
        return {key: (len(values), statistics.median(values)) for key, values in groups.items()}


@pytest.fixture(scope="session")
def made() -> Made:
    chance = random.Random(7)
    sites = [
        ("North", "Harbour St", "Harbour Street"), ("North", "Harbour Street", "Harbour Street"),
        ("North", "Market", "Market"), ("South", "The Market", "Market"),
    ]  # fmt: skip
    lines, rows = [], []
    for n in range(400):
        agency, said, site = chance.choice(sites)
        month = f"2026-{chance.randint(1, 3):02d}"
        amount = None if chance.random() < 0.2 else 0.0 if chance.random() < 0.1 else round(chance.uniform(0.1, 40), 1)
        figure = "" if amount is None else f"{amount:g}"
        lines.append(f"{agency},{n:04d},{month}-15,{said},Aton,Down,Opioid,{figure}\n")
        rows.append((agency, site, month, amount))
    return Made(HEAD + "".join(lines), rows)
