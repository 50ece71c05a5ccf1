"""The ticket code: minting, checking, reading what people type, printing. Pure: imports nothing of MAST.

Eleven random symbols and a check symbol by the hybrid system MOD (M+1, M) of ISO/IEC 7064, with M = 22 over
our own alphabet, which leaves out what hands and eyes confuse (0 O, 1 I L, 2 Z, 5 S, 8 B, A 4, E F, U V).

What the standard guarantees for hybrid systems: every wrong single symbol is found, and nearly every swap of
two neighbours (here all but 0.4 %). `mint` closes the gap: it draws again until no swap within the code would
pass, so for codes we print both are found always. That costs 0.07 of 49 bits.
"""

from __future__ import annotations

import secrets

ALPHABET = "34679CDFGHJKMNPQRTVWXY"
LENGTH = 12
_M = len(ALPHABET)
_VALUE = {symbol: value for value, symbol in enumerate(ALPHABET)}
# A well-formed code nobody can hold (its check symbol is wrong): looked up where a typed code is no code at all.
NOBODY = ALPHABET[0] * LENGTH

# What a symbol outside the alphabet was probably read from.
LOOKS_LIKE = {
    "0": "D or Q", "O": "D or Q", "1": "7 or T", "I": "T or J", "L": "T or J", "2": "7", "Z": "7", "5": "6 or 9",
    "S": "6 or 9", "8": "3 or 6", "B": "3 or R", "A": "4 or R", "E": "F", "U": "V",
}  # fmt: skip


class NotACodeError(ValueError):
    """What was typed cannot be a ticket code. The message is a sentence for the person who typed it."""


def check_symbol(body: str) -> str:
    """The symbol that makes `body` + symbol valid."""
    return ALPHABET[(1 - _product(body)) % _M]


def is_valid(code: str) -> bool:
    """Whether length, symbols and check symbol are right. Says nothing about whether the code was ever given out."""
    return len(code) == LENGTH and all(c in _VALUE for c in code) and check_symbol(code[:-1]) == code[-1]


def _product(body: str) -> int:
    product = _M
    for symbol in body:
        total = (product + _VALUE[symbol]) % _M or _M
        product = 2 * total % (_M + 1)
    return product


def mint() -> str:
    """A fresh code in which no wrong symbol and no swap of neighbours would pass for another code."""
    while True:
        body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
        code = body + check_symbol(body)
        if not any(is_valid(swapped) for swapped in _neighbours_swapped(code)):
            return code


def _neighbours_swapped(code: str) -> list[str]:
    return [code[:i] + code[i + 1] + code[i] + code[i + 2 :] for i in range(len(code) - 1) if code[i] != code[i + 1]]


def parse(typed: str) -> str:
    """The code in what someone typed: any case, with spaces, dashes or dots. Raises NotACodeError with a sentence."""
    typed = typed.rsplit("#", 1)[-1]  # the whole address of a scanned label is fine too
    symbols = [c for c in typed.upper() if not (c.isspace() or c in "-–—_.·")]
    for symbol in symbols:
        if symbol not in _VALUE:
            hint = LOOKS_LIKE.get(symbol)
            guess = f" Could it be {hint}?" if hint else ""
            shown = symbol if symbol.isprintable() else "that sign"
            raise NotACodeError(f"Ticket codes never contain {shown}.{guess}")
    if len(symbols) != LENGTH:
        raise NotACodeError(f"A ticket code has {LENGTH} letters and numbers. This has {len(symbols)}.")
    code = "".join(symbols)
    if not is_valid(code):
        raise NotACodeError("One letter or number is not right, or two are swapped. Compare it with your ticket.")
    return code


def grouped(code: str) -> str:
    """A ticket code as it is printed: three groups of four."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))
