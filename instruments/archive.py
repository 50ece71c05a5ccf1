"""Unpacks one layer of gzip, or a zip around a single file, and refuses everything that smells of a bomb.

Imports nothing above source, errors and limits. A gzip inside a gzip, or any second layer, is refused.
"""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from .errors import CorruptFile, TooLarge, UnknownFormat, UnsafeArchive, UnsupportedVariant
from .limits import MIB, Limits
from .source import CHUNK, Source, base_name

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
SPOOL_BYTES = 32 * MIB
VENDOR_FOLDERS = (  # (pattern of a member's path, what it is); a folder is one run
    (re.compile(r"\.d/(.*/)?(data\.ms|.*\.ch|.*\.uv|acqdata/.*)$", re.I), "an Agilent .D folder"),
    (re.compile(r"\.raw/(_func|_header|_extern)", re.I), "a Waters .raw folder"),
    (re.compile(r"\.d/(analysis\.(baf|tdf|tsf|yep))", re.I), "a Bruker .d folder"),
)


def unpack(source: Source, limits: Limits) -> Source:
    """The content behind one layer of gzip or zip, or `source` itself if it is not packed."""
    if source.head.startswith(GZIP):
        inner = _gunzip(source, limits)
    elif source.head.startswith(ZIP):
        inner = _unzip(source, limits)
    else:
        return source
    if inner.head.startswith((GZIP, ZIP)):
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
            hint="Copy the file again.",
        ) from error
    if not engine.eof:
        raise CorruptFile(
            "This gzip file is cut short.",
            code="gzip_truncated",
            byte=source.size,
            hint="The transfer did not finish; copy the file again.",
        )


def _capped(pieces: Iterator[tuple[bytes, int]], limits: Limits) -> Iterator[bytes]:
    """The pieces, as long as what came out is no absurd multiple of what went in."""
    total = 0
    for piece, packed in pieces:
        total += len(piece)
        if total > limits.expanded_bytes:
            raise TooLarge(
                f"This file unpacks to more than {limits.expanded_bytes // MIB} MiB.", code="expands_too_far"
            )
        if total > limits.archive_free_bytes and total > packed * limits.archive_ratio:
            raise UnsafeArchive(
                f"This file unpacks to more than {limits.archive_ratio} times its size, as a bomb does.",
                code="compression_bomb",
            )
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
    except BaseException:
        spool.close()
        raise


def _unzip(source: Source, limits: Limits) -> Source:
    try:
        with zipfile.ZipFile(source.open()) as archive:
            member = _only_member(archive, limits)
            with archive.open(member) as stream:
                pieces = ((piece, member.compress_size) for piece in iter(lambda: stream.read(CHUNK), b""))
                return _collect(_capped(pieces, limits), base_name(member.filename), source.sha256)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        raise CorruptFile(
            "This zip file is damaged or packed in a way that cannot be read.",
            code="zip_damaged",
            hint="Pack it again, or upload the file itself.",
        ) from error


def _only_member(archive: zipfile.ZipFile, limits: Limits) -> zipfile.ZipInfo:
    members = archive.infolist()
    if len(members) > limits.archive_members:
        raise UnsafeArchive(
            f"This zip holds {len(members):,} files; {limits.archive_members:,} are allowed.", code="too_many_members"
        )
    for member in members:
        _refuse_unsafe(member)
    if sum(m.file_size for m in members) > limits.expanded_bytes:
        raise TooLarge(f"This zip unpacks to more than {limits.expanded_bytes // MIB} MiB.", code="expands_too_far")
    names = [m.filename for m in members]
    if "[Content_Types].xml" in names or "mimetype" in names:
        raise UnknownFormat(
            "This is an office document (XLSX, DOCX or ODS), not an instrument file.",
            code="office_document",
            hint="Save the sheet as CSV and upload that.",
        )
    for pattern, what in VENDOR_FOLDERS:
        if any(pattern.search(n) for n in names):
            raise UnsupportedVariant(
                f"This zip holds {what}; vendor folders cannot be read here yet.",
                code="vendor_folder",
                hint="Export the run as mzML (ProteoWizard) or ANDI/CDF and upload that.",
            )
    files = [m for m in members if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
    if len(files) != 1:
        raise UnsupportedVariant(
            f"This zip holds {len(files)} files; it must hold exactly one.",
            code="zip_of_many",
            hint="Upload the files one by one.",
        )
    size, packed = files[0].file_size, files[0].compress_size
    if size > limits.archive_free_bytes and size > packed * limits.archive_ratio:
        raise UnsafeArchive(
            f"This zip unpacks to more than {limits.archive_ratio} times its size, as a bomb does.",
            code="compression_bomb",
        )
    return files[0]


def _refuse_unsafe(member: zipfile.ZipInfo) -> None:
    parts = re.split(r"[/\\]", member.filename)
    if ".." in parts or member.filename.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", member.filename):
        raise UnsafeArchive("This zip holds a file whose name points outside of it.", code="path_traversal")
    if (member.external_attr >> 28) == 0xA:  # Unix mode S_IFLNK in the high half of external_attr
        raise UnsafeArchive("This zip holds a symbolic link.", code="symbolic_link")
    if member.flag_bits & 0x1:
        raise UnsafeArchive("This zip is encrypted.", code="encrypted_archive", hint="Pack it without a password.")
