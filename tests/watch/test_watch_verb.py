"""The verb `mast watch`: what it asks for, what it answers, how it ends; names and places as other systems have them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.laboratory.watching import places
from app.laboratory.watching.ledger import Ledger, LedgerOfAnother
from app.laboratory.watching.reporting import size_words
from app.laboratory.watching.scanning import fit_label, is_ignored, is_ignored_folder, path_key
from app.laboratory.watching.server import Address, Trouble
from app.platform.kernel.locks import InUse, OnlyOne
from tests.support.road import infrared_file
from tests.watch.watch_rig import Site, arrived_once

ROOT = Path(__file__).resolve().parents[2]
AWAY = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ledgers go to the test's own place, and the test process keeps its signals."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "state"))
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What is watched."""
    made = tmp_path / "OMNIC data"
    made.mkdir()
    return made


@pytest.fixture
def token(tmp_path: Path, site: Site) -> Path:
    """A token file as Windows' editor writes it."""
    path = tmp_path / "token.txt"
    path.write_bytes(b"\xef\xbb\xbf" + site.token().encode() + b"\r\n")
    path.chmod(0o600)
    return path


def watch(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["watch", *map(str, arguments)])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result


QUICK = ("--settle", "0.1", "--interval", "0.05", "--once")


def test_once_sends_what_is_there_and_says_so(folder: Path, token: Path, wire: Site) -> None:
    (folder / "a.jdx").write_bytes(infrared_file())
    first = watch(folder, "--server", wire.relay.url, "--token-file", token, "--name", "verb once", *QUICK)
    assert "a.jdx (1.92 kB): Received and stored" in first.stdout
    assert "1 sent, 0 sent before." in first.stdout
    again = watch(folder, "--server", wire.relay.url, "--token-file", token, "--name", "verb once", "--json", *QUICK)
    lines = [json.loads(line) for line in again.stdout.splitlines()]
    assert [line["event"] for line in lines] == ["watching", "connected", "done", "ended"]
    assert (lines[2]["delivered"], lines[2]["known"]) == (0, 1)
    arrived_once(wire.rows("verb once"), {"a.jdx": infrared_file()})
    status = watch(folder, "--server", wire.relay.url, "--name", "verb once", "--status")
    assert "1 arrived, 0 not confirmed, 0 not taken" in status.stdout
    data = json.loads(watch(folder, "--server", wire.relay.url, "--name", "verb once", "--status", "--json").stdout)
    assert [(f["path"], f["state"], f["attempts"]) for f in data["files"]] == [("a.jdx", "delivered", 1)]
    assert sorted(p.name for p in folder.iterdir()) == ["a.jdx"]


def test_the_notes_are_for_one_account_only(folder: Path, token: Path, wire: Site, tmp_path: Path) -> None:
    (folder / "a.jdx").write_bytes(infrared_file())
    notes = tmp_path / "state" / "notes.db"
    watch(folder, "--server", wire.relay.url, "--token-file", token, "--name", "notes", "--ledger", notes, *QUICK)
    assert (notes.stat().st_mode & 0o077, notes.parent.stat().st_mode & 0o077) == (0, 0)


