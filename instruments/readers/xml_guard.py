"""Feeds an XML file to a parser piece by piece; each piece is inspected before the parser sees it. One pass.

Entities, doctypes and exotic encodings have no place in mzML or mzXML; refusing them here closes entity bombs,
external fetches and parsers' own differences at once. The parser calls a target and builds no tree, so memory does
not grow with the file. Imports errors and the source only; lxml on first use.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, cast

from ..errors import UNCHANGED, CorruptFile
from ..source import Source
from ..text import decode_head
from ..validate import warning

_ONE_BYTE = re.compile(r"iso[-_]8859[-_]\d{1,2}|windows-125\d|latin-?[1-9]|us-ascii|ascii", re.I)
DECLARED_WITHIN = 1000  # bytes; a declaration takes about fifty
PIECE = 256 * 1024  # larger pieces make libxml2 slower, smaller ones Python (measured 16 KiB to 4 MiB)
MAX_DEPTH = 100  # mzML and mzXML need about a dozen
_DECLARATION = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']{1,40})[\"']")
_FORBIDDEN = re.compile(rb"<!(DOCTYPE|ENTITY)")
_OVERLAP = 16
_CHECKSUM = re.compile(r"<(?:\w+:)?(?:fileChecksum|sha1)\s*>(?=\s*([0-9a-fA-F]{40})\s*<)")
_INDEX = re.compile(r"<(?:\w+:)?index(?:List)?Offset\s*>\s*(\d{1,18})\s*<")
# Chromatograms of a file that many have (the example of mzML 1.1) stand at "just any number": that index is passed over.
_CHROMATOGRAMS = re.compile(r"<(?:\w+:)?index\s+name\s*=\s*[\"']chromatogram")
_OFFSET = re.compile(r"<(?:\w+:)?offset\s+id(?:Ref)?\s*=\s*[\"']([^\"']*)[\"'][^<>]*>\s*(\d{1,18})\s*<")
_INDEXED = re.compile(
    rb"\s*<(?:\w+:)?(?:spectrum|chromatogram|scan)\s(?:[^>]*?\s)?(?:id|num)\s*=\s*[\"']([^\"']*)[\"']"
)
_TAG = 1_000  # bytes of an opening tag that are looked at
MOVED = warning(
    "index",
    "The index of this file points elsewhere: the file may have been changed after it was written, for instance by git or e-mail, "
    "which change line ends. Its scans are read without the index.",
)


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
    its encoding is odd or its end tag is missing: a run that was cut short is never silently shorter. `moved` tells that its
    index is not where it says.
    """

    def __init__(self, source: Source, root: str) -> None:
        self._codec = _codec(source)
        tail = _Tail(source, self._codec)
        _refuse_cut(tail, root)
        self._source, self._root = source, root
        stated = list(_CHECKSUM.finditer(tail.text))[-1:]
        self._stated = stated[0][1].lower() if stated else ""
        self._hashed = tail.place(stated[0].end()) if stated else 0
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self.moved = not self._codec.startswith("utf-16") and _index_is_elsewhere(source, tail.text)

    def walk(self, target: Target) -> Iterator[None]:
        """Parse the file; gives control back after every piece, when `target` may have collected something.

        Raises CorruptFile on entities, doctypes, XML that is not well-formed, nesting and attributes beyond what
        libxml2 allows, and whatever `target` raises.
        """
        from lxml import etree

        # Told the encoding, libxml2 ignores what the document says: it reads the bytes that were inspected here.
        parser = etree.XMLParser(
            target=cast(Any, target), encoding="UTF-8", huge_tree=False, resolve_entities=False, no_network=True
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
        """The document in UTF-8, whatever its own encoding."""
        position, read, before = 0, 0, b""
        decoder = codecs.getincrementaldecoder(self._codec)() if self._codec != "utf-8" else None
        stream = self._source.open()
        while raw := stream.read(PIECE):
            if read < self._hashed:
                self._sha1.update(raw[: self._hashed - read])
            read += len(raw)
            piece = raw if decoder is None else _decoded(decoder, raw, position, last=read >= self._source.size)
            found = _FORBIDDEN.search(before + piece)
            if found:
                raise CorruptFile(
                    "This file declares XML entities or a document type, which may be an attack.",
                    code="xml_entities",
                    byte=position - len(before) + found.start(),
                    hint="Convert the raw file again with msConvert.",
                )
            yield piece
            position, before = position + len(piece), piece[-_OVERLAP:]

    @property
    def altered(self) -> bool:
        """After `walk`: whether the file states a checksum (SHA-1 up to its own tag) that does not fit its content."""
        return bool(self._stated) and self._stated != self._sha1.hexdigest()


def whole(text: str | None, what: str, default: int = 0) -> int:
    """A count in an attribute. Raises CorruptFile when it is no whole number ≥ 0 of at most 18 digits."""
    if text is None:
        return default
    bare = text.strip()
    if not (bare.isascii() and bare.isdecimal() and len(bare) <= 18):
        raise CorruptFile(f"{what} is {bare[:30]!r}, which is no count.", code="bad_header")
    return int(bare)


def xml_head(head: bytes) -> bytes:
    """The beginning of a file as a sniffer looks at it: in UTF-8 where it is UTF-16."""
    return decode_head(head).encode() if _utf16(head) else head


def _utf16(head: bytes) -> str:
    """The codec of an XML document in UTF-16, told by its mark or by its first character; '' for any other."""
    marks = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
    return marks.get(head[:2], "")


def _codec(source: Source) -> str:
    """How the document is to be decoded: by its bytes if they are UTF-16, else as it says, else UTF-8."""
    wide = _utf16(source.head)
    head = xml_head(source.head).lstrip(codecs.BOM_UTF8)[:DECLARED_WITHIN]
    declared = _DECLARATION.match(head)
    said = declared[1].decode("ascii", "replace") if declared else "utf-8"
    known = wide or ("utf-8" if said.lower() in ("utf-8", "utf8") else said if _ONE_BYTE.fullmatch(said) else "")
    try:
        codec = codecs.lookup(known).name
    except LookupError:
        codec = ""
    if not codec or (not wide and b"\0" in source.head[:1024]) or (head.startswith(b"<?xml") and b"?>" not in head):
        raise CorruptFile(
            "This XML file uses an encoding that instrument software does not write.", code="xml_encoding", byte=0
        )
    return "utf-8" if codec == "ascii" else codec


def _decoded(decoder: codecs.IncrementalDecoder, raw: bytes, position: int, *, last: bool) -> bytes:
    try:
        return str(decoder.decode(raw, final=last)).encode()
    except UnicodeError as error:
        raise CorruptFile("The text of this XML file is damaged.", code="bad_encoding", byte=position) from error


def _index_is_elsewhere(source: Source, tail: str) -> bool:
    """Whether the file states where its index begins, and in it where each spectrum does, and one does not begin there: it was
    changed after it was written. Of a long index only the end is looked at.
    """
    stated = list(_INDEX.finditer(tail))[-1:]
    if not stated:
        return False
    at = source.probe.at
    if not re.match(rb"\s*<(?:\w+:)?index", at(int(stated[0][1]), 60)):
        return True
    for name, place in _OFFSET.findall(_CHROMATOGRAMS.split(tail)[0]):
        found = _INDEXED.match(at(int(place), _TAG))
        if found is None or found[1].decode("latin-1") != name:
            return True
    return False


class _Tail:
    """The end of a document as text, and where a character of it stands among the bytes of the file."""

    def __init__(self, source: Source, codec: str) -> None:
        wide = {"utf-16": _order(source.head)}.get(codec, codec)
        odd = (source.size - len(source.tail)) % 2 if wide.startswith("utf-16") else 0
        self._begin = source.size - len(source.tail) + odd
        # A tail may begin within a character; as Latin-1 every byte stays one character in its place.
        self._codec = wide if wide.startswith("utf-16") else "latin-1"
        self.text = source.tail[odd:].decode(self._codec, "replace")

    def place(self, characters: int) -> int:
        """The byte behind so many characters."""
        return self._begin + len(self.text[:characters].encode(self._codec, "replace"))


def _order(head: bytes) -> str:
    return "utf-16-be" if head.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"


def _refuse_cut(tail: _Tail, root: str) -> None:
    ends = list(re.finditer(r"</(?:\w{1,40}:)?(?:indexed)?" + root + r"\s{0,40}>", tail.text))
    behind = tail.text[ends[-1].end() :].strip("\0 \r\n\t") if ends else "<"
    if behind and not behind.startswith("<"):
        text = f"Behind </{root}> the file holds more text, which is no part of it; it was joined with another or is damaged."
        raise CorruptFile(text, code="trailing_data", byte=tail.place(ends[-1].end()))
    if behind and not (behind.startswith("<!--") and behind.endswith("-->")):
        raise CorruptFile(
            f"The file ends before </{root}>; the transfer or the acquisition was cut short.",
            code="truncated",
            byte=tail.place(len(tail.text)),
            hint=f"{UNCHANGED} Copy or convert it again.",
        )
