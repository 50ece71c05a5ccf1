"""A laboratory's own reader: installed for real, read in this process and in the sandbox; a broken one breaks no other."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from instruments import (
    AmbiguousText,
    InstrumentError,
    broken_readers,
    formats,
    read,
    registry,
)
from tests.instruments.instrument_files import jcamp, one

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLE = CHECKOUT / "docs" / "examples" / "own_reader"
MANUAL = CHECKOUT / "docs" / "own-reader.md"
GOOD = b"MYDET 2\n0.5 10\n1.0 20\n"
ANY = '@reader("{name}", title="t", techniques={{"UV"}}, magic={magic}, version="9")\n'
READS = 'def read_it(source, hints, limits):\n    yield Reading(ReadingKind.UV, [1.0], [2.0], "nm", "absorbance")\n'
IMPORTS = "from instruments import Guess, reader, formats\nfrom spectra.types import Reading, ReadingKind\n"
BROKEN = {
    "no_module": "import a_package_that_nobody_has\n",
    "gives_up": "import sys\nsys.exit('no licence')\n",
    "halfway": IMPORTS + ANY.format(name="jcamp", magic='b"##"') + READS + "raise RuntimeError('after our jcamp')\n",
    "registers_nothing": "x = 1\n",
}
CLUMSY = {
    "asks_early": IMPORTS + "KNOWN = formats()\n" + ANY.format(name="early", magic='b"EARLY"') + READS,
    "looks_badly": IMPORTS + ANY.format(name="clumsy", magic="lambda probe: 1 // 0") + READS,
    "answers_badly": IMPORTS + ANY.format(name="vague", magic="lambda probe: 'perhaps'") + READS,
    "boasts": IMPORTS + ANY.format(name="boaster", magic="lambda probe: Guess(1e6, 'all') if probe.head[:5] == b'BOAST' else None")
    + READS,
}  # fmt: skip


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example as pip installs it, in a folder of its own."""
    folder = tmp_path_factory.mktemp("own")
    shutil.copytree(EXAMPLE, folder / "source")  # a build may write beside its source
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index",
        "--no-build-isolation", "--target", str(folder / "site"), str(folder / "source"),
    ]  # fmt: skip
    made = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert made.returncode == 0, made.stdout + made.stderr
    return folder / "site"


def _install_by_hand(site: Path, modules: dict[str, str]) -> None:
    """Distributions as they lie in site-packages: a module each, and beside it the entry point."""
    for name, code in modules.items():
        about = site / f"{name}_reader-1.0.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-reader\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[mast.instruments]\n{name} = {name}\n")
        (site / f"{name}.py").write_text(code)


def _python(*places: Path, code: str, **files: bytes) -> Any:
    """What another Python prints as JSON that has these places on its path, as an operator's has."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAST_")}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, [*places, CHECKOUT]))
    command = [sys.executable, "-c", code, *(content.decode("latin-1") for content in files.values())]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


READ_TWICE = """
import json, sys
from instruments import InstrumentError, ParserSandbox, read
def said(reads, content):
    try:
        return [[r.reader, r.reader_version, r.format, r.kind, r.meta["assurance"], r.x.tolist(), r.y.tolist()]
                for r in reads(content, "run-7.myd")]
    except InstrumentError as error:
        return [type(error).__name__, error.code, error.line]
contents = [text.encode("latin-1") for text in sys.argv[1:]]
with ParserSandbox() as sandbox:
    print(json.dumps([[said(read, c), said(sandbox.read, c)] for c in contents]))
"""


def test_the_manual_shows_the_very_files_of_the_example() -> None:
    manual = MANUAL.read_text(encoding="utf-8")
    for language, name in (("python", "mylab_detector.py"), ("toml", "pyproject.toml")):
        shown = manual.partition(f"```{language}\n")[2].partition("```")[0]
        assert shown == (EXAMPLE / name).read_text(encoding="utf-8")
    assert len((EXAMPLE / "mylab_detector.py").read_text().splitlines()) < 40  # as short as promised


def test_an_installed_reader_reads_here_and_in_the_jail(installed: Path) -> None:
    whole, cut, other = _python(
        installed, code=READ_TWICE, whole=GOOD, cut=b"MYDET 2\n0.5 10\n1.0\n", other=jcamp([1, 2, 3]).encode()
    )
    read_by_it = ["mylab-detector.mydetector", "1", "mydetector", "chromatogram", "medium", [0.5, 1.0], [10.0, 20.0]]
    assert whole == [[read_by_it], [read_by_it]]
    assert cut == [["CorruptFile", "corrupt_file", 3]] * 2
    assert [kind[0][2] for kind in other] == ["jcamp", "jcamp"]


def test_broken_and_clumsy_readers_keep_no_other_from_reading(installed: Path, tmp_path: Path) -> None:
    _install_by_hand(tmp_path, BROKEN | CLUMSY)
    contents = {"ours": jcamp([1, 2, 3]).encode(), "own": GOOD, "early": b"EARLY", "nobody": b"who am I"}
    ours, own, early, nobody = _python(tmp_path, installed, code=READ_TWICE, **contents)
    # "halfway" took the place of our JCAMP-DX before it broke: ours is back
    assert [said[0][0] for said in ours] == ["instruments.jcamp"] * 2
    assert [said[0][0] for said in own] == ["mylab-detector.mydetector"] * 2
    assert [said[0][0] for said in early] == ["asks_early-reader.early"] * 2
    assert [said[0] for said in nobody] == ["UnknownFormat"] * 2


@pytest.fixture
def restored_registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder on the path; formats that a test registers disappear after it, and so do its modules."""
    formats()
    kept, modules = dict(registry._formats), set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    registry._formats.clear()
    registry._formats.update(kept)
    registry._broken.clear()
    for name in set(sys.modules) & (BROKEN.keys() | CLUMSY.keys()) - modules:
        del sys.modules[name]


def _load(folder: Path, name: str, code: str) -> None:
    (folder / f"{name}.py").write_text(code)
    registry._load_own(EntryPoint(name, name, registry.ENTRY_POINTS))


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_reader_that_cannot_be_loaded_leaves_nothing_behind(
    restored_registry: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = formats()
    with caplog.at_level(logging.ERROR):
        _load(restored_registry, name, BROKEN[name])
    assert formats() == before
    assert [broken.name for broken in broken_readers()] == [name]
    assert broken_readers()[0].reason
    assert one(jcamp([1, 2, 3])).reader == "instruments.jcamp"
    assert bool(caplog.records) == (name != "registers_nothing")


@pytest.mark.parametrize("name", sorted(CLUMSY))
def test_a_reader_that_looks_badly_is_passed_over(restored_registry: Path, name: str) -> None:
    _load(restored_registry, name, CLUMSY[name])
    assert broken_readers() == ()
    assert one(jcamp([1, 2, 3])).reader == "instruments.jcamp"
    with pytest.raises(InstrumentError) as caught:
        read(b"nobody knows this")
    assert not isinstance(caught.value, AmbiguousText)


def test_an_own_reader_may_take_the_place_of_ours_and_is_named(restored_registry: Path) -> None:
    _load(restored_registry, "early", IMPORTS + ANY.format(name="jcamp", magic='b"##"') + READS)
    reading = one(jcamp([1, 2, 3]))
    assert (reading.reader, reading.reader_version, reading.kind) == ("early.jcamp", "9", "uv")
