"""EZChrom ASCII exports: channels below each other, times that are counted, and headers that do not fit."""

from __future__ import annotations

import numpy as np
import pytest

from instruments import Limits, TooLarge, read, sniff
from spectra.types import ReadingKind
from tests.instruments.instrument_files import EZCHROM, codes
from tests.instruments.spc_files import refused

COMMAS = EZCHROM.replace("\t", ",")
DECIMAL_COMMAS = "\n".join(line.replace(".", ",") if "Data File" not in line else line for line in EZCHROM.split("\n"))


@pytest.mark.parametrize(
    "content", [EZCHROM, COMMAS, DECIMAL_COMMAS.replace("Pts,", "Pts."), EZCHROM.replace("\n", "\r\n")]
)
def test_each_channel_is_a_chromatogram_with_times_of_its_own_rate(content: str) -> None:
    first, second = read(content.encode(), "standard.dat.asc")
    assert {r.format for r in (first, second)} == {"ezchrom"}
    assert (first.kind, first.x_unit, first.y_unit) == (ReadingKind.CHROMATOGRAM, "min", "pA")
    np.testing.assert_allclose(first.x, np.arange(4) / 600)  # .016667 is a sixtieth
    np.testing.assert_allclose(first.y, [1, 2, 3, 4])
    np.testing.assert_allclose(second.x, np.arange(3) / 300)
    np.testing.assert_allclose(second.y, [1, 2, -3])
    assert second.y_unit == "25 µV"
    assert (first.title, second.title) == ("mixed standard channel 1", "mixed standard channel 2")
    assert (second.meta["channel"], second.meta["rate_hz"], second.meta["sample"]) == (2, 5.0, "mixed standard")
    assert not first.remarks
    assert not second.remarks


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("\n-3000", ""), "point_count"),
        (("\n-3000", "\n-3000\n5"), "point_count"),
        (("\t4\t3\tPts.", "\t4\tPts."), "bad_header"),
        (("Total Data Points:\t4\t3\tPts.\n", ""), "bad_header"),
        (("\t4\t3\t", "\t4\tthree\t"), "bad_header"),
        (("\t4\t3\t", "\t8\t-1\t"), "bad_header"),
        (("Maxchannels:\t2", "Maxchannels:\t1"), "bad_header"),
        (("10.000000", "0"), "bad_header"),
        (("10.000000", "nan"), "bad_header"),
        (("\tHz", "\tkHz"), "bad_header"),
        (("\t0.5\t", "\t0\t"), "bad_header"),
        (("Maxchannels:\t2", "Maxchannels:\t2\nSampling Rate:\t20\t5\tHz"), "bad_header"),
        (("1000", "1000 2000"), "bad_row"),
        (("1000", "1e999"), "bad_row"),
        (("1000", "1,000"), "bad_row"),  # of a header with decimal points
        (("1000", "1_000"), "bad_row"),
    ],
)
def test_what_the_header_says_and_what_follows_must_agree(change: tuple[str, str], code: str) -> None:
    assert change[0] in EZCHROM
    refused(EZCHROM.replace(*change).encode(), code)


def test_a_multiplier_that_is_not_of_its_unit_and_an_unknown_unit_need_a_click() -> None:
    odd, _ = read(EZCHROM.replace("0.016667", "0.033333", 1).encode())
    assert codes(odd) == {"time_unit_unknown"}
    np.testing.assert_allclose(odd.x, np.arange(4) * 0.0033333)
    volumes = read(EZCHROM.replace("Minutes", "Millilitres").encode())
    assert [codes(r) for r in volumes] == [{"time_unit_unknown"}] * 2
    assert codes(read(EZCHROM.rstrip().encode())[1]) == {"may_be_cut"}


def test_it_is_known_by_its_first_lines_and_stays_within_limits() -> None:
    assert sniff(EZCHROM.encode(), name="a.txt")[0].format == "ezchrom"
    assert "ezchrom" not in {c.format for c in sniff(b"Version:\t3\nSample:\tx\n1\t2\n2\t3\n", name="a.asc")}
    with pytest.raises(TooLarge):
        read(EZCHROM.encode(), limits=Limits(points=5))
