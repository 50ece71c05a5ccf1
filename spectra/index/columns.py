"""Texts of a library as two arrays, read one by one from a memory map.

Why: a million names as Python strings take seconds and hundreds of megabytes to load. Imports numpy only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray


class TextColumn(Sequence[str]):
    """N strings: UTF-8 bytes `data` (B,) uint8 and `offsets` (N+1,) int64.

    >>> column = TextColumn.of(["MDMA", "Koffein", "café"])
    >>> len(column), column[2], column[-3]
    (3, 'café', 'MDMA')
    """

    def __init__(self, data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
        self._data, self._offsets = data, offsets
        self._bytes = memoryview(np.ascontiguousarray(data))  # type: ignore[arg-type]

    @classmethod
    def of(cls, texts: Iterable[str]) -> TextColumn:
        """Column of these texts."""
        encoded = [str(text).encode("utf-8", "replace") for text in texts]
        offsets = np.r_[0, np.cumsum([len(e) for e in encoded])].astype(np.int64)
        return cls(np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets)

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], name: str) -> TextColumn:
        """The column stored under `name` by `arrays`."""
        # Plain views: slicing a memmap object costs ten times as much.
        return cls(arrays[f"{name}_text"].view(np.ndarray), arrays[f"{name}_offsets"].view(np.ndarray))

    def joined(self, other: TextColumn) -> TextColumn:
        """These texts, then those of `other`."""
        offsets = np.concatenate([self._offsets, self._offsets[-1] + other._offsets[1:]])
        return TextColumn(np.concatenate([self._data, other._data]), offsets)

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """The two arrays to store, keyed by `name`."""
        return {f"{name}_text": self._data, f"{name}_offsets": self._offsets}

    def __len__(self) -> int:
        return int(self._offsets.size - 1)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        at = index + len(self) if index < 0 else index
        edges = self._offsets[at : at + 2].tolist() if at >= 0 else []
        if len(edges) < 2:
            raise IndexError(f"entry {index} of a library with {len(self)} entries")
        return str(self._bytes[edges[0] : edges[1]], "utf-8")

    def __iter__(self) -> Iterator[str]:
        return (self[i] for i in range(len(self)))

    def __contains__(self, value: object) -> bool:
        return isinstance(value, str) and self.find(value) >= 0

    def find(self, text: str) -> int:
        """The first row that is this text, −1 where none is. No text is decoded: 200,000 rows take some milliseconds.

        >>> column = TextColumn.of(["MDMA", "Koffein", "café", ""])
        >>> column.find("café"), column.find("MDM"), column.find(""), "Koffein" in column
        (2, -1, 3, True)
        """
        wanted = np.frombuffer(text.encode("utf-8", "replace"), dtype=np.uint8)
        rows = np.flatnonzero(np.diff(self._offsets) == wanted.size)
        for place, byte in enumerate(wanted):
            rows = rows[self._data[self._offsets[rows] + place] == byte]
        return int(rows[0]) if rows.size else -1

    def take(self, rows: NDArray[np.int64]) -> list[str]:
        """The texts of these rows (K,), each from 0 to N − 1, in this order.

        >>> TextColumn.of(["MDMA", "Koffein", "café"]).take(np.array([2, 0]))
        ['café', 'MDMA']
        """
        edges = zip(self._offsets[:-1][rows].tolist(), self._offsets[1:][rows].tolist(), strict=True)
        return [str(self._bytes[start:end], "utf-8") for start, end in edges]
