"""mzML and mzXML as XML allows them: UTF-16 and other encodings, prefixes, no namespace; and lengths that disagree."""

from __future__ import annotations

import codecs
import re

import numpy as np
import pytest

from instruments import CorruptFile, UnsupportedVariant, read
from spectra.types import Level, Reading, ReadingKind
from tests.instruments.instrument_files import binary, chromatogram, codes, mzml, mzxml, one, spectrum

MZ, INTENSITY = [50.5, 77.1, 105.25], [10.0, 20.0, 999.0]


def recoded(document: bytes, encoding: str, declared: str | None = None) -> bytes:
    """The document in another encoding, which its declaration names."""
    name = "utf-8" if encoding == "utf-8-sig" else encoding.partition(" ")[0]
    text = re.sub(r'encoding="[^"]*"', f'encoding="{declared or name}"', document.decode(), count=1)
    mark = codecs.BOM_UTF16_BE if "with mark" in encoding else b""
    return mark + text.encode(encoding.partition(" ")[0])


def run(*spectra: str) -> bytes:
    return mzml(*(spectra or (spectrum(0, MZ, INTENSITY, seconds=1), spectrum(1, MZ, INTENSITY, seconds=2))))


def warned(reading: Reading) -> set[str]:
    """The codes of what needs a person's look."""
    return {r.code for r in reading.remarks if r.level is Level.WARNING}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "iso-8859-15"])
def test_what_is_refused_in_utf8_is_refused_in_every_encoding(encoding: str) -> None:
    hidden = mzml(spectrum(0, MZ, INTENSITY), prolog='<!DOCTYPE x [<!ENTITY a "b">]>')
    cut = run()[: -len("</run></mzML>")]
    for document, code in ((hidden, "xml_entities"), (cut, "truncated")):
        with pytest.raises(CorruptFile) as caught:
            read(recoded(document, encoding), "run.mzML")
        assert caught.value.code == code


def test_arrays_of_other_kinds_beside_the_usual_are_left_out() -> None:
    """Charge, noise and a named array of the software's own (PSI-MS 1000516, 1000517, 1000786), and diode spectra."""
    other = "".join(
        binary("intensity", [1.0, 1.0, 2.0]).replace("MS:1000515", accession)
        for accession in ("MS:1000516", "MS:1000517", "MS:1000786")
    )
    mass = spectrum(0, MZ, [], arrays=other + binary("mz", MZ) + other + binary("intensity", INTENSITY), seconds=1)
    diode = spectrum(1, [200.0, 201.0, 202.0], [0.1, 0.9, 0.2], axis="wavelength", seconds=1)
    traces = [
        chromatogram([0.1, 0.2], [5.0, 6.0]),
        chromatogram([0.1, 0.2], [1.0, 2.0], name="pressure").replace("1000515", "1000821"),
    ]
    document = mzml(mass.replace('count="2"', 'count="8"'), diode, chromatograms=traces)
    found = {r.title: r for r in read(document, "run.mzML")}
    np.testing.assert_allclose(found["scan=1"].y, INTENSITY)
    assert (found["photodiode array"].kind, found["photodiode array"].x_unit) == (ReadingKind.UV, "nm")
    assert found["pressure"].y_unit == "pressure"
    assert not any(warned(r) for r in found.values())


def test_lengths_and_counts_that_arrays_state_are_held_against_them() -> None:
    longer = re.sub(rb'encodedLength="(\d+)"', lambda m: b'encodedLength="%d"' % (int(m[1]) + 4), run(), count=1)
    assert "encoded_length" in warned(one(longer))
    assert "array_count" in warned(
        one(run().replace(b'binaryDataArrayList count="2"', b'binaryDataArrayList count="3"', 1))
    )
    twice = spectrum(0, MZ, INTENSITY, arrays=binary("mz", MZ) + 2 * binary("intensity", INTENSITY))
    with pytest.raises(CorruptFile) as caught:
        read(mzml(twice))
    assert caught.value.code == "array_count"
    packed = mzxml((1.0, MZ, INTENSITY), packed=True)
    assert "encoded_length" in warned(one(packed.replace(b'compressedLen="0"', b'compressedLen="7"')))


