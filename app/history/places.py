"""Sites: what a file calls them, which site that is, and whose it is. A name alone is not a site."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from app.history.mapping import HistoryMap, SiteMap


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a sample was handed in, or `why` that cannot be said."""

    agency: str = ""
    site: str = ""
    region: str = ""
    why: str = ""
    how: str = ""
    unknown: bool = False


class Places:
    """The sites of a map by agency and word."""

    def __init__(self, by_map: HistoryMap) -> None:
        self.map = by_map
        self._by_word: dict[str, list[SiteMap]] = defaultdict(list)
        for site in by_map.site:
            for word in dict.fromkeys(w.casefold() for w in (site.name, *site.says)):
                self._by_word[word].append(site)

    def find(self, agency: str, said: str, region: str) -> Placed:
        """The site of a row. `agency` and `region` are what the row says, or empty."""
        if self.map.is_missing(said):
            if self.map.unknown_sites == "as_written" or self.map.sample.site is None:
                return Placed(agency, "", region)
            return Placed(why="no site.", how='Mend the row, or say unknown_sites = "as_written".', unknown=True)
        fits = self._by_word.get(said.casefold(), [])
        if agency:
            fits = [site for site in fits if site.agency.casefold() == agency.casefold()]
        owners = sorted({site.agency for site in fits})
        if len(owners) > 1:
            return Placed(
                why=f"is the name of a site of {' and of '.join(owners)}.",
                how="Say in [sample] agency which column names the agency.",
            )
        if fits:
            return Placed(fits[0].agency, fits[0].name, fits[0].region or region)
        if agency and self.map.unknown_sites == "as_written":
            return Placed(agency, said, region)
        return Placed(
            why="is no site the map knows.",
            how='Add a [[site]], or say unknown_sites = "as_written" if every word is a site of its own.',
            unknown=True,
        )
