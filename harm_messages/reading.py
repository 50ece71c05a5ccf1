"""YAML and checked rows with the line of every mistake, in sentences for a clinician.

YAML 1.2, safe: a key that stands twice is refused, and so is a bare yes or no, which programs read in two ways.
Anchors and aliases are refused as well: a few hundred characters of them stand for more values than any memory holds.
All that is looked for in the stream of events, before anything is built. So a value is never larger than its text,
and what is said of a wrong one is cut short.
Parsed by libyaml, and by ruamel's own slower reader where libyaml (YAML 1.1) stumbles; both give the same values.
Imports the YAML reader, pydantic and this package's errors only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from reprlib import Repr
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from harm_messages.errors import MOST, and_more

MAX_CHARACTERS = 400_000
"""The longest file; the longest one that comes with MAST has a fifth of it."""
MAX_DEPTH = 32
"""So many groups and lists may stand inside each other; a rule has seven."""
_CUT = 60
_SAID = 300
_BARE_WORDS = frozenset({"yes", "no", "on", "off", "y", "n"})
# what a reader of YAML 1.1 or 1.2 takes for a whole number, however long
_LONG_NUMBER = re.compile(r"[-+]?(?:0[xob][0-9a-fA-F_]+|[0-9][0-9_.eE+:-]*)")


_STUMBLES = (AssertionError, ArithmeticError, LookupError, TypeError, UnicodeError)
"""What the two YAML readers raise on some text that is no YAML, beside errors of their own."""


class _Constructor(SafeConstructor):
    """Builds values, and says on which line one stands that does not exist, such as the day 2027-02-30."""

    def construct_object(self, node: Node, deep: bool = False) -> Any:
        """The value of a node. Raises Misread with its line."""
        try:
            return super().construct_object(node, deep=deep)
        except Misread:
            raise
        except (ValueError, ArithmeticError, LookupError, TypeError) as error:
            said = f"“{str(node.value)[:_CUT]}” is no day or number that exists."
            raise Misread("value", said, node.start_mark.line + 1) from error


class _Yaml(YAML):
    """A YAML reader that does not search the disc for plug-ins at every file, and knows the line of every value."""

    def __init__(self, *, pure: bool = False) -> None:
        super().__init__(typ="safe", pure=pure)
        self.Constructor = _Constructor

    def official_plug_ins(self) -> list[str]:
        """None: this package brings its own reader."""
        return []


class Misread(ValueError):
    """Text that is not the YAML it should be; `line` counts from 1 inside the text."""

    def __init__(self, kind: str, text: str, line: int) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text
        self.line = line


def read_yaml(text: str) -> Any:
    """The value of one YAML document. Misread says what is wrong and where."""
    if len(text) > MAX_CHARACTERS:
        raise Misread("length", f"This has {len(text):,} characters; a file may have {MAX_CHARACTERS:,} at most.", 1)
    try:
        return _load(text)
    except YAMLError as error:
        raise _misread(error) from error
    except RecursionError as error:
        raise Misread("yaml", "Brackets stand inside brackets too deeply.", 1) from error
    except AssertionError as error:  # what the slower reader says of %YAML 1.3
        raise Misread("yaml", _OTHER_VERSION, 1) from error
    except Misread:
        raise
    except _STUMBLES as error:
        raise Misread(
            "yaml", "This is not well-formed YAML (look at signs that are no letters, and at quotes).", 1
        ) from error


def first_anchor(text: str) -> Misread | None:
    """The first anchor or alias in the text, told without building a value; None where there is none."""
    for pure in (False, True):
        try:
            _look_through(text, pure=pure)
        except Misread as found:
            return found if found.kind == "anchor" else None
        except (YAMLError, *_STUMBLES):  # libyaml stumbled; of what neither reads, the reading itself speaks
            continue
        return None
    return None


def _load(text: str) -> Any:
    try:
        _look_through(text, pure=False)
        return _Yaml().load(text)
    except DuplicateKeyError:
        raise
    except YAMLError:
        _look_through(text, pure=True)
        return _Yaml(pure=True).load(text)


def _look_through(text: str, *, pure: bool) -> None:
    """Refuse what may not stand in a file, from its events alone: nothing is built, and no alias is followed."""
    inside: list[bool | None] = []  # of each open group whether a key comes next; None for a list
    for event in _Yaml(pure=pure).parse(text):
        if isinstance(event, CollectionEndEvent):
            inside.pop()
            continue
        if not isinstance(event, NodeEvent):
            continue
        line = event.start_mark.line + 1
        if event.anchor is not None:
            named = f"{'*' if isinstance(event, AliasEvent) else '&'}{event.anchor}"
            raise Misread("anchor", _NO_ANCHORS.format(named[:_CUT]), line)
        is_key = bool(inside and inside[-1])
        if inside and inside[-1] is not None:
            inside[-1] = not is_key
        if isinstance(event, ScalarEvent):
            _look_at(event, is_key, line)
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            inside.append(True if isinstance(event, MappingStartEvent) else None)
            if len(inside) > MAX_DEPTH:
                said = f"Lists or groups stand inside each other too deeply; {MAX_DEPTH} is the most."
                raise Misread("yaml", said, line)


def _look_at(event: ScalarEvent, is_key: bool, line: int) -> None:
    if event.style not in (None, ""):  # in quotes, or a block of text
        return
    value = event.value
    if not is_key and len(value) <= 3 and value.casefold() in _BARE_WORDS:
        said = (
            f"“{value}” without quotes can be read as a word or as true/false. "
            f'Write true or false, or put it in quotes: "{value}".'
        )
        raise Misread("bare_word", said, line)
    if len(value) >= 40 and _LONG_NUMBER.fullmatch(value):
        raise Misread("value", f"“{value[:20]}…” is read as a number of {len(value)} digits. Put it in quotes.", line)


_OTHER_VERSION = "The line that begins with %YAML asks for a version of YAML that is not read here. Take the line out."
_NO_ANCHORS = (
    "“{}” is YAML's sign for a text that stands in several places. It is not read here: write the text out in each place. "
    "If a text is to begin with & or *, put it in quotes."
)


def _misread(error: YAMLError) -> Misread:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark is not None else 0
    said = str(getattr(error, "problem", None) or error).splitlines()[0]
    if isinstance(error, DuplicateKeyError):
        key = re.search(r'key "(.*?)" with', said)
        name = key.group(1)[:_CUT] if key else ""
        return Misread("duplicate_key", f"“{name}” stands twice here. Keep one of the two lines.", line)
    where = " (look at the indentation, colons and quotes)" if isinstance(error, MarkedYAMLError) else ""
    return Misread("yaml", f"This is not well-formed YAML: {said[:_SAID]}{where}.", line)


# -- lines -----------------------------------------------------------------------------------------


def _nodes(text: str) -> Node | None:
    node: Node | None = _Yaml(pure=True).compose(text)
    return node


_composed = lru_cache(maxsize=16)(_nodes)  # several mistakes in one file


def line_of(text: str, path: Sequence[str | int]) -> int:
    """The line (from 1) where this place of the document begins: as much of the path as there is."""
    try:
        node = _composed(text)
    except (YAMLError, *_STUMBLES):
        return 0
    line = node.start_mark.line if node is not None else 0
    for step in path:
        if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line
        elif isinstance(node, MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(step)), None)
            if pair is None:
                continue  # pydantic names the kind of a union here; the next step may fit again
            line, node = pair[0].start_mark.line, pair[1]
    return int(line) + 1


# -- sentences -------------------------------------------------------------------------------------


def sentences(error: ValidationError) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """(where inside the value, kind, sentence) of what pydantic refused: the first ones, then how many more."""
    found = error.errors(include_url=False)
    for one in found[:MOST]:
        path = tuple(one["loc"])
        key = next((str(p) for p in reversed(path) if isinstance(p, str)), "")
        yield path, *_sentence(one["type"], key[:_CUT], one)
    if len(found) > MOST:
        yield (), "more", and_more(len(found) - MOST)


def _sentence(kind: str, key: str, one: Any) -> tuple[str, str]:
    given, context = _shown(one.get("input")), one.get("ctx") or {}
    if kind == "extra_forbidden":
        return "unknown_key", f"“{key}” is not a key that is known here. Look for a spelling mistake, or take it out."
    if kind == "missing":
        return "missing_key", f"“{key}” is missing."
    if kind == "value_error":
        return "value", _stopped(str(one["msg"]).removeprefix("Value error, "))
    if kind in ("enum", "literal_error"):
        wanted = str(context.get("expected", "")).replace("'", "")
        return "value", f"“{key}” is {given}, but it must be one of: {wanted}."
    if kind in ("too_short", "string_too_short"):
        return "value", f"“{key}” must not be empty."
    if kind == "string_pattern_mismatch":
        return "value", f"“{key}” is {given}, which does not have the form of such an id ({context.get('pattern')})."
    wanted = next((words for start, words in _WANTED.items() if kind.startswith(start)), "")
    if wanted:
        return "value", f"“{key}” is {given}, but it must be {wanted}."
    return "value", f"“{key}” is {given}: {_stopped(str(one['msg']))}"


_WANTED = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "datetime": "a moment with its time zone, such as 2026-02-01T00:00:00Z",
    "timezone": "a moment with its time zone, such as 2026-02-01T00:00:00Z",
    "date": "a date such as 2027-05-01",
    "tuple": "a list, such as [one, two]",
    "string": "text (put it in quotes)",
    "dict": "a group of “key: value” lines",
    "model": "a group of “key: value” lines",
}


def _shown(value: Any) -> str:
    text = (
        _SHORT.repr(value)
        if isinstance(value, dict | list | tuple)
        else value
        if isinstance(value, str)
        else str(value)
    )
    return f"“{text[:_CUT]}…”" if len(text) > _CUT else f"“{text}”"


_SHORT = Repr()
"""Of a whole structure only its beginning is made into text."""
_SHORT.maxlevel, _SHORT.maxdict, _SHORT.maxlist, _SHORT.maxtuple = 3, 4, 4, 4
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = _CUT


def _stopped(text: str) -> str:
    text = text[:1].upper() + text[1:_SAID]
    return text if text.endswith((".", "!", "?")) else f"{text}."
