"""J1–J4, J7: one compound read by EI and by infrared. EI alone, infrared alone, joint, and the joint rule with a part taken out.

Weighed by the product's own functions, so that what is measured is what is shipped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.accuracy import Row
from benchmarks.accuracy.sample_sets import Joint, draw, joints
from spectra.sample.conflict import figure
from spectra.sample.constants import OneCompound, shipped
from spectra.sample.one_compound import Weighed, set_of, single_of, weigh

LISTED = 0.01
"""Probability by EI from which a rival counts as one."""
FIRST = 0.114
"""The residual that said nothing in the first design, whatever the reading."""


@dataclass(frozen=True, eq=False)
class Judged:
    """One sample weighed: `first` name, whether it is given alone, and the set."""

    sample: Joint
    weighed: Weighed
    first: str
    single: bool
    set: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Whether the first name is the compound of the sample."""
        return self.first == self.sample.compound


Rule = Callable[[Joint], Judged]


def outside(sample: Joint) -> float:
    """EI's P(not in the library)."""
    q = sample.ei.p_not_in_library
    return min(max(1.0 if q is None or not sample.ei.compounds else q, 1e-6), 1 - 1e-6)


def joint(fit: OneCompound, known: Callable[[Joint], Mapping[str, float]] = lambda s: s.residuals) -> Rule:
    """The product's rule under these constants; `known`: what infrared says, {} for EI alone."""

    def judged(sample: Joint) -> Judged:
        weighed = weigh(dict(sample.ei.compounds), outside(sample), known(sample), fit)
        ranked = weighed.ranked
        chosen = set_of(ranked, fit.set_mass, fit.single)
        own = sample.ei.set[0] if len(sample.ei.set) == 1 else ""
        single = len(chosen) == 1 and single_of(weighed, outside(sample), fit, own, dict(sample.ei.compounds))
        return Judged(sample, weighed, ranked[0][0] if ranked else "", single, tuple(c for c, _ in chosen))

    return judged


def ei_alone(sample: Joint) -> Judged:
    """What EI says by itself."""
    weighed = weigh(dict(sample.ei.compounds), outside(sample), {}, shipped().one)
    said = sample.ei
    first = said.compounds[0][0] if said.compounds else ""
    single = len(said.set) == 1 and outside(sample) < 0.5
    return Judged(sample, weighed, first, single, said.set)


def infrared_alone(sample: Joint) -> Judged:
    """The reference that leaves least; one name where it leaves a third of the next."""
    rows = sorted(sample.residuals.items(), key=lambda row: row[1])
    weighed = weigh({}, 1.0, sample.residuals, shipped().one)
    single = len(rows) > 1 and rows[0][1] < rows[1][1] / 3
    return Judged(sample, weighed, rows[0][0] if rows else "", single, tuple(c for c, _ in rows[:1]))


def rules(fit: OneCompound) -> dict[str, Rule]:
    """The joint rule and its ablations."""

    def noisy(sample: Joint) -> Mapping[str, float]:
        return {c: x * (1.0 - sample.noise) + sample.noise for c, x in sample.residuals.items()}

    return {
        "joint": joint(fit),
        "EI alone": ei_alone,
        "infrared alone": infrared_alone,
        "joint with noise left in the residuals": joint(fit, noisy),
        "joint with a fixed reach": joint(replace(fit, reach=math.log(FIRST), second=0.0)),
        "joint, any reference below the reach confirms": joint(replace(fit, confirmed=1.0)),
        "joint, ratios at most e^3 either way": joint(replace(fit, most=3.0)),
    }


def rows(data: Path, on: str = "test", fit: OneCompound | None = None) -> list[Row]:
    """The figures of one side, every rule."""
    samples = joints(data, on)
    out = []
    for name, rule in rules(fit or shipped().one).items():
        said = [rule(s) for s in samples]
        out += _rows(name, said, bars=name == "joint")
    return [*out, *conflict_rows(samples, fit or shipped().one)]


