"""Texts of a message pack that once stopped, or would stop, whoever reads them."""

from __future__ import annotations


def _levels(row: str) -> str:
    lines = ["a: &a {k: [x, x, x, x, x, x, x, x, x]}\n"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} " + row.format(", ".join([f"*{before}"] * 9)) + "\n")
    return "".join(lines)


ALIAS_BOMB = _levels("[{}]")
"""Nine levels of nine aliases: under 500 characters that stand for 400 million values."""
MERGE_BOMB = _levels("{{k: [{0}], <<: [{0}]}}")
"""The same by merge keys."""


def with_endless_pattern(pack_yaml: str) -> str:
    """pack.yaml with a pattern that takes for ever on an ordinary sentence."""
    head, mark, rest = pack_yaml.partition("\nnever:")
    assert mark
    return head + mark + rest.replace("en: [", r'en: ["(\\w+\\s?)+:::$", ', 1)
