"""What a field of text refuses: control characters and what turns the direction of reading; no script is refused."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from app.platform.web.fields import Note140

FIELD: TypeAdapter[str] = TypeAdapter(Note140)


@pytest.mark.parametrize(
    "text",
    [
        "Dŵr, tŷ, sŵn, llaeth â the",
        "حبة زرقاء، 200 مغ",
        "גלולה כחולה 200 מ״ג",
        "نیم\u200cفاصله",  # a joiner that Persian needs
        "קוד \u200e+44\u200f",  # marks that say which way a letter runs
        "👩\u200d🔬 2\u202f% — “so”",
        "two\nlines\tand a tab",
    ],
)
def test_every_script_goes_on_working(text: str) -> None:
    assert FIELD.validate_python(text) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("safe \u202eevil", r"control character U\+202E \(right-to-left override\) as character 6"),
        ("\u2066x", r"control character U\+2066 \(left-to-right isolate\) as character 1"),
        ("x\u2069", r"U\+2069"),
        ("x\u202a", r"U\+202A"),
        ("a\x00b", r"control character U\+0000 as character 2: take it out"),
        ("a\x7f", r"U\+007F"),
        ("a\ud800", "unable to parse"),
    ],
)
def test_what_turns_text_around_is_refused_by_name_and_place(text: str, said: str) -> None:
    """Attack 13: a note could be made to read otherwise than it is written."""
    with pytest.raises(ValidationError, match=said):
        FIELD.validate_python(text)
