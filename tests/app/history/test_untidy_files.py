"""What services' files are really like can be said in the map; nobody has to mend a file, and nothing is guessed."""

from __future__ import annotations

import tomllib
from datetime import date

import pytest

from app.care.counted.domain import Detection
from app.figures.history import service
from app.figures.history.domain import Problem
from app.figures.history.report import SHOWN_OF_A_KIND, in_words, map_lines
from app.figures.history.source_files import Unreadable, day_in, figure
from app.platform.kernel.errors import Invalid
from harm_messages import load_pack

from .conftest import HEAD, MAP, ROW, TODAY, Files

REGISTER = load_pack().substances


def changed(old: str, new: str) -> str:
    assert old in MAP
    return MAP.replace(old, new)


# -- the table -----------------------------------------------------------------------------------------


def test_line_breaks_and_blanks_in_a_header_are_one_blank(files: Files) -> None:
    head = HEAD.replace("Visit", '"Visit\nDate "').replace("Fentanyl", " Fentanyl   % ")
    files.map_text = changed('"Visit"', '"Visit  Date"').replace('column = "Fentanyl"', 'column = "Fentanyl %"')
    (sample,) = files.read(head + ROW).samples
    assert (sample.received, sample.findings[0].amount, sample.line) == (date(2026, 1, 31), 12.5, 3)


def test_titles_above_the_header_are_passed_over_where_the_map_says_its_line(files: Files) -> None:
    text = 'An "unclosed title\r\n\r\n' + HEAD + ROW
    files.map_text = changed('id = "Sample"', 'id = "Sample"\nheader = 3')
    (sample,) = files.read(text).samples
    assert (sample.key, sample.line) == ("0001", 4)
    files.map_text = MAP
    with pytest.raises(Invalid) as error:
        files.read("Export of 2026\n" + HEAD + ROW)
    assert "say in the map which line it is: header = 4" in error.value.hint
    files.map_text = changed('id = "Sample"', 'id = "Sample"\nheader = 2')
    with pytest.raises(Invalid, match="has nothing in line 2, where the map says its header is"):
        files.read("Export of 2026\n\n" + HEAD + ROW)


def test_cells_that_only_pad_a_row_are_no_cells(files: Files) -> None:
    assert len(files.read(HEAD + ROW.replace("12.5", "12.5,, ,")).samples) == 1
    with pytest.raises(Invalid, match="line 2: 9 cells where the header has 8"):
        files.read(HEAD + ROW.replace("12.5", "12.5,x"))


@pytest.mark.parametrize(
    ("content", "said", "how"),
    [
        ((HEAD + ROW).replace(",", ";").encode(), "has no column", 'delimiter = ";"'),
        ((HEAD + ROW).replace(",", "\t").encode(), "has no column", 'delimiter = "\\t"'),
        (b"PK\x03\x04 anything", "is a spreadsheet file", "Save the sheet as CSV"),
        (b"\xd0\xcf\x11\xe0 anything", "is a spreadsheet file", "Save the sheet as CSV"),
        ((HEAD + ROW).encode("utf-16"), "is UTF-16", 'encoding = "utf-16"'),
        (HEAD.encode(), "has a header and no row", "Nothing was imported"),
    ],
)
def test_a_file_of_another_kind_is_told_with_what_to_do(files: Files, content: bytes, said: str, how: str) -> None:
    with pytest.raises(Invalid) as error:
        files.read(content)
    assert said in error.value.detail
    assert how in error.value.hint


def test_what_there_is_no_room_for_is_told_before_the_database_refuses_it(files: Files) -> None:
    (long_id,) = files.problems(ROW.replace("0001", "7" * 191))
    assert "an id of more than 190 characters" in long_id
    files.map_text = "unknown_sites = 'as_written'\n" + MAP
    (long_agency,) = files.problems(ROW.replace("North", "N" * 121))
    assert "is an agency of more than 120 characters" in long_agency
    with pytest.raises(Invalid, match="line 2: a byte of value 0"):
        files.read(HEAD + ROW.replace("Aton", "A\0ton"))


