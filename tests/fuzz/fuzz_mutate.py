"""Ways to spoil a file, each a function of (content, random numbers, other seeds). Nothing here knows a reader.

The mutators are grouped by what the family's files are made of; a case stacks one to four of them. All
randomness comes from the `Random` passed in, so that a case is the same on every machine.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from random import Random

Mutator = Callable[[bytes, Random, Sequence[bytes]], bytes]
LARGEST = 64 * 1024
FIXED_CUTS = 20
COUNTS = (
    0, 1, 2, 3, 127, 128, 255, 256, 32767, 32768, 65535, 2**24, 10**6, 10**9, 2**31 - 1, 2**31, 2**32 - 1, -1, -2,
    -(2**31)
)  # fmt: skip
DOUBLES = (
    0.0, -0.0, 1.0, -1.0, 1e-300, 5e-324, 1e38, 1e300, 1.7e308, 9.969209968386869e36, float("inf"), float("-inf"),
    float("nan")
)  # fmt: skip
WORDS = (
    b"", b"\x00", b"-1", b"0", b"1e999", b"-1e999", b"nan", b"NaN", b"inf", b"Infinity", b"1e308", b"1e-400", b"9" * 30, b"9" * 400,
    b"9" * 5000, b"2147483647", b"4294967296", b"-2147483648", b"1_000", b"0x10", b"1d5", b"\xd9\xa1\xd9\xa2", b"\xc2\xb2", b"1,5", b"1.2.3",
    b'"', b"'", b"''", b"##", b"##END=", b"##TITLE=", b"##DATA TYPE=LINK\n##BLOCKS=9\n##TITLE=x\n##DATA TYPE=LINK\n", b"##NTUPLES=x\n",
    b"##PAGE=", b"$$", b"<", b">", b"</", b"<!--", b"<![CDATA[", b"]]>", b"<?x", b"&#0;", b"&amp;", b"&lol;", b"<!DOCTYPE x>", b"=", b":", b";",
    b",", b"\t", b" ", b"\n\n", b"\r", b"\r\n", b"\x1a", b"\x0c", b"\x85", b"\xe2\x80\xa8", b"\xff\xfe", b"\xef\xbb\xbf", b"\xa0", b"\xc2\xa0",
    b"{", b"[", b"]", b"}", b"[" * 2000, b'{"a":' * 2000, b"null", b"true", b"BEGIN IONS\n", b"END IONS\n", b"//\n", b"Num Peaks: 3\n",
    b"Name: x\n", b"PK$PEAK: m/z int. rel.int.\n", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", b"\xc3", b"%", b"%s", b"\\", b"../../etc/passwd",
)  # fmt: skip
ACCESSIONS = (
    b"MS:1000514", b"MS:1000515", b"MS:1000595", b"MS:1000617", b"MS:1000519", b"MS:1000521", b"MS:1000522", b"MS:1000523", b"MS:1000574",
    b"MS:1000576", b"MS:1002312", b"MS:1002313", b"MS:1002314", b"MS:1002746", b"MS:1002747", b"MS:1002748", b"MS:1000511", b"MS:1000016",
    b"MS:1000744", b"UO:0000010", b"UO:0000031", b"MS:9999999",
)  # fmt: skip
_NUMBER = re.compile(rb"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_TAG = re.compile(rb"<[^<>]{1,400}>")
_BASE64 = re.compile(rb">([A-Za-z0-9+/=]{8,})<")


def _span(content: bytes, random: Random, longest: int) -> tuple[int, int]:
    start = random.randrange(len(content) + 1)
    return start, min(len(content), start + random.randrange(1, longest + 1))


# --- any bytes ------------------------------------------------------------------------------------------------


def flip_bits(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """One to eight bits anywhere."""
    out = bytearray(content)
    for _ in range(random.randrange(1, 9)):
        place = random.randrange(len(out) * 8)
        out[place // 8] ^= 1 << (place % 8)
    return bytes(out)


def set_bytes(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """One to twenty bytes to 00, ff, 7f or 80, half of the time all of them in the header."""
    out = bytearray(content)
    reach = min(len(out), 512) if random.random() < 0.5 else len(out)
    for _ in range(random.randrange(1, 21)):
        out[random.randrange(reach)] = random.choice((0x00, 0xFF, 0x7F, 0x80))
    return bytes(out)


def cut_end(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """Cut short: at one of twenty fixed places, or anywhere."""
    if random.random() < 0.5:
        return content[: len(content) * random.randrange(FIXED_CUTS) // FIXED_CUTS]
    return content[: random.randrange(len(content))]


def cut_start(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """The beginning lost, as a resumed transfer may leave it."""
    return content[random.randrange(1, min(len(content), 64) + 1) :]


def remove_block(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """A piece taken out."""
    start, end = _span(content, random, max(1, len(content) // 3))
    return content[:start] + content[end:]


def repeat_block(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """A piece two to sixty-four times, now and then thousands of times: the seed of a bomb."""
    start, end = _span(content, random, random.choice((4, 64, 1024)))
    times = random.choice((2, 2, 3, 3, 8, 8, 64, 4096))
    return content[:end] + content[start:end] * min(times, LARGEST // max(1, end - start)) + content[end:]


def swap_blocks(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """Two pieces exchanged."""
    places = sorted(random.randrange(len(content) + 1) for _ in range(4))
    a, b, c, d = places
    return content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:]


def insert_noise(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """Random bytes between."""
    place = random.randrange(len(content) + 1)
    return content[:place] + random.randbytes(random.choice((1, 2, 4, 8, 64, 512))) + content[place:]


def cross_over(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """A piece of another seed, put between or over."""
    other = random.choice(others)
    start, end = _span(other, random, max(1, len(other) // 2))
    place = random.randrange(len(content) + 1)
    skip = random.choice((0, end - start))
    return content[:place] + other[start:end] + content[place + skip :]


def append_other(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """Another file behind this one."""
    return content + random.choice(others)


def absurd_integer(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """A 16-, 32- or 64-bit field overwritten with an absurd count or offset, in either byte order."""
    width, code = random.choice(((2, "H"), (4, "I"), (4, "I"), (8, "Q")))
    value = random.choice(
        (*COUNTS, len(content), len(content) - 1, len(content) + 1, random.randrange(len(content) + 1))
    )
    field = struct.pack(random.choice("<>") + code, value % (1 << (8 * width)))
    return _overwrite(content, field, random)


def absurd_float(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """A float32 or float64 overwritten with NaN, infinity, a huge or a denormal value, in either byte order."""
    value = random.choice(DOUBLES)
    single = random.random() < 0.5
    if single and abs(value) > 3e38 and value == value and abs(value) != float("inf"):
        value = 3e38
    return _overwrite(content, struct.pack(random.choice("<>") + ("f" if single else "d"), value), random)


def _overwrite(content: bytes, field: bytes, random: Random) -> bytes:
    reach = min(len(content), 768) if random.random() < 0.6 else len(content)
    place = random.randrange(reach)
    if random.random() < 0.7:
        place -= place % 2
    return content[:place] + field + content[place + len(field) :]


# --- text -----------------------------------------------------------------------------------------------------


def splice_word(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """A word of mischief between or over the text."""
    place = random.randrange(len(content) + 1)
    return content[:place] + random.choice(WORDS) + content[place + random.choice((0, 0, 1, 4, 12)) :]


def spoil_number(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """A number of the file replaced by an absurd one or by a word."""
    found = list(_NUMBER.finditer(content))
    if not found:
        return splice_word(content, random, others)
    match = random.choice(found)
    word = str(random.choice(COUNTS)).encode() if random.random() < 0.5 else random.choice(WORDS)
    return content[: match.start()] + word + content[match.end() :]


def spoil_lines(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """A line removed, doubled, multiplied, moved, or joined with the next."""
    rows = content.split(b"\n")
    place = random.randrange(len(rows))
    how = random.randrange(5)
    if how == 0:
        del rows[place]
    elif how == 1:
        rows.insert(place, rows[place])
    elif how == 2:
        rows[place:place] = [rows[place]] * random.choice((2, 9, 60, min(1000, LARGEST // (len(rows[place]) + 1))))
    elif how == 3:
        rows.insert(random.randrange(len(rows)), rows.pop(place))
    else:
        rows[place : place + 2] = [b"".join(rows[place : place + 2])]
    return b"\n".join(rows)


def splice_line(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """A line of another seed inserted."""
    rows, foreign = content.split(b"\n"), random.choice(others).split(b"\n")
    rows.insert(random.randrange(len(rows) + 1), random.choice(foreign))
    return b"\n".join(rows)


def other_encoding(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """Other line ends or another encoding, with or without its mark, or a broken half of it."""
    how = random.randrange(7)
    if how < 2:
        return content.replace(b"\r\n", b"\n").replace(b"\n", (b"\r", b"\r\n")[how])
    text = content.decode("latin-1")
    encoded = text.encode(("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32")[how - 2])
    return encoded[: len(encoded) - random.choice((0, 0, 1))]


def swap_separators(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """One separator for another throughout."""
    a, b = random.sample((b",", b";", b"\t", b" ", b".", b":", b"|"), 2)
    return content.replace(a, b)


# --- XML ------------------------------------------------------------------------------------------------------


def spoil_tag(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """A tag removed, doubled, multiplied or moved."""
    found = list(_TAG.finditer(content))
    if not found:
        return splice_word(content, random, others)
    match = random.choice(found)
    tag, before, after = match[0], content[: match.start()], content[match.end() :]
    how = random.randrange(4)
    if how == 0:
        return before + after
    if how == 1:
        return before + tag * random.choice((2, 3, min(3000, LARGEST // len(tag)))) + after
    if how == 2:
        place = random.randrange(len(after) + 1)
        return before + after[:place] + tag + after[place:]
    return before + random.choice(found)[0] + after


def spoil_base64(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """The binary content of an array spoiled beneath an intact base64, at times beneath an intact zlib too."""
    found = list(_BASE64.finditer(content))
    if not found:
        return spoil_number(content, random, others)
    match = random.choice(found)
    try:
        raw = base64.b64decode(match[1], validate=True)
    except binascii.Error:
        return content
    try:
        plain, packed = zlib.decompress(raw), True
    except zlib.error:
        plain, packed = raw, False
    change = random.choice((flip_bits, set_bytes, cut_end, repeat_block, absurd_integer, absurd_float))
    plain = change(plain or b"\0", random, others)
    raw = zlib.compress(plain) if packed != (random.random() < 0.1) else plain
    return content[: match.start(1)] + base64.b64encode(raw) + content[match.end(1) :]


def swap_accession(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """A term of the ontology exchanged for another."""
    found = list(re.finditer(rb"(MS|UO):\d{7}", content))
    if not found:
        return spoil_tag(content, random, others)
    match = random.choice(found)
    return content[: match.start()] + random.choice(ACCESSIONS) + content[match.end() :]


# --- around a file --------------------------------------------------------------------------------------------


def wrapped(content: bytes, random: Random) -> bytes:
    """The spoiled file in an intact gzip or zip."""
    if random.random() < 0.5:
        return gzip.compress(content, 1, mtime=0)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(random.choice(("a.dat", "d/a.dat"))), content)
    return out.getvalue()


BYTES: tuple[Mutator, ...] = (
    flip_bits, flip_bits, set_bytes, set_bytes, cut_end, cut_end, cut_start, remove_block, repeat_block, swap_blocks, insert_noise,
    cross_over, append_other, absurd_integer, absurd_integer, absurd_integer, absurd_integer, absurd_float, absurd_float,
)  # fmt: skip
TEXT: tuple[Mutator, ...] = (
    flip_bits, set_bytes, cut_end, cut_start, remove_block, repeat_block, cross_over, append_other, splice_word, splice_word,
    spoil_number, spoil_number, spoil_number, spoil_lines, spoil_lines, splice_line, other_encoding, swap_separators,
)  # fmt: skip
XML: tuple[Mutator, ...] = (
    flip_bits, cut_end, repeat_block, splice_word, spoil_number, spoil_number, spoil_number, spoil_tag, spoil_tag, spoil_tag,
    spoil_base64, spoil_base64, spoil_base64, swap_accession, swap_accession, cross_over, set_bytes, other_encoding,
)  # fmt: skip


def spoil_member(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """One file of a zip spoiled, left out, or given another's name or content, in an intact zip around it."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {m.filename: archive.read(m) for m in archive.infolist()}
    except (zipfile.BadZipFile, zlib.error, *_UNZIP):
        return random.choice(BYTES)(content, random, others)
    names = [n for n, c in members.items() if c]
    if not names:
        return content
    name = random.choice(names)
    how = random.randrange(10)
    if how == 0:
        del members[name]
    elif how == 1:
        other = random.choice(names)
        members[name], members[other] = members[other], members[name]
    else:
        members[name] = random.choice(BYTES)(members[name], random, list(members.values()))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for kept, inside in members.items():
            archive.writestr(zipfile.ZipInfo(kept), inside)
    return out.getvalue()


_UNZIP = (
    EOFError, NotImplementedError, RuntimeError, ValueError, OSError, KeyError, IndexError, OverflowError, struct.error,
)  # fmt: skip
FOLDER: tuple[Mutator, ...] = (spoil_member, spoil_member, spoil_member)


def spoiled(
    content: bytes, random: Random, others: Sequence[bytes], mutators: Sequence[Mutator]
) -> tuple[bytes, list[str]]:
    """One to four mutations on top of each other, and their names."""
    steps: list[str] = []
    largest = max(LARGEST, len(content) + 4096)
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 4))):
        if not content:
            break
        change = random.choice(mutators)
        content = change(content, random, others)[:largest]
        steps.append(change.__name__)
    return content, steps
