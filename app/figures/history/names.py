"""Names of substances and sites as another service writes them → ours.

A name nobody knows is never read as “not found”, and a name alone is not a site: it is whose as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.figures.history.mapping import HistoryMap, Names, NewSubstance, SiteMap, folded, one_line
from app.figures.history.values import fault_of_cas, fault_of_formula
from app.platform.kernel.errors import Invalid
from harm_messages import MatchKind, Register

IGNORED: tuple[str, ...] = ()


def unknown_here(what: str) -> Invalid:
    """What the map says with a name that nobody knows."""
    hint = "mast samples words lists what there is. Nothing was imported."
    return Invalid(f"The map {what}, which is neither in the register nor added.", hint=hint)


class NameBook:
    """Looks names up: what the map says first, its additions, the register (names and aliases), the map's patterns.

    An alias that may mean several things resolves to their class, as at reception; where it means things of several
    classes it is unknown until the map says which.
    """

    def __init__(self, register: Register, names: Names, additions: Mapping[str, NewSubstance]) -> None:
        self.register, self.names, self.additions = register, names, additions
        said = {folded(word): targets for word, targets in names.names.items()}
        for new in names.add:
            for word in (new.id, new.name, *new.says):
                said.setdefault(folded(word), (new.id,))
        said |= dict.fromkeys(names.ignore, IGNORED)
        self._known: dict[str, tuple[str, ...] | None] = {**said}
        told = [(word, target) for word, targets in said.items() for target in targets]
        for word, target in [*told, *((pattern.pattern, target) for pattern, target in names.patterns)]:
            if not self.knows(target):
                raise unknown_here(f"says “{word}” is {target}")

    def knows(self, ours: str) -> bool:
        """A register id, an addition, a class or its beginning, or an intent."""
        register = self.register
        return ours in register or ours in self.additions or ours in register.intents or register.is_class(ours)

    def says_nothing_found(self, word: str) -> bool:
        """Whether the words mean that a method saw nothing."""
        return folded(word) in self.names.nothing_found

    def ours(self, word: str) -> tuple[str, ...] | None:
        """Our ids, several where the map says that the word means several; none for words to ignore; None where
        neither the map nor the register knows it."""
        key = folded(word)
        if key not in self._known:
            sure = [match for match in self.register.resolve(word) if match.kind is not MatchKind.CLASH]
            self._known[key] = (sure[0].id,) if len(sure) == 1 else None
        return self._known[key]

    def by_pattern(self, word: str) -> str | None:
        """Our id by the first pattern of the map that fits. For words nobody knows otherwise."""
        return next((target for pattern, target in self.names.patterns if pattern.search(word)), None)

    def class_of(self, ours: str) -> str:
        """The class of an id, or the class itself."""
        row = self.additions.get(ours) or self.register.get(ours)
        return row.drug_class if row else ours if self.register.is_class(ours) else ""


def additions_of(names: Iterable[Names], register: Register) -> dict[str, NewSubstance]:
    """Substances the map adds. Raises Invalid for one the register has, a class nobody knows, a wrong CAS or formula."""
    found: dict[str, NewSubstance] = {}
    for new in (n for part in names for n in part.add):
        if new.id in register:
            raise Invalid(f"The map adds {new.id}, which the register has already: map the name to it instead.")
        if new.drug_class not in register.classes:
            raise Invalid(f"The map files {new.name} under {new.drug_class}, which is no class of the register.")
        if new.cas and (fault := fault_of_cas(new.cas)):
            raise Invalid(f"The map gives {new.name} the CAS number {new.cas}, which {fault}")
        if new.formula and (fault := fault_of_formula(new.formula)):
            raise Invalid(f"The map gives {new.name} the formula {new.formula}, which {fault}")
        found[new.id] = new
    return found


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a sample was handed in, or `why` that cannot be said."""

    agency: str = ""
    site: str = ""
    region: str = ""
    service_type: str = ""
    why: str = ""
    how: str = ""
    unknown: bool = False


class Places:
    """The sites of a map by agency and word."""

    def __init__(self, by_map: HistoryMap) -> None:
        self.map = by_map
        self._by_word: dict[str, list[SiteMap]] = defaultdict(list)
        for site in by_map.site:
            for word in dict.fromkeys(map(folded, (site.name, *site.says))):
                self._by_word[word].append(site)
        self._agencies = {folded(site.agency): site.agency for site in by_map.site}

    def find(self, agency: str, said: str, region: str) -> Placed:
        """The site of a row. `agency` and `region` are what the row says, or empty.

        A blank is no site, and the sample counts under its agency alone. A blank agency is told by the site, else by
        the map's word for a blank.
        """
        named = "" if self.map.is_missing(agency) else self.map.called("agency", agency)
        region = self.map.called("region", "" if self.map.is_missing(region) else region)
        said = "" if self.map.is_missing(said) else one_line(said)
        fits = self._by_word.get(folded(said), []) if said else []
        if named:
            fits = [site for site in fits if folded(site.agency) == folded(named)]
        owners = sorted({site.agency for site in fits})
        if len(owners) == 1:
            site = fits[0]
            return Placed(site.agency, site.name, site.region or region, site.service_type or "")
        owner = self._agencies.get(folded(named), named) or self.map.called("agency", "")
        if owners and not owner:
            return self._of_several(owners)
        if not said or self.map.unknown_sites == "as_written" or owners:
            return (
                Placed(owner, said, region) if owner else Placed(why="is of no agency.", how=f"Mend the row{_OR_SAY}.")
            )
        return Placed(
            agency=owner,
            why=f"is no site{f' of {owner}' if owner else ''} that the map knows.",
            how='Add a [[site]], or say unknown_sites = "as_written" if every word is a site of its own.',
            unknown=True,
        )

    def _of_several(self, owners: list[str]) -> Placed:
        no_column = self.map.sample.agency is None
        return Placed(
            why=f"is the name of a site of {' and of '.join(owners)}.",
            how="Say in [sample] agency which column names the agency."
            if no_column
            else f"The row names no agency: mend it{_OR_SAY}.",
        )


_OR_SAY = ', or say whose such samples are: [vocabulary.agency] values = { "" = "…" }'
