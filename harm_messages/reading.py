"""YAML and checked rows with the line of every mistake, in sentences for a clinician.

YAML 1.2, safe: a key that stands twice is refused, and so is a bare yes or no, which programs read in two ways.
Parsed by libyaml, and by ruamel's own slower reader where libyaml (YAML 1.1) stumbles; both give the same values.
Imports the YAML reader, pydantic and this package's errors only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_BARE = re.compile(r"(?<![\w\"'])(?:yes|no|on|off|y|n)\s*(?=$|[,\]}#])", re.IGNORECASE | re.MULTILINE)
_BARE_WORDS = frozenset({"yes", "no", "on", "off", "y", "n"})


class Misread(ValueError):
    """Text that is not the YAML it should be; `line` counts from 1 inside the text."""

    def __init__(self, kind: str, text: str, line: int) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text
        self.line = line


def read_yaml(text: str) -> Any:
    """The value of one YAML document. Misread says what is wrong and where."""
    try:
        value = _load(text)
    except YAMLError as error:
        raise _misread(error) from error
    except ValueError as error:  # a day or number that does not exist, such as 2027-02-30
        raise _no_value(text, error) from error
    except RecursionError as error:
        raise Misread("yaml", "Brackets stand inside brackets too deeply.", 1) from error
    if _BARE.search(text):
        for node in _scalars(_composed(text)):
            if node.style is None and node.value.casefold() in _BARE_WORDS:
                said = (
                    f"“{node.value}” without quotes can be read as a word or as true/false. "
                    f'Write true or false, or put it in quotes: "{node.value}".'
                )
                raise Misread("bare_word", said, node.start_mark.line + 1)
    return value


def _load(text: str) -> Any:
    try:
        return YAML(typ="safe").load(text)
    except DuplicateKeyError:
        raise
    except YAMLError:
        return YAML(typ="safe", pure=True).load(text)


def _misread(error: YAMLError) -> Misread:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark is not None else 0
    said = str(getattr(error, "problem", None) or error).splitlines()[0]
    if isinstance(error, DuplicateKeyError):
        key = re.search(r'key "(.*?)" with', said)
        name = key.group(1) if key else ""
        return Misread("duplicate_key", f"“{name}” stands twice here. Keep one of the two lines.", line)
    where = " (look at the indentation, colons and quotes)" if isinstance(error, MarkedYAMLError) else ""
    return Misread("yaml", f"This is not well-formed YAML: {said}{where}.", line)


def _no_value(text: str, error: ValueError) -> Misread:
    for node in _scalars(_composed(text)):
        try:
            YAML(typ="safe").load(node.value if node.style is None else "")
        except ValueError:
            said = f"“{node.value[:60]}” is no day or number that exists."
            return Misread("value", said, node.start_mark.line + 1)
        except YAMLError:
            continue
    return Misread("value", f"A value here cannot be read: {_stopped(str(error))}", 1)


# -- lines -----------------------------------------------------------------------------------------


@lru_cache(maxsize=16)  # several mistakes in one file
def _composed(text: str) -> Node | None:
    node: Node | None = YAML(typ="safe", pure=True).compose(text)
    return node


def _scalars(node: Node | None) -> Iterator[ScalarNode]:
    """Every value that is no key."""
    if isinstance(node, ScalarNode):
        yield node
    elif isinstance(node, SequenceNode):
        for inner in node.value:
            yield from _scalars(inner)
    elif isinstance(node, MappingNode):
        for _, value in node.value:
            yield from _scalars(value)


def line_of(text: str, path: Sequence[str | int]) -> int:
    """The line (from 1) where this place of the document begins: as much of the path as there is."""
    try:
        node = _composed(text)
    except YAMLError:
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
    """(where inside the value, kind, sentence) of everything pydantic refused."""
    for one in error.errors():
        path = tuple(one["loc"])
        key = next((str(p) for p in reversed(path) if isinstance(p, str)), "")
        yield path, *_sentence(one["type"], key, one)


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
    text = str(value)
    return f"“{text[:60]}…”" if len(text) > 60 else f"“{text}”"


def _stopped(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
