"""What a sample's analyses allow one to say: facts for the guards of a result and for "not seen" sentences."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from app.laboratory.identification.answer import Answer, Level
from app.laboratory.identification.domain import Method, MethodInfo
from app.laboratory.identification.infrared_answer import printed_limits, shown_in
from app.laboratory.readings import domain
from app.laboratory.readings.analyses import STRIP_FIELDS, AnalysisView, files_of

_BY_EYE = frozenset({Method.STRIP, Method.REAGENT, Method.TLC, Method.VISUAL})
"""Complete when written down. Any other method is an instrument: until it is read, it says nothing."""


def quality_of(views: Sequence[AnalysisView], now: datetime) -> domain.Quality:
    """Files not read yet, failed blanks, instruments out of date, old methods, and warnings in sentences."""
    waiting = [u for v in views for u in v.uploads if u.state in (domain.UploadState.WAITING, domain.UploadState.ASKS)]
    machines = [v.instrument for v in views if v.instrument is not None]
    outdated = [v for v in views if not v.method.active or v.method.version != v.analysis.method_version]
    return domain.Quality(
        files_waiting=len(waiting),
        files_unseen=tuple(_once(name for view in views for name in _unseen(view))),
        qc_failed=tuple(_once(_label(v) for v in views if v.analysis.qc_failed)),
        instruments_overdue=tuple(_once(m.name for m in machines if m.certificate_due and m.certificate_due < now)),
        methods_inactive=tuple(_once(f"{v.method.title} version {v.analysis.method_version}" for v in outdated)),
        warnings=tuple(_warnings(views)),
    )


def _once(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(word for word in words if word))


def _label(view: AnalysisView) -> str:
    batch = f" (batch {view.analysis.batch})" if view.analysis.batch else ""
    return view.method.title + batch


def _warnings(views: Sequence[AnalysisView]) -> list[str]:
    strips = [
        # `opioid.nitazene` is a nitazene in a sentence
        domain.StripResult(a.strip_target, a.strip_reading, re.sub("[-_]", " ", a.strip_target.rpartition(".")[2]))
        for a in (v.analysis for v in views)
        if a.method is Method.STRIP and a.strip_reading is not None and a.status is domain.AnalysisStatus.OK
    ]
    infrared = [v for v in views if v.analysis.method is Method.FTIR and any(r.answer for r in v.readings)]
    seen = [one for v in infrared for one in _seen(v)] if infrared else None
    out = domain.strip_warnings(strips, seen)
    for view in views:
        status = view.analysis.status
        if status is not domain.AnalysisStatus.OK:
            out.append(f"{_label(view)} did not go well ({status.value.replace('_', ' ')}): it supports no answer.")
        out += [
            f"{_label(view)}: the file {name} has warnings nobody has checked, so this analysis does not count yet."
            for name in _unseen(view)
        ]
        if not _read(view) and not view.uploads:
            out.append(
                f"{_label(view)}: no file was read, and it is not marked as read on the instrument itself, so it "
                "supports no answer."
            )
        if not _compared(view):
            out.append(
                f"{_label(view)}: nothing in its file could be compared, and it is not marked as read on the instrument "
                "itself, so it supports no answer."
            )
        refused = [u.file_name for u in view.uploads if u.state is domain.UploadState.REFUSED]
        if refused and not view.readings:
            out.append(f"{_label(view)}: the file {refused[-1]} could not be read, so this analysis says nothing yet.")
    return _once(out)


def _unseen(view: AnalysisView) -> list[str]:
    """Names of its files with warnings nobody has looked at; a run that did not go well supports nothing anyway."""
    if view.analysis.status is not domain.AnalysisStatus.OK:
        return []
    return [file.upload.file_name for file in files_of(view) if file.unseen]


def _seen(view: AnalysisView) -> list[domain.StripCandidate]:
    """What the infrared answers name: the best compound with its look-alikes, and the parts of a mixture."""
    out = []
    for answer in _answers(view):
        named = [row for row in answer.candidates if row.compound in answer.set]
        out += [domain.StripCandidate(row.substance, row.substance_id, row.substance_class) for row in named]
        out += [
            domain.StripCandidate(part.substance, part.substance_id, part.substance_class) for part in answer.components
        ]
    return out


def _answers(view: AnalysisView) -> list[Answer]:
    return [reading.answer for reading in view.readings if reading.answer is not None]


def scope_of(views: Iterable[AnalysisView]) -> list[domain.ScopeFact]:
    """What each analysis of a sample could see: method, classes, limit of detection, sentences."""
    return [_scope(view) for view in views]


def _scope(view: AnalysisView) -> domain.ScopeFact:
    row, info = view.analysis, view.method
    is_strip = row.method is Method.STRIP
    # a class has a dot or is a bare class; the messages' pack knows which, so a strip names its target in both ways
    classes = (row.strip_target,) if is_strip and row.strip_target else info.classes
    answers = _answers(view)
    printed = printed_limits(answers)
    return domain.ScopeFact(
        analysis_id=row.id,
        method=row.method,
        title=info.title,
        method_version=row.method_version,
        category=info.category,
        specific=info.specific,
        status=row.status,
        qc_passed=not row.qc_failed,
        classes=classes,
        substances=(row.strip_target,) if is_strip and row.strip_target else (),
        excludes=info.excludes,
        lod_percent=_lod_percent(info.lod_percent, printed),
        lod_words=_strip_lod(view) if is_strip else _lod_words(info, printed),
        limits=info.limits,
        **{name: getattr(row, name) for name in STRIP_FIELDS},
        read=_read(view),
        reading_ids=tuple(str(one.reading.id) for one in view.readings),
        # shares of the signal are not shares of the weight, so no limit is lower than the validated one
        printed=None
        if printed is None
        else tuple(sorted((key, max(limit, info.lod_percent or 0.0)) for key, limit in printed.items())),
        shown=shown_in(answers),
        shares=tuple(
            domain.SignalShare(part.substance_id, part.share, part.low, part.high, part.grade)
            for answer in answers
            for part in answer.components
            if part.substance_id
        ),
    )


def _lod_percent(usual: float | None, printed: Mapping[str, float] | None) -> float | None:
    """The highest of the method's own limit, which was validated by weight, and those of this very reading."""
    if not printed or usual is None:
        return usual
    return max(usual, *(math.ceil(limit) for limit in printed.values()))


