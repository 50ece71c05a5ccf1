"""A zip of many files gives them one by one, within its limits; what is unsafe is refused whole, what is broken alone."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from instruments import DEFAULT_LIMITS, InstrumentError, TooLarge, UnsafeArchive, members_of_zip, zip_members
from tests.support.reference_zips import zipped


@pytest.fixture
def packed(tmp_path: Path):
    """Writes a zip and looks at it."""

    def look(content: bytes, **limits: int):
        path = tmp_path / "a.zip"
        path.write_bytes(content)
        return members_of_zip(path, replace(DEFAULT_LIMITS, **limits))

    return look


@pytest.mark.parametrize("content", [zipped({"only.jdx": b"1", "__MACOSX/._only.jdx": b"2"}), b"##TITLE=x", b"PK"])
def test_what_is_no_zip_of_many_is_left_to_the_usual_reader(packed, content: bytes) -> None:
    assert packed(content) is None


def test_the_folder_of_one_vendor_run_is_left_to_its_reader(packed) -> None:
    assert packed(zipped({"run.D/DATA.MS": b"\x01\x32", "run.D/acqmeth.txt": b"x", "run.D/TIC.CH": b"1"})) is None


def _linked() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("link.jdx")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("b.jdx", b"b")
    return out.getvalue()


def _with_password() -> bytes:
    raw = bytearray(zipped({"a.jdx": b"a", "b.jdx": b"b"}))
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        raw[bytes(raw).index(mark) + offset] |= 1
    return bytes(raw)


@pytest.mark.parametrize(
    ("content", "limits", "code"),
    [
        (zipped({"../../x": b"a", "b": b"b"}), {}, "path_traversal"),
        (zipped({"/etc/x": b"a", "b": b"b"}), {}, "path_traversal"),
        (_linked(), {}, "symbolic_link"),
        (_with_password(), {}, "encrypted_archive"),
        (zipped({"a": b"0" * 40_000_000, "b": b"b"}), {}, "compression_bomb"),
        (zipped({"a": b"0" * 3_000, "b": b"b"}), {"expanded_bytes": 2_000}, "expands_too_far"),
        (zipped({"[Content_Types].xml": b"a", "b": b"b"}), {}, "office_document"),
    ],
)
def test_an_unsafe_zip_is_refused_before_anything_is_unpacked(packed, content: bytes, limits: dict, code: str) -> None:
    with pytest.raises(InstrumentError) as refused:
        packed(content, **limits)
    assert refused.value.code == code


def test_more_files_than_a_library_may_have_are_refused(packed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_members, "LIBRARY_MEMBERS", 3)
    assert len(packed(zipped({f"{k}": b"x" for k in range(3)}))) == 3
    with pytest.raises(UnsafeArchive, match="4 files; 3 are allowed"):
        packed(zipped({f"{k}": b"x" for k in range(4)}))


def test_a_size_that_lies_is_found_while_unpacking(packed) -> None:
    """Members that lie over each other are each small against what they say, and together a bomb."""
    many = packed(zipped({"a": b"0" * 900_000, "b": b"0" * 900_000}), archive_free_bytes=1_000_000)
    with pytest.raises(UnsafeArchive, match="as a bomb does"):
        list(many.members())


def test_one_file_beyond_its_limit_an_archive_inside_and_damage_leave_the_others(
    packed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_members, "MEMBER_BYTES", 50)
    raw = bytearray(
        zipped({"a": b"a" * 60, "b.gz": b"\x1f\x8bxx", "c": b"intact", "d": b"damaged"}, zipfile.ZIP_STORED)
    )
    raw[bytes(raw).index(b"damaged")] ^= 1
    found = {m.name: m for m in packed(bytes(raw)).members()}
    assert found["c"].content == b"intact"
    errors = {name: m.error for name, m in found.items() if m.error is not None}
    assert {name: error.code for name, error in errors.items()} == {
        "a": "member_too_large", "b.gz": "nested_archive", "d": "zip_damaged"
    }  # fmt: skip
    assert isinstance(errors["a"], TooLarge)
