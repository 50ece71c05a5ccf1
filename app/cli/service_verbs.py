"""`mast service`: units of systemd."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from app.cli.root import answering, fail, main, say
from app.operations import backup_plan, units
from app.operations.units import Backups, Part, Place, Watched

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


@main.group()
def service() -> None:
    """Run by systemd, on a machine of your own."""


@service.command("install")
@click.argument(
    "parts", metavar="[server|worker|backup|watch]…", type=click.Choice([part.value for part in Part]), nargs=-1
)
@click.option("--user", "account", default="mast", show_default=True, help="Account they run under.")
@click.option("--prefix", type=FOLDER, default=Path("/etc/systemd/system"), show_default=True, help="Where units go.")
@click.option(
    "--data", type=FOLDER, default=Path("/var/lib/mast"), show_default=True, help="The folder they may write in."
)
@click.option(
    "--settings", type=FILE, default=Path("/etc/mast/mast.env"), show_default=True, help="File with MAST_ variables."
)
@click.option("--backups", "target", type=FOLDER, default=None, help="backup: the folder they go to.")
@click.option("--every", default="15m", show_default=True, help="backup: how often.")
@click.option("--keep", default="", metavar="24h,30d", help="backup: all for 24 h, then one a day for 30 days.")
@click.option("--encrypt-to", "key", default="", metavar="age1…", help="backup: seal each for this public key.")
@click.option("--folder", type=FOLDER, default=None, help="watch: the instrument's folder.")
@click.option("--server", default="", help="watch: address of the MAST server.")
@click.option("--token-file", type=FILE, default=None, help="watch: file that holds the token.")
@click.option("--name", default="", help="watch: what this instrument is called.")
@answering
def install(
    parts: tuple[str, ...],
    account: str,
    prefix: Path,
    data: Path,
    settings: Path,
    target: Path | None,
    every: str,
    keep: str,
    key: str,
    folder: Path | None,
    server: str,
    token_file: Path | None,
    name: str,
    json_: bool,
) -> None:
    """Write units for a server (if you name nothing), a worker apart, backups, a watcher."""
    wanted = [part for part in Part if part.value in (parts or (Part.SERVER,))]
    watched = None
    if Part.WATCH in wanted:
        if folder is None or token_file is None or not server:
            raise click.UsageError("watch needs --folder, --server and --token-file.")
        watched = Watched(folder.absolute(), server, token_file.absolute(), name)
    backups = None
    if Part.BACKUP in wanted:
        if target is None:
            raise click.UsageError("backup needs --backups.")
        backup_plan.span(every), backup_plan.keep_of(keep)  # a word it would not take is refused now
        if key:
            backup_plan.check_key(key)
        backups = Backups(target.absolute(), every, keep, key)
    place = Place(_mast(), account, data.absolute(), settings.absolute())
    texts = {
        units.NAMES[part]: units.unit(part, place, apart=Part.WORKER in wanted, watched=watched, backups=backups)
        for part in wanted
    }
    prefix.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        (prefix / file).write_text(text, encoding="utf-8")
        (prefix / file).chmod(0o644)  # the one thing here that others may read
    names = " ".join(texts)
    folders = " ".join(str(one) for one in (data, target if backups else None) if one is not None)
    say(
        {"units": [str(prefix / file) for file in texts]},
        f"Written to {prefix}: {names}.\n"
        f"The account {account} has to exist and to own {folders}:\n"
        f"  useradd --system --home-dir {data} --shell /usr/sbin/nologin {account}\n"
        f"  install -d -o {account} -g {account} -m 0700 {folders}\n"
        f"Settings go into {settings}. Run mast db upgrade with them before the first start (docs/operator.md).\n"
        f"Then: systemctl daemon-reload && systemctl enable --now {names}",
        json_,
    )


def _mast() -> Path:
    """The command that runs now, where systemd finds it."""
    here = Path(sys.executable).with_name("mast")
    if not here.exists():
        fail(f"There is no {here}, so no unit was written. Install MAST as a package first: pip install the wheel.")
    return here
