"""The questions of consent and the version of their wording, from consents.toml. Imports the vocabulary only."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.intake.samples.domain import ConsentKind

_FILE = Path(__file__).with_name("consents.toml")


@dataclass(frozen=True, slots=True)
class Wording:
    """All questions of one version."""

    version: str
    ask: dict[ConsentKind, str]


@cache
def wording() -> Wording:
    """The questions in use. A question without a text stops the start, not the first client."""
    table = tomllib.loads(_FILE.read_text("utf-8"))
    return Wording(str(table["version"]), {kind: str(table[kind.value]["ask"]) for kind in ConsentKind})
