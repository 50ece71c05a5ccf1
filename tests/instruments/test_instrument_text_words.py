"""Words in text tables: columns of them, marks of a library of spectra, lists of compounds, names filled with NULs."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from instruments import InstrumentError, read
from instruments.readers.text_words import bare_rows
from tests.instruments.instrument_files import codes, one
from tests.instruments.test_instrument_text_columns import MGF, table

PEAKS = "m/z\tIntensity\n84\t999\n133\t300\n162\t200\n"
AT_ONCE = 8.0  # seconds, of a busy machine; what they are held against took ten times as long


def refused(text: str) -> str:
    with pytest.raises(InstrumentError) as caught:
        read(text.encode())
    return caught.value.code


@pytest.mark.parametrize("value", ["1,0E-03", "0,0E+00", "1,5e2"])
def test_a_number_with_a_decimal_comma_and_an_exponent_is_no_word(value: str) -> None:
    text = table("Zeit (min);Signal (mV);Leerwert (mV)", lambda i: f"{i},5;0,{i:02d};{value}")
    assert len(read(text.encode())) == 2


@pytest.mark.parametrize("head", ["min\t(mV)", "ml\t(mAU)", "ml\t(mAU)\tml\t(mS/cm)", "Time\tSignal\nmin\t(mV)"])
def test_a_unit_in_brackets_over_numbers_is_no_column_of_words(head: str) -> None:
    pairs = head.count("(")
    readings = read(table(head, lambda i: "\t".join([f"{i / 10}\t{i % 7}"] * pairs)).encode())
    assert [r.n_points for r in readings] == [60] * pairs


def test_a_run_of_nothing_but_words_is_left_as_it_is() -> None:
    lines = table("min\t(Fractions)", lambda i: f"{i}\tA{i}").split("\n")
    assert bare_rows(lines) == lines


@pytest.mark.parametrize("head", [
    "Time (min)\tTIC\tm/z 304.15\tm/z 182.1", "Time (min)\tMass 182\tMass 303\tx", "RT (min)\t182.1 m/z\t303.1 m/z\tx",
    "Time (min)\tSIM 182 amu\tSIM 303 amu\tx", "Time (min)\tTIC\tArea counts\tx",
])  # fmt: skip
def test_traces_of_ions_are_no_list_of_compounds(head: str) -> None:
    readings = read(table(head, lambda i: f"{i / 60:.4f}\t{i % 7}\t{i % 5}\t{i % 3}").encode())
    assert readings
    assert not any("list_of_compounds" in codes(r) for r in readings)


@pytest.mark.parametrize(("head", "words"), [
    ("Wavelength (nm),Counts,Status", ("OK", "SAT")), ("Time (min),Signal,Valve", ("load", "inject")),
    ("RT (min),Area,Compound", ("A", "B")), ("Wavenumber (cm-1),A,B", ("OVER", "0.5")),
])  # fmt: skip
def test_words_that_change_while_the_axis_goes_on_part_no_curves(head: str, words: tuple[str, str]) -> None:
    assert refused(table(head, lambda i: f"{i + 1}.125,{i % 7}.125,{words[i >= 200]}", 400)) != "several_curves"


@pytest.mark.parametrize("way", [1, -1])
def test_words_that_change_where_the_axis_begins_again_part_curves(way: int) -> None:
    text = table("Wavenumber (cm-1),A,Sample", lambda i: f"{2000 + way * (i % 200)},0.{i % 7},{'ABA'[i // 200]}", 600)
    with pytest.raises(InstrumentError, match="'Sample', this table holds 3 curves"):
        read(text.encode())


@pytest.mark.parametrize("text", [
    f"A\nNum Peaks 3\n{PEAKS}\nB\nNum Peaks 4\n{PEAKS}", f"Num Peaks 4\n{PEAKS}", f"PEPMASS=304.1\n{PEAKS}END IONS\n",
    MGF.replace("BEGIN", "BEGIM").replace("END", "ENB") * 2,
])  # fmt: skip
def test_a_library_that_lost_a_mark_is_still_told(text: str) -> None:
    assert refused(text) == "damaged_library"


@pytest.mark.parametrize("text", [
    ("num peaks" + " " * 60_000 + "x\n") * 20, ("a" * 60_000 + "\0\0\n") * 120,
], ids=["blanks", "letters"])  # fmt: skip
def test_long_lines_cost_no_more_than_their_length(text: str) -> None:
    begun = time.process_time()
    read((table("Time (s),Signal", lambda i: f"{i},{i % 7}", 9_000) + text).encode(), "a.csv")
    assert time.process_time() - begun < AT_ONCE


@pytest.mark.parametrize("word", ["OVER", "UV"])
def test_no_cell_is_kept_while_a_column_of_words_is_sought(word: str) -> None:
    lines = [",".join(["Time (s)", *"abcdefghij"])]
    lines += [",".join([str(i), *["1.5"] * 9, word if word == "UV" or i < 9 else "1.5"]) for i in range(20_000)]
    tracemalloc.start()
    try:
        shorter = bare_rows(lines)
        assert tracemalloc.get_traced_memory()[1] < 200 * len(lines)
    finally:
        tracemalloc.stop()
    assert (shorter is lines) is (word == "OVER")


def test_names_filled_with_nuls_end_in_a_letter_near_by() -> None:
    rows = "".join(f"{300 + i}.00;{i % 90}.5\r\n" for i in range(400))
    told = [
        "control_characters" in codes(one(f"{name}\0\0\0\r\n[nm];[counts]\r\n{rows}", "a.ttt"))
        for name in ("Device 0804", "X" + "1" * 15, "X" + "1" * 16, "No\0 1", "1e5")
    ]
    assert told == [False, False, True, True, True]
