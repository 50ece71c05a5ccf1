"""Facts that files of mass spectra state of their own points, times and precursors, where the two do not agree."""

from __future__ import annotations

import numpy as np
import pytest

from instruments import read
from spectra.types import Level
from tests.instruments.andi_files import SCANS, andi_chrom, andi_ms, ms_parts, netcdf
from tests.instruments.instrument_files import (
    binary,
    chromatogram,
    codes,
    jcamp,
    mass_jcamp,
    mzml,
    mzxml,
    one,
    spectrum,
)
from tests.instruments.spc_files import single
from tests.instruments.test_instrument_silent import OBJECTS, assert_refused

PEAKS = [(41.1, 10), (55.1, 200), (82.2, 999), (182.3, 300), (303.4, 77)]
ROWS = "".join(f"{m} {i}\n" for m, i in PEAKS)
BASE_MZ, BASE, TOTAL, LOWEST, HIGHEST = "MS:1000504", "MS:1000505", "MS:1000285", "MS:1000528", "MS:1000527"
FROM, TO = "MS:1000501", "MS:1000500"  # scan window
LEVEL, MS1, MSN = "MS:1000511", "MS:1000579", "MS:1000580"
CENTROID, PROFILE, POSITIVE, NEGATIVE = "MS:1000127", "MS:1000128", "MS:1000130", "MS:1000129"
ION, TARGET, BELOW, ABOVE = "MS:1000744", "MS:1000827", "MS:1000828", "MS:1000829"


def msp(header: str = "", rows: str = ROWS) -> str:
    return f"Name: Cocaine\n{header}Num Peaks: 5\n{rows}"


def mgf(header: str = "", rows: str = ROWS) -> str:
    return f"BEGIN IONS\nPEPMASS=304.15\n{header}{rows}END IONS\n"


def stated(*terms: tuple[str, float], profile: bool = False) -> bytes:
    words = "".join(f'<cvParam cvRef="MS" accession="{a}" name="" value="{v}"/>' for a, v in terms)
    words += f'<cvParam cvRef="MS" accession="{"MS:1000128" if profile else "MS:1000127"}" name=""/>'
    scan = spectrum(0, [m for m, _ in PEAKS], [float(i) for _, i in PEAKS], seconds=5.0)
    return mzml(scan.replace("<scanList", words + "<scanList", 1))


def warned(content: str | bytes, name: str = "") -> set[str]:
    found = read(content.encode() if isinstance(content, str) else content, name)
    return {r.code for reading in found for r in reading.remarks if r.level is Level.WARNING}


@pytest.mark.parametrize(
    "term",
    [(BASE_MZ, 41.1), (BASE, 5), (BASE, 99_900), (TOTAL, 10), (LOWEST, 50), (HIGHEST, 200), (FROM, 400), (TO, 60)],
)
def test_points_that_are_not_those_a_scan_states_are_a_warning(term: tuple[str, float]) -> None:
    assert "scan_differs" in warned(stated(term))


def test_a_time_whose_unit_has_the_name_of_another_is_refused() -> None:
    run = mzml(spectrum(0, [41, 55], [1, 2], seconds=5.0))
    assert b'unitName="second"' in run
    assert_refused(run.replace(b'unitName="second"', b'unitName="minute"'), "units_differ")


def termed(*accessions: str | tuple[str, object], level: int = 1, precursor: float | None = None) -> bytes:
    """A scan whose spectrum has these terms too, each with a value or without."""
    pairs = [(a, "") if isinstance(a, str) else a for a in accessions]
    words = "".join(f'<cvParam cvRef="MS" accession="{a}" name="" value="{v}"/>' for a, v in pairs)
    scan = spectrum(0, [41, 55, 91], [1, 9, 2], seconds=5.0, level=level, precursor=precursor)
    return mzml(scan.replace("<scanList", words + "<scanList", 1))


