"""Bruker OPUS files written in code: a header, a directory, and blocks one after the other."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from instruments import InstrumentError, read

DIRECTORY = 0x3400
Block = tuple[int, bytes]


def kind(
    data: int = 4, channel: int = 3, *, parameters: int = 0, part: int = 3, detector: int = 0, derivative: int = 0,
    extension: int = 0,
) -> int:  # fmt: skip
    """The 32-bit type of a block; the default is absorbance."""
    return (
        part | channel << 2 | parameters << 4 | data << 10 | detector << 15 | derivative << 17 | extension << 19
    )  # fmt: skip


def parameter(name: str, value: float | int | str | bytes) -> bytes:
    """One named value: an int, a double, or a text padded to 16-bit words."""
    if isinstance(value, (str, bytes)):
        raw = (value.encode("cp1252") if isinstance(value, str) else value) + b"\0"
        number, raw = 2, raw + b"\0" * (len(raw) % 2)
    else:
        number, raw = (0, struct.pack("<i", value)) if isinstance(value, int) else (1, struct.pack("<d", value))
    return name.encode() + b"\0" + struct.pack("<2h", number, len(raw) // 2) + raw


def parameter_block(values: dict[str, Any]) -> bytes:
    """Values that are not None, closed by END and padded to 32-bit words."""
    raw = b"".join(parameter(k, v) for k, v in values.items() if v is not None) + b"END\0\0\0\0\0"
    return raw + b"\0" * (-len(raw) % 4)


def about(parameters: int, channel: int = 0, **values: Any) -> Block:
    """A parameter block: 2 instrument, 3 acquisition, 6 optics, 10 sample."""
    return kind(0, channel, parameters=parameters, part=0), parameter_block(values)


def spectrum(y: Sequence[float], data: int = 4, channel: int = 3, *, first: float = 4000.0, last: float = 400.0,
             pad: int = 1, before: bytes = b"", form: str = "<f4", part: int = 3, detector: int = 0, derivative: int = 0,
             extension: int = 0, **changes: Any) -> list[Block]:  # fmt: skip
    """A data block and its status block; `changes` replace, add or (None) leave out parameters of the status."""
    values = np.asarray(y, dtype=form)
    status = {"DPF": 1 if form == "<f4" else 2, "NPT": len(values), "FXV": float(first), "LXV": float(last), "CSF": 1.0,
              "MXY": float(values.max()), "MNY": float(values.min()), "DAT": "03/05/2019", "TIM": "13:34:44.641 (GMT-4)",
              "DXU": "WN"} | changes  # fmt: skip
    bits = {"part": part, "detector": detector, "derivative": derivative, "extension": extension}
    return [
        (kind(data, channel, **bits), before + values.tobytes() + b"\0" * 4 * pad),
        (kind(data, channel, parameters=1, **bits), parameter_block(status)),
    ]


SAMPLE = about(
    10, SNM="Tablet 7, 1 mm²", SFM="ATR", CNM="A. Person", XPP=r"C:\Users\A. Person\OPUS_8.5.29\XPM", CPG=1252
)
INSTRUMENT = about(2, INS="ALPHA II", SRN="445", VSN="1.300", RLW=9394.9)
ACQUISITION = about(3, NSS=32, RES=4.0)
OPTICS = about(6, DTC="DLaTGS", ACC="ATR platinum Diamond", SRC="MIR")
REFERENCE = [about(2, 2, INS="ALPHA II", SRN="445"), about(3, 2, NSR=16, RES=4.0)]
ABOUT = [SAMPLE, INSTRUMENT, ACQUISITION, OPTICS, *REFERENCE]


def opus(*blocks: Block, entries: int | None = None, room: int = 40) -> bytes:
    """A file of these blocks; `entries` is the number the header announces, if not the true one."""
    room = max(room, len(blocks) + 1)
    head, body = 24 + 12 * room, b""
    directory = struct.pack("<Iii", DIRECTORY, 3 * room, 24)
    for word, content in blocks:
        directory += struct.pack("<Iii", word, len(content) // 4, head + len(body))
        body += content
    count = len(blocks) + 1 if entries is None else entries
    header = b"\n\n\xfe\xfe" + struct.pack("<d3i", 920622.0, 24, room, count)
    return header + directory.ljust(12 * room, b"\0") + body


def entry(content: bytes, number: int) -> tuple[int, int, int]:
    """Type, words and start of a directory entry; 0 is the directory itself."""
    return struct.unpack_from("<Iii", content, 24 + 12 * number)


def with_entry(content: bytes, number: int, word: int, words: int, start: int) -> bytes:
    """The file with one directory entry replaced."""
    changed = bytearray(content)
    struct.pack_into("<Iii", changed, 24 + 12 * number, word, words, start)
    return bytes(changed)


Y = [0.1, 0.4, 1.2, 0.3, 0.2, 0.05]


def whole() -> bytes:
    """A file as an instrument writes it: absorbance, both single beams, an interferogram and a phase."""
    return opus(
        *ABOUT,
        *spectrum([0.2, 0.1, -0.3, 0.05], 2, 1, first=0, last=3, DXU="PNT", MXY=9.0),
        *spectrum([0.01, 0.02, 0.03], 3, 1, first=15000, last=0),
        *spectrum([v / 10 for v in Y], 1, 1),
        *spectrum([*Y, 0.01], 1, 2, last=390.0, DAT="02/05/2019"),
        *spectrum(Y),
    )


def refused(content: bytes, **hints: Any) -> InstrumentError:
    """The error for a file, which must say what to do."""
    with pytest.raises(InstrumentError) as caught:
        read(content, "a.0", **hints)
    error = caught.value
    assert error.hint
    assert error.code != "reader_failed", error.__cause__
    return error


def roles(content: bytes) -> list[str]:
    """The role of every reading of a file."""
    return [r.meta["role"] for r in read(content, "a.0")]
