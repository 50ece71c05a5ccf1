"""What a camera writes beside a picture is not kept, and what is no picture is refused with a sentence."""

from __future__ import annotations

import struct

import pytest

from app.platform.kernel.pictures import NotAPictureError, without_metadata
from tests.support.small_files import small_photo

PLACE = b"Exif\0\0 54.7,-1.57 Dave's phone"


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def jpeg(*more: bytes, width: int = 16, height: int = 8, frame: int = 0xC0) -> bytes:
    """The pieces of a JPEG, with `more` of them; the scan holds a stuffed byte and a restart."""
    scan = b"\x12\xff\x00\x34\xff\xd0\x56"
    return b"".join(
        [
            b"\xff\xd8", *more, segment(0xDB, bytes(65)), segment(frame, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0"),
            segment(0xC4, bytes(20)), segment(0xDA, b"\1\1\0\0\x3f\0"), scan, b"\xff\xd9",
        ]
    )  # fmt: skip


def test_a_jpeg_keeps_what_a_decoder_needs_and_nothing_else() -> None:
    plain = jpeg()
    adobe = segment(0xEE, b"Adobe\0\x64\0\0\0\0\1")
    noisy = jpeg(segment(0xE0, b"JFIF\0\1\1"), segment(0xE1, PLACE), b"\xff\xff" + segment(0xFE, b"by Dave")[1:], adobe)
    found = without_metadata(noisy + b"a second picture behind the end")
    assert found.content == b"\xff\xd8" + adobe + plain[2:]
    assert (found.media_type, found.width, found.height) == ("image/jpeg", 16, 8)
    assert without_metadata(jpeg(segment(0xEE, b"Adobe of Dave's phone"))).content == plain


def test_a_png_keeps_its_pixels_and_nothing_else() -> None:
    found = without_metadata(small_photo((b"eXIf", PLACE), (b"tEXt", b"Author\0Dave")) + b"behind the end")
    assert found.content == small_photo()
    assert (found.media_type, found.width, found.height) == ("image/png", 1, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"GIF89a" + bytes(40), "not a JPEG or PNG"),
        (b"", "not a JPEG or PNG"),
        (jpeg(width=8000, height=5001), "at most 40 megapixels"),
        (jpeg(width=0), "at most 40 megapixels"),
        (jpeg(frame=0xC3), "damaged"),
        (jpeg()[:-2], "damaged"),
        (jpeg()[:60], "damaged"),
        (b"\xff\xd8\xff\xd9", "damaged"),
        (b"\xff\xd8", "damaged"),
        (small_photo()[:-4], "damaged"),
        (small_photo()[:30] + b"\1" + small_photo()[31:], "damaged"),
        (small_photo()[:8] + small_photo()[33:], "damaged"),
    ],
)
def test_what_is_no_picture_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(NotAPictureError, match=said):
        without_metadata(content)
