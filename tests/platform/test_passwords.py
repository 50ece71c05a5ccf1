"""How passwords are hashed outside tests."""

from __future__ import annotations

from tests.support.cheap_passwords import REAL, REAL_NOBODY


def test_a_password_costs_64_mib_and_three_passes_to_try_and_so_does_that_of_nobody() -> None:
    asked = "$argon2id$v=19$m=65536,t=3,p=4$"
    assert REAL.hash("correct horse battery").startswith(asked)
    assert REAL_NOBODY.startswith(asked)
