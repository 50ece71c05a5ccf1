"""What is shown: messages in their places, as values for HTML and as plain text.

Why the odd serialiser: a page may hold messages caused by what a person said they also take. Those live
in memory only, so dumping, repr and `loggable()` give the page as it is without them. No web here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Any, Literal

from pydantic import ConfigDict, PrivateAttr, SerializerFunctionWrapHandler, model_serializer

from harm_messages.content import Labels
from harm_messages.staffing_types import AlertProposal, StaffAction
from harm_messages.tagged import first_sentence, words_of
from harm_messages.types import Frozen, Outcome, Severity, Slot, Verdict
from harm_messages.vocabulary import Pictogram

SHAPES = {Severity.S0: "■", Severity.S1: "▲", Severity.S2: "◆", Severity.S3: "●", Severity.S4: "–"}


class Message(Frozen):
    """One rendered message. `because` names the evidence when it is weaker than confirmed.

    `locale` is the language of this text, whatever was asked for; `spoken` is what read-aloud says in place of
    `text`; `pictogram` is drawn beside it. `machine_drafted`: nobody has signed this translation. `joined`: id and version
    of the messages of the same family that this card speaks for.
    """

    id: str
    version: int
    severity: Severity
    slot: Slot
    locale: str
    text: str
    html: str
    title: str = ""
    more_text: str = ""
    more_html: str = ""
    spoken: str = ""
    pictogram: Pictogram | None = None
    because: str = ""
    severity_word: str = ""
    topic: str = ""
    rule_id: str = ""
    origin: Literal["result", "self_reported"] = "result"
    fallback: bool = False
    machine_drafted: bool = False
    tags: tuple[str, ...] = ()
    joined: tuple[tuple[str, int], ...] = ()

    def __repr__(self) -> str:
        return f"Message({self.id if self.origin == 'result' else 'self_reported'})"

    __str__ = __repr__

    @property
    def shape(self) -> str:
        """The severity as a shape, for eyes that do not tell colours apart."""
        return SHAPES[self.severity]


def shortened(card: Message) -> Message:
    """Shorten a card to its first sentence, or to its first line where that holds markup."""
    line, html = card.text.split("\n", 1)[0], card.html
    if html.startswith("<p>"):
        inner = html.removeprefix("<p>").split("</p>", 1)[0]
        if "<" not in inner:
            line, inner = first_sentence(line), first_sentence(inner)
        html = f"<p>{inner}</p>"
    return card.model_copy(update={"text": line, "html": html})


def titled(card: Message) -> Message:
    """Begin a card that stands on another one with its own title, so that its "it" has something to stand for."""
    if not card.title or not card.text or card.text.casefold().startswith(card.title.casefold()):
        return card
    opening = f"<strong>{escape(card.title)}.</strong>"
    inner = card.html.removeprefix("<p>")
    html = f"<p>{opening}</p>{card.html}" if inner == card.html else f"<p>{opening} {inner}"
    return card.model_copy(update={"text": f"{card.title}. {card.text}", "html": html})


def behind_more(m: Message) -> Message:
    """The message with all it says behind its More."""
    more = {"more_text": "\n".join(t for t in (m.text, m.more_text) if t), "more_html": m.html + m.more_html}
    return m.model_copy(update={"text": "", "html": "", "spoken": "", **more})


class EmergencyLine(Frozen):
    """One numbered step of the composed block, made of one or more approved sentences."""

    number: int
    step: str
    parts: tuple[Message, ...]

    @property
    def text(self) -> str:
        """The sentences of this step."""
        return " ".join(p.text for p in self.parts)

    @property
    def spoken(self) -> str:
        """The sentences of this step as read-aloud says them."""
        return " ".join(p.spoken for p in self.parts)

    @property
    def pictogram(self) -> Pictogram | None:
        """The first drawing that one of its sentences asks for."""
        return next((p.pictogram for p in self.parts if p.pictogram is not None), None)


class Page(Frozen):
    """A whole client page. `limits` and `emergency` are never empty; `sections` gives the reading order.

    `notices` stand first (taken back, ask us), `sign_off` last (awaiting, machine translated).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pack_id: str
    pack_version: int
    pack_digest: str
    approved: bool
    locale: str
    outcome: Outcome
    verdict: Verdict
    notices: tuple[Message, ...]
    headline_parts: tuple[Message, ...]
    told_us: str
    difference: Message | None
    action: Message | None
    cards: tuple[Message, ...]
    more: tuple[Message, ...]
    emergency: tuple[EmergencyLine, ...]
    safer_use: tuple[Message, ...]
    limits: tuple[Message, ...]
    next: tuple[Message, ...]
    sign_off: tuple[Message, ...]
    staff: tuple[StaffAction, ...]
    alert_proposals: tuple[AlertProposal, ...]
    labels: Labels
    labels_locale: str = "en"
    _without_self_report: Page | None = PrivateAttr(default=None)

    @property
    def headline(self) -> str:
        """The one headline."""
        return " ".join(p.text for p in self.headline_parts)

    @property
    def body(self) -> tuple[Message, ...]:
        """All body cards, the visible ones first."""
        return (*self.cards, *self.more)

    @property
    def top_severity(self) -> Severity:
        """The most serious card of the body."""
        return min((m.severity for m in self.body), key=lambda s: s.rank, default=Severity.S4)

    @property
    def staff_actions(self) -> tuple[str, ...]:
        """What staff are asked to do, the most serious first."""
        return tuple(one.action for one in self.staff)

    @property
    def help_first(self) -> bool:
        """Whether the emergency block stands after the first card: on every page with an S0 or S1."""
        return self.top_severity.rank <= Severity.S1.rank

    def sections(self) -> Iterator[tuple[str, tuple[Message, ...] | tuple[EmergencyLine, ...]]]:
        """(part of the page, what stands there) in reading order: for the screen, paper, read-aloud and programs."""
        yield "notice", self.notices
        yield "headline", self.headline_parts
        yield "difference", (self.difference,) if self.difference is not None and not self._said_by_a_title() else ()
        yield "action", (self.action,) if self.action is not None else ()
        first = 1 if self.help_first else len(self.cards)
        yield "card", self.cards[:first]
        yield "emergency", self.emergency
        yield "card", self.cards[first:]
        yield "safer_use", self.safer_use
        yield "limits", self.limits
        yield "next", self.next
        yield "more", self.more
        yield "notice", self.sign_off

    def _said_by_a_title(self) -> bool:
        """Whether the title of a card has the words of the difference in it: nothing is said twice."""
        said = _runs(self.difference.text) if self.difference is not None else set()
        return any(said & _runs(card.title) for card in self.cards)

    def visible_words(self) -> int:
        """How many words stand on the page without a tap; notices are not counted."""
        seen = [t for name, part in self.sections() if name not in ("notice", "more") for m in part for t in _seen(m)]
        return words_of([*seen, self.told_us])

    def loggable(self) -> Page:
        """The page as it would be had nobody been asked what they also take."""
        return self._without_self_report or self

    def with_base(self, base: Page) -> Page:
        """This page, remembering the page without the self-report."""
        self._without_self_report = base
        return self

    def messages(self) -> Iterator[Message]:
        """Every message in reading order."""
        for _, part in self.sections():
            for one in part:
                yield from one.parts if isinstance(one, EmergencyLine) else (one,)

    @property
    def display_log(self) -> tuple[tuple[str, int], ...]:
        """Ordered (message id, version) for the append-only log; never anything self-reported."""
        return tuple(one for m in self.loggable().messages() for one in ((m.id, m.version), *m.joined))

    def __repr__(self) -> str:
        return f"Page(pack={self.pack_digest[:12]}, messages={len(self.display_log)})"

    __str__ = __repr__

    @model_serializer(mode="wrap")
    def _dump_without_self_report(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped: dict[str, Any] = handler(self.loggable())
        return dumped

    def to_plain(self) -> str:
        """For reading aloud and for print, in memory only: it holds the self-reported cards too."""
        return "\n".join(_plain_lines(self)) + "\n"


def _runs(text: str, length: int = 4) -> set[tuple[str, ...]]:
    """Every run of so many words in it."""
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[at : at + length]) for at in range(len(words) - length + 1)}


