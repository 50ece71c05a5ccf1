"""Style sheets and scripts that travel together: each module in one file only, nothing left that a browser would have to fetch apart."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from app.platform.kernel.actor import Role
from app.screens import joined

IMPORT = re.compile(r'^import .*? from "([^"]+)";', re.MULTILINE)


def sources() -> dict[str, str]:
    """Every script of a screen."""
    return {
        path.relative_to(joined.SCREENS).as_posix(): path.read_text("utf-8") for path in joined.SCREENS.rglob("*.js")
    }


def there(module: str, address: str) -> str:
    return ((joined.SCREENS / module).parent / address).resolve().relative_to(joined.SCREENS).as_posix()


def test_every_module_that_imports_or_is_imported_stands_in_one_joined_file() -> None:
    stand = [module for modules in joined.SCRIPTS.values() for module in modules]
    assert len(stand) == len(set(stand))
    for module, text in sources().items():
        # a service worker is another place to run in: it asks for a module by its address
        meant = [there(module, address) for address in IMPORT.findall(text) if not address.startswith("/")]
        assert set(meant) <= set(stand), module
        assert not meant or module in stand, f"{module} imports, and would load what it imports a second time"


@pytest.mark.parametrize("name", joined.SCRIPTS)
def test_a_joined_script_asks_only_for_joined_scripts_and_for_what_they_give(name: str) -> None:
    text = joined.joined(name)
    given = {
        one: set(re.findall(r"^export const (\$\w+) = once", joined.joined(one), re.MULTILINE))
        for one in joined.SCRIPTS
    }
    assert len(given[name]) == len(joined.SCRIPTS[name])
    for names, address in re.findall(r'^import \{ (.*) \} from "(.*)";$', text, re.MULTILINE):
        assert set(names.split(", ")) <= given[address.removeprefix(joined.AT)]
    for address, called in re.findall(r'import\("([^"]+)"\)(?:\.then\(\(all\) => all\.(\$\w+)\(\)\))?', text):
        if called:
            assert called in given[address.removeprefix(joined.AT)]
        else:
            assert (joined.SCREENS / Path(address).relative_to("/static")).is_file()
    assert "/**" not in text
    assert not re.search(r"^\s*//", text, re.MULTILINE)


def test_a_joined_file_is_compressed_once_and_not_sent_again(world: Any) -> None:
    client = world.as_(Role.CHEMIST)
    address = joined.AT + "staff.js"
    small = client.get(address, headers={"Accept-Encoding": "gzip"})
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    assert (small.headers["Content-Encoding"], small.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert "Content-Encoding" not in plain.headers
    assert small.text == plain.text == joined.joined("staff.js")
    assert client.get(address, headers={"If-None-Match": small.headers["ETag"]}).status_code == 304
    assert client.get(joined.AT + "nothing.js").status_code == 404
