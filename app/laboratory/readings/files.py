"""An uploaded file as the bench sees it: its readings with the main one first, and warnings somebody has to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from app.laboratory.identification.answer import Answer
from app.laboratory.readings.analyses import AnalysisView, ReadingView
from app.laboratory.readings.corrections import not_taken, words_of
from app.laboratory.readings.domain import UploadState, warnings_in
from app.laboratory.readings.tables import Upload

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class FileView:
    """One file with what was found in it, in its own order."""

    upload: Upload
    readings: tuple[ReadingView, ...]

    @property
    def main(self) -> ReadingView | None:
        """The reading to look at first: the first that was compared."""
        return main_of(self.readings, _rank) if self.readings else None

    @property
    def also(self) -> tuple[ReadingView, ...]:
        """The others: single beams, interferograms, further spectra."""
        return tuple(view for view in self.readings if view is not self.main)

    @property
    def warnings(self) -> list[tuple[str, str]]:
        """(reading's name where there are several, sentence) of every warning, each once."""
        found = []
        for view in self.readings:
            where = _name(view) if len(self.readings) > 1 else ""
            found += [(where, str(remark["text"])) for remark in warnings_in(view.reading.remarks)]
        texts = [text for _, text in found]
        return list(dict.fromkeys(("" if texts.count(t) == len(self.readings) else w, t) for w, t in found))

    @property
    def unseen(self) -> bool:
        """Warnings nobody has looked at: nothing may rest on this file yet.

        Also of readings made before, where reading it again failed: what is there is what a result would stand on.
        """
        if self.upload.state is UploadState.WAITING:
            return False  # they may change, and until then the file stops a result by itself
        return self.upload.warnings_seen_at is None and bool(self.warnings)

    @property
    def said(self) -> str:
        """How the file is to be read, as a person said it."""
        return words_of(self.upload.hints)

    @property
    def said_in_vain(self) -> str:
        """What of that its reader did not take, once it was read so."""
        if self.upload.state is not UploadState.READ or self.main is None:
            return ""
        reading = self.main.reading
        return not_taken(self.upload.hints, reading.x_unit, reading.y_unit, reading.kind, reading.format)


def files_of(view: AnalysisView) -> list[FileView]:
    """The files of an analysis, oldest first."""
    return [
        FileView(upload, tuple(r for r in view.readings if r.reading.upload_id == upload.id)) for upload in view.uploads
    ]


def main_of(items: Sequence[_Item], rank: Callable[[_Item], int]) -> _Item:
    """The first of those that rank highest."""
    return max(enumerate(items), key=lambda item: (rank(item[1]), -item[0]))[1]


def rank_of(kind: str, y_unit: str, answer: Answer | None) -> int:
    """How much a reading says of the sample: compared with a library; a spectrum at least; a beam or a raw signal."""
    if answer is not None and answer.compared:
        return 2
    return 0 if kind == "other" or y_unit == "single beam" else 1


def _rank(view: ReadingView) -> int:
    return rank_of(view.reading.kind, view.reading.y_unit, view.answer)


def _name(view: ReadingView) -> str:
    return view.reading.title or view.reading.kind.replace("_", " ")
