"""The exact scores of a whole run, compiled. Loaded only where numba is installed and pays; releases the GIL.

Same sums in the same order as `ei_run`. Imports numba and `spectra` only.
"""

from __future__ import annotations

import numba as nb

from spectra.numba_cache import compiled, read_only

_I32, _I64, _F64 = (read_only(t) for t in (nb.int32, nb.int64, nb.float64))


@compiled(nb.void(_F64, _I32, _I32, read_only(nb.float64, 2), _I64, _I64, nb.float64[::1]))
def dots(data, indices, indptr, weights, query, row, out):  # type: ignore[no-untyped-def]
    """Numerators `out` (pairs,): sparse library `row` times its own `query`, summed in rising mass."""
    for k in range(query.size):
        wanted, total = weights[query[k]], 0.0
        for p in range(indptr[row[k]], indptr[row[k] + 1]):
            total += data[p] * wanted[indices[p]]
        out[k] = total
