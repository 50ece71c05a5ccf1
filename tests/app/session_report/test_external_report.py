"""The version of a report that may be passed on: nothing in it tells of fewer than five samples."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from app.care.consultations.domain import Referral
from app.figures.session_report import contributors, counting, external_report
from app.figures.session_report.contributors import LEAST, Contributors
from app.figures.session_report.counting import (
    PARTS,
    Column,
    ExpectedRow,
    Flow,
    Report,
    Talks,
)
from app.figures.session_report.external_report import (
    PARTS_ARE_SMALL,
    listed,
    nested,
    protected_sheets,
    referred,
    shown,
)
from app.figures.session_report.sheets import Sheet, Withheld
from app.platform.audit import AuditEntry
from app.platform.kernel.actor import Role
from app.results.session_facts import Named
from harm_messages.vocabulary import FindingRole, Verdict
from tests.app.session_report.test_following import CLOSE, MANY, Evening, Key, Printed, differ, printed
from tests.app.session_report.test_session_report import BROWSER, EXPECTED, LEAD, Cells, read, released, table
from tests.support.road import CONSENTS, Road
from tests.support.writes import Stage

AT = datetime(2026, 6, 17, tzinfo=UTC)
COUNTS = st.integers(min_value=0, max_value=40)


def row_of(name: str, split: list[int]) -> ExpectedRow:
    return ExpectedRow(name, sum(split), dict(zip(Column, split, strict=True)))


def report_of(rows: list[ExpectedRow], released: int | None = None) -> Report:
    n = sum(r.samples for r in rows)
    return Report(
        Flow(n, 0, n, n if released is None else released, 0, 0, 600.0, 1200.0), tuple(rows), (),
        Talks(0, 0, None, 0, 0, (), 0, 0, (), 0.0), AT,
    )  # fmt: skip


def there_of(report: Report) -> Contributors:
    """The samples of these rows, column by column; those released are the first."""
    out: Contributors = {}
    for row in report.expected:
        names = iter([f"{row.expected} {n}" for n in range(row.samples)])
        for name, columns in PARTS.items():
            n = sum(row.columns[c] for c in columns)
            out[contributors.part(row.expected, name)] = dict.fromkeys(itertools.islice(names, n), "1")
        out[contributors.whole(row.expected)] = {f"{row.expected} {n}": "1" for n in range(row.samples)}
    every = [key for row in report.expected for key in out[contributors.whole(row.expected)]]
    f = report.flow
    for name, n in zip(contributors.FLOW, (f.received, f.analysed, f.released, f.told), strict=True):
        out[name] = dict.fromkeys(every[:n], "1")
    return out


def sheet(report: Report, title: str) -> Sheet:
    return next(s for s in protected_sheets(report, there_of(report), str) if s.title == title)


@given(st.lists(COUNTS, min_size=1, max_size=5).map(lambda c: sorted(c, reverse=True)))
@MANY
def test_numbers_that_contain_each_other_are_never_one_to_four_apart(counts: list[int]) -> None:
    cells = nested([(str(i), c) for i, c in enumerate(counts)])
    printed = [c for c, (_, cell) in zip(counts, cells, strict=True) if not isinstance(cell, Withheld)]
    for one, other in itertools.combinations(printed, 2):
        assert one == other or one - other >= LEAST


@given(COUNTS, COUNTS)
@MANY
def test_a_part_of_a_whole_goes_by_the_partner_rule(part: int, rest: int) -> None:
    cell = shown(part, part + rest)
    if isinstance(cell, Withheld):
        assert part + rest < 10 or 0 < part < LEAST or 0 < rest < LEAST
    else:
        assert cell % 5 == 0
        assert abs(cell - part) <= 2.5
        assert part not in range(1, LEAST)
        assert rest not in range(1, LEAST)


def evening_of(seed: int) -> Evening:
    """A session of few expectations, most of it released as expected: numbers that contain each other, nearly."""
    chance = random.Random(seed)
    evening = Evening(chance)
    for name in ("mdma", "cocaine", "ketamine")[: chance.choice((1, 1, 2, 2, 3))]:
        evening.come(chance.choice((8, 20, 33, 48)), name)
    eutylone, caffeine = (Named(one, FindingRole.SUBSTITUTE) for one in ("eutylone", "caffeine"))
    evening.release(len(evening.samples) * chance.choice((5, 6, 7)) // 10, Verdict.AS_EXPECTED)
    evening.release(chance.choice((0, 0, 6, 9, 14)), Verdict.NOT_AS_EXPECTED, (eutylone,))
    evening.release(
        chance.choice((0, 0, 2, 8)), Verdict.NOT_AS_EXPECTED, chance.choice(((caffeine,), (eutylone, caffeine)))
    )
    evening.release(chance.choice((0, 1, 3, 6)), Verdict.INCONCLUSIVE)
    evening.retract(chance.choice((0, 0, 1, 3)))
    for n in (chance.randrange(40), chance.choice((0, 0, 2, 6))):
        evening.talk(n)
    return evening


def near_each_other(evening: Evening, cells: Printed) -> Iterator[str]:
    """Pairs of printed numbers that tell of 1 to 4 samples."""
    numbers = [key for key, value in cells.items() if isinstance(value, int)]
    for one, other in itertools.combinations(numbers, 2):
        alike = one[0] == other[0] or (one[0] in CLOSE and other[0] in CLOSE)
        if alike and 0 < differ(evening.truth(one), evening.truth(other)) < LEAST:
            yield f"{one} {other}"


def near_a_sum(evening: Evening, cells: Printed) -> Iterator[str]:
    """Printed numbers, and differences of how far samples came, that a sum of parts and rows is near to, by trying all."""
    bit = {key: 1 << n for n, key in enumerate(evening.samples)}

    def of(key: Key) -> int:
        return sum(bit[sample] for sample in evening.truth(key))

    sums, held = {0}, 0
    for (title, row, column), value in cells.items():
        split = isinstance(cells.get((EXPECTED, row, "As expected")), int)
        if title == EXPECTED and isinstance(value, int) and (column == "Samples") is not split:
            sums |= {one | of((title, row, column)) for one in sums}
            held |= of((title, row, column))
    every = sum(bit.values())
    sums |= {one | (every & ~held) for one in sums}
    flow = [(key, of(key)) for key, value in cells.items() if key[0] == "Samples" and isinstance(value, int)]
    numbers = [*flow, *((key, of(key)) for key in cells if key[0] == "Found though not expected")]
    numbers += [(key, one ^ other) for (key, one), (_, other) in itertools.combinations(flow, 2)]
    for key, number in numbers:
        if any(0 < (number ^ one).bit_count() < LEAST for one in sums if flow):
            yield f"{key} is near a sum"


SEEDS = st.integers(min_value=0, max_value=10**9)


@given(SEEDS)
@MANY
def test_no_printed_number_no_two_and_no_sum_of_them_tells_of_a_few_samples(seed: int) -> None:
    evening = evening_of(seed)
    cells = printed(evening.tables())
    for key, value in cells.items():
        assert not isinstance(value, int) or key[0] == "Turnaround" or len(evening.truth(key)) not in range(1, LEAST)
        if key[0] == EXPECTED:
            assert (cells[EXPECTED, key[1], "As expected"] == PARTS_ARE_SMALL.why) is (
                value == PARTS_ARE_SMALL.why
            ) or (key[2] == "Samples"), "a row is split whole or not at all"
    assert list(near_each_other(evening, cells)) == []
    assert list(near_a_sum(evening, cells)) == []


def test_without_the_rules_they_would_and_with_them_rows_are_still_split(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the properties are worth: they see what each rule prevents, and the rules do not just hide everything."""
    evenings = [evening_of(seed) for seed in range(60)]
    told = [printed(evening.tables()) for evening in evenings]
    assert sum(isinstance(v, int) for cells in told for (title, _, c), v in cells.items() if c == "As expected") > 10
    assert sum(title == "Found though not expected" for cells in told for title, _, _ in cells) > 5
    monkeypatch.setattr(external_report, "near", lambda *_: False)
    assert sum(any(near_a_sum(e, printed(e.tables()))) for e in evenings) > 5
    assert any(any(near_each_other(e, printed(e.tables()))) for e in evenings)
    monkeypatch.setattr(external_report, "side_by_side", lambda names, _: list(names))
    pairs = [pair for e in evenings for pair in near_each_other(e, printed(e.tables()))]
    for title in ("What people plan to do", "Consultations, naloxone, referrals"):
        assert any(title in pair for pair in pairs)


