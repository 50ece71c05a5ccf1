"""What a page passes and what its layout sets never share a name."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.platform.web.templates import Templates

LAYOUT = "{% set warned = 6 %}{% set shade = shade | default('light') %}<main>{% block main %}{% endblock %}</main>"
PAGE = "{% extends 'layout.html' %}{% block main %}{{ words }}{% endblock %}"


@pytest.fixture
def templates(tmp_path: Path) -> Templates:
    for name, text in (("layout.html", LAYOUT), ("page.html", PAGE), ("alone.html", "{{ warned }}")):
        (tmp_path / name).write_text(text)
    return Templates(tmp_path, lambda request: {"actor": None}, strict=True)


def page(templates: Templates, name: str, **values: Any) -> str:
    answer = templates.page(SimpleNamespace(), name, **values)  # type: ignore[arg-type]
    return bytes(answer.body).decode()


def test_a_page_is_given_its_values(templates: Templates) -> None:
    assert page(templates, "page.html", words="a & b") == "<main>a &amp; b</main>"
    assert page(templates, "alone.html", warned="not in a layout") == "not in a layout"


@pytest.mark.parametrize("name", ["warned", "actor"])
def test_a_name_of_the_layout_or_of_every_page_is_refused(templates: Templates, name: str) -> None:
    with pytest.raises(RuntimeError, match=f"page.html: the layout has its own {name}"):
        page(templates, "page.html", words="", **{name: []})


def test_what_a_layout_takes_from_the_page_is_not_its_own(templates: Templates) -> None:
    assert page(templates, "page.html", words="w", shade="dark") == "<main>w</main>"