def _lod_words(info: MethodInfo, printed: Mapping[str, float] | None) -> str:
    limit = _lod_percent(info.lod_percent, printed)
    if limit is None or info.lod_percent is None or limit <= info.lod_percent:
        return info.lod_words
    return f"about {limit:.0f} % of the sample in this very reading; usually {info.lod_words}"


def _read(view: AnalysisView) -> bool:
    """By eye, by hand or by a reader that could compare something, and nobody still has to look at a warning of its files."""
    row = view.analysis
    if row.method in _BY_EYE:
        return True
    looked = row.read_by_hand or (bool(view.readings) and _compared(view))
    return looked and not any(file.unseen for file in files_of(view))


def _compared(view: AnalysisView) -> bool:
    """False where nothing was looked at: infrared of which no reading could be compared (a single beam, a level line),
    and answers of which none can be read here."""
    row, answers = view.analysis, _answers(view)
    if row.read_by_hand or not answers:
        return True
    if all(answer.level is Level.NOT_READABLE for answer in answers):
        return False
    return row.method is not Method.FTIR or any(answer.fit is not None for answer in answers)


def _strip_lod(view: AnalysisView) -> str:
    row = view.analysis
    if row.strip_cut_off_ng_ml is None:
        return view.method.lod_words
    dilution = f" at {row.strip_dilution}" if row.strip_dilution else " in the water that was tested"
    return f"{row.strip_cut_off_ng_ml:g} ng/mL{dilution}"