def _card(message: Message) -> list[str]:
    title = f" · {message.title}" if message.title else ""
    lines = [f"{message.shape} {message.severity_word}{title}"]
    if message.because:
        lines.append(message.because)
    lines.append(message.text)
    if message.more_text:
        lines.extend(f"  {line}" for line in message.more_text.splitlines())
    return [*lines, ""]


def _seen(one: Message | EmergencyLine) -> tuple[str, ...]:
    return (one.text,) if isinstance(one, EmergencyLine) else (one.title, one.because, one.text)


def _plain_lines(page: Page) -> Iterator[str]:
    labels = page.labels
    headings = {"safer_use": labels.safer_use, "limits": labels.limits, "next": labels.next}
    told = False
    for name, part in page.sections():
        if name not in ("notice", "headline", "difference", "action") and not told:
            yield from (page.told_us, "")
            told = True
        if name == "headline":
            yield page.headline
        elif name == "emergency":
            yield labels.emergency.upper()
            yield from (f"{line.number}. {line.text}" for line in part if isinstance(line, EmergencyLine))
            yield ""
        elif name in ("card", "more"):
            if name == "more" and part:
                yield f"{labels.more}:"
            for message in part:
                yield from _card(message) if isinstance(message, Message) else ()
        elif part:
            if name in headings:
                yield headings[name].upper()
            for message in part:
                yield message.text
                if isinstance(message, Message):
                    yield from (f"  {line}" for line in message.more_text.splitlines())
            if name not in ("difference", "action"):
                yield ""
