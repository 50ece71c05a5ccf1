"""A library keeps the files it was made from, and can be made anew from them by newer readers, whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlmodel import select

from app.laboratory.library import reparse as module
from app.laboratory.library.importing import ImportParts, import_library
from app.laboratory.library.reparse import lines_of, reparse_library
from app.laboratory.library.service import get_library
from app.laboratory.library.tables import Library
from app.laboratory.library.usable import raw_store
from app.operations.retention import purge
from app.platform.audit import AuditEntry
from app.platform.db import Database
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Conflict, Invalid, NotFound
from app.platform.live.tables import EventRow
from instruments import TooLarge, read
from spectra import Reading, ReadingKind
from tests.app.library.conftest import MSP, OWN, shelf_of

NEWER = "next"


class NewerReaders:
    """Today's readers, as the test changes what they say."""

    def __init__(self) -> None:
        self.change = lambda readings: readings

    def read(self, source: Path, name: str | None = None) -> list[Reading]:
        return self.change(read(source, name))


@pytest.fixture
def newer() -> NewerReaders:
    return NewerReaders()


@pytest.fixture
def parts(database: Database, tmp_path: Path, newer: NewerReaders) -> ImportParts:
    return ImportParts(database, tmp_path / "data" / "libraries", newer, raw_store(tmp_path / "data" / "blobs"))


@pytest.fixture
def own(parts: ImportParts, msp: Path) -> Library:
    return import_library(parts, [msp], *OWN).library


def row_of(parts: ImportParts) -> Library:
    with parts.db.read() as session:
        return session.exec(select(Library)).one()


def named(readings: list[Reading], old: str, new: str) -> list[Reading]:
    """The readings with another name for one of them."""

    def renamed(one: Reading) -> Reading:
        if one.title != old:
            return one
        meta = {k: ({**v, **{n: new for n in v if n.lower() == "name"}} if isinstance(v, dict) else v)
                for k, v in one.meta.items()}  # fmt: skip
        return replace(one, title=new, meta=meta)

    return [replace(renamed(one), reader_version=NEWER) for one in readings]


def test_the_raw_files_of_an_import_are_kept_byte_for_byte_with_who_read_them(parts: ImportParts, own: Library):
    (file,) = row_of(parts).files
    assert file["name"] == "own.msp"
    assert file["size"] == len(MSP.encode())
    assert file["reader"] == "instruments.msp"
    assert file["reader_version"]
    assert parts.raw.path(file["sha256"]).read_text() == MSP


def test_nothing_that_tidies_up_takes_a_raw_file_away(parts: ImportParts, own: Library, clock):
    (file,) = row_of(parts).files
    uploads = type(parts.raw)(parts.raw.root.parent, max_bytes=1)
    clock.now = clock().replace(year=2036)
    purge(parts.db)
    uploads.sweep(older_than_s=-1)
    if hasattr(uploads, "remove"):
        uploads.remove(file["sha256"], older_than_s=-1)
    assert parts.raw.path(file["sha256"]).exists()


def test_a_file_that_changes_while_it_is_imported_makes_no_library(parts: ImportParts, msp: Path, newer: NewerReaders):
    def growing(readings):
        msp.write_text(MSP + "\n")
        return readings

    newer.change = growing
    with pytest.raises(Conflict, match="changed while"):
        import_library(parts, [msp], *OWN)
    with parts.db.read() as session:
        assert session.exec(select(Library)).first() is None


def test_a_dry_run_names_what_is_added_gone_and_changed_and_changes_nothing(
    parts: ImportParts, own: Library, newer: NewerReaders
):
    def other(readings):
        a, b, c = readings
        stronger = replace(b, x=[*b.x, 310.0], y=[*b.y, 5.0], scans=())
        fourth = named([c], "Thirdol", "Fourthine")[0]
        return [replace(r, reader_version=NEWER) for r in (stronger, replace(fourth, x=[45.0], y=[1.0], scans=()), a)]

    newer.change = other
    found = reparse_library(parts, "Own 2026")
    assert found.readers[1] == (f"msp {NEWER}",)
    assert found.added == ("Fourthine",)
    assert found.gone == ("Thirdol",)
    (change,) = found.changed
    assert (change.names, change.what, change.peaks) == (("Othersine", "Othersine"), ("points",), (3, 4))
    assert list(lines_of(found)) == ["added: Fourthine", "gone: Thirdol", "changed: Othersine: points, 3 → 4 points"]
    assert row_of(parts).files[0]["reader_version"] != NEWER
    assert [f.name for f in parts.library_dir.iterdir()] == [own.folder]


