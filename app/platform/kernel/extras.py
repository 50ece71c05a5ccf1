"""Packages MAST works without."""

from __future__ import annotations

import sys

AGE, IDENTITIES, PASSKEYS = "pyrage", "authlib", "webauthn"


def how_to_add(package: str) -> str:
    """What to type. By the package's own name, because MAST itself may have come as a file or as a checkout."""
    return f"Install it where MAST is: {sys.executable} -m pip install {package}"