@pytest.mark.parametrize(
    "content",
    [
        termed(MS1, POSITIVE, CENTROID),
        termed(MSN, NEGATIVE, level=2, precursor=91.0),
        termed(
            MSN, (TARGET, 93.5), (BELOW, 1), (ABOVE, 1), level=2, precursor=91.0
        ),  # the ion of the lightest isotopes
        termed(
            MSN, (TARGET, 300), (BELOW, 0), (ABOVE, 0), level=2, precursor=91.0
        ),  # widths that the writer did not know
        termed((TARGET, 110), level=2, precursor=91.0),
        termed((TARGET, 300), (BELOW, 1), (ABOVE, 1), level=3, precursor=91.0),  # of two precursors
        termed((LEVEL, 1)),
    ],
)
def test_terms_of_a_scan_that_agree_are_no_doubt(content: bytes) -> None:
    assert not warned(content)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (termed((LEVEL, 2)), "two_levels"),
        (termed(level=0), "level_zero"),
        (termed(MS1, level=2), "level_type"),
        (termed(MSN), "level_type"),
        (termed(POSITIVE, NEGATIVE), "two_polarities"),
        (termed(CENTROID, PROFILE), "profile_and_centroid"),
        (termed((TARGET, 304.15), (BELOW, 0.5), (ABOVE, 0.5), level=2, precursor=91.0), "precursor_window"),
        (termed((TARGET, 304.15), level=2, precursor=91.0), "precursor_window"),
        (mzml(spectrum(0, [41, 55], [1, 9], seconds="0,5")), "bad_time"),  # type: ignore[arg-type]
        (mzml(spectrum(0, [41, 55], [1, 9], seconds="1_0")), "bad_time"),  # type: ignore[arg-type]
        (mzxml((1.0, [41, 55], [1, 9])).replace(b'msLevel="1"', b""), "no_level"),
        (mzxml((1.0, [41, 55], [1, 9])).replace(b'msLevel="1"', b'msLevel="0"'), "level_zero"),
        (mzxml((1.0, [41, 55], [1, 9])).replace(b"msLevel", b'polarity="x" msLevel'), "polarity"),
        (mzxml((1.0, [41, 55], [1, 9])).replace(b'num="1"', b'num="one"'), "scan_number"),
    ],
)
def test_terms_of_a_scan_that_cannot_be_or_contradict_each_other_are_a_warning(content: bytes, code: str) -> None:
    assert code in warned(content)


def test_an_array_with_the_name_or_the_unit_of_another_quantity_is_a_warning() -> None:
    run = mzml(spectrum(0, [41, 55], [1, 2], seconds=5.0))
    assert "array_name" in warned(run.replace(b'name="intensity array"', b'name="m/z array"'))
    assert not warned(run.replace(b'name="intensity array"', b'name="my own intensities"'))
    for unit, told in (("UO:0000031", True), ("MS:1000131", True), ("MS:1000040", False)):
        arrays = binary("mz", [41, 55], unit=unit) + binary("intensity", [1, 2])
        assert ("units_differ" in warned(mzml(spectrum(0, [41, 55], [], arrays=arrays, seconds=5.0)))) is told


@pytest.mark.parametrize(("level", "told"), [(2, True), (3, False)])
def test_more_than_one_precursor_is_noted(level: int, told: bool) -> None:
    """A scan of level 3 has two: its own, and that of the scan before."""
    scan = spectrum(0, [41, 55], [1, 9], seconds=5.0, level=level, precursor=91.0)
    ion = scan[scan.index("<precursor>") : scan.index("</precursorList>")]
    peaks = mzxml((1.0, [41, 55], [1, 9])).decode().replace('msLevel="1"', f'msLevel="{level}"')
    for second in (91.0, 88.5):
        ions = [f"<precursorMz>{mass}</precursorMz>" for mass in (91.0, second)]
        both = (
            mzml(scan.replace(ion, ion + ion.replace("91.0", str(second)))),
            peaks.replace("<peaks", "".join([*ions, "<peaks"])),
        )
        for content in both:
            found = one(content)
            assert found.scans[0].precursor_mz == 91.0
            assert ("several_precursors" in codes(found)) is (told and second != 91.0)


@pytest.mark.parametrize("value", ["304,15", "1 304.15", "1'304.15", "304.15abc", "304.15.3", "3_04.15"])
def test_a_precursor_of_which_only_the_beginning_is_a_number_is_refused(value: str) -> None:
    scan = mzxml((1.0, [41, 55], [1, 9])).decode()
    for right in ("304.15", " 304.15\n", "3.0415e2", "+3.0415e+002"):
        assert one(scan.replace("<peaks", f"<precursorMz>{right}</precursorMz><peaks")).scans[0].precursor_mz == 304.15
    assert_refused(scan.replace("<peaks", f"<precursorMz>{value}</precursorMz><peaks"), "bad_precursor")
    assert_refused(
        mzml(spectrum(0, [41, 55], [1, 9], level=2, precursor=91.25)).replace(b"91.25", value.encode()), "bad_precursor"
    )


