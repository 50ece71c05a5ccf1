"""Sentences that tell someone how to take a drug, and leaving them out where they could kill.

A sentence that gives a start, a clock, a fraction or a count stands in square brackets with its tags:
`[start_low: Start with a small part.]`. A list line is tagged whole. Sentences without brackets that match the pack's
patterns count as tagged, so that packs written before tags existed obey the same veto. Imports this package only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from harm_messages.vocabulary import DosingTag

# Private-use characters stand around a kept dosing sentence until the text has become HTML.
OPEN, CLOSE = "\ue000", "\ue001"
TAGGED = re.compile(r"\[([a-z_]+(?:, ?[a-z_]+)*): ((?:[^\[\]])+)\]")
# A question and its answer are one sentence: "Already taken some? Take no more."
_END = re.compile(r"(?<=[.!])(?=\s)|(?<=[.!]\*\*)(?=\s)")
_LINE = re.compile(r"^(\s*(?:- |\d+\. ))?(.*)$", re.DOTALL)
_NOISE = re.compile(r"[^\w{}]+")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a text without its brackets. `marked`: its tags stand in the text, not only in the patterns."""

    text: str
    tags: frozenset[DosingTag]
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One paragraph or list line: what it begins with ("- "), and its sentences. `number` counts lines from 0."""

    prefix: str
    sentences: tuple[Sentence, ...]
    number: int


@lru_cache(maxsize=4096)  # most sentences of a page stand in the pack as they are
def normalised(sentence: str) -> str:
    """The sentence as people hear it: case, spaces, stars and punctuation do not make it another one."""
    return _NOISE.sub(" ", sentence.casefold()).strip()


def plain(source: str) -> str:
    """The text without the brackets and the names of the tags."""
    return TAGGED.sub(lambda m: m.group(2), source)


@lru_cache(maxsize=64)
def _compiled(patterns: tuple[tuple[DosingTag, tuple[str, ...]], ...]) -> tuple[tuple[DosingTag, re.Pattern[str]], ...]:
    return tuple((tag, re.compile("|".join(f"(?:{p})" for p in each), re.IGNORECASE)) for tag, each in patterns if each)


class Tagger:
    """Reads texts of one language by the patterns of a pack."""

    def __init__(self, patterns: Mapping[DosingTag, tuple[str, ...]]) -> None:
        self._patterns = _compiled(tuple(sorted((tag, tuple(each)) for tag, each in patterns.items())))
        self._read: dict[str, list[list[Line]]] = {}

    def found(self, sentence: str) -> frozenset[DosingTag]:
        """The tags whose pattern this sentence matches."""
        return frozenset(tag for tag, pattern in self._patterns if pattern.search(sentence))

    def lines(self, source: str) -> list[list[Line]]:
        """Paragraphs and lists, each as its lines; read once per text."""
        if source not in self._read:
            self._read[source] = self._lines(source)
        return self._read[source]

    def _lines(self, source: str) -> list[list[Line]]:
        blocks: list[list[Line]] = []
        number = 0
        for block in re.split(r"(\n\s*\n)", source):
            if block.strip():
                blocks.append([self._line(text, number + n) for n, text in _lines_of(block)])
            number += block.count("\n")
        return blocks

    def _line(self, text: str, number: int) -> Line:
        prefix, rest = _LINE.match(text).groups()  # type: ignore[union-attr]
        return Line(prefix or "", tuple(self.sentences(rest)), number)

    def sentences(self, text: str) -> Iterator[Sentence]:
        """Sentence by sentence; a bracket is one sentence with the tags it names, and those its words match."""
        at = 0
        for match in TAGGED.finditer(text):
            yield from self._free(text[at : match.start()])
            named = frozenset(DosingTag(t.strip()) for t in match.group(1).split(",") if t.strip() in set(DosingTag))
            yield Sentence(match.group(2).strip(), named | self.found(match.group(2)), marked=True)
            at = match.end()
        yield from self._free(text[at:])

    def _free(self, text: str) -> Iterator[Sentence]:
        for part in _END.split(text):
            if part.strip():
                yield Sentence(part.strip(), self.found(part))

    def untagged(self, source: str) -> Iterator[tuple[int, str, frozenset[DosingTag]]]:
        """(line from 0, sentence, tags it lacks) of every sentence whose words ask for a tag it does not carry."""
        for block in self.lines(source):
            for line in block:
                for one in line.sentences:
                    lacking = self.found(one.text) - (_named(source, one.text) if one.marked else frozenset())
                    if lacking:
                        yield line.number, one.text, lacking

    def kept(
        self,
        source: str,
        allowed: Callable[[frozenset[DosingTag]], bool],
        fresh: Callable[[str], bool] = lambda sentence: True,
    ) -> str:
        """The text with the sentences that may stand here; `fresh`: whether a sentence has not stood on the page yet."""
        blocks = []
        for block in self.lines(source):
            lines = []
            for line in block:
                left = [s for s in line.sentences if (not s.tags or allowed(s.tags)) and fresh(s.text)]
                if left:
                    words = " ".join(f"{OPEN}{s.text}{CLOSE}" if s.tags else s.text for s in left)
                    lines.append(line.prefix + _balanced(words))
            if lines:
                blocks.append("\n".join(lines))
        return "\n\n".join(blocks)


def _named(source: str, sentence: str) -> frozenset[DosingTag]:
    named: set[DosingTag] = set()
    for match in TAGGED.finditer(source):
        if match.group(2).strip() == sentence:
            named |= {DosingTag(t.strip()) for t in match.group(1).split(",") if t.strip() in set(DosingTag)}
    return frozenset(named)


def _lines_of(block: str) -> Iterator[tuple[int, str]]:
    """(offset, text) of each list line or paragraph; a paragraph's lines are one."""
    start, words = 0, ""
    for n, line in enumerate(block.split("\n")):
        if re.match(r"\s*(?:- |\d+\. )", line) and words.strip():
            yield start, words
            start, words = n, line
        else:
            start = start if words.strip() else n
            words = f"{words} {line.strip()}" if words.strip() else line
    if words.strip():
        yield start, words


def _balanced(words: str) -> str:
    """Drop stars whose partner stood in a sentence that was left out."""
    return words if words.count("**") % 2 == 0 else words.replace("**", "")


def unknown_tags(source: str) -> Iterator[tuple[int, str]]:
    """(line from 0, word) of every tag that does not exist."""
    for match in TAGGED.finditer(source):
        for tag in match.group(1).split(","):
            if tag.strip() not in set(DosingTag):
                yield source.count("\n", 0, match.start()), tag.strip()


def tags_in(source: str) -> list[tuple[str, ...]]:
    """The tags that stand in the text, bracket by bracket, for comparing a translation with its original."""
    return sorted(tuple(sorted(t.strip() for t in m.group(1).split(","))) for m in TAGGED.finditer(source))


def first_sentence(text: str) -> str:
    """The first sentence of a text, with its answer where it is a question."""
    return _END.split(text, maxsplit=1)[0]


def words_of(texts: Iterable[str]) -> int:
    """How many words a person sees."""
    return sum(len(t.split()) for t in texts)
