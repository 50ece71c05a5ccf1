"""What the readings of a sample name, and what became of each name: recorded, dismissed with a reason, or still open.

One decision for parts of a mixture, peaks of a run and single spectra, at submit and at verify alike. Pure: it takes
stored answers, findings and dismissals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from app.laboratory.readings import service as readings
from app.results.domain import DismissReason, NameState
from app.results.finding import NewFinding, look_alikes
from harm_messages.register import Register, within
from spectra import ReadingKind

NOTE_MAX = 140
LABEL_MAX = 80
"""Of a name the register does not know: as long as the label of a finding without a name."""


@dataclass(frozen=True, slots=True)
class Mention:
    """One place where a stored answer names a substance. `key` is what a finding of it would have.

    `ids` are the register ids of the set that is named (itself and what this spectrum cannot tell from it), `names`
    what of that set has no id with the answer. `peak` is the number of the peak of a run.
    """

    key: str
    name: str
    drug_class: str
    analysis_id: UUID
    reading_id: UUID
    method: str
    strength: str
    ids: tuple[str, ...]
    names: tuple[str, ...]
    peak: int | None = None

    @property
    def where(self) -> str:
        """`GC-MS, peak 2 at 7.18 min, 17 % of the area`."""
        return f"{self.method}, {self.strength}"


@dataclass(frozen=True, slots=True)
class Dismissal:
    """Why a named substance is no finding: it holds for the readings somebody looked at, and for no later one."""

    key: str
    name: str
    reason: DismissReason
    note: str
    reading_ids: tuple[UUID, ...]
    by: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Named:
    """One substance with everywhere it is named, and what became of it."""

    key: str
    name: str
    mentions: tuple[Mention, ...]
    state: NameState
    dismissal: Dismissal | None = None

    @property
    def is_open(self) -> bool:
        """Neither recorded nor dismissed."""
        return self.state is NameState.OPEN

    @property
    def where(self) -> str:
        """All places in one phrase."""
        return "; ".join(dict.fromkeys(m.where for m in self.mentions))

    @property
    def in_words(self) -> str:
        """`Phenacetin (GC-MS, peak 2 at 7.18 min, 17 % of the area)`."""
        return f"{self.name} ({self.where})"


_DISMISSALS = TypeAdapter(tuple[Dismissal, ...])


def dismissals_from(column: Sequence[Mapping[str, Any]]) -> tuple[Dismissal, ...]:
    """Read the dismissals that are stored with a version."""
    return _DISMISSALS.validate_python(column)


def dismissals_json(given: Sequence[Dismissal]) -> list[dict[str, Any]]:
    """Write the dismissals as the version stores them."""
    kept: list[dict[str, Any]] = _DISMISSALS.dump_python(tuple(given), mode="json")
    return kept


# -- what became of each name --------------------------------------------------------------------------------------


def standings(
    mentions: Iterable[Mention], findings: Sequence[NewFinding], dismissals: Iterable[Dismissal], register: Register
) -> tuple[Named, ...]:
    """Each named substance once, in the order in which the readings name them.

    Recorded: every place that names it is covered by a finding. Dismissed: somebody dismissed it in every reading where
    it is not recorded. Anything else is open.
    """
    places: dict[str, list[Mention]] = {}
    for mention in mentions:
        places.setdefault(mention.key, []).append(mention)
    given = {one.key: one for one in dismissals}
    return tuple(_standing(key, found, findings, given.get(key), register) for key, found in places.items())


def _standing(
    key: str, found: Sequence[Mention], findings: Sequence[NewFinding], dismissal: Dismissal | None, register: Register
) -> Named:
    rest = [m for m in found if not any(covers(finding, m, register) for finding in findings)]
    name, everywhere = found[0].name, tuple(found)
    if not rest:
        return Named(key, name, everywhere, NameState.RECORDED)
    if dismissal is not None and {m.reading_id for m in rest} <= set(dismissal.reading_ids):
        return Named(key, name, everywhere, NameState.DISMISSED, dismissal)
    return Named(key, name, everywhere, NameState.OPEN)


def covers(finding: NewFinding, mention: Mention, register: Register) -> bool:
    """Whether a finding records what is named here: the substance, or any that this spectrum cannot tell from it.

    A finding of a class does where it stands on this very analysis: a strip that reacts to a class leaves a substance
    named by a spectrum open. A finding that something was not detected records nothing.
    """
    if not finding.seen:
        return False
    if finding.substance_id:
        return finding.substance_id in mention.ids or finding.substance_id in look_alikes(mention.names, None, register)
    if finding.substance_class:
        return mention.analysis_id in finding.analysis_ids and within(mention.drug_class, finding.substance_class)
    label = finding.unknown_label.strip().casefold()
    return any(label == name[:LABEL_MAX].strip().casefold() for name in mention.names)


# -- what the readings name ----------------------------------------------------------------------------------------


def mentions_of(analyses: Iterable[readings.AnalysisView]) -> tuple[Mention, ...]:
    """Everything the newest answers of a sample's readings name, analysis by analysis, the largest peak or part first."""
    return tuple(mention for mention, _ in offers_of(analyses))


