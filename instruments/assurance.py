"""How far a reader is proven, as a level and as the sentence a chemist reads. Pure; imports nothing."""

from __future__ import annotations

LEVELS = ("low", "medium", "high")
_SENTENCES = {
    "high": "Read by a reader that agrees with other readers of this format on real files; high confidence.",
    "medium": (
        "Read without the vendor's software; medium confidence: compare with the vendor's own software before "
        "a result stands on it."
    ),
    "low": (
        "Read without the vendor's software, and this kind of file was never compared with another reader; low "
        "confidence: do not rely on it before it was compared with the vendor's own software."
    ),
}


def lower(one: str, other: str) -> str:
    """The lower of two levels; a word that is no level counts as the lowest."""
    known = [level if level in LEVELS else LEVELS[0] for level in (one, other)]
    return min(known, key=LEVELS.index)


def assurance_sentence(level: str) -> str:
    """What `meta["assurance"]` means, in one sentence. An unknown level is explained as the lowest."""
    return _SENTENCES.get(level, _SENTENCES[LEVELS[0]])
