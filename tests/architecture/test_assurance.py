"""The papers people look for keep their word: no requirement is missing, every test named is there, the numbers are right."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from ruamel.yaml import YAML

from tests.architecture.code import ROOT
from tests.architecture.test_dependencies import PROJECT

ASVS = (ROOT / "docs" / "assurance" / "asvs.md").read_text("utf-8")
PAPERS = [
    *sorted((ROOT / "docs" / "assurance").glob("*.md")),
    *(ROOT / f"{name}.md" for name in ("SECURITY", "CONTRIBUTING")),
]
# Of each section of ASVS 5.0.0, how many requirements of levels 1 and 2; they are the first ones, but for those named.
SECTIONS = """1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2 4.1:3 4.2:1 4.3:2 4.4:4 5.1:1
5.2:3 5.3:2 5.4:3 6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3 7.2:4 7.3:2 7.4:5 7.5:2 7.6:2 8.1:2 8.2:3 8.3:1 8.4:1 9.1:3 9.2:4
10.1:2 10.2:2 10.3:4 10.4:11 10.5:5 10.6:2 10.7:3 11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1 12.1:3 12.2:2 12.3:4 13.1:1 13.2:5 13.3:2
13.4:5 14.1:2 14.2:4 14.3:3 15.1:3 15.2:3 15.3:7 16.1:1 16.2:5 16.3:4 16.4:3 16.5:3 17.1:1 17.2:4 17.3:2"""
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in ASVS.splitlines()
    if re.match(r"\| \d+\.\d+\.\d+", line)
]


def test_every_requirement_of_levels_1_and_2_is_answered_once() -> None:
    wanted = [
        f"{section}.{number}"
        for section, count in (one.split(":") for one in SECTIONS.split())
        for number in range(1, int(count) + 1)
    ]
    answered = [one for row in ROWS for one in row[0].split(", ")]
    assert len(wanted) == 253
    assert Counter(answered) == Counter(wanted)


def test_answers_are_counted_and_none_stands_without_its_reason() -> None:
    counted = Counter[str]()
    for ids, answer, how, tests in ROWS:
        counted[answer] += len(ids.split(", "))
        assert how, ids
        assert not (answer in ("n/a", "no") and tests), f"{ids} names a test for what is not there"
    said = {answer: int(count) for answer, count in re.findall(r"^\| ([a-z/]+) \| (\d+) \| ", ASVS, re.MULTILINE)}
    assert said == dict(counted)


def test_nearly_every_yes_is_held_by_a_test() -> None:
    bare = [ids for ids, answer, _, tests in ROWS if answer == "yes" and not tests]
    assert bare == ["3.7.1", "6.1.3", "6.2.10", "6.4.2", "16.2.3"], "these are what cannot be tested"


def test_every_gap_is_named_at_the_top() -> None:
    top = ASVS.partition("\n## ")[0].partition("**The gaps.**")[2]
    gaps = [one for ids, answer, *_ in ROWS if answer == "no" for one in ids.split(", ")]
    assert gaps
    assert not [one for one in gaps if one not in top]


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.name)
def test_every_path_that_is_named_is_there(paper) -> None:  # type: ignore[no-untyped-def]
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", paper.read_text("utf-8"))
    assert targets
    assert not [one for one in targets if not one.startswith("http") and not (paper.parent / one).exists()]


@pytest.mark.parametrize("name", ["dtac", "dpia-template"])
def test_every_row_has_an_answer_a_gap_or_somebody_to_ask(name: str) -> None:
    for line in (ROOT / "docs" / "assurance" / f"{name}.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("| ") else []
        if cells and cells[0] not in ("asked", "question", "risk"):
            assert any("](" in cell or "**Gap**" in cell or "→" in cell or "Not used" in cell for cell in cells[1:]), (
                line
            )


def test_the_citation_is_of_this_version() -> None:
    said = YAML(typ="safe").load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert (said["version"], said["license"]) == (PROJECT["version"], PROJECT["license"])
