"""Recognising formats, refusing the others in a sentence, archives, and a laboratory's own reader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import instruments
from instruments import (
    AmbiguousText,
    CorruptFile,
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
    formats,
    read,
    reader,
    registry,
)
from instruments.errors import error_from_dict
from spectra.types import Reading, ReadingKind
from tests.instruments.instrument_files import (
    MASSBANK,
    MGF,
    MSP,
    SMALL,
    codes,
    gzip_of_zeros,
    jcamp,
    mzml,
    mzxml,
    one,
    spectrum,
    table,
    zipped,
)

MZML = mzml(spectrum(0, [50, 60], [1, 2]))
GOOD = {
    "jcamp": jcamp([1, 2, 3]).encode(), "msp": MSP.encode(), "mgf": MGF.encode(), "massbank": MASSBANK.encode(),
    "mzml": MZML, "mzxml": mzxml((1.0, [50], [2])), "text": table().encode(),
}  # fmt: skip


def test_public_surface_is_pinned() -> None:
    assert set(instruments.__all__) == {
        "DEFAULT_LIMITS", "AmbiguousText", "BrokenReader", "Candidate", "Choice", "CorruptFile", "Extra", "FileReader", "Folder", "FolderProbe",
        "Format", "Guess", "Hints", "InstrumentError", "LIBRARY_MEMBERS", "Limits", "Member", "PlainReader", "Probe", "ParserSandbox", "Source",
        "TooLarge", "UnknownFormat", "UnsafeArchive", "UnsupportedVariant", "Y_UNITS", "ZipOfMany", "assurance_sentence",
        "broken_readers", "describe", "formats", "is_vendor_folder", "members_of_zip", "pack_folder", "printable", "read", "reader", "sniff", "to_absorbance", "to_mass_spectrum",
        "to_seconds", "to_wavenumber",
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(GOOD))
@pytest.mark.parametrize("extension", ["", ".txt", ".csv", ".spa", ".mzML"])
def test_the_content_decides_and_a_wrong_extension_is_a_warning(name: str, extension: str) -> None:
    readings = read(GOOD[name], f"file{extension}")
    assert {r.format for r in readings} == {name}
    known = next(f for f in formats() if f.name == name).extensions
    mismatch = extension not in ("", ".txt") and extension[1:].lower() not in known
    assert ("extension_mismatch" in codes(readings[0])) == mismatch


def test_every_reading_says_who_read_it_from_which_bytes(tmp_path: Path) -> None:
    import hashlib

    path = tmp_path / "a.jdx"
    path.write_bytes(GOOD["jcamp"])
    with path.open("rb") as stream:
        from_path, from_bytes, from_file = read(path)[0], read(GOOD["jcamp"])[0], read(stream)[0]
    for reading in (from_path, from_bytes, from_file):
        assert reading.source_sha256 == hashlib.sha256(GOOD["jcamp"]).hexdigest()
        assert (reading.reader, reading.reader_version) == ("instruments.jcamp", "12")
    with path.open(encoding="utf-8") as text, pytest.raises(TypeError):
        read(text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"\x89HDF\r\n\x1a\n" + bytes(60), "unsupported_hdf5"), (b"CDF\x05" + bytes(60), "unsupported_netcdf"),
        (b"\x89PNG\r\n\x1a\n", "not_an_instrument_file_png"), (b"%PDF-1.7\n%%EOF", "not_an_instrument_file_pdf"),
        (b"<!doctype html><html></html>", "not_an_instrument_file_html"), (b"MZ" + bytes(100), "not_an_instrument_file_exe"),
        (b"\x7fELF\x02", "not_an_instrument_file_elf"), (b"SQLite format 3\x00", "not_an_instrument_file_sqlite"),
        (b"\x80\x04\x95" + bytes(20), "not_an_instrument_file_python-pickle"),
        (b"\x89HDF\r\n\x1a\n" + bytes(60) + b"test.mzML\0SpectrumMetaData\0", "unsupported_mz5"),
        (b"\x89HDF\r\n\x1a\n" + bytes(60) + b"run_1.mzML\0run_2.mzML\0", "unsupported_hdf5"),
        (b"PEPEDataSet - 4DConst3DInterval" + bytes(60), "unsupported_perkin_elmer_fsm"),
        (b"WIT_PRCT\x0d\0\0\0WITec Project", "unsupported_witec"), (b"LabSpec6" + bytes(60), "unsupported_labspec"),
        (b"NGSNextGen\1\0\0\0\1\0\0\0\nDataMatrix", "unsupported_labspec_ngs"),
        (bytes(2996) + b"\x67\x45\x23\x01" + bytes(1098) + b"UU", "unsupported_princeton_spe"),
        (b"\x1c\0\x09\x03\0\0\x28\0SATURNWS" + bytes(60), "unsupported_varian_sms"),
        (b"\xff\xff\x06\0\x0b\0CFileHeader\xfe\xf7", "unsupported_isodat"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_with_advice(head: bytes, code: str) -> None:
    with pytest.raises((UnsupportedVariant, UnknownFormat)) as caught:
        read(head, "upload.csv")
    assert caught.value.code == code
    assert caught.value.hint
    assert str(caught.value).startswith("This is a")


@pytest.mark.parametrize(
    ("extension", "code", "word"),
    [("a2r", "unsupported_agilent_a2r", "JCAMP"), ("irs", "unsupported_agilent_a2r", "JCAMP"),
     ("l", "unsupported_nist_library", "MSP")],
)  # fmt: skip
def test_kinds_without_a_mark_are_named_by_extension_when_nothing_else_fits(
    extension: str, code: str, word: str
) -> None:
    with pytest.raises(UnsupportedVariant) as caught:
        read(b"\x07\x00binary\x00" * 20, f"x.{extension.upper()}")
    assert caught.value.code == code
    assert word in caught.value.hint
    with pytest.raises(UnknownFormat):
        read(b"no binary content here", f"x.{extension}")


@pytest.mark.parametrize(
    "content", [b"", b"\x00", b"\xff" * 1000, b"hello", bytes(5000), b"\n\n\n", b"PK\x03\x04" + bytes(60)]
)
def test_nothing_and_noise_are_refused_with_our_errors(content: bytes) -> None:
    with pytest.raises(InstrumentError) as caught:
        read(content)
    assert caught.value.code
    assert caught.value.hint


# --- archives -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("member", ["../../evil.txt", "/abs.txt", "a/../../b", "..\\b", "C:\\x"])
def test_a_zip_that_points_outside_itself_is_refused(member: str) -> None:
    content = zipped({"good.csv": GOOD["text"]}) if member == "" else zipped({member: b"x", "good.csv": GOOD["text"]})
    with pytest.raises(UnsafeArchive) as caught:
        read(content)
    assert caught.value.code == "path_traversal"


def test_compression_bombs_are_refused_early() -> None:
    for content in (gzip_of_zeros(64), zipped({"a.csv": bytes(64 * 1024 * 1024)})):
        with pytest.raises(UnsafeArchive) as caught:
            read(content)
        assert caught.value.code == "compression_bomb"
    with pytest.raises(TooLarge):
        read(gzip_of_zeros(8), limits=SMALL)


def test_too_many_members_many_files_and_office_files_are_refused() -> None:
    with pytest.raises(UnsafeArchive) as caught:
        read(zipped({f"{i}": b"" for i in range(20)}), limits=Limits(archive_members=10))
    assert caught.value.code == "too_many_members"
    for members, code in (({"[Content_Types].xml": b"x"}, "office_document"), ({"a": b"1", "b": b"2"}, "zip_of_many")):
        with pytest.raises((UnsupportedVariant, UnknownFormat)) as refused:
            read(zipped(members))
        assert refused.value.code == code


# --- registry -------------------------------------------------------------------------------------------------


@pytest.fixture
def restored_registry() -> Iterator[None]:
    """Formats registered by a test disappear after it."""
    formats()
    kept = dict(registry._formats)
    yield
    registry._formats.clear()
    registry._formats.update(kept)


@pytest.mark.usefixtures("restored_registry")
def test_a_laboratorys_own_reader_is_used_checked_and_stamped() -> None:
    @reader("lab", title="our detector", techniques={"UV"}, magic=b"OURDET", extensions=("odt",), version="7")
    def read_lab(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
        rows = source.read_all(limits.text_bytes).split(b"\n")[1:]
        x, y = zip(*(map(float, r.split()) for r in rows if r), strict=True)
        yield Reading(ReadingKind.UV, x, y, "nm", "absorbance", meta={"slit": float("inf"), "at": [1.5, float("nan")]})

    reading = one(b"OURDET\n200 1\n201 2\n")
    assert (reading.format, reading.reader_version) == ("lab", "7")
    assert (reading.meta["slit"], reading.meta["at"]) == (None, [1.5, None])  # what JSON does not know is not kept
    with pytest.raises(CorruptFile):  # the common check catches what the reader let pass
        read(b"OURDET\n200 nan\n201 2\n")
    with pytest.raises(CorruptFile) as caught:  # its own exception becomes ours
        read(b"OURDET\n200 one\n")
    assert caught.value.code == "reader_failed"


@pytest.mark.usefixtures("restored_registry")
def test_two_formats_within_ten_points_are_asked_unless_the_extension_decides() -> None:
    def register(name: str, certainty: int, extension: str) -> None:
        @reader(name, title=f"the {name}", techniques={"UV"}, magic=_sure(certainty), extensions=(extension,))
        def read_it(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
            yield Reading(ReadingKind.UV, [1.0], [2.0], "nm", "absorbance", title=name)

    register("left", 90, "lll")
    register("right", 82, "rrr")
    with pytest.raises(AmbiguousText) as caught:
        read(b"TWOFACED")
    assert caught.value.code == "ambiguous_format"
    assert one(b"TWOFACED", **caught.value.choices[1].hints).title == "right"
    assert one(b"TWOFACED", "x.rrr").title == "right"
    register("right", 70, "rrr")
    assert one(b"TWOFACED").title == "left"


def _sure(certainty: int) -> Any:
    def magic(probe: Probe) -> Guess | None:
        return Guess(certainty, "test") if probe.head == b"TWOFACED" else None

    return magic


def test_an_unknown_format_hint_is_refused_with_the_known_names() -> None:
    with pytest.raises(UnsupportedVariant) as caught:
        read(GOOD["text"], format="spreadsheet")
    assert "mzml" in caught.value.hint


def test_a_sentence_that_quotes_a_file_commands_no_terminal() -> None:
    with pytest.raises(InstrumentError) as caught:
        read(jcamp([1, 2, 3], NPOINTS="\u009b31mevil").encode(), "a.jdx")
    assert "evil" in caught.value.message
    assert caught.value.message.isprintable()
    error = error_from_dict({"error": "CorruptFile", "message": "a\x1b[2Jb" + "x" * 2000, "hint": "c\nd"})
    assert (error.message[:6], len(error.message), error.hint) == ("a [2Jb", 1000, "c d")


@pytest.mark.parametrize("answer", [{"x_unit": "furlong"}, {"y_unit": "how loud it is"}, {"kind": "nonsense"}])
def test_an_answer_nobody_knows_is_refused_with_the_known_ones(answer: dict[str, str]) -> None:
    with pytest.raises(UnsupportedVariant, match=f"called '{next(iter(answer.values()))}'") as refused:
        read(b"cm-1;absorbance\n400;0.1\n402;0.2\n404;0.3\n", "a.csv", **answer)  # type: ignore[arg-type]
    assert refused.value.code == "no_such_answer"
    assert "Known: " in (refused.value.hint or "")
