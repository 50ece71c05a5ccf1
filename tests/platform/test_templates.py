"""What a page passes and what its layout sets never share a name, and nothing a page asks for is missing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import UndefinedError

from app.platform.web.templates import Templates

LAYOUT = "{% set warned = 6 %}{% if warned %}{% set frame, edge = 1, 2 %}{% endif %}{% set shade = shade | default('light') %}<main>{% block main %}{% endblock %}</main>"
PAGE = "{% extends 'layout.html' %}{% block main %}{{ words }}{% endblock %}"


@pytest.fixture
def templates(tmp_path: Path) -> Templates:
    for name, text in (("layout.html", LAYOUT), ("page.html", PAGE), ("alone.html", "{{ warned }}")):
        (tmp_path / name).write_text(text)
    return Templates(tmp_path, lambda request: {"actor": None}, strict=True)


def page(templates: Templates, name: str, **values: Any) -> str:
    answer = templates.page(SimpleNamespace(), name, **values)  # type: ignore[arg-type]
    return bytes(answer.body).decode()


@pytest.mark.parametrize("name", ["warned", "frame", "edge", "actor"])
def test_a_name_of_the_layout_or_of_every_page_is_refused(templates: Templates, name: str) -> None:
    with pytest.raises(RuntimeError, match=f"page.html: the layout has its own {name}"):
        page(templates, "page.html", words="", **{name: []})


@pytest.mark.parametrize(
    "source", ["{{ thing.absent }}", "{{ absent }}", "{% if thing.absent %}yes{% endif %}", "{{ absent | upper }}"]
)
def test_what_a_page_was_not_given_fails_in_tests_and_is_a_logged_gap_in_use(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, source: str
) -> None:
    (tmp_path / "lacking.html").write_text(f"<p>{source}</p>")
    strict = Templates(tmp_path, lambda request: {}, strict=True)
    with pytest.raises(UndefinedError, match="absent"):
        page(strict, "lacking.html", thing={})
    in_use = Templates(tmp_path, lambda request: {}, strict=False)
    assert page(in_use, "lacking.html", thing={}) == "<p></p>"
    assert "absent" in caplog.text
