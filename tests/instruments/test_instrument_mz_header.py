"""What mzML and mzXML say around their arrays: instrument, times, units, other quantities, other schemas."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest

from instruments import DEFAULT_LIMITS, CorruptFile, Limits, TooLarge, UnsupportedVariant, read, sniff
from instruments.readers import mzml as mzml_reader
from instruments.readers import mzxml as mzxml_reader
from instruments.source import open_source
from spectra.types import MassSpectrum, Reading, ReadingKind
from tests.instruments.instrument_files import SMALL, binary, chromatogram, codes, mzml, mzxml, one, spectrum

MZ, INTENSITY = [82.065, 105.03, 182.117, 304.154], [10.0, 20.5, 999.0, 300.25]


def two(**more: object) -> list[str]:
    return [spectrum(i, MZ, INTENSITY, minutes=i + 1.0, **more) for i in range(2)]  # type: ignore[arg-type]


def term(accession: str, name: str = "x", value: str = "") -> str:
    return f'<cvParam cvRef="MS" accession="{accession}" name="{name}" value="{value}"/>'


def with_configuration(content: str, before: str = "", run: str = "") -> bytes:
    text = mzml(*two()).decode()
    start, end = text.index("<instrumentConfigurationList"), text.index("<run")
    text = f"{text[:start]}{before}<instrumentConfigurationList>{content}</instrumentConfigurationList>{text[end:]}"
    return text.replace('<run id="r">', f'<run id="r" {run}>').encode()


# --- mzML -----------------------------------------------------------------------------------------------------


def test_the_instrument_of_the_run_is_named_with_its_source_and_software() -> None:
    other = f'<instrumentConfiguration id="A">{term("MS:1000483", "Other")}</instrumentConfiguration>'
    source = f"<componentList><source>{term('MS:1000073', 'electrospray ionization')}</source><analyzer>{term('MS:1000484', 'orbitrap')}</analyzer></componentList>"
    mine = f'<instrumentConfiguration id="B"><referenceableParamGroupRef ref="g"/>{source}</instrumentConfiguration>'
    groups = (
        f'<referenceableParamGroupList><referenceableParamGroup id="g">{term("MS:1000031", "instrument model")}'
        f"{term('MS:1000449', 'LTQ')}{term('MS:1000529', 'serial', '0815')}</referenceableParamGroup></referenceableParamGroupList>"
        '<softwareList><software id="Xcalibur" version="2.1"/></softwareList>'
    )
    run = one(
        with_configuration(
            other + mine, groups, 'defaultInstrumentConfigurationRef="B" startTimeStamp="2026-01-02T03:04:05"'
        )
    )
    assert (run.instrument, run.scans[0].ionisation) == ("LTQ", "ESI")
    about = {k: run.meta[k] for k in ("serial", "software", "acquired")}
    assert about == {"serial": "0815", "software": "Xcalibur 2.1", "acquired": "2026-01-02T03:04:05"}


def without_unit(content: bytes) -> bytes:
    return content.replace(b' unitCvRef="UO" unitAccession="UO:0000031" unitName="minute"', b"")


def test_a_time_without_a_unit_is_guessed_and_told_until_a_person_answers() -> None:
    content = without_unit(mzml(*two()))
    guessed = one(content)
    assert (guessed.x.tolist(), "time_unit_guessed" in codes(guessed)) == ([60, 120], True)
    answered = one(content, x_unit="s")
    assert (answered.x.tolist(), answered.warnings) == ([1, 2], ())
    assert one(mzml(*two()), x_unit="s").x.tolist() == [60, 120]  # what the file says is not overruled


def test_a_chromatogram_and_diode_spectra_without_a_unit_of_time_are_told_too() -> None:
    trace = one(mzml(chromatograms=[chromatogram([0, 1, 2], [5, 6, 7], unit="")]))
    assert (trace.x_unit, "time_unit_guessed" in codes(trace)) == ("min", True)
    assert one(mzml(chromatograms=[chromatogram([0, 1, 2], [5, 6, 7], unit="")]), x_unit="s").x_unit == "s"
    diode = without_unit(mzml(*(spectrum(i, [200, 210], [1, i], axis="wavelength", minutes=i) for i in range(3))))
    assert "time_unit_guessed" in codes(read(diode)[0])


def test_transitions_keep_both_masses_and_pumps_their_quantity() -> None:
    ions = (
        f"<precursor><isolationWindow>{term('MS:1000827', 'target', '304.15')}</isolationWindow></precursor>"
        f"<product><isolationWindow>{term('MS:1000827', 'target', '182.12')}</isolationWindow></product>"
    )
    srm = chromatogram([0, 1], [5, 6], name="SRM 1").replace("<binaryDataArrayList", ions + "<binaryDataArrayList", 1)
    pump = chromatogram([0, 1], [200, 210], name="Pump").replace("MS:1000515", "MS:1000821")
    empty = chromatogram([], [], name="nothing")
    transition, pressure = read(mzml(chromatograms=[srm, pump, empty]))
    assert (transition.meta["precursor_mz"], transition.meta["product_mz"]) == (304.15, 182.12)
    assert (pressure.title, pressure.y_unit, pressure.y.tolist()) == ("Pump", "pressure", [200, 210])
    assert "chromatograms_left_out" in codes(transition)


def test_a_missing_time_repeats_the_one_before_and_is_told() -> None:
    run = one(
        mzml(spectrum(0, MZ, INTENSITY, minutes=1), spectrum(1, MZ, INTENSITY), spectrum(2, MZ, INTENSITY, minutes=3))
    )
    assert (run.x.tolist(), "times_missing" in codes(run)) == ([60, 60, 180], True)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("MS:1000574", "MS:1003088"), "compression"),
        (("MS:1000574", "MS:1003780"), "compression"),
        (("MS:1000523", "MS:1001479"), "number_type"),
    ],
)
def test_codings_that_are_not_read_are_named_and_never_taken_as_plain_numbers(
    change: tuple[str, str], code: str
) -> None:
    with pytest.raises(UnsupportedVariant) as caught:
        read(mzml(spectrum(0, MZ, INTENSITY, compression="zlib")).replace(*(c.encode() for c in change)))
    assert caught.value.code == code


@pytest.mark.parametrize("accession", ["MS:1002746", "MS:1002312"])
def test_numpress_inside_zlib_is_read_under_either_name(accession: str) -> None:
    import pynumpress

    def packed(kind: str, values: list[float]) -> str:
        numbers = np.array(values)
        raw = bytes(pynumpress.encode_linear(numbers, pynumpress.optimal_linear_fixed_point(numbers)))
        names = (
            accession
            if accession == "MS:1002746"
            else 'MS:1002312" name="x"/><cvParam cvRef="MS" accession="MS:1000574'
        )
        return binary(kind, [], raw=zlib.compress(raw)).replace("MS:1000576", names)

    content = mzml(spectrum(0, MZ, INTENSITY, arrays=packed("mz", MZ) + packed("intensity", INTENSITY)))
    np.testing.assert_allclose(one(content).x, MZ, rtol=1e-6)
    cut = zlib.compress(bytes(200))[:-4]
    for raw in (b"not zlib", cut):
        text = base64.b64encode(raw).decode()
        broken = binary("mz", [], text=text).replace("MS:1000576", "MS:1002746") + binary("intensity", INTENSITY)
        with pytest.raises(CorruptFile) as caught:
            read(mzml(spectrum(0, MZ, INTENSITY, arrays=broken)))
        assert caught.value.code == "bad_zlib"


@pytest.mark.parametrize(
    ("packed", "code"),
    [(zlib.compress(bytes(32))[:-6], "bad_zlib"), (b"x\x9cgarbage", "bad_zlib"), (zlib.compress(bytes(31)), "odd_bytes"),
     (zlib.compress(bytes(33)), "array_length"), (zlib.compress(bytes(24)), "array_length"), (zlib.compress(bytes(40_000), 9), "array_length")],
)  # fmt: skip
def test_zlib_arrays_are_exactly_as_long_as_the_file_says(packed: bytes, code: str) -> None:
    text = base64.b64encode(packed).decode()
    broken = binary("mz", [], text=text).replace("MS:1000576", "MS:1000574") + binary("intensity", INTENSITY)
    with pytest.raises(CorruptFile) as caught:
        read(mzml(spectrum(0, MZ, INTENSITY, arrays=broken)))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'defaultArrayLength="4"', b'defaultArrayLength="four"'), (b'spectrumList count="2"', b'spectrumList count="-2"'),
     (b'defaultArrayLength="4"', b'defaultArrayLength="' + b"9" * 19 + b'"'), (b"</scanList>", b"</scanlist>")],
)  # fmt: skip
def test_headers_that_are_no_counts_and_broken_tags_are_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(CorruptFile) as caught:
        read(mzml(*two()).replace(old, new, 1))
    assert caught.value.code in {"bad_header", "bad_xml"}


def test_limits_hold_for_scans_points_and_chromatograms() -> None:
    few = Limits(spectra=3, points=50, total_points=10)
    for content, code in (
        (mzml(*(spectrum(i, [50], [1]) for i in range(4))), "too_many_spectra"),
        (mzml(*two(), spectrum(2, MZ, INTENSITY)), "too_many_points"),
        (mzml(chromatograms=[chromatogram([0, 1], [5, 6])] * 4), "too_many_spectra"),
        (mzml(chromatograms=[chromatogram(range(8), range(8))] * 3), "too_many_points"),
        (mzml(*(spectrum(i, [200], [1], axis="wavelength") for i in range(4))), "too_many_spectra"),
        (mzml(spectrum(0, [50.0] * 51, [1.0] * 51)), "too_many_points"),
    ):
        with pytest.raises(TooLarge) as caught:
            read(content, limits=few)
        assert caught.value.code == code


@pytest.mark.parametrize(
    "content",
    [
        mzml(chromatograms=[chromatogram([0, 1, 2], [5, 6, 7]).replace('defaultArrayLength="3"', 'defaultArrayLength="2"')]),
        mzml(spectrum(0, [200, 210], [1, 2], axis="wavelength", arrays=binary("wavelength", [200, 210]))),
        mzml(spectrum(0, [200, 210], [1, 2], axis="wavelength", arrays=binary("wavelength", [200, 210]) + binary("intensity", [1]).replace("<binaryDataArray ", '<binaryDataArray arrayLength="1" '))),
        mzml(spectrum(0, MZ, INTENSITY, arrays=binary("mz", MZ) + binary("intensity", [1]).replace("<binaryDataArray ", '<binaryDataArray arrayLength="1" '))),
        mzml(chromatograms=[chromatogram([0, 1], [5, 6]).replace(binary("intensity", [5, 6]), binary("intensity", [5]).replace("<binaryDataArray ", '<binaryDataArray arrayLength="1" '))]),
    ],
)  # fmt: skip
def test_arrays_of_different_lengths_are_refused(content: bytes) -> None:
    with pytest.raises(CorruptFile) as caught:
        read(content)
    assert caught.value.code in {"array_length", "no_intensity"}


def test_a_root_far_away_is_known_by_the_ending_of_the_name() -> None:
    content = mzml(*two(), prolog="<!--" + "x" * 70_000 + "-->")
    assert sniff(content[:65_536], content[-65_536:], len(content), "run.mzML")[0].format == "mzml"
    assert one(content, "run.mzML").kind is ReadingKind.MASS_RUN


@pytest.mark.parametrize("reader", ["mzml", "mzxml"])
def test_scans_come_one_by_one(reader: str) -> None:
    content = (
        mzml(*two(), chromatograms=[chromatogram([0, 1], [5, 6])])
        if reader == "mzml"
        else mzxml((60.0, MZ, INTENSITY), (120.0, MZ, INTENSITY))
    )
    module = mzml_reader if reader == "mzml" else mzxml_reader
    found: list[MassSpectrum] = list(module.scans(open_source(content, "x", DEFAULT_LIMITS), DEFAULT_LIMITS))
    assert [s.retention_time_s for s in found] == [60, 120]
    np.testing.assert_allclose(found[1].mz, MZ, rtol=1e-6)


# --- mzXML ----------------------------------------------------------------------------------------------------


def changed(old: bytes, new: bytes) -> Reading:
    return one(mzxml((1.5, MZ, INTENSITY), (2.5, MZ[:2], INTENSITY[:2])).replace(old, new))


def test_two_scans_of_one_number_are_two_scans() -> None:
    run = changed(b'num="2"', b'num="1"')
    assert (len(run.scans), run.x.tolist()) == (2, [1.5, 2.5])


def test_a_bare_number_is_taken_as_seconds_and_told_until_a_person_answers() -> None:
    content = mzxml((1.5, MZ, INTENSITY), (2.5, MZ, INTENSITY)).replace(b"PT1.5S", b"1.5").replace(b"PT2.5S", b"2.5")
    assert (one(content).x.tolist(), "time_unit_guessed" in codes(one(content))) == ([1.5, 2.5], True)
    answered = one(content, x_unit="min")
    assert (answered.x.tolist(), answered.warnings) == ([90, 150], ())
    with pytest.raises(CorruptFile):
        changed(b"PT1.5S", b"half past")
    assert "no_times" in codes(
        one(content.replace(b'retentionTime="1.5"', b"").replace(b'retentionTime="2.5"', b'retentionTime=""'))
    )


def test_headers_of_every_schema_name_the_instrument() -> None:
    old = changed(b'<msInstrument><msModel category="msModel" value="Made"/></msInstrument>',
                  b'<instrument manufacturer="m" model="Older" ionisation="ESI"/>')  # fmt: skip
    assert old.instrument == "Older"
    new = changed(b"</msInstrument>",
                  b'<msIonisation category="msIonization" value="Electron Impact (EI)"/><software type="acquisition" name="MassLynx" version="4"/>'
                  b'</msInstrument><dataProcessing centroided="0"/>')  # fmt: skip
    assert (new.instrument, new.scans[0].ionisation, new.meta["software"], new.meta["n_profile"]) == (
        "Made",
        "EI",
        "MassLynx 4",
        2,
    )
    assert changed(b'msLevel="1"', b'msLevel="1" polarity="-" centroided="1"').meta["polarity"] == "negative"
    assert (
        changed(b"</msInstrument>", b'<msIonisation value="nanospray NSI"/></msInstrument>').scans[0].ionisation
        == "ESI"
    )
    assert changed(b"</msInstrument>", b'<msIonisation value="other"/></msInstrument>').scans[0].ionisation == ""


def test_masses_and_intensities_may_stand_apart_and_in_double_precision() -> None:
    def peaks(values: list[float], content: str) -> str:
        data = base64.b64encode(zlib.compress(np.array(values, dtype=">f8").tobytes())).decode()
        return (
            f'<peaks precision="64" byteOrder="network" contentType="{content}" compressionType="zlib">{data}</peaks>'
        )

    whole = mzxml((1.5, MZ, INTENSITY)).decode()
    start, end = whole.index("<peaks"), whole.index("</peaks>") + 8
    apart = whole[:start] + peaks(MZ, "m/z") + peaks(INTENSITY, "intensity") + whole[end:]
    np.testing.assert_allclose(one(apart).x, MZ)
    np.testing.assert_allclose(one(apart).y, INTENSITY)
    with pytest.raises(UnsupportedVariant):
        read((whole[:start] + peaks(MZ, "S/N") + whole[end:]).encode())
    with pytest.raises(CorruptFile):
        read((whole[:start] + whole[end:]).encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'compressionType="none"', b'compressionType="lzma"'),
        (b'precision="32"', b'precision="16"'),
        (b"network", b"little"),
    ],
)
def test_packings_that_no_standard_names_are_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(UnsupportedVariant):
        changed(old, new)


def test_scans_without_peaks_and_counts_that_lie_are_told() -> None:
    empty = mzxml((1.5, MZ, INTENSITY), (2.5, [], []))
    assert "empty_scans" in codes(one(empty))
    assert "count_mismatch" in codes(one(empty.replace(b'scanCount="2"', b'scanCount="9"')))
    assert "count_mismatch" not in codes(one(empty.replace(b' scanCount="2"', b"")))
    with pytest.raises(TooLarge):
        read(empty.replace(b'peaksCount="4"', b'peaksCount="400000"'), limits=SMALL)
