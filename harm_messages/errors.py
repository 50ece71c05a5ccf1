"""What this package refuses to do, drawn as a tree.

    HarmMessageError
    ├── GateClosed          this page may not be shown now; carries a reason code
    ├── UnknownSubstance    an id that is not in the register: never read as "not found"
    └── PackError           the pack on disk is not one that may be shown to people

Imports nothing.
"""

from __future__ import annotations


class HarmMessageError(Exception):
    """Anything this package refuses to do."""


class GateClosed(HarmMessageError):
    """The page stays shut. `reason` is a stable code, the text is for the worker's screen."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text


class UnknownSubstance(HarmMessageError, KeyError):
    """A substance, class or intent that the register does not know."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"{self.name!r} is not in the register; it was not read as 'not found'"


class PackError(HarmMessageError):
    """The pack could not be read. Each line says the file, what is wrong and what is accepted."""
