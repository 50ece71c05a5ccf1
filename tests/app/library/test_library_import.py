"""A library is imported whole or not at all, with its terms, once; the registry of every process then searches it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from app.laboratory.library import importing
from app.laboratory.library.domain import Holds
from app.laboratory.library.importing import ImportParts, import_library
from app.laboratory.library.service import library_faults, list_libraries
from app.laboratory.library.tables import Library
from app.platform.audit import AuditEntry
from app.platform.kernel.errors import Conflict, Invalid
from app.platform.live.tables import EventRow
from tests.app.library.conftest import MSP, OWN, shelf_of


def test_accepted_merged_and_refused_spectra_are_counted_with_reasons(parts: ImportParts, msp: Path):
    twice = MSP.split("\n\n")[0]
    msp.write_text(f"{MSP}\n{twice}\n\nName: Impossible\nFormula: C1H99\nNum Peaks: 3\n10 1; 20 2; 30 3;\n")
    seen: list[tuple[str, int, int]] = []
    done = import_library(parts, [msp], *OWN, progress=lambda *step: seen.append(step))
    assert (done.n_read, done.n_accepted, done.n_merged, done.n_refused) == (5, 3, 1, 1)
    assert done.refusals[0]["name"] == "Impossible"
    assert "cannot be a molecule" in done.refusals[0]["reason"]
    assert "2 have no InChIKey" in done.summary()
    assert [seen[0][0], seen[1][0]] == ["Looking at files", "Reading files"]
    assert seen[-1] == ("Writing the library", 1, 1)


def test_a_large_library_that_the_register_hardly_knows_is_asked_what_it_holds(
    parts: ImportParts, msp: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "MANY", 2)
    drugs = tmp_path / "drugs.msp"
    drugs.write_text(MSP.replace("Othersine", "Cocaine"))
    asked = "The register knows 0 of the 3 compounds of this library."
    assert asked in import_library(parts, [msp], *OWN).summary()
    assert "register" not in import_library(parts, [msp], "General", "CC0", "ours", holds=Holds.GENERAL).summary()
    assert "register" not in import_library(parts, [drugs], "Drugs", "CC0", "our bench").summary()


def test_an_import_is_audited_and_told_to_open_screens(parts: ImportParts, msp: Path):
    done = import_library(parts, [msp], *OWN)
    with parts.db.read() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.object_type == "library")).one()
        event = session.exec(select(EventRow).where(EventRow.topic == "library")).one()
    assert entry.object_id == str(done.library.id)
    assert entry.after["licence"] == "CC0"
    assert event.kind == "library.added"


def test_other_files_under_a_taken_name_are_a_conflict(parts: ImportParts, msp: Path):
    import_library(parts, [msp], *OWN)
    msp.write_text(MSP.replace("Othersine", "Changed"))
    with pytest.raises(Conflict, match="unchanged"):
        import_library(parts, [msp], *OWN)


@pytest.mark.parametrize(
    ("name", "licence", "source", "field"),
    [
        ("Own", "", "us", "licence"),
        ("Own", "CC0", "", "source"),
        ("starter-ei", "CC0", "us", "name"),
        ("../x", "a", "b", "name"),
    ],
)
def test_name_licence_and_source_are_required(
    parts: ImportParts, msp: Path, name: str, licence: str, source: str, field: str
):
    with pytest.raises(Invalid) as refused:
        import_library(parts, [msp], name, licence, source)
    assert field in refused.value.fields
    with parts.db.read() as session:
        assert session.exec(select(Library)).first() is None


def test_a_commit_that_fails_leaves_no_folder_behind(parts: ImportParts, msp: Path, monkeypatch: pytest.MonkeyPatch):
    def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError("the disk went away")

    monkeypatch.setattr("app.laboratory.library.importing.audit.record", broken)
    with pytest.raises(RuntimeError):
        import_library(parts, [msp], *OWN)
    assert list(parts.library_dir.iterdir()) == []


def test_of_a_folder_the_unreadable_files_are_refused_and_the_rest_is_taken(
    parts: ImportParts, msp: Path, tmp_path: Path
):
    folder = tmp_path / "many"
    folder.mkdir()
    (folder / "a.msp").write_text(MSP)
    (folder / "b.msp").write_text("nothing of use")
    done = import_library(parts, [folder], "Folder", "CC0", "us")
    assert done.n_accepted == 3
    assert [r["name"] for r in done.refusals if r["name"].endswith(".msp")] == ["b.msp"]


def test_a_damaged_library_is_left_out_and_named(parts: ImportParts, msp: Path):
    done = import_library(parts, [msp], *OWN)
    array = next((parts.library_dir / done.library.folder).glob("*mz.npy"))
    data = bytearray(array.read_bytes())
    data[-1] ^= 0xFF
    array.chmod(0o644)
    array.write_bytes(data)
    registry = shelf_of(parts)
    assert [one.name for one in registry.mass(accurate=False)] == ["starter-ei"]
    with parts.db.read() as session:
        view = next(v for v in list_libraries(session, registry) if v.name == "Own 2026")
        assert "damaged" in view.broken
        assert [fault.sentence for fault in library_faults(session, registry, "Own 2026", parts.library_dir)] == [
            view.broken
        ]


def test_check_names_the_same_spectrum_under_two_names(parts: ImportParts, tmp_path: Path):
    path = tmp_path / "twice.msp"
    path.write_text(
        MSP.replace(
            "Name: Othersine\nFormula: C17H21NO4\nNum Peaks: 3\n82 999; 182 700; 303 150;",
            "Name: Wronglabel\nFormula: C10H15N\nNum Peaks: 4\n58 999; 91 120; 65 60; 148 10;",
        )
    )
    import_library(parts, [path], "Twice", "CC0", "us")
    registry = shelf_of(parts)
    with parts.db.read() as session:
        faults = [fault.sentence for fault in library_faults(session, registry, "Twice", parts.library_dir)]
    assert any("Testamine" in fault and "Wronglabel" in fault for fault in faults)
