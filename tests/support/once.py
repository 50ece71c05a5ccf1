"""What a test process works out once and every test in it may use: compiled statements, compiled pages, names of the register,
the processes that read files, what an infrared reading is made of, and how one instrument sees what another does.

A server compiles each statement and each page once. Tests that begin with a new database and a new application would compile
them all anew, which is a third of the processor time of the tests of features. Kept is only what follows from the source, the
kind of database, or a spectrum and the library that comes with MAST; nothing that a test wrote, and nothing of its settings or
people.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Collection, Iterable
from copy import copy
from functools import cache, partial
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from fastapi import FastAPI
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy.dialects import registry as dialects
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

import app.main
from app.laboratory.identification.substances import SubstanceIndex
from app.laboratory.instrument_checks import transferring
from app.laboratory.library import registry
from app.laboratory.readings import reading_job
from app.nudge import Free, names_of_forms
from app.platform.web.templates import Templates
from app.runtime import Runtime
from harm_messages.register import Substance
from instruments import Limits, ParserSandbox
from spectra import InfraredLibrary, InfraredSpectrum
from spectra.infrared.answer import InfraredExplanation
from spectra.infrared.transfer import Transfer, fit
from spectra.starter import starter_infrared_library
from spectra.types import FloatArray
from tests.support import cheap_passwords, read_once


class _SharedStatements:
    """A dialect that equals any other of its class, so that one engine finds what another has compiled: both SQLAlchemy's
    own caches and the one that is given to every engine have the dialect in their keys."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))


class Sqlite(_SharedStatements, SQLiteDialect_pysqlite):
    """SQLite as a test process talks to it."""

    supports_statement_cache = True
    _kept: LRUCache[Any, Any] = LRUCache(3000)

    @classmethod
    def engine_created(cls, engine: sa.Engine) -> None:
        """SQLAlchemy's hook for a dialect: each new engine gets the statements of the process."""
        engine.update_execution_options(compiled_cache=cls._kept)


class Postgres(_SharedStatements, PGDialect_psycopg):
    """PostgreSQL as a test process talks to it; all its servers are of one version."""

    supports_statement_cache = True
    _kept: LRUCache[Any, Any] = LRUCache(3000)

    @classmethod
    def engine_created(cls, engine: sa.Engine) -> None:
        """As for SQLite."""
        engine.update_execution_options(compiled_cache=cls._kept)


class _Pages(BytecodeCache):
    """Compiled pages by name and content."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key, bucket.checksum] = bucket.code


_PAGES = _Pages()
_LAYOUTS: dict[str, frozenset[str]] = {}
_INDICES: dict[int, tuple[object, SubstanceIndex]] = {}
_FORMS: WeakKeyDictionary[FastAPI, dict[str, Free]] = WeakKeyDictionary()


def remember_pages(templates: Templates) -> None:
    """Let these templates use what others have compiled."""
    templates.environment.bytecode_cache = _PAGES
    templates._layouts = _LAYOUTS


_APPLICATIONS: dict[tuple[object, ...], FastAPI] = {}
_create_app = app.main.create_app


def application_with(runtime: Runtime) -> FastAPI:
    """An application that runs with these parts. Building one takes most of a second, so there is one per process
    for every choice of the settings its middleware was built with."""
    built = runtime.settings
    hosts, proxies = tuple(built.allowed_hosts), tuple(built.trusted_proxies)
    key = (built.body_max_bytes, built.upload_max_bytes, hosts, proxies, built.cookie_secure)
    if key not in _APPLICATIONS:
        _APPLICATIONS[key] = _create_app(built, runtime=runtime)
    app.main.attach(_APPLICATIONS[key], runtime)
    return _APPLICATIONS[key]


def _index(rows: Iterable[Substance] = ()) -> SubstanceIndex:
    if id(rows) not in _INDICES:
        _INDICES[id(rows)] = rows, SubstanceIndex(rows)  # the rows are kept, so that nothing else gets their id
    return _INDICES[id(rows)][1]


def _forms(application: FastAPI) -> dict[str, Free]:
    if application not in _FORMS:
        _FORMS[application] = names_of_forms(application)
    return _FORMS[application]


class _Readers(ParserSandbox):
    """Children that read files for one test after another; a test that kills one leaves the next a new one."""

    def close(self) -> None:
        """Not yet: they end with this process."""


_READERS: dict[tuple[object, ...], _Readers] = {}


def _readers(limits: Limits, workers: int = 1) -> _Readers:
    key = limits, workers, os.environ.get("PYTHONPATH")  # where a laboratory's own readers are found
    if key not in _READERS:
        _READERS[key] = _Readers(limits, workers=workers)
        atexit.register(partial(ParserSandbox.close, _READERS[key]))
    return _READERS[key]


class _Remembering(InfraredLibrary):
    """The library that comes with MAST; of a reading that it has explained before it says what it said then."""

    said: LRUCache[Any, InfraredExplanation]

    def explain(
        self, query: InfraredSpectrum, max_components: int = 5, watch: Collection[str] | None = None
    ) -> InfraredExplanation:
        """As any other library."""
        curve = query.wavenumber.tobytes(), query.absorbance.tobytes(), query.resolution, query.technique
        key = *curve, max_components, None if watch is None else frozenset(watch)
        if key not in self.said:
            self.said[key] = super().explain(query, max_components, watch)
        return self.said[key]


@cache
def _starter() -> _Remembering:
    library = copy(starter_infrared_library())
    library.__class__ = _Remembering
    library.said = LRUCache(200)
    return library


_TRANSFERS: LRUCache[Any, Transfer] = LRUCache(100)


def _transfer(own: FloatArray, foreign: FloatArray) -> Transfer:
    key = own.tobytes(), foreign.tobytes()
    if key not in _TRANSFERS:
        _TRANSFERS[key] = fit(own, foreign)
    return _TRANSFERS[key]


def install() -> None:
    """For this process; a server that a test starts as a process of its own is none the wiser."""
    dialects.register("sqlite", __name__, "Sqlite")
    dialects.register("postgresql.psycopg", __name__, "Postgres")
    app.main.SubstanceIndex = _index  # type: ignore[assignment,misc]
    app.main.names_of_forms = _forms
    reading_job.ParserSandbox = _readers  # type: ignore[assignment,misc]
    registry.starter_infrared_library = _starter
    transferring.fit = _transfer  # type: ignore[attr-defined]
    cheap_passwords.install()
    read_once.install()
