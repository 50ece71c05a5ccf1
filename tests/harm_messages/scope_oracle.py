"""Which method could see what, worked out from the facts alone: the oracle of the rules about evidence."""

from __future__ import annotations

from harm_messages import Facts, ScopeFact
from harm_messages.types import Abundance, Form, RunStatus
from tests.harm_messages.generated_pages import UNIT_MG, Made, class_of, under

MACHINES = ("FTIR", "Raman", "GC_MS", "LC_MS")


def looked(facts: Facts) -> list[ScopeFact]:
    """The machines that ran, passed and have a limit."""
    return [s for s in facts.scope if s.method in MACHINES and s.status is RunStatus.OK and s.qc_passed]


def sees(run: ScopeFact, substance: str) -> bool:
    own = class_of(substance)
    wide = "*" in run.classes or under(own, *run.classes) or substance in run.substances
    return wide and not under(own, *run.excludes) and substance not in run.excludes


def limit(run: ScopeFact, substance: str, facts: Facts) -> float | None:
    """The limit (%) of this method for this drug."""
    printed = dict(run.printed) if run.printed is not None else None
    own = [run.lod if printed is None or run.lod is None else printed.get(substance)]
    own += [
        f.lod
        for f in facts.findings
        if f.abundance is Abundance.NOT_DETECTED and f.substance == substance and run.method in f.methods
    ]
    return min((x for x in own if x is not None), default=None)


def low_enough(lod: float, substance: str, facts: Facts, usual: dict[str, float]) -> bool:
    """A fifth of the share that one usual amount has in one unit; powders are taken by 100 mg."""
    weighed = facts.form in (Form.POWDER, Form.CRYSTAL, Form.ROCK)
    unit = 100.0 if weighed else facts.unit_mass_mg or UNIT_MG.get(facts.form)
    return substance in usual and unit is not None and lod <= usual[substance] / unit * 100 / 5


def scopes(m: Made, substance: str) -> list[float]:
    """The limits of the methods that looked for this drug and go low enough."""
    usual = {s: row.usual_dose_mg for s, row in m.pack.doses.items()}
    runs = [(run, limit(run, substance, m.facts)) for run in looked(m.facts) if sees(run, substance)]
    return [
        x
        for run, x in runs
        if x is not None and low_enough(x, substance, m.facts, usual) and substance not in run.shown
    ]
