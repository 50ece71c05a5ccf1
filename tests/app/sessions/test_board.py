"""The board: every sample in the column of its stage, who has it, and only what changed sent again."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlmodel import select

from app.platform.audit.tables import AuditEntry
from app.platform.kernel.actor import Role
from tests.app.conftest import World
from tests.support.road import ok
from tests.support.writes import Stage, sample_task

HTML = {"Accept": "text/html"}


@pytest.fixture
def stage(world: World) -> Stage:
    return Stage(world)


def board(stage: Stage, path: str = "", role: Role = Role.SESSION_LEAD) -> str:
    answer = stage.world.as_(role).get(f"/sessions/{stage.road.session_id}{path}", headers=HTML)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def lanes(page: str) -> dict[str, list[str]]:
    """Numbers by column."""
    parts = re.split(r'<div class="lane__rows" id="lane-(\w+)"', page)[1:]
    return {
        name: re.findall(r"<b>(\d{3})</b>", text.split("</div>")[0])
        for name, text in zip(parts[::2], parts[1::2], strict=True)
    }


def number(stage: Stage, sample: str) -> str:
    return f"{ok(stage.client('chemist').get(f'/api/v1/samples/{sample}'))['number']:03d}"


def test_each_sample_stands_in_the_column_of_its_stage_with_who_has_it(stage: Stage) -> None:
    road = stage.road
    received, begun = road.register(), road.register()
    road.draft(begun, [road.analysis(begun)])
    submitted = road.register()
    result, tag = road.draft(submitted, [road.analysis(submitted)])
    road.step("chemist", result, "submit", tag)
    verified, released = road.verified()[0], road.released()[0]
    page = board(stage)
    order = ("received", "analysis", "verification", "release", "ready")
    in_order = (received, begun, submitted, verified, released)
    assert lanes(page) == {lane: [number(stage, one)] for lane, one in zip(order, in_order, strict=True)}
    assert "In analysis, Chemist Own" in page
    assert "Verifier Own" in page.split('id="lane-release"')[1].split("</div>")[0]
    assert f'href="/bench/samples/{verified}"' in page
    assert f'href="/consultations/samples/{released}"' in page
    assert f'href="/samples/{verified}"' in board(stage, role=Role.RECEPTION)
    figures = page.split('<section id="board"')[1]
    assert "Turnaround of 1 result released in the last 2 hours." in figures


def test_only_columns_that_changed_are_sent_again(stage: Stage) -> None:
    first = stage.road.register()
    seen = re.search(r"/board\?seen=([\w-]+)", board(stage))[1]  # type: ignore[index]
    assert lanes(board(stage, f"/board?seen={seen}")) == {}
    stage.road.analysis(first)
    part = board(stage, f"/board?seen={seen}")
    assert lanes(part) == {"received": [], "analysis": [number(stage, first)]}
    assert part.count('hx-swap-oob="true"') == 2
    assert set(lanes(board(stage, "/board"))) == {"received", "analysis", "verification", "release", "ready"}


def close(stage: Stage, **fields: Any) -> Any:
    url = f"/sessions/{stage.road.session_id}/close"
    return stage.client("session_lead").post(url, data={"version": "1", **fields}, headers=HTML)


def test_a_session_with_something_open_closes_with_a_reason_and_leads_to_its_report(stage: Stage) -> None:
    waiting, verified = stage.road.register(), stage.road.verified()[0]
    form = board(stage, "/close")
    assert "Samples without a result" in form
    assert f'href="/bench/samples/{waiting}">{number(stage, waiting)}</a>' in form
    assert f'href="/bench/samples/{verified}">{number(stage, verified)}</a>' in form.split("Results to release")[1]
    refused = close(stage)
    assert (refused.status_code, "Choose why it closes with something open." in refused.text) == (422, True)
    assert "There is a problem" in refused.text
    done = close(stage, reason="later")
    assert done.headers["Location"] == f"/sessions/{stage.road.session_id}/close"
    after = board(stage, "/close")
    assert f'href="/sessions/{stage.road.session_id}/report"' in after
    assert "not given out yet" in after
    assert "Choose why" not in after
    with stage.world.runtime.read() as session:
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.verb == "close"))
    assert entry.reason == "The results follow after the session"


def test_open_tasks_are_told_before_a_session_closes_and_stay_on_its_board(stage: Stage) -> None:
    sample_task(stage)
    form = board(stage, "/close")
    assert re.search(rf'<dt>Tasks .*?href="/sessions/{stage.road.session_id}#tasks"', form, re.DOTALL)
    assert close(stage).status_code == 422
    assert close(stage, reason="later").status_code == 303
    assert "Tasks left open" in board(stage)


def test_a_session_with_nothing_open_closes_at_one_press(stage: Stage) -> None:
    assert "Nothing is open." in board(stage, "/close")
    assert close(stage, version="9").status_code == 412
    assert close(stage).status_code == 303
