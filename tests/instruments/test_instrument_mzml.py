"""mzML and mzXML: arrays decoded with caps, units read, damage and attacks refused."""

from __future__ import annotations

import numpy as np
import pytest

from instruments import CorruptFile, InstrumentError, TooLarge, read
from spectra.types import ReadingKind
from tests.instruments.instrument_files import SMALL, binary, mzml, mzxml, one, spectrum, zlib_bomb

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


def test_the_unit_of_time_is_read_and_not_assumed() -> None:
    minutes, seconds = (
        one(mzml(*(spectrum(i, MZ, INTENSITY, **{unit: 2.0 + i}) for i in range(2)))) for unit in ("minutes", "seconds")
    )
    assert (minutes.x[0], seconds.x[0]) == (120, 2)


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


def test_a_run_without_its_end_tag_is_refused_never_silently_shorter() -> None:
    with pytest.raises(CorruptFile) as caught:
        read(mzml(spectrum(0, MZ, INTENSITY), spectrum(1, MZ, INTENSITY), close=False))
    assert caught.value.code == "truncated"


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
