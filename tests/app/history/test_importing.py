"""An import is one transaction, the same again changes nothing, and it can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from app.care.counted.tables import TrendSample
from app.figures.history import service as history
from app.figures.trends import repository_snapshot as snapshot
from app.figures.trends import service as trends
from app.figures.trends.domain import Dimension
from app.figures.trends.schemas import TrendOut
from app.platform.audit import AuditEntry
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Conflict, Invalid
from harm_messages import load_pack

from .conftest import HEAD, ROW, Files, Made
from .test_reading import EXAMPLES

NEW = """
[[substances.add]]
id = "ethyl-4-anpp"
name = "Ethyl-4-ANPP"
class = "precursor"
"""
A, S, M = Dimension.AGENCY, Dimension.SITE, Dimension.MONTH
REGISTER = load_pack().substances


@pytest.fixture
def rows(world: Any) -> Callable[..., dict[tuple[str, ...], Any]]:
    """True figures, as `mast trends --unprotected` prints them."""

    def ask(measure: str, *by: Dimension) -> dict[tuple[str, ...], Any]:
        with world.runtime.db.begin() as uow:
            table = trends.unprotected_table(uow, trends.Question(measure, by), REGISTER)
        data = TrendOut.of(table).model_dump(mode="json")
        return {(*(row[d] for d in data["dimensions"]), row.get("figure", "")): row for row in data["rows"]}

    return ask


def test_medians_come_out_exactly_by_site_and_agency_and_month(
    take_in: Callable[..., Any], rows: Callable[..., Any], made: Made
) -> None:
    take_in(made.text)
    for by, at in (((S, A), (1, 0)), ((M,), (2,)), ((A,), (0,)), ((S, A, M), (1, 0, 2))):
        told = {key[:-1]: (row["n"], row["value"]) for key, row in rows("median_amount:fentanyl", *by).items()}
        assert told == made.medians(by=at)
    (whole,) = rows("median_amount:fentanyl").values()
    assert (whole["n"], whole["value"]) == made.medians(by=())[()]
    assert whole["low"] < whole["value"] < whole["high"]
    assert (whole["unit"], whole["basis"]) == ("percent_ww", "unknown")
    assert sum(row["n"] for row in rows("samples", A).values()) == 400


def test_the_same_files_again_change_nothing_and_a_corrected_row_changes_one_sample(
    take_in: Callable[..., Any], rows: Callable[..., Any], made: Made
) -> None:
    first = take_in(made.text)
    assert (first.new, first.changed, first.same) == (400, 0, 0)
    again = take_in(made.text)
    assert (again.row.id, again.already_there) == (first.row.id, True)
    added = take_in(made.text + "South,9999,2026-03-01,Market,,Down,,40\n")
    assert (added.new, added.changed, added.same) == (1, 0, 400)
    line = next(one for one in made.text.splitlines() if one.startswith("North") and one.endswith(",0"))
    corrected = take_in(made.text.replace(line, line[:-1] + "39.5"))
    assert (corrected.new, corrected.changed, corrected.same) == (0, 1, 399)
    (whole,) = rows("samples").values()
    assert whole["n"] == 401


def test_an_import_taken_back_brings_the_earlier_words_back(
    world: Any, take_in: Callable[..., Any], rows: Callable[..., Any]
) -> None:
    admin = world.actors[Role.ADMIN]
    first = take_in(HEAD + ROW)
    second = take_in(HEAD + ROW.replace("12.5", "20") + ROW.replace("0001", "0002"))
    by_site = {key[0]: row["value"] for key, row in rows("median_amount:fentanyl", S).items()}
    assert by_site == {"Harbour Street": 16.25}
    with world.runtime.db.begin(admin) as uow:
        history.undo(uow, second.row.id, "wrong extract", load_pack())
    (back,) = rows("median_amount:fentanyl").values()
    assert (back["n"], back["value"]) == (1, 12.5)
    with pytest.raises(Conflict), world.runtime.db.begin(admin) as uow:
        history.undo(uow, second.row.id, "again", load_pack())
    with pytest.raises(Invalid), world.runtime.db.begin(admin) as uow:
        history.undo(uow, first.row.id, " ", load_pack())
    with world.runtime.db.begin(admin) as uow:
        history.undo(uow, first.row.id, "all of it", load_pack())
    assert rows("median_amount:fentanyl") == {}
    with world.runtime.read() as session:
        told = [(e.verb, e.after.get("reason")) for e in session.exec(select(AuditEntry)) if e.object_type == "history"]
    assert told == [("import", None), ("import", None), ("undo", "wrong extract"), ("undo", "all of it")]


def test_one_wrong_row_and_nothing_is_imported(world: Any, take_in: Callable[..., Any]) -> None:
    with pytest.raises(Invalid, match="1 problem to fix"):
        take_in(HEAD + ROW + "North,0002,2026-02-30,Market,,Down,,1\n")
    with world.runtime.read() as session:
        assert not session.exec(select(TrendSample)).all()
        assert not history.imports(session, world.actors[Role.ADMIN])


@pytest.mark.long
def test_strips_against_infrared_in_british_columbia(
    world: Any, rows: Callable[..., Any], shared_data: Path, files: Files
) -> None:
    """BCCSU 2023 (MIT): 12,684 samples, sensitivity 62.8 %, specificity 99.7 %."""
    paths = sorted((shared_data / "history" / "bc_strips").glob("*.csv"))
    by_map = history.read_map(EXAMPLES / "bc_strips.toml")
    reading = history.read_history(paths, by_map, REGISTER, world.runtime.now().date())
    with world.runtime.db.begin(world.actors[Role.ADMIN]) as uow:
        history.import_history(uow, by_map, "map", reading, paths, load_pack())
    told = rows("method_agreement:opioid.fentanyl:strip:ftir")
    sensitivity, specificity = told["sensitivity",], told["specificity",]
    assert (sensitivity["n"], sensitivity["with_both"]) == (12_684, 12_682)
    assert (sensitivity["numerator"], sensitivity["denominator"]) == (3_829, 6_099)
    assert (round(sensitivity["value"], 3), round(specificity["value"], 3)) == (0.628, 0.997)
    with pytest.raises(Invalid, match="No sample was tested by a method “raman”"):
        rows("method_agreement:opioid.fentanyl:strip:raman")


def test_a_substance_an_import_brought_can_be_asked_for_and_one_nobody_has_cannot(
    files: Files, take_in: Callable[..., Any], rows: Callable[..., Any], world: Any
) -> None:
    files.map_text = files.map_text.replace('constant = "fentanyl"', 'constant = "Ethyl-4-ANPP"') + NEW
    take_in(HEAD + ROW)
    (whole,) = rows("median_amount:ethyl-4-anpp").values()
    assert (whole["n"], whole["value"]) == (1, 12.5)
    for name in ("ethyl-4-anpp", "nothing-of-the-kind"):  # one sample of it is not told of
        params = {"measure": f"median_amount:{name}", "by": "month"}
        answer = world.as_(Role.RESEARCHER).get("/api/v1/trends", params=params)
        assert (answer.status_code, answer.json()["rows"]) == (200, []), (
            "one sample begins no figures, whatever it holds"
        )
    with pytest.raises(Invalid, match="neither a substance nor a class"):
        rows("median_amount:nothing-of-the-kind")


def test_a_measured_0_counts_in_medians_and_is_not_found(
    take_in: Callable[..., Any], world: Any, rows: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The share found, the median with zeros, and what was found in a sample, by SQL and in memory."""
    said = ["0", "0", "0", "", "12", "30"]
    take_in(HEAD + "".join(ROW.replace("0001", f"{n}").replace("12.5", a) for n, a in enumerate(said)))
    for large in (snapshot.LARGE, 1):
        monkeypatch.setattr(snapshot, "LARGE", large)
        (median,) = rows("median_amount:fentanyl", S).values()
        assert (median["n"], median["value"], median["unit"]) == (5, 0, "percent_ww")
        with world.runtime.db.begin() as uow:
            asked = trends.Question("found", (S,), found="fentanyl")
            (share,) = TrendOut.of(trends.unprotected_table(uow, asked, REGISTER)).model_dump(mode="json")["rows"]
        assert (share["numerator"], share["denominator"]) == (2, 5)
        assert {key[0]: row["n"] for key, row in rows("samples", Dimension.FOUND).items()} == {"fentanyl": 2}
