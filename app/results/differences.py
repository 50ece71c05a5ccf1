"""What a verifier looks at first: what changed since the version before. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from app.results.finding import Amount, NewFinding
from app.results.words import ABUNDANCE_WORDS, CONFIDENCE_WORDS, amount_words
from harm_messages.vocabulary import Basis, Unit

Name = Callable[[NewFinding], str]


def changes(before: Sequence[NewFinding], after: Sequence[NewFinding], name: Name) -> list[str]:
    """Sentences, in the order of the new version; empty when the findings are the same."""
    old = {f.key: f for f in before}
    new = {f.key: f for f in after}
    out = []
    for key, finding in new.items():
        if key not in old:
            out.append(f"Added: {name(finding)}, {ABUNDANCE_WORDS[finding.abundance]}.")
        else:
            out += _of_one(old[key], finding, name(finding))
    out += [f"Removed: {name(finding)}." for key, finding in old.items() if key not in new]
    return out


def _of_one(a: NewFinding, b: NewFinding, name: str) -> Iterable[str]:
    if a.abundance is not b.abundance:
        yield f"{name}: {ABUNDANCE_WORDS[a.abundance]} → {ABUNDANCE_WORDS[b.abundance]}."
    if a.amount != b.amount:
        yield f"{name}: amount {_amount(a.amount)} → {_amount(b.amount)}."
    if a.confidence is not b.confidence:
        yield f"{name}: confidence set by hand {_hand(a)} → {_hand(b)}."
    if set(a.analysis_ids) != set(b.analysis_ids):
        yield f"{name}: stands on {len(b.analysis_ids)} instead of {len(a.analysis_ids)} analyses."
    if set(a.retention_ids) != set(b.retention_ids):
        counts = f"of {len(b.retention_ids)} instead of {len(a.retention_ids)} analyses"
        yield f"{name}: retention time compared with a standard {counts}."
    if a.below != b.below:
        yield f"{name}: limit of detection “{a.below or 'none'}” → “{b.below or 'none'}”."


def _amount(a: Amount | None) -> str:
    if a is None:
        return "none"
    return amount_words(a.value, a.low, a.high, a.k, Unit(a.unit), Basis(a.basis))


def _hand(f: NewFinding) -> str:
    return CONFIDENCE_WORDS[f.confidence] if f.confidence is not None else "(by rule)"
