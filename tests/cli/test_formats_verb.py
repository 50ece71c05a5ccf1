"""`mast formats`: every format in a line, the laboratory's own by name, a broken reader with its reason."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

import instruments
from app.cli import main
from instruments import BrokenReader, registry


def test_every_format_is_a_line_and_nothing_is_broken_here() -> None:
    done = CliRunner().invoke(main, ["formats"])
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == [known.name for known in instruments.formats()]
    assert "JCAMP-DX; GC-MS, IR, MS, Raman, UV; .jdx" in done.stdout
    assert "BROKEN" not in done.stdout


def test_own_broken_and_missing_readers_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = registry.format_named("msp")
    assert ours is not None
    extra = instruments.Extra("vendor", "a_package_that_nobody_has", "Export it.")
    own = replace(ours, name="own", package="mylab", version="3", extra=extra)
    monkeypatch.setitem(registry._formats, "own", own)
    monkeypatch.setattr(registry, "_broken", [BrokenReader("gone", "mylab-gone", "ImportError: no module")])
    words = CliRunner().invoke(main, ["formats"]).stdout
    assert "read by mylab.own 3; not readable here: needs mast-lims[vendor]" in words
    assert "BROKEN: gone of mylab-gone could not be loaded (ImportError: no module). All others work." in words
    said = json.loads(CliRunner().invoke(main, ["formats", "--json"]).stdout)
    assert said["broken"] == [{"entry_point": "gone", "package": "mylab-gone", "reason": "ImportError: no module"}]
    (row,) = [row for row in said["formats"] if row["name"] == "own"]
    assert (row["reader"], row["missing_extra"], row["folders"]) == ("mylab.own", "vendor", False)
