"""mzML and mzXML: arrays decoded with caps, units read, damage and attacks refused."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from instruments import CorruptFile, InstrumentError, TooLarge, read
from spectra.types import ReadingKind
from tests.instruments.instrument_files import SMALL, binary, chromatogram, codes, mzml, mzxml, one, spectrum, zlib_bomb

MZ, INTENSITY = [82.065, 105.03, 182.117, 304.154], [10.0, 20.5, 999.0, 300.25]


def run_of(*spectra: str, **more: object) -> bytes:
    return mzml(*spectra, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("compression", ["none", "zlib", "linear"])
@pytest.mark.parametrize("dtype", ["<f8", "<f4"])
def test_arrays_decode_alike_in_every_coding(compression: str, dtype: str) -> None:
    reading = one(
        mzml(spectrum(0, MZ, INTENSITY, compression=compression, dtype=dtype, minutes=1.5, precursor=304.15, level=2))
    )
    assert reading.kind is ReadingKind.MASS_SPECTRUM
    np.testing.assert_allclose(reading.x, MZ, rtol=1e-6)
    np.testing.assert_allclose(reading.y, INTENSITY, rtol=1e-6)
    assert (reading.ms_level, reading.scans[0].precursor_mz, reading.scans[0].retention_time_s) == (2, 304.15, 90)


@pytest.mark.parametrize(("codec", "tolerance"), [("slof", 2e-3), ("pic", 0.05)])
def test_numpress_intensities_decode_within_their_precision(codec: str, tolerance: float) -> None:
    arrays = binary("mz", MZ) + binary("intensity", INTENSITY, compression=codec)
    np.testing.assert_allclose(one(mzml(spectrum(0, MZ, INTENSITY, arrays=arrays))).y, INTENSITY, rtol=tolerance)


def test_several_scans_are_one_run_in_seconds_and_chromatograms_follow() -> None:
    spectra = [spectrum(i, MZ, np.array(INTENSITY) * (i + 1), minutes=i / 2) for i in range(4)]
    run, trace = read(mzml(*spectra, chromatograms=[chromatogram([0, 1, 2], [5, 6, 7])]))
    assert (run.kind, run.x_unit, len(run.scans), run.instrument) == (ReadingKind.MASS_RUN, "s", 4, "Made Instrument")
    np.testing.assert_allclose(run.x, [0, 30, 60, 90])
    np.testing.assert_allclose(run.y, sum(INTENSITY) * np.arange(1, 5))
    assert run.meta["serial"] == "007"
    assert (trace.kind, trace.x_unit, trace.y.tolist()) == (ReadingKind.CHROMATOGRAM, "min", [5, 6, 7])


def test_the_unit_of_time_is_read_and_not_assumed() -> None:
    minutes, seconds = (
        one(mzml(*(spectrum(i, MZ, INTENSITY, **{unit: 2.0 + i}) for i in range(2)))) for unit in ("minutes", "seconds")
    )
    assert (minutes.x[0], seconds.x[0]) == (120, 2)


def test_scans_without_times_are_numbered_and_say_so() -> None:
    run = one(mzml(spectrum(0, MZ, INTENSITY), spectrum(1, MZ, INTENSITY)))
    assert (run.x_unit, run.x.tolist()) == ("scan", [1, 2])
    assert "no_times" in codes(run)


def test_an_empty_scan_keeps_scans_and_times_aligned() -> None:
    run = one(
        mzml(
            spectrum(0, MZ, INTENSITY, minutes=1), spectrum(1, [], [], minutes=2), spectrum(2, MZ, INTENSITY, minutes=3)
        )
    )
    assert (run.n_points, len(run.scans), run.y[1]) == (3, 3, 0)
    assert "empty_scans" in codes(run)


def test_zero_masses_and_negative_intensities_are_put_right_with_a_warning() -> None:
    run = one(mzml(*(spectrum(i, [0, 50, 60], [5, -1, 7], minutes=i) for i in range(2))))
    assert run.y.tolist() == [7, 7]
    assert {"zero_mz", "negative_intensity_cut"} <= codes(run)


def test_diode_array_scans_are_no_mass_spectra() -> None:
    assert one(mzml(spectrum(0, [200, 210, 220], [1, 2, 3], axis="wavelength"))).kind is ReadingKind.UV
    trace, highest = read(mzml(*(spectrum(i, [200, 210], [1, i], axis="wavelength", minutes=i) for i in range(3))))
    assert (trace.kind, trace.x_unit, trace.y.tolist()) == (ReadingKind.CHROMATOGRAM, "s", [1, 2, 3])
    assert (highest.kind, highest.x_unit, highest.y.tolist()) == (ReadingKind.UV, "nm", [1, 2])
    assert highest.meta["retention_time_s"] == 120
    assert "diode_spectra" in codes(trace)


def test_a_compressed_file_is_read_and_keeps_the_hash_of_what_came() -> None:
    content = mzml(spectrum(0, MZ, INTENSITY))
    packed = gzip.compress(content)
    plain, unpacked = one(content), one(packed, "run.mzML.gz")
    assert plain.y.tolist() == unpacked.y.tolist()
    assert plain.source_sha256 != unpacked.source_sha256


def test_a_count_that_lies_is_a_warning() -> None:
    assert "count_mismatch" in codes(
        one(mzml(spectrum(0, MZ, INTENSITY), spectrum(1, MZ, INTENSITY), count=1_000_000_000))
    )


@pytest.mark.parametrize(
    ("arrays", "code"),
    [
        (binary("mz", MZ) + binary("intensity", INTENSITY[:3]), "array_length"),
        (binary("mz", MZ, text="not base64!") + binary("intensity", INTENSITY), "bad_base64"),
        (binary("mz", MZ, raw=b"1234567") + binary("intensity", INTENSITY), "odd_bytes"),
        (binary("mz", MZ, raw=b"not zlib", compression="zlib") + binary("intensity", INTENSITY), "array_length"),
        (binary("mz", [np.nan, 1, 2, 3]) + binary("intensity", INTENSITY), "not_finite"),
        (binary("mz", [-50, 1, 2, 3]) + binary("intensity", INTENSITY), "negative_mz"),
        (binary("mz", MZ, raw=b"\x78\x9c" + b"x" * 60, compression="linear") + binary("intensity", INTENSITY), None),
        (binary("mz", MZ), "no_intensity"),
        (binary("intensity", INTENSITY), "no_mz"),
    ],
)
def test_damaged_arrays_are_refused(arrays: str, code: str | None) -> None:
    with pytest.raises(CorruptFile) as caught:
        read(mzml(spectrum(0, MZ, INTENSITY, arrays=arrays)))
    assert code is None or caught.value.code == code


def test_zlib_arrays_that_inflate_beyond_their_length_are_refused_without_inflating() -> None:
    import base64

    bomb = binary("mz", MZ, compression="zlib", text=base64.b64encode(zlib_bomb(64)).decode())
    with pytest.raises(CorruptFile) as caught:
        read(mzml(spectrum(0, MZ, INTENSITY, arrays=bomb + binary("intensity", INTENSITY))))
    assert caught.value.code == "array_length"


def test_an_announced_length_beyond_the_limit_is_refused_before_decoding() -> None:
    with pytest.raises(TooLarge):
        read(mzml(spectrum(0, MZ, INTENSITY, length=2_000_000_000)), limits=SMALL)


@pytest.mark.parametrize(
    "prolog",
    ['<!DOCTYPE mzML [<!ENTITY a "aaaa">]>', '<!DOCTYPE mzML SYSTEM "http://127.0.0.1:9/x.dtd">',
     '<!DOCTYPE mzML [<!ENTITY x SYSTEM "file:///etc/passwd">]>', f'<!DOCTYPE mzML [<!ENTITY a "{"a" * 100_000}">]>'],
)  # fmt: skip
def test_entities_and_doctypes_never_reach_the_parser(prolog: str) -> None:
    with pytest.raises(CorruptFile) as caught:
        read(mzml(spectrum(0, MZ, INTENSITY), prolog=prolog), "x.mzML")
    assert caught.value.code == "xml_entities"


@pytest.mark.parametrize("encoding", ["UTF-7", "UTF-16", "EBCDIC-CP-US"])
def test_encodings_that_could_hide_a_doctype_are_refused(encoding: str) -> None:
    with pytest.raises(CorruptFile):
        read(mzml(spectrum(0, MZ, INTENSITY)).replace(b"UTF-8", encoding.encode()))


def test_a_declaration_cannot_hide_its_encoding_behind_blanks() -> None:
    plain = mzml(spectrum(0, MZ, INTENSITY))
    rest = plain.split(b"?>", 1)[1]
    hidden = (
        b'<?xml version="1.0"'
        + b" " * 250
        + b'encoding="UTF-7"?>+ADwAIQ-DOCTYPE x +AFsAPAAh-ENTITY a "b"+AD4AXQA+-'
        + rest
    )
    far = b'<?xml version="1.0"' + b" " * 2000 + b'encoding="UTF-7"?>' + rest
    for content in (hidden, far):
        with pytest.raises(CorruptFile) as caught:
            read(content, "x.mzML")
        assert caught.value.code == "xml_encoding"
    assert read(b"<?xml version='1.0' encoding='ISO-8859-1'?>" + rest, "x.mzML")


def test_a_run_without_its_end_tag_is_refused_never_silently_shorter() -> None:
    with pytest.raises(CorruptFile) as caught:
        read(mzml(spectrum(0, MZ, INTENSITY), spectrum(1, MZ, INTENSITY), close=False))
    assert caught.value.code == "truncated"


def test_deep_nesting_and_giant_attributes_are_refused() -> None:
    deep = "<userParam>" * 5_000
    for extra in (deep, f'<userParam name="{"A" * 11_000_000}"/>'):
        with pytest.raises(CorruptFile):
            read(mzml(spectrum(0, MZ, INTENSITY)).replace(b'<run id="r">', f'{extra}<run id="r">'.encode()))


@pytest.mark.parametrize("packed", [False, True])
def test_mzxml_scans_are_a_run_in_seconds(packed: bool) -> None:
    run = one(mzxml((1.5, MZ, INTENSITY), (2.5, MZ[:2], INTENSITY[:2]), packed=packed))
    assert (run.kind, run.x.tolist(), run.instrument) == (ReadingKind.MASS_RUN, [1.5, 2.5], "Made")
    np.testing.assert_allclose(run.scans[1].mz, MZ[:2], rtol=1e-6)


def test_mzxml_damage_is_refused() -> None:
    whole = mzxml((1.5, MZ, INTENSITY), (2.5, MZ, INTENSITY))
    for broken in (mzxml((1.5, MZ, INTENSITY), close=False), whole.replace(b'peaksCount="4"', b'peaksCount="5"'),
                   whole.replace(b'peaksCount="4"', b'peaksCount="-4"'), whole.replace(b'precision="32"', b'precision="64"')):  # fmt: skip
        with pytest.raises(InstrumentError):
            read(broken)


@pytest.mark.parametrize("codec", ["linear", "pic", "slof"])
def test_damaged_numpress_is_refused_before_the_library_that_would_end_the_process(codec: str) -> None:
    import pynumpress

    from instruments.readers import numpress

    values = np.cumsum(np.arange(1.0, 30.0))
    if codec == "pic":
        whole = bytes(pynumpress.encode_pic(values))
    elif codec == "linear":
        whole = bytes(pynumpress.encode_linear(values, pynumpress.optimal_linear_fixed_point(values)))
    else:
        whole = bytes(pynumpress.encode_slof(values, pynumpress.optimal_slof_fixed_point(values)))
    np.testing.assert_allclose(numpress.decode(whole, codec, values.size, "t"), values, rtol=1e-3)
    for damaged in [whole[:n] for n in range(len(whole) - 1)] + [whole + b"\x91", b"\xff" * 40]:
        with pytest.raises(CorruptFile):
            numpress.decode(damaged, codec, values.size, "t")
    with pytest.raises(CorruptFile):
        numpress.decode(whole, codec, values.size + 1, "t")


def test_a_numpress_array_of_one_value_is_read() -> None:
    import pynumpress

    from instruments.readers import numpress

    packed = bytes(pynumpress.encode_linear(np.array([100.5]), 1000.0))
    np.testing.assert_allclose(numpress.decode(packed, "linear", 1, "t"), [100.5])


def test_a_numpress_array_whose_length_lies_is_refused() -> None:
    from instruments.readers import numpress

    assert numpress.decode(b"", "linear", 0, "t").size == 0
    packed = bytes(8) + b"\x01\x00\x00\x00"
    with pytest.raises(CorruptFile):
        read(
            mzml(
                spectrum(
                    0,
                    MZ[:1],
                    [1.0],
                    arrays=binary("mz", [], compression="linear", raw=packed).replace(
                        "<binaryDataArray ", '<binaryDataArray arrayLength="1" '
                    )
                    + binary("intensity", [1.0]),
                )
            )
        )
    for length in (2, 3):
        with pytest.raises(CorruptFile):
            numpress.decode(packed, "linear", length, "t")
