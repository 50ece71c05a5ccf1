"""The one headline, composed from findings by confidence, and the line that says what differs.

confirmed "We found…" · indicated "It looks like…" · a strip "reacted to…" and a colour test "points to…", each called what
it was · tentative hidden, except what is always warned of: "may contain…". Negatives only in scope. Imports this package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from harm_messages.derived import Derived
from harm_messages.derived_finding import DerivedFinding
from harm_messages.hearing import Hearing, Place
from harm_messages.matching import not_found
from harm_messages.page import Message
from harm_messages.register import within
from harm_messages.roles import counts_as_found
from harm_messages.tagged import words_of
from harm_messages.types import Confidence, FindingFact, FindingRole, Outcome, RunStatus, Severity, Slot, Verdict
from harm_messages.verdicts import always_warn
from harm_messages.vocabulary import Technique
from harm_messages.wording import Writer

HEAD = Place(Severity.S4, Slot.HEADLINE)
DIFF = Place(Severity.S4, Slot.DIFFERENCE)
QUIET = (FindingRole.BYPRODUCT, FindingRole.CUTTING, FindingRole.EXCIPIENT)

# confidence → (alone, beside what was expected)
WORDS = {
    "confirmed": ("head_found", "also_found"),
    "indicated": ("head_indicated", "also_indicated"),
    "strip": ("head_strip", "also_strip"),
    "faint": ("head_faint", "also_faint"),
    "colour_test": ("head_colour", "also_colour"),
    "class_only": ("head_class", "also_class"),
    "tentative": ("may_contain", "may_also_contain"),
}
EXPECTED_WORDS = {"confirmed": "head_expected", "indicated": "head_expected_indicated"}
INSTEAD = {"confirmed": "head_instead", "indicated": "head_instead_indicated"}
EMPTY = {
    Outcome.NOTHING_FOUND: "nothing_found",
    Outcome.NOT_TESTED_FOR_EXPECTED: "not_tested",
    Outcome.INSUFFICIENT: "insufficient",
    Outcome.PENDING: "pending",
}
LINES = {
    Verdict.NOT_AS_EXPECTED: "diff_not_expected",
    Verdict.EXPECTED_PLUS_ACTIVE: "diff_plus_active",
    Verdict.PARTLY_AS_EXPECTED: "diff_partly",
}


def compose_headline(w: Writer, beside: int = 0) -> tuple[Message, ...]:
    """Expected first, then the rest by confidence, then what has no name, then what was not found. `beside`: the words of
    the difference and of the action line; where all are too many, what was expected is left to the difference, and then
    each part says its first sentence alone, and names without their class."""
    # counted in one language, so that every language says the same, and apart: what is only counted has not been said
    apart = Writer(w.d, w.d.pack.manifest.default_locale, Hearing(counted=True))
    short = _short_enough(w, "headline", _composed(apart, instead=True), beside)
    instead = short or w.d.verdict not in LINES
    apart = Writer(w.d, w.d.pack.manifest.default_locale, Hearing(counted=True))
    brief = not short and not _short_enough(w, "headline without expected", _composed(apart, instead=instead), beside)
    if w.hearing is not None:
        w.hearing.brief = brief
    parts = _composed(w, instead=instead)
    if w.hearing is not None:
        w.hearing.brief = False
    return parts


def _short_enough(w: Writer, what: str, parts: Iterable[Message], beside: int) -> bool:
    return not w.too_long(what, words_of(m.text for m in parts) + beside, w.d.pack.budgets.head)


def _composed(w: Writer, *, instead: bool) -> tuple[Message, ...]:
    d = w.d
    news = [s for s in d.shown if not s.unknown and not _quiet(s, d)]
    cuts = [s for s in d.shown if not s.unknown and s.role in QUIET]
    alike = {one for s in news for one in s.fact.look_alikes}
    news = [s for s in news if s.confidence is not Confidence.TENTATIVE or s.substance not in alike]
    absent = [] if d.outcome is Outcome.NOTHING_FOUND else expected_not_found(d)
    parts = list(_found_parts(w, news or cuts, bool(absent) or not instead))
    if any(s.unknown for s in d.shown):
        parts.append(_part(w, "unknown_also" if parts else "unknown_only"))
    if not parts:
        parts.append(_part(w, _nothing(d), (), lambda s: {"expected": s.expected(()) or s.labels.something_unknown}))
    elif d.evidence.pending_runs and not _is(parts, w, "pending"):
        parts.append(_part(w, "pending"))
    if absent:
        parts.append(_part(w, "not_found", (), lambda s: {"expected": s.joined(s.label(i) for i in absent)}))
    return tuple(parts)


def _is(parts: list[Message], w: Writer, key: str) -> bool:
    return any(part.id == w.d.pack.manifest.fixed[key] for part in parts)


def _nothing(d: Derived) -> str:
    """What to say first where no test showed anything: that nothing was tested, and why, before anything else."""
    if not d.evidence.worked() and d.outcome is not Outcome.PENDING:
        states = {run.status for run in d.facts.scope}
        if RunStatus.INSUFFICIENT_SAMPLE in states:
            return "insufficient"
        return "failed" if states - {RunStatus.NOT_RUN} or d.facts.strips else "not_run"
    return EMPTY.get(d.outcome, "inconclusive")


def _kind(s: DerivedFinding) -> str:
    """How sure, with quick tests called what they were."""
    if "strip" in s.fact.methods and s.technique is Technique.STRIP and s.confidence.rank <= Confidence.CLASS_ONLY.rank:
        return "strip" if s.confidence is Confidence.CLASS_ONLY else "faint"
    if s.confidence is Confidence.CLASS_ONLY and s.technique is Technique.COLOUR_TEST:
        return "colour_test"
    return s.confidence.value


def _deadly(s: DerivedFinding, d: Derived) -> bool:
    """A drug that can kill in small amounts is never "as you expected"."""
    strict = [row for row in d.pack.dosing.rows if row.deadly]
    row = d.pack.substances.classes.get(s.drug_class)
    grave = row is not None and row.floor is not None and row.floor.rank <= Severity.S1.rank
    return (
        grave
        or s.always_warn
        or any(s.substance in row.substances or any(within(s.drug_class, c) for c in row.classes) for row in strict)
    )


def _quiet(s: DerivedFinding, d: Derived) -> bool:
    """A cut or by-product stays out of the headline, unless it may be a drug or is always warned of."""
    rows = [d.pack.substances.get(one) for one in s.fact.look_alikes]
    drug = any(row is None or row.psychoactive or always_warn(_trace(row.id), d.pack, True) for row in rows)
    return s.role in QUIET and not s.always_warn and not drug


def _trace(substance: str) -> FindingFact:
    return FindingFact(substance=substance, confidence=Confidence.TENTATIVE)


def _could_be(w: Writer, group: Iterable[DerivedFinding]) -> Iterator[Message]:
    """What the method cannot tell from these, where it was not found in its own right."""
    firm = {s.substance for s in w.d.shown if counts_as_found(s.fact)}
    others = sorted({one for s in group for one in s.fact.look_alikes} - firm)
    if others:
        yield _part(w, "could_be", (), lambda s: {"names": s.one_of(_alike(s, one) for one in others)}, whole=False)


def _alike(w: Writer, one: str) -> str:
    return w.label(one) if one in w.d.pack.substances else w.labels.something_unknown


def expected_not_found(d: Derived) -> list[str]:
    """Of what was named, the substances and classes about which a negative may be said."""
    absent = []
    for one in d.want.ids:
        if one in d.pack.substances:
            row = d.pack.substances[one]
            same = {s for c in d.pack.closures if c.expected == one for s in c.same} | {row.id}
            if all(not_found(d, s, d.pack.substances[s].drug_class) for s in same):
                absent.append(one)
        elif one not in d.pack.substances.intents and not one.endswith(".other") and not_found(d, None, one):
            absent.append(one)  # a class of all the rest has no end that a test could come to
    return absent


def _found_parts(w: Writer, shown: list[DerivedFinding], negative_follows: bool) -> Iterator[Message]:
    expected = [
        s for s in shown if s.role is FindingRole.EXPECTED and _kind(s) in EXPECTED_WORDS and not _deadly(s, w.d)
    ]
    others = [s for s in shown if s not in expected]
    started = False
    for level in WORDS:
        group = [s for s in expected if _kind(s) == level]
        if group:
            yield _part(w, EXPECTED_WORDS[level], group, whole=False)
            yield from _could_be(w, group)
            started = True
    for level, (alone, beside) in WORDS.items():
        group = [s for s in others if _kind(s) == level]
        if not group:
            continue
        if started:
            yield _part(w, beside, group, whole=False)
        elif level in INSTEAD and not negative_follows and _instead(w.d, group):
            yield _part(w, INSTEAD[level], group, whole=False)
        else:
            yield _part(w, alone, group, whole=False)
        yield from _could_be(w, group)
        started = True


def _instead(d: Derived, group: Iterable[DerivedFinding]) -> bool:
    return d.want.stated and all(s.role is FindingRole.SUBSTITUTE for s in group)


def _part(
    w: Writer,
    key: str,
    seen: Iterable[DerivedFinding] = (),
    extra: Callable[[Writer], dict[str, str]] | None = None,
    *,
    whole: bool = True,
) -> Message:
    """`extra` gives values in the language the part turns out to be in."""
    bound, message_id = tuple(seen), w.d.pack.manifest.fixed[key]
    speaking = w.speaking(message_id)
    brief = w.hearing is not None and w.hearing.brief
    names = (speaking.name(s) if brief else speaking.long_name(s) for s in bound)
    values = {"names": speaking.joined(names)} if bound else {}
    return w.write(message_id, HEAD, bound, {**values, **(extra(speaking) if extra else {})}, whole=whole)


def difference_line(w: Writer) -> Message | None:
    """Said as a fact only when what differs is confirmed, the drugs before the cuts; else softened."""
    key = LINES.get(w.d.verdict)
    if key is None:
        return None
    said = [s for s in w.d.shown if not s.unknown and s.differs]
    drugs = [s for s in said if s.role in (FindingRole.SUBSTITUTE, FindingRole.ADULTERANT)]
    what_differs = drugs or [s for s in said if s.role is FindingRole.CUTTING]
    firm = any(s.confidence is Confidence.CONFIRMED for s in what_differs)
    soft = f"{key}_soft"
    fixed = w.d.pack.manifest.fixed
    return w.write(fixed[key if firm or soft not in fixed else soft], DIFF, whole=True)
