"""The example's history: the same on every machine, read without a complaint, with the stories it is there to tell."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from app.figures.history import service as history
from app.operations import demo_history
from app.platform.kernel.actor import Role
from harm_messages import load_pack

TODAY = date(2026, 11, 26)


def test_it_is_made_the_same_again_and_imports_by_its_map_alone(tmp_path: Path, world: Any, clock: Any) -> None:
    clock.set(datetime(2026, 11, 26, 12, tzinfo=UTC))
    once, again = (demo_history.write(tmp_path / name, TODAY) for name in ("once", "again"))
    assert [p.read_bytes() for p in once] == [p.read_bytes() for p in again]
    by_map = history.read_map(tmp_path / "once" / demo_history.MAP)
    reading = history.read_history(once, by_map, load_pack().substances, TODAY)
    assert not reading.errors
    assert len(reading.samples) == demo_history.SAMPLES
    received = [s.received for s in reading.samples if s.received]
    assert (min(received).strftime("%Y-%m"), max(received).strftime("%Y-%m")) == ("2024-11", "2026-10")
    assert len({(s.agency, s.site) for s in reading.samples}) == 6  # one site under two names, one name at two agencies
    assert "example" in by_map.source.name

    def share(found: str, expected: str, since: date, until: date) -> float:
        of = [s for s in reading.samples if s.expected == (expected,) and s.received and since <= s.received < until]
        return sum(any(f.substance == found for f in s.findings) for s in of) / len(of)

    assert share("protonitazene", "heroin", date(2024, 11, 1), date(2026, 3, 1)) == 0
    assert share("protonitazene", "heroin", date(2026, 8, 1), date(2026, 11, 1)) > 0.25
    assert share("phenacetin", "cocaine", date(2024, 11, 1), date(2025, 5, 1)) > 0.25
    assert share("phenacetin", "cocaine", date(2026, 5, 1), date(2026, 11, 1)) < 0.18
    assert 5 < sum(s.form == "blotter" for s in reading.samples) < 30
    with world.runtime.db.begin(world.actors[Role.ADMIN]) as uow:
        assert demo_history.take_in(uow, tmp_path / "once", load_pack()) == demo_history.SAMPLES
