"""How much one file may ask for. Standard library only; the numbers come from docs/methods/instruments.md."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds a reader must keep. Bytes unless the name says otherwise.

    `memory_bytes`, `cpu_seconds` and `wall_seconds` are enforced by the sandbox, the others by the readers.
    `readings` is for a caller who can keep fewer than a file may hold, `header_bytes` bounds what the child says
    about them. `archive_ratio` applies once more than `archive_free_bytes` came out: honest small text packs well.
    """

    upload_bytes: int = 512 * MIB
    expanded_bytes: int = 2 * GIB
    memory_bytes: int = 2 * GIB
    cpu_seconds: int = 60
    wall_seconds: float = 90.0
    spectra: int = 500_000
    readings: int = 500_000
    points: int = 20_000_000
    total_points: int = 100_000_000
    text_bytes: int = 256 * MIB
    text_rows: int = 2_000_000
    line_chars: int = 64 * 1024
    columns: int = 256
    link_depth: int = 16
    blocks: int = 10_000
    archive_members: int = 5_000
    archive_ratio: int = 200
    archive_free_bytes: int = 16 * MIB
    result_bytes: int = 2 * GIB
    header_bytes: int = 512 * MIB


DEFAULT_LIMITS = Limits()