# -- which rows are samples ----------------------------------------------------------------------------


def test_rows_that_are_no_samples_are_left_out_by_a_rule_and_named(files: Files) -> None:
    files.map_text = MAP + (
        '\n[[leave_out]]\ncolumn = "Authority"\nsays = "Total"\nwhy = "sums"\n'
        '\n[[leave_out]]\ncolumn = "Sample"\npatterns = ["^test"]\nwhy = "proficiency test"\n'
    )
    reading = files.read(HEAD + ROW + "North,TEST 4,nonsense,Docks,,Stardust,,x\n" + "total,,,,,,,999\n")
    assert [s.key for s in reading.samples] == ["0001"]
    assert [str(p).split(": ", 1)[1] for p in reading.problems] == [
        "“TEST 4” left out: proficiency test", "“total” left out: sums",
    ]  # fmt: skip


def test_detections_of_a_sample_that_was_left_out_are_left_out_with_it(files: Files) -> None:
    files.map_text = (
        MAP.replace("[[finding]]", "[detection]")
        .replace('constant = "fentanyl" }\nmethod = { constant = "ambient_ms" }', 'column = "Substance" }')
        .replace("amount = {", "# amount = {")
    )
    files.map_text += (
        '\n[[file]]\nname = "found"\nmatch = "found.csv"\nrows = "detections"\nid = "Sample"\n'
        '\n[[leave_out]]\ncolumn = "Town"\nsays = "Nowhere"\nwhy = "a test"\n'
    )  # fmt: skip
    rows = ROW.replace("0001", "17.0") + ROW.replace("0001", "18.0").replace("Aton", "Nowhere")
    paths = [files.write(HEAD + rows), files.write("Sample,Substance\n17,MDMA\n18,MDMA\n", "found.csv")]
    reading = service.read_history(paths, files.the_map(), REGISTER, TODAY)
    assert not reading.errors
    assert [(s.key, [f.substance for f in s.findings]) for s in reading.samples] == [("17", ["mdma"])]


def test_of_two_rows_with_one_id_the_first_counts_where_the_map_says_so(files: Files) -> None:
    twice = ROW + ROW.replace("12.5", "3")
    assert len(files.problems(twice)) == 1
    files.map_text = changed('id = "Sample"', 'id = "Sample"\nrepeats = "first"')
    reading = files.read(HEAD + twice)
    assert [s.findings[0].amount for s in reading.samples] == [12.5]
    assert [str(p) for p in reading.problems] == [
        "samples.csv:3, column Sample: “0001” stands already in line 2, which counts. This row does not."
    ]


def test_a_row_without_an_id_is_known_by_its_cells_where_the_map_says_so(files: Files) -> None:
    one, other = ROW.replace("0001", ""), ROW.replace("0001", "").replace("12.5", "3")
    files.map_text = changed('id = "Sample"', 'id = "Sample"\nwithout_id = "own_sample"')
    first, second = files.read(HEAD + one + other).samples
    assert [s.key for s in files.read(HEAD + ROW + other + one).samples] == ["0001", second.key, first.key]
    assert len(files.problems(one + one)) == 1, "two rows alike in every cell are no two samples without a word"


# -- dates ---------------------------------------------------------------------------------------------


def test_a_date_that_two_formats_read_differently_is_refused() -> None:
    both = ("%d/%m/%Y", "%m/%d/%Y")
    assert day_in("31/01/2026", both, TODAY) == day_in("01/31/2026", both, TODAY) == date(2026, 1, 31)
    assert day_in("04/04/2026", both, TODAY) == date(2026, 4, 4)
    with pytest.raises(Unreadable, match="is 2026-04-05 or 2026-05-04: two formats read it differently"):
        day_in("04/05/2026", both, TODAY)


