"""The root of the `mast` command and the rules all verbs share.

Exit 0 done, 1 a domain error (one sentence on stderr), 2 wrong usage. `--json` prints the same as data.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn, ParamSpec, TypeVar

import click
import sqlalchemy.exc
from fastapi.encoders import jsonable_encoder

from app.platform.kernel.errors import MastError
from instruments import InstrumentError

P = ParamSpec("P")
T = TypeVar("T")


def as_json(command: Callable[P, T]) -> Callable[P, T]:
    """Adds --json to a verb."""
    return click.option("--json", "json_", is_flag=True, help="Print data instead of words.")(command)


def say(data: Any, text: str, json_: bool) -> None:
    """The answer of a verb: words for a person or JSON for a script."""
    click.echo(json.dumps(jsonable_encoder(data), ensure_ascii=False, indent=2) if json_ else text)


def domain_errors(command: Callable[P, T]) -> Callable[P, T]:
    """A domain error becomes one sentence on stderr and exit 1; never a traceback."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except (MastError, InstrumentError) as error:
            fail(sentence_of(error))
        except sqlalchemy.exc.OperationalError as error:
            fail(f"The database does not answer or has no tables yet ({error.orig}). Run mast db upgrade first.")
        except OSError as error:
            fail(f"{error.filename or 'A file'}: {error.strerror or error}.")

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


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mast", prog_name="mast")
def main() -> None:
    """MAST: laboratory information system for drug checking."""
