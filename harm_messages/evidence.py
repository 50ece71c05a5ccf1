"""What each method did about each target: one state per method and target, which everything else reads.

"Not seen" is not "absent": a limit comes only from a method that looked, and only where one usual dose would stand
out above it. Strips and colour tests never look in that sense; they react or they do not. Imports this package only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from harm_messages.pack import Pack
from harm_messages.register import within
from harm_messages.types import (
    Abundance,
    Confidence,
    Facts,
    FindingFact,
    Form,
    RunStatus,
    ScopeFact,
    StripFact,
    StripReading,
)
from harm_messages.vocabulary import State, Technique

# SWGDRUG categories: A gives structure, B separates or measures, C and strips tell a class at most.
CATEGORY: dict[str, str] = {
    "ftir": "A", "raman": "A", "gc_ms": "A", "lc_ms": "A", "dart_ms": "A", "ambient_ms": "A", "qnmr": "A",
    "gc_fid": "B", "lc_uv": "B", "tlc": "B", "uv": "B", "gc_rt": "B", "lc_rt": "B",
    "strip": "strip", "reagent": "C", "visual": "C",
}  # fmt: skip
_TECHNIQUES = {
    "strip": Technique.STRIP, "reagent": Technique.COLOUR_TEST, "ftir": Technique.INFRARED, "raman": Technique.INFRARED,
    "visual": Technique.OTHER,
}  # fmt: skip
_STATUS = {
    RunStatus.PENDING: State.PENDING, RunStatus.INSUFFICIENT_SAMPLE: State.TOO_LITTLE, RunStatus.NOT_RUN: State.NOT_RUN,
    RunStatus.REPEAT: State.FAILED, RunStatus.CONTAMINATED: State.FAILED, RunStatus.INSTRUMENT_FAULT: State.FAILED,
}  # fmt: skip
_READ = {
    StripReading.POSITIVE: State.REACTED, StripReading.FAINT: State.FAINT, StripReading.NEGATIVE: State.NO_REACTION,
    StripReading.INVALID: State.INVALID,
}  # fmt: skip
_ORDER = {state: place for place, state in enumerate(State)}
_GOVERN = (State.REACTED, State.FAINT, State.NO_REACTION, State.PENDING, State.INVALID)
_GOVERNS = {s: i for i, s in enumerate((*_GOVERN, *(s for s in State if s not in _GOVERN)))}
# A part of one usual dose that a method must be able to see before it may say that it did not see any.
SHARE_OF_A_DOSE = 5
# By the definition of the rule a powder is dosed by 100 mg.
BY_WEIGHT = (Form.POWDER, Form.CRYSTAL, Form.ROCK)


def category(method: str) -> str:
    """The SWGDRUG category of a method; what is not known counts as C."""
    return CATEGORY.get(method.casefold(), "C")


def technique(method: str) -> Technique:
    """What the method is called to people."""
    known = _TECHNIQUES.get(method.casefold())
    return known or (Technique.LAB_MACHINE if category(method) in ("A", "B") else Technique.OTHER)


def as_tested(facts: Facts) -> Facts:
    """The facts with no finding firmer than its tests: what only a strip, a colour test or a look at it showed is known by
    its class at most, whatever was written beside it."""
    if not any(_too_firm(f) for f in facts.findings):
        return facts
    capped = (f.model_copy(update={"confidence": Confidence.CLASS_ONLY}) if _too_firm(f) else f for f in facts.findings)
    return facts.model_copy(update={"findings": tuple(capped)})


def _too_firm(finding: FindingFact) -> bool:
    quick = bool(finding.methods) and {m.casefold() for m in finding.methods} <= {"strip", "reagent", "visual"}
    return quick and finding.confidence.rank > Confidence.CLASS_ONLY.rank


@dataclass(frozen=True, slots=True)
class Tested:
    """One method and what it did about one target; `lod` (% w/w) only where it looked."""

    method: str
    technique: Technique
    target: str
    state: State
    lod: float | None = None
    strip: StripFact | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Every test of one sample, asked by target. A target is a register id or a class; what was asked once is kept."""

    pack: Pack
    facts: Facts
    _asked: dict[str, tuple[Tested, ...]] = field(default_factory=dict, repr=False, compare=False)

    # -- one target -----------------------------------------------------------------------------------

    def tests(self, target: str) -> tuple[Tested, ...]:
        """What every planned method did about this target, the most telling first."""
        if target not in self._asked:
            found = [*(t for t in self.strips if self._meets(target, t.target)), *self._machines(target)]
            self._asked[target] = tuple(sorted(found, key=lambda t: (_ORDER[t.state], t.lod or 0.0, t.method)))
        return self._asked[target]

    def state(self, target: str) -> State:
        """The state that decides: found, then reacted, then not seen … and not run where nobody looked at all."""
        each = self.tests(target)
        return each[0].state if each else State.NOT_RUN

    def looked(self, target: str) -> bool:
        """Whether a method that can see this target looked at it."""
        return any(t.state in (State.FOUND, State.NOT_SEEN) for t in self._machines(target))

    def could_see(self, target: str) -> float | None:
        """The lowest limit among the methods that ran and go low enough for the drugs of this class; None where there is
        none. For naming gaps and disputes only: every drug of the class with a sourced dose must be in scope, and at least
        half of them must have one. A negative about a class needs all of them (`not_seen`)."""
        register = self.pack.substances
        if target in register and not register.is_class(target):
            return self.limit(target)
        members = [row.id for row in register.members(target) if row.psychoactive]
        sourced = [m for m in members if m in self.pack.doses]
        if not sourced or 2 * len(sourced) < len(members):
            return None
        runs = [run for run in self.runs if run.counts and covers(run, None, target)]
        limits = [max(lods) for run in runs if (lods := self._in_scope_lods(run, sourced))]
        return min(limits, default=None)

    def _in_scope_lods(self, run: ScopeFact, substances: list[str]) -> list[float]:
        """The limits for all of these, or none where one is missing or too high."""
        lods = [self._lod(run, m) for m in substances]
        known = [lod for lod, m in zip(lods, substances, strict=True) if lod is not None and self.in_scope(m, lod)]
        return known if len(known) == len(substances) else []

    def limit(self, target: str) -> float | None:
        """The limit of the best method that looked; never the worst one for all."""
        limits = [t.lod for t in self._machines(target) if t.state is State.NOT_SEEN and t.lod is not None]
        return min(limits, default=None)

    def not_seen(self, target: str) -> bool:
        """The only way to a negative: a method looked, none saw it, and no strip reacted to it."""
        states = {t.state for t in self.tests(target)}
        return State.NOT_SEEN in states and states.isdisjoint((State.FOUND, State.REACTED, State.FAINT))

    def untested(self, target: str) -> bool:
        """Nothing that could have told about this target ran to an end."""
        done = (State.FOUND, State.NOT_SEEN, State.REACTED, State.FAINT, State.NO_REACTION)
        return not any(t.state in done for t in self.tests(target))

    def pending(self, target: str) -> bool:
        """A planned method that could see this target still runs."""
        return any(t.state is State.PENDING for t in self.tests(target))

    # -- all tests ------------------------------------------------------------------------------------

    @property
    def strips(self) -> tuple[Tested, ...]:
        """One entry per strip target: where one was read twice, what reacted governs, then what can be read."""
        best: dict[str, Tested] = {}
        for one in sorted(self._every_strip(), key=lambda t: (_GOVERNS[t.state], t.target)):
            best.setdefault(one.target, one)
        return tuple(best[key] for key in sorted(best))

    def _every_strip(self) -> Iterator[Tested]:
        for strip in self.facts.strips:
            yield Tested("strip", Technique.STRIP, strip.target, _READ[strip.reading], strip=strip)
        for run in self.facts.scope:
            if run.method.casefold() == "strip" and not run.counts:
                state = _STATUS.get(run.status, State.FAILED)
                for target in dict.fromkeys((*run.classes, *run.substances)):
                    yield Tested("strip", Technique.STRIP, target, state)

    @property
    def runs(self) -> tuple[ScopeFact, ...]:
        """Planned methods that can carry a name or a negative: no strips, colour tests or looking at it."""
        return tuple(s for s in self.facts.scope if category(s.method) in ("A", "B"))

    @property
    def pending_runs(self) -> tuple[ScopeFact, ...]:
        """Methods that still run."""
        return tuple(s for s in self.facts.scope if s.status is RunStatus.PENDING)

    def worked(self) -> list[str]:
        """The methods that gave something to read, by name."""
        strips = any(t.state in (State.REACTED, State.FAINT, State.NO_REACTION) for t in self.strips)
        ran = {s.method for s in self.facts.scope if s.counts and s.method.casefold() != "strip"}
        behind = {m for f in self.facts.findings if f.abundance is not Abundance.NOT_DETECTED for m in f.methods}
        return sorted(ran | (behind - {"strip"}) | ({"strip"} if strips else set()))

    # -- machines -------------------------------------------------------------------------------------

    def _machines(self, target: str) -> Iterator[Tested]:
        register = self.pack.substances
        substance = target if target in register and not register.is_class(target) else None
        drug_class = register[target].drug_class if substance is not None else target
        for run in self.runs:
            state, lod = self._run(run, substance, drug_class, target if target in register else None)
            yield Tested(run.method, technique(run.method), target, state, lod)

    def _run(
        self, run: ScopeFact, substance: str | None, drug_class: str, printed: str | None
    ) -> tuple[State, float | None]:
        """`printed`: whose limit is told; ghb is a class and a drug, and people name the drug."""
        if not covers(run, substance, drug_class) and not self._stated(run, substance):
            return State.OUT_OF_SCOPE, None
        if not run.counts:
            return _STATUS.get(run.status, State.FAILED), None
        if any(self._is(f, substance, drug_class) and _by(f, run) for f in self.facts.findings):
            return State.FOUND, None
        meant = self._members(substance, drug_class)
        lods = {m: lod for m in meant if (lod := self._lod(run, m)) is not None and self.in_scope(m, lod)}
        if not meant or len(lods) < len(meant) or not meant.isdisjoint(run.shown):
            return State.OUT_OF_SCOPE, None
        return State.NOT_SEEN, lods[printed] if printed in lods else max(lods.values())

    def _stated(self, run: ScopeFact, substance: str | None) -> bool:
        return self._stated_lod(run, substance) is not None

    def _stated_lod(self, run: ScopeFact, substance: str | None) -> float | None:
        """The limit that a finding "not detected" itself gives for this method."""
        limits = [
            f.lod
            for f in self.facts.findings
            if f.abundance is Abundance.NOT_DETECTED and substance is not None and f.substance == substance
            and f.lod is not None and run.method in f.methods
        ]  # fmt: skip
        return min(limits, default=None)

    def _lod(self, run: ScopeFact, substance: str | None) -> float | None:
        limits = [x for x in (run.lod_of(substance), self._stated_lod(run, substance)) if x is not None]
        return min(limits, default=None)

    def _members(self, substance: str | None, drug_class: str) -> set[str]:
        if substance is not None:
            return {substance}
        return {row.id for row in self.pack.substances.members(drug_class)}

    def _is(self, finding: FindingFact, substance: str | None, drug_class: str) -> bool:
        if finding.abundance is Abundance.NOT_DETECTED or finding.unidentified:
            return False
        if finding.substance is not None:
            own = self.pack.substances[finding.substance].drug_class
            return finding.substance == substance if substance is not None else within(own, drug_class)
        return substance is None and within(finding.drug_class or "", drug_class)

    def in_scope(self, substance: str, lod: float) -> bool:
        """Whether one usual dose of this, in one unit of this form, stands out far enough above the limit.

        A substance without a sourced dose, or a form whose unit nobody has weighed, is out of scope.
        """
        dose = self.pack.doses.get(substance)
        unit = 100.0 if self.facts.form in BY_WEIGHT else self._unit()
        return dose is not None and unit is not None and lod <= 100.0 * dose.usual_dose_mg / unit / SHARE_OF_A_DOSE

    def _unit(self) -> float | None:
        return self.facts.unit_mass_mg or self.pack.unit_masses.get(self.facts.form)

    def _meets(self, target: str, strip_target: str) -> bool:
        """Whether this strip speaks about the target: the class it belongs to, or the substance itself."""
        register = self.pack.substances
        own = register[target].drug_class if target in register and not register.is_class(target) else target
        if strip_target in register and not register.is_class(strip_target):
            return target == strip_target
        return within(own, strip_target)


