"""Every word of a client's page that is no message of the pack, in one place per language. This file is the English.

A field without words in a language is an error when that language is loaded. A page can be read in those languages of the
message pack that the page around the messages has words in.
"""

from __future__ import annotations

import tomllib
from datetime import timedelta
from importlib.resources import files

from pydantic import BaseModel

from app.care.consultations.domain import Shut, Stage
from app.results.domain import ChangeReason
from app.results.words import CHANGE_WORDS
from harm_messages import Pack

_IN_PERSON = "Your result is ready. A worker tells you about it in person."


class Words(BaseModel, frozen=True):
    """The words in one language; those written here are the English. Names in braces are put in by the page."""

    name: str = "English"
    # around the page
    skip: str = "Skip to the page"
    language: str = "Language"
    display: str = "Text size and colours"
    text_size: str = "Text size"
    text_normal: str = "Normal"
    text_large: str = "Large"
    text_largest: str = "Largest"
    colours: str = "Colours"
    theme_auto: str = "Automatic"
    theme_light: str = "Light"
    theme_dark: str = "Dark"
    theme_sun: str = "Bright sun"
    staff: str = "Staff"
    about: str = "About MAST"
    example: str = "Example service"
    # the ticket
    your_ticket: str = "Your ticket"
    your_result: str = "Your result"
    ticket_intro: str = "Enter your ticket code to see your result. No name needed."
    ticket_code: str = "Ticket code"
    ticket_hint: str = "12 letters and numbers, in any case, with or without spaces."
    ticket_button: str = "Show my result"
    ticket_short: str = "A ticket code has 12 letters and numbers."
    ticket: str = "Ticket"
    call: str = "Call {number}"
    unwell: str = "Someone is unwell"
    close_result: str = "Hide my result on this phone"
    close_ticket: str = "Hide my ticket on this phone"
    # waiting
    stages: dict[Stage, str] = {
        Stage.QUEUED: "Your sample is in the queue",
        Stage.BEING_LOOKED_AT: "A chemist is looking at your sample",
        Stage.BEING_CHECKED: "Another person is checking the result",
        Stage.READY_SOON: "Your result is checked and will be here soon",
    }
    steps: dict[Stage, str] = {
        Stage.QUEUED: "Handed in",
        Stage.BEING_LOOKED_AT: "Analysed by a chemist",
        Stage.BEING_CHECKED: "Checked by another person",
        Stage.READY_SOON: "Your result, here",
    }
    now: str = "now"
    next_one: str = "Yours is next."
    one_before: str = "1 sample ahead of yours."
    some_before: str = "{number} samples ahead of yours."
    typical_minutes: str = "Most results here take {low}–{high} min."
    typical_hours: str = "Most results here take {low}–{high} hours."
    last_change: str = "Last update"
    changes_itself: str = "This page updates automatically. You can close it and come back with your ticket."
    comes_back: str = "Load this page again to see where your sample is."
    ready: str = "Your result is ready"
    # a result, and why there is none
    screening: str = "Screening result: a quick test by one trained person, not yet checked by a laboratory."
    under_review: str = "This result is being looked at again, because something may need to change."
    under_review_ask: str = "Ask at the service before you rely on it."
    result_changed: str = "This result has changed."
    changed_before: str = "Before:"
    changed_now: str = "Now:"
    changed_below: str = "What was found has the same name as before. Something further down is new."
    changed_raised: str = "New: we now warn of {names}."
    changed_lowered: str = (
        "Earlier we warned of {names}. A better test that can see {names} down to {lod} % did not find it. Less than "
        "that could still be there."
    )
    changed_open: str = (
        "Earlier we warned of {names}. No test since then could rule it out. Act as if it is there, and ask us."
    )
    changed_raised_named: str = "New: this page now names {names}."
    changed_lowered_named: str = (
        "This page named {names} before. A better test that can see {names} down to {lod} % did not find it. Less than "
        "that could still be there."
    )
    changed_open_named: str = (
        "This page named {names} before. No test since then could rule it out. Act as if it is there, and ask us."
    )
    changed_why: str = "Why:"
    changed_when: str = "When:"
    mate_changed: str = "The result of another sample that looks the same has changed."
    mate_changed_ask: str = "Ask us before you rely on yours."
    warning_withdrawn: str = "We withdrew a warning that was on this page."
    urgent_withdrawn: str = "We withdrew the urgent message “{title}” that was on this page."
    warning_withdrawn_about: str = "It warned of {names}."
    warning_withdrawn_looks: str = "It was about samples that look like yours."
    warning_withdrawn_ask: str = "No warning does not mean no risk. Ask us if you are not sure."
    because_you_take: str = "Because of what you also take"
    because_you_said: str = "Because of what you said about yourself"
    print_large: str = "Print large"
    read_aloud: str = "Read aloud"
    read_this_first: str = "Read this aloud first"
    stop_reading: str = "Stop reading"
    pause_reading: str = "Pause"
    go_on_reading: str = "Go on"
    cannot_read_part: str = "One part of this page cannot be read aloud on this device. Please look at it, or ask us."
    # on paper
    paper: str = "Paper"
    paper_a4: str = "A4 sheets"
    paper_receipt: str = "Receipt, 80 mm wide"
    print_by_browser: str = "To print this page, choose Print in your browser’s menu."
    print_now: str = "Print"
    print_back: str = "Back to the result"
    printed: str = "Printed"
    paper_grows_old: str = (
        "A result can change later. Show your ticket again, or ask us, before you rely on this paper."
    )
    retracted: str = "This result was withdrawn"
    retracted_more: str = (
        "What you were told before may be wrong. Do not rely on it. Please talk to someone at the service."
    )
    retracted_at: str = "Withdrawn"
    in_person: str = "Please talk to someone at the service"
    shut: dict[Shut, str] = {  # never says what was found, nor what the licence thinks of them
        Shut.BACK_OF_HOUSE: "Results of single samples are not told at this session.",
        Shut.WITHDRAWN: "This sample was withdrawn.",
        Shut.NOT_DEPENDENT_ADULT: _IN_PERSON,
        Shut.PACK_NOT_EFFECTIVE: _IN_PERSON,
        Shut.NO_WORDS: (
            "Something was found that this page has no words for yet. A worker tells you about it in person. Ask "
            "before you rely on anything else."
        ),
        Shut.LOOKUP_OFF: "Your result is ready. At this session a worker tells you about it in person.",
    }
    lookup_off_changed: str = (
        "Something about your result has changed. Ask a worker before you rely on what you were told."
    )
    reasons: dict[ChangeReason, str] = CHANGE_WORDS
    # what went wrong, and what the page says while it looks
    unknown: str = "There is no result for this code. It may be mistyped, or it is no longer valid."
    unknown_hint: str = "Check the code on your ticket. If it still does not work, ask at the service."
    ended: str = "Show your ticket code again to go on."
    other_ticket: str = "Another ticket was opened in this browser. Show the code of this one again to go on."
    ended_hint: str = "Scan it or type it."
    too_many: str = "Too many wrong codes were tried in a short time."
    too_many_hint: str = "Wait {seconds} seconds and try again."
    outdated: str = "This page may be out of date. Ask us."
    looking: str = "Looking for your result"
    lost: str = "Connection lost, trying again"
    updated: str = "Updated"
    failed: str = "That did not work. Please wait a minute and try again."

    def before(self, number: int | None) -> str:
        """How many samples are before this one; nothing where nobody counts."""
        if number is None:
            return ""
        if number == 0:
            return self.next_one
        return self.one_before if number == 1 else self.some_before.format(number=number)

    def typical(self, wait: tuple[timedelta, timedelta] | None) -> str:
        """How long most results take, in steps of five minutes or of whole hours; nothing where too few are out."""
        if wait is None:
            return ""
        step = timedelta(hours=1) if wait[1] > timedelta(hours=2) else timedelta(minutes=5)
        low, high = wait[0] // step, -(-wait[1] // step)
        unit = 1 if step == timedelta(hours=1) else 5
        high = max(high, low + 1)
        return (self.typical_hours if unit == 1 else self.typical_minutes).format(low=low * unit, high=high * unit)


