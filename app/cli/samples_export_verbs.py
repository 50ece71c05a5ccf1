"""`mast samples export`: an agency's own samples as a file, for its operator. Unprotected, so it is audited.

Researchers have `GET /api/v1/projects/…/extracts`, whose rows are k-anonymous.
"""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.progress import Bar
from app.cli.root import as_json, domain_errors, say
from app.cli.samples_verbs import OPERATOR, samples
from app.platform.db import Database
from app.settings import Settings


@samples.command("export")
@click.option("--agency", required=True, help="Whose samples: the name of the agency.")
@click.option(
    "--format", "format_", type=click.Choice(["csv", "parquet", "tedi"]), default="csv", show_default=True,
    help="csv, parquet: our fields, one line per finding. tedi: one line per sample in the columns of a list.",
)  # fmt: skip
@click.option("--from", "first", default="", help="First month, 2026-01. Left out: from the beginning.")
@click.option("--to", "last", default="", help="Last month.")
@click.option("--country", default="", help="Two letters, such as GB, for the column of that name.")
@click.option(
    "--columns", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="LIST.toml instead of the list that came with MAST, for tedi.",
)  # fmt: skip
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file; must be new.")
@as_json
@domain_errors
def samples_export(
    agency: str, format_: str, first: str, last: str, country: str, columns: Path | None, out: Path, json_: bool
) -> None:
    """Write an agency's own samples into a file, to be sent under an agreement. UNPROTECTED, and audited.

    Only samples whose clients agreed to figures; withdrawn ones are not in it. Imported history of the agency is.
    """
    from app.figures.exports.domain import tell_nobody
    from app.figures.exports.handing_over import STEPS, hand_over
    from harm_messages import load_pack

    if columns is not None and format_ != "tedi":
        raise click.UsageError("--columns goes with --format tedi only.")
    if out.exists():
        raise click.UsageError(f"{out} is there already. Name a new file.")
    bar = Bar()
    part = out.with_name(out.name + ".part")
    database = Database(Settings().database_url)
    try:
        with database.begin(OPERATOR) as uow:
            made = hand_over(
                uow, agency, format_, (first, last), load_pack().substances,
                country=country, columns=columns, tell=tell_nobody if json_ else bar,
            )  # fmt: skip
            part.write_bytes(made.content)
        if not json_:
            bar("Written", STEPS, STEPS)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
        database.close()
    data = {
        "file": str(out), "sha256": made.sha256, "samples": made.samples, "lines": made.lines,
        "without_day": made.without_day, "columns": made.columns, "note": made.note,
    }  # fmt: skip
    words = (
        f"{made.samples:,} samples in {made.lines:,} lines, {made.columns}, in {out}. SHA-256 {made.sha256}. "
        "These are rows of single samples without protection: send them to nobody without an agreement."
    )
    say(data, "\n".join(filter(None, (words, made.note))), json_)