def covers(run: ScopeFact, substance: str | None, drug_class: str) -> bool:
    """Whether this method can see the target at all, leaving its limit aside. A wider class than declared: no."""
    if any(within(drug_class, c) for c in run.excludes) or substance in run.excludes:
        return False
    if substance is None and any(within(c, drug_class) for c in run.excludes):
        return False
    return substance in run.substances or any(within(drug_class, c) for c in run.classes)


def _by(finding: FindingFact, run: ScopeFact) -> bool:
    return not finding.methods or run.method.casefold() in {m.casefold() for m in finding.methods}


def interferents(pack: Pack, facts: Facts, strip: StripFact) -> tuple[str, ...]:
    """Substances of this sample that are known to fool this strip, whatever their role in it."""
    here = {f.substance for f in facts.findings if f.substance and f.abundance is not Abundance.NOT_DETECTED}
    rows = [row for row in pack.strips if row.target == strip.target and (not row.lots or strip.lot in row.lots)]
    found = [
        one.substance
        for row in rows
        for one in row.interferents
        if one.substance in here and (not one.brand or one.brand.casefold() == strip.brand.casefold())
    ]
    return tuple(dict.fromkeys(found))


def diluted_otherwise(pack: Pack, strip: StripFact) -> bool:
    """Whether the strip was read at another dilution than the leaflet asks for."""
    wanted = {row.dilution for row in pack.strips if row.target == strip.target and row.dilution}
    return bool(strip.dilution and wanted and strip.dilution not in wanted)
