"""`mast messages …`: for clinicians and anyone who looks after a pack. `import` and `export` are for a clinicians' group that works
in a folder of files; the other verbs need no database, so it is imported where it is used.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

import harm_messages
from app.cli.root import answering, database_of, fail, main, say
from app.platform.kernel.place import system_clock
from app.settings import Settings
from harm_messages import GateClosed, HarmMessageError, Page, Problem
from harm_messages.files import SHIPPED

if TYPE_CHECKING:
    from sqlmodel import Session

    from app.care.message_packs.provider import Packs
    from app.care.message_packs.tables import PackVersion
    from app.platform.kernel.actor import Actor

PACK = click.option(
    "--pack", type=click.Path(exists=True, path_type=Path), help="A pack's folder; the shipped one if left out."
)
DAY = click.DateTime(formats=["%Y-%m-%d"])


@main.group()
def messages() -> None:
    """Harm-reduction message packs."""


@messages.command("check")
@PACK
@click.option("--today", type=DAY, help="The day to ask review dates for, such as 2026-11-25; today if left out.")
@answering
def messages_check(pack: Path | None, today: datetime | None, json_: bool) -> None:
    """Look for gaps, conflicts, rules that never speak, hard or forbidden words, missing translations, signatures
    and dates that have passed. Exit 1 if something must be fixed, 0 for warnings alone."""
    day = (today or system_clock()).date()
    try:
        found = harm_messages.check_files(harm_messages.pack_files(pack), day)
    except harm_messages.PackError as error:
        found = list(error.problems)
    errors = sum(p.level == "error" for p in found)
    say(
        [asdict(p) for p in found],
        "\n".join([*map(_line, found), *([""] if found else []), _verdict(errors, len(found) - errors)]),
        json_,
    )
    if errors:
        fail(f"{errors} {'problem' if errors == 1 else 'problems'} must be fixed before this pack can be used.")


def _line(problem: Problem) -> str:
    return f"{'FIX ' if problem.level == 'error' else 'note'}  {problem}"


def _verdict(errors: int, warnings: int) -> str:
    if errors:
        return f"{errors} to fix, {warnings} to note. Make no page from this pack."
    return f"Nothing to fix, {warnings} to note." if warnings else "No problems found."


@messages.command("preview")
@click.argument("case", type=click.File(), required=False)
@click.option("--findings", type=click.File(), help="The case as a JSON file; “-” for standard input.")
@PACK
@click.option("--locale", help="The language, whatever the case says.")
@answering
def messages_preview(
    case: IO[str] | None, findings: IO[str] | None, pack: Path | None, locale: str | None, json_: bool
) -> None:
    """Show the page for a case (JSON; docs/methods/messages.md), given by --findings or as the only argument.

    A closed gate is an answer too: it is said, and the exit is 0. What cannot be read or is not known exits 1. Below the
    page stand what staff are asked to do, the alerts proposed, and what is wrong with the pack; a pack with anything to
    fix exits 1. With --json the exit is 0 and the problems stand under `pack_problems`.
    """
    if (case is None) == (findings is None):
        raise click.UsageError("Give one case: --findings CASE.json, or CASE.json alone.")
    of: Page | GateClosed
    try:
        text = (case or findings).read()  # type: ignore[union-attr]
        loaded = harm_messages.load_pack(pack)
        given = harm_messages.read_case(text, loaded, system_clock())
        page = harm_messages.evaluate(loaded, given.facts, given.context, locale or given.locale, given.now)
        of, answer, shown = page, harm_messages.answer_of(page), page.to_plain()
    except GateClosed as gate:
        of, answer, shown = gate, harm_messages.closed(gate), f"No page opens: {gate.text} ({gate.reason})"
    except UnicodeDecodeError:
        fail("The case is not text in UTF-8.")
    except HarmMessageError as error:
        fail(str(error))
    wrong = [p for p in harm_messages.quick_check(loaded) if p.level == "error"]
    answer["pack_problems"] = [asdict(p) for p in wrong]
    say(answer, "\n".join([shown, *_for_staff(of), *map(_line, wrong)]), json_)
    if wrong and not json_:
        fail(f"{len(wrong)} {'problem' if len(wrong) == 1 else 'problems'} must be fixed before this pack can be used.")


def _for_staff(of: Page | GateClosed) -> Iterator[str]:
    alerts = [
        f"{p.tier} {'draft, held' if p.held else 'proposed'}: {p.evidence} {p.lacking}".rstrip()
        for p in of.alert_proposals
    ]
    for title, rows in (("For staff", [one.action for one in of.staff]), ("Alerts", alerts)):
        yield f"{title}:"
        yield from (f"- {row}" for row in rows or ["nothing"])


@messages.command("stamp")
@PACK
def messages_stamp(pack: Path | None) -> None:
    """Record in each text what its version says, so that a later change without a new version is refused. Texts that
    changed under the same version are named, and nothing is written."""
    try:
        loaded = harm_messages.load_pack(pack)
    except HarmMessageError as error:
        fail(str(error))
    texts = [t for (_, locale), t in loaded.messages.items() if locale == loaded.manifest.default_locale]
    changed = sorted(t.id for t in texts if t.changed_without_a_version)
    if changed:
        fail(f"Raise the version of {', '.join(changed)} first: the text changed. Nothing was written.")
    root = pack or SHIPPED
    for text in texts:
        file = root / "messages" / text.locale / f"{text.id}.md"
        file.write_text(harm_messages.stamped(file.read_text(encoding="utf-8"), text), encoding="utf-8")
    click.echo(f"{len(texts)} texts stamped.")


@messages.command("schema")
@click.argument("what", default="pack", type=click.Choice(["pack", "case", *harm_messages.SCHEMA_NAMES]))
@click.option("--out", type=click.Path(path_type=Path), help="Write into this folder (pack) or file instead.")
def messages_schema(what: str, out: Path | None) -> None:
    """JSON Schemas for editors: of all files of a pack, of one kind of them, or of a case."""
    files = harm_messages.schema_files()
    if what == "pack" and out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for name, schema in files.items():
            (out / name).write_text(_dumped(schema), encoding="utf-8")
        click.echo(f"{len(files)} schemas written to {out}.")
        return
    chosen = (
        files if what == "pack" else harm_messages.case_schema() if what == "case" else files[f"{what}.schema.json"]
    )
    if out is None:
        click.echo(_dumped(chosen), nl=False)
    else:
        out.write_text(_dumped(chosen), encoding="utf-8")
        click.echo(f"Written to {out}.")


def _dumped(schema: Any) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


@messages.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--agency", required=True, help="Whose messages.")
@click.option("--version", "number", type=int, help="Its number; the version in force if left out.")
@answering
def messages_export(folder: Path, agency: str, number: int | None, json_: bool) -> None:
    """Write the files of a version into FOLDER, which must be empty or new."""
    from app.care.message_packs.provider import Packs
    from app.intake.people import service as people

    if folder.exists() and any(folder.iterdir()):
        fail(f"{folder} is not empty, so nothing was written. Name a new folder.")
    provider = Packs()
    with database_of(Settings()) as database, database.read() as session:
        row = _version(session, provider, people.operator_for(session, agency), number)
        files = provider.texts_of(session, row)
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    say({"version": row.number, "files": len(files)}, f"Version {row.number}: {len(files)} files in {folder}.", json_)


@messages.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--as", "username", required=True, help="User name of the clinician whose draft it becomes.")
@click.option("--reason", required=True, help="What it changes, in a few words.")
@click.option("--base", "number", type=int, help="The version it was made from; the one in force if left out.")
@answering
def messages_import(folder: Path, username: str, reason: str, number: int | None, json_: bool) -> None:
    """Make the files in FOLDER a draft. Nobody sees it before two people have signed it."""
    from app.care.message_packs.drafting import from_files
    from app.care.message_packs.provider import Packs
    from app.intake.people import service as people
    from app.platform.kernel.actor import Actor, Role

    try:
        files = harm_messages.pack_files(folder)
    except harm_messages.PackError as error:
        fail(str(error))
    provider = Packs()
    with database_of(Settings()) as database:
        with database.read() as session:
            person = people.find_person(session, username)
            roles = people.roles_of(session, person.id)
        if Role.CLINICIAN not in roles:
            fail(f"{username} is no clinician, so nothing was imported. Drafts are written by clinicians.")
        who = Actor(person.id, person.display_name, roles, person.agency_id, via="command line")
        with database.begin(who) as uow:
            base = _version(uow.session, provider, who, number)
            row = from_files(uow, provider, base.id, files, reason.strip()[:200])
    words = f"Draft: version {row.number} with {len(files)} files. Check it and send it to review under Messages."
    say({"version": row.number, "id": row.id, "files": len(files)}, words, json_)


def _version(session: Session, provider: Packs, who: Actor, number: int | None) -> PackVersion:
    """The version of this number; without one, the version in force."""
    from app.care.message_packs import service as packs

    if number is None:
        return packs.in_force_view(session, provider, who, system_clock()).row
    return packs.numbered(session, provider, who, number)
