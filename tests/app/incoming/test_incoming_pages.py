"""The page where files wait for their sample; it works without a script."""

from __future__ import annotations

import re
from typing import Any

from app.platform.kernel.actor import Role
from tests.app.incoming.conftest import Bench
from tests.support.road import infrared_file, ok

HTML = {"Accept": "text/html"}


def page(bench: Bench, query: str = "", role: Role = Role.CHEMIST) -> str:
    answer = bench.client(role).get(f"/bench/incoming{query}", headers=HTML)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def form(bench: Bench, file: dict[str, Any], act: str, **fields: Any) -> Any:
    data = {"version": file["version"], **fields}
    return bench.client().post(f"/bench/incoming/{file['id']}/{act}", data=data, headers=HTML)


def test_a_file_shows_what_it_is_where_it_came_from_and_the_sample_its_name_speaks_of(bench: Bench) -> None:
    sample = bench.stage.road.register()
    number = f"{bench.number(sample):03d}"
    bench.arrive(f"run 7/{number}_mdma.jdx", origin="FTIR laptop")
    assert "Reading file …" in page(bench)
    bench.read()
    text = page(bench)
    assert "infrared spectrum, 360 points, 400 to 3990 cm⁻¹" in text
    (seen,) = re.findall(r'name="file" value="([^"]+)"', text)
    assert seen.endswith(f".1.{sample}")
    assert "Assign 1 matched" in text
    apart = page(bench, f"?apart={seen.partition('.')[0]}")  # it may be looked at, and given to another
    assert "FTIR laptop · run 7 · Chemist Own" in apart
    assert f"Assign to sample {number}" in apart
    assert f'name="sample_id" value="{sample}"' in apart
    assert 'name="file"' not in apart.replace('type="file" id="upload" name="file"', "")
    assert "1 file to assign" in bench.client().get("/bench", headers=HTML).text


def test_damage_and_copies_are_said(bench: Bench) -> None:
    bench.arrive("a.jdx", infrared_file(1), origin="FTIR", arrival="k1")
    bench.arrive("a.jdx", infrared_file(2), origin="FTIR", arrival="k2")
    bench.arrive("copy.jdx", infrared_file(1), origin="FTIR", arrival="k3")
    bench.arrive("cut.jdx", infrared_file()[:900], origin="FTIR", arrival="k4")
    bench.read()
    text = page(bench)
    assert "An earlier file of this name had other content" in text
    assert "Also arrived as copy.jdx" in text
    assert "cannot be read" in text


def test_what_a_name_holds_is_only_shown(bench: Bench) -> None:
    bench.arrive("<script>alert(1)</script>.jdx", origin="<b>x")
    text = page(bench)
    assert "<script>alert(1)" not in text
    assert "&lt;b&gt;x" in text


def test_the_road_of_a_file_without_a_script(bench: Bench) -> None:
    sample = bench.stage.road.register()
    label = f"{bench.number(sample):03d}"
    sent = bench.client().post("/bench/incoming", files={"file": ("x.jdx", infrared_file())}, headers=HTML)
    assert (sent.status_code, sent.headers["Location"]) == (303, "/bench/incoming?done=received")
    (file,) = ok(bench.client().get("/api/v1/incoming"))["rows"]
    options = re.findall(rf'<option value="{sample}">([^<]+)<', page(bench, "?done=received"))
    assert options == [f"{label} · MDMA, powder"]
    empty = form(bench, file, "attach", sample_id="")
    assert empty.status_code == 422
    assert f'href="#sample-{file["id"]}"' in empty.text
    assert "Choose a sample." in empty.text
    done = form(bench, file, "attach", sample_id=sample)
    assert done.status_code == 303
    assert f"sample {label}</a>" in page(bench, "?state=attached")
    back = form(bench, bench.now(file), "take-back")
    assert back.headers["Location"] == "/bench/incoming?done=taken-back"
    nothing = form(bench, bench.now(file), "set-aside", reason="")
    assert nothing.status_code == 422
    assert "Choose a reason." in nothing.text
    assert form(bench, bench.now(file), "set-aside", reason="practice").status_code == 303
    assert "Practice or test" in page(bench, "?state=set_aside")
    assert form(bench, bench.now(file), "restore").status_code == 303
    assert bench.now(file)["state"] == "waiting"


def test_taking_a_file_back_from_under_a_result_says_so(bench: Bench) -> None:
    road = bench.stage.road
    for act in ("page", "api"):
        sample = road.register()
        file = bench.arrive(f"{act}.jdx", infrared_file())
        ok(bench.decide(file, "attach", sample_id=sample))
        bench.read()
        analyses = ok(bench.client().get(f"/api/v1/samples/{sample}/analyses"))
        result, tag = road.draft(sample, [one["id"] for one in analyses])
        road.step("chemist", result, "submit", tag)
        if act == "page":
            back = form(bench, bench.now(file), "take-back")
            assert back.headers["Location"] == "/bench/incoming?done=taken-back-stands"
            assert "has a result based on this file" in page(bench, "?done=taken-back-stands")
        else:
            assert "has a result based on this file" in ok(bench.decide(bench.now(file), "take-back"))["message"]


def test_a_refused_file_does_not_spoil_those_before_it(bench: Bench) -> None:
    files = [("file", ("a.jdx", infrared_file())), ("file", ("b.jdx", b""))]
    answer = bench.client().post("/bench/incoming", files=files, headers=HTML)
    assert answer.status_code == 422
    assert "The file is empty" in answer.text
    assert "a.jdx" in answer.text


def test_two_open_sessions_are_told_apart(bench: Bench) -> None:
    bench.stage.road.register()
    sunday = str(bench.world.session(name="Sunday"))
    bench.stage.road.session_id = sunday
    bench.stage.road.register()
    bench.arrive("001.jdx")
    text = page(bench)
    assert "001 · Sunday · MDMA, powder" in text
    assert "001 · Saturday · MDMA, powder" in text
    assert "Assign to sample 001" not in text