def test_arrays_that_are_not_read_are_named() -> None:
    charge = binary("intensity", [1, 2]).replace("MS:1000515", "MS:1000516").replace("intensity array", "charge array")
    own = charge.replace("MS:1000516", "MS:1000786").replace('name="charge array"', 'name="x array" value="Drift"')
    arrays = binary("mz", [41, 55]) + binary("intensity", [1, 2]) + own + charge
    scans = [
        spectrum(i, [41, 55], [], arrays=arrays, seconds=5.0 + i).replace('count="2"', 'count="4"') for i in (0, 1)
    ]
    run = one(mzml(*scans))
    assert [r.text for r in run.remarks if r.code == "arrays_left_out"] == [
        "Besides m/z and intensity the file holds arrays that are not read: Drift (2 arrays), charge array (2 arrays)."
    ]


def test_wavelengths_of_diode_arrays_are_numbers_and_the_same_in_every_spectrum() -> None:
    def run(*axes: list[float]) -> bytes:
        return mzml(*(spectrum(i, x, [9.0, 5.0 - i], axis="wavelength", minutes=i) for i, x in enumerate(axes)))

    for same in ([[200, 210], [200, 210]], [[200.1, 210.1], [200.100006, 210.1]]):
        assert "axes_differ" not in warned(run(*same))
    empty = spectrum(0, [], [], axis="wavelength", minutes=0)
    assert "axes_differ" not in warned(mzml(empty, spectrum(1, [200, 210], [9, 5], axis="wavelength", minutes=1)))
    assert "axes_differ" in warned(run([200, 210], [200, 220]))
    assert_refused(run([200, 210], [200, np.nan]), "not_finite")


def test_an_array_of_two_types_of_numbers_and_a_time_array_of_two_units_are_refused() -> None:
    run = mzml(spectrum(0, [41, 55], [1, 2], seconds=5.0))
    double = b'<cvParam cvRef="MS" accession="MS:1000523" name="x"/>'
    assert_refused(run.replace(double, double + double.replace(b"523", b"521"), 1), "number_type")
    assert_refused(run.replace(double, double + double.replace(b"1000523", b"1000574"), 1), "compression")
    trace = chromatogram([0.1, 0.2], [5, 6]).replace('unitName="x"', 'unitName="second"')
    assert_refused(mzml(chromatograms=[trace]), "units_differ")
    assert not warned(mzml(chromatograms=[trace.replace("second", "minute")]))


@pytest.mark.parametrize(("second", "told"), [(1, False), (7, False), (0, True), ("x", True)])
def test_spectra_whose_numbers_do_not_rise_are_a_warning(second: int | str, told: bool) -> None:
    scans = [spectrum(i, [41, 55], [1, 2], seconds=5.0 + i) for i in (0, 1)]
    numbered = scans[1].replace('index="1"', f'index="{second}"')
    assert ("spectrum_index" in warned(mzml(scans[0], numbered))) is told


def test_packed_peaks_of_another_length_are_a_warning_where_they_are_not_compressed() -> None:
    run = mzxml((60.0, [41, 55], [10, 99]), (61.0, [41.5, 55], [7, 9]))
    assert not warned(run)
    assert "encoded_length" in warned(run.replace(b'compressedLen="0"', b'compressedLen="55"', 1))


@pytest.mark.parametrize(("mz", "told"), [([41, 55, 91], False), ([91, 55, 41], False), ([55, 91, 41], True)])
def test_points_of_a_scan_that_neither_rise_nor_fall_are_a_warning(mz: list[float], told: bool) -> None:
    scans = mzxml((60.0, mz, [10, 99, 50]), (61.0, [41.5], [7]))
    assert ("unsorted_mz" in warned(scans)) is told


def test_a_time_that_is_no_number_or_longer_than_any_run_is_a_warning() -> None:
    for time in ("4:31", "1,234.5", "1.234,5", "1,234"):
        assert "bad_retention_time" in warned(mgf(f"RTINSECONDS={time}\n"))
    assert "implausible_time" in warned(mgf("RTINSECONDS=1e9\n")) & warned(msp("RETENTIONTIME: 1000000000\n"))
    assert not warned(mgf("RTINSECONDS=270.6-275.2\n"))
    assert one(mgf("RTINSECONDS=60,5\n")).scans[0].retention_time_s == 60.5
    assert one(mgf("RTINSECONDS=60.5,70.25\n")).scans[0].retention_time_s == 60.5


def test_a_name_in_an_encoding_that_is_not_known_is_a_warning() -> None:
    name = msp().encode().replace(b"Cocaine", b"%b")
    assert "unknown_encoding" in warned(name % "水".encode("shift-jis"))
    assert not any(warned(name % "é".encode(known)) for known in ("utf-8", "cp1252"))


