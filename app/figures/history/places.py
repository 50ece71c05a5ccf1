"""Sites: what a file calls them, which site that is, and whose it is. A name alone is not a site."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from app.figures.history.mapping import HistoryMap, SiteMap, folded, one_line


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