def _rows(name: str, said: Sequence[Judged], bars: bool) -> list[Row]:
    whole = [j for j in said if not j.sample.entrapped]
    out = []
    for way, asked in (("nist", 0.88), ("cross", 0.91)):
        some = [j for j in whole if j.sample.way == way]
        single = [j for j in some if j.single]
        title = f"{name}, {way}"
        out.append(_share("J1", f"{title}: right first", [j.right for j in some], asked if bars else None))
        out.append(_share("J2", f"{title}: one name", [j.single for j in some], 0.68 if bars else None))
        out.append(_share("J2", f"{title}: and right", [j.right for j in single], 0.985 if bars else None))
    covered = [j.sample.compound in j.set for j in whole]
    out.append(_share("J2", f"{name}: truth in the set", covered, 0.95 if bars else None))
    size = float(np.mean([len(j.set) for j in whole]))
    out.append(
        Row("J2", f"{name}: mean size of a set", size, len(whole), 1.6 if bars else None, at_most=True, share=False)
    )
    return out + _strangers(name, said, bars) + _harm(name, whole, bars)


def _share(bar: str, what: str, hits: Sequence[bool], asked: float | None = None, at_most: bool = False) -> Row:
    return Row(bar, what, float(np.mean(hits)) if hits else 0.0, len(hits), asked, at_most, cross_validated=True)


def _strangers(name: str, said: Sequence[Judged], bars: bool) -> list[Row]:
    only = [j for j in said if j.sample.entrapped and j.sample.referenced]
    neither = [j for j in said if j.sample.entrapped and not j.sample.referenced]
    return [
        _share("J3", f"{name}, only in the infrared library: right first", [j.right for j in only]),
        _share(
            "J3",
            f"{name}, in neither library: one name claimed",
            [j.single for j in neither],
            0.12 if bars else None,
            True,
        ),
    ]


def _harm(name: str, whole: Sequence[Judged], bars: bool) -> list[Row]:
    """Right names of EI lost, and wrong ones mended, by what infrared knows."""
    out = []
    for what, group, asked in (
        ("infrared knows only a rival", [j for j in whole if not j.sample.referenced and rival(j.sample)], 0.20),
        ("infrared knows neither", [j for j in whole if not j.sample.referenced and not rival(j.sample)], 0.03),
        ("infrared knows it", [j for j in whole if j.sample.referenced], None),
    ):
        had = [j for j in group if ei_right(j.sample)]
        lacked = [j for j in group if not ei_right(j.sample)]
        out.append(
            _share("J4", f"{name}, {what}: right names lost", [not j.right for j in had], asked if bars else None, True)
        )
        out.append(_share("J4", f"{name}, {what}: wrong names mended", [j.right for j in lacked]))
    return out


def rival(sample: Joint) -> bool:
    """Whether infrared knows a rival of the compound."""
    return any(c in sample.residuals for c, p in sample.ei.compounds if p >= LISTED and c != sample.compound)


def ei_right(sample: Joint) -> bool:
    """Whether EI alone has it first."""
    return bool(sample.ei.compounds) and sample.ei.compounds[0][0] == sample.compound


def contradiction(sample: Joint, other: Joint, fit: OneCompound) -> float:
    """C of one sample's EI reading with another's infrared reading. The same sample: `other` is `sample`."""
    listed = dict(sample.ei.compounds)
    return figure(listed, weigh(listed, outside(sample), other.residuals, fit).ratio, outside(sample))


def pairs(samples: Sequence[Joint]) -> list[tuple[Joint, Joint]]:
    """Every sample with another compound's infrared reading at the same level; rivals are not among them."""
    plain = [s for s in samples if not s.entrapped]
    out = []
    for k, s in enumerate(plain):
        others = [
            o
            for o in plain
            if o.level == s.level and o.compound != s.compound and o.compound not in dict(s.ei.compounds)
        ]
        if others:
            out.append((s, others[int(draw("pair", s.compound, k) * len(others))]))
    return out


def conflict_rows(samples: Sequence[Joint], fit: OneCompound) -> list[Row]:
    """J7: how often two files of two compounds are asked about, and of one."""
    asked_at = shipped().conflict["asked_at"]
    plain = [s for s in samples if not s.entrapped]
    false = [contradiction(s, s, fit) >= asked_at for s in plain if s.referenced]
    both = [contradiction(s, o, fit) >= asked_at for s, o in pairs(samples) if s.referenced and o.referenced]
    some = [contradiction(s, o, fit) >= asked_at for s, o in pairs(samples) if s.referenced != o.referenced]
    return [
        _share("J7", "two files of one compound, with a reference: asked about", false),
        _share(
            "J7",
            "two files of one compound: asked about",
            [contradiction(s, s, fit) >= asked_at for s in plain],
            0.02,
            True,
        ),
        _share("J7", "files of two compounds, both with a reference: asked about", both, 0.75),
        _share("J7", "files of two compounds, one with a reference: asked about", some),
    ]