@pytest.mark.parametrize(
    ("content", "code"),
    [(mgf("PEPMASS=500.1\n"), "stated_twice"), (mgf("RTINSECONDS=10\nRTINSECONDS=99\n"), "stated_twice"),
     (msp("PrecursorMZ: 304.15\nPrecursorMZ: 400.1\n"), "stated_twice"), (mgf("MSLEVEL=two\n"), "bad_field"),
     (mgf("MSLEVEL=-1\n"), "bad_field"), (mgf("CHARGE=lots\n"), "bad_field"),
     (mgf(rows=ROWS.replace("182.3", "TITLE=next\n182.3")), "field_among_peaks"),
     (msp(rows="".join(f"{i} {m}\n" for m, i in PEAKS)), "columns_swapped"),
     (msp("PrecursorMZ: 30.415\n"), "bad_precursor"), (mgf().replace("304.15", "30.415"), "bad_precursor")],
)  # fmt: skip
def test_what_a_record_says_of_itself_and_cannot_be_is_a_warning(content: str, code: str) -> None:
    assert code in warned(content)


def test_a_peak_of_mgf_with_another_behind_its_charge_is_refused() -> None:
    with pytest.raises(Exception, match="more numbers than other peaks"):
        read(mgf(rows=ROWS.replace("82.2 999", "82.2 999 1+ 90.1 5")).encode())


def test_units_that_are_not_those_of_the_technique_are_a_warning() -> None:
    values = list(range(1, 76))
    assert "looks_like_wavenumber" in codes(one(jcamp(values, XUNITS="NANOMETERS"), "a.jdx"))
    assert "looks_like_wavenumber" in codes(one(jcamp(values, DATA_TYPE="UV/VIS SPECTRUM"), "a.jdx"))
    assert "unit_unknown" in codes(one(jcamp(values, XUNITS="FURLONGS"), "a.jdx"))
    assert "unit_unknown" in codes(one(jcamp(values, XUNITS="SECONDS"), "a.jdx"))
    assert "units_differ" in codes(one(mass_jcamp([(41, 10), (55, 99)], XUNITS="1/CM"), "a.jdx"))


def test_a_number_of_json_that_would_vanish_is_refused() -> None:
    assert_refused(OBJECTS.replace("999", "1e-999"), "bad_json")
    assert not warned(OBJECTS.replace("999", "0.0e-999"))


def test_an_andi_run_without_times_is_a_warning() -> None:
    assert "no_times" in warned(andi_ms(without=["scan_acquisition_time"]))


def test_masses_of_andi_in_another_unit_are_a_warning() -> None:
    assert not warned(andi_ms(attrs={"mass_values": {"units": "M/Z"}}))
    assert "units_differ" in warned(andi_ms(attrs={"mass_values": {"units": "nm"}}))


def test_one_total_of_andi_that_is_far_from_its_points_is_a_warning() -> None:
    totals = list(read(andi_ms())[0].y)
    assert "total_differs" not in warned(andi_ms(total_intensity=totals))
    assert "total_differs" in warned(andi_ms(total_intensity=[totals[0], 40 * totals[1], *totals[2:]]))


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        ([41.0, 43.0, 41.5], [91.0, 58.0, 41.5], False),
        ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], False),  # HP leaves it at 0
        ([41.0, 43.0, 41.5], [50.0, 50.0, 50.0], False),  # Advion gives the end of another scan
        ([100.0, 100.0, 100.0], [500.0, 500.0, 500.0], True),
        ([20.0, 500.0, 20.0], [500.0, 20.0, 500.0], True),
    ],
)
def test_a_range_of_andi_that_is_none_or_begins_above_the_points_is_a_warning(
    low: list[float], high: list[float], told: bool
) -> None:
    dimensions, globals_, variables = ms_parts(SCANS)
    for name, values in (("mass_range_min", low), ("mass_range_max", high)):
        variables[name] = (("scan_number",), ">f8", np.array(values), {})
    assert ("mass_range" in warned(netcdf(dimensions, globals_, variables))) is told


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [(0.0, 4.0, False), (5.0, 5.0, False), (100.0, 5.0, True), (0.0, 3.9, False), (-9.0, 2.0, True), (1.0, 9.0, True)],
)
def test_a_range_of_the_detector_that_is_none_or_leaves_values_out_is_a_warning(
    low: float, high: float, told: bool
) -> None:
    content = andi_chrom(detector_minimum_value=low, detector_maximum_value=high)
    assert ("detector_range" in warned(content)) is told


@pytest.mark.parametrize(("factor", "told"), [(1.0, False), (1e-9, False), (1e-14, True), (-1e-30, True), (0.0, False)])
def test_an_absorbance_that_no_instrument_can_tell_from_nothing_is_a_warning(factor: float, told: bool) -> None:
    values = np.array([1, 5, 9, 2] * 5) * factor
    assert ("implausible_value" in warned(single(values.tolist()))) is told
