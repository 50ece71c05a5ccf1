"""Messages out to a folder and back in as a draft."""

from __future__ import annotations

import json
from pathlib import Path

from harm_messages import pack_files
from tests.cli.conftest import Mast


def test_a_version_goes_out_to_a_folder_and_comes_back_as_a_draft(mast: Mast, tmp_path: Path) -> None:
    mast("db", "upgrade")
    for name, role in (("cleo", "clinician"), ("rosa", "reception")):
        mast("people", "add", name, "--name", name, "--agency", "Durham", "--role", role)
    out = tmp_path / "pack"
    assert "Known: Durham" in mast("messages", "export", out, "--agency", "Nowhere", code=1).stderr
    assert mast("messages", "export", out, "--agency", "Durham").stdout.startswith("Version 0:")
    assert pack_files(out) == pack_files()
    assert "is not empty" in mast("messages", "export", out, "--agency", "Durham", code=1).stderr

    heat = out / "messages" / "en" / "M-HEAT.md"
    heat.write_text(heat.read_text() + "\n- Rest.\n")
    said = ("messages", "import", out, "--reason", "Rest")
    assert "no clinician" in mast(*said, "--as", "rosa", code=1).stderr
    assert "no such person" in mast(*said, "--as", "nobody", code=1).stderr.lower()
    assert json.loads(mast(*said, "--as", "cleo", "--json").stdout)["version"] == 1
    again = tmp_path / "again"
    mast("messages", "export", again, "--agency", "Durham", "--version", "1")
    assert pack_files(again) == {**pack_files(out), "approvals.yaml": "[]\n"}
    assert (
        "no such version"
        in mast("messages", "export", tmp_path / "x", "--agency", "Durham", "--version", "9", code=1).stderr
    )
