"""Languages a client's page can be read in: those of the message pack that the page around the messages has words in."""

from __future__ import annotations

import tomllib
from importlib.resources import files

from app.care.consultations.words import ENGLISH, Words
from harm_messages import Pack


def _complete(words: Words) -> Words:
    """A language that leaves a word to the English is an error."""
    if lacking := Words.model_fields.keys() - words.model_fields_set:
        raise ValueError(f"{words.name} has no words for: {', '.join(sorted(lacking))}")
    return words


_CY = tomllib.loads(files("app.care.consultations").joinpath("words_cy.toml").read_text(encoding="utf-8"))
WORDS: dict[str, Words] = {"en": ENGLISH, "cy": _complete(Words.model_validate(_CY))}


def words_of(locale: str) -> Words:
    """The words around the messages; English where there are none."""
    return WORDS.get(locale, ENGLISH)


def offered(pack: Pack) -> tuple[str, ...]:
    """The languages to choose from, the pack's own first language leading."""
    return tuple(code for code in pack.locales if code in WORDS) or ("en",)


def preferred(header: str, known: tuple[str, ...]) -> str:
    """The language of an Accept-Language header that is known and wanted most; the first known one if none is."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(header.split(",")):
        tag, _, quality = part.partition(";")
        code = tag.strip().lower().split("-")[0]
        try:
            weight = float(quality.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if code in known and 0 < weight <= 1:
            wanted.append((-weight, place, code))
    return min(wanted)[2] if wanted else known[0]
