"""Unpacks one layer of gzip, or a zip around one file or one vendor folder; refuses what smells of a bomb.

Imports nothing above zip_folder. A gzip inside a gzip, or any second layer, is refused.
"""

from __future__ import annotations

import io
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from .errors import COPY, CorruptFile, TooLarge, UnknownFormat, UnsafeArchive, UnsupportedVariant
from .folder import Folder, is_litter
from .limits import MIB, Limits
from .source import CHUNK, Source, base_name
from .zip_folder import (
    METHODS,
    NO_ROOM,
    ZIP_ERRORS,
    plain_name,
    refuse_bomb,
    unpacking_failed,
    vendor_folder,
    zip_damaged,
)

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
SPOOL_BYTES = 32 * MIB
# The end of a zip: a record of 22 bytes and a comment; before it, in large ones, a locator and a record of 64 bits.
END, END_BYTES, END_REACH = b"PK\x05\x06", 22, (1 << 16) + 22
LOCATOR, LOCATOR_BYTES, END64, END64_BYTES = b"PK\x06\x07", 20, b"PK\x06\x06", 56
MEMBER_BYTES = 4096


def unpack(source: Source, limits: Limits) -> Source:
    """The content behind one layer of gzip or zip, or `source` itself if it is not packed.

    A zip around a vendor folder gives a Folder that is not unpacked yet.
    """
    if source.head.startswith(GZIP):
        inner = _gunzip(source, limits)
    elif source.head.startswith(ZIP):
        inner = _unzip(source, limits)
    else:
        return source
    if not isinstance(inner, Folder) and inner.head.startswith((GZIP, ZIP)):
        inner.close()
        raise UnsafeArchive("This archive holds another archive; only one layer is unpacked.", code="nested_archive")
    return inner


def _gunzip(source: Source, limits: Limits) -> Source:
    pieces = _capped(_inflate(source), limits)
    name = re.sub(r"\.gz(ip)?$", "", source.name, flags=re.I)
    return _collect(pieces, name, source.sha256)


def _inflate(source: Source) -> Iterator[tuple[bytes, int]]:
    """Bounded pieces, each with the packed bytes used so far. Raises CorruptFile on a bad checksum or a cut end."""
    engine, consumed = zlib.decompressobj(wbits=31), 0
    try:
        for chunk in source.chunks():
            consumed += len(chunk)
            rest = chunk
            while rest:
                if engine.eof:  # another member, or zero padding as gzip(1) allows
                    rest = rest.lstrip(b"\0")
                    if not rest:
                        break
                    engine = zlib.decompressobj(wbits=31)
                piece = engine.decompress(rest, CHUNK)
                rest = engine.unconsumed_tail or engine.unused_data
                yield piece, consumed - len(rest)
    except zlib.error as error:
        raise CorruptFile(
            "The gzip compression of this file is damaged (checksum or stream error).",
            code="gzip_damaged",
            byte=consumed,
            hint=COPY,
        ) from error
    if not engine.eof:
        raise CorruptFile(
            "This gzip file is cut short, so its transfer did not finish.",
            code="gzip_truncated",
            byte=source.size,
            hint=COPY,
        )


def _capped(pieces: Iterator[tuple[bytes, int]], limits: Limits) -> Iterator[bytes]:
    """The pieces, as long as what came out is no absurd multiple of what went in."""
    total = 0
    for piece, packed in pieces:
        total += len(piece)
        refuse_bomb(total, packed, limits)
        yield piece


def _collect(pieces: Iterator[bytes], name: str, sha256: str) -> Source:
    spool: BinaryIO = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # type: ignore[assignment]  # noqa: SIM115
    try:
        for piece in pieces:
            spool.write(piece)
        size = spool.seek(0, io.SEEK_END)
        if size == 0:
            raise CorruptFile("The archive holds an empty file.", code="empty_file")
        return Source(spool, size, name, sha256)
    except BaseException as error:
        spool.close()
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise unpacking_failed(error) from error
        raise


