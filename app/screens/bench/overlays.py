"""What may be drawn over a reading: another match, another sample, an in-house standard, the blank of its batch. Up to four at once.

Each is named by a word in the address, so that a link shows the same picture again; the word says where the points come from.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlmodel import Session

from app.intake.samples import lookup
from app.laboratory.identification.answer import Answer
from app.laboratory.readings import analyses, arrays, plots, references, uploads
from app.laboratory.readings.comparison import home_of, strongest
from app.laboratory.readings.plot_range import PlotContent, PlotRange
from app.laboratory.standards import controlling
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import NotFound
from app.platform.kernel.sample_numbers import sample_number
from app.platform.plots import Line, Plot
from app.platform.web.templates import clock_time
from app.results.bench import Row, Shown
from app.runtime import Runtime
from app.screens.bench.look import WORD, Look
from spectra import MassSpectrum

if TYPE_CHECKING:
    from app.laboratory.readings.tables import Reading

MOST = 4
MOST_OFFERED = 8
CURVES = ("ir", "raman")
STICKS = ("mass_spectrum",)
RUNS = ("mass_run", "chromatogram")


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that may be drawn over: `word` names it in the address."""

    word: str
    label: str
    group: str


def offered(session: Session, rt: Runtime, who: Actor, shown: Shown, rows: Iterable[Row]) -> tuple[Offer, ...]:
    """Everything that may be drawn over this reading now."""
    kind = shown.reading.kind
    if kind not in (*CURVES, *STICKS, *RUNS):
        return ()
    out = [*_matches(shown)] if kind in CURVES else []
    out += _readings(session, shown, rows)
    if kind in CURVES:
        out += _standards(rt, who, shown)
    if kind == "mass_run" and (blank := controlling.blank_beside(session, shown.analysis.analysis.id)) is not None:
        out.append(Offer("blank", f"Blank {blank.file_name}", "Blank of the batch"))
    return tuple(out)


def _matches(shown: Shown) -> Iterator[Offer]:
    for place, one in enumerate(shown.candidates[:MOST_OFFERED], start=1):
        if one.entry_index is not None:
            yield Offer(f"match-{place}", one.substance, "Matches")


def _readings(session: Session, shown: Shown, rows: Iterable[Row]) -> Iterator[Offer]:
    numbers = {row.queued.id: row.queued.number for row in rows}
    for row, sample_id in uploads.readings_beside(session, numbers, shown.reading.kind, MOST_OFFERED + 1):
        if row.id != shown.reading.id:
            label = f"{sample_number(numbers[sample_id])}, {clock_time(row.created_at)}"
            yield Offer(f"reading-{row.id}", label, "Samples in work")


def _standards(rt: Runtime, who: Actor, shown: Shown) -> Iterator[Offer]:
    for book in references.vibrational_books(shown.reading, rt.registry.of(who.agency_id)):
        for entry, known in list(book.own.items())[:MOST_OFFERED]:
            if re.fullmatch(WORD, f"standard-{entry}"):
                yield Offer(
                    f"standard-{entry}",
                    f"{known.name}{f', lot {known.lot}' if known.lot else ''}",
                    "In-house standards",
                )


def with_overlays(
    session: Session,
    rt: Runtime,
    who: Actor,
    reading_id: uuid.UUID,
    look: Look,
    plot_range: PlotRange,
) -> Plot:
    """The plot of a reading with what is drawn over it, or of sticks the last one mirrored below. The points of `plot_range` are shared among
    the curves.

    Raises NotFound for what is not there, or belongs to others.
    """
    row, answer = uploads.reading_with_answer(session, who, reading_id)
    store, registry = arrays.array_store(rt.blobs.root), rt.registry.of(who.agency_id)
    if plot_range.most is not None:
        plot_range = replace(plot_range, most=plot_range.most // (1 + len(look.ions) + len(look.over)))
    wanted = PlotContent(look.compare or None, look.peak, look.ions, look.raw, look.mean, plot_range)
    plot = plots.plot_of(row, answer, store, registry, wanted)
    over = _Over(session, rt, who, row, answer, plot_range)
    for word in look.over:
        if plot["kind"] == "mass":
            over.mirror(plot, word)
        elif (line := over.line(word)) is not None:
            plot["series"].append(line)
            plot["summary"] += f" Over it: {line['label']}."
    return plot


@dataclass(frozen=True, slots=True)
class _Over:
    """What the words of an address mean beside one reading."""

    session: Session
    rt: Runtime
    who: Actor
    row: Reading
    answer: Answer | None
    plot_range: PlotRange

    def line(self, word: str) -> Line | None:
        """The curve a word names; None where it has nothing in common with the reading."""
        kind, _, key = word.partition("-")
        store = arrays.array_store(self.rt.blobs.root)
        if kind == "reading":
            other, label = self._reading(key)
            return plots.reading_over(other, store, label, self.plot_range) if other.kind == self.row.kind else None
        if kind == "blank":
            return self._blank()
        home, name = self._match(int(key)) if kind == "match" else self._standard(key)
        return plots.entry_over(self.row, store, home, name)

    def mirror(self, plot: Plot, word: str) -> None:
        """Sticks of another reading below those of this one, in place of a match."""
        kind, _, key = word.partition("-")
        if kind != "reading":
            return
        other, label = self._reading(key)
        answer = uploads.reading_with_answer(self.session, self.who, other.id)[1]
        found = references.reference_of(other, answer, arrays.array_store(self.rt.blobs.root), None).spectrum
        if isinstance(found, MassSpectrum):
            plot["reference"] = strongest(found, label)
            plot["summary"] += f" Mirrored below: {label}."
            plot.pop("ion", None)

    def _reading(self, key: str) -> tuple[Reading, str]:
        row = uploads.get_reading(self.session, self.who, uuid.UUID(key))
        analysis = analyses.get_analysis(self.session, self.who, row.analysis_id)
        number = lookup.get_sample(self.session, self.who, analysis.sample_id).number
        return row, f"{sample_number(number)}, {clock_time(row.created_at)}"

    def _match(self, place: int) -> tuple[plots.Home, str]:
        rows = self.answer.candidates if self.answer is not None else ()
        if not 1 <= place <= len(rows):
            raise NotFound("candidate")
        home = home_of(self.rt.registry.of(self.who.agency_id), rows[place - 1])
        if home is None:
            raise NotFound("reference")
        return home, f"{rows[place - 1].substance} ({home[0].name}, scaled)"

    def _standard(self, entry: str) -> tuple[plots.Home, str]:
        for book in references.vibrational_books(self.row, self.rt.registry.of(self.who.agency_id)):
            if entry in book.own:
                return references.entry_in(self.row, self.rt.registry.of(self.who.agency_id), book.key, entry), (
                    f"{book.own[entry].name} (in-house standard, scaled)"
                )
        raise NotFound("standard")

    def _blank(self) -> Line | None:
        found = controlling.blank_beside(self.session, self.row.analysis_id)
        if found is None:
            raise NotFound("blank")
        x, y = arrays.points(arrays.array_store(self.rt.blobs.root), found.arrays_sha256)
        return plots.run_over(x, y, "s", f"Blank {found.file_name}", self.plot_range)
