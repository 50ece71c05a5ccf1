"""What is shown: messages in their places, as values for HTML and as plain text.

Why the odd serialiser: a page may hold messages caused by what a person said they also take. Those live
in memory only, so dumping, repr and `loggable()` give the page as it is without them. No web here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import ConfigDict, PrivateAttr, SerializerFunctionWrapHandler, model_serializer

from harm_messages.content import Labels
from harm_messages.types import Frozen, Outcome, Severity, Slot, Verdict
from harm_messages.vocabulary import Pictogram

SHAPES = {Severity.S0: "■", Severity.S1: "▲", Severity.S2: "◆", Severity.S3: "●", Severity.S4: "–"}


class Message(Frozen):
    """One rendered message. `because` names the evidence when it is weaker than confirmed.

    `locale` is the language of this text, whatever was asked for; `spoken` is what read-aloud says in place of
    `text`; `pictogram` is drawn beside it. `machine_drafted`: nobody has signed this translation.
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

    def __repr__(self) -> str:
        return f"Message({self.id if self.origin == 'result' else 'self_reported'})"

    __str__ = __repr__

    @property
    def shape(self) -> str:
        """The severity as a shape, for eyes that do not tell colours apart."""
        return SHAPES[self.severity]


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
    """A whole client page in reading order. `limits` and `emergency` are never empty."""

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
    cards: tuple[Message, ...]
    more: tuple[Message, ...]
    emergency: tuple[EmergencyLine, ...]
    safer_use: tuple[Message, ...]
    limits: tuple[Message, ...]
    next: tuple[Message, ...]
    staff_actions: tuple[str, ...]
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
        """The gravest card of the body."""
        return min((m.severity for m in self.body), key=lambda s: s.rank, default=Severity.S4)

    def loggable(self) -> Page:
        """The page as it would be had nobody been asked what they also take."""
        return self._without_self_report or self

    def with_base(self, base: Page) -> Page:
        """This page, remembering the page without the self-report."""
        self._without_self_report = base
        return self

    def messages(self) -> Iterator[Message]:
        """Every message in reading order."""
        yield from self.notices
        yield from self.headline_parts
        if self.difference is not None:
            yield self.difference
        yield from self.body
        for line in self.emergency:
            yield from line.parts
        yield from self.safer_use
        yield from self.limits
        yield from self.next

    @property
    def display_log(self) -> tuple[tuple[str, int], ...]:
        """Ordered (message id, version) for the append-only log; never anything self-reported."""
        return tuple((m.id, m.version) for m in self.loggable().messages())

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


def _card(message: Message) -> list[str]:
    title = f" · {message.title}" if message.title else ""
    lines = [f"{message.shape} {message.severity_word}{title}"]
    if message.because:
        lines.append(message.because)
    lines.append(message.text)
    if message.more_text:
        lines.extend(f"  {line}" for line in message.more_text.splitlines())
    return [*lines, ""]


def _plain_lines(page: Page) -> Iterator[str]:
    labels = page.labels
    for notice in page.notices:
        yield notice.text
        yield ""
    yield page.headline
    yield page.told_us
    if page.difference is not None:
        yield page.difference.text
    yield ""
    for message in page.cards:
        yield from _card(message)
    if page.more:
        yield f"{labels.more}:"
        for message in page.more:
            yield from _card(message)
    yield labels.emergency.upper()
    for line in page.emergency:
        yield f"{line.number}. {line.text}"
    for heading, messages in (
        (labels.safer_use, page.safer_use), (labels.limits, page.limits), (labels.next, page.next),
    ):  # fmt: skip
        if messages:
            yield ""
            yield heading.upper()
            for message in messages:
                yield message.text
                yield from (f"  {line}" for line in message.more_text.splitlines())
