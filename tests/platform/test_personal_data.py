"""What points to a person: 60 sentences that must fire, 60 that must not, and the browser's patterns are the server's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import harm_messages
from app.platform.kernel.personal_data import (
    PersonalKind,
    as_javascript,
    found_in,
    left_out,
)
from tests.support.effort import within
from tests.support.personal_texts import HARMLESS, PERSONAL

COMMON = Path(__file__).resolve().parents[2] / "app" / "screens" / "common"


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_words_of_staff_do_not_fire(text: str) -> None:
    assert [(one.kind.value, text[one.start : one.end]) for one in found_in(text)] == []


@pytest.mark.parametrize(("text", "kind"), PERSONAL)
def test_what_points_to_a_person_fires_and_can_be_left_out(text: str, kind: str) -> None:
    assert [one.kind.value for one in found_in(text)] == [kind]
    assert found_in(left_out(text)) == [], "once left out, nothing is asked again"
    assert found_in(text, [PersonalKind(kind)]) == [], "a field may be there for this kind"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Ring 07700.900.123 first.", "phone"), ("Ring 0 7 7 0 0 9 0 0 1 2 3 first.", "phone"),
        ("Ring ０７７００９００１２３ first.", "phone"), ("Ring ٠٧٧٠٠٩٠٠١٢٣ first.", "phone"), ("Ring +44.7700.900123.", "phone"),
        ("Ring 077\u200b00 900\u2060123 first.", "phone"), ("Lives at dh13le now.", "post_code"),
        ("From my mate Tоm today.", "name"), ("From my mate Da\u200bve today.", "name"), ("Seen near tеnt 14.", "tent"),
    ],
)  # fmt: skip
def test_what_is_only_written_otherwise_fires_too(text: str, kind: str) -> None:
    (one,) = found_in(text)
    assert one.kind.value == kind
    assert text[one.start : one.end] in text
    assert found_in(left_out(text)) == []


@pytest.mark.parametrize(
    "text",
    ["Doses of 0.125, 0.250 and 0.500 mg", "0 1 2 3 4 5 6 7 8 9", "at 01.02.2026 12.30 and 17.02.2026", "0.10 0.20 0.30 0.40 mg",
     "sample LS-2304-117", "br100ug on paper", "sg12 and de5th", "weighed 012.5 mg and 0210.33 mg", "RT 07.123 min, 12.456 min",
     "٣ таблетки, 150 мг", "１５０ mg MDMA"],
)  # fmt: skip
def test_doses_times_weights_and_numbers_of_samples_do_not_fire(text: str) -> None:
    assert found_in(text) == []


def test_what_is_left_out_is_the_match_and_no_more() -> None:
    text = "MDMA 150 mg from my mate Dave,  tent 14. Peak at 4.2 min."
    assert left_out(text) == "MDMA 150 mg from my mate. Peak at 4.2 min."
    places = [text[one.start : one.end] for one in found_in(text)]
    assert places == ["Dave", "tent 14"]
    assert left_out("Nothing in it.") == "Nothing in it."


@pytest.mark.parametrize("number", ["9434765918", "943 476 5917", "1111111111", "94347659190", "123 456 7890"])
def test_ten_digits_without_the_check_digit_are_no_nhs_number(number: str) -> None:
    assert PersonalKind.NHS_NUMBER not in {one.kind for one in found_in(f"number {number}")}


@pytest.mark.parametrize("number", ["9434765919", "943 476 5919", "401 023 2137", "4010232137"])
def test_the_check_digit_makes_an_nhs_number(number: str) -> None:
    assert [one.kind for one in found_in(f"NHS {number}")] == [PersonalKind.NHS_NUMBER]


def test_the_shipped_messages_point_to_nobody() -> None:
    folder = Path(harm_messages.__file__).parent
    texts = [path for kind in ("*.md", "*.yaml") for path in folder.rglob(kind)]
    assert len(texts) > 100
    nobody = re.compile(r'^(?:wording|made_from): ".*"$|St John New Zealand', re.MULTILINE)  # digests, and a publisher
    said = {path.name: nobody.sub("", path.read_text()) for path in texts}
    found = {name: [text[o.start : o.end] for o in found_in(text)] for name, text in said.items()}
    assert {name: words for name, words in found.items() if words} == {}


def test_the_browser_looks_for_the_same() -> None:
    said = "run python -m app.platform.kernel.personal_data > app/screens/common/nudge_patterns.js"
    assert (COMMON / "nudge_patterns.js").read_text() == as_javascript(), said


def prose_of_that_length() -> None:
    found_in(
        ("We saw two bags of white powder, and she said that it was sold as MDMA at the north gate. " * 3_000)[:200_000]
    )


@pytest.mark.parametrize(
    "text",
    ["a" * 200_000, "1 " * 100_000, "my " * 60_000, "@" * 200_000, "A" * 200_000, "+1 2 " * 40_000, "lot " * 50_000,
     "camp a " * 30_000, "tent tent's " * 20_000, " " * 200_000, "\u2019" * 200_000, "Dave " * 40_000],
)  # fmt: skip
def test_no_text_takes_much_longer_than_prose(text: str) -> None:
    with within(20, prose_of_that_length):
        found_in(text)