def test_once_waits_for_files_to_settle_however_slow_a_look_is(
    folder: Path, token: Path, wire: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.laboratory.watching.scanning import Scanner

    look = Scanner.look

    def slow(scanner: Scanner) -> object:
        time.sleep(0.3)  # longer than settling and two intervals
        return look(scanner)

    monkeypatch.setattr(Scanner, "look", slow)
    (folder / "a.jdx").write_bytes(infrared_file())
    watch(folder, "--server", wire.relay.url, "--token-file", token, "--name", "verb slow", *QUICK)
    arrived_once(wire.rows("verb slow"), {"a.jdx": infrared_file()})


def test_once_says_with_its_exit_code_that_something_was_not_sent(folder: Path, token: Path, wire: Site) -> None:
    (folder / "a.jdx").write_bytes(infrared_file())
    assert "does not answer" in watch(folder, "--server", AWAY, "--token-file", token, *QUICK, code=1).stderr
    status = watch(folder, "--server", AWAY, "--status").stdout
    assert "does not answer" in status
    token.write_text("mast_revoked_long_ago")
    ended = watch(folder, "--server", wire.relay.url, "--token-file", token, *QUICK, code=1)
    assert "does not accept this token" in ended.stderr
    (folder / "a.jdx").write_bytes(b"x" * 5_000_000)
    token.write_text(wire.token())
    refused = watch(folder, "--server", wire.relay.url, "--token-file", token, *QUICK, code=1)
    assert "1 not taken" in refused.stderr
    gone = watch(folder / "gone", "--server", wire.relay.url, "--token-file", token, *QUICK, code=1)
    assert "could not be reached" in gone.stderr


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--server", "http://mast.example.org"], "is not encrypted"),
        (["--server", "ftp://mast.example.org"], "is not an address"),
        (["--server", "https://me@mast.example.org"], "holds more"),
        (["--server", AWAY, "--attach"], "needs --session"),
        (["--server", AWAY, "--ledger", "{folder}/ledger.sqlite3"], "must not lie in the watched folder"),
        (["--server", AWAY, "--token-file", "{folder}/token"], "must not lie in the watched folder"),
        (["--server", AWAY, "--token", "a b"], "no token"),
        (["--server", AWAY, "--token", "mast_long_enough", "--token-file", "t"], "Give the token as"),
        (["--server", AWAY, "--settle", "-1"], "--settle"),
        ([], "--server"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_happens(folder: Path, given: list[str], words: str) -> None:
    needs = [] if any("--token" in g for g in given) else ["--token", "mast_long_enough"]
    (folder / "token").write_text("mast_long_enough")
    shown = watch(folder, *(g.format(folder=folder) for g in given), *needs, code=2)
    assert words in shown.stderr
    assert not (folder / "ledger.sqlite3").exists()


def test_a_run_is_not_watched_but_the_folder_it_lies_in(tmp_path: Path) -> None:
    (tmp_path / "run.D").mkdir()
    said = watch(tmp_path / "run.D", "--server", AWAY, "--token", "mast_long_enough", code=2).stderr
    assert "Watch the folder it lies in" in said


def test_a_token_that_cannot_be_read_is_said_and_waited_for(folder: Path, tmp_path: Path) -> None:
    (folder / "a.jdx").write_bytes(infrared_file())
    missing = watch(folder, "--server", AWAY, "--token-file", tmp_path / "none", *QUICK, code=1)
    assert "cannot be read" in missing.stderr
    (tmp_path / "none").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Trouble, match="cannot be read"):
        places.token_in(tmp_path / "none")
    (tmp_path / "none").write_text("two words")
    with pytest.raises(Trouble, match="holds no token"):
        places.token_in(tmp_path / "none")


def test_a_token_others_can_read_is_remarked_on(folder: Path, token: Path) -> None:
    token.chmod(0o644)
    assert "Other accounts" in watch(folder, "--server", AWAY, "--token-file", token, *QUICK, code=1).stderr


def test_one_ledger_has_one_watcher_one_server_and_one_name(folder: Path, tmp_path: Path) -> None:
    ledger = tmp_path / "own" / "ledger.sqlite3"
    held = OnlyOne(ledger.with_name("ledger.sqlite3.lock"))
    arguments = (folder, "--server", AWAY, "--token", "mast_long_enough", "--ledger", ledger, *QUICK)
    assert "Another mast watch" in watch(*arguments, code=1).stderr
    with pytest.raises(InUse):
        OnlyOne(ledger.with_name("ledger.sqlite3.lock"))
    held.release()
    Ledger(ledger, "https://elsewhere:443 other").close()
    assert "belongs to another server" in watch(*arguments, code=1).stderr
    with pytest.raises(LedgerOfAnother):
        Ledger(ledger, "x")


def test_asked_to_end_it_ends_and_says_so(folder: Path, token: Path, wire: Site) -> None:
    (folder / "a.jdx").write_bytes(infrared_file())
    command = [
        sys.executable, "-c", "from app.cli import main; main()", "watch", str(folder), "--server", wire.relay.url,
        "--token-file", str(token), "--settle", "0.1", "--interval", "0.1", "--name", "verb ends", "--json",
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        events = []
        for line in running.stdout:
            events.append(json.loads(line)["event"])
            if events[-1] == "delivered":
                running.send_signal(signal.SIGTERM)
        assert running.wait(60) == 0
    assert events == ["watching", "connected", "delivered", "ended"]


UNFINISHED = (
    "a.tmp", "A.TMP", "b.csv.part", "~$run.xlsx", "~WRL0001.doc", ".nfs0001", ".DS_Store", "._a.csv", "x.crdownload", "thumbs.db",
    "Desktop.ini", "a.csv~", "run.lck", "Unconfirmed 12.!ut",
)  # fmt: skip
MEASURED = ("a.csv", "run.0", "part.jdx", "tmp", "Sample 41.spa", "$1.dx", "a.temperature", "b.D")


def test_names_of_unfinished_files_are_left_alone_and_those_of_measurements_are_not() -> None:
    assert [name for name in (*UNFINISHED, *MEASURED) if is_ignored(name)] == list(UNFINISHED)
    assert not any(map(is_ignored_folder, MEASURED))


def test_spellings_of_one_path() -> None:
    assert path_key("Run 1\\A.CSV", system="win32") == path_key("run 1/a.csv", system="win32")
    assert path_key("Straße.csv", system="win32") != path_key("Strasse.csv", system="win32")
    assert path_key("Run/A.CSV", system="linux") != path_key("run/a.csv", system="linux")
    assert path_key("u\u0308ber.csv", system="darwin") == path_key("\u00fcber.csv", system="darwin")
    assert path_key("u\u0308ber.csv", system="linux") != path_key("\u00fcber.csv", system="linux")
    assert path_key(b"\xff.csv".decode("utf-8", "surrogateescape"), system="linux") == "\\xff.csv"


def test_places_of_other_systems() -> None:
    windows = places.state_folder({"LOCALAPPDATA": "C:/Users/lab/AppData/Local"}, "win32")
    assert windows.as_posix() == "C:/Users/lab/AppData/Local/mast/watch"
    assert places.state_folder({}, "darwin").as_posix().endswith("Library/Application Support/mast/watch")
    assert places.state_folder({}, "linux").as_posix().endswith(".local/state/mast/watch")
    root = Path("/instruments/FTIR: run/é")
    one, other = (places.default_ledger(root, url, "FTIR") for url in ("https://a:443", "https://b:443"))
    assert one.parent == other.parent
    assert one.name != other.name
    assert places.default_origin(Path("/data/OMNIC")).endswith("OMNIC")


def test_words() -> None:
    assert fit_label(" FTIR\n\tlaptop \x00" + "x" * 100) == ("FTIR laptop " + "x" * 100)[:80]
    assert [size_words(n) for n in (0, 999, 41_300, 1_250_000, 3 * 10**9)] == [
        "0 bytes", "999 bytes", "41.3 kB", "1.25 MB", "3 GB",
    ]  # fmt: skip
    assert Address.of("mast.example.org").text == "https://mast.example.org:443"
    assert Address.of("http://[::1]:8000/mast/").text == "http://[::1]:8000/mast"
    assert Address.of("http://127.0.0.1:8000").is_local
    assert Address.of("http://[::1]:8000").is_local
    for name in ("localhost.example.org", "127.example.org", "127.0.0.1.example.org", "10.0.0.1"):
        assert not Address.of(f"http://{name}").is_local, name
