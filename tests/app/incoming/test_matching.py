"""Files whose names carry the sample number, assigned at one press: each once, none by a guess."""

from __future__ import annotations

import re
from typing import Any

from tests.app.incoming.conftest import Bench
from tests.support.road import infrared_file, ok

HTML = {"Accept": "text/html"}


def numbers(bench: Bench, count: int) -> list[tuple[str, str]]:
    """Fresh samples: key and number as it is written."""
    return [(key, f"{bench.number(key):03d}") for key in (bench.stage.road.register() for _ in range(count))]


def seen(bench: Bench) -> list[str]:
    return re.findall(r'name="file" value="([^"]+)"', bench.client().get("/bench/incoming", headers=HTML).text)


def press(bench: Bench, tokens: list[str]) -> str:
    answer = bench.client().post("/bench/incoming/assign-matched", data={"file": tokens}, headers=HTML)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def files_of(bench: Bench, sample: str) -> list[str]:
    analyses: list[dict[str, Any]] = ok(bench.client().get(f"/api/v1/samples/{sample}/analyses"))
    return [upload["file_name"] for one in analyses for upload in one["uploads"]]


def test_one_press_assigns_every_match_once_and_the_same_press_again_does_nothing(bench: Bench) -> None:
    samples = numbers(bench, 4)
    for n, (_, number) in enumerate(samples):
        bench.arrive(f"{number}_ftir.jdx", infrared_file(n))
    bench.arrive("ketamine.jdx", infrared_file(20))
    bench.arrive(f"{samples[0][1]}_{samples[1][1]}.jdx", infrared_file(21))  # two samples
    tokens = seen(bench)
    assert len(tokens) == 4
    assert press(bench, tokens) == "/bench/incoming?assigned=4&left=0"
    assert press(bench, tokens) == "/bench/incoming?assigned=0&left=4"
    assert [files_of(bench, key) for key, _ in samples] == [[f"{number}_ftir.jdx"] for _, number in samples]
    page = bench.client().get("/bench/incoming?assigned=0&left=4", headers=HTML).text
    assert "0 files assigned. 4 files were assigned or changed before." in page
    assert seen(bench) == []
    left = ok(bench.client().get("/api/v1/incoming?state=waiting"))["rows"]
    assert {row["file_name"] for row in left} == {"ketamine.jdx", f"{samples[0][1]}_{samples[1][1]}.jdx"}
    attached = ok(bench.client().get("/api/v1/incoming?state=attached"))["rows"]
    assert all(row["by_name"] for row in attached)


def test_only_what_was_seen_is_assigned_and_only_as_it_was_seen(bench: Bench) -> None:
    (first, one), (second, two) = numbers(bench, 2)
    held = bench.arrive(f"{one}.jdx", infrared_file(1))
    bench.arrive(f"{two}.jdx", infrared_file(2))
    tokens = seen(bench)
    ok(bench.decide(held, "set-aside", reason="blank"))
    ok(bench.decide(bench.now(held), "restore"))  # it is another version of the row now
    bench.arrive(f"{two}_later.jdx", infrared_file(3))  # came after the page was made
    assert press(bench, tokens) == "/bench/incoming?assigned=1&left=1"
    assert (files_of(bench, first), files_of(bench, second)) == ([], [f"{two}.jdx"])
    assert press(bench, ["x", f"{held['id']}.1.{second}"]) == "/bench/incoming?assigned=0&left=2"


def test_the_same_content_twice_and_a_file_that_cannot_be_read_are_left_to_a_person(bench: Bench) -> None:
    ((_, number),) = numbers(bench, 1)
    bench.arrive(f"{number}.jdx", infrared_file(1), arrival="k1")
    bench.arrive(f"{number}_copy.jdx", infrared_file(1), arrival="k2")
    bench.arrive(f"{number}_cut.jdx", infrared_file()[:900], arrival="k3")
    bench.read()
    tokens = seen(bench)
    assert len(tokens) == 1
    press(bench, tokens)
    assert seen(bench) == []
