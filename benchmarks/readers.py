"""How fast files are read, against the fastest reader of each format that is installed.

    python -m benchmarks.readers [--rounds 7] [--data ../shared/data/instruments] [--only mzML]
    python -m benchmarks.readers --memory 200      # peak memory for an mzML file of so many megabytes
    python -m benchmarks.readers --latency         # a small file through a pre-warmed child

Ours and its peers take turns in one process and read to the same point: every number of the file as an array. Ours
also does what peers do not: sniffing, SHA-256, checks, remarks. Prints medians; asserts nothing. Peers, with the
reason for each, are in benchmarks/peers.txt; one that is missing is said to be missing. Made files are the same on every
run; real ones are read where they are.
"""

from __future__ import annotations

import argparse
import gc
import logging
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.instrument_samples import MADE, mzml
from instruments import ParserSandbox, read

Work = Callable[[Path], object]


class Peer(NamedTuple):
    """Another reader: `module` is imported once, outside the time; `work` reads a whole file with it."""

    module: str
    work: Callable[[Any, Path], object]


class Result(NamedTuple):
    """Median seconds of one reader, None with a reason where there is none."""

    name: str
    seconds: float | None
    reason: str = ""


def _each(rows: Iterator[Any]) -> int:
    return sum(1 for _ in rows)


def _pyteomics_mzml(module: Any, path: Path) -> int:
    from psims.controlled_vocabulary import controlled_vocabulary

    controlled_vocabulary.obo_cache.use_remote = False
    with module.MzML(str(path), use_index=False) as run:
        return sum(s["m/z array"].size + s["intensity array"].size for s in run)


def _pymzml(module: Any, path: Path) -> int:
    run = module.Reader(str(path), skip_chromatogram=True, build_index_from_scratch=False)
    return sum(len(s.peaks("raw")) for s in run)


def _pyteomics_mzxml(module: Any, path: Path) -> int:
    with module.MzXML(str(path), use_index=False) as run:
        return sum(s["m/z array"].size for s in run)


def _pyteomics_mgf(module: Any, path: Path) -> int:
    with module.MGF(str(path), read_charges=False) as run:
        return sum(s["m/z array"].size for s in run)


def _netcdf4(module: Any, path: Path) -> int:
    with module.Dataset(str(path)) as data:
        return sum(v[:].size for v in data.variables.values())


def _scipy(module: Any, path: Path) -> int:
    with module.netcdf_file(str(path), mmap=False) as data:
        return sum(v[:].copy().size for v in data.variables.values())


def _spc_io(module: Any, path: Path) -> int:
    with path.open("rb") as stream:
        return _each(iter(module.SPC.from_bytes_io(stream)))


def _brukeropus(module: Any, path: Path) -> int:
    opened = module.read_opus(str(path))
    return sum(getattr(opened, key).y.size for key in opened.all_data_keys if hasattr(getattr(opened, key), "y"))


def _rainbow(module: Any, path: Path) -> int:
    return sum(file.data.size for file in module.read(str(path)).datafiles)


def _openreadout(module: Any, path: Path) -> int:
    opened = module.open(str(path))
    return sum(opened.read_trace(i).size for i in range(len(opened.traces)))


def _pandas(separator: str, decimal: str) -> Peer:
    return Peer("pandas", lambda m, p: m.read_csv(p, sep=separator, decimal=decimal).to_numpy().size)


PEERS: dict[str, tuple[Peer, ...]] = {
    "mzML": (Peer("pyteomics.mzml", _pyteomics_mzml), Peer("pymzml.run", _pymzml)),
    "mzXML": (Peer("pyteomics.mzxml", _pyteomics_mzxml),),
    "MGF": (
        Peer("pyteomics.mgf", _pyteomics_mgf),
        Peer("matchms.importing", lambda m, p: _each(m.load_from_mgf(str(p)))),
    ),
    "MSP": (Peer("matchms.importing", lambda m, p: _each(m.load_from_msp(str(p)))),),
    "JCAMP-DX": (Peer("jcamp", lambda m, p: m.readfile(str(p))),),
    "CSV, infrared": (_pandas(",", "."),),
    "CSV, decimal comma": (_pandas(";", ","),),
    "ANDI": (Peer("netCDF4", _netcdf4), Peer("scipy.io", _scipy)),
    "SPC": (Peer("spc_io", _spc_io),),
    "OPUS": (Peer("brukeropus", _brukeropus),),
    "ChemStation": (Peer("rainbow", _rainbow), Peer("openreadout", _openreadout)),
    "OMNIC": (Peer("spectrochempy_omnic", lambda m, p: m.OMNICReader(str(p))),),
}
"""Beginning of a format's name → its peers."""

