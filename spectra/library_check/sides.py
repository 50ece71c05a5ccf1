"""The sides into which entries of one compound fall, and in words what each looks like instead. numpy and `spectra` only.

Why: mass spectra and infrared curves contradict each other in one sentence and one form of figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectra.library_check.faults import Fault, Named, Severity, fault

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Near:
    """An entry of another compound and how alike it is, 0–1."""

    entry: int
    likeness: float


@dataclass(frozen=True, slots=True)
class Side:
    """Entries of one compound that agree: `near`, the best entry of each other compound they look like, best first;
    `nearest`, the best of all, None where nothing has a peak in common; `looks`, a few words on the spectrum."""

    entries: tuple[int, ...]
    near: tuple[Near, ...]
    nearest: Near | None
    looks: str = ""

    @classmethod
    def of(
        cls,
        library: Named,
        entries: NDArray[np.int64],
        others: NDArray[np.floating[Any]],
        codes: NDArray[np.int64],
        least: float,
        looks: str = "",
    ) -> Side:
        """`others`: how alike every entry is, (N,), −1 for those of its own compound; `least`: from where on it is said."""
        order = [int(k) for k in np.argsort(-others, kind="stable")[: max(1, int((others >= least).sum()))]]
        best = {int(codes[k]): k for k in reversed(order)}
        near = tuple(Near(k, float(others[k])) for k in order if best[int(codes[k])] == k and others[k] > 0)
        nearest = near[0] if near else None
        return cls(tuple(int(k) for k in entries), tuple(n for n in near if n.likeness >= least), nearest, looks)

    def figures(self, library: Named) -> dict[str, Any]:
        """As JSON: the entries, and what they look like instead; an empty list is nothing else in this library."""
        return {
            "entries": [_figures(library, entry) for entry in self.entries],
            "looks_like": [_figures(library, one.entry, one.likeness) for one in self.near],
            "nearest": self.nearest and _figures(library, self.nearest.entry, self.nearest.likeness),
        }

    def sentence(self, library: Named) -> str:
        """What this side looks like instead."""
        several = len(self.entries) > 1
        who = listed([library.ids[entry] for entry in self.entries]) + (f" ({self.looks})" if self.looks else "")
        verb = "agree with each other and look" if several else "looks"
        if self.near:
            like = listed([f"{library.names[one.entry]} ({one.likeness:.2f})" for one in self.near])
            return f"{who} {verb} like {like}."
        if self.nearest is None:
            return f"{who} {verb} like nothing else here."
        nearest = f"{library.names[self.nearest.entry]} ({self.nearest.likeness:.2f})"
        return f"{who} {verb} like nothing else here, {nearest} being nearest."


def sides_of(close: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Members linked by likeness, from which pairs are `close`, (k, k), in the order of the first of each."""
    reach = close | np.eye(len(close), dtype=np.bool_)
    while True:
        further = reach @ reach
        if (further == reach).all():
            break
        reach = further
    first = reach.argmax(axis=1)
    return [np.flatnonzero(first == one) for one in np.unique(first)]


def closest(likeness: NDArray[np.floating[Any]], sides: Sequence[NDArray[np.int64]]) -> float:
    """How alike the two nearest members of different sides are; `likeness` of pairs, (k, k)."""
    between = (likeness[np.ix_(a, b)].max() for k, a in enumerate(sides) for b in sides[k + 1 :])
    return float(max(between))


def contradiction(library: Named, sides: Sequence[Side], measure: str, nearest: float, reasons: str) -> Fault:
    """The one fault of a compound whose entries fall into these sides, no more alike than `nearest` by `measure`."""
    others = listed([f"{library.names[s.entries[0]]} ({library.ids[s.entries[0]]})" for s in sides[1:]])
    said = [side.sentence(library) for side in sides[:_NAMED]]
    more = [f"{len(sides) - _NAMED} more differ from all of these."] if len(sides) > _NAMED else []
    first = f"It stands under one compound with {others}, yet they are unlike each other ({measure} {nearest:.2f})."
    entry = sides[0].entries[0]
    return fault(
        library, entry, "contradiction", Severity.WARNING, "entries of one compound contradict each other",
        " ".join([first, *said, *more, reasons]), compound=library.compounds[entry], also=sides[1].entries[0],
        likeness=round(nearest, 4), sides=[side.figures(library) for side in sides],
    )  # fmt: skip


def _figures(library: Named, entry: int, likeness: float | None = None) -> dict[str, Any]:
    said: dict[str, Any] = {"entry": entry, "id": library.ids[entry], "name": library.names[entry]}
    if likeness is not None:
        said |= {"compound": library.compounds[entry], "likeness": round(likeness, 4)}
    return said


def listed(words: Sequence[str]) -> str:
    """Names in a row, the first few of many."""
    shown = [*words[:_NAMED], f"{len(words) - _NAMED} more"] if len(words) > _NAMED else list(words)
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