def offers_of(analyses: Iterable[readings.AnalysisView]) -> Iterator[tuple[Mention, Mapping[str, Any]]]:
    """Everything the newest answers name, each with the row of the answer from which a finding of it is made.

    A peak or a spectrum names a substance from `readings.NAMING_LEVELS` on: there the run's own summary lists it
    as found. Below that level the screen shows a likeness, which names nothing. A mixture names the parts that the screen
    offers as findings. An analysis that did not go well supports no answer, so it names nothing.
    """
    for analysis in analyses:
        if analysis.analysis.status is not readings.AnalysisStatus.OK:
            continue
        for view in analysis.readings:
            if view.match is not None:
                for row, members, strength, peak in _named_in(view.match.answer, view.match.candidates, view.reading):
                    yield _mention(analysis, view, row, members, strength, peak), row


_Found = tuple[Mapping[str, Any], Sequence[Mapping[str, Any]], str, int | None]
"""The row that is named, what belongs to its set, how strongly, and the number of its peak."""


def _named_in(answer: Mapping[str, Any], candidates: Sequence[Mapping[str, Any]], reading: Any) -> Iterator[_Found]:
    if peaks := answer.get("peaks"):
        for peak in peaks:
            yield from _of_peak(peak)
        return
    parts = list(_parts(answer, reading.kind))
    yield from parts
    of_parts = {key_of(row) for _, members, _, _ in parts for row in members}
    for row, members, strength, _ in _best(answer["level"], answer, candidates):
        if not of_parts & {key_of(one) for one in members}:
            yield row, members, strength, None


def _of_peak(peak: Mapping[str, Any]) -> Iterator[_Found]:
    area = peak.get("area_percent")
    share = "" if area is None else f", {area:.0f} % of the area" if area >= 1 else ", under 1 % of the area"
    at = f"peak {peak['peak']} at {peak['retention_time_s'] / 60:.2f} min{share}"
    for row, members, _, _ in _best(peak["level"], peak.get("answer", {}), peak["candidates"]):
        yield row, members, at, int(peak["peak"])


def _best(level: str, answer: Mapping[str, Any], candidates: Sequence[Mapping[str, Any]]) -> Iterator[_Found]:
    """The best compound of the set that is named, with the whole set, also what is not among the rows that are kept."""
    if level not in readings.NAMING_LEVELS or not candidates:
        return
    within_set = set(answer.get("set", []))
    rows = [c for c in candidates if c["compound"] in within_set] or [candidates[0]]
    called = answer.get("probability_names", {})
    others = within_set - {c["compound"] for c in rows}
    members = [*rows, *({"substance": called[c]} for c in sorted(others) if c in called)]
    score = float(rows[0]["score"])
    yield rows[0], members, f"score {score:.2f}" if score <= 1 else f"score {score:.0f}", None


def _parts(answer: Mapping[str, Any], kind: str) -> Iterator[_Found]:
    parts = answer.get("components", [])
    lead_only = answer.get("infrared", {}).get("mostly_unexplained")
    if lead_only or (kind == ReadingKind.MASS_SPECTRUM and len(parts) < 2):
        return  # the screen offers no part then; of one mass spectrum the best compound is named
    for part in parts:
        alike = part.get("not_distinguished", [])
        grade = ", possible only" if part.get("grade") == "possible" else ""
        members = [part, *({"substance": name} for name in alike)]
        yield {**part, "ambiguous_with": alike}, members, f"{100 * part['share']:.0f} % of the signal{grade}", None


def _mention(
    analysis: readings.AnalysisView,
    view: readings.ReadingView,
    row: Mapping[str, Any],
    members: Sequence[Mapping[str, Any]],
    strength: str,
    peak: int | None,
) -> Mention:
    return Mention(
        key=key_of(row),
        name=str(row["substance"]),
        drug_class=str(row.get("substance_class") or ""),
        analysis_id=analysis.analysis.id,
        reading_id=view.reading.id,
        method=analysis.method.title,
        strength=strength.replace(" %", "\u00a0%"),
        ids=tuple(dict.fromkeys(str(one["substance_id"]) for one in members if one.get("substance_id"))),
        names=tuple(dict.fromkeys(str(one["substance"]) for one in members if not one.get("substance_id"))),
        peak=peak,
    )


def key_of(row: Mapping[str, Any]) -> str:
    """What a finding made of this row has as its key: the register id, else the name the library gives it."""
    return str(row.get("substance_id") or "") or str(row["substance"])[:LABEL_MAX].casefold()
