"""A list of candidates that are made when they are first looked at.

Why: beside a search of .02 ms the names and figures of ten rows take .15 ms, and many searches look at none or at one
of their answers. Imports `spectra.types` only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from spectra.types import Candidate


class LateRows(list[Candidate]):
    """A list of `count` candidates that `make` gives, called at the first look at one of them; asking for the length is none.

    It is a list in every other way, and pickles and copies to a plain one.

    >>> rows = LateRows(count=1, make=lambda: [Candidate(7, "MDMA", "M", 0.9, "entropy")])
    >>> len(rows), rows.waiting, rows[0].name, rows.waiting
    (1, True, 'MDMA', False)
    """

    __slots__ = ("_count", "_make")

    def __init__(
        self, rows: Iterable[Candidate] = (), *, count: int = 0, make: Callable[[], list[Candidate]] | None = None
    ) -> None:
        super().__init__(rows)
        self._count, self._make = count, make

    @property
    def waiting(self) -> bool:
        """Whether the candidates are still to be made."""
        return self._make is not None

    def made(self) -> LateRows:
        """This list with its candidates in it."""
        if (make := self._make) is not None:
            # Replaced whole: two threads that look at once both put the same rows.
            list.__setitem__(self, slice(None), make())
            self._make = None
        return self

    def __len__(self) -> int:
        return self._count if self.waiting else super().__len__()

    def __radd__(self, other: list[Candidate]) -> list[Candidate]:
        return [*other, *self]

    def __reduce__(self) -> tuple[type[list[Candidate]], tuple[list[Candidate]]]:
        return list, (self[:],)


def _looks(name: str) -> Callable[..., Any]:
    """The method of a list that is called `name`, after the rows of all lists it looks at are made."""
    method = getattr(list, name)

    @wraps(method)
    def call(*lists: Any, **named: Any) -> Any:
        return method(*(one.made() if isinstance(one, LateRows) else one for one in lists), **named)

    return call


for _name in [
    "__getitem__",
    "__setitem__",
    "__delitem__",
    "__iter__",
    "__reversed__",
    "__contains__",
    "__eq__",
    "__ne__",
    "__lt__",
    "__le__",
    "__gt__",
    "__ge__",
    "__add__",
    "__iadd__",
    "__mul__",
    "__rmul__",
    "__imul__",
    "__repr__",
    "append",
    "clear",
    "copy",
    "count",
    "extend",
    "index",
    "insert",
    "pop",
    "remove",
    "reverse",
    "sort",
]:
    setattr(LateRows, _name, _looks(_name))
