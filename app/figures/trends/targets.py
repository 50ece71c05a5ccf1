"""What is looked for: a substance, a class, or the relatives of a substance; and what has to be covered to call it tested.

Pure; imports no other feature and no database.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

from app.platform.kernel.errors import Invalid
from harm_messages import Register

EVERYTHING = "*"
ANALOGUES = "analogues:"
"""Before a substance: its class without the substance itself, `found=analogues:fentanyl`."""


class Amongst(StrEnum):
    """Which findings of a target count as found. An abundance nobody gave is neither primary nor trace."""

    ANY = ""
    PRIMARY = "primary"
    TRACE = "trace"

    @property
    def abundances(self) -> frozenset[str]:
        """Abundances of such findings; none: whatever it is."""
        return {Amongst.PRIMARY: frozenset({"major"}), Amongst.TRACE: frozenset({"trace"})}.get(self, frozenset())


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked about. `within`: the thing itself and all that lies under it, as the register knows it; `covering`:
    itself and the classes that hold it, up to everything. `name` alone is looked for where the register knows less.

    `besides` are findings that do not count although they lie within: a substance among its analogues, and findings
    of a mere class, which may be that very substance. `amongst` narrows what counts as found, never what was tested.
    """

    within: frozenset[str]
    covering: frozenset[str]
    name: str = ""
    besides: frozenset[str] = frozenset()
    amongst: Amongst = Amongst.ANY


def target_of(name: str, register: Register, *, amongst: Amongst = Amongst.ANY) -> Target:
    """The target of a name; after `analogues:` the other members of the class of a substance.

    Raises Invalid for the analogues of something that is no substance of the register.
    """
    besides = frozenset[str]()
    if name.startswith(ANALOGUES):
        name = name.removeprefix(ANALOGUES)
        row = register.get(name)
        if row is None or not row.drug_class:
            raise Invalid(
                f"“{name}” is no substance of the register, so it has no analogues here.",
                fields={"found": "no analogues"},
                hint="Ask for the class itself.",
            )
        besides = frozenset({name, row.drug_class, *(s.drug_class for s in register.members(row.drug_class))})
        name = row.drug_class
    row = register.get(name)
    members = () if row is not None else register.members(name)
    below = {s.id for s in members} | {s.drug_class for s in members}
    classes = classes_of(row.drug_class if row else name)
    return Target(frozenset({name} | below), frozenset({name, EVERYTHING, *classes}), name, besides, amongst)


def classes_of(name: str) -> Iterable[str]:
    """A class and the wider ones it lies under, the widest first."""
    return accumulate(name.split("."), "{}.{}".format)
