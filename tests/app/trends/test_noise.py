"""The noise on published figures: unbiased, of known variance, the same for a set wherever it stands."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chisquare

from app.figures.trends.protection.noise import REACH, VARIANCE, Draws, Stream, Strength, probabilities, summed

CASES = [(stream, count) for stream in Stream for count in (0, 1, 5, 1000)]


@pytest.mark.parametrize(("stream", "count"), CASES)
def test_noise_has_mean_nothing_and_its_variance_whatever_the_count(stream: Stream, count: int) -> None:
    """Eighty thousand sets of so many samples, by secrets nobody chose."""
    rng, n = np.random.default_rng(7), 80_000
    sums = rng.integers(2**63, size=n).astype(np.uint64)
    drawn = Draws(b"k" * 32).of_sets(sums, np.full(n, count), stream, Strength.RESEARCHER, f"test {count}")
    assert abs(drawn.mean()) < 4 * (VARIANCE[stream] / n) ** 0.5
    assert drawn.var() == pytest.approx(VARIANCE[stream], rel=0.03)
    assert np.abs(drawn).max() <= REACH[stream]
    expected = probabilities(stream) * n
    seen = np.bincount(drawn + REACH[stream], minlength=len(expected))
    often = expected >= 5
    ends = [seen[~often].sum()], [expected[~often].sum()]
    test = chisquare([*seen[often], *ends[0]], [*expected[often], *ends[1]])
    assert test.pvalue > 0.001


def test_a_set_has_one_noise_in_every_table_and_on_every_day() -> None:
    draws = Draws.of(b"pepper")
    keys = draws.record_keys(bytes([k] * 16) for k in range(40))
    everywhere = []
    for size, place in ((3, 0), (50, 17), (7, 6)):  # the same 40 samples as a cell of three tables
        sums, counts = summed(np.full(40, place), keys, size)
        everywhere.append(
            Draws.of(b"pepper").of_sets(sums, counts, Stream.FINDINGS, Strength.PUBLIC, f"table {size}")[place]
        )
    assert len(set(everywhere)) == 1


def test_one_sample_more_is_a_new_draw_and_so_is_another_secret() -> None:
    keys = Draws.of(b"pepper").record_keys(bytes([k] * 16) for k in range(200))
    cells = np.repeat(np.arange(100), 2)
    sums, counts = summed(cells, keys, 100)
    fewer, _ = summed(cells[:-100], keys[:-100], 100)
    one = Draws.of(b"pepper").of_sets(sums, counts, Stream.SAMPLES, Strength.RESEARCHER, "t")
    other = Draws.of(b"another").of_sets(sums, counts, Stream.SAMPLES, Strength.RESEARCHER, "t")
    less = Draws.of(b"pepper").of_sets(fewer, counts, Stream.SAMPLES, Strength.RESEARCHER, "t")
    assert (one[:50] == less[:50]).all()
    assert (one != other).sum() > 50
    assert (one[50:] != less[50:]).sum() > 25


def test_an_empty_cell_has_noise_by_where_it_stands() -> None:
    nothing = np.zeros(5000, np.uint64), np.zeros(5000, np.int64)
    draws = Draws.of(b"pepper")
    one, again, other = (
        draws.of_sets(*nothing, Stream.FINDINGS, Strength.RESEARCHER, name) for name in ("a", "a", "b")
    )
    assert (one == again).all()
    assert (one == 0).mean() < 0.25
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.05


def test_what_is_public_is_a_second_independent_draw() -> None:
    rng = np.random.default_rng(1)
    sums, counts = rng.integers(2**63, size=20_000).astype(np.uint64), np.ones(20_000, np.int64)
    draws = Draws.of(b"pepper")
    first, second = (draws.of_sets(sums, counts, Stream.SAMPLES, strength, "t") for strength in Strength)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03


def test_the_record_key_is_no_plain_hash_of_the_sample() -> None:
    one, other = (Draws.of(p).record_keys([b"x" * 16])[0] for p in (b"pepper", b"another"))
    assert one != other
