"""What stands beside a mass spectrum on the bench: for and against, bars with figures, a run in words, peaks of their own."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from app.laboratory.identification.answer import Answer, Level, Peak, PeakAnswer
from app.laboratory.identification.parts import Candidate, Component, InHouse, Probabilities, Residual, whole_percent
from app.laboratory.identification.runs import RunPeak, with_run
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Unavailable
from app.platform.plots import Plot
from app.results.bench import bench
from app.screens.bench.spectrum_view import CandidateRow, head_of, run_words, view_of
from spectra import MassSpectrum
from tests.support.small_files import MDMA, small_ms, small_run

from .conftest import Lab

HTML = {"Accept": "text/html"}
CAFFEINE = {194: 999.0, 109: 560.0, 55: 250.0, 67: 260.0, 82: 220.0, 193: 70.0}


def shown(answer: Answer, *, peak: Peak | None = None, candidates: tuple[Candidate, ...] = ()) -> Any:
    return SimpleNamespace(
        reading=SimpleNamespace(kind="mass_spectrum"), answer=answer, peak=peak, candidates=candidates
    )


def nothing() -> Plot:
    return {}


def test_probabilities_become_bars_with_names_and_the_chance_of_none_of_them():
    odds = Probabilities(
        probabilities=(("A", 0.7), ("B", 0.2), ("C", 0.001)), probability_names={"A": "Alpha", "B": "Beta"},
        p_not_in_library=0.1,
    )  # fmt: skip
    bars = view_of(shown(Answer(set=("A",), probability=odds)), nothing).probabilities
    assert [(b.name, b.words) for b in bars] == [
        ("Alpha", "70\u00a0%"),
        ("Beta", "20\u00a0%"),
        ("Not in this library", "10\u00a0%"),
    ]
    assert bars[0].notes == ("in the set",)


def test_a_mixture_is_headed_by_its_names_and_a_doubtful_one_says_so_first():
    parts = (Component("Cocaine", share=0.6), Component("Caffeine", share=0.4))

    def head(headline: str) -> tuple[str, str]:
        return head_of(Answer(headline=headline, components=parts, unexplained_fraction=0.01), mass=False)

    sure = ("Cocaine and Caffeine", "probable · 1\u00a0% unexplained")
    assert head("Consistent with a mixture of Cocaine and Caffeine.") == sure
    doubtful = "Possible mixture: Cocaine and Caffeine."
    assert head(doubtful) == (doubtful, "1\u00a0% unexplained")


@pytest.mark.parametrize(
    ("p", "words"), [(0.0, "under 1\u00a0%"), (1.0, "over 99\u00a0%"), (0.994, "over 99\u00a0%"), (0.5, "50\u00a0%")]
)
def test_no_probability_is_shown_as_certain(p: float, words: str):
    assert whole_percent(p) == words


def test_a_mixture_shows_shares_with_intervals_probability_and_what_would_fit_as_well():
    part = Component("Alpha", share=0.6, low=0.5, high=0.7, probability=0.9, not_distinguished=("Beta",))
    (bar,) = view_of(shown(Answer(components=(part,))), nothing).components
    assert bar.words == "60\u00a0% (50 to 70) of the signal"
    assert bar.notes == ("probability 90\u00a0%", "cannot be told from Beta")


def test_a_share_is_told_only_where_it_says_something_and_of_what_it_is() -> None:
    row = Candidate("Alpha", compound="a")

    def shares(level: Level, *parts: Component) -> tuple[str, str]:
        found = view_of(shown(Answer(level=level, components=parts), candidates=(row,)), nothing)
        return found.others[0].share, found.components[0].words

    part = Component("Alpha", compound="a", share=0.6, low=0.5, high=0.7)
    other = Component("Beta", compound="b", share=0.4, low=0.3, high=0.5)
    whole = Component("Alpha", compound="a", share=1.0, low=1.0, high=1.0)
    sharp = Component("Alpha", compound="a", share=0.6, low=0.599, high=0.601)
    assert shares(Level.CONSISTENT_WITH, sharp, other) == ("60\u00a0%", "60\u00a0% of the signal")
    assert shares(Level.CONSISTENT_WITH, part, other) == ("60\u00a0% (50–70)", "60\u00a0% (50 to 70) of the signal")
    assert shares(Level.NOTHING_ABOVE_LIMIT, part, other)[0] == "", "where nothing can be named"
    assert shares(Level.CONSISTENT_WITH, whole) == ("", "the only component")


def test_what_a_mixture_leaves_over_goes_up_and_what_is_too_much_goes_down():
    residual = Residual((58.0, 91.0, 135.0), (12.0, -4.0, 0.01), (1.0, 2.0, 3.0))
    plot = view_of(shown(Answer(residual=residual)), nothing).residual
    assert plot is not None
    assert (plot["query"]["mz"], plot["reference"]["mz"], plot["reference"]["intensity"]) == ([58.0], [91.0], [4.0])
    assert plot["absolute"] is True
    assert "m/z\u00a058 (12.0\u00a0%)" in plot["summary"]


def test_a_chosen_peak_shows_its_own_answer_and_nothing_of_the_highest_one():
    odds = Probabilities(probabilities=(("A", 1.0),))
    answer = Answer(headline="of peak 1", probability=odds, in_house=InHouse(supports=("A",)), set=("A",))
    peak = Peak(peak=2, headline="of peak 2", level=Level.RELATED, answer=PeakAnswer(("so",)))
    view = view_of(shown(answer, peak=peak), nothing)
    assert (view.answer.headline, view.answer.sentences, view.answer.set) == ("of peak 2", ("so",), ())
    assert view.probabilities == ()
    assert view.answer.in_house is None


def run_answer(*peaks: tuple[str, float, str, list[str]]) -> Answer:
    """The answer of a run: (level, area %, best candidate, what it cannot be told from) per peak."""
    found = []
    for number, (level, area, name, others) in enumerate(peaks, start=1):
        candidate = Candidate(substance=name, compound=name, ambiguous_with=tuple(others))
        spectrum = MassSpectrum([58.0], [1.0])
        found.append((RunPeak(number, 60.0 * number, area, spectrum), Answer(Level(level), candidates=(candidate,))))
    return with_run(found[0][1], found)


def test_a_run_in_words_adds_up_peaks_of_one_substance_and_counts_those_without_a_name():
    words = run_words(
        run_answer(
            ("consistent_with", 40.0, "Alpha", ["Delta"]),
            ("consistent_with", 20.4, "Alpha", ["Delta"]),
            ("class_only", 20.0, "Beta", ["Epsilon", "Zeta", "Eta"]),
            ("consistent_with", 0.4, "Theta", []),
            ("related", 19.2, "Gamma", []),
        )
    )
    assert words == (
        "5 peaks were compared. Consistent with, by share of the area: Alpha (or Delta) 60\u00a0%, "
        "Beta (or Epsilon, Zeta and 1 more) 20\u00a0%, Theta under 1\u00a0%. 1 not named."
    )


def test_points_that_are_gone_cost_the_comparison_and_not_the_page():
    def gone() -> Plot:
        raise Unavailable("The points of this reading are not on this disk.")

    alpha = Candidate(substance="Alpha")
    view = view_of(shown(Answer(), candidates=(alpha,)), gone)
    assert view.comparison is None
    assert view.others == (CandidateRow(0, alpha),)


def test_the_page_of_a_mass_spectrum_holds_everything_in_words(lab: Lab) -> None:
    sample_id = lab.sample()
    lab.upload(sample_id, small_ms("a", " ".join(f"{m} {h:.0f};" for m, h in MDMA.items())), "a.msp")
    text = lab.page(sample_id, tab="evidence")
    for words in ("Conflicting evidence", "Peaks compared", "in both", "Probability from this spectrum alone"):
        assert words in text, words
    assert "Save as in-house standard" in lab.page(sample_id, tab="file")


def test_the_page_of_a_run_lists_its_peaks_and_opens_one(lab: Lab) -> None:
    sample_id = lab.sample()
    lab.upload(sample_id, small_run([(340.0, MDMA), (385.0, CAFFEINE)]), "a.cdf")
    text = lab.page(sample_id)
    assert "2 peaks were compared" in text
    assert "5.67 min" in text
    assert "6.42 min" in text
    second = lab.page(sample_id, peak=2)
    assert "Peak 2 at" in second
    assert "Show the whole run" in second
    assert "peak=2&amp;compare=1" in second
    assert second.count("data-spectrum") == 2, "the run stays above, its peak opens below"


def test_all_named_peaks_of_a_run_become_findings_at_once_but_those_dismissed(lab: Lab) -> None:
    sample_id = lab.sample()
    lab.upload(sample_id, small_run([(340.0, MDMA), (385.0, CAFFEINE)]), "a.cdf")
    text, actor, register = lab.page(sample_id), lab.actor(Role.CHEMIST), lab.runtime.pack.substances
    keys = [one.key for one in lab.read(lambda s: bench(s, actor, sample_id, lab.runtime.now(), register).named)]
    assert len(keys) == 2
    assert "Add all 2" in text
    reading = re.search(r'use-parts"><input type="hidden" name="reading" value="([0-9a-f-]+)"', text)
    assert reading is not None
    form = {"key": keys[1], "reason": "wrong_match"}
    assert lab.post(sample_id, "named/dismiss", form).status_code == 303
    form = {"reading": reading[1], "version": lab.latest(sample_id).result.version}
    assert lab.post(sample_id, "use-parts", form).status_code == 303
    assert [f.entered.key for f in lab.latest(sample_id).findings] == keys[:1]
    assert "Add all" not in lab.page(sample_id)
