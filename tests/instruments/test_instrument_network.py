"""No reader opens a connection: neither Python code, which an audit hook sees, nor compiled code, which the kernel stops."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.fuzz_seeds import RECIPES, VENDORS, family
from tests.instruments.instrument_files import mzml, mzxml, spectrum
from tests.instruments.real_facts import HAS_VENDOR, REAL
from tests.instruments.vendor_files import SAMPLES

ROOT = Path(__file__).resolve().parents[2]
WATCHED = ("socket.", "urllib.", "http.client.", "ftplib.", "smtplib.", "imaplib.", "poplib.", "telnetlib.", "nntplib.", "subprocess.", "os.exec",
           "os.posix_spawn", "os.system", "os.fork", "webbrowser.")  # fmt: skip
CORE = [name for name in RECIPES if name not in VENDORS]
READ_ALL = """
import json, sys
from pathlib import Path
events = []
sys.addaudithook(lambda event, args: events.append(f"{event} {args!r:.200}") if event.startswith(tuple(json.loads(sys.argv[1]))) else None)
if sys.argv[3] == "kernel":
    from tests.instruments.no_sockets import forbid_sockets
    forbid_sockets()
if sys.argv[4] == "control":
    import socket
    socket.socket()
from instruments import InstrumentError, confine, read
confine._confined = True  # as in the sandbox's child: compiled readers work in this process and are watched as well
outcomes = {}
for path in sorted(p for place in sys.argv[2].split(":") for p in Path(place).iterdir()):
    try:
        found = read(path)
        outcomes[path.name] = [r.format for r in found]
    except InstrumentError as error:
        outcomes[path.name] = error.code
print(json.dumps({"events": events, "outcomes": outcomes}))
"""


def every_format() -> Iterator[tuple[str, bytes]]:
    """All seeds of all families, the smaller real files among them where they are at hand."""
    for name in CORE:
        for seed in family(name).seeds:
            yield f"{name}-{seed.name}", seed.content


def read_all(directory: Path | str, how: str, control: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", READ_ALL, json.dumps(WATCHED), str(directory), how, control]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=240, check=False, env=environment)


@pytest.fixture(scope="module")
def fixtures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("formats")
    for name, content in every_format():
        (directory / name).write_bytes(content)
    for name, content, _ in SAMPLES.values():  # vendors' own formats, for the optional reader
        (directory / name).write_bytes(content)
    return directory


def test_reading_one_file_of_every_kind_makes_no_network_event(fixtures: Path) -> None:
    done = read_all(fixtures, "hook")
    answer = json.loads(done.stdout)
    assert answer["events"] == []
    assert not any(
        code in ("reader_failed", "reader_crashed") for code in answer["outcomes"].values() if isinstance(code, str)
    )
    read_well = {name for name, outcome in answer["outcomes"].items() if isinstance(outcome, list)}
    for name in CORE:  # a run that refuses everything would show nothing
        assert any(n.startswith(f"{name}-") for n in read_well), name


def test_the_hook_would_have_seen_a_socket(tmp_path: Path) -> None:
    answer = json.loads(read_all(tmp_path, "hook", "control").stdout)
    assert any(event.startswith("socket.__new__") for event in answer["events"])


@pytest.mark.long  # of the sandbox it is shown quickly in test_instrument_sandbox.py
def test_compiled_code_makes_no_socket_either(fixtures: Path, tmp_path: Path) -> None:
    if read_all(tmp_path, "kernel").returncode != 0:
        pytest.skip("this system cannot filter system calls (seccomp)")
    assert read_all(tmp_path, "kernel", "control").returncode == -31  # SIGSYS: the filter works
    done = read_all(fixtures, "kernel")
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(json.loads(done.stdout)["outcomes"]) == len(list(fixtures.iterdir()))


@pytest.mark.long
@pytest.mark.skipif(not REAL.is_dir(), reason="the shared test data are not on this machine")
@pytest.mark.parametrize("how", ["hook", "kernel"])
def test_every_real_file_is_read_without_a_socket(how: str, tmp_path: Path) -> None:
    if how == "kernel" and read_all(tmp_path, "kernel").returncode != 0:
        pytest.skip("this system cannot filter system calls (seccomp)")
    places = sorted(p for p in REAL.iterdir() if p.is_dir())
    done = read_all(":".join(map(str, places)), how)
    assert done.returncode == 0, done.stderr[-2000:]
    answer = json.loads(done.stdout)
    assert answer["events"] == []
    allowed = {"ambiguous_decimal"} | (set() if HAS_VENDOR else {"vendor_extra_missing"})
    assert {c for c in answer["outcomes"].values() if isinstance(c, str)} <= allowed
    assert len(answer["outcomes"]) == sum(1 for place in places for _ in place.iterdir())


@pytest.fixture
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A port on this machine, and what anybody says to it."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection:
                    heard.append(connection.recv(200))

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], heard
        stop.set()
        thread.join()


PROLOGS = (
    '<!DOCTYPE mzML SYSTEM "http://127.0.0.1:{port}/x.dtd">',
    '<!DOCTYPE mzML PUBLIC "-//x" "http://127.0.0.1:{port}/x.dtd">',
    '<!DOCTYPE mzML [<!ENTITY x SYSTEM "http://127.0.0.1:{port}/x">]>',
    '<!DOCTYPE mzML [<!ENTITY % x SYSTEM "http://127.0.0.1:{port}/x"> %x;]>',
    '<?xml-stylesheet href="http://127.0.0.1:{port}/x.xsl"?>',
    '<?xml-model href="http://127.0.0.1:{port}/x.rng"?>',
)


def test_an_address_inside_a_file_is_never_asked(listener: tuple[int, list[bytes]], tmp_path: Path) -> None:
    port, heard = listener
    place = f'<mzML xsi:schemaLocation="http://psi.hupo.org/ms/mzml http://127.0.0.1:{port}/x.xsd" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    for number, prolog in enumerate(PROLOGS):
        said = prolog.replace("{port}", str(port))
        content = mzml(spectrum(0, [50, 60], [1, 2]), prolog=said)
        (tmp_path / f"{number}.mzML").write_bytes(content.replace(b"<mzML ", place.encode()))
        (tmp_path / f"{number}.mzXML").write_bytes(
            mzxml((1.0, [50], [1])).replace(b"?>\n", f"?>\n{said.replace('mzML', 'mzXML')}".encode(), 1)
        )
    answer = json.loads(read_all(tmp_path, "hook").stdout)
    assert (answer["events"], heard) == ([], [])
    refused = {name for name, outcome in answer["outcomes"].items() if outcome == "xml_entities"}
    assert refused >= {f"{n}.{end}" for n in range(4) for end in ("mzML", "mzXML")}
