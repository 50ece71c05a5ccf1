"""What a person says they also take is shown and forgotten: no log, dump, repr, error or file holds it."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harm_messages import Page, evaluate, load_pack
from tests.harm_messages.message_cases import GC_MS, NOW, amount, found, sample, shown

PACK = load_pack()
COCAINE = sample(
    found("cocaine", amount=amount(62, 4, "percent_ww")), expected=("cocaine",), form="powder", scope=(GC_MS,)
)
CO_USE = sorted(PACK.co_use)


def page(*also: str, name: str = "cocaine") -> Page:
    facts = COCAINE if name == "cocaine" else sample(found(name), expected=(name,), scope=(GC_MS,))
    return evaluate(PACK, facts, shown(also_taking=also), "en", NOW)


def test_the_message_is_shown_and_marked() -> None:
    marked = [m for m in page("alcohol").messages() if m.origin == "self_reported"]
    assert [m.id for m in marked] == ["M-PAIR-ALCOHOL-COCAINE"]


@given(
    st.lists(st.sampled_from(CO_USE), max_size=4),
    st.sampled_from(["cocaine", "mdma", "heroin", "lsd", "tramadol"]),
)
@settings(max_examples=25, deadline=None)
def test_what_is_logged_is_the_same_as_if_nobody_had_been_asked(also: list[str], name: str) -> None:
    told, untold = page(*also, name=name), page(name=name)
    assert told.display_log == untold.display_log
    assert told.loggable().to_plain() == untold.to_plain()
    assert told.model_dump_json() == untold.model_dump_json()
    assert repr(told) == repr(untold)
    assert told.staff_actions == untold.staff_actions


def test_the_context_leaves_it_out_of_repr_and_dump() -> None:
    context = shown(also_taking=("lithium",))
    assert "lithium" not in repr(context)
    assert "lithium" not in str(context.model_dump())
    assert "lithium" not in context.model_dump_json()


def test_a_self_reported_message_does_not_show_in_repr() -> None:
    assert repr(page("alcohol").cards[0]) == "Message(self_reported)"


def test_a_sentinel_reaches_no_log_no_error_and_no_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ValueError, match="also_taking holds a word") as refused:
        page("sentinel-7319")
    assert "sentinel-7319" not in str(refused.value)
    assert "sentinel-7319" not in caplog.text
    assert list(tmp_path.rglob("*")) == []


def test_a_dump_replays_to_the_logged_page_exactly() -> None:
    told = page("alcohol", "maoi")
    assert Counter(_messages(json.loads(told.model_dump_json()))) == Counter(told.display_log)


def _messages(dumped: Any) -> Iterator[tuple[str, int]]:
    """(id, version) of every message anywhere in a dump, with those a card speaks for."""
    if isinstance(dumped, list):
        for one in dumped:
            yield from _messages(one)
    elif isinstance(dumped, dict) and "severity_word" in dumped:
        yield from [(dumped["id"], dumped["version"]), *map(tuple, dumped["joined"])]
    elif isinstance(dumped, dict):
        for key, one in dumped.items():
            yield from _messages(one) if key != "labels" else ()


@pytest.mark.parametrize(
    ("name", "also", "severity"),
    [
        ("heroin", "alcohol", "S1"), ("protonitazene", "benzo", "S0"), ("pma", "ssri", "S0"), ("mdma", "maoi", "S1"),
        ("lsd", "lithium", "S1"), ("tramadol", "ssri", "S1"), ("ghb", "alcohol", "S1"), ("ketamine", "alcohol", "S1"),
        ("cocaine", "alcohol", "S2"), ("sildenafil", "nitrite", "S1"), ("alprazolam", "alcohol", "S1"),
        ("mdma", "fluoxetine", None), ("dextromethorphan", "ssri", "S1"), ("25i-nbome", "lithium", "S1"),
    ],
)  # fmt: skip
def test_dangerous_pairs_with_what_was_told(name: str, also: str, severity: str | None) -> None:
    told, plain = page(also, name=name), page(name=name)
    mixing = [m for m in told.cards if m.origin == "self_reported"]
    assert [m.severity for m in mixing] == ([severity] if severity else [])
    assert told.more == told.loggable().more, "G3: it never waits behind More"
    for card in mixing:  # its words are on the card, also where another card speaks for its family
        before = next((m.text for m in plain.cards if m.rule_id == card.rule_id), "")
        assert card.text != before
        assert card.text.startswith(before)
