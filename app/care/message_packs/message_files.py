"""A message's file as a form, and back: front matter between two lines of ---, the card, and parts under %%. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from harm_messages.reading import Misread, read_yaml
from harm_messages.texts import MAX_CHARACTERS

MEANING = ("title", "tags", "pictogram", "spoken")
"""Keys of the front matter that a reader notices; the card and the parts below it count as well."""
ORDER = ("id", "version", "wording", "made_from", "status", *MEANING, "evidence", "review_by")
_PART = re.compile(r"^%%[ \t]+([a-z_]+)[ \t]*$", re.MULTILINE)
_BARE = frozenset({"true", "false", "null", "nan", "yes", "no", "on", "off", "y", "n"})
"""Words that a YAML reader may take for something else."""
_PLAIN = re.compile(r"^[A-Za-z][A-Za-z0-9_.-]*$")


@dataclass(frozen=True, slots=True)
class MessageFile:
    """What is in the file: front matter, and its parts by name ("" is the card)."""

    front: Mapping[str, object] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)

    def get(self, key: str) -> str:
        """A line of the front matter as text; "" where it is absent."""
        value = self.front.get(key)
        return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)

    @property
    def evidence(self) -> list[str]:
        """Where it comes from, one line each."""
        lines = self.front.get("evidence")
        return [str(line) for line in lines] if isinstance(lines, list | tuple) else []

    @property
    def number(self) -> int:
        """The version of the message; 0 where none is written."""
        value = self.front.get("version")
        return value if isinstance(value, int) else 0

    def meaning(self) -> tuple[object, ...]:
        """Everything a reader may come to see or hear."""
        said = {name: " ".join(text.split()) for name, text in self.parts.items() if text.strip()}
        return (tuple(str(self.front.get(key) or "") for key in MEANING), tuple(sorted(said.items())))


def path_of(message_id: str, locale: str) -> str:
    """Where a message stands in the pack."""
    return f"messages/{locale}/{message_id}.md"


def front_matter(text: str) -> str:
    """The lines between the two lines of ---; "" where there are none."""
    return "\n".join(_halves(text)[0] or ())


def _halves(text: str) -> tuple[list[str] | None, list[str]]:
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0].strip() != "---" or "---" not in lines[1:]:
        return None, lines
    end = lines.index("---", 1)
    return lines[1:end], lines[end + 1 :]


def read(text: str) -> MessageFile:
    """The file, read as far as it can be: a broken one must open in the editor too.

    Front matter longer than a whole message may be is not read: it takes seconds, in which a draft may be held.
    """
    head, body = _halves(text)
    if head is None:
        return MessageFile({}, {"": text.strip()})
    front = _front("\n".join(head))
    pieces = _PART.split("\n".join(body))
    parts = {"": pieces[0].strip(), **{pieces[k]: pieces[k + 1].strip() for k in range(1, len(pieces) - 1, 2)}}
    return MessageFile(front, parts)


def _front(head: str) -> Mapping[str, object]:
    if len(head) > MAX_CHARACTERS:
        return {}
    try:
        front = read_yaml(head)
    except Misread:
        return {}
    return front if isinstance(front, dict) else {}


def write(message: MessageFile) -> str:
    """The file's text: keys in their usual order, what is empty left out."""
    known = [key for key in ORDER if key in message.front] + [key for key in message.front if key not in ORDER]
    head = [f"{key}: {_yaml(message.front[key])}" for key in known if message.front[key] not in (None, "", [], ())]
    body = [message.parts.get("", "").strip()]
    body += [f"%% {name}\n\n{text.strip()}" for name, text in message.parts.items() if name and text.strip()]
    return "\n".join(("---", *head, "---", "\n\n".join(body))) + "\n"


def _yaml(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_yaml(one) for one in value) + "]"
    if isinstance(value, str) and (_PLAIN.match(value) and value.lower() not in _BARE):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def with_version(new: MessageFile, parent: MessageFile | None) -> MessageFile:
    """The new text with its version: one above the parent's where the meaning differs, else the parent's."""
    if parent is None:
        return MessageFile({**new.front, "version": 1}, new.parts)
    number = parent.number + (new.meaning() != parent.meaning())
    return MessageFile({**new.front, "version": number}, new.parts)
