"""What a finding is to what was expected: the role, and the closure over the intent.

Pure decisions next to their truth table (`ROLES`). Imports this package only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from harm_messages.loading import load_pack
from harm_messages.pack import Pack
from harm_messages.register import within
from harm_messages.types import Abundance, Confidence, FindingFact, FindingRole, UnknownSubstance


@dataclass(frozen=True, slots=True)
class Expectation:
    """Everything that was said the sample is, closed over by-products and equals."""

    stated: bool
    ids: tuple[str, ...]
    substances: frozenset[str]
    classes: frozenset[str]
    byproducts: frozenset[str]

    def covers(self, substance: str | None, drug_class: str) -> bool:
        """The thing itself, one as good, or a class that was named or to which it belongs."""
        return substance in self.substances or any(within(drug_class, c) for c in self.classes)


def expectation(expected: Iterable[str], pack: Pack) -> Expectation:
    """Unknown words raise: read as "not expected" they would accuse, read as nothing they would reassure."""
    substances: set[str] = set()
    classes: set[str] = set()
    stated: list[str] = []
    for one in expected:
        intent = pack.substances.intents.get(one)
        if intent is not None:
            substances.update(intent.covers)
        elif one in pack.substances:
            substances.add(one)
        elif pack.substances.is_class(one):
            classes.add(one)
        else:
            raise UnknownSubstance(one)
        if intent is None or not intent.vague:
            stated.append(one)
    said = tuple(stated)
    closed = [c for c in pack.closures if c.expected in substances]
    same = {s for c in closed for s in c.same}
    return Expectation(
        stated=bool(said),
        ids=said,
        substances=frozenset(substances | same),
        classes=frozenset(classes),
        byproducts=frozenset(b for c in closed for b in c.byproducts) - substances - same,
    )


def expected_targets(expected: Iterable[str], pack: Pack) -> tuple[str, ...]:
    """What the tests have to see: the substances and classes named; of an intent such as tusi what it covers."""
    found: list[str] = []
    for one in expected:
        intent = pack.substances.intents.get(one)
        found += intent.covers if intent is not None else (one,)
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class RoleCase:
    """The eight answers a role depends on."""

    covered: bool
    may_be_expected: bool
    closure_byproduct: bool
    excipient: bool
    cutting: bool
    stated: bool
    made_with: bool
    expected_found: bool


# The first line that holds decides.
ROLES: tuple[tuple[str, Callable[[RoleCase], bool], FindingRole], ...] = (
    ("named by the client, or as good as it", lambda c: c.stated and c.covered, FindingRole.EXPECTED),
    ("comes with what was named", lambda c: c.stated and c.closure_byproduct, FindingRole.BYPRODUCT),
    ("may be what was named: not decided", lambda c: c.stated and c.may_be_expected, FindingRole.UNSTATED),
    ("holds the form together", lambda c: c.excipient, FindingRole.EXCIPIENT),
    ("adds weight", lambda c: c.cutting, FindingRole.CUTTING),
    ("nobody said what it should be", lambda c: not c.stated, FindingRole.UNSTATED),
    ("left over from making, no effect of its own", lambda c: c.made_with, FindingRole.BYPRODUCT),
    ("beside what was named", lambda c: c.expected_found, FindingRole.ADULTERANT),
    ("in place of what was named", lambda c: True, FindingRole.SUBSTITUTE),
)


def decide_role(case: RoleCase) -> FindingRole:
    """The first line of ROLES that holds."""
    return next(role for _, holds, role in ROLES if holds(case))


def finding_class(finding: FindingFact, pack: Pack) -> str:
    """The class of a finding; "" for an unidentified one. Unknown ids raise."""
    if finding.substance is not None:
        return pack.substances[finding.substance].drug_class
    if finding.drug_class is not None:
        if not pack.substances.is_class(finding.drug_class):
            raise UnknownSubstance(finding.drug_class)
        return finding.drug_class
    return ""


def _covered(finding: FindingFact, want: Expectation, pack: Pack) -> bool:
    drug_class = finding_class(finding, pack)
    if finding.substance is not None:
        return want.covers(finding.substance, drug_class)
    if not drug_class:
        return False
    members = [pack.substances[s].drug_class for s in want.substances]
    return want.covers(None, drug_class) or any(within(m, drug_class) for m in members)


def may_be_expected(finding: FindingFact, want: Expectation, pack: Pack) -> bool:
    """Whether something the method cannot tell from this finding was named."""
    rows = [pack.substances[one] for one in finding.look_alikes if one in pack.substances]
    return want.stated and any(want.covers(row.id, row.drug_class) for row in rows)


def undecided(finding: FindingFact, want: Expectation, pack: Pack) -> bool:
    """Whether one name this finding could have was expected, and another was not."""
    if not want.stated or not counts_as_found(finding):
        return False
    if not _covered(finding, want, pack):
        return may_be_expected(finding, want, pack)
    return any(
        one not in pack.substances or not want.covers(one, pack.substances[one].drug_class)
        for one in finding.look_alikes
    )


def counts_as_found(finding: FindingFact) -> bool:
    """Strong enough to answer "is it there": indicated or better, or a class-level test."""
    return finding.abundance is not Abundance.NOT_DETECTED and finding.confidence is not Confidence.TENTATIVE


def expected_found(findings: Iterable[FindingFact], want: Expectation, pack: Pack) -> bool:
    """Whether anything that was named is there."""
    return want.stated and any(counts_as_found(f) and _covered(f, want, pack) for f in findings)


def expected_possible(findings: Iterable[FindingFact], want: Expectation, pack: Pack) -> bool:
    """Whether anything that was named is there or cannot be told from what is: nothing stands in its place."""
    present = [f for f in findings if counts_as_found(f)]
    return expected_found(present, want, pack) or any(may_be_expected(f, want, pack) for f in present)


def role_of(finding: FindingFact, any_expected: bool, want: Expectation, pack: Pack) -> FindingRole:
    """The role, once it is known whether anything expected was, or may have been, found."""
    row = pack.substances[finding.substance] if finding.substance is not None else None
    drug_class = finding_class(finding, pack)
    return decide_role(
        RoleCase(
            covered=_covered(finding, want, pack),
            may_be_expected=may_be_expected(finding, want, pack),
            closure_byproduct=finding.substance in want.byproducts,
            excipient=row is not None and row.excipient,
            cutting=row.cutting if row is not None else drug_class.startswith("cut."),
            stated=want.stated,
            made_with=row is not None and row.by_nature_byproduct and not row.psychoactive,
            expected_found=any_expected,
        )
    )


def derive_role(
    finding: FindingFact, findings: Iterable[FindingFact], expected: Iterable[str], pack: Pack | None = None
) -> FindingRole:
    """The role of one finding among all of them, against what was expected."""
    used = pack or load_pack()
    want = expectation(expected, used)
    return role_of(finding, expected_possible(findings, want, used), want, used)
