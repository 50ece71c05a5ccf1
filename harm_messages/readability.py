"""How plain a text is: words a sentence and the Flesch–Kincaid grade, names of drugs counted as one plain word.

Why our own syllable count: the dictionaries are GPL, and a check must run where the pack is edited. A test holds it
against such a dictionary over every word of the pack. English only; sentence length is asked in every language.
Source of the formula: Kincaid et al. 1975. Imports nothing of this package.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

MAX_GRADE = 5.0
MAX_WORDS_A_SENTENCE = 12.0
NAME = "drug"  # stands for every name

_VOWELS = re.compile(r"[aeiouy]+")
_SPLIT = re.compile(r"[.!?:]\s+|[.!?:]$|\n+")
_WORDS = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
# endings and insides that are written with a vowel and said without one
_SILENT = re.compile(
    r"[^laeiouy]es$|[aeiouy]les$|[^aeiouytdlr]ed$|[aeiouy]ll?ed$|[aeiour]red$|[^aeiouyl]e$|[aeiouy]le$|gue$"
)
_SOUNDED = re.compile(r"(?:[sxzcg]|ch|sh)es$|dred$")
_SILENT_INSIDE = re.compile(r"[^aeiouyl]e(?=(?:ly|less|ness|ments?|ful|where|things?|body|one)$)|ole(?=ly)")
# vowels written together and said apart
_APART = re.compile(
    r"(?<![ct])ia(?!r$)|iet|(?<![cstg])io(?=n)|ious(?<![cstgx]ious)|ua(?!r)|uou|eo(?!u|p)|[aeiouy]ing|iu|clien|scien|dien|"
    r"eate|creat|i[ae]st|[bcdfglmnprtv]ier$|[aeou]y[aeiou]|react|real(?!ly)|ism"
)
# words the rules above get wrong
EXCEPTIONS: dict[str, int] = {
    "agreed": 2, "ambient": 3, "anyone": 3, "area": 3, "areas": 3, "aspirin": 2, "baseline": 2, "being": 2, "business": 2,
    "caveat": 3, "centre": 2, "diamond": 2, "destroyed": 2, "elsewhere": 2, "everybody": 4, "everyone": 3, "everything": 3, "eye": 1, "eyes": 1, "familiar": 3,
    "heroin": 3, "hundred": 2, "idea": 2, "ideas": 2, "infrared": 3, "ion": 2, "ions": 2, "language": 2, "languages": 3,
    "million": 2, "prior": 2, "ratio": 3, "real": 1, "rely": 2, "repeated": 3, "something": 2, "someone": 2, "sometimes": 2, "somewhere": 2, "somebody": 3, "tired": 2, "therefore": 2, "treated": 2, "whoever": 3,
}  # fmt: skip


@lru_cache(maxsize=20_000)
def syllables(word: str) -> int:
    """How many syllables an English word has; at least 1."""
    word = word.casefold().replace("’", "'")
    if "-" in word:
        return sum(syllables(part) for part in word.split("-") if part)
    bare = re.sub(r"'(?:s|t|re|ve|ll|d|m)?$", "", word)
    if bare in EXCEPTIONS:
        return EXCEPTIONS[bare]
    bare = bare.replace("qu", "q")
    count = len(_VOWELS.findall(bare)) + len(_APART.findall(bare)) - len(_SILENT_INSIDE.findall(bare))
    if _SILENT.search(bare) and not _SOUNDED.search(bare):
        count -= 1
    return max(1, count + word.endswith(("sn't", "dn't")))


def plain(text: str, names: Collection[str]) -> str:
    """Without markup; placeholders and names become one plain word."""
    text = re.sub(r"\{[a-z_]+\}", NAME, text.replace("**", ""))
    text = re.sub(r"^(?:-|\d+\.) ", "", text, flags=re.MULTILINE)
    return _names(frozenset(names)).sub(NAME, text) if names else text


@lru_cache(maxsize=16)
def _names(names: frozenset[str]) -> re.Pattern[str]:
    longest_first = sorted(names, key=lambda n: (-len(n), n))
    either = "|".join(re.escape(n) for n in longest_first)
    return re.compile(rf"(?<![\w-])(?:{either})s?(?![\w-])", re.IGNORECASE)


def sentences(text: str, names: Collection[str] = ()) -> list[list[str]]:
    """The words of each sentence; a line of a list and a part before a colon count as one."""
    found = [_WORDS.findall(part) for part in _SPLIT.split(plain(text, names))]
    return [words for words in found if words]


def words_a_sentence(text: str, names: Collection[str] = ()) -> float:
    """The average; 0 for no text."""
    lines = sentences(text, names)
    return sum(map(len, lines)) / len(lines) if lines else 0.0


def grade(text: str, names: Collection[str] = ()) -> float:
    """Flesch–Kincaid grade level of an English text; 0 for no text."""
    lines = sentences(text, names)
    words = [w for line in lines for w in line]
    if not words:
        return 0.0
    return 0.39 * len(words) / len(lines) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def hardest(text: str, names: Collection[str] = ()) -> list[str]:
    """The words of three syllables and more, hardest first: what to change when the grade is too high."""
    words = {w.casefold() for line in sentences(text, names) for w in line}
    return sorted((w for w in words if syllables(w) >= 3), key=lambda w: (-syllables(w), w))
