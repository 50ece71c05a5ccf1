"""A zip or folder of thousands of references becomes one library: metadata kept, refusals listed, whole or not at all."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from app.laboratory.library.importing import ImportParts, import_library
from app.laboratory.library.reparse import reparse_library
from app.laboratory.library.service import entry, reasons_of, refusal_lines
from app.platform.kernel.errors import Conflict, Invalid, Unreadable
from app.platform.web.csv_text import csv_text
from tests.app.library.conftest import shelf_of
from tests.support.reference_zips import curve, reference, zipped

BENZOCAINE = "BLFLLBZGZJTVJG-UHFFFAOYSA-N"
TERMS = ("CC0", "a network, 2026")


def network() -> bytes:
    """Ten files as a network hands them out: forms of two drugs, notes, damage, a doubtful axis, another technique."""
    cocaine, unknown = curve(1), curve(2)
    return zipped(
        {
            "IR/#0001 - Cocaine HCl.jdx": reference(
                "#0001n - Cocaine HCl", cocaine, MOLFORM="C17H21NO4.HCl", CAS_REGISTRY_NO="53-21-4",
                CROSS_REFERNCE="InChIKey=PIQVDUKEQYOJNR-VZXSFKIWSA-N", NAMES="cocaine hydrochloride\nneurocaine",
            ),
            "IR/#0002 - Cocaine base.jdx": reference("#0002n - Cocaine base", curve(3), MOLFORM="C17H21NO4"),
            "IR/#0003 - Novelamine HCl.jdx": reference(
                "#0003n - Novelamine HCl", unknown, MOLFORM="C9H13N.HCl", CROSS_REFERNCE="AAAAAAAAAAAAAA-UHFFFAOYSA-N",
            ),
            "IR/#0004 - Novelamine.jdx": reference(
                "#0004n - Novelamine", curve(4), MOLFORM="C9H13N", CROSS_REFERNCE="BBBBBBBBBBBBBB-UHFFFAOYSA-N",
                SAMPLING_PROCEDURE="KBr pellet",
            ),
            "IR/#0005 - again.jdx": reference("#0005n - Novelamine HCl", unknown, MOLFORM="C9H13N.HCl",
                                              CROSS_REFERNCE="AAAAAAAAAAAAAA-UHFFFAOYSA-N"),
            "IR/readme.txt": b"These are our spectra. Be well.",
            "IR/cut.jdx": reference("Cut short", cocaine)[:1500],
            "IR/inverted.jdx": reference("Turned over", 100 * (1 - cocaine / cocaine.max()), YUNITS="TRANSMITTANCE"),
            "IR/level.jdx": reference("Level line", np.full(1776, 0.2)),
            "IR/raman.jdx": reference("Raman of it", 100 * cocaine, DATA_TYPE="RAMAN SPECTRUM", YUNITS="COUNTS"),
            "__MACOSX/._readme.txt": b"litter",
        }
    )  # fmt: skip


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "network.zip"
    path.write_bytes(network())
    return path


def test_a_zip_becomes_one_library_and_every_refusal_names_its_file_and_reason(parts: ImportParts, archive: Path):
    done = import_library(parts, [archive], "Network 2026", *TERMS)
    assert (done.n_read, done.n_accepted, done.n_merged, done.n_refused) == (10, 4, 1, 5)
    reasons = {r["file"].removeprefix("IR/"): r["reason"] for r in done.refusals}
    said = {
        "readme.txt": "no table of numbers",
        "cut.jdx": "header promises 1,776 points",
        "inverted.jdx": "looks like an absorbance turned over",
        "level.jdx": "level line",
        "raman.jdx": "not infrared like most",
    }
    assert reasons.keys() == said.keys()
    assert [name for name, words in said.items() if words not in reasons[name]] == []
    assert "say that the y axis is" in done.summary()


def test_entries_keep_what_their_files_say_and_salt_and_base_are_forms_of_one_substance(
    parts: ImportParts, archive: Path
):
    """Of a substance of the register, or of the library itself."""
    import_library(parts, [archive], "Network 2026", *TERMS)
    registry = shelf_of(parts)
    book = registry.get("Network 2026").infrared
    assert {book.names[n]: (book.compounds[n], book.entry(n).form) for n in range(len(book))} == {
        "Cocaine HCl": ("ZPUCINDJVBIVPJ", "hydrochloride"),
        "Cocaine base": ("ZPUCINDJVBIVPJ", "base"),
        "Novelamine HCl": ("BBBBBBBBBBBBBB", "hydrochloride"),
        "Novelamine": ("BBBBBBBBBBBBBB", ""),
    }
    known = dict(entry(registry, "Network 2026", 0).details)
    assert known["InChIKey"].startswith("ZPUCINDJVBIVPJ")
    assert known["InChIKey in the file"].endswith("PIQVDUKEQYOJNR-VZXSFKIWSA-N")
    assert (known["Sampling"], known["Resolution / cm⁻¹"], known["CAS number"]) == ("ATR", "4", "53-21-4")
    assert known["Other names"] == "cocaine hydrochloride; neurocaine"
    assert known["File"] == "IR/#0001 - Cocaine HCl.jdx"
    pellet = list(book.names).index("Novelamine")
    assert dict(entry(registry, "Network 2026", pellet).details)["Sampling"] == "transmission, pellet"


def test_turned_over_files_are_taken_once_a_person_says_what_they_are_and_stay_so_when_read_again(
    parts: ImportParts, tmp_path: Path
):
    y = curve(9)
    path = tmp_path / "turned.zip"
    path.write_bytes(
        zipped({f"{n}.jdx": reference(f"S{n}", 100 * (1 - curve(n) / curve(n).max()), YUNITS="TRANSMITTANCE")
                for n in (8, 9)})
    )  # fmt: skip
    with pytest.raises(Invalid, match="None of the spectra can be used"):
        import_library(parts, [path], "Turned", *TERMS)
    import_library(parts, [path], "Turned", *TERMS, y_unit="inverted absorbance (%)")
    kept = shelf_of(parts).get("Turned").infrared.spectrum(1)
    x = 450 + 2 * np.arange(1776)
    np.testing.assert_allclose(np.interp(x, kept.wavenumber, kept.absorbance), y / y.max(), atol=1e-4)
    assert reparse_library(parts, "Turned").same
    with pytest.raises(Conflict, match="another y axis"):
        import_library(parts, [path], "Turned", *TERMS)
    with pytest.raises(Invalid, match="no such unit"):
        import_library(parts, [path], "Other", *TERMS, y_unit="brightness")


def test_the_same_zip_once_more_changes_nothing_and_under_another_name_is_remarked(parts: ImportParts, archive: Path):
    first = import_library(parts, [archive], "Network 2026", *TERMS)
    again = import_library(parts, [archive], "Network 2026", *TERMS)
    assert (again.already_there, again.library.id) == (True, first.library.id)
    other = import_library(parts, [archive], "Other", *TERMS)
    assert "same files are also the library Network 2026" in other.summary()


def test_a_file_of_a_zip_that_is_refused_now_takes_no_entry_away(
    parts: ImportParts, archive: Path, monkeypatch: pytest.MonkeyPatch
):
    import_library(parts, [archive], "Network 2026", *TERMS)
    monkeypatch.setattr("instruments.zip_members.MEMBER_BYTES", len(reference("#0001n - Cocaine HCl", curve(1))))
    with pytest.raises(Conflict, match="could be read before and not now"):
        reparse_library(parts, "Network 2026", apply=True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zipped({"../x.jdx": b"a", "b.jdx": b"b"}), "points outside"),
        (zipped({"a.jdx": b"0" * 40_000_000, "b.jdx": b"b"}), "as a bomb does"),
        (zipped([(f"{n}.txt", b"") for n in range(30)]), "None of the spectra"),
        (network()[:-200], "damaged"),
    ],
    ids=["path", "bomb", "nothing", "cut"],
)
def test_a_zip_that_is_unsafe_or_damaged_makes_no_library(
    parts: ImportParts, tmp_path: Path, content: bytes, words: str
):
    path = tmp_path / "bad.zip"
    path.write_bytes(content)
    with pytest.raises((Unreadable, Invalid), match=words):
        import_library(parts, [path], "Bad", *TERMS)
    assert not parts.library_dir.exists() or list(parts.library_dir.iterdir()) == []


def test_archives_inside_and_damaged_members_are_refused_and_leave_the_others(parts: ImportParts, tmp_path: Path):
    raw = bytearray(zipped({"a.jdx": reference("A", curve(1)), "b.jdx": reference("B", curve(2))}, zipfile.ZIP_STORED))
    at = bytes(raw).index(b"##TITLE=B") + 900
    raw[at] ^= 0x01  # the checksum of b no longer holds
    (tmp_path / "one.zip").write_bytes(bytes(raw))
    (tmp_path / "two.zip").write_bytes(zipped({"in.zip": zipped({"c.jdx": b"c"}), "d.jdx": reference("D", curve(3))}))
    done = import_library(parts, [tmp_path / "one.zip", tmp_path / "two.zip"], "Both", *TERMS)
    assert done.n_accepted == 2
    assert {r["file"] for r in done.refusals} == {"one.zip: b.jdx", "two.zip: in.zip"}
    assert "archive inside" in next(r["reason"] for r in done.refusals if "in.zip" in r["file"])


def test_a_zip_of_one_file_and_a_folder_with_a_zip_are_read_as_well(parts: ImportParts, tmp_path: Path):
    (tmp_path / "single.zip").write_bytes(zipped({"a.jdx": reference("A", curve(1))}))
    assert import_library(parts, [tmp_path / "single.zip"], "Single", *TERMS).n_accepted == 1
    folder = tmp_path / "all"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "b.jdx").write_bytes(reference("B", curve(2)))
    (folder / "more.zip").write_bytes(zipped({"c.jdx": reference("C", curve(3)), "d.jdx": reference("D", curve(4))}))
    assert import_library(parts, [folder], "Folder", *TERMS).n_accepted == 3


def test_reasons_are_counted_and_the_table_is_safe_for_a_spreadsheet():
    rows = [
        {"name": "a", "file": "a.jdx", "reason": "The header promises 10 points"},
        {"name": "b", "file": "b.jdx", "reason": "The header promises 1,776 points"},
        {"name": "c", "file": "=c.jdx", "reason": "it has no name"},
    ]
    assert [(r.count, r.name) for r in reasons_of(rows)] == [(2, "a"), (1, "c")]
    assert csv_text(refusal_lines(rows)).splitlines()[-1] == "'=c.jdx,c,it has no name"
