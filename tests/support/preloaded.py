"""Everything `mast` imports in the course of its life, for a process that forks it again and again."""

from __future__ import annotations

import gc
from importlib import import_module

import app.cli.serve_verbs
import app.main
import app.operations.demo
from harm_messages import load_pack
from tests.support import cheap_passwords

for module in app.main.routes():
    import_module(module)
import_module("scipy.signal")  # as a worker does when it starts
load_pack()
cheap_passwords.install()
gc.freeze()
