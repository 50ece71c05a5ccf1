"""Files that are written to stop whoever reads them: each is refused in no time, in a sentence, with file and line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from pydantic import TypeAdapter, ValidationError

from harm_messages import PackError, Problem, check_files, load_pack, pack_files
from harm_messages.errors import MOST, first_ones
from harm_messages.reading import MAX_CHARACTERS, MAX_DEPTH, Misread, read_yaml, sentences
from tests.support.effort import a_sound_pack, within
from tests.support.poison import ALIAS_BOMB, MERGE_BOMB

FILES = pack_files()
HEAT = "messages/en/M-HEAT.md"
ROWS = "- x\n" * 20_000
# what it is, the file, its text, kind of the problem, line, what is said
HOSTILE = [
    ("nine levels of aliases", "evidence.yaml", ALIAS_BOMB, "anchor", 1, "“&a” is YAML's sign"),
    ("merges of merges", "evidence.yaml", MERGE_BOMB, "anchor", 1, "“&a” is YAML's sign"),
    ("an alias without its anchor", "evidence.yaml", "a: b\nc: *d\n", "anchor", 2, "“*d” is YAML's sign"),
    ("an alias that only the slower reader reaches", "pack.yaml", FILES["pack.yaml"] + "x: &x {a: *x}\n", "anchor",
     FILES["pack.yaml"].count("\n") + 1, "“&x” is"),
    ("an anchor in the front matter of a message", HEAT, FILES[HEAT].replace("version: ", "version: &v ", 1), "anchor", 3,
     "“&v” is"),
    ("an anchor in a file of rules", "rules/new.yaml", "- &r {id: R-NEW}\n- *r\n", "anchor", 1, "“&r” is"),
    ("brackets without end", "evidence.yaml", "[" * 300_000, "yaml", 1, "too deeply"),
    ("lists without end", "evidence.yaml", "- " * 150_000 + "x", "yaml", 1, "too deeply"),
    ("groups without end, for the slower reader", "evidence.yaml", "x: {a: b:c}\ny: " + "{a: " * 90_000, "yaml", 2, "too deeply"),
    ("five megabytes", "evidence.yaml", "a: b\n" * 1_000_000, "length", 1, "5,000,000 characters; a file may have 400,000"),
    ("a long message", HEAT, FILES[HEAT] + "\n" * 300_000 + "x", "length", 1, "a message may have 20,000 at most"),
    ("a number without end", "pack.yaml", FILES["pack.yaml"].replace("version: ", "version: 0x" + "f" * 300_000 + " #", 1),
     "value", 2, "is read as a number of 300002 digits"),
    ("a number to the base of sixty", "evidence.yaml", "%YAML 1.1\n---\na: " + "1:" * 150_000 + "1\n", "value", 3, "is read as a number"),
    ("a day that does not exist after many numbers", "evidence.yaml", "a: [" + "1," * 80_000 + "\n2027-02-30]\n", "value", 2,
     "“2027-02-30” is no day or number that exists."),
    ("a truth that is none", "evidence.yaml", "a: !!bool maybe\n", "value", 1, "“maybe” is no day or number that exists"),
    ("half a letter", "evidence.yaml", "a: \ud800\n", "yaml", 1, "signs that are no letters"),
    ("a version of YAML that there is not", "evidence.yaml", "%YAML 1.3\n---\na: b & c\n", "yaml", 1, "Take the line out"),
    ("a version of YAML that there is not, in a message", HEAT, FILES[HEAT].replace("---\n", "---\n%YAML 1.3\n", 1), "yaml", 2,
     "Take the line out"),
    ("a cell without end", "register.tsv", FILES["register.tsv"] + "x" * 300_000, "register", 0, "A cell is longer than"),
    ("a pattern that is none", "pack.yaml", FILES["pack.yaml"].replace(r"\\bno (nitaz", "((no (nitaz", 1), "value", 13,
     "“((no (nitazenes?|fentanyls?)\\b” is no pattern that can be searched for"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "text", "kind", "line", "says"), [h[1:] for h in HOSTILE], ids=[h[0] for h in HOSTILE]
)
def test_a_hostile_file_is_refused_at_once(file: str, text: str, kind: str, line: int, says: str) -> None:
    assert text != FILES.get(file)
    with within(30, a_sound_pack):
        found = check_files({**FILES, file: text}, date(2026, 11, 25))
    problem = next(p for p in found if p.file == file)
    assert problem.kind == kind, problem
    assert says in problem.text
    assert not line or problem.line == line
    assert all(len(p.text) < 1_100 for p in found)
    with pytest.raises(PackError, match=r"[.!?…]$"):
        load_pack({**FILES, file: text})


def test_neither_an_anchor_nor_an_alias_is_ever_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    from ruamel.yaml import YAML

    def never(*_: object) -> Iterator[object]:
        raise AssertionError("built before it was looked through")

    monkeypatch.setattr(YAML, "load", never)
    monkeypatch.setattr(YAML, "compose", never)
    for text in (ALIAS_BOMB, MERGE_BOMB, "x: {a: b:c}\n" + ALIAS_BOMB):
        with pytest.raises(Misread) as refused:
            read_yaml(text)
        assert refused.value.kind == "anchor"


def test_as_deep_as_is_allowed_is_read_and_one_deeper_is_not() -> None:
    assert read_yaml("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    with pytest.raises(Misread, match="too deeply"):
        read_yaml("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))
    assert len(read_yaml("a: " + "x" * (MAX_CHARACTERS - 4))["a"]) == MAX_CHARACTERS - 4


@pytest.mark.parametrize(
    ("file", "text", "wrong"),
    [
        ("closures.yaml", ROWS, 20_000),
        ("rules/new.yaml", ROWS, 20_000),
        ("evidence.yaml", "".join(f"a{n}: x\n" for n in range(20_000)), 20_000),
        ("register.tsv", FILES["register.tsv"] + "x\ty\n" * 20_000, 20_000),
        (HEAT, FILES[HEAT].replace("version:", "".join(f"k{n}: 1\n" for n in range(1_500)) + "version:", 1), 1_500),
    ],
    ids=["table", "rules", "table by key", "register", "message"],
)
def test_of_thousands_of_mistakes_the_first_are_told_and_how_many_more_there_are(
    file: str, text: str, wrong: int
) -> None:
    with within(40, a_sound_pack):
        found = [p for p in check_files({**FILES, file: text}) if p.file == file]
    assert len(found) == MOST + 1
    more = found[-1]
    assert more.kind == "more"
    assert f"{wrong - MOST:,} more mistakes in this file" in more.text


def test_of_a_wrong_value_only_the_beginning_is_made_into_text() -> None:
    class Loud(list):  # type: ignore[type-arg]
        def __repr__(self) -> str:
            raise AssertionError("the whole value was made into text")

        __str__ = __repr__

    value: list[object] = [Loud([Loud(["x"] * 9)] * 9)] * 9
    for wrong in (value, {"a": value}, {"k" * 5_000: "v" * 5_000}, "x" * 5_000, 10**4_000):
        with pytest.raises(ValidationError) as refused:
            TypeAdapter(bool).validate_python(wrong)
        ((_, kind, said),) = sentences(refused.value)
        assert kind == "value"
        assert len(said) < 150


def test_problems_are_cut_by_file_and_level() -> None:
    many = [Problem("k", "w", f"{n}.", file=file) for file in ("a", "b") for n in range(MOST + 3)]
    notes = [Problem("k", "w", f"{n}.", "warning", file="a") for n in range(MOST)]
    cut = first_ones([*many, *notes, Problem("k", "w", "x" * 5_000, file="c")])
    assert [(p.file, p.text[:6], p.level) for p in cut if p.kind == "more"] == [
        ("a", "3 more", "error"),
        ("b", "3 more", "error"),
    ]
    assert len(cut) == 3 * MOST + 1 + 2
    assert len(next(p for p in cut if p.file == "c").text) < 1_100
    assert first_ones(cut) == cut
