"""Seeds of the binary formats and of the vendors' own: small files written in code, folders as zips."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping

from tests.instruments import andi_files, omnic_files, opus_files, spc_files, vendor_files

Made = dict[str, bytes | str]


def zip_of(members: Mapping[str, bytes | str]) -> bytes:
    """A zip with fixed times, so that seeds are the same every day."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=zipfile.ZIP_DEFLATED)
    return out.getvalue()


def andi_ms() -> Made:
    """ANDI-MS with an unlimited and a fixed dimension, both widths of offsets, and packed masses."""
    packed = {"mass_values": {"units": "M/Z", "scale_factor": 0.05, "add_offset": 1.0}}
    return {
        "ms.cdf": andi_files.andi_ms(),
        "fixed.cdf": andi_files.andi_ms(unlimited=False),
        "wide.cdf": andi_files.andi_ms(wide=True),
        "packed.cdf": andi_files.andi_ms(attrs=packed),
    }


def andi_chrom() -> Made:
    """ANDI-CHROM by interval and with stored times."""
    return {
        "chrom.cdf": andi_files.andi_chrom(),
        "wide.cdf": andi_files.andi_chrom(wide=True, kind=">i2"),
        "stored.cdf": andi_files.andi_chrom(retention=(1.0, 2.0, 3.0, 4.0), without=("actual_sampling_interval",)),
    }


def spc() -> Made:
    """Galactic SPC: the new format in both byte orders, several spectra, own axes, the old format."""
    y = spc_files.Y
    return {
        "one.spc": spc_files.single(),
        "integers.spc": spc_files.single(exponent=2),
        "big.spc": spc_files.single(version=0x4C),
        "multi.spc": spc_files.multi([y, y[::-1], y]),
        "own.spc": spc_files.own_x(spc_files.RUN[:4]),
        "directory.spc": spc_files.own_x(spc_files.RUN[:4], directory=True),
        "old.spc": spc_files.old(),
        "old-multi.spc": spc_files.old([y, y], exponents=(2, 3)),
    }


def opus() -> Made:
    """Bruker OPUS: everything an instrument writes, and one spectrum alone."""
    return {
        "whole.0": opus_files.whole(),
        "one.0": opus_files.opus(*opus_files.ABOUT, *opus_files.spectrum(opus_files.Y)),
        "doubles.1": opus_files.opus(*opus_files.spectrum(opus_files.Y, form="<f8")),
    }


def spa() -> Made:
    """Thermo OMNIC spectra."""
    return {"one.spa": omnic_files.spa(), "transmittance.spa": omnic_files.spa([90.0, 95.0, 20.0, 99.0], y_code=16)}


def spg() -> Made:
    """Thermo OMNIC groups."""
    return {
        "two.spg": omnic_files.spg(("a", omnic_files.Y), ("b", omnic_files.Y[::-1])),
        "five.spg": omnic_files.spg(*((str(i), omnic_files.Y) for i in range(5))),
    }


def asp() -> Made:
    """Agilent .asp: six numbers and the ordinates, also with decimal commas."""
    plain = spc_files.asp()
    commas = plain.replace(".", ",").replace("4000", "4000,5").replace("\r\n400\r\n", "\r\n400,5\r\n")
    return {"one.asp": plain, "commas.asp": commas, "lines.asp": spc_files.asp(end="\n")}


def vendor(name: str) -> Callable[[], Made]:
    """The file and the folder of a vendor format that are written in code, as far as there are any."""

    def made() -> Made:
        found: Made = {}
        if name in vendor_files.SAMPLES:
            found[vendor_files.SAMPLES[name][0]] = vendor_files.SAMPLES[name][1]
        if name in vendor_files.FOLDERS:
            top, files, _ = vendor_files.FOLDERS[name]
            found[f"{top}.zip"] = zip_of({f"{top}/{n}": c for n, c in files.items()})
        return found

    return made
