"""mzSpecLib libraries in text and JSON form: attributes, sets, peaks, and files cut short."""

from __future__ import annotations

import json
from typing import Any

import pytest

from instruments import CorruptFile, InstrumentError, TooLarge, read
from tests.instruments.instrument_files import SMALL, codes, one

TEXT = """<mzSpecLib>
MS:1003186|library format version=1.0
MS:1003188|library name=made
<AttributeSet Spectrum=all>
MS:1000511|MS level=2
<AttributeSet Spectrum=esi>
[1]MS:1000008|ionization type=MS:1000073|electrospray ionization
MS:1000031|instrument model=Made QTOF
<AttributeSet Interpretation=all>
MS:1003079|not of a spectrum=1
<Spectrum=1>
MS:1003061|library spectrum name="Cocaine"
MS:1003212|library attribute set name=esi
MS:1000744|selected ion m/z=304.1543
[1]MS:1000894|retention time=2.5
[1]UO:0000000|unit=UO:0000031|minute
[2]MS:1003275|other attribute name=Licence
[2]MS:1003276|other attribute value=CC0
MS:1003059|number of peaks=2
<Analyte=1>
MS:1000866|molecular formula=C17H21NO4
MS:1000889|synonym=a
MS:1000889|synonym=b
<Interpretation=1>
MS:1003080|not kept=x
<Peaks>
82.065\t10.5\t?
182.117\t999\ty1/0.1ppm

<Spectrum=2>
MS:1003061|library spectrum name=Benzoylecgonine
MS:1003053|theoretical monoisotopic m/z=290.1387
<Peaks>
168.1 5
290.1 7
<Cluster=1>
MS:1003267|not of a spectrum=1
"""


def library(**changed: Any) -> dict[str, Any]:
    attribute = {"accession": "MS:1003061", "name": "library spectrum name", "value": "Cocaine"}
    ion = {"accession": "MS:1003208", "name": "experimental precursor monoisotopic m/z", "value": 304.1543}
    formula = {"accession": "MS:1000866", "name": "molecular formula", "value": "C17H21NO4"}
    spectrum = {
        "attributes": [attribute, ion],
        "analytes": {"1": {"id": "1", "attributes": [formula]}},
        "mzs": [82.065, 182.117],
        "intensities": [10.5, 999],
    } | changed
    level = {"accession": "MS:1000511", "name": "MS level", "value": 2}
    return {
        "format_version": "1.0", "attributes": [], "spectrum_attribute_sets": {"all": [level]}, "analyte_attribute_sets": {},
        "spectra": [spectrum],
    }  # fmt: skip


def as_json(made: Any) -> bytes:
    return json.dumps(made).encode()


def test_the_json_form_gives_the_same() -> None:
    made = one(as_json(library()), "made.mzspeclib.json")
    assert (made.title, made.ms_level, made.scans[0].precursor_mz) == ("Cocaine", 2, 304.1543)
    assert made.meta["fields"]["molecular formula"] == "C17H21NO4"
    assert made.y.tolist() == [10.5, 999]


def test_a_lying_count_is_a_warning_and_an_empty_spectrum_is_left_out() -> None:
    assert "count_mismatch" in codes(read(TEXT.replace("peaks=2", "peaks=3").encode())[0])
    empty = TEXT.replace("82.065\t10.5\t?\n182.117\t999\ty1/0.1ppm\n", "").replace("peaks=2", "peaks=0")
    (kept,) = read(empty.encode())
    assert (kept.title, "empty_records" in codes(kept)) == ("Benzoylecgonine", True)


def test_a_file_cut_short_is_refused_or_told() -> None:
    cut = TEXT[: TEXT.index("182.117") + 3]
    with pytest.raises(CorruptFile):
        read(cut.encode())
    whole = TEXT[: TEXT.index("\n\n<Spectrum=2>")]
    assert "may_be_cut" in codes(one(whole))
    assert "may_be_cut" not in codes(one(whole + "\n"))
    with pytest.raises(CorruptFile) as caught:
        read(whole[: whole.index("182.117") - 1].encode())
    assert caught.value.code == "truncated"


@pytest.mark.parametrize(
    ("old", "new"),
    [("82.065\t10.5", "82.065"), ("82.065\t10.5", "82.065\tten"), ("82.065\t10.5", "-82.065\t10.5"), ("82.065\t10.5", "nan\t10.5"),
     ("MS:1000866|molecular", "molecular")],
)  # fmt: skip
def test_damage_is_refused(old: str, new: str) -> None:
    with pytest.raises(CorruptFile):
        read(TEXT.replace(old, new).encode())


@pytest.mark.parametrize(
    "changed",
    [{"mzs": [82.0]}, {"mzs": ["x", 1]}, {"intensities": None}, {"mzs": [82.0, None]}, {"attributes": [{"name": "x"}]},
     {"attributes": 7}, {"analytes": [1]}, {"mzs": [10**400, 1]}],
)  # fmt: skip
def test_damaged_json_spectra_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(CorruptFile) as caught:
        read(as_json(library(**changed)))
    assert caught.value.code in {"array_length", "bad_spectrum"}


@pytest.mark.parametrize(
    "content",
    [as_json(library())[:-3], as_json(library() | {"spectra": {"a": 1}}), as_json(library() | {"spectra": None}),
     as_json(library() | {"spectrum_attribute_sets": {"all": [{"x": 1}]}}), as_json(library()).replace(b"82.065", b"NaN"),
     b'{"format_version": "1.0", "attributes": [], "clusters": []}', b'{"format_version": "1.0", "spectra": ' + b"[" * 100_000],
)  # fmt: skip
def test_damaged_json_is_refused_as_such(content: bytes) -> None:
    with pytest.raises(CorruptFile) as caught:
        read(content)
    assert caught.value.code in {"bad_json", "nested_too_deep"}


def test_more_spectra_than_allowed_are_refused() -> None:
    made = library()
    with pytest.raises(TooLarge):
        read(as_json(made | {"spectra": made["spectra"] * 1_001}), limits=SMALL)


def test_no_spectrum_at_all_is_no_reading() -> None:
    with pytest.raises(InstrumentError):
        read(TEXT.partition("<Spectrum")[0].encode())


@pytest.mark.parametrize("row", ["91.0 542\t560.0\t?", "91.0542\t56 0.0\t?", "91.0542\t56\t0.0\t?"])
def test_a_number_that_broke_in_two_is_no_peak_and_its_annotation(row: str) -> None:
    with pytest.raises(CorruptFile):
        read(TEXT.replace("82.065\t10.5\t?", row).encode())


def test_two_spectra_of_one_key_and_lost_annotations_are_told() -> None:
    again = TEXT + "<Spectrum=1>\n" + TEXT.partition("<Spectrum=1>\n")[2].partition("<Spectrum")[0]
    assert any("key_twice" in codes(r) for r in read(again.encode()))
    assert not any("key_twice" in codes(r) for r in read(TEXT.encode()))
    peaks: dict[str, Any] = {"mzs": [58.1, 91.1], "intensities": [8.0, 5.0]}
    for lines, told in ((["?"], True), (["?", "?"], False), ([], False)):
        library = {"format_version": "1.0", "attributes": [], "spectra": [peaks | {"peak_annotations": lines}]}
        assert ("annotations" in codes(one(json.dumps(library)))) is told
