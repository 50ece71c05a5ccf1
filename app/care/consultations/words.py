"""Every word of a client's page that is no message of the pack, in one place per language. This file is the English.

A field without words in a language is an error when that language is loaded; see `languages` for which there are.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.care.consultations.domain import Shut, Stage
from app.results.domain import ChangeReason
from app.results.words import CHANGE_WORDS


@dataclass(frozen=True, slots=True)
class Words:
    """The words in one language. Names in braces are put in by the page."""

    name: str
    # around the page
    skip: str
    language: str
    display: str
    text_size: str
    text_normal: str
    text_large: str
    text_largest: str
    colours: str
    theme_auto: str
    theme_light: str
    theme_dark: str
    theme_sun: str
    staff: str
    about: str
    example: str
    # the ticket
    your_ticket: str
    your_result: str
    ticket_intro: str
    ticket_code: str
    ticket_hint: str
    ticket_button: str
    ticket_short: str
    ticket: str
    close_result: str
    close_ticket: str
    # waiting
    stages: dict[Stage, str]
    steps: dict[Stage, str]
    now: str
    next_one: str
    one_before: str
    some_before: str
    last_change: str
    changes_itself: str
    # a result, and why there is none
    screening: str
    under_review: str
    under_review_ask: str
    result_changed: str
    changed_before: str
    changed_now: str
    changed_below: str
    changed_raised: str
    changed_lowered: str
    changed_open: str
    changed_why: str
    changed_when: str
    mate_changed: str
    mate_changed_ask: str
    because_you_take: str
    because_you_said: str
    print_large: str
    read_aloud: str
    read_this_first: str
    stop_reading: str
    pause_reading: str
    go_on_reading: str
    cannot_read_part: str
    # on paper
    paper: str
    paper_a4: str
    paper_receipt: str
    print_by_browser: str
    print_now: str
    print_back: str
    printed: str
    paper_grows_old: str
    retracted: str
    retracted_more: str
    retracted_at: str
    in_person: str
    shut: dict[Shut, str]
    lookup_off_changed: str
    reasons: dict[ChangeReason, str]
    # what went wrong, and what the page says while it looks
    unknown: str
    unknown_hint: str
    ended: str
    other_ticket: str
    ended_hint: str
    too_many: str
    too_many_hint: str
    outdated: str
    looking: str
    lost: str
    updated: str
    failed: str

    def before(self, number: int | None) -> str:
        """How many samples are before this one; nothing where nobody counts."""
        if number is None:
            return ""
        if number == 0:
            return self.next_one
        return self.one_before if number == 1 else self.some_before.format(number=number)


_IN_PERSON = "Your result is ready. A worker tells you about it in person."

ENGLISH = Words(
    name="English",
    skip="Skip to the page",
    language="Language",
    display="Text size and colours",
    text_size="Text size",
    text_normal="Normal",
    text_large="Large",
    text_largest="Largest",
    colours="Colours",
    theme_auto="Automatic",
    theme_light="Light",
    theme_dark="Dark",
    theme_sun="Bright sun",
    staff="Staff",
    about="About MAST",
    example="Example service",
    your_ticket="Your ticket",
    your_result="Your result",
    ticket_intro="Type its code to see where your sample is and what was found. Nobody asks for your name.",
    ticket_code="Ticket code",
    ticket_hint="12 letters and numbers, in any case, with or without spaces.",
    ticket_button="Show my result",
    ticket_short="A ticket code has 12 letters and numbers.",
    ticket="Ticket",
    close_result="Close my result on this screen",
    close_ticket="Close my ticket on this screen",
    stages={
        Stage.QUEUED: "Your sample is in the queue",
        Stage.BEING_LOOKED_AT: "A chemist is looking at your sample",
        Stage.BEING_CHECKED: "Another person is checking the result",
        Stage.READY_SOON: "Your result is checked and will be here soon",
    },
    steps={
        Stage.QUEUED: "Handed in",
        Stage.BEING_LOOKED_AT: "Looked at by a chemist",
        Stage.BEING_CHECKED: "Checked by another person",
        Stage.READY_SOON: "Your result, here",
    },
    now="now",
    next_one="It is the next one.",
    one_before="1 sample is before yours.",
    some_before="{number} samples are before yours.",
    last_change="Last change",
    changes_itself="This page changes by itself. You can close it and come back with your ticket.",
    screening="Screening result: a quick test by one trained person, not yet checked by a laboratory.",
    under_review="This result is being looked at again, because something may need to change.",
    under_review_ask="Ask at the service before you rely on it.",
    result_changed="This result has changed.",
    changed_before="Before:",
    changed_now="Now:",
    changed_below="What was found has the same name as before. Something further down is new.",
    changed_raised="New: we now warn of {names}.",
    changed_lowered=(
        "Earlier we warned of {names}. A better test that can see {names} down to {lod} % did not find it. Less than "
        "that could still be there."
    ),
    changed_open=(
        "Earlier we warned of {names}. No test since then could rule it out. Act as if it is there, and ask us."
    ),
    changed_why="Why:",
    changed_when="When:",
    mate_changed="The result of another sample that looks the same has changed.",
    mate_changed_ask="Ask us before you rely on yours.",
    because_you_take="Because of what you also take",
    because_you_said="Because of what you said about yourself",
    print_large="Print large",
    read_aloud="Read aloud",
    read_this_first="Read this aloud first",
    stop_reading="Stop reading",
    pause_reading="Pause",
    go_on_reading="Go on",
    cannot_read_part="One part of this page cannot be read aloud on this device. Please look at it, or ask us.",
    paper="Paper",
    paper_a4="A4 sheets",
    paper_receipt="Receipt, 80 mm wide",
    print_by_browser="To print this page, choose Print in your browser’s menu.",
    print_now="Print",
    print_back="Back to the result",
    printed="Printed",
    paper_grows_old="A result can change later. Show your ticket again, or ask us, before you rely on this paper.",
    retracted="This result was withdrawn",
    retracted_more=(
        "What you were told before may be wrong. Do not rely on it. Please talk to somebody at the service."
    ),
    retracted_at="Withdrawn",
    in_person="Please talk to somebody at the service",
    shut={  # never says what was found, nor what the licence thinks of them
        Shut.BACK_OF_HOUSE: "Results of single samples are not told at this session.",
        Shut.WITHDRAWN: "This sample was withdrawn.",
        Shut.NOT_DEPENDENT_ADULT: _IN_PERSON,
        Shut.PACK_NOT_EFFECTIVE: _IN_PERSON,
        Shut.NO_WORDS: (
            "Something was found that this page has no words for yet. A worker tells you about it in person. Ask "
            "before you rely on anything else."
        ),
        Shut.LOOKUP_OFF: "Your result is ready. At this session a worker tells you about it in person.",
    },
    lookup_off_changed=("Something about your result has changed. Ask a worker before you rely on what you were told."),
    reasons=CHANGE_WORDS,
    unknown="There is no result for this code. It may be mistyped, or it is no longer valid.",
    unknown_hint="Check the code on your ticket. If it still does not work, ask at the service.",
    ended="Show your ticket code again to go on.",
    other_ticket="Another ticket was opened in this browser. Show the code of this one again to go on.",
    ended_hint="Scan it or type it.",
    too_many="Too many wrong codes were tried in a short time.",
    too_many_hint="Wait {seconds} seconds and try again.",
    outdated="This page may be out of date. Ask us.",
    looking="Looking for your result",
    lost="Connection lost, trying again",
    updated="Updated",
    failed="That did not work. Please wait a minute and try again.",
)