def test_a_new_name_for_the_same_points_is_a_change_and_not_two(parts: ImportParts, own: Library, newer: NewerReaders):
    newer.change = lambda readings: named(readings, "Thirdol", "Thirdole")
    found = reparse_library(parts, "Own 2026")
    assert (found.added, found.gone) == ((), ())
    assert found.changed[0].names == ("Thirdol", "Thirdole")
    assert "name" in found.changed[0].what
    assert "(before: Thirdol)" in next(lines_of(found))


def test_applied_the_library_is_made_anew_and_open_shelves_follow(
    parts: ImportParts, own: Library, newer: NewerReaders
):
    registry = shelf_of(parts)
    before = registry.get("Own 2026")
    newer.change = lambda readings: named(readings, "Thirdol", "Thirdole")[1:]
    found = reparse_library(parts, "Own 2026", apply=True)
    assert found.applied
    after = registry.get("Own 2026")
    assert list(after.mass.names) == ["Othersine", "Thirdole"]
    row = row_of(parts)
    assert (row.id, row.n_entries) == (own.id, 2)
    assert row.files[0]["reader_version"] == NEWER
    assert [f.name for f in parts.library_dir.iterdir()] == [row.folder]
    with parts.db.read() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.verb == "reparse")).one()
        event = session.exec(select(EventRow).where(EventRow.kind == "library.changed")).one()
        assert get_library(session, registry, str(own.id)).key == after.key  # an old link still finds it
    assert entry.before["readers"] != entry.after["readers"]
    assert (entry.after["gone"], entry.after["changed"]) == (1, 1)
    assert event.topic == "library"
    # what was found in the old edition must not point at another entry of the new one
    assert before.key != after.key
    with pytest.raises(NotFound):
        registry.get(before.key)
    assert before.mass.names[0] == "Testamine"  # whoever still holds the old one is not cut off
    assert reparse_library(parts, "Own 2026").same


