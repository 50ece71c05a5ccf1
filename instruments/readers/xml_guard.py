"""What an XML file must not contain before a parser sees it, and whether it is complete. Imports errors only.

Entities, doctypes and exotic encodings have no place in mzML or mzXML; refusing them here closes entity
bombs, external fetches and parsers' own differences at once.
"""

from __future__ import annotations

import re

from ..errors import CorruptFile
from ..source import Source

ENCODINGS = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii", b"iso-8859-1", b"windows-1252", b"latin1"})
_DECLARATION = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([^\"']{1,40})[\"']")


def guard(source: Source, root: bytes) -> None:
    """Raise CorruptFile on a doctype, an entity, another encoding, or a missing end tag of `root`."""
    declared = _DECLARATION.match(source.head.lstrip(b"\xef\xbb\xbf"))
    if b"\0" in source.head[:1024] or (declared and declared[1].lower() not in ENCODINGS):
        raise CorruptFile(
            "This XML file uses an encoding that instrument software does not write.", code="xml_encoding", byte=0
        )
    position = 0
    for chunk in source.chunks(overlap=16):
        found = re.search(rb"<!(DOCTYPE|ENTITY)", chunk)
        if found:
            raise CorruptFile(
                "This file declares XML entities or a document type, which may be an attack.",
                code="xml_entities",
                byte=max(0, position + found.start() - (16 if position else 0)),
                hint="Convert the raw file again with msConvert.",
            )
        position += len(chunk)
    if not re.search(rb"</(\w+:)?(indexed)?" + root + rb"\s*>\s*(<!--.*-->\s*)?\Z", source.tail.rstrip(b"\0 \r\n\t")):
        raise CorruptFile(
            f"The file ends before </{root.decode()}>; the transfer or the acquisition was cut short.",
            code="truncated",
            byte=source.size,
            hint="Copy or convert the file again.",
        )


def declared_count(source: Source, tag: bytes) -> int | None:
    """The count attribute of the first such list element, if it has one."""
    pattern = re.compile(rb"<(?:\w+:)?" + tag + rb"\b[^>]{0,400}?\bcount\s*=\s*[\"'](\d{1,18})[\"']")
    for chunk in source.chunks(overlap=512):
        found = pattern.search(chunk)
        if found:
            return int(found[1])
    return None
