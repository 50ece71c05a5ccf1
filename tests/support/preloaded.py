"""Everything `mast` imports in the course of its life, and what each of its servers builds before it answers, for a process that
forks it again and again: the application, by the two kinds of settings that servers of tests have, and the pages."""

from __future__ import annotations

import gc
from importlib import import_module
from tempfile import TemporaryDirectory

from fastapi import FastAPI
from sqlalchemy.orm import configure_mappers

import app.cli.serve_verbs
import app.main
import app.operations.demo
import app.platform.web.connections
from app.settings import Settings
from harm_messages import load_pack
from spectra.starter import starter_formula_library, starter_infrared_library, starter_mass_library
from tests.support import cheap_passwords, once


def create_app(settings: Settings) -> FastAPI:
    """What the product makes of these settings, with what is built already."""
    parts = app.main.build_runtime(settings)
    once.remember_pages(parts.templates)
    return once.application_with(parts)


import_module("scipy.signal")  # as a worker does when it starts
load_pack()
configure_mappers()
for library in (starter_formula_library, starter_infrared_library, starter_mass_library):
    library()
cheap_passwords.install()
with TemporaryDirectory() as folder:
    for hosts in ({"allowed_hosts": []}, {}):
        built = create_app(Settings(data_dir=folder, secret="s" * 32, cookie_secure=False, **hosts))
    templates = built.state.runtime.templates
    for name in templates.environment.list_templates(["html"]):
        templates.environment.get_template(name)
        templates._of_layouts(name)
app.main.create_app = create_app  # type: ignore[assignment]
gc.freeze()