def test_a_spreadsheet_day_may_have_a_time_and_a_year_is_none() -> None:
    assert day_in("46000.75", ("%Y-%m-%d",), TODAY, spreadsheet_days=True) == date(2025, 12, 9)
    with pytest.raises(Unreadable, match="is no date written as"):
        day_in("2023", ("%Y-%m-%d",), TODAY, spreadsheet_days=True)


def test_a_word_may_be_missing_in_one_column_alone(files: Files) -> None:
    row = ROW.replace("2026-01-31", "2026-02-30").replace("Down", "2026-02-30")
    assert len(files.problems(row)) == 2
    files.map_text = changed('["%Y-%m-%d", "%d/%m/%Y"]', '["%Y-%m-%d"], missing = ["2026-02-30"]')
    reading = files.read(HEAD + row)
    assert [p.column for p in reading.errors] == ["Expected"]
    assert reading.samples[0].received is None


# -- amounts -------------------------------------------------------------------------------------------


def test_cells_that_are_no_figure_mean_what_the_map_says(files: Files) -> None:
    said = ["<0.1", "Trace", "> 50", "pending", "108.4", "0"]
    rows = "".join(ROW.replace("0001", str(n)).replace("12.5", word) for n, word in enumerate(said))
    assert len(files.problems(rows)) == 5
    files.map_text = changed(
        'zero = "value"',
        'zero = "value", words = { "<0.1" = "not_detected", "trace" = "detected", ">  50" = 50, '
        '"pending" = "missing", "108.4" = 100 }',
    )
    reading = files.read(HEAD + rows)
    assert not reading.problems
    assert [[f.amount for f in s.findings] for s in reading.samples] == [[], [None], [50.0], [], [100.0], [0.0]]
    detected, not_detected = Detection.DETECTED, Detection.NOT_DETECTED
    assert [[t.seen for t in s.tests] for s in reading.samples] == [
        [not_detected], [detected], [detected], [], [detected], [not_detected],
    ]  # fmt: skip


def test_a_percentage_is_no_weight_and_a_thousand_no_decimal() -> None:
    assert figure("12.5 %", ".") == 12.5
    with pytest.raises(Unreadable, match="is a percentage, and the unit in the map is another"):
        figure("12.5 %", ".", percent=False)
    assert figure("1.25", ",") == 1.25
    with pytest.raises(Unreadable, match="may be thousands or a decimal point"):
        figure("1.250", ",")


# -- places --------------------------------------------------------------------------------------------


def test_a_blank_site_counts_under_its_agency_and_a_blank_agency_needs_a_word(files: Files) -> None:
    (sample,) = files.read(HEAD + ROW.replace("Harbour St", "")).samples
    assert (sample.agency, sample.site) == ("North", "")
    blank, ambiguous = files.problems(
        ROW.replace("North", "").replace("Harbour St", "")
        + ROW.replace("North", "").replace("Harbour St", "Market").replace("0001", "2")
    )
    assert "is of no agency" in blank
    assert "is the name of a site of North and of South. The row names no agency" in ambiguous
    assert all('[vocabulary.agency] values = { "" = "…" }' in problem for problem in (blank, ambiguous))
    files.map_text = MAP + '\n[vocabulary.agency]\nvalues = { "" = "not stated" }\n'
    rows = "".join(ROW.replace("North", "").replace("0001", s).replace("Harbour St", s) for s in ("", "Market", "The Market"))  # fmt: skip
    files.map_text = files.map_text.replace('id = "Sample"', 'id = "Sample"\nwithout_id = "own_sample"')
    assert [(s.agency, s.site) for s in files.read(HEAD + rows).samples] == [
        ("not stated", ""), ("not stated", "Market"), ("South", "Market"),
    ]  # fmt: skip


