"""Words people read: banned ones, sentences that are too long or too hard, translations that drifted.

Imports this package only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harm_messages.errors import Problem
from harm_messages.pack import Pack
from harm_messages.places import message_problem, table_problem
from harm_messages.readability import MAX_GRADE, MAX_WORDS_A_SENTENCE, grade, hardest, words_a_sentence
from harm_messages.tagged import plain, tags_in
from harm_messages.texts import MessageText


def word_problems(pack: Pack) -> Iterator[Problem]:
    """Everything wrong with single texts."""
    names = names_of(pack)
    for (message_id, locale), text in pack.messages.items():
        for kind, said, words in _banned(pack, locale, text.source):
            yield message_problem(pack, message_id, locale, kind, said, words)
        for kind, said in _hard(pack, text, names):
            yield message_problem(pack, message_id, locale, kind, said)
        yield from _translation(pack, text)
    for locale, labels in pack.labels.items():
        for path, words in _strings(labels.model_dump(mode="json")):
            for kind, said, _ in _banned(pack, locale, words):
                yield table_problem(pack, f"labels/{locale}.yaml", kind, said, path)
    for class_id, row in pack.substances.classes.items():
        for kind, said, _ in _banned(pack, pack.manifest.default_locale, row.plain):
            yield table_problem(pack, "classes.yaml", kind, said, [class_id, "plain"], where=class_id)


def names_of(pack: Pack) -> frozenset[str]:
    """What counts as one plain word: the names of the register, and those that pack.yaml adds."""
    rows = [name.split(" (")[0] for row in pack.substances for name in (row.name, row.in_sentence)]
    return frozenset({*rows, *pack.manifest.names_as_words})


def _banned(pack: Pack, locale: str, text: str) -> Iterator[tuple[str, str, str]]:
    """(kind, sentence, the words as they stand there)."""
    for word in pack.manifest.banned.get(locale, ()):
        hit = re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text, re.IGNORECASE)
        if hit:
            yield "banned", f"It says “{hit.group(0)}”. No text may: it can be read as reassurance.", hit.group(0)
    for pattern in pack.manifest.never.get(locale, ()):
        hit = re.search(pattern, text, re.IGNORECASE)
        if hit:
            yield "never", f"It says “{hit.group(0)}”, which pack.yaml forbids.", hit.group(0)


def _hard(pack: Pack, text: MessageText, names: frozenset[str]) -> Iterator[tuple[str, str]]:
    if text.id == pack.manifest.fixed.get("awaiting"):
        return  # its words are laid down: they say who has not signed
    shown = plain(f"{text.short}\n{text.more}")
    average = words_a_sentence(shown, names)
    if average > MAX_WORDS_A_SENTENCE:
        yield "sentences", f"Its sentences have {average:.1f} words on average; {MAX_WORDS_A_SENTENCE:.0f} is the most."
    if text.locale.split("-")[0] != "en":
        return
    level = grade(shown, names)
    if level > MAX_GRADE:
        words = ", ".join(hardest(shown, names)[:4])
        help_ = f" Hard words: {words}." if words else " Make the sentences shorter."
        yield "reading_grade", f"Its reading grade is {level:.1f}; {MAX_GRADE:.0f} is the most.{help_}"


def _translation(pack: Pack, text: MessageText) -> Iterator[Problem]:
    """A translation says the same as the very text it was made from: by digest, not by version alone."""
    default = pack.manifest.default_locale
    if text.locale == default:
        if text.changed_without_a_version:
            said = f"The text changed, but its version is still {text.version}. Write version: {text.version + 1}."
            yield message_problem(pack, text.id, default, "version", said, "version:")
        return
    original = pack.messages.get((text.id, default))
    if original is None:
        said = f"There is no such message in {pack.locales[default].name}."
        yield message_problem(pack, text.id, text.locale, "translation", said)
        return
    if text.made_from and text.made_from != original.digest:
        said = (
            f"The text in {pack.locales[default].name} has changed since this translation, so that text is shown. Translate it again, "
            f'then set made_from: "{original.digest}".'
        )
        yield message_problem(pack, text.id, text.locale, "translation", said, "made_from:", level="warning")
        return
    if not text.made_from and text.version != original.version:
        said = (
            f"It carries version {text.version}, the text it translates is at {original.version}. "
            "Until it is translated again and given that version, the other text is shown."
        )
        yield message_problem(pack, text.id, text.locale, "translation", said, "version:", level="warning")
        return
    if text.placeholders != original.placeholders:
        said = "Its placeholders are not those of the text it translates."
        yield message_problem(pack, text.id, text.locale, "placeholder", said)
    if [tags_in(part) for part in _parts(text)] != [tags_in(part) for part in _parts(original)]:
        said = "Its dosing sentences are not tagged like those of the text it translates."
        yield message_problem(pack, text.id, text.locale, "untagged", said)


def _parts(text: MessageText) -> tuple[str, str]:
    return text.short, text.more


def _strings(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _strings(inner, (*path, str(key)))
    elif isinstance(value, str):
        yield path, value
