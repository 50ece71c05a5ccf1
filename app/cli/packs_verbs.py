"""`mast messages import` and `export`: for a clinicians' group that works in a folder of files.

The verbs beside them need no database, so it is imported where it is used.
"""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.messages_verbs import messages
from app.cli.root import answering, fail, say


@messages.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--agency", required=True, help="Whose messages.")
@click.option("--version", "number", type=int, help="Its number; the version in force if left out.")
@answering
def messages_export(folder: Path, agency: str, number: int | None, json_: bool) -> None:
    """Write the files of a version into FOLDER, which must be empty or new."""
    from app.care.message_packs import service as packs
    from app.care.message_packs.provider import Packs
    from app.intake.people import service as people
    from app.platform.db import Database
    from app.platform.kernel.actor import Actor
    from app.platform.kernel.clock import system_clock
    from app.settings import Settings

    if folder.exists() and any(folder.iterdir()):
        fail(f"{folder} is not empty, so nothing was written. Name a new folder.")
    database, provider = Database(Settings().database_url), Packs()
    try:
        with database.read() as session:
            home = people.agency_named(session, agency)
            if home is None:
                known = ", ".join(people.agency_names(session)) or "none"
                fail(f"There is no agency {agency!r} here. Known: {known}.")
            who = Actor(None, "operator", frozenset(), home.id, home.name, via="command line")
            if number is None:
                row = packs.in_force_view(session, provider, who, system_clock()).row
            else:
                row = packs.numbered(session, provider, who, number)
            files = provider.texts_of(session, row)
    finally:
        database.close()
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
    from app.care.message_packs import service as packs
    from app.care.message_packs.drafting import from_files
    from app.care.message_packs.provider import Packs
    from app.intake.people import service as people
    from app.platform.db import Database
    from app.platform.kernel.actor import Actor, Role
    from app.platform.kernel.clock import system_clock
    from app.settings import Settings
    from harm_messages import PackError, pack_files

    try:
        files = pack_files(folder)
    except PackError as error:
        fail(str(error))
    database, provider = Database(Settings().database_url), Packs()
    try:
        with database.read() as session:
            person = people.find_person(session, username)
            roles = people.roles_of(session, person.id)
        if Role.CLINICIAN not in roles:
            fail(f"{username} is no clinician, so nothing was imported. Drafts are written by clinicians.")
        who = Actor(person.id, person.display_name, roles, person.agency_id, via="command line")
        with database.begin(who) as uow:
            if number is None:
                base = packs.in_force_view(uow.session, provider, who, system_clock()).row
            else:
                base = packs.numbered(uow.session, provider, who, number)
            row = from_files(uow, provider, base.id, files, reason.strip()[:200])
    finally:
        database.close()
    words = f"Draft: version {row.number} with {len(files)} files. Check it and send it to review under Messages."
    say({"version": row.number, "id": row.id, "files": len(files)}, words, json_)
