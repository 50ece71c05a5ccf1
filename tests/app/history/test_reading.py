"""What is wrong with a file or a row is said in a sentence with its line, and nothing is guessed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from app.figures.history import service
from app.figures.history.report import map_lines
from app.figures.history.source_files import Unreadable, fault_of_cas, figure
from app.platform.kernel.errors import Invalid
from harm_messages import load_pack

from .conftest import HEAD, MAP, ROW, TODAY, Files

EXAMPLES = Path(__file__).resolve().parents[3] / "docs" / "examples" / "history"


def test_a_row_becomes_a_sample_with_its_own_id_kept_as_text(files: Files) -> None:
    (sample,) = files.read().samples
    assert (sample.key, sample.agency, sample.site, sample.region) == ("0001", "North", "Harbour Street", "Aton")
    assert sample.received == date(2026, 1, 31)
    assert sample.expected == ("opioid",)
    (finding,) = sample.findings
    assert (finding.substance, finding.drug_class, finding.amount, finding.unit) == (
        "fentanyl", "opioid.fentanyl", 12.5, "percent_ww",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        ("North,1,2026-02-30,Market,,Down,,1\n", "Visit", "is no date written as %Y-%m-%d or %d/%m/%Y"),
        ("North,1,2027-02-03,Market,,Down,,1\n", "Visit", "lies in the future"),
        ("North,1,03/02/26,Market,,Down,,1\n", "Visit", "is no date"),
        ("North,1,46000,Market,,Down,,1\n", "Visit", "perhaps a spreadsheet's count of days"),
        ("North,1,1899-12-31,Market,,Down,,1\n", "Visit", "lies before 1990"),
        ("North,1,2026-02-03,Docks,,Down,,1\n", "Site", "is no site of North that the map knows"),
        ("East,1,2026-02-03,Market,,Down,,1\n", "Site", "is no site of East that the map knows"),
        ("North,1,2026-02-03,Market,,Stardust,,1\n", "Expected", "is not a known substance"),
        ("North,1,2026-02-03,Market,,Down,,101\n", "Fentanyl", "is more than 100 %"),
        ("North,1,2026-02-03,Market,,Down,,about 5\n", "Fentanyl", "is not a figure"),
        ('North,1,2026-02-03,Market,,Down,,"3,5"\n', "Fentanyl", 'needs decimal = ","'),
        ("North,1,2026-02-03,Market,,Down,,-1\n", "Fentanyl", "not a figure of 0 or more"),
        ("North,,2026-02-03,Market,,Down,,1\n", "Sample", "a row without its sample's id"),
        (ROW + ROW, "Sample", "stands already in line 2"),
    ],
)
def test_a_row_that_cannot_be_taken_is_named(files: Files, row: str, column: str, said: str) -> None:
    (problem,) = files.problems(row)
    line = row.count("\n") + 1
    assert problem.startswith(f"samples.csv:{line}, column {column}:")
    assert said in problem


def test_a_site_name_of_two_agencies_needs_the_agency(files: Files) -> None:
    files.map_text = MAP.replace("agency = { column", "# agency = { column")
    (problem,) = files.problems("?,1,2026-02-03,Market,,Down,,1\n")
    assert "is the name of a site of North and of South" in problem
    (one,) = files.read(HEAD + "?,1,2026-02-03,The Market,,Down,,1\n").samples
    assert (one.agency, one.site) == ("South", "Market")


def test_blanks_and_zeros_mean_what_the_map_says(files: Files) -> None:
    rows = "North,1,,Market,,,,\nNorth,2,2026-02-03,Market,,Down,,0\n"
    blank, zero = files.read(HEAD + rows).samples
    assert (blank.findings, blank.tests, blank.received) == ((), (), None)
    assert zero.findings[0].amount == 0
    files.map_text = MAP.replace('zero = "value"', 'zero = "not_detected"')
    _, zero = files.read(HEAD + rows).samples
    assert zero.findings == ()
    assert [(t.method, t.target, t.seen.value) for t in zero.tests] == [("ambient_ms", "fentanyl", "not_detected")]


def test_a_column_may_move_but_not_go(files: Files) -> None:
    names = HEAD.strip().split(",")
    cells = ROW.strip().split(",")
    moved = f"{','.join(reversed(names))}\n{','.join(reversed(cells))}\n"
    (here,), (there,) = files.read(HEAD + ROW).samples, files.read(moved).samples
    assert here == there
    with pytest.raises(Invalid, match="has no column Fentanyl; it has Authority, Sample"):
        files.read(HEAD.replace(",Fentanyl", ",Carfentanil") + ROW)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        ((HEAD + ROW).replace("Aton", "Caf\u00e9").encode("cp1252"), "is not utf-8: line 2"),
        ((HEAD + ROW.replace(",12.5", "")).encode(), "line 2: 7 cells where the header has 8"),
        ((HEAD.replace("Town", "Site") + ROW).encode(), "has the column Site twice"),
        ((HEAD + ROW.replace("Aton", '"Aton')).encode(), "is not a table as the map says"),
    ],
)
def test_a_file_that_is_not_what_the_map_says_stops_the_import(files: Files, content: bytes, said: str) -> None:
    with pytest.raises(Invalid) as error:
        files.read(content)
    assert said in error.value.detail
    assert "Nothing was imported" in error.value.hint


END = 'says = "The Market"\n'
TEST = '[[test]]\nmethod = "strip"\ncolumn = "Category"\ndetected = "yes"\nnot_detected = "no"\ntarget = '
NOT_FILLED_IN = "nothing stands behind its “=”"
FAULTS = (
    ('licence = "CC BY 4.0"', "", "source.licence"),
    ('unit = "percent_ww", ', "", "unit"),
    ('zero = "value"', 'zero = "nothing"', "zero"),
    ('substance = { constant = "fentanyl" }', 'substanse = { constant = "fentanyl" }', "substanse"),
    ('column = "Visit"', 'colum = "Visit"', "sample.received.colum: no such key here; is column meant?"),
    (END, END + '[[site]]\nname = "Other"\nagency = "South"\nsays = "Market"', "written down for two sites"),
    ("complete = false", "", "complete"),
    ("format = 1", "format = 1\nformat = 1", "is not TOML"),
    (END, END + '[[leave_out]]\ncolumn = "Sample"\nwhy = "no words"', "give says or patterns"),
    (END, END + '[substances.names]\n"goofball" = ["methamphetamine", "opioid"]', "“goofball” is several"),
    ("[expected]", '[expected]\npatterns = [["(", "opioid"]]', "is no regular expression"),
    (END, END + '[substances.names]\n"Stardust" = ""', NOT_FILLED_IN),  # read as “not found”, or as nothing expected
    (END, END + '[[site]]\nname = ""\nagency = "North"\nsays = ["Docks"]', NOT_FILLED_IN),
    (END, END + '[vocabulary.form]\nvalues = { "dust" = "" }', NOT_FILLED_IN),
)
UNKNOWN = (
    ('"Down" = "opioid"', '"Down" = "opoid"', "“down” is opoid, which is neither in the register nor added"),
    ("[expected]", '[expected]\npatterns = [["x", "opoid"]]', "“x” is opoid, which is neither"),
    (END, END + TEST + '"opiod.fentanyl"', "The map tests for opiod.fentanyl"),
)


@pytest.mark.parametrize(("old", "new", "said"), FAULTS + UNKNOWN)
def test_a_map_with_a_fault_is_refused_before_the_first_row(files: Files, old: str, new: str, said: str) -> None:
    assert old in MAP
    files.map_text = MAP.replace(old, new)
    with pytest.raises(Invalid) as error:
        files.read() if (old, new, said) in UNKNOWN else files.the_map()
    assert said in error.value.detail


def test_a_test_of_the_map_says_what_it_saw(files: Files) -> None:
    files.map_text = MAP + TEST + '"opioid.fentanyl"'
    assert not files.problems(ROW.replace("Opioid,", "yes,"))


@pytest.mark.parametrize(
    ("cas", "fault"),
    [
        ("7143-09-1", ""), ("437-38-7", ""), ("437-38-8", "wrong check digit: 7"),
        ("9/1/7143", "a spreadsheet turned it into one"), ("fentanyl", "not written as a CAS number"),
    ],
)  # fmt: skip
def test_cas_numbers_are_checked(cas: str, fault: str) -> None:
    found = fault_of_cas(cas)
    assert fault in found
    assert bool(fault) == bool(found)


def test_a_formula_that_cannot_be_is_told_and_the_name_beside_it_used(files: Files) -> None:
    files.map_text = MAP.replace("method = { constant", 'formula = { column = "Category" }\nmethod = { constant')
    reading = files.read(
        HEAD + ROW.replace("Opioid", "C22H28N2O") + ROW.replace("0001", "0002").replace("Opioid", "CH9")
    )
    (note,) = [str(problem) for problem in reading.problems]
    assert note.startswith("samples.csv:3, column Category: “CH9” cannot be a formula")
    assert [len(sample.findings) for sample in reading.samples] == [1, 1]


def test_figures_are_read_with_the_decimal_sign_of_the_file() -> None:
    assert figure(" 3,5 % ", ",") == 3.5
    assert figure("1e-3", ".") == 0.001
    for wrong in ("", "nan", "inf", "1.2.3", "<0.1"):
        with pytest.raises(Unreadable):
            figure(wrong, ".")


def test_the_card_and_detail_files_of_unc_reconcile(shared_data: Path) -> None:
    """Opioid Data Lab, University of North Carolina, 2022 (MIT): 20 samples, 115 detections."""
    reading = service.read_history(
        sorted((shared_data / "history" / "unc_demo").glob("*.csv")),
        service.read_map(EXAMPLES / "unc_demo.toml"), load_pack().substances, TODAY,
    )  # fmt: skip
    assert not reading.errors
    assert (len(reading.samples), sum(reading.rows.values())) == (20, 135)
    every = reading.reconciled[0]
    assert (every.column, every.agreeing, every.differing) == ("lab_num_substances_any", 19, ("473",))
    notes = " ".join(map(str, reading.problems))
    assert "sample 473" in notes
    assert "9/1/7143" in notes
    assert max(len(s.findings) for s in reading.samples) == 15


def test_the_map_of_the_manual_works(files: Files) -> None:
    manual = (EXAMPLES.parents[1] / "users" / "history.md").read_text(encoding="utf-8")
    files.map_text = manual.split("```toml\n")[1].split("```")[0]
    assert files.read(HEAD + ROW).samples == Files(files.folder).read(HEAD + ROW).samples


# -- what a map may say, and what it is warned of ---------------------------------------------------------


def test_the_kind_of_service_is_told_by_row_or_by_site(files: Files) -> None:
    files.map_text = (
        MAP.replace('service_type = "fixed_site"', 'service_type = { column = "Kind" }').replace(
            'name = "Harbour Street"', 'name = "Harbour Street"\nservice_type = "festival"'
        )
        + '[vocabulary.service_type]\nvalues = { "Drop-in" = "city_clinic", "" = "postal" }\n'
    )
    rows = ("0001,2026-01-31,Harbour St", "0002,2026-01-31,Market", "0003,2026-01-31,Market", "0004,2026-01-31,Market")
    kinds = ("Drop-in", "drop-in", "", "festival")
    text = HEAD.replace("Category", "Kind") + "".join(
        f"North,{row},Aton,Down,{kind},12.5\n" for row, kind in zip(rows, kinds, strict=True)
    )
    assert [s.service_type for s in files.read(text).samples] == ["festival", "city_clinic", "postal", "festival"]
    reading = files.read(text.replace("drop-in", "tent"))
    assert reading.unknown == {"service_type": {"tent": 1}}
    assert "[vocabulary.service_type.values]" in map_lines(reading.unknown, load_pack().substances)


def test_what_everybody_expected_is_a_word_of_ours(files: Files) -> None:
    files.map_text = MAP.replace(
        'expected = { column = "Expected", separator = ";" }', 'expected = { constant = "opioid" }'
    )
    (sample,) = files.read(HEAD + ROW).samples
    assert sample.expected == ("opioid",)
    files.map_text = files.map_text.replace('constant = "opioid"', 'constant = "stardust"')
    with pytest.raises(Invalid, match="everybody expected stardust"):
        files.read(HEAD + ROW)


@pytest.mark.parametrize(
    ("column", "cells", "warned"),
    [
        ("Count", ("412", "38", "7", "1"), True),
        ("samples tested", ("20", "31", "18", ""), True),
        ("N", ("12.0", "3", "40", "9"), True),
        ("Count", ("1", "1", "1", "12"), False),  # nearly all are one sample
        ("Count", ("2", "3", "2", "4"), False),  # as many as of one sample
        ("Count", ("12", "many", "40", "9"), False),
        ("Tablets", ("412", "38", "7", "1"), False),
    ],
)
def test_sums_by_month_are_told_from_samples(files: Files, column: str, cells: tuple[str, ...], warned: bool) -> None:
    rows = (f"North,{k:04d},2026-0{k}-01,Market,Aton,Down,{cell},12.5\n" for k, cell in enumerate(cells, 1))
    problems = files.read(HEAD.replace("Category", column) + "".join(rows)).problems
    assert [p.why.startswith("these look like counts, not samples") for p in problems] == [True] * warned
