"""`mast messages check` and `preview`: for clinicians and whoever looks after a pack."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import click

import harm_messages
from app.cli.root import as_json, fail, main, say
from app.platform.kernel.clock import system_clock
from harm_messages import Context, Facts


@main.group()
def messages() -> None:
    """Harm-reduction message packs."""


@messages.command("check")
@click.option(
    "--pack", type=click.Path(exists=True, path_type=Path), help="A pack's folder; the shipped one if left out."
)
@as_json
def messages_check(pack: Path | None, json_: bool) -> None:
    """Look for gaps, conflicts, unreachable rules and words that must not be used."""
    try:
        loaded = harm_messages.load_pack(pack)
    except harm_messages.PackError as error:
        fail(str(error))
    found = harm_messages.check(loaded)
    data = [{"file": p.where, "level": p.level, "text": p.text} for p in found]
    say(data, "\n".join(f"{p.level}: {p.where}: {p.text}" for p in found) or "Nothing to complain about.", json_)
    if any(p.level == "error" for p in found):
        fail(f"{sum(p.level == 'error' for p in found)} thing(s) must be mended before this pack can be used.")


@messages.command("preview")
@click.argument("facts", type=click.File())
@click.option("--pack", type=click.Path(exists=True, path_type=Path))
@click.option("--locale", default="en", show_default=True)
@as_json
def messages_preview(facts: IO[str], pack: Path | None, locale: str, json_: bool) -> None:
    """Show the page for the findings in FACTS (JSON, “-” for standard input)."""
    try:
        given = Facts.model_validate_json(facts.read())
        context = Context(licence_mode=harm_messages.LicenceMode.FOH_GENERAL, released=True)
        page = harm_messages.evaluate(harm_messages.load_pack(pack), given, context, locale, system_clock())
    except (harm_messages.HarmMessageError, ValueError) as error:
        fail(str(error))
    say(page.model_dump(mode="json"), page.to_plain(), json_)
