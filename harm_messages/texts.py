"""One message file: front matter, the card text, and the longer text behind "More".

Why a file per message and locale: a clinician edits one thing and the digest shows which. Imports the
YAML reader and this package's Markdown only.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from harm_messages.content import Sourced, Status
from harm_messages.markdown import complaints, placeholders

MORE = "%% more"
MAX_WORDS = 70
MAX_MORE_WORDS = 250


class MessageText(Sourced):
    """A message in one locale. `short` and `more` are Markdown with placeholders."""

    id: str = Field(pattern=r"^M-[A-Z0-9-]+$")
    version: int = Field(ge=1)
    status: Status
    locale: str
    title: str = ""
    tags: tuple[str, ...] = ()
    short: str
    more: str = ""

    @property
    def placeholders(self) -> frozenset[str]:
        """All placeholders of title, card and more."""
        return placeholders(self.title) | placeholders(self.short) | placeholders(self.more)

    @property
    def source(self) -> str:
        """Everything a person may come to read, for word checks."""
        return "\n\n".join(part for part in (self.title, self.short, self.more) if part)


def read_yaml(text: str) -> Any:
    """Safe, pure YAML 1.2: `no` is a word, and a key that stands twice is refused."""
    return YAML(typ="safe", pure=True).load(text)


def read_message(text: str, locale: str) -> MessageText:
    """Front matter between two lines of ---, then the text. ValueError says what is wrong."""
    head, body = _split(text)
    try:
        front = read_yaml(head)
    except YAMLError as error:
        raise ValueError(f"front matter: {error}") from error
    if not isinstance(front, dict):
        raise ValueError("front matter: expected lines such as 'id: M-NITAZENE'")
    short, _, more = (part.strip() for part in body.partition(f"\n{MORE}\n"))
    message = MessageText(locale=locale, short=short, more=more, **front)
    _limits(message)
    return message


def _split(text: str) -> tuple[str, str]:
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0].strip() != "---" or "---" not in lines[1:]:
        raise ValueError("a message starts with front matter between two lines of ---")
    end = lines.index("---", 1)
    return "\n".join(lines[1:end]), "\n" + "\n".join(lines[end + 1 :]) + "\n"


def _limits(message: MessageText) -> None:
    for name, text, limit in (("card", message.short, MAX_WORDS), ("more", message.more, MAX_MORE_WORDS)):
        words = len(text.split())
        if words > limit:
            raise ValueError(f"{name} has {words} words; at most {limit}")
    if not message.short:
        raise ValueError("there is no card text")
    for complaint in (*complaints(message.short), *complaints(message.more)):
        raise ValueError(complaint)
