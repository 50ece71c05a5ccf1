"""What staff are asked to do: by the rules that fired, by group of drugs and evidence, by strips. Asked behind a closed
gate too, because the danger does not depend on whether a page may open. Imports this package only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from harm_messages.derived import Derived
from harm_messages.derived_finding import DerivedFinding
from harm_messages.evidence import diluted_otherwise, interferents
from harm_messages.markdown import fill
from harm_messages.ordering import Hit
from harm_messages.pack import Pack
from harm_messages.register import within
from harm_messages.staffing_types import AlertProposal, StaffAction
from harm_messages.tables_of_use import StaffRow
from harm_messages.types import Confidence, Facts, FindingRole
from harm_messages.vocabulary import State, Technique

UNEXPECTED = (FindingRole.SUBSTITUTE, FindingRole.ADULTERANT, FindingRole.UNSTATED)


def staff_actions(d: Derived, hits: Iterable[Hit]) -> tuple[StaffAction, ...]:
    """Everything asked, the most serious first, each once with all its causes."""
    asked: dict[str, list[str]] = {}
    gravest = sorted(hits, key=lambda h: (h.rule.severity.rank, h.rule.id))
    for hit in gravest:
        declared = hit.seen and all(d.seen[i].source == "declared" for i in hit.seen)
        for action in hit.rule.staff_action:
            # alerts are asked for by group and evidence; a declared drug that nobody found asks for nothing
            if not action.startswith("propose_alert") and not declared:
                asked.setdefault(action, []).append(hit.rule.id)
    for row, seen in _rows(d):
        for action in row.actions(_level(seen), _with_harm(d)):
            asked.setdefault(action, []).append(row.id)
    for action, cause in _tests(d):
        asked.setdefault(action, []).append(cause)
    order = sorted(asked, key=_urgency)
    return tuple(StaffAction(action=a, causes=tuple(dict.fromkeys(asked[a]))) for a in order)


def alert_proposals(d: Derived) -> tuple[AlertProposal, ...]:
    """The alerts among them, each with its tier, the state of the evidence and what is lacking. What is confirmed and what
    is not never stand in one sentence."""
    groups: dict[tuple[str, bool, str], dict[str, list[DerivedFinding]]] = {}
    for row, seen in _rows(d):
        for action in row.actions(_level(seen), _with_harm(d)):
            kind, _, tier = action.partition(":")
            if kind in ("propose_alert", "hold_alert"):
                by_state = groups.setdefault((tier, kind == "hold_alert", row.id), {})
                by_state.setdefault(_state(d, seen), []).append(seen)
    each = [_proposal(d, key, groups[key]) for key in sorted(groups)]
    # one drug of two groups asks for one alert
    return tuple({(p.tier, p.held, p.about): p for p in reversed(each)}.values())[::-1]


def _proposal(
    d: Derived, key: tuple[str, bool, str], by_state: Mapping[str, Sequence[DerivedFinding]]
) -> AlertProposal:
    words = d.pack.words(d.pack.manifest.default_locale).staff
    tier, held, group = key
    said, lacking, about = [], [], []
    for state in sorted(by_state, key=_STATES.index):
        names = list(dict.fromkeys(seen.name for seen in by_state[state]))
        said.append(fill(words.get(f"alert_{state}", state), {"names": " and ".join(names)}))
        fooled = sorted({one for seen in by_state[state] for one in _fooled(d, seen)}) if state != "confirmed" else []
        if fooled and "alert_fooled" in words:
            fools = " and ".join(d.pack.substances[one].in_sentence for one in fooled)
            said.append(fill(words["alert_fooled"], {"names": fools}))
        lacking.append(words.get(f"lacking_{state}", ""))
        about += names
    return AlertProposal(
        tier=tier, held=held, group=group, about=tuple(dict.fromkeys(about)), evidence=" ".join(said),
        lacking=" ".join(dict.fromkeys(one for one in lacking if one)),
    )  # fmt: skip


_STATES = ("confirmed", "indicated", "disputed", "strip", "colour_test", "tentative")


def _state(d: Derived, seen: DerivedFinding) -> str:
    if seen.confidence in (Confidence.CONFIRMED, Confidence.INDICATED):
        return seen.confidence.value
    if seen.technique is Technique.STRIP:
        return "disputed" if disputed(d, seen.substance or seen.drug_class) is not None else "strip"
    return "colour_test" if seen.technique is Technique.COLOUR_TEST else "tentative"


def _fooled(d: Derived, seen: DerivedFinding) -> Iterator[str]:
    """What of this sample is known to fool the strip that reacted."""
    for one in d.evidence.strips:
        if one.state is State.REACTED and one.strip is not None and one.target in (seen.substance, seen.drug_class):
            yield from interferents(d.pack, d.facts, one.strip)


def _level(seen: DerivedFinding) -> Confidence:
    """A strip and a colour test count as tentative, whatever was written beside them."""
    return Confidence.TENTATIVE if seen.confidence is Confidence.CLASS_ONLY else seen.confidence


def _with_harm(d: Derived) -> bool:
    return d.facts.harm_reported or d.facts.second_sample


def _rows(d: Derived) -> Iterator[tuple[StaffRow, DerivedFinding]]:
    for row in d.pack.staff:
        for seen in (*d.shown, *d.weak):
            if not seen.unknown and seen.substance not in d.want.byproducts and _fits(row, seen, d):
                yield row, seen


def _fits(row: StaffRow, seen: DerivedFinding, d: Derived) -> bool:
    named = seen.substance in row.substances or any(within(seen.drug_class, c) for c in row.classes)
    if not named or (row.band and seen.band.value not in row.band):
        return False
    if row.expected_instead and not any(within(c, e) for c in _expected_classes(d) for e in row.expected_instead):
        return False
    return not row.unexpected or seen.role in UNEXPECTED or d.facts.form in row.or_forms


def _expected_classes(d: Derived) -> set[str]:
    return {d.pack.substances[s].drug_class for s in d.want.substances} | set(d.want.classes)


def _tests(d: Derived) -> Iterator[tuple[str, str]]:
    """Repeats, confirmations and second looks that the states of the tests ask for."""
    for one in d.evidence.strips:
        cause = f"strip:{one.target}"
        if one.state in (State.REACTED, State.FAINT):
            yield f"confirm:{one.target}", cause
        if one.state is State.REACTED:
            yield f"second_strip:{one.target}", cause
            if one.strip is not None and (
                interferents(d.pack, d.facts, one.strip) or diluted_otherwise(d.pack, one.strip)
            ):
                yield f"repeat_strip_diluted_10x:{one.target}", cause
            if disputed(d, one.target) is not None:
                yield f"review_by_chemist:{one.target}", cause
        if one.state in (State.FAINT, State.INVALID, State.FAILED):
            yield f"repeat_strip:{one.target}", cause
        if one.state is State.TOO_LITTLE:
            yield "ask_for_more_sample:strip", cause
    for run in d.facts.scope:
        if not run.counts and run.method.casefold() != "strip":
            state = {"pending": "wait_for", "insufficient_sample": "ask_for_more_sample"}.get(
                run.status.value, "repeat_test"
            )
            yield f"{state}:{run.method}", f"test:{run.method}"
    if any(s.confidence is Confidence.INDICATED and s.always_warn for s in d.shown):
        yield "confirm_finding", "indicated"
    for target in d.named:
        if not d.evidence.looked(target) and d.evidence.state(target) is State.OUT_OF_SCOPE:
            yield f"send_to_laboratory:{target}", "out_of_scope"


def disputed(d: Derived, target: str) -> float | None:
    """The limit down to which a machine that sees this target did not see it, although a strip reacted; else None."""
    return d.evidence.could_see(target)


def _urgency(action: str) -> tuple[int, str]:
    order = ("tell_lead_now", "propose_alert", "hold_alert", "review_by_chemist")
    kind = action.partition(":")[0]
    return (order.index(kind) if kind in order else len(order), action)


def recalled_strips(pack: Pack, facts: Facts) -> Sequence[str]:
    """A reading from a recalled lot is told to staff. It never reassured anybody: no strip does."""
    bad = {(row.target, lot) for row in pack.strips if row.recalled for lot in row.lots}
    hit = {f"strip_lot_recalled:{s.lot}" for s in facts.strips if (s.target, s.lot) in bad}
    return sorted(hit)