def test_a_commit_that_fails_leaves_the_old_edition_and_no_other_folder(
    parts: ImportParts, own: Library, newer: NewerReaders, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError("the disk went away")

    newer.change = lambda readings: readings[1:]
    monkeypatch.setattr(module.audit, "record", broken)
    with pytest.raises(RuntimeError):
        reparse_library(parts, "Own 2026", apply=True)
    assert [f.name for f in parts.library_dir.iterdir()] == [own.folder]
    assert len(shelf_of(parts).get("Own 2026")) == 3


def test_two_at_once_do_not_overwrite_each_other(
    parts: ImportParts, own: Library, newer: NewerReaders, monkeypatch: pytest.MonkeyPatch
):
    newer.change = lambda readings: readings[1:]
    real = module.built

    def slowly(*args):
        monkeypatch.setattr(module, "built", real)
        reparse_library(parts, "Own 2026", apply=True)
        return real(*args)

    monkeypatch.setattr(module, "built", slowly)
    with pytest.raises(Conflict, match="Someone else"):
        reparse_library(parts, "Own 2026", apply=True)
    assert len(shelf_of(parts).get("Own 2026")) == 2
    assert len(list(parts.library_dir.iterdir())) == 1


@pytest.mark.parametrize("noted", [True, False], ids=["who read it is noted", "it is not"])
def test_a_file_of_many_that_is_refused_now_takes_no_entry_away(
    parts: ImportParts, tmp_path: Path, newer: NewerReaders, noted: bool
):
    files = []
    for number, block in enumerate(MSP.split("\n\n")):
        files.append(tmp_path / f"{number}.msp")
        files[-1].write_text(block + "\n")
    (tmp_path / "3.msp").write_text("never readable\n")
    files.append(tmp_path / "3.msp")
    import_library(parts if noted else replace(parts, raw=None), files, *OWN)
    import_library(parts, files, *OWN)
    assert reparse_library(parts, "Own 2026", apply=True).same  # the file that was refused at the import is no loss
    if not noted:
        with parts.db.begin() as uow:
            row = uow.session.exec(select(Library)).one()
            row.files = [{**one, "reader": "", "reader_version": ""} for one in row.files]

    def busy(readings):
        if readings[0].title == "Othersine":
            raise TooLarge("Reading this file took longer than 90 s.", code="time_limit")
        return readings

    newer.change = busy
    assert reparse_library(parts, "Own 2026").gone == ("Othersine",)
    before = row_of(parts)
    with pytest.raises(Conflict, match=r"1\.msp could be read before and not now.*took longer"):
        reparse_library(parts, "Own 2026", apply=True)
    assert (row_of(parts).folder, row_of(parts).files) == (before.folder, before.files)
    assert len(shelf_of(parts).get("Own 2026")) == 3


def test_spectra_of_another_technique_are_another_library(parts: ImportParts, own: Library, newer: NewerReaders):
    x = np.arange(400.0, 4000.0, 4.0)
    y = np.exp(-(((x - 1700.0) / 12.0) ** 2))
    newer.change = lambda readings: [
        replace(r, kind=ReadingKind.IR, x=x, y=y, x_unit="cm-1", y_unit="absorbance", scans=()) for r in readings
    ]
    with pytest.raises(Invalid, match="another technique"):
        reparse_library(parts, "Own 2026", apply=True)


def test_a_library_of_before_is_told_how_to_keep_its_files_and_then_can_be_read_again(parts: ImportParts, msp: Path):
    import_library(replace(parts, raw=None), [msp], *OWN)
    assert row_of(parts).files == []
    with pytest.raises(Invalid, match="before raw files were kept") as refused:
        reparse_library(parts, "Own 2026")
    assert "once more with the same files" in refused.value.hint
    again = import_library(parts, [msp], *OWN)
    assert again.already_there
    assert "kept from now on" in again.summary()
    found = reparse_library(parts, "Own 2026", apply=True)
    assert found.same
    assert found.readers == ((), ("msp " + row_of(parts).files[0]["reader_version"],))


@pytest.mark.parametrize(("name", "error"), [("starter-ei", Invalid), ("nothing", NotFound)])
def test_a_starter_and_an_unknown_name_are_refused(parts: ImportParts, name: str, error: type[Exception]):
    with pytest.raises(error):
        reparse_library(parts, name)


@pytest.mark.parametrize("damage", ["gone", "altered"])
def test_a_raw_file_that_is_not_as_it_was_stops_it(parts: ImportParts, own: Library, damage: str):
    path = parts.raw.path(row_of(parts).files[0]["sha256"])
    path.chmod(0o644)
    if damage == "gone":
        path.unlink()
    else:
        path.write_text(MSP.replace("999", "998"))
    with pytest.raises(Conflict, match="not on this disk as it was imported"):
        reparse_library(parts, "Own 2026", apply=True)
    assert len(shelf_of(parts).get("Own 2026")) == 3


def test_the_pages_and_the_api_show_readers_and_hashes(world, tmp_path: Path, msp: Path):
    rt = world.runtime
    parts = ImportParts(rt.db, rt.settings.library_dir, raw=raw_store(rt.settings.blob_dir))
    key = str(import_library(parts, [msp], *OWN).library.id)
    chemist = world.as_(Role.CHEMIST)
    (file,) = chemist.get(f"/api/v1/libraries/{key}").json()["files"]
    assert file["sha256"] == row_of(parts).files[0]["sha256"]
    assert f"msp {file['reader_version']}" in chemist.get("/libraries").text
    page = chemist.get(f"/libraries/{key}").text
    assert file["sha256"] in page
    assert f"read by msp {file['reader_version']}" in page
    starter = chemist.get("/libraries/starter-ei").text
    assert "SHA-256" not in starter
    assert "before raw files" not in starter


@pytest.mark.long
def test_real_libraries_are_the_same_when_read_again(parts: ImportParts, shared_data: Path):
    import_library(parts, [shared_data / "ms/lib/SWGDRUG_3.4.msp"], "SWGDRUG 3.4", "free of charge", "SWGDRUG 3.4")
    found = reparse_library(parts, "SWGDRUG 3.4")
    assert found.same
    assert found.n_entries == (2986, 2986)
