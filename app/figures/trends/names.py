"""Names somebody asks for: known to the register or to the data, or refused with the nearest ones that are."""

from __future__ import annotations

from difflib import get_close_matches

from sqlmodel import Session

from app.figures.trends import repository
from app.platform.kernel.errors import Invalid
from harm_messages import Register

MOST = 3


def check_name(session: Session, name: str, register: Register) -> None:
    """Raises Invalid for a name nobody knows: it must not read as “found in none”.

    A name the register lacks counts as known once an import brought it. Asked for true counts only: what was struck knows
    its own labels.
    """
    if name in register or register.is_class(name) or repository.was_found(session, name, least=1):
        return
    near = nearest(name, register)
    raise Invalid(
        f"“{name}” is neither a substance nor a class of the register.",
        fields={"found": "unknown"},
        hint=f"Did you mean {' or '.join(near)}?"
        if near
        else "Use an id such as mdma, or a class such as opioid.nitazene.",
    )


def nearest(words: str, register: Register) -> list[str]:
    """Ids and classes the words may mean: first what people call so, then what is spelt alike. At most three."""
    called = [match.id for match in register.resolve(words)]
    ids = [s.id for s in register]
    classes = {
        ".".join(path[:n]) for s in register for path in [s.drug_class.split(".")] for n in range(1, len(path) + 1)
    }
    alike = get_close_matches(words.casefold(), sorted({*ids, *classes}), n=MOST, cutoff=0.7)
    return list(dict.fromkeys([*called, *alike]))[:MOST]
