"""One message file: front matter, the card text, the longer text behind "More", and what read-aloud says.

Why a file per message and locale: a clinician edits one thing and the digest shows which. Imports pydantic and
this package's readers only.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from pydantic import Field, ValidationError

from harm_messages.content import Sourced, Status
from harm_messages.errors import Problem
from harm_messages.markdown import complaints, placeholders
from harm_messages.reading import Misread, line_of, read_yaml, sentences
from harm_messages.tagged import plain, unknown_tags
from harm_messages.vocabulary import DosingTag, Pictogram

MORE = "more"
SPOKEN = "spoken"
MAX_WORDS = 70  # the shape of a file; how much a page may show is in pack.yaml `budgets`
MAX_MORE_WORDS = 250
MAX_SPOKEN_WORDS = 140
MAX_CHARACTERS = 20_000
"""Of the whole file: far beyond what its words may fill, and read in no time."""
_SECTION = re.compile(r"^%%\s*(\S+)\s*$")


class MessageText(Sourced):
    """A message in one locale. `short` and `more` are Markdown with placeholders; `spoken` is what read-aloud says
    in place of `short` where the two differ; `pictogram` is drawn beside the card; `made_from`: of a translation, the
    digest of the text it was made from; `wording`: "version:beginning of the digest" of the text this version stands for."""

    id: str = Field(pattern=r"^M-[A-Z0-9-]+$")
    version: int = Field(ge=1)
    status: Status
    locale: str
    title: str = ""
    tags: tuple[str, ...] = ()
    pictogram: Pictogram | None = None
    short: str
    more: str = ""
    spoken: str = ""
    made_from: str = ""
    wording: str = Field(default="", pattern=r"^(?:[1-9][0-9]*:[0-9a-f]{16})?$")

    @property
    def changed_without_a_version(self) -> bool:
        """Whether the text is another than the one recorded for this very version."""
        number, _, digest = self.wording.partition(":")
        return number == str(self.version) and digest != self.digest[:16]

    @cached_property
    def digest(self) -> str:
        """sha-256 of title, card, more and spoken text with white space folded: what a translation was made from."""
        parts = (" ".join(part.split()) for part in (self.title, self.short, self.more, self.spoken))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @cached_property
    def placeholders(self) -> frozenset[str]:
        """All placeholders of title, card, more and spoken text."""
        return frozenset().union(*map(placeholders, (self.title, self.short, self.more, self.spoken)))

    @property
    def source(self) -> str:
        """Everything a person may come to read or hear, for word checks."""
        return "\n\n".join(plain(part) for part in (self.title, self.short, self.more, self.spoken) if part)


@dataclass(frozen=True, slots=True)
class _Part:
    """Lines of the file under one heading; `line` is where its first line stands, from 1."""

    text: str
    line: int


@lru_cache(maxsize=2048)  # while a pack is edited, all files but one stay as they were
def read_message(text: str, locale: str, file: str) -> tuple[MessageText | None, tuple[Problem, ...]]:
    """The message in this file and everything that is wrong with it; None where it cannot be used."""
    name = file.rsplit("/", 1)[-1].removesuffix(".md")
    if len(text) > MAX_CHARACTERS:
        said = f"The file has {len(text):,} characters; a message may have {MAX_CHARACTERS:,} at most."
        return None, (_said("length", name, said, file, 1),)
    try:
        head, parts = _split(text)
        front = read_yaml(head)
    except Misread as error:
        # the front matter begins on the second line
        return None, (Problem(error.kind, name, error.text, file=file, line=error.line + 1),)
    if not isinstance(front, dict):
        return None, (_said("front_matter", name, "The front matter holds no line such as “id: M-NITAZENE”.", file, 2),)
    problems = list(_section_problems(parts, name, file))
    bodies = {key: parts[key].text for key in ("short", MORE, SPOKEN) if key in parts and key not in front}
    try:
        message = MessageText.model_validate({"short": "", **bodies, "locale": locale, **front})
    except ValidationError as error:
        found = [_said(k, name, said, file, line_of(head, path) + 1) for path, k, said in sentences(error)]
        return None, (*problems, *found)
    problems += _limits(message, parts, name, file)
    for _, complaint in complaints(message.title) if "<" in message.title else ():
        problems.append(_said("markup", name, complaint, file, line_of(head, ["title"]) + 1))
    if message.id != name:
        said = f"The id inside is {message.id}, the file is called {name}. The two must agree."
        problems.append(_said("id", name, said, file, line_of(head, ["id"]) + 1))
    return (None if problems else message), tuple(problems)


def _said(kind: str, where: str, text: str, file: str, line: int) -> Problem:
    return Problem(kind, where, text, file=file, line=line)


def _split(text: str) -> tuple[str, dict[str, _Part]]:
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0].strip() != "---" or "---" not in lines[1:]:
        raise Misread("front_matter", "A message starts with front matter between two lines of ---.", 0)
    end = lines.index("---", 1)
    parts: dict[str, _Part] = {}
    name, start = "short", end + 1
    for i in [*range(end + 1, len(lines)), len(lines)]:
        section = _SECTION.match(lines[i]) if i < len(lines) else None
        if section is None and i < len(lines):
            continue
        if name in parts:
            raise Misread("section", f"“%% {name}” stands twice.", start - 1)
        body = lines[start:i]
        blank = next((n for n, line in enumerate(body) if line.strip()), 0)
        parts[name] = _Part("\n".join(body).strip(), start + blank + 1)
        name, start = (section.group(1) if section else ""), i + 1
    return "\n".join(lines[1:end]), parts


def _section_problems(parts: dict[str, _Part], name: str, file: str) -> Iterator[Problem]:
    for key in sorted(set(parts) - {"short", MORE, SPOKEN}):
        said = f"“%% {key}” is no part of a message; there are “%% {MORE}” and “%% {SPOKEN}”."
        yield _said("section", name, said, file, parts[key].line)


def _limits(message: MessageText, parts: dict[str, _Part], name: str, file: str) -> Iterator[Problem]:
    limits = (("short", "card", MAX_WORDS), (MORE, "text behind “More”", MAX_MORE_WORDS),
              (SPOKEN, "spoken text", MAX_SPOKEN_WORDS))  # fmt: skip
    for key, called, limit in limits:
        text = getattr(message, key)
        line = parts[key].line if key in parts else 1
        words = len(plain(text).split())
        if words > limit:
            yield _said("length", name, f"The {called} has {words} words; it may have {limit} at most.", file, line)
        for offset, complaint in complaints(plain(text)):
            yield _said("markup", name, complaint, file, line + offset)
        for offset, tag in unknown_tags(text):
            said = f"[{tag}: …] is no tag of a dosing sentence; there are {', '.join(DosingTag)}."
            yield _said("tag", name, said, file, line + offset)
    if not message.short:
        yield _said("empty", name, "There is no card text.", file, parts["short"].line)
    extra = placeholders(message.spoken) - placeholders(message.short)
    for one in sorted(extra):
        said = f"The spoken text uses {{{one}}}, which the card does not."
        yield _said("placeholder", name, said, file, parts[SPOKEN].line if SPOKEN in parts else 1)


def stamped(source: str, text: MessageText) -> str:
    """The file's text with what this version says recorded in its front matter."""
    line = f'wording: "{text.version}:{text.digest[:16]}"'
    if re.search(r"^wording: ", source, re.MULTILINE):
        return re.sub(r"^wording: .*$", line, source, count=1, flags=re.MULTILINE)
    return re.sub(r"^(version: .*)$", rf"\1\n{line}", source, count=1, flags=re.MULTILINE)
