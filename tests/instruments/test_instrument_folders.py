"""Vendor folders: listed, hashed, packed for the journey, and taken out of a zip; every unsafe one is refused."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import lzma
import os
import random
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from instruments import (
    DEFAULT_LIMITS,
    CorruptFile,
    Folder,
    FolderProbe,
    Guess,
    Hints,
    InstrumentError,
    Limits,
    Probe,
    Source,
    TooLarge,
    UnknownFormat,
    UnsafeArchive,
    UnsupportedVariant,
    confine,
    is_vendor_folder,
    pack_folder,
    read,
    reader,
    registry,
)
from instruments import archive as archive_module
from instruments import folder as folder_module
from instruments import zip_folder as zip_module
from instruments.archive import unpack
from instruments.source import open_source
from spectra.types import Reading, ReadingKind
from tests.instruments.instrument_files import codes, gzip_of_zeros, table, zipped
from tests.instruments.real_facts import HAS_VENDOR, REAL
from tests.instruments.vendor_files import FOLDERS, chemstation_ch, chemstation_folder, written

RUN = chemstation_folder()


@pytest.fixture
def made_format(monkeypatch: pytest.MonkeyPatch) -> None:
    """A format of folders that needs no extra: two numbers in the file that its folder must have."""
    from instruments import formats

    formats()
    monkeypatch.setattr(registry, "_formats", dict(registry._formats))

    def ours(probe: FolderProbe) -> Guess | None:
        return Guess(95, "points.made") if "points.made" in probe.names and probe.head("points.made") else None

    def nothing(probe: Probe) -> Guess | None:
        return None

    @reader("made", title="a made folder", techniques={"UV"}, magic=nothing, extensions=("made",), folder=ours)
    def read_made(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
        text = (source.directory() / "points.made").read_text("ascii")  # type: ignore[attr-defined]
        yield Reading(ReadingKind.UV, [250.0, 260.0], [float(v) for v in text.split()], "nm", "absorbance")


def refused(
    source: Path | bytes, code: str, kind: type[InstrumentError] = UnsafeArchive, **more: Any
) -> InstrumentError:
    with pytest.raises(kind) as caught:
        read(source, **more)
    assert caught.value.code == code
    assert caught.value.hint
    return caught.value


def packed(folder: Path) -> bytes:
    out = io.BytesIO()
    pack_folder(folder, out)
    return out.getvalue()


# --- on disk ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", sorted(FOLDERS))
def test_a_vendor_folder_is_told_from_any_other(format: str, tmp_path: Path) -> None:
    name, files, _ = FOLDERS[format]
    folder = written(tmp_path, name, files)
    assert is_vendor_folder(folder)
    assert is_vendor_folder(written(tmp_path, "renamed", files))  # what is in it decides, not its name
    assert not is_vendor_folder(tmp_path)
    assert not is_vendor_folder(tmp_path / "nowhere")
    assert not is_vendor_folder(written(tmp_path, "photos.D", {"a.jpg": b"\xff\xd8\xff", "b/c.txt": b"x"}))


def test_a_folder_of_nothing_known_is_refused(tmp_path: Path) -> None:
    refused(written(tmp_path, "stuff", {"a": b"x", "b": b"y"}), "unknown_folder", UnknownFormat)
    refused(written(tmp_path, "void", {"a": b""}), "empty_folder", CorruptFile)
    (tmp_path / "hollow").mkdir()
    refused(tmp_path / "hollow", "empty_folder", CorruptFile)


@pytest.mark.usefixtures("made_format")
def test_a_folder_is_read_checked_and_stamped_with_its_digest(tmp_path: Path) -> None:
    folder = written(tmp_path, "a.made", {"points.made": b"0.5 0.6", "sub/notes.txt": b"n"})
    (reading,) = read(folder)
    assert (reading.y.tolist(), reading.format, reading.meta["assurance"]) == ([0.5, 0.6], "made", "high")
    assert codes(reading) == set()
    assert (
        reading.source_sha256
        == read(written(tmp_path, "b.made", {"points.made": b"0.5 0.6", "sub/notes.txt": b"n"}))[0].source_sha256
    )
    assert "extension_mismatch" in codes(read(written(tmp_path, "a.raw", {"points.made": b"0.5 0.6"}))[0])
    refused(folder, "not_a_file", UnsupportedVariant, format="jcamp")
    assert read(folder, format="made")[0].n_points == 2


def digest_of(folder: Path) -> str:
    return folder_module.open_folder(folder, None, DEFAULT_LIMITS).sha256


def test_the_digest_knows_content_and_names_but_no_dates_order_or_litter(tmp_path: Path) -> None:
    first = written(tmp_path, "one.D", RUN)
    before = digest_of(first)
    assert before == digest_of(written(tmp_path, "two.D", dict(reversed(RUN.items()))))
    os.utime(first / "FID1A.ch", (1, 1))
    (first / ".DS_Store").write_bytes(b"mac")
    (first / "Thumbs.db").write_bytes(b"windows")
    (first / "__MACOSX").mkdir()
    (first / "__MACOSX/._FID1A.ch").write_bytes(b"mac")
    (first / "empty").mkdir()
    assert digest_of(first) == before
    changed = [
        RUN | {"FID1A.ch": RUN["FID1A.ch"] + b"\0"},
        RUN | {"new": b""},
        {k: v for k, v in RUN.items() if k != "FID2B.ch"},
        {k.replace("FID2B", "FID3B"): v for k, v in RUN.items()},
    ]
    digests = {digest_of(written(tmp_path, f"c{i}.D", files)) for i, files in enumerate(changed)}
    assert len(digests | {before}) == 5


def test_the_digest_is_documented_so_that_others_can_make_it(tmp_path: Path) -> None:
    folder = written(tmp_path, "a.D", {"b": b"22", "a/c": b"1"})
    expected = hashlib.sha256(b"mast-folder-1\n" + b"3:a/c:1\n" + b"1" + b"1:b:2\n" + b"22").hexdigest()
    assert digest_of(folder) == expected


def test_links_devices_depth_number_and_size_are_bounded(tmp_path: Path) -> None:
    linked = written(tmp_path, "linked.D", RUN)
    (linked / "passwd").symlink_to("/etc/passwd")
    refused(linked, "symbolic_link")
    assert not is_vendor_folder(linked)
    linked_folder = written(tmp_path, "around.D", RUN)
    (linked_folder / "loop").symlink_to(linked_folder, target_is_directory=True)
    refused(linked_folder, "symbolic_link")
    piped = written(tmp_path, "piped.D", RUN)
    os.mkfifo(piped / "pipe")
    refused(piped, "special_file")
    refused(written(tmp_path, "deep.D", {"/".join("abcdefghijklmnopqrst"): b"x"}), "nested_too_deep")
    many = written(tmp_path, "many.D", {f"{i}": b"x" for i in range(12)})
    refused(many, "too_many_members", limits=Limits(archive_members=10))
    refused(many, "too_many_bytes", TooLarge, limits=Limits(expanded_bytes=10))


@pytest.mark.parametrize("sizes", [(5, 4), (5, 6)])
def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path: Path, sizes: tuple[int, int]) -> None:
    announced, there = sizes
    folder = written(tmp_path, "a.D", {"a": b"x" * there})
    with pytest.raises(CorruptFile) as caught:
        folder_module.digest(folder, {"a": announced})
    assert caught.value.code == "folder_changed"


def test_a_folder_gets_the_ending_a_reader_asks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, place = written(tmp_path, "run", RUN), tmp_path / "place"
    place.mkdir()
    assert folder_module.named(written(tmp_path, "x.D", RUN), "x", ".d", place).name == "x.D"
    link = folder_module.named(folder, "run", ".d", place)
    assert (link.name, (link / "FID1A.ch").read_bytes()) == ("run.d", RUN["FID1A.ch"])

    def no_links(*arguments: object, **more: object) -> None:
        raise OSError("not for you")

    monkeypatch.setattr(Path, "symlink_to", no_links)
    copy = folder_module.named(folder, "", ".raw", place)
    assert (copy.name, copy.is_symlink(), (copy / "FID1A.ch").read_bytes()) == ("run.raw", False, RUN["FID1A.ch"])


# --- packed -------------------------------------------------------------------------------------------------------


def test_packing_gives_the_same_bytes_for_the_same_folder(tmp_path: Path) -> None:
    first = written(tmp_path / "a", "run.D", RUN)
    (first / ".DS_Store").write_bytes(b"mac")
    second = written(tmp_path / "b", "run.D", dict(reversed(RUN.items())))
    os.utime(second / "FID1A.ch", (1, 1))
    (second / "FID1A.ch").chmod(0o400)
    content = packed(first)
    assert content == packed(second)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == sorted(f"run.D/{n}" for n in RUN)
        assert {archive.read(f"run.D/{n}") == c for n, c in RUN.items()} == {True}
        assert {m.date_time[0] for m in archive.infolist()} == {1980}
        assert {stat.S_ISREG(m.external_attr >> 16) or m.external_attr >> 16 for m in archive.infolist()} == {0o644}


@pytest.mark.usefixtures("made_format")
@pytest.mark.parametrize(
    "members",
    [
        {"points.made": b"1 2", "other": b""},
        {"a.made/points.made": b"1 2", "a.made/b": b""},
        {"x/y/z/points.made": b"1 2"},
        {"x\\points.made": b"1 2", "x\\b": b"1"},
        {"x/points.made": b"1 2", "__MACOSX/x/._points.made": b"mac", "x/.DS_Store": b"mac"},
        {"X/POINTS.made": b"1 2"},
    ],
)
def test_a_folder_is_found_wherever_it_lies_alone_in_a_zip(members: Mapping[str, bytes]) -> None:
    if "X/POINTS.made" in members:  # the probe knows it in any case; this reader asks for its own spelling
        refused(zipped(dict(members)), "reader_failed", CorruptFile)
        return
    assert read(zipped(dict(members)))[0].y.tolist() == [1, 2]


@pytest.mark.usefixtures("made_format")
def test_what_was_unpacked_is_removed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    read(zipped({"a/points.made": b"1 2"}))
    refused(zipped({"a/points.made": b"one two"}), "reader_failed", CorruptFile)
    assert list(tmp_path.iterdir()) == []
    folder = unpack(open_source(zipped({"a/points.made": b"1 2"}), "n.zip", DEFAULT_LIMITS), DEFAULT_LIMITS)
    assert isinstance(folder, Folder)
    assert list(tmp_path.iterdir()) == []  # nothing before a reader asks
    assert folder.directory() == folder.directory()
    folder.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("depth", [9, 20])
def test_a_folder_below_too_many_others_is_not_looked_for(depth: int) -> None:
    refused(
        zipped({f"{'d/' * depth}AcqData/MSScan.bin": b"x", f"{'d/' * depth}b": b"x"}), "zip_of_many", UnsupportedVariant
    )


@pytest.mark.parametrize(
    ("name", "code"),
    [("con", "unsafe_name"), ("LPT1.txt", "unsafe_name"), ("com¹", "unsafe_name"), ("nul .x", "unsafe_name"), ("a:b", "unsafe_name"),
     ("what?", "unsafe_name"), ("dot.", "unsafe_name"), ("space ", "unsafe_name"), ("a//b", "unsafe_name"), ("./b", "unsafe_name"),
     ("a\x1fb", "unsafe_name"), ("n" * 256, "unsafe_name"), ("ü" * 128, "unsafe_name"), ("/".join("abcdefghijklmnopqrs"), "nested_too_deep"),
     ("fid1a.CH", "duplicate_names"), ("FID1A.ch/x", "duplicate_names"), ("../x", "path_traversal"), ("..\\x", "path_traversal")],
)  # fmt: skip
def test_names_that_some_system_cannot_hold_are_refused(name: str, code: str) -> None:
    refused(zipped({f"run.D/{n}": c for n, c in RUN.items()} | {f"run.D/{name}": b"x"}), code)


def test_names_that_look_alike_are_the_same_name() -> None:
    composed, split = "run.D/\u00e9.txt", "run.D/e\u0301.txt"
    refused(zipped({"run.D/FID1A.ch": chemstation_ch(), composed: b"1", split: b"2"}), "duplicate_names")
    folders = {"run.D/FID1A.ch": chemstation_ch(), "run.D/A/": b"", "run.D/a": b"x"}
    refused(zipped(folders), "duplicate_names")


def test_links_passwords_numbers_and_bombs_in_a_zip_are_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("run.D/FID1A.ch", chemstation_ch())
        link = zipfile.ZipInfo("run.D/link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    refused(out.getvalue(), "symbolic_link")
    several = zipped({f"run.D/{i}.ch": chemstation_ch() for i in range(12)})
    refused(several, "too_many_members", limits=Limits(archive_members=10))
    zeros = zipped({"run.D/FID1A.ch": chemstation_ch(), "run.D/zeros": bytes(64 * 2**20)})
    refused(zeros, "compression_bomb")
    refused(zeros, "expands_too_far", TooLarge, limits=Limits(expanded_bytes=2**20))


@pytest.mark.usefixtures("made_format")
def test_what_comes_out_is_counted_again_whatever_the_zip_announced() -> None:
    tight = Limits(archive_ratio=2, archive_free_bytes=100_000)
    noise = random.Random(1).randbytes(200_000)
    folder = unpack(open_source(zipped({"a/points.made": b"1 2", "a/b": noise}), "", tight), tight)
    assert isinstance(folder, Folder)
    folder._limits = Limits(archive_ratio=0, archive_free_bytes=1)  # type: ignore[attr-defined]
    with pytest.raises(UnsafeArchive):
        folder.directory()
    folder.close()


def test_a_directory_of_members_too_long_to_be_honest_is_refused_before_it_is_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*arguments: object, **more: object) -> zipfile.ZipFile:
        raise AssertionError("the directory was loaded")

    content = bytearray(zipped({"a.csv": table().encode()}))
    monkeypatch.setattr(archive_module.zipfile, "ZipFile", never)
    at = content.rindex(b"PK\x05\x06")
    content[at + 12 : at + 16] = (1 << 30).to_bytes(4, "little")
    refused(bytes(content), "too_many_members")
    refused(bytes(content) + b"comment", "too_many_members")  # no longer at the very end
    content[at + 12 : at + 16] = (46).to_bytes(4, "little")
    record = b"PK\x06\x06" + bytes(36) + (1 << 40).to_bytes(8, "little") + bytes(8)
    refused(bytes(content[:at] + record + b"PK\x06\x07" + bytes(16) + content[at:]), "too_many_members")


# --- what zipfile, zlib and the disk may raise ----------------------------------------------------------------------

FOREIGN = [
    IndexError("list index out of range"), struct.error("unpack requires a buffer"), UnicodeDecodeError("cp437", b"x", 0, 1, "no"),
    KeyError("a"), RuntimeError("Bad password"), NotImplementedError("compression type 97"), EOFError(), zipfile.BadZipFile("Bad CRC-32"),
    OverflowError("too large"), ValueError("negative seek"), OSError(errno.EINVAL, "Invalid argument"), zlib.error("Error -3"),
]  # fmt: skip


@pytest.mark.parametrize("problem", FOREIGN, ids=lambda p: type(p).__name__)
@pytest.mark.parametrize("place", ["opening", "reading a member", "reading a folder"])
def test_no_exception_of_the_zip_library_comes_out(
    problem: Exception, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*arguments: object, **more: object) -> Any:
        raise problem

    folder = zipped({f"run.D/{n}": c for n, c in RUN.items()})
    content = folder if place == "reading a folder" else zipped({"a.csv": table().encode()})
    if place != "reading a folder":
        monkeypatch.setattr(zipfile.ZipFile, "open" if place == "reading a member" else "__init__", fails)
        refused(content, "zip_damaged", CorruptFile)
        return
    found = unpack(open_source(content, "run.zip", DEFAULT_LIMITS), DEFAULT_LIMITS)
    assert isinstance(found, Folder)
    monkeypatch.setattr(zipfile.ZipFile, "open", fails)
    with pytest.raises(CorruptFile) as caught:
        found.directory()
    assert caught.value.code == "zip_damaged"
    found.close()


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_packing_methods_that_take_any_memory_are_not_touched(method: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def contents(members: Mapping[str, bytes]) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return out.getvalue()

    single, folder = contents({"a.csv": table().encode()}), contents({f"run.D/{n}": c for n, c in RUN.items()})
    monkeypatch.setattr(lzma, "LZMADecompressor", None)
    refused(single, "zip_damaged", CorruptFile)
    opened = unpack(open_source(folder, "run.zip", DEFAULT_LIMITS), DEFAULT_LIMITS)  # known by names only
    assert isinstance(opened, Folder)
    with pytest.raises(CorruptFile) as caught:
        opened.directory()
    assert caught.value.code == "zip_damaged"
    opened.close()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG])
def test_a_full_disk_is_not_the_files_fault(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, content: object, /) -> int:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(archive_module.tempfile, "SpooledTemporaryFile", lambda **more: Full())
    for content in (gzip.compress(table().encode()), zipped({"a.csv": table().encode()})):
        assert "no room" in str(refused(content, "no_room", TooLarge))
    folder = unpack(
        open_source(zipped({f"run.D/{n}": c for n, c in RUN.items()}), "r.zip", DEFAULT_LIMITS), DEFAULT_LIMITS
    )
    assert isinstance(folder, Folder)

    def no_folder(*arguments: object, **more: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", no_folder)
    monkeypatch.setattr(zip_module.tempfile, "TemporaryDirectory", lambda **more: Place())
    with pytest.raises(TooLarge) as caught:
        folder.directory()
    assert caught.value.code == "no_room"
    folder.close()


class Place:
    """A temporary directory that was never made."""

    name = "/nowhere"

    def cleanup(self) -> None:
        return


def test_gzip_of_several_members_padding_and_nothing() -> None:
    parts = table().encode()
    content = gzip.compress(parts[:500]) + gzip.compress(parts[500:]) + bytes(100)
    assert read(content, "a.csv.gz")[0].n_points == 60
    refused(gzip.compress(b""), "empty_file", CorruptFile)
    refused(gzip_of_zeros(8), "expands_too_far", TooLarge, limits=Limits(expanded_bytes=2**20))


# --- through the sandbox -------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not HAS_VENDOR, reason="the extra mast-lims[vendor] is not installed")
@pytest.mark.skipif(not REAL.is_dir(), reason="the shared test data are not on this machine")
def test_every_real_vendor_folder_survives_packing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confine, "_confined", True)
    for path in sorted(p for kind in ("chemstation_d", "waters_raw") for p in (REAL / kind).iterdir()):
        assert is_vendor_folder(path)
        assert [r.n_points for r in read(packed(path), f"{path.name}.zip")] == [r.n_points for r in read(path)]