ENGLISH = Words()


def _complete(words: Words) -> Words:
    """A language that leaves a word to the English is an error."""
    if lacking := Words.model_fields.keys() - words.model_fields_set:
        raise ValueError(f"{words.name} has no words for: {', '.join(sorted(lacking))}")
    return words


_CY = tomllib.loads(files("app.care.consultations").joinpath("words_cy.toml").read_text(encoding="utf-8"))
WORDS: dict[str, Words] = {"en": ENGLISH, "cy": _complete(Words.model_validate(_CY))}


def words_of(locale: str) -> Words:
    """The words around the messages; English where there are none."""
    return WORDS.get(locale, ENGLISH)


def offered(pack: Pack) -> tuple[str, ...]:
    """The languages to choose from, the pack's own first language leading."""
    return tuple(code for code in pack.locales if code in WORDS) or ("en",)


def preferred(header: str, known: tuple[str, ...]) -> str:
    """The language of an Accept-Language header that is known and wanted most; the first known one if none is."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(header.split(",")):
        tag, _, quality = part.partition(";")
        code = tag.strip().lower().split("-")[0]
        try:
            weight = float(quality.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if code in known and 0 < weight <= 1:
            wanted.append((-weight, place, code))
    return min(wanted)[2] if wanted else known[0]
