"""The root of the `mast` command and the rules all verbs share.

Exit 0 done, 1 a domain error (one sentence on stderr), 2 wrong usage. `--json` prints the same as data.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn, ParamSpec, TypeVar

import click

from app.platform.kernel.errors import MastError
from instruments import InstrumentError

P = ParamSpec("P")
T = TypeVar("T")


# Verb → the module that defines it, imported when the verb is used: `mast read` starts without web and database.
VERBS = {
    "audit": "operator_verbs",
    "db": "operator_verbs",
    "demo": "serve_verbs",
    "formats": "formats_verbs",
    "identify": "instruments_verbs",
    "library": "library_verbs",
    "messages": "packs_verbs",
    "people": "operator_verbs",
    "read": "instruments_verbs",
    "readings": "readings_verbs",
    "releases": "releases_download_verbs",
    "samples": "samples_export_verbs",
    "serve": "serve_verbs",
    "trends": "trends_verbs",
    "watch": "watch_verbs",
    "worker": "serve_verbs",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in VERBS:
            importlib.import_module(f"app.cli.{VERBS[cmd_name]}")
        return super().get_command(ctx, cmd_name)


def as_json(command: Callable[P, T]) -> Callable[P, T]:
    """Adds --json to a verb."""
    return click.option("--json", "json_", is_flag=True, help="Print data instead of words.")(command)


def say(data: Any, text: str, json_: bool) -> None:
    """The answer of a verb: words for a person or JSON for a script."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2, default=_plain) if json_ else text)


def _plain(value: Any) -> Any:
    """What JSON does not know: times, keys, models."""
    from fastapi.encoders import jsonable_encoder

    return jsonable_encoder(value)


def domain_errors(command: Callable[P, T]) -> Callable[P, T]:
    """A domain error becomes one sentence on stderr and exit 1; never a traceback."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except (MastError, InstrumentError) as error:
            fail(sentence_of(error))
        except OSError as error:
            fail(f"{error.filename or 'A file'}: {error.strerror or error}.")
        except Exception as error:
            if type(error).__module__ != "sqlalchemy.exc":  # compared by name: not every verb needs a database
                raise
            cause = " ".join(str(getattr(error, "orig", error)).split())
            fail(f"The database does not answer or has no tables yet ({cause}). Run mast db upgrade first.")

    return guarded


def sentence_of(error: Exception) -> str:
    """What happened and what to do, on one line."""
    text = getattr(error, "detail", "") or str(error)
    hint = getattr(error, "hint", "")
    return " ".join(f"{text} {hint}".split())


def fail(sentence: str) -> NoReturn:
    """One sentence on stderr and exit 1."""
    click.echo(sentence, err=True)
    sys.exit(1)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mast-lims", prog_name="mast")
def main() -> None:
    """MAST: laboratory information system for drug checking."""