def _unzip(source: Source, limits: Limits) -> Source:
    refuse_large_directory(source, limits)
    try:
        with zipfile.ZipFile(source.open()) as archive:
            refuse_unsafe_members(archive, limits)
            folder = vendor_folder(archive, source, limits)
            return folder if folder is not None else _single(archive, source, limits)
    except (*ZIP_ERRORS, OSError) as error:
        raise unpacking_failed(error) from error


def refuse_large_directory(source: Source, limits: Limits) -> None:
    """Before zipfile makes an object per member: the directory's own size, where zipfile will look for it."""
    tail = source.probe.at(max(0, source.size - END_REACH), END_REACH)
    at = len(tail) - END_BYTES if tail[-END_BYTES:].startswith(END) and tail.endswith(b"\0\0") else tail.rfind(END)
    if at < 0 or at + END_BYTES > len(tail):
        return
    (size,) = struct.unpack_from("<I", tail, at + 12)
    large = at - LOCATOR_BYTES - END64_BYTES
    if large >= 0 and tail.startswith(LOCATOR, at - LOCATOR_BYTES) and tail.startswith(END64, large):
        (size,) = struct.unpack_from("<Q", tail, large + 40)
    if size > limits.archive_members * MEMBER_BYTES:
        raise UnsafeArchive(
            f"This zip lists more than the {limits.archive_members:,} files allowed.", code="too_many_members"
        )


def _single(archive: zipfile.ZipFile, source: Source, limits: Limits) -> Source:
    member = _only_member(archive)
    with archive.open(member) as stream:
        pieces = ((piece, member.compress_size) for piece in iter(lambda: stream.read(CHUNK), b""))
        return _collect(_capped(pieces, limits), base_name(member.filename), source.sha256)


def refuse_unsafe_members(archive: zipfile.ZipFile, limits: Limits) -> None:
    """What makes a zip unfit whatever is in it: too many members, paths, links, sizes, office documents."""
    members = archive.infolist()
    if len(members) > limits.archive_members:
        raise UnsafeArchive(
            f"This zip holds {len(members):,} files; {limits.archive_members:,} are allowed.", code="too_many_members"
        )
    for member in members:
        _refuse_unsafe(member)
    if sum(m.file_size for m in members) > limits.expanded_bytes:
        raise TooLarge(f"This zip unpacks to more than {limits.expanded_bytes // MIB} MiB.", code="expands_too_far")
    for member in members:
        refuse_bomb(member.file_size, member.compress_size, limits)
    names = [m.filename for m in members]
    if "[Content_Types].xml" in names or "mimetype" in names:
        raise UnknownFormat(
            "This is an office document (XLSX, DOCX or ODS), not an instrument file.",
            code="office_document",
            hint="Save the sheet as CSV and upload that.",
        )


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    files = [m for m in archive.infolist() if not m.is_dir() and not is_litter(plain_name(m))]
    if len(files) != 1:
        raise UnsupportedVariant(
            f"This zip holds {len(files)} files. A zip may hold one file, or one instrument folder.",
            code="zip_of_many",
            hint="Upload the files one by one, or pack each instrument folder on its own.",
        )
    if files[0].compress_type not in METHODS:
        raise zip_damaged()
    return files[0]


def _refuse_unsafe(member: zipfile.ZipInfo) -> None:
    parts = re.split(r"[/\\]", member.filename)
    if ".." in parts or member.filename.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", member.filename):
        raise UnsafeArchive("This zip holds a file whose name points outside of it.", code="path_traversal")
    if (member.external_attr >> 28) == 0xA:  # Unix mode S_IFLNK in the high half of external_attr
        raise UnsafeArchive("This zip holds a symbolic link.", code="symbolic_link")
    if member.flag_bits & 0x1:
        raise UnsafeArchive("This zip is encrypted.", code="encrypted_archive", hint="Pack it without a password.")
