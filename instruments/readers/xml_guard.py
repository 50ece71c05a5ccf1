"""Feeds an XML file to a parser piece by piece; each piece is inspected before the parser sees it. One pass.

Entities, doctypes and exotic encodings have no place in mzML or mzXML; refusing them here closes entity bombs,
external fetches and parsers' own differences at once. The parser calls a target and builds no tree, so memory does
not grow with the file. Imports errors and the source only; lxml on first use.
"""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, cast

from ..errors import CorruptFile
from ..source import Source

ENCODINGS = {
    b"utf-8": "UTF-8", b"utf8": "UTF-8", b"us-ascii": "US-ASCII", b"ascii": "US-ASCII", b"iso-8859-1": "ISO-8859-1",
    b"latin1": "ISO-8859-1", b"windows-1252": "WINDOWS-1252",
}  # fmt: skip
DECLARED_WITHIN = 1000  # bytes; a declaration takes about fifty
PIECE = 256 * 1024  # larger pieces make libxml2 slower, smaller ones Python (measured 16 KiB to 4 MiB)
MAX_DEPTH = 100  # mzML and mzXML need about a dozen
_DECLARATION = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']{1,40})[\"']")
_FORBIDDEN = re.compile(rb"<!(DOCTYPE|ENTITY)")
_OVERLAP = 16
_CHECKSUM = re.compile(rb"<(?:\w+:)?(?:fileChecksum|sha1)\s*>(?=\s*([0-9a-fA-F]{40})\s*<)")


class Target(ABC):
    """What lxml calls while it parses: names without namespaces, depth and text bounded, no tree.

    An exception raised by a subclass ends the parsing and comes out of `XmlFile.walk`.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._text: list[str] | None = None
        self._room = 0

    @abstractmethod
    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""

    @abstractmethod
    def finish(self, name: str) -> None:
        """An element ends."""

    def collect(self, characters: int) -> None:
        """Keep the text from here on, up to so many characters; other text is dropped as it comes."""
        self._text, self._room = [], characters

    def collected(self) -> str:
        """The text since `collect`, which ends here; '' without it."""
        text, self._text = self._text, None
        return "".join(text or ())

    def start(self, tag: str, attrib: Mapping[str, str]) -> None:
        """Called by lxml. libxml2 bounds the depth of trees, not of events, so it is bounded here."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise CorruptFile(f"Elements are nested more than {MAX_DEPTH} deep.", code="nested_too_deep")
        self.begin(tag[tag.rfind("}") + 1 :], attrib)

    def end(self, tag: str) -> None:
        """Called by lxml."""
        self._depth -= 1
        self.finish(tag[tag.rfind("}") + 1 :])

    def data(self, text: str) -> None:
        """Called by lxml."""
        if self._text is not None:
            self._room -= len(text)
            if self._room < 0:
                raise CorruptFile("A value of this file is longer than its stated length.", code="array_length")
            self._text.append(text)

    def close(self) -> None:  # noqa: B027 – nothing to give back, but lxml asks for it
        """Called by lxml at the end of the document."""


class XmlFile:
    """One XML document with the root element `root` (possibly inside an index). Raises CorruptFile at once when
    its encoding is odd or its end tag is missing: a run that was cut short is never silently shorter.
    """

    def __init__(self, source: Source, root: str) -> None:
        self._encoding = _encoding(source)
        _refuse_cut(source, root.encode())
        self._source, self._root = source, root
        self._stated = list(_CHECKSUM.finditer(source.tail))[-1:]
        self._sha1 = hashlib.sha1(usedforsecurity=False)

    def walk(self, target: Target) -> Iterator[None]:
        """Parse the file; gives control back after every piece, when `target` may have collected something.

        Raises CorruptFile on entities, doctypes, XML that is not well-formed, nesting and attributes beyond what
        libxml2 allows, and whatever `target` raises.
        """
        from lxml import etree

        # Told the encoding, libxml2 ignores what the document says: it reads the bytes that were inspected here.
        parser = etree.XMLParser(
            target=cast(Any, target), encoding=self._encoding, huge_tree=False, resolve_entities=False, no_network=True
        )
        try:
            for piece in self._pieces():
                parser.feed(piece)
                yield
            parser.close()
        except etree.XMLSyntaxError as error:
            raise CorruptFile(
                f"The XML of this file is damaged or beyond what {self._root} needs.",
                code="bad_xml",
                line=error.lineno or None,
            ) from error
        yield

    def _pieces(self) -> Iterator[bytes]:
        position, before = 0, b""
        hashed = self._source.size - len(self._source.tail) + self._stated[0].end() if self._stated else 0
        stream = self._source.open()
        while piece := stream.read(PIECE):
            found = _FORBIDDEN.search(before + piece)
            if found:
                raise CorruptFile(
                    "This file declares XML entities or a document type, which may be an attack.",
                    code="xml_entities",
                    byte=position - len(before) + found.start(),
                    hint="Convert the raw file again with msConvert.",
                )
            if position < hashed:
                self._sha1.update(piece[: hashed - position])
            yield piece
            position, before = position + len(piece), piece[-_OVERLAP:]

    @property
    def altered(self) -> bool:
        """After `walk`: whether the file states a checksum (SHA-1 up to its own tag) that does not fit its content."""
        return bool(self._stated) and self._stated[0][1].decode().lower() != self._sha1.hexdigest()


def whole(text: str | None, what: str, default: int = 0) -> int:
    """A count in an attribute. Raises CorruptFile when it is no whole number ≥ 0 of at most 18 digits."""
    if text is None:
        return default
    bare = text.strip()
    if not (bare.isascii() and bare.isdecimal() and len(bare) <= 18):
        raise CorruptFile(f"{what} is {bare[:30]!r}, which is no count.", code="bad_header")
    return int(bare)


def _encoding(source: Source) -> str:
    head = source.head.lstrip(b"\xef\xbb\xbf")[:DECLARED_WITHIN]
    declared = _DECLARATION.match(head)
    said = declared[1].lower() if declared else b"utf-8"
    if b"\0" in source.head[:1024] or said not in ENCODINGS or (head.startswith(b"<?xml") and b"?>" not in head):
        raise CorruptFile(
            "This XML file uses an encoding that instrument software does not write.", code="xml_encoding", byte=0
        )
    return ENCODINGS[said]


def _refuse_cut(source: Source, root: bytes) -> None:
    ends = list(re.finditer(rb"</(?:\w{1,40}:)?(?:indexed)?" + root + rb"\s{0,40}>", source.tail))
    behind = source.tail[ends[-1].end() :].strip(b"\0 \r\n\t") if ends else b"x"
    if behind and not (behind.startswith(b"<!--") and behind.endswith(b"-->")):
        raise CorruptFile(
            f"The file ends before </{root.decode()}>; the transfer or the acquisition was cut short.",
            code="truncated",
            byte=source.size,
            hint="Copy or convert the file again.",
        )
