"""What an account may be called, and which roles it needs: everything that is wrong with one, by field."""

from __future__ import annotations

import re
from collections.abc import Collection

from app.platform.kernel.actor import Role
from app.platform.kernel.plain_text import plain_text

USERNAME = r"^[A-Za-z0-9._-]{2,60}$"
LONGEST_NAME = 120


def account_problems(display_name: str, roles: Collection[Role]) -> dict[str, str]:
    """Everything that is wrong with the name and the roles of an account, by field.

    >>> account_problems("Sam Taylor", [Role.CHEMIST])
    {}
    """
    said = _name_problem(display_name.strip())
    wrong = {"display_name": said} if said else {}
    return wrong if roles else wrong | {"roles": "Choose at least one role."}


def _name_problem(name: str) -> str:
    if not name:
        return "Enter the full name, for example Sam Taylor."
    if len(name) > LONGEST_NAME:
        return f"A name has 1 to {LONGEST_NAME} characters. This one has {len(name)}."
    try:
        plain_text(name)
    except ValueError as error:
        return f"The name {error}."
    return "A name is one line. Write one line." if len(name.splitlines()) > 1 else ""


def username_problem(username: str) -> str:
    """What is wrong with a user name, without spaces around it."""
    if not username:
        return "Enter a user name, for example sam."
    fits = re.fullmatch(USERNAME, username)
    return "" if fits else "This is no user name. Use 2 to 60 letters, digits, dots, hyphens or underscores."
