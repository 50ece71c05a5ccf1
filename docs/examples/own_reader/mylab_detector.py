"""Reader of the text files of our home-made detector: a line 'MYDET 2', then 'seconds value' per line."""

from collections.abc import Iterator

from instruments import CorruptFile, Guess, Hints, Limits, Probe, Source, reader
from spectra.types import Reading, ReadingKind


def looks_like_ours(probe: Probe) -> Guess | None:
    """Surest by the first line: nobody else writes it."""
    return Guess(95, "first line") if probe.head.startswith(b"MYDET 2") else None


@reader(
    "mydetector",
    title="a file of our detector",
    techniques={"LC"},
    magic=looks_like_ours,
    extensions=("myd",),
    confidence="medium",
    version="1",
)
def read_mydetector(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """One chromatogram, times and values as the file has them. Raises CorruptFile with the line."""
    times, values = [], []
    text = source.read_all(limits.text_bytes).decode("ascii", errors="replace")
    for number, line in enumerate(text.splitlines()[1:], start=2):
        try:
            time, value = line.split()
            times.append(float(time))
            values.append(float(value))
        except ValueError as error:
            raise CorruptFile(f"Line {number} is not a time and a value.", line=number) from error
    yield Reading(ReadingKind.CHROMATOGRAM, times, values, "s", "counts", title=source.stem)