REAL = {
    "mzML, real": "mzml/small.mzML",
    "mzXML, real": "mzxml/dummyiTRAQ.mzXML",
    "MGF, real": "mgf/small.mgf",
    "JCAMP-DX, real": "jcamp_ir/nist_acetone.jdx",
    "JCAMP-DX GC-MS, real": "jcamp_gcms/gcms.jdx",
    "ANDI-MS, real": "andi_ms/advion-expression.cdf",
    "ANDI-CHROM, real": "andi_chrom/agilent-hplc2.cdf",
    "SPC, real": "spc/CAthickyellow_try4_17_ZSCAN.spc",
    "OPUS, real": "opus/617262_1TP_C-1_A5.0",
    "OMNIC, real": "omnic/10-Z22-Si-S7_0.SPA",
    "CSV, chromatogram, real": "csv_chrom/ladder.txt",
    "ChemStation .D, real, warm child": "chemstation_d/orange.D",
}


def median(work: Callable[[], object], rounds: int, clock: Callable[[], float] = time.process_time) -> float:
    """Median seconds of a call, by default of computing time: all readers here keep to one thread, and other programs
    on the machine do not count. A short call is repeated within a round.
    """
    work()
    began = clock()
    work()
    repeat = max(1, min(50, int(0.05 / max(clock() - began, 1e-6))))
    times = []
    for _ in range(rounds):
        gc.collect()
        began = clock()
        for _ in range(repeat):
            work()
        times.append((clock() - began) / repeat)
    return statistics.median(times)


def compare(name: str, path: Path, rounds: int) -> list[Result]:
    """Ours first, then the peers, each warmed by one call."""
    if path.is_dir():  # only ever read in a child process
        with ParserSandbox() as sandbox:
            results = [Result("ours", median(lambda: sandbox.read(path), rounds, time.perf_counter))]
    else:
        results = [Result("ours", median(lambda: read(path), rounds))]
    for peer in next((p for start, p in PEERS.items() if name.startswith(start)), ()):
        try:
            module = import_module(peer.module)
        except ImportError:
            results.append(Result(peer.module, None, "not installed"))
            continue
        try:
            results.append(Result(peer.module, median(lambda m=module, w=peer.work: w(m, path), rounds)))  # type: ignore[misc]
        except Exception as problem:  # a peer that cannot read the file is a result too
            results.append(Result(peer.module, None, f"fails: {type(problem).__name__}"))
    return results


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file()) if path.is_dir() else path.stat().st_size


def points_of(path: Path) -> int:
    """Pairs of numbers that ours finds in a file."""
    return sum(max(r.n_points, sum(s.mz.size for s in r.scans)) for r in read(path))


def files(data: Path, folder: Path, only: str) -> Iterator[tuple[str, Path]]:
    """Made files, then real ones where they are."""
    for name, (file, write) in MADE.items():
        if only in name:
            write(folder / file)
            yield name, folder / file
    for name, file in REAL.items():
        if only in name and (data / file).exists():
            yield name, data / file


