"""Whole GC-MS runs, file to report: how fast, and how many of the substances of simulated runs are found.

    python -m benchmarks.gcms_runs [--data ../shared/data] [--runs 8] [--rounds 5]

Simulated (tests/spectra/run_simulator.py): real readings of the development sets elute (NIST GC-MS readings, MassBank),
as exponentially modified Gaussians whose widths differ, over bleed and air, with ion statistics, a threshold, and a
sweeping quadrupole; pairs at resolution 0.3 to 1 and abundances of 1 to 100 % of full scale. The library is SWGDRUG and
MassBank EI without the very spectra that elute. Thresholds were set on seeds 1 to 4; the seeds here are others, the
spectra are the same development spectra. Prints; asserts nothing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from instruments import read, to_seconds
from spectra import (
    MassLibrary,
    MassRun,
    MassSpectrum,
    Provenance,
    ReadingKind,
    RunReport,
    entries_from_readings,
    find_components,
    read_run,
)
from tests.spectra.run_scoring import Scored, scored
from tests.spectra.run_simulator import FULL_SCALE, Column, Simulated, crowded, simulate

COLUMNS = (Column(), Column(sigma=0.9, tau=0.25), Column(sigma=1.6, tau=0.9, bleed=5e5), Column(skew=0.0))
REAL = ("jcamp_gcms/gcms.jdx", "andi_ms/HP_MS.CDF", "chemstation_single/chemstation_MSD.MS", "chemstation_d/orange.D")
SETS = ("ei_nist_replicates", "ei_massbank_vs_swgdrug")


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared/data")
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    queries = eluting(given.data)
    library, drugs = libraries(given.data)
    print(f"library: {len(library):,} entries; {len({k for k, _ in queries})} substances elute")
    made = [
        simulate(crowded(queries, 100 + k, COLUMNS[k % len(COLUMNS)]), COLUMNS[k % len(COLUMNS)], 100 + k)
        for k in range(given.runs)
    ]
    components(made)
    answers(made[0], library, given.rounds)
    for name in REAL:
        real(given.data / "instruments" / name, library)
    whole_run(made[0], drugs, given.rounds)


def eluting(data: Path) -> list[tuple[str, MassSpectrum]]:
    """Real readings of the development sets, by compound."""
    out = []
    for name in SETS:
        for line in (data / "ms" / "dev" / f"{name}.jsonl").read_text().splitlines():
            query = json.loads(line)
            peaks = np.array(query["peaks"], dtype=float)
            out.append((query["truth"][0], MassSpectrum(peaks[:, 0], peaks[:, 1])))
    return out


def libraries(data: Path) -> tuple[MassLibrary, MassLibrary]:
    """SWGDRUG with MassBank EI less the records that elute, and SWGDRUG alone."""
    entries, _ = entries_from_readings(
        read(data / "ms/lib/SWGDRUG_3.4.msp"), Provenance("SWGDRUG 3.4", "free of charge")
    )
    drugs = MassLibrary.build(entries, name="swgdrug")
    lines = (data / "ms" / "dev" / "ei_massbank_vs_swgdrug.jsonl").read_text().splitlines()
    elute = {json.loads(line)["id"].split(":")[-1] for line in lines}
    bank = dict(np.load(data / "ms/lib/massbank_ei.npz"))
    rows = [k for k, accession in enumerate(bank["accession"]) if str(accession) not in elute]
    offsets = bank["offsets"]
    spectra = [drugs.spectrum(k) for k in range(len(drugs))]
    mz = [s.mz for s in spectra] + [bank["mz"][offsets[k] : offsets[k + 1]] for k in rows]
    intensity = [s.intensity for s in spectra] + [bank["intensity"][offsets[k] : offsets[k + 1]] for k in rows]
    both = MassLibrary.from_arrays(
        np.concatenate(mz),
        np.concatenate(intensity),
        np.r_[0, np.cumsum([m.size for m in mz])],
        names=[*drugs.names, *(str(bank["name"][k]) for k in rows)],
        compounds=[*drugs.compounds, *(str(bank["inchikey"][k])[:14] for k in rows)],
    )
    return both, drugs


def components(made: Sequence[Simulated]) -> None:
    """Recall and precision of components by resolution and abundance."""
    began = time.process_time()
    results = [(one, scored(one, find_components(one.run).substances)) for one in made]
    each = (time.process_time() - began) / len(made)
    print(f"\ncomponents of {len(made)} simulated runs (3,000 scans), {each:.2f} s of processor time each")
    recall, precision = _tables(results)
    for title, table in (("recall", recall), ("precision", precision)):
        print(f"{title:12}" + "".join(f"{a:>12}" for a in ("all", *_CLASSES)))
        for row in ("all", "alone", "1.0", "0.7", "0.5", "0.3"):
            cells = [table[row, column] for column in ("all", *_CLASSES)]
            print(f"{'  Rs ' + row:12}" + "".join(_cell(*cell) for cell in cells))


_CLASSES = ("100 %", "30 %", "10 %", "3 %", "1 %")


def _cell(hits: int, total: int) -> str:
    return f"{hits / total:7.3f} {total:>4}" if total else f"{'–':>12}"


def _tables(results: Sequence[tuple[Simulated, Scored]]) -> tuple[dict[tuple[str, str], list[int]], ...]:
    recall: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    precision: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])

    def count(table: dict[tuple[str, str], list[int]], resolution: str, abundance: str, hit: bool) -> None:
        for key in {(r, a) for r in ("all", resolution) for a in ("all", abundance)}:
            table[key][0] += hit
            table[key][1] += 1

    for made, found in results:
        for part in made.parts:
            hit = any(part is p for p, _ in found.pairs)
            count(recall, _name(part.resolution), f"{part.abundance:g} %", hit)
        for one in (*(c for _, c in found.pairs), *found.ghosts):
            near = min(made.parts, key=lambda p: abs(p.time - one.retention_time_s))
            height = 100 * one.height / FULL_SCALE
            level = next(
                (c for c, least in zip(_CLASSES, (55, 17, 5.5, 1.7, 0), strict=True) if height >= least), "1 %"
            )
            count(precision, _name(near.resolution), level, all(one is not g for g in found.ghosts))
    return recall, precision


def _name(resolution: float | None) -> str:
    return "alone" if resolution is None else f"{resolution:.1f}"


def answers(made: Simulated, library: MassLibrary, rounds: int) -> None:
    """File to report: time, and how many of the substances found are named."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (("run.CDF", made.andi()), ("run.mzML", made.mzml())):
            path = Path(folder) / name
            path.write_bytes(content)
            times = []
            for _ in range(rounds):
                began, busy = time.perf_counter(), time.process_time()
                run = _run(path)
                read_at = time.perf_counter()
                report = read_run(run, library)
                times.append((read_at - began, time.perf_counter() - read_at, time.process_time() - busy))
            reading, reporting, processor = (statistics.median(t[k] for t in times) for k in (0, 1, 2))
            print(f"\n{name}: {path.stat().st_size / 1e6:.1f} MB; read {reading:.2f} s, report {reporting:.2f} s, "
                  f"file to report {reading + reporting:.2f} s, {processor:.2f} s of processor time (median of {rounds}); {len(report.peaks)} peaks")  # fmt: skip
    _names(made, report)


