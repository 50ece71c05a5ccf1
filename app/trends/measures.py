"""The figures: each with its name, its formula in a sentence, and a version. Printed wherever a figure is.

A measure is asked for by its name, those about one thing with what they are about: `median_amount:fentanyl`,
`method_agreement:opioid.fentanyl:strip:ftir`.
"""

from __future__ import annotations

from dataclasses import replace

from app.platform.kernel.errors import Invalid
from app.trends.domain import Kind, Measure

_SAID = "Released samples of clients who agreed to aggregate figures and said what they expected."
_ALL = "Released samples of clients who agreed to aggregate figures, and samples of imported history."

MEASURES: dict[str, Measure] = {
    m.name: m
    for m in (
        Measure(
            "expected_found",
            "The expected substance was found",
            f"{_SAID} Numerator: at least one expected substance was found, whatever else was. Denominator: all of "
            "them, inconclusive results left out.",
            "the expected substance was found",
            frozenset({"as_expected", "expected_plus_inert", "expected_plus_active", "partly_as_expected"}),
        ),
        Measure(
            "not_as_expected",
            "The expected substance was not found",
            f"{_SAID} Numerator: none of the expected substances was found (something else was, or nothing above the "
            "method's limit). Denominator: all of them, inconclusive results left out.",
            "the expected substance was not found",
            frozenset({"not_as_expected", "nothing_detected"}),
        ),
        Measure(
            "other_active",
            "Another active drug besides the expected one",
            f"{_SAID} Numerator: the expected substance was found together with another psychoactive substance. "
            "Denominator: all of them, inconclusive results left out.",
            "another active drug was found besides it",
            frozenset({"expected_plus_active"}),
        ),
        Measure(
            "found",
            "A substance or class was found",
            "Released samples of clients who agreed to aggregate figures. Numerator: the chosen substance, or a member "
            "of the chosen class, was found. Denominator: all samples of the row whose result is not inconclusive. Not "
            "found is not absent: each method has a limit.",
        ),
        Measure("samples", "Samples", f"{_ALL} n: how many.", kind=Kind.COUNT),
        Measure(
            "median_amount",
            "Median amount of {0}",
            f"{_ALL} n: those in which the amount of {{0}} was measured. Value: the median of the amounts, in the unit "
            "and basis of the row, with the 95 % interval of order statistics (Conover 1999, section 3.2), which "
            "needs 6 samples. A blank is no measurement; what a 0 means is said by the map of an import.",
            kind=Kind.MEDIAN,
            asks=("substance",),
        ),
        Measure(
            "method_agreement",
            "{2} against {1}: {0}",
            f"{_ALL} n: those in which {{1}} or {{2}} looked for {{0}}; with_both: those in which both did. Sensitivity: "
            "of the samples in which {1} saw it, the share in which {2} saw it too. Specificity: of those in which {1} "
            "did not, the share in which {2} did not either. 95 % Wilson intervals. {1} is the yardstick, not the truth.",
            kind=Kind.AGREEMENT,
            asks=("substance or class", "method that is the yardstick", "method that is compared"),
        ),
    )
}


def measure_of(asked: str) -> Measure:
    """The measure somebody asks for, with what it is about. Raises Invalid."""
    name, *about = asked.split(":")
    measure = MEASURES.get(name)
    if measure is None:
        raise Invalid(f"There is no figure called “{name}”.", fields={"measure": "unknown"})
    if len(about) != len(measure.asks) or not all(about):
        form = ":".join([name, *(what.upper().replace(" ", "_") for what in measure.asks)])
        raise Invalid(f"“{asked}” is not complete: ask for {form}.", fields={"measure": "incomplete"})
    return replace(
        measure,
        title=measure.title.format(*about),
        definition=measure.definition.format(*about) if about else measure.definition,
        about=tuple(about),
    )
