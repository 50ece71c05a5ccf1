"""From the answer of `spectra` to the tree that is kept and shown: names of the register, titles of methods, keys of analyses. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, repeat
from uuid import UUID

from app.laboratory.identification.domain import Method, method_info
from app.laboratory.identification.parts import ALL_OF_IT
from app.laboratory.identification.substances import SubstanceIndex
from app.laboratory.sample_answers.domain import Cell, Name, Part, Question, WholeAnswer
from app.laboratory.sample_answers.evidence import SearchedLibraries, whose
from spectra.infrared.sentences import limit_percent
from spectra.sample.answer import Blindness, SampleAnswer, SamplePart, State, Support
from spectra.sample.states import percent

_WHY = {
    Blindness.NO_REFERENCE: "no reference",
    Blindness.BELOW_LIMIT: "too little for it",
    Blindness.KIND: "not this kind of substance",
    Blindness.REFUSED: "reading does not count",
}
MOST_NAMED = 3


def whole_answer(
    answer: SampleAnswer, index: SubstanceIndex, analysis: Mapping[str, UUID], searched: SearchedLibraries | None = None
) -> WholeAnswer:
    """The tree. `analysis`: key of a reading or a strip → its analysis. `searched`: the libraries that were compared with."""
    methods = _columns(answer)
    note = answer.calibration
    said = f"The weights were fitted to {note.data} ({note.version}, {note.date})." if note.version else ""
    return WholeAnswer(
        parts=tuple(_part(part, methods, index, analysis) for part in answer.parts),
        methods=tuple((method, title_of(method)) for method in methods),
        none_of_these=answer.none_of_these,
        questions=tuple(
            Question(q.key, q.code, q.text, tuple(_called(c, answer) for c in q.compounds))
            for q in answer.questions
        ),
        expected=tuple(one.sentence for one in answer.expected),
        blind=tuple(_blind(answer, index)),
        reasons=(*(_without_keys(one, analysis) for one in answer.reasons), *([searched.said] if searched else [])),
        calibration=" ".join(filter(None, (said, searched.calibration if searched else ""))),
        calibration_version=note.version,
        withheld=note.withheld,
    )  # fmt: skip


def _without_keys(sentence: str, keys: Iterable[str]) -> str:
    """A sentence in which readings are called by words: their keys mean nothing to a person.

    >>> _without_keys("1f#3 holds the same data as 2e and counts once.", ["1f", "2e"])
    'Peak 3 of a reading holds the same data as another reading and counts once.'
    """
    words = chain(["a reading"], repeat("another reading"))
    known = "|".join(map(re.escape, keys))
    if not known:
        return sentence
    said = re.sub(
        rf"({known})(?:#(\d+))?", lambda m: f"peak {m[2]} of {next(words)}" if m[2] else next(words), sentence
    )
    return said[:1].upper() + said[1:]


def _blind(answer: SampleAnswer, index: SubstanceIndex) -> Iterator[tuple[str, str]]:
    """Expected substances with the methods that have no reference of them, or cannot see their kind."""
    for one in answer.expected:
        if known := index.find(one.compound, one.compound).id:
            for method, said in one.support.items():
                if said.why in (Blindness.NO_REFERENCE, Blindness.KIND):
                    yield known, method


def title_of(method: str) -> str:
    """What a method is called on screens; what is no method of MAST keeps its name."""
    return method_info(Method(method)).title if method in list(Method) else method


def _columns(answer: SampleAnswer) -> tuple[str, ...]:
    """The methods that were used, in the order in which they say most."""
    used = dict.fromkeys(method for part in answer.parts for method in part.support)
    return tuple(
        sorted(used, key=lambda m: -sum(m in p.support and p.support[m].state is State.SEEN for p in answer.parts))
    )


def _called(compound: str, answer: SampleAnswer) -> str:
    return next((part.names[compound] for part in answer.parts if compound in part.names), compound)


def _named(compound: str, called: str, probability: float | None, index: SubstanceIndex) -> Name:
    known = index.find(compound, called)
    return Name(compound, called, known.id, known.drug_class, probability)


def _part(
    part: SamplePart, methods: Iterable[str], index: SubstanceIndex, analysis: Mapping[str, UUID]
) -> Part:  # fmt: skip
    own = _named(part.compound, part.name, part.probability, index)
    others = tuple(
        _named(compound, part.names.get(compound, compound), p, index)
        for compound, p in part.set
        if compound != part.compound
    )
    cells = tuple(_cell(method, part, analysis) for method in methods)
    return Part(own, others, part.single, cells, part.changed, title_of(part.only) if part.only else "")


_NOTHING = Support(State.NOT_TESTED, "")


def _cell(method: str, part: SamplePart, analysis: Mapping[str, UUID]) -> Cell:
    said = part.support.get(method, _NOTHING)
    keys = (analysis.get(key) or analysis.get(whose(key)) for key in said.readings)
    return Cell(
        method, title_of(method), said.state, _figure(said, part.names), said.sentence,
        tuple(dict.fromkeys(key for key in keys if key is not None)),
        said.share, said.low, said.high, said.limit, said.probability,
    )  # fmt: skip


def _figure(said: Support, names: Mapping[str, str]) -> str:
    """What stands behind the word of a cell."""
    if said.state is State.SEEN:
        if said.share is not None and said.share < ALL_OF_IT:
            return f"{percent(said.share)} of signal"
        return f"probability {percent(said.probability)}" if said.probability is not None else ""
    if said.state is State.NOT_SEEN and said.apart_from:
        return f"gives {' and '.join(names.get(compound, compound) for compound in said.apart_from)} instead"
    if said.state is State.NOT_SEEN:
        return f"would show above {limit_percent(said.limit)}" if said.limit is not None else "though it would show"
    if said.state is State.NOT_TOLD_APART:
        shown = [names.get(compound, compound) for compound in said.apart_from[:MOST_NAMED]]
        more = len(said.apart_from) - len(shown)
        return f"from {', '.join(shown)}" + (f" and {more} more" if more > 0 else "") if shown else ""
    return _WHY[said.why] if said.why is not None else ""
