"""The evidence of a release as bytes: true counts by bucket, and which figures were kept. Read back for proof and for the
next release. Never leaves the server."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from app.trends.cube_facts import CubeFacts
from app.trends.disclosure.cubes import Axes, Bools, Publication
from app.trends.disclosure.sticky import BUCKETS, Marks
from app.trends.domain import Audience

_MASKS = ("shown_n", "shown_f", "moved_n", "moved_f", "fixed_n", "fixed_f", "offered_n", "offered_f")
_NUMBERS = ("kept_n", "kept_f", "floor_n", "floor_f")


@dataclass(frozen=True)
class Evidence:
    """What a release was made of, and what was published of it for each audience."""

    facts: CubeFacts
    published: Mapping[Audience, Publication]


def pack(evidence: Evidence) -> bytes:
    """As a compressed numpy archive."""
    facts, axes = evidence.facts, evidence.facts.axes
    arrays: dict[str, Any] = {"untested": facts.untested.astype(np.int32), "keys": facts.keys}
    for name, matrix in (
        ("samples", facts.marks.samples),
        *((f"found{i}", m) for i, m in enumerate(facts.marks.found)),
    ):
        whole = sparse.coo_matrix(matrix)
        arrays[name] = np.array([whole.row, whole.col, whole.data], np.int32)
    for audience, pub in evidence.published.items():
        arrays |= {f"{audience.value}.{name}": np.packbits(getattr(pub, name)) for name in _MASKS}
        arrays |= {f"{audience.value}.{name}": getattr(pub, name).astype(np.int32) for name in _NUMBERS}
    about = {
        "axes": [axes.months, axes.regions, axes.expected, axes.classes],
        "least": {audience.value: pub.least for audience, pub in evidence.published.items()},
    }
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def unpack(content: bytes) -> Evidence:
    """Back."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        about = json.loads(arrays["about"].tobytes())
        axes = Axes(*(tuple(labels) for labels in about["axes"]))
        size = int(np.prod(axes.atom_shape))

        def matrix(name: str) -> Any:
            row, column, data = arrays[name].astype(np.int64)
            return sparse.csr_matrix((data, (row, column)), (size, BUCKETS))

        marks = Marks(axes, matrix("samples"), tuple(matrix(f"found{i}") for i in range(len(axes.classes))))
        facts = CubeFacts(marks, arrays["untested"].astype(np.int64), arrays["keys"])
        cube = facts.cube()
        published = {}
        for name, least in about["least"].items():
            pub = Publication.first(cube, least)
            for field in _MASKS:
                _read_mask(arrays, f"{name}.{field}", getattr(pub, field))
            if f"{name}.offered_f" not in arrays:
                pub.offered_f[...] = pub.offered_n
            for field in _NUMBERS:
                getattr(pub, field)[...] = arrays[f"{name}.{field}"]
            published[Audience(name)] = pub
    return Evidence(facts, published)


def _read_mask(arrays: Mapping[str, Any], name: str, into: Bools) -> None:
    """Evidence of the first releases says of tables only whether they were published, the same for every class."""
    bits = arrays.get(name, arrays.get(name.removesuffix("_n")))
    if bits is not None:
        into[...] = np.unpackbits(bits, count=into.size).reshape(into.shape)


def sha256(content: bytes) -> str:
    """Hex."""
    return hashlib.sha256(content).hexdigest()


def canonical(value: Any) -> bytes:
    """JSON with one spelling: sorted keys, no spaces, whole numbers and text only."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