def test_parts_are_not_printed_beside_a_number_released_that_is_near_their_sum() -> None:
    """Released 43 beside as expected 40 would tell of 3 that are inconclusive."""
    row = row_of("a", [40, 0, 0, 0, 0, 3, 5])
    beside = report_of([row], released=43)
    assert sheet(beside, EXPECTED).rows == (("a", 50, *[PARTS_ARE_SMALL] * 4),)
    assert [cell for _, cell in sheet(beside, "Samples").rows[:3]] == [50, 50, 45]
    assert sheet(report_of([row]), EXPECTED).rows == (("a", 50, 40, 0, 0, 10),)


def test_parts_of_two_rows_are_not_printed_beside_a_number_released_that_is_near_their_sum_only() -> None:
    rows = [row_of("a", [20, *[0] * 6]), row_of("b", [20, 0, 0, 0, 0, 0, 8])]
    split = [row[2] for row in sheet(report_of(rows, released=43), EXPECTED).rows]
    assert split == [PARTS_ARE_SMALL, 20], (
        "b says only how many; with a, its 20 would tell of 3 more that were released"
    )


def test_a_row_gives_way_where_its_parts_are_not_enough_and_the_number_released_stays() -> None:
    """All 50 of a were released and 2 of few others: 52 beside 50 would tell of them."""
    rows = [row_of("a", [50, *[0] * 6]), *(row_of(name, [4, *[0] * 6]) for name in "xyz"), row_of("c", [20, *[0] * 6])]
    there = there_of(report_of(rows, released=52))
    steps = external_report.steps_of(contributors.FLOW[:3], there)
    assert external_report.rows_beside({"c": False, "a": True}, steps, there) == {"c": False}