def test_numbers_in_a_second_file_are_refused_and_not_read_as_nothing() -> None:
    external = '<cvParam cvRef="IMS" accession="IMS:1000101" name="external data" value="true"/>'
    empty = spectrum(0, [], [], seconds=1).replace("<binary>", f"{external}<binary>")
    with pytest.raises(UnsupportedVariant) as caught:
        read(mzml(empty), "image.imzML")
    assert caught.value.code == "unsupported_imzml"
    content = '<fileContent><cvParam cvRef="IMS" accession="IMS:1000030" name="continuous"/></fileContent>'
    with pytest.raises(UnsupportedVariant) as caught:
        read(mzml().replace(b"<run", f"<fileDescription>{content}</fileDescription><run".encode()), "image.imzML")
    assert caught.value.code == "unsupported_imzml"


def test_a_draft_of_mzml_is_named() -> None:
    run = mzml(spectrum(0, MZ, INTENSITY, seconds=1))
    draft = run.replace(b"http://psi.hupo.org/ms/mzml", b"http://psi.hupo.org/schema_revision/mzML_0.99.1")
    assert draft != run
    with pytest.raises(UnsupportedVariant, match=r"0\.99\.1") as caught:
        read(draft)
    assert caught.value.code == "unsupported_mzml_draft"


def test_merged_scans_state_the_base_peak_of_their_frame_and_are_not_doubted() -> None:
    frame = '<cvParam cvRef="MS" accession="MS:1000505" name="base peak intensity" value="99999"/>'
    scan = spectrum(0, MZ, INTENSITY, seconds=1).replace("<binaryDataArrayList", f"{frame}<binaryDataArrayList", 1)
    assert "scan_differs" in codes(one(mzml(scan)))
    assert "scan_differs" not in codes(one(mzml(scan.replace('id="scan=1"', 'id="merged=1 frame=1"'))))


@pytest.mark.parametrize(
    ("root", "head", "told"),
    [
        ("mzML", "spectrum", True),
        ("mzXML", "scan", True),
        ("mzML", "chromatogram", False),  # the example of the standard has "just any number" there
    ],
)
def test_spectra_that_are_not_where_the_index_says_are_a_warning(root: str, head: str, told: bool) -> None:
    text = (run() if root == "mzML" else mzxml((1.0, MZ, INTENSITY), (2.0, MZ, INTENSITY))).decode()
    if root == "mzML":
        text = text.replace("<mzML ", "<indexedmzML><mzML ", 1)
    body = text if root == "mzML" else text.removesuffix("</mzXML>")
    tags = re.finditer(r'<(?:spectrum|scan)\s[^>]*?(?:id|num)="([^"]*)"', body)
    places = {m[1]: m.start() for m in tags}

    def indexed(given: dict[str, int]) -> bytes:
        key, offset = ("idRef", "indexListOffset") if root == "mzML" else ("id", "indexOffset")
        rows = "".join(f'<offset {key}="{name}">{place}</offset>' for name, place in given.items())
        index = f'<index name="{head}">{rows}</index>'
        index = f'<indexList count="1">{index}</indexList>' if root == "mzML" else index
        end = "</indexedmzML>" if root == "mzML" else "</mzXML>"
        return f"{body}{index}<{offset}>{len(body)}</{offset}>{end}".encode()

    first, second = places
    assert not warned(one(indexed(places)))
    assert not warned(one(indexed({name: place - 1 for name, place in places.items() if body[place - 1].isspace()})))
    for given in (
        {name: place + 17 for name, place in places.items()},
        {first: places[second]},
        {"none": places[first]},
    ):
        assert ("index" in warned(one(indexed(given)))) is told


@pytest.mark.parametrize("root", ["mzML", "mzXML"])
def test_text_behind_the_last_tag_is_not_called_a_file_cut_short(root: str) -> None:
    whole = run() if root == "mzML" else mzxml((1.0, MZ, INTENSITY), (2.0, MZ, INTENSITY))
    for behind, code in ((b"and more", "trailing_data"), (b"<indexList count", "truncated"), (b"<!-- made -->\n", "")):
        if not code:
            assert not warned(one(whole + behind))
            continue
        with pytest.raises(CorruptFile) as caught:
            read(whole + behind, f"run.{root}")
        assert caught.value.code == code
