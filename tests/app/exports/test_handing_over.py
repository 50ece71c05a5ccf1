"""`mast samples export`: the operator's own samples as CSV, Parquet and in the columns of a list; audited."""

from __future__ import annotations

import csv
import hashlib
import json
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlmodel import select

from app.care.counted import service as counted
from app.care.counted.tables import TrendFinding, TrendSample
from app.cli import main
from app.figures.exports.own import FINDING_FIELDS, SAMPLE_FIELDS, SHIPPED, code_of, read_columns
from app.intake.samples.tables import Sample
from app.platform.audit.tables import AuditEntry
from app.platform.kernel.errors import Invalid
from tests.app.conftest import PEPPER
from tests.app.exports.conftest import Projects

AGENCY = "North East Drug Checking"


@pytest.fixture
def out(projects: Projects, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("MAST_DATABASE_URL", projects.world.runtime.settings.database_url)
    monkeypatch.setenv("MAST_SECRET", PEPPER)
    return tmp_path / "samples.csv"


def export(out: Path, *more: str, agency: str = AGENCY, code: int = 0) -> Result:
    arguments = ["samples", "export", "--agency", agency, "--out", str(out), *more]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_counted_sample_of_the_agency_is_in_it_and_the_audit_log_says_so(projects: Projects, out: Path) -> None:
    keys = projects.figures.add(3, found=(("mdma", "entactogen"), ("caffeine", "stimulant.other")))
    projects.figures.add(1, found=())
    projects.figures.add(2, agency=projects.world.other_agency_id)
    projects.figures.add(2, group="other")
    data = json.loads(export(out, "--json").stdout)
    rows = lines(out)
    assert (data["samples"], data["lines"], len(rows)) == (4, 7, 7)
    assert tuple(rows[0]) == (*SAMPLE_FIELDS, *FINDING_FIELDS)
    assert {row["code"] for row in rows} >= {code_of(key) for key in keys}
    assert data["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    with projects.world.runtime.read() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.verb == "export_unprotected")).one()
    assert (entry.agency_id, entry.actor_id) == (str(projects.world.agency_id), "operator")
    assert entry.after is not None
    assert entry.after["sha256"] == data["sha256"]
    assert entry.after["samples"] == 4


def test_neither_key_nor_number_nor_words_of_a_sample_are_in_it_and_no_formula(projects: Projects, out: Path) -> None:
    (key,) = projects.figures.add(1, site="=HYPERLINK(1)")
    with projects.world.runtime.db.begin() as uow:
        change = {"words_spoken": "Mandy from Sue", "sold_as": "Sue's best", "staff_note": "tall man", "number": 98765}
        uow.session.connection().execute(sa.update(Sample).where(Sample.id == key).values(**change))
    export(out)
    text = out.read_text()
    for word in ("Sue", "tall man", "98765", str(key), key.hex):
        assert word not in text
    assert lines(out)[0]["site"] == "'=HYPERLINK(1)"


def test_a_withdrawn_sample_is_not_in_it_and_imported_history_is(projects: Projects, out: Path) -> None:
    gone, stays = projects.figures.add(2)
    with projects.world.runtime.db.begin() as uow:
        counted.forget_many(uow, [gone])
        imported = uuid.uuid4()
        row = uow.session.exec(select(TrendSample).where(TrendSample.sample_id == stays)).one().model_dump()
        row |= {"sample_id": imported, "own_sample_id": None, "month": "2019-03", "year": "2019"}
        uow.session.connection().execute(sa.insert(TrendSample), [row])
    export(out)
    assert {row["code"] for row in lines(out)} == {code_of(stays), code_of(imported)}
    second = out.with_name("months.csv")
    export(second, "--from", "2026-01", "--to", "2026-12")
    assert {row["code"] for row in lines(second)} == {code_of(stays)}


def test_tedi_has_one_line_per_sample_with_the_most_abundant_first_in_the_words_of_the_list(
    projects: Projects, out: Path
) -> None:
    many = tuple((f"substance-{n}", "stimulant.other") for n in range(8))
    (key,) = projects.figures.add(1, found=(("caffeine", "stimulant.other"), ("mdma", "entactogen")), form="tablet")
    projects.figures.add(1, found=many)
    with projects.world.runtime.db.begin() as uow:
        connection = uow.session.connection()
        connection.execute(sa.update(Sample).where(Sample.id == key).values(colours=["pink", "white"], logo="heart"))
        ours = TrendFinding.sample_id == key
        connection.execute(
            sa.update(TrendFinding).where(ours, TrendFinding.found == "caffeine").values(abundance="trace")
        )
        amount = {"amount": 120.5, "unit": "mg_per_unit", "basis": "hydrochloride"}
        connection.execute(sa.update(TrendFinding).where(ours, TrendFinding.found == "mdma").values(**amount))
    told = export(out, "--format", "tedi", "--country", "GB").stdout
    assert "unconfirmed" in told
    assert "That form is not public" in told
    rows = {row["sample_code"]: row for row in lines(out)}
    row = rows[code_of(key)]
    expected = {
        "country": "GB", "organisation": "", "form": "pill", "colour": "pink; white", "logo": "heart", "semester": "1",
        "setting": "on-site at an event", "acquired_as": "MDMA", "substance_1": "MDMA", "substance_1_amount": "120.5",
        "substance_1_unit": "mg/unit", "substance_1_basis": "hydrochloride", "substance_2": "Caffeine",
        "substance_2_amount": "", "substance_3": "", "city": "",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert len(rows) == 2
    assert "substance_8" in row, "a sample with eight substances loses none"


def test_what_cannot_be_is_said_and_no_file_and_no_line_in_the_audit_log_is_left(projects: Projects, out: Path) -> None:
    projects.figures.add(1)
    for more, agency, code, says in (
        ((), "Nobody", 1, "There is no agency “Nobody” here"),
        (("--from", "May"), AGENCY, 1, "2026-01"),
        (("--from", "2026-05", "--to", "2026-01"), AGENCY, 1, "the first one first"),
        (("--columns", str(SHIPPED)), AGENCY, 2, "--format tedi"),
    ):
        assert says in export(out, *more, agency=agency, code=code).stderr
        assert list(out.parent.glob("samples.csv*")) == []
    export(out.parent / "nowhere" / "a.csv", code=1)
    out.write_text("mine")
    assert "is there already" in export(out, code=2).stderr
    assert out.read_text() == "mine"
    with projects.world.runtime.read() as session:
        assert session.exec(select(AuditEntry).where(AuditEntry.verb == "export_unprotected")).all() == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("title = ", "not TOML"),
        ("title = 'a'", "names no column"),
        ("[[column]]\nname='a'\nfrom='ticket'\n", "no field of a sample"),
        ("[[column]]\nname='a'\nfrom='amount'\nrepeat=true\n", "with {n} in it"),
        ("[[column]]\nname='a'\nfrom='code'\n[[column]]\nname='a'\nfrom='day'\n", "twice"),
    ],
)
def test_a_list_that_is_wrong_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "list.toml"
    path.write_text(text)
    with pytest.raises(Invalid, match=says):
        read_columns(path)


def test_the_list_that_came_with_mast_says_that_nobody_confirmed_it_and_where_it_is_from() -> None:
    import tomllib

    data = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    assert data["status"] == "unconfirmed"
    assert all(source["address"].startswith("https://") for source in data["source"])
    assert len(read_columns().wanted) > 20
