"""What one list of findings changes against another, in sentences. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from app.results.finding import NewFinding
from app.results.words import ABUNDANCE_WORDS, CONFIDENCE_WORDS, amount_words


def changes(before: Sequence[NewFinding], after: Sequence[NewFinding], name: Callable[[NewFinding], str]) -> list[str]:
    """What a verifier looks at first, in the order of the new version; empty when the findings are the same."""
    old = {f.key: f for f in before}
    new = {f.key: f for f in after}
    out = []
    for key, finding in new.items():
        if key not in old:
            out.append(f"Added: {name(finding)}, {ABUNDANCE_WORDS[finding.abundance]}.")
        else:
            out += [f"{name(finding)}: {said}." for said in _of_one(old[key], finding)]
    return out + [f"Removed: {name(finding)}." for key, finding in old.items() if key not in new]


def _of_one(a: NewFinding, b: NewFinding) -> Iterator[str]:
    if a.abundance is not b.abundance:
        yield f"{ABUNDANCE_WORDS[a.abundance]} → {ABUNDANCE_WORDS[b.abundance]}"
    if a.amount != b.amount:
        yield f"amount {amount_words(a.amount) or 'none'} → {amount_words(b.amount) or 'none'}"
    if a.confidence is not b.confidence:
        hand = [CONFIDENCE_WORDS[f.confidence] if f.confidence else "(by rule)" for f in (a, b)]
        yield f"confidence set manually {hand[0]} → {hand[1]}"
    if set(a.analysis_ids) != set(b.analysis_ids):
        yield f"based on {len(b.analysis_ids)} instead of {len(a.analysis_ids)} analyses"
    if set(a.retention_ids) != set(b.retention_ids):
        counts = f"of {len(b.retention_ids)} instead of {len(a.retention_ids)} analyses"
        yield f"retention time compared with a standard {counts}"
    if a.below != b.below:
        yield f"limit of detection “{a.below or 'none'}” → “{b.below or 'none'}”"