def test_agencies_and_towns_have_spellings_too(files: Files) -> None:
    files.map_text = MAP + (
        '\n[vocabulary.agency]\nvalues = { "NHA" = "North" }\n'
        '\n[vocabulary.region]\npatterns = [["^aton", "Aton"]]\n'
    )  # fmt: skip
    row = ROW.replace("North", "nha").replace("Aton", "Aton (East)").replace("Harbour St", "harbour   ST")
    (sample,) = files.read(HEAD + row + ROW.replace("North", "NORTH").replace("0001", "2")).samples[:1]
    assert (sample.agency, sample.site, sample.region) == ("North", "Harbour Street", "Aton")
    assert {s.agency for s in files.read(HEAD + ROW.replace("North", "NORTH")).samples} == {"North"}


def test_lines_for_sites_name_the_agency_of_the_rows_and_each_spelling_once(files: Files) -> None:
    said = [("North", "Docks"), ("North", "docks"), ("South", "Docks"), ("North", "DOCKS "), ("North", "docks")]
    rows = "".join(
        ROW.replace("North", a).replace("Harbour St", s).replace("0001", str(n)) for n, (a, s) in enumerate(said)
    )
    reading = files.read(HEAD + rows)
    lines = map_lines(reading.unknown, REGISTER, reading.unknown_sites)
    assert tomllib.loads(lines)["site"] == [
        {"name": "docks", "agency": "North", "says": ["docks"]}, {"name": "Docks", "agency": "South", "says": ["Docks"]},
    ]  # fmt: skip
    assert "# 4 rows" in lines
    files.map_text = MAP + lines
    assert not files.read(HEAD + rows).problems


# -- names ---------------------------------------------------------------------------------------------


def test_one_word_may_be_several_expected_things(files: Files) -> None:
    files.map_text = changed('"Down" = "opioid"', '"Down" = "opioid", "goofball" = ["methamphetamine", "opioid"]')
    (sample,) = files.read(HEAD + ROW.replace("Down", "Goofball; MDMA")).samples
    assert sample.expected == ("methamphetamine", "opioid", "mdma")


def test_several_separators_and_a_name_that_holds_one(files: Files) -> None:
    files.map_text = changed('separator = ";"', 'separator = [";", ",", "/"]')
    row = ROW.replace("Down", '"{}"')
    assert files.read(HEAD + row.format("MDMA/ketamine, Down")).samples[0].expected == ("mdma", "ketamine", "opioid")
    assert files.read(HEAD + row.format("1,4-butanediol")).samples[0].expected == ("1-4-butanediol",)


def test_patterns_read_what_nobody_knows_and_are_told(files: Files) -> None:
    files.map_text = MAP.replace("[expected]", '[expected]\npatterns = [["^blue", "opioid"], [".", "unknown"]]')
    said = ["Blue down", "blue down", "MDMA", "Down", "Stardust"]
    rows = "".join(ROW.replace("Down", word).replace("0001", str(n)) for n, word in enumerate(said))
    reading = files.read(HEAD + rows)
    assert [s.expected[0] for s in reading.samples] == ["opioid", "opioid", "mdma", "opioid", "unknown"]
    assert [p.why.split(" by ")[0] for p in reading.problems] == ["is read as opioid", "is read as unknown"]


# -- what is told --------------------------------------------------------------------------------------


def test_errors_stand_before_notes_and_no_kind_hides_another(files: Files) -> None:
    rows = "".join(f"North,{n},,Market,,Down,,1\n" for n in range(300)) + ROW.replace("12.5", "x")
    told = list(in_words(files.read(HEAD + rows).problems))
    assert told[0].startswith("error: samples.csv:302, column Fentanyl")
    assert len(told) == 1 + SHOWN_OF_A_KIND + 1
    assert told[-1] == "  … and 295 more of this kind; --json lists all."


def test_what_is_told_stays_short_however_many_kinds_there_are(files: Files) -> None:
    problems: list[Problem] = [
        Problem(p.level, p.file, p.line, f"{n}", p.value, p.why) for n in range(900) for p in files.read(HEAD + ROW.replace("12.5", "x")).problems
    ]  # fmt: skip
    assert list(in_words(problems))[-1] == "… and others; --json lists all."
    assert len(list(in_words(problems))) < 100
