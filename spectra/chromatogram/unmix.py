"""Non-negative least squares for many ions at once, and a small factorisation of a window into shapes and spectra.

Imports numpy only.
"""

from __future__ import annotations

import numpy as np

from spectra.types import FloatArray


def nonnegative(gram: FloatArray, right: FloatArray, steps: int = 12) -> FloatArray:
    """x ≥ 0 (K, M) that minimises ½xᵀGx − rᵀx per column, by exchange of whole sets of variables.

    `gram` (K, K) positive definite, `right` (K, M). After `steps` exchanges what is still below zero becomes zero:
    with overlapping peaks that does not happen. Columns of one passive set are solved together, as Van Benthem &
    Keenan 2004, doi:10.1002/cem.889.

    >>> nonnegative(np.array([[1.0, 0.5], [0.5, 1.0]]), np.array([[1.0, 1.0], [1.0, 0.1]])).round(2).tolist()
    [[0.67, 1.0], [0.67, 0.0]]
    """
    size = gram.shape[0]
    power = 1 << np.arange(size)
    found = np.linalg.solve(gram, right)
    passive = found > 0
    for _ in range(steps):
        found = np.zeros_like(right)
        codes = power @ passive
        for code in np.unique(codes):
            rows = np.flatnonzero(code & power)
            if rows.size:
                columns = np.flatnonzero(codes == code)
                part = np.linalg.solve(gram[np.ix_(rows, rows)], right[np.ix_(rows, columns)])
                found[np.ix_(rows, columns)] = part
        gradient = right - gram @ found
        wrong = (passive & (found < 0)) | (~passive & (gradient > 1e-9 * (1 + np.abs(right))))
        if not wrong.any():
            break
        passive ^= wrong
    return np.asarray(np.maximum(found, 0.0))


def line_free(rows: int) -> FloatArray:
    """Projector (T, T) that takes a constant and a slope out of T values."""
    t = np.linspace(-1, 1, rows)
    basis, _ = np.linalg.qr(np.stack([np.ones(rows), t], axis=1))
    return np.asarray(np.eye(rows) - basis @ basis.T)


def spectra_of(data: FloatArray, shapes: FloatArray, without_line: FloatArray) -> FloatArray:
    """Spectra (K, M) that with `shapes` (K, T) and a free line per ion explain `data` (T, M) best."""
    seen = shapes @ without_line
    gram = seen @ seen.T
    gram += np.eye(gram.shape[0]) * (1e-6 * np.trace(gram) / gram.shape[0] + 1e-300)
    return nonnegative(gram, seen @ data)


def shapes_of(
    data: FloatArray, shapes: FloatArray, spectra: FloatArray, lines: FloatArray, weight: FloatArray
) -> FloatArray:
    """One round over the shapes (K, T): each from the ions it explains, the others and the lines taken off.

    `weight` (M,) is 1/variance of the ions. Each stays at least zero and falls on both sides of its maximum, which
    moves by two scans at most and is 1.
    """
    out = shapes.copy()
    for k in range(shapes.shape[0]):
        strength = weight * spectra[k]
        norm = float(strength @ spectra[k])
        if norm <= 0:
            continue
        rest = data - lines - out.T @ spectra + np.outer(out[k], spectra[k])
        fresh = np.maximum(rest @ strength / norm, 0.0)
        top = int(np.argmax(shapes[k]))
        near = slice(max(0, top - 2), top + 3)
        top = near.start + int(np.argmax(fresh[near]))
        fresh[top:] = np.minimum.accumulate(fresh[top:])
        fresh[: top + 1] = np.minimum.accumulate(fresh[: top + 1][::-1])[::-1]
        if fresh[top] > 0:
            out[k] = fresh / fresh[top]
    return out
