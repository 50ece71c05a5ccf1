"""A historical sample as aggregates count it. Pure.

Whether what was expected was found is said only where the source looked at everything a broad method can see
(`complete`). A file of one analyte says nothing about the rest of the sample, so its verdict is inconclusive.
Nothing is said of the time to a result: a source writes dates, and a day that reads as 0 minutes would be false.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time

from app.care.counted.domain import NEVER_CLIENTS
from app.care.counted.service import FoundFact, ReleaseFact, Seen, TestFact
from app.figures.history.domain import HistoricalFinding, HistoricalSample
from app.laboratory.identification.domain import only_quick
from harm_messages import Abundance, Confidence, FindingFact, Outcome, Pack, Verdict, derive_role, derive_verdict

NAMESPACE = uuid.UUID("6b1f1e0e-6a6f-5d0c-9f55-0d3f4f6d1c7e")
"""Of the keys of historical samples: the same sample of the same source always has the same key here."""

METHOD_NOT_STATED = "not_stated"
_NARROW = frozenset({"strip", "reagent", "visual"})
"""Methods that see one class, or nothing by themselves."""


def sample_id_of(source: str, key: str) -> uuid.UUID:
    """The key of a source's sample in the fact tables."""
    return uuid.uuid5(NAMESPACE, f"{source}\n{key}")


def _present(sample: HistoricalSample) -> list[HistoricalFinding]:
    return [f for f in sample.findings if f.abundance != Abundance.NOT_DETECTED.value and f.amount != 0]


def _quick(f: HistoricalFinding) -> bool:
    """Whether only a strip or a colour test stands behind it: that reacted, and nothing was found."""
    return only_quick(m for m in f.method.split("; ") if m)


def _found(f: HistoricalFinding, role: str) -> FoundFact:
    return FoundFact(
        f.substance, f.drug_class, role, f.abundance, Confidence.INDICATED.value, f.amount, f.unit,
        f.basis if f.amount is not None else "", tuple(f.method.split("; ")) if f.method else (),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Counting:
    """What every sample of one import shares."""

    source: str
    import_id: uuid.UUID
    imported_at: datetime
    complete: bool
    agencies: Mapping[str, uuid.UUID | None]
    pack: Pack

    def fact(self, sample: HistoricalSample) -> ReleaseFact:
        """The sample as it is counted."""
        present = _present(sample)
        found = [f for f in present if not _quick(f)]
        seen = [self._finding(f) for f in found]
        register = self.pack.substances
        known = tuple(e for e in sample.expected if e in register or e in register.intents or register.is_class(e))
        roles = [derive_role(fact, seen, known, self.pack) for fact in seen]
        outcome = self._outcome(sample, anything=bool(present))
        expected, expected_class = self._expected(sample.expected)
        sure = self.complete and len(known) == len(sample.expected)
        verdict = derive_verdict(seen, known, outcome=outcome, pack=self.pack) if sure else Verdict.INCONCLUSIVE
        return ReleaseFact(
            sample_id=sample_id_of(self.source, sample.key),
            agency_id=self.agencies.get(sample.agency),
            agency=sample.agency,
            session_id=None,
            day=sample.received,
            released_at=datetime.combine(sample.completed, time(), UTC) if sample.completed else self.imported_at,
            region=sample.region[:60],
            site=sample.site[:120],
            service_type=sample.service_type,
            client=sample.submitter_type not in NEVER_CLIENTS,
            submitter_type=sample.submitter_type,
            form=sample.form,
            expected=expected,
            expected_class=expected_class,
            verdict=verdict.value,
            outcome=outcome.value,
            found=tuple(_found(f, role.value) for f, role in zip(found, roles, strict=True)),
            tests=self._tests(sample),
            import_id=self.import_id,
        )

    def _tests(self, sample: HistoricalSample) -> tuple[TestFact, ...]:
        """A measured 0 is no finding: it stands with the tests, with the unit and basis of the amount."""
        zeros = {f.substance: f for f in sample.findings if f.amount == 0}
        reacted = [f for f in _present(sample) if _quick(f)]
        said = [TestFact(m, f.substance, Seen.DETECTED) for f in reacted for m in f.method.split("; ")]
        tests = [*self._broad(sample), *said, *sample.tests]
        by_target = {test.target: test for test in tests if test.target in zeros}
        for name, f in zeros.items():
            before = by_target.get(name) or TestFact(f.method or METHOD_NOT_STATED, name, Seen.NOT_DETECTED)
            tests = [test for test in tests if (test.method, test.target) != (before.method, name)]
            tests.append(replace(before, seen=Seen.NOT_DETECTED, unit=f.unit, basis=f.basis))
        return tuple(dict.fromkeys(tests))

    def _broad(self, sample: HistoricalSample) -> list[TestFact]:
        """Where the findings are everything a broad method saw, those that found anything looked for all there is."""
        if not self.complete or not (sample.findings or sample.nothing_found):
            return []
        named = {method for f in sample.findings for method in f.method.split("; ") if method} - _NARROW
        named = named or {t.method for t in sample.tests if t.target == "*"} or {METHOD_NOT_STATED}
        return [TestFact(method, "*", Seen.LOOKED) for method in sorted(named)]

    def _finding(self, f: HistoricalFinding) -> FindingFact:
        registered = f.substance in self.pack.substances
        return FindingFact(
            substance=f.substance if registered else None,
            drug_class=None if registered else f.drug_class,
            abundance=Abundance(f.abundance),
            confidence=Confidence.INDICATED,
        )

    def _outcome(self, sample: HistoricalSample, *, anything: bool) -> Outcome:
        if anything:
            return Outcome.IDENTIFIED
        nothing = sample.nothing_found or (self.complete and bool(sample.findings))
        return Outcome.NOTHING_FOUND if nothing else Outcome.INCONCLUSIVE

    def _expected(self, named: tuple[str, ...]) -> tuple[str, str]:
        """The one thing a sample is counted under, and its class; several things count as a mixture."""
        if len(named) > 1:
            return "mixture", ""
        if not named:
            return "unknown", ""
        row = self.pack.substances.get(named[0])
        return named[0], row.drug_class if row else "" if named[0] in self.pack.substances.intents else named[0]
