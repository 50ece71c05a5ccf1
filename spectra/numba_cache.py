"""How our numba functions are compiled: eagerly, without the GIL, cached on disk where a cache can be written.

Why: an installation that is read-only must still start; it then compiles again in every process. Imports numba.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba as nb
from numba import types


def compiled(*signatures: Any, inline: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """Decorator: `numba.njit` for these signatures (none: on first use); strict IEEE arithmetic."""

    def decorate(function: Callable[..., Any]) -> Any:
        options: dict[str, Any] = {"nogil": True, "inline": "always" if inline else "never", "error_model": "numpy"}
        try:
            return nb.njit(list(signatures) or None, cache=True, **options)(function)
        except RuntimeError:
            # numba found no folder it may write its cache to.
            return nb.njit(list(signatures) or None, **options)(function)

    return decorate


def read_only(dtype: types.Type, dimensions: int = 1) -> types.Array:
    """Type of a C-ordered argument that is only read: one compilation takes memory-mapped and ordinary arrays."""
    return types.Array(dtype, dimensions, "C", readonly=True)
