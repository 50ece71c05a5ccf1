"""The limits of a page, composed from what each test did: never a limit from a method that did not look.

Every state of the table has its own sentence; what is not tested is named in one. Imports this package only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harm_messages.derived import Derived
from harm_messages.evidence import technique
from harm_messages.headline import expected_not_found
from harm_messages.hearing import Place
from harm_messages.page import Message, behind_more
from harm_messages.register import within
from harm_messages.tagged import words_of
from harm_messages.types import Outcome, Severity, Slot
from harm_messages.vocabulary import State, Technique
from harm_messages.wording import Writer

GRAVE = Place(Severity.S2, Slot.LIMITS)
PLAIN = Place(Severity.S4, Slot.LIMITS)
QUICK = (Technique.STRIP, Technique.COLOUR_TEST, Technique.OTHER)


def compose_limits(w: Writer) -> tuple[Message, ...]:
    """What was not tested, what strips cannot tell, how far the other tests see, and that this is about one sample."""
    # nothing is said about a bit that nobody tested
    core = _say(w, "limit_core", PLAIN) if w.d.evidence.worked() or w.d.shown else None
    gaps, blind = _gaps(w), _blind(w)
    untested = [*_not_tested(w, gaps), *_out_of_scope(w, blind)]
    rest, far = [*_invalid(w), *_no_reaction(w), *_not_done(w)], list(_how_far(w))
    found = [*rest, *untested, *far]
    if gaps and blind and _too_long(w, "limits", [*found, *([core] if core else [])]):
        found = [*rest, *_not_tested(w, gaps, blind), *far]
    return _within(w, found, core)


def _within(w: Writer, found: list[Message], core: Message | None) -> tuple[Message, ...]:
    """In the words that people give it: which tests looked waits behind More where there is more to say. What is not
    tested always stands."""
    if core is None:
        return tuple(sorted(found, key=lambda m: m.severity.rank))
    fixed = w.d.pack.manifest.fixed
    waits = {fixed["limit_methods"], fixed["limit_quick"]}
    if _too_long(w, "limits with methods", [*found, core]):
        later = [m for m in found if m.id in waits]
        core = core.model_copy(
            update={
                "more_text": "\n".join(t for t in (core.more_text, *(m.text for m in later)) if t),
                "more_html": core.more_html + "".join(m.html for m in later),
                "joined": tuple((m.id, m.version) for m in later),
            }
        )
        found = [m for m in found if m.id not in waits]
    strips = {row.no_reaction for row in w.d.pack.strips} | {fixed["limit_no_reaction"]}
    if any(m.id in strips for m in found) and _too_long(w, "limits of strips", [*found, core]):
        core = behind_more(core)  # what did not react "can still be in there" is said already
    return (*sorted(found, key=lambda m: m.severity.rank), core)


def _too_long(w: Writer, what: str, messages: Iterable[Message]) -> bool:
    return w.too_long(what, words_of(m.text for m in messages), w.d.pack.budgets.limits)


def _say(w: Writer, key: str, place: Place, **values: str) -> Message:
    return w.write(w.d.pack.manifest.fixed[key], place, (), values, whole=True)


def _invalid(w: Writer) -> Iterator[Message]:
    for targets in _targets(w.d, State.INVALID, State.FAILED):
        speaking = w.speaking(w.d.pack.manifest.fixed["limit_invalid"])
        names = speaking.joined(speaking.plural(t) for t in targets)
        yield _say(w, "limit_invalid", GRAVE if any(_grave(w.d, t) for t in targets) else PLAIN, names=names)


def _no_reaction(w: Writer) -> Iterator[Message]:
    """A strip without a reaction never carries a number: it is a weak test, whatever a machine beside it saw."""
    own = {row.target: row.no_reaction for row in w.d.pack.strips if row.no_reaction}
    for targets in _targets(w.d, State.NO_REACTION):
        by_message: dict[str, list[str]] = {}
        for target in targets:
            by_message.setdefault(own.get(target, w.d.pack.manifest.fixed["limit_no_reaction"]), []).append(target)
        for message_id, each in sorted(by_message.items()):
            speaking = w.speaking(message_id)
            names = speaking.joined(speaking.plural(t) for t in each)
            place = GRAVE if any(_grave(w.d, t) for t in each) else PLAIN
            yield w.write(message_id, place, (), {"names": names}, whole=True)


def _targets(d: Derived, *states: State) -> Iterator[list[str]]:
    """The strip targets in one of these states, as one group; nothing where there is none."""
    each = [t.target for t in d.evidence.strips if t.state in states]
    if each:
        yield each


def _gaps(w: Writer) -> list[str]:
    """Every class that matters here and that nothing could see; an invalid strip has said it already."""
    strips = w.d.evidence.strips
    said = {t.target for t in strips if t.state in (State.INVALID, State.FAILED)}
    # too little was left for a strip, or it still waits: its target is a gap whatever the sample is said to be
    undone = {t.target for t in strips if t.state in (State.TOO_LITTLE, State.PENDING, State.NOT_RUN)}
    undone = {t for t in undone if w.d.evidence.could_see(t) is None}
    return sorted(g for g in {*w.d.gaps, *undone} if not any(within(g, s) for s in said))


def _not_tested(w: Writer, gaps: list[str], blind: Iterable[str] = ()) -> Iterator[Message]:
    """One sentence for the gaps, and for what was expected and no test could see."""
    if gaps:
        speaking = w.speaking(w.d.pack.manifest.fixed["limit_gap"])
        grave = any(_grave(w.d, g) for g in gaps)
        names = speaking.joined((*(speaking.plural(g) for g in gaps), *(speaking.label(t) for t in blind)))
        yield _say(w, "limit_gap", GRAVE if grave else PLAIN, names=names)


def _blind(w: Writer) -> list[str]:
    """What the person named and no test could see in the amounts people take."""
    d = w.d
    blind = [t for t in d.named if d.evidence.state(t) is State.OUT_OF_SCOPE and t not in d.gaps]
    blind = [
        t for t in blind if not any(s.substance == t or (s.substance is None and s.drug_class == t) for s in d.shown)
    ]
    return blind if d.evidence.worked() else []


def _out_of_scope(w: Writer, blind: list[str]) -> Iterator[Message]:
    if blind:
        speaking = w.speaking(w.d.pack.manifest.fixed["limit_out_of_scope"])
        yield _say(w, "limit_out_of_scope", PLAIN, names=speaking.joined(speaking.label(t) for t in blind))


def _not_done(w: Writer) -> Iterator[Message]:
    """Tests that were planned and gave nothing: still running, or did not work while others did."""
    evidence = w.d.evidence
    if evidence.pending_runs:
        yield _say(w, "limit_pending", PLAIN)
    failed = [
        s.method for s in w.d.facts.scope if not s.counts and s not in evidence.pending_runs and s.method != "strip"
    ]
    failed = [m for m in dict.fromkeys(failed) if m not in evidence.worked()]
    if failed and (evidence.worked() or w.d.shown):
        speaking = w.speaking(w.d.pack.manifest.fixed["limit_failed"])
        yield _say(w, "limit_failed", PLAIN, methods=speaking.joined(speaking.method_words(m) for m in failed))


def _how_far(w: Writer) -> Iterator[Message]:
    """Which tests looked and how far they see; that nothing looked, where nothing did."""
    d = w.d
    absent = expected_not_found(d) if d.outcome is not Outcome.NOTHING_FOUND else []
    if not d.evidence.worked():
        if d.facts.scope or not d.shown:  # a finding that came without a word on the tests was tested all the same
            yield _say(w, "limit_none", PLAIN)
    elif absent:
        speaking = w.speaking(d.pack.manifest.fixed["limit_not_seen"])
        yield _say(w, "limit_not_seen", PLAIN, names=speaking.joined(speaking.label(one) for one in absent))
    elif any(run.counts and run.lod is not None for run in d.evidence.runs):
        yield _say(w, "limit_methods", PLAIN)
    elif all(technique(run.method) in QUICK for run in d.evidence.runs if run.counts):
        yield _say(w, "limit_quick", PLAIN)
    # of a machine whose limit nobody knows the core says all there is to say: what it did not see may be there


def _grave(d: Derived, target: str) -> bool:
    """A class of which weak evidence is enough to warn is named first."""
    register = d.pack.substances
    drug_class = register[target].drug_class if target in register and not register.is_class(target) else target
    row = register.classes.get(drug_class)
    return row is not None and row.always_warn == "yes"
