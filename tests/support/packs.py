"""Packs made from the shipped one for a test: signed ones, and ones with a language's status changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from importlib import import_module
from uuid import UUID

import pytest

from app.care.message_packs import check_job, confined, provider, repository, web
from app.care.message_packs.confined import Step
from app.platform.jobs import JobRunner
from app.platform.kernel.actor import Actor
from app.runtime import Runtime
from harm_messages import Pack, PackError, Problem, load_pack, pack_files

SIGNED_AT = "2026-06-01T09:00:00Z"


@lru_cache(maxsize=4)
def approved_pack(also: Collection[str] = frozenset()) -> Pack:
    """The shipped pack as if two people had signed it, one a clinician: its rules and English texts are approved.

    `also`: further files that are approved, such as "messages/cy/M-PMA.md"; every other translation stays a draft.
    """
    files = pack_files()
    for name, text in files.items():
        if name == "pack.yaml" or name.startswith(("rules/", "messages/en/", "labels/en")) or name in also:
            files[name] = re.sub(r"^(\s*)status: draft$", r"\1status: approved", text, flags=re.MULTILINE)
    digest = load_pack(files).digest  # signatures are not part of it
    rows = [
        f'- {{name: {name}, clinician: {clinician}, digest: "{digest}", signed_at: {SIGNED_AT}}}'
        for name, clinician in (("Dr One", "true"), ("Two", "false"))
    ]
    return load_pack({**files, "approvals.yaml": "\n".join(rows) + "\n"})


def uncovered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check without its pages of every class and substance, which are most of its time. What it finds on them is asked for in
    tests/harm_messages, by test_coverage_of_the_pack.py and test_packs_are_read_strictly.py."""
    monkeypatch.setattr(import_module("harm_messages.check"), "coverage_problems", lambda pack, pages: [])


def checked_at_once(
    monkeypatch: pytest.MonkeyPatch, found_in: Callable[..., Iterator[Step]] = confined.found_in
) -> None:
    """Whoever asks for the check of a pack has it made by `found_in` before the page is answered, as if a worker had been
    very quick. Packs are loaded once for all tests."""
    asked = web.ask

    def ask(rt: Runtime, who: Actor, version_id: UUID, files: Mapping[str, str]) -> None:
        asked(rt, who, version_id, files)
        JobRunner(rt.db, check_job.handlers(rt.db, rt.packs), rt.clock).run_until_idle()

    monkeypatch.setattr(check_job, "found_in", found_in)
    monkeypatch.setattr(web, "ask", ask)
    monkeypatch.setattr(provider, "load_pack", lambda files=None: load_pack() if files is None else loaded(files))


_LOADED: dict[str, Pack] = {}


def loaded(files: Mapping[str, str]) -> Pack:
    """The pack that these files make, loaded once in a process. Raises PackError."""
    key = repository.digest_of(files)
    if key not in _LOADED:
        if len(_LOADED) > 30:
            _LOADED.clear()
        _LOADED[key] = load_pack(files)
    return _LOADED[key]


def found_here(check: Callable[[Pack, date], Iterable[Problem]]) -> Callable[..., Iterator[Step]]:
    """In place of app.care.message_packs.confined.found_in, for `checked_at_once`: the files are read in this process and checked by `check`."""

    def found_in(files: Mapping[str, str], today: date, **_: object) -> Iterator[Step]:
        try:
            pack = loaded(files)
        except PackError as error:
            yield Step("read", error.problems)
            return
        yield Step("read")
        yield Step("checked", tuple(check(pack, today)))

    return found_in
