"""What a page passes and what its layout sets never share a name, and nothing a page asks for is missing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import UndefinedError

from app.platform.kernel.errors import Invalid
from app.platform.web.forms import Entered, fields_of
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


def test_a_page_is_given_its_values(templates: Templates) -> None:
    assert page(templates, "page.html", words="a & b") == "<main>a &amp; b</main>"
    assert page(templates, "alone.html", warned="not in a layout") == "not in a layout"


@pytest.mark.parametrize("name", ["warned", "frame", "edge", "actor"])
def test_a_name_of_the_layout_or_of_every_page_is_refused(templates: Templates, name: str) -> None:
    with pytest.raises(RuntimeError, match=f"page.html: the layout has its own {name}"):
        page(templates, "page.html", words="", **{name: []})


def test_what_a_layout_takes_from_the_page_is_not_its_own(templates: Templates) -> None:
    assert page(templates, "page.html", words="w", shade="dark") == "<main>w</main>"


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


def test_a_field_of_a_form_that_nobody_filled_in_is_empty_and_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "form.html").write_text("<p>{{ typed.name }}{{ blank.name }}{{ wrong['name'] }}</p>")
    strict = Templates(tmp_path, lambda request: {}, strict=True)
    assert (
        page(strict, "form.html", typed=Entered(), wrong=fields_of(Invalid("No.", fields={"other": "Missing."})))
        == "<p></p>"
    )
    assert fields_of(Invalid("No.", fields={"why": "Missing."}), "7") == {"why-7": "Missing."}