def table(data: Path, rounds: int, only: str) -> None:
    """One line per file: size, points, ours, the fastest peer, the ratio."""
    print("| file | MB | points | ours ms | MB/s | Mpoints/s | fastest peer ms | ours / peer | others |")
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, path in files(data, Path(folder), only):
            ours, *peers = compare(name, path, rounds)
            size, points = size_of(path) / 1e6, points_of(path)
            assert ours.seconds is not None
            timed = sorted((p for p in peers if p.seconds is not None), key=lambda p: p.seconds or 0.0)
            best = f"{timed[0].name} {timed[0].seconds * 1e3:.1f}" if timed and timed[0].seconds else "none"
            ratio = f"{ours.seconds / timed[0].seconds:.2f}" if timed and timed[0].seconds else ""
            rest = [f"{p.name} {p.seconds * 1e3:.1f}" for p in timed[1:] if p.seconds]
            rest += [f"{p.name} {p.reason}" for p in peers if p.seconds is None]
            print(
                f"| {name} | {size:.2f} | {points:,} | {ours.seconds * 1e3:.1f} | {size / ours.seconds:.0f} "
                f"| {points / ours.seconds / 1e6:.2f} | {best} | {ratio} | {', '.join(rest)} |",
                flush=True,
            )


PEAK = """
import sys
from pathlib import Path
from instruments import DEFAULT_LIMITS, read
from instruments.readers import mzml
from instruments.source import open_source
if sys.argv[1] == "scans one by one":
    points = sum(s.mz.size for s in mzml.scans(open_source(sys.argv[2], None, DEFAULT_LIMITS), DEFAULT_LIMITS))
else:
    points = read(sys.argv[2])[0].meta["points"]
peak = next(int(l.split()[1]) / 1024 for l in Path("/proc/self/status").read_text().splitlines() if l.startswith("VmHWM"))
print(f"{points:,} points, peak {peak:.0f} MiB")
"""


def memory(megabytes: float) -> None:
    """Peak memory (Linux) of a process that reads one large mzML file; profile scans, 64-bit m/z, 32-bit intensity."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.mzML"
        for packed in (True, False):
            mzml(path, megabytes, profile=True, packed=packed)
            print(f"mzML of {path.stat().st_size / 1e6:.0f} MB, {'zlib' if packed else 'not packed'}")
            for way in ("scans one by one", "read"):
                began = time.perf_counter()
                done = subprocess.run(
                    [sys.executable, "-c", PEAK, way, str(path)], capture_output=True, text=True, check=True
                )
                print(f"  {way}: {done.stdout.strip()}, {time.perf_counter() - began:.1f} s")


def latency(rounds: int = 100) -> None:
    """Milliseconds from the call to the readings for small files, in this process and through a pre-warmed child."""
    from tests.instruments.instrument_files import MSP, jcamp, spectrum
    from tests.instruments.instrument_files import mzml as small_mzml
    from tests.instruments.instrument_files import table as small_table

    y = [100 + i % 50 for i in range(1_800)]
    contents = {
        "infrared CSV, 1,800 points": ("a.csv", small_table(rows=1_800).encode()),
        "infrared JCAMP-DX, 1,800 points": ("a.jdx", jcamp(y, form="DIFDUP").encode()),
        "MSP record": ("a.msp", MSP.encode()),
        "mzML, two scans": ("a.mzML", small_mzml(*(spectrum(i, [50, 60], [1, 2], minutes=i) for i in range(2)))),
    }
    with ParserSandbox() as sandbox:
        for name, content in contents.values():
            sandbox.read(content, name)
        for title, (name, content) in contents.items():
            inside, outside = [], []
            for _ in range(rounds):
                began = time.perf_counter()
                read(content, name)
                between = time.perf_counter()
                sandbox.read(content, name)
                inside.append(between - began)
                outside.append(time.perf_counter() - between)
            p95 = statistics.quantiles(outside, n=20)[-1]
            print(
                f"  {title:34} in process {statistics.median(inside) * 1e3:5.1f} ms, "
                f"child p50 {statistics.median(outside) * 1e3:5.1f} ms, p95 {p95 * 1e3:5.1f} ms"
            )


def main() -> None:
    """Parse the arguments and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared/data/instruments")
    parser.add_argument("--only", default="")
    parser.add_argument("--memory", type=float)
    parser.add_argument("--latency", action="store_true")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)  # peers that tell every spectrum would be timed for that
    if asked.memory:
        memory(asked.memory)
    elif asked.latency:
        latency()
    else:
        table(asked.data, asked.rounds, asked.only)


if __name__ == "__main__":
    main()