def test_places_sent_on_to_leave_no_few_talks_over() -> None:
    def sent(*numbers: int) -> list[bool]:
        talks = Talks(40, 40, None, 0, 0, (), 0, 0, tuple(zip(Referral, numbers, strict=False)), 0.0)
        return [isinstance(cell, Withheld) for cell in referred(talks).values()]

    assert sent(20, 10) == [False, False]
    assert sent(20, 18) == [False, True], "2 talks would be left over"
    assert sent(25, 15) == [False, False], "nobody is left over"


def test_without_the_rest_being_left_out_a_row_of_three_would_be_read_off() -> None:
    """What the complement is for: 40 + 3 of 43 would say 3."""
    rows = [row_of("a", [40, *[0] * 6]), row_of("b", [3, *[0] * 6])]
    assert listed(rows) == []
    rows.append(row_of("c", [9, *[0] * 6]))
    assert [r.expected for r in listed(rows)] == ["a"], "the next smallest goes with it: 12 are left out"


def test_waits_are_counted_from_received_to_released_and_those_of_few_samples_are_not_given() -> None:
    few, many = (Evening(random.Random(1)) for _ in range(2))
    for evening, n in ((few, 19), (many, 20)):
        evening.come(n, "mdma")
        evening.release(n, Verdict.AS_EXPECTED)
        assert not evening.tables()[1].rows if n < 20 else evening.tables()[1].rows
    waits = sorted(s.released_at - s.received_at for s in many.samples.values() if s.released_at)
    flow = counting.flow(list(many.samples.values()), many.results)
    assert (flow.wait_p50_s, flow.wait_p90_s) == (waits[9].total_seconds(), waits[17].total_seconds())


@pytest.fixture
def road(world: Any) -> Road:
    return Stage(world).road


def give_out(world: Any, road: Road) -> Any:
    """Asked for on the page."""
    return world.as_(LEAD).post(f"/sessions/{road.session_id}/report/issues", headers=BROWSER)


def closed(world: Any, road: Road) -> None:
    url = f"/sessions/{road.session_id}/close"
    version = world.as_(LEAD).get(f"/api/v1/sessions/{road.session_id}").json()["version"]
    assert world.as_(LEAD).post(url, data={"version": version, "reason": "later"}).status_code == 303


def passed_on(world: Any, road: Road) -> Cells:
    """The report of a session that is closed and given out."""
    closed(world, road)
    assert give_out(world, road).headers["Location"] == f"/sessions/{road.session_id}/report?version=pass-on"
    return read(world, road.session_id, version="pass-on")


