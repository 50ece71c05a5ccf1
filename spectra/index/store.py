"""Arrays in a folder, memory-mapped, that refuse to open when damaged.

Why: a library opens in milliseconds and is shared between processes by the page cache; a flipped byte must not
become a wrong answer. A folder holds `header.json` and one `.npy` per array; the header names format, version,
and per array type, shape and SHA-256. Imports numpy only.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectra.types import SpectrumError

AnyArray = NDArray[Any]
HEADER = "header.json"
FULL_CHECK_BYTES = 32 * 2**20
"""Libraries up to this size are checked whole at opening (some 20 ms); larger ones at sampled places."""
_CHUNK = 4096
_SAMPLES = 24
_SAMPLES_BEFORE = 256
"""Libraries written before the header named the number of samples."""


class LibraryFileError(SpectrumError):
    """A stored library that cannot be used: not a library, damaged, or of another version."""


def save_arrays(
    path: str | os.PathLike[str], kind: str, version: int, arrays: Mapping[str, AnyArray], info: Mapping[str, Any]
) -> None:
    """Write `arrays` and `info` (JSON values) to the folder `path`, replacing it whole or not at all."""
    target = Path(path)
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    part.mkdir(parents=True)
    try:
        described = {name: _write(part / f"{name}.npy", array) for name, array in arrays.items()}
        body = {"format": kind, "version": version, "arrays": described, "info": dict(info)}
        (part / HEADER).write_text(json.dumps({**body, "checksum": _digest(_canonical(body))}, ensure_ascii=False))
        _swap(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def open_arrays(
    path: str | os.PathLike[str], kind: str, version: int | tuple[int, ...], verify: bool = False
) -> tuple[dict[str, AnyArray], dict[str, Any]]:
    """Arrays (memory-mapped, read-only) and info of a stored library.

    `version`: the one or those that can be read. `verify` checks every byte also of large libraries. Raises
    LibraryFileError with one sentence.
    """
    folder = Path(path)
    header = _header(folder, kind, (version,) if isinstance(version, int) else version)
    described = header["arrays"]
    whole = verify or sum(int(d["bytes"]) for d in described.values()) <= FULL_CHECK_BYTES
    return {name: _read(folder, name, d, whole) for name, d in described.items()}, header["info"]


def _swap(part: Path, target: Path) -> None:
    old = target.with_name(f".{target.name}.{uuid.uuid4().hex}.old")
    if target.exists():
        if not (target / HEADER).is_file():
            raise LibraryFileError(f"{target} exists and is not a stored library; nothing was overwritten")
        target.rename(old)
    part.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _write(path: Path, array: AnyArray) -> dict[str, Any]:
    np.save(path, np.ascontiguousarray(array), allow_pickle=False)
    flat = _bytes(path)
    return {
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "bytes": int(flat.size),
        "sha256": _digest(flat),
        "samples": _SAMPLES,
        "sampled_sha256": _digest(_sample(flat, _SAMPLES)),
    }


def _header(folder: Path, kind: str, versions: tuple[int, ...]) -> dict[str, Any]:
    again = "Import the library again from its source file."
    try:
        text = (folder / HEADER).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LibraryFileError(f"{folder} is not a stored library: {HEADER} cannot be read.") from error
    try:
        header = json.loads(text)
        body = {key: header[key] for key in ("format", "version", "arrays", "info")}
        intact = header["checksum"] == _digest(_canonical(body))
    except (ValueError, KeyError, TypeError) as error:
        raise LibraryFileError(f"{folder / HEADER} is damaged: it is not a complete header. {again}") from error
    if not intact:
        raise LibraryFileError(f"{folder / HEADER} is damaged: its checksum does not fit. {again}")
    if header["format"] != kind:
        raise LibraryFileError(f"{folder} holds {header['format']!r}, but {kind!r} was asked for.")
    if header["version"] not in versions:
        known = " and ".join(str(v) for v in versions)
        raise LibraryFileError(
            f"{folder} was written in format version {header['version']}, this program reads version {known}. {again}"
        )
    return dict(header)


def _read(folder: Path, name: str, described: Mapping[str, Any], whole: bool) -> AnyArray:
    # The checksum first: numpy raises anything from SyntaxError to TokenError on a damaged array header.
    file = folder / f"{name}.npy"
    again = "Import the library again from its source file."
    try:
        flat = _bytes(file)
    except (OSError, ValueError) as error:
        raise LibraryFileError(f"{file} is missing or damaged: it cannot be read. {again}") from error
    samples = int(described.get("samples", _SAMPLES_BEFORE))
    digest = _digest(flat) if whole else _digest(_sample(flat, samples))
    if flat.size != described["bytes"] or digest != described["sha256" if whole else "sampled_sha256"]:
        raise LibraryFileError(f"{file} is damaged: its checksum does not fit. {again}")
    array: AnyArray = np.load(file, mmap_mode="r", allow_pickle=False)
    if array.dtype.str != described["dtype"] or list(array.shape) != described["shape"]:
        raise LibraryFileError(f"{file} is damaged: type or size differ from the header. {again}")
    return array


def _bytes(file: Path) -> NDArray[np.uint8]:
    """The whole file, its array header included, mapped."""
    return np.memmap(file, dtype=np.uint8, mode="r")


def _sample(flat: NDArray[np.uint8], samples: int) -> bytes:
    starts = np.unique(np.linspace(0, max(0, flat.size - _CHUNK), samples).astype(np.int64))
    plain = flat.view(np.ndarray)
    return b"".join(plain[s : s + _CHUNK].tobytes() for s in starts.tolist())


def _digest(data: bytes | NDArray[np.uint8]) -> str:
    return hashlib.sha256(data if isinstance(data, bytes) else data.data).hexdigest()


def _canonical(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()