def _names(made: Simulated, report: RunReport) -> None:
    found = scored(made, [p.component for p in report.peaks])
    answered = {id(p.component): p for p in report.peaks}
    first = inside = named = asked = 0
    for part, one in found.pairs:
        peak = answered[id(one)]
        said = peak.identification
        first += bool(peak.candidates) and peak.candidates[0].compound == part.key
        if said is not None:
            asked += 1
            inside += part.key in said.set
            named += peak.named
    n = max(1, len(found.pairs))
    print(f"of {n} substances found: right compound first {first / n:.2f}; of {asked} identified (the largest): in the set "
          f"{inside / max(1, asked):.2f}, the answer names something {named / max(1, asked):.2f}; "
          f"in no component: {report.unexplained_percent:.1f} % of the signal")  # fmt: skip


def _run(path: Path) -> MassRun:
    reading = next(r for r in read(path) if r.kind is ReadingKind.MASS_RUN)
    return MassRun(reading.scans, to_seconds(reading.x, reading.x_unit))


def real(path: Path, library: MassLibrary) -> None:
    """A real file: time, and its largest peaks."""
    if not path.exists():
        return
    began = time.perf_counter()
    run = _run(path)
    read_at = time.perf_counter()
    report = read_run(run, library)
    done = time.perf_counter()
    best = [
        f"{p.component.retention_time_s / 60:.2f} min {p.candidates[0].name} {p.candidates[0].score:.0f} ({p.component.area_percent:.1f} %)"
        for p in report.peaks[:6]
        if p.candidates
    ]
    print(f"\n{path.name}: {len(run.scans):,} scans, read {read_at - began:.2f} s, report {done - read_at:.2f} s; "
          f"{len(report.peaks)} peaks, {len(report.background)} of background\n  " + "\n  ".join(best))  # fmt: skip


def whole_run(made: Simulated, drugs: MassLibrary, rounds: int) -> None:
    """Bar S5: every scan of a run against SWGDRUG, the ten best of each."""
    scans = [s for s in made.run.scans if (s.intensity > 0).any()]
    for score in ("weighted_cosine", "composite"):
        drugs.search_many(scans[:20], 10, score)
        times = []
        for _ in range(rounds):
            began = time.perf_counter()
            drugs.search_many(scans, 10, score)
            times.append(time.perf_counter() - began)
        print(f"S5: {len(scans):,} scans × {len(drugs):,} entries, ten best each by {score}: "
              f"{statistics.median(times):.2f} s (bar 0.15)")  # fmt: skip


if __name__ == "__main__":
    main()
