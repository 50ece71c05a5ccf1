"""The root of the `mast` command and the rules all verbs share.

Exit 0 done, 1 a domain error (one sentence on stderr), 2 wrong usage. `--json` prints the same as data.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar

import click

from app.platform.kernel.errors import MastError

if TYPE_CHECKING:
    from app.platform.db import Database
    from app.settings import Settings

# what SQLite says, and what psycopg calls it
NOT_MIGRATED = ("no such table", "no such column", "UndefinedTable", "UndefinedColumn")
LEFT_ALONE = "Nothing was changed. Correct it in the environment or in the folder of secrets and try again."

P = ParamSpec("P")
T = TypeVar("T")


# Verb → the module that defines it, and its line in the list of verbs. A module is imported when a verb of it is used, so that
# the list is there at once, and `mast read` starts without web and database.
VERBS = {
    "audit": ("operator_verbs", "The append-only log."),
    "db": ("operator_verbs", "Schema, backup and restore."),
    "demo": ("serve_verbs", "Serve an example."),
    "formats": ("instruments_verbs", "List the formats that can be read here."),
    "identify": ("instruments_verbs", "Compare instrument files with the libraries."),
    "library": ("library_verbs", "Reference libraries."),
    "messages": ("messages_verbs", "Harm-reduction message packs."),
    "people": ("people_verbs", "Accounts."),
    "read": ("instruments_verbs", "Tell what is in instrument files."),
    "readings": ("readings_verbs", "Readings of instrument files."),
    "releases": ("figures_verbs", "Figures for the public and for partners."),
    "samples": ("samples_verbs", "History of other services."),
    "serve": ("serve_verbs", "Serve pages and API."),
    "trends": ("figures_verbs", "Figures of the samples that count."),
    "watch": ("watch_verbs", "Send each finished file of a folder to a server."),
    "worker": ("serve_verbs", "Do the jobs of a server, apart from it."),
}


class _LazyGroup(click.Group):
    """Verbs by the table above, as in click's documentation of lazily loaded subcommands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in VERBS:
            importlib.import_module(f"app.cli.{VERBS[cmd_name][0]}")
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, VERBS[verb][1]) for verb in self.list_commands(ctx)])


def say(data: Any, text: str, json_: bool) -> None:
    """The answer of a verb: words for a person or JSON for a script."""
    if json_:
        text = json.dumps(data, ensure_ascii=False, indent=2, default=_encoded)
    click.echo(text)


def _encoded(value: Any) -> Any:
    """Times, keys and models. Most answers hold none, and reading a file is not to start the web."""
    from fastapi.encoders import jsonable_encoder

    return jsonable_encoder(value)


def answering(command: Callable[P, T]) -> Callable[P, T]:
    """A verb with an answer: it has --json, and a domain error ends it in one sentence."""
    return click.option("--json", "json_", is_flag=True, help="Print data instead of words.")(domain_errors(command))


def domain_errors(command: Callable[P, T]) -> Callable[P, T]:
    """A domain error becomes one sentence on stderr and exit 1; never a traceback."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except MastError as error:
            fail(sentence_of(error))
        except OSError as error:
            fail(f"{error.filename or 'A file'}: {error.strerror or error}.")
        except Exception as error:
            from instruments import InstrumentError  # with numpy, so not for a verb that reads no file

            if isinstance(error, InstrumentError):
                fail(sentence_of(error))
            if wrong := _wrong_setting(error):
                fail(wrong)
            if type(error).__module__ != "sqlalchemy.exc":  # compared by name: not every verb needs a database
                raise
            cause = " ".join(str(getattr(error, "orig", error)).split())
            if "malformed" in cause or "not a database" in cause:  # SQLite's words
                fail(
                    f"The database file is damaged ({cause}). Nothing was changed. Keep it, and restore the last good backup "
                    "elsewhere: mast db restore."
                )
            if (
                any(words in cause for words in NOT_MIGRATED)
                or type(getattr(error, "orig", None)).__name__ in NOT_MIGRATED
            ):
                fail(f"The database has no tables yet or is of an older version ({cause}). Run mast db upgrade first.")
            fail(
                f"The database does not answer ({cause}). Nothing was changed. Start it, or correct MAST_DATABASE_URL."
            )

    return guarded


def _wrong_setting(error: Exception) -> str:
    """Which variable is wrong and why, without its value, which may be a secret; empty where the error is of another kind."""
    kind = type(error).__name__
    if kind == "SettingsError":  # pydantic's, compared by name: not every verb needs settings
        name = re.findall(r'field "(\w+)"', str(error))
        return f"The setting MAST_{''.join(name[:1]).upper()} is no list in JSON. {LEFT_ALONE}"
    if kind != "ValidationError" or getattr(error, "title", "") != "Settings":
        return ""
    first = error.errors(include_input=False, include_url=False)[0]  # type: ignore[attr-defined]
    why = first["msg"].removeprefix("Value error, ")
    field = str(first["loc"][0]) if first["loc"] else ""
    if not field:  # said by Settings itself, which begins with the name
        field, _, why = why.partition(": ")
    return f"The setting MAST_{field.upper()} is wrong ({why}). {LEFT_ALONE}"


def sentence_of(error: Exception) -> str:
    """What happened and what to do, on one line."""
    text = getattr(error, "detail", "") or str(error)
    hint = getattr(error, "hint", "")
    return " ".join(f"{text} {hint}".split())


def fail(sentence: str) -> NoReturn:
    """One sentence on stderr and exit 1."""
    click.echo(sentence, err=True)
    sys.exit(1)


@contextmanager
def database_of(
    settings: Settings, *, make: bool = False, locked: bool = False, own_tables: bool = False
) -> Iterator[Database]:
    """The database of these settings; `make`: a local SQLite that is not there yet is made, so that one can start with it.

    `locked`: without looking at the secret, so that an operator who lost it can still make a backup.
    `own_tables`: the verb has imported every table that its tables refer to, so the others, which take long, are left out.
    """
    from app.operations.at_rest import unlock
    from app.platform.db import Database, migrate
    from app.settings import misspelt

    if not own_tables:
        import app.tables  # noqa: F401  every table, or a foreign key finds no person

    for sentence in misspelt(os.environ):
        click.echo(sentence, err=True)
    with closing(Database(settings.database_url)) as database:
        if make and database.is_sqlite and migrate.revisions(database)[0] is None:
            migrate.upgrade(database)
        if not locked:
            migrate.refuse_unknown(database)
            unlock(settings, database)
        yield database


BAR_WIDTH = 30


class Bar:
    """How far a long verb has come, on stderr: a bar on a terminal, otherwise a line per step and per tenth of it.

    `bar(what, done, of)`; the same step may be told as often as one likes.
    """

    def __init__(self) -> None:
        self.told = ("", -1)

    def __call__(self, what: str, done: int, of: int) -> None:
        """Show it."""
        if sys.stderr.isatty():
            filled = BAR_WIDTH * done // of if of else BAR_WIDTH
            bar = "█" * filled + "·" * (BAR_WIDTH - filled)
            click.echo(f"\r{what} {bar} {done:,} of {of:,} ", err=True, nl=done >= of)
            return
        tenth = 10 * done // of if of else 10
        if (what, tenth) != self.told:
            click.echo(f"{what} … {done:,} of {of:,}", err=True)
        self.told = (what, tenth)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mast-lims", prog_name="mast")
def main() -> None:
    """MAST: laboratory information system for drug checking."""
    os.umask(0o077)  # what any verb writes is for this account of the machine alone