def page_of(world: Any, road: Road) -> str:
    url = f"/sessions/{road.session_id}/report?version=pass-on"
    return str(world.as_(LEAD).get(url, headers=BROWSER).text)


def test_only_clients_who_agreed_to_figures_are_in_it_and_nothing_of_staff_or_custody(world: Any, road: Road) -> None:
    for _ in range(10):
        released(road, ["mdma"], "mdma")
    for _ in range(5):
        road.register(expected=["mdma"], consents={**CONSENTS, "aggregate_data": "no"})
    for _ in range(5):
        road.register(expected=["mdma"], submitter_type="partner_agency")
    own, others = read(world, road.session_id), passed_on(world, road)
    assert table(own, "Samples")["Received", "Samples"] == "20"
    assert table(others, "Samples")["Samples", "Samples"] == "10"
    assert table(others, EXPECTED)["MDMA", "As expected"] == "10"
    titles = {title for title, _, _ in others}
    assert not titles & {"Staff on duty", "Custody balance", "Gaps in the ledgers", "Batches on hold"}
    page = page_of(world, road)
    assert "Small numbers are protected" in page
    assert "true counts" not in page
    assert world.as_(Role.POLICE).get(f"/sessions/{road.session_id}/report?version=pass-on").status_code == 403
    assert world.as_(Role.POLICE).post(f"/sessions/{road.session_id}/report/issues").status_code == 403


def test_four_samples_say_nothing_at_all(world: Any, road: Road) -> None:
    for _ in range(4):
        released(road, ["mdma"], "eutylone")
    others = passed_on(world, road)
    numbers = {value for (title, _, _), value in others.items() if title != "Session"}
    assert numbers == {"hidden: too few"}


def test_there_is_none_to_pass_on_until_the_session_is_closed_and_somebody_gives_it_out(world: Any, road: Road) -> None:
    for _ in range(9):
        released(road, ["mdma"], "mdma")
    road.register(expected=["mdma"])
    refused = give_out(world, road)
    assert refused.status_code == 409
    assert "This session is still open" in refused.text
    assert "Give out report" not in refused.text
    closed(world, road)
    page = page_of(world, road)
    assert "1 of the samples it would count has no released result" in page
    assert "Give out report" in page
    assert "report__part" not in page, "no figure of it is read before it is given out"
    csv = world.as_(LEAD).get(f"/sessions/{road.session_id}/report.csv?version=pass-on")
    assert csv.status_code == 409
    assert "has not been given out yet" in csv.json()["detail"]


def test_what_was_given_out_stays_as_it_is_and_a_few_late_results_do_not_follow(world: Any, road: Road) -> None:
    for _ in range(20):
        released(road, ["mdma"], "mdma")
    late = [road.register(expected=["mdma"]) for _ in range(8)]
    first = passed_on(world, road)
    assert table(first, "Samples")["Released", "Samples"] == "20"
    assert first["Session", "Issue", ""] == "1; later results are not in it"
    assert give_out(world, road).status_code == 303, "nothing reads otherwise: it is the one there is"
    for sample in late[:3]:
        _release(road, sample)
    assert table(read(world, road.session_id), "Samples")["Released", "Samples"] == "23"
    refused = give_out(world, road)
    assert refused.status_code == 409
    assert "fewer than 5 samples from what was given out" in refused.text
    assert "Issue 1 stays the one to pass on." in refused.text
    assert read(world, road.session_id, version="pass-on") == first
    for sample in late[3:]:
        _release(road, sample)
    assert give_out(world, road).status_code == 303
    second = read(world, road.session_id, version="pass-on")
    assert table(second, "Samples")["Released", "Samples"] == "30"
    assert second["Session", "Issue", ""] == "2; later results are not in it"
    with world.runtime.read() as session:
        rows = session.exec(select(AuditEntry).where(AuditEntry.object_type == "session_report")).all()
    assert [(e.verb, e.after, e.session_id) for e in rows] == [
        ("give_out", {"number": n}, road.session_id) for n in (1, 2)
    ]


def _release(road: Road, sample: str) -> None:
    """As a laboratory does days later."""
    result, etag = road.draft(sample, [road.analysis(sample, method="gc_ms")])
    etag = road.finish(result, etag)
