"""What docs/operator.md tells an operator to type runs as it stands, as far as it can without a machine of one's own."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "operator.md").read_text()


def test_verbs_have_the_settings_of_the_services(tmp_path: Path) -> None:
    """The script of the guide, with its folders moved and nobody to become: a verb reads the file, quoted values included."""
    (script,) = re.findall(r"```\n(#!/bin/sh\n.*?)```", GUIDE, re.DOTALL)
    (tmp_path / "mast.env").write_text(
        "MAST_DATABASE_URL=postgresql://mast@db/mast\nMAST_TRUSTED_PROXIES='[\"10.0.0.0/24\"]'\n"
    )
    told = tmp_path / "told"
    told.write_text('#!/bin/sh\necho "$MAST_DATA_DIR $MAST_DATABASE_URL $MAST_TRUSTED_PROXIES $*"\n')
    told.chmod(0o700)
    for there, here in (
        ("sudo -u mast ", ""), ("/etc/mast/mast.env", f"{tmp_path}/mast.env"), ("/opt/mast/bin/mast", str(told)),
        ("/var/lib/mast", str(tmp_path)),
    ):  # fmt: skip
        assert there in script
        script = script.replace(there, here)
    done = subprocess.run(
        ["sh", "-c", script, "mast", "people", "add", "ada", "--name", "Ada Admin"],
        capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert done.stdout.strip() == (
        f'{tmp_path} postgresql://mast@db/mast ["10.0.0.0/24"] people add ada --name Ada Admin'
    )


def test_every_anchor_within_the_guide_is_a_heading() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lower()).replace(" ", "-")
        for line in re.findall(r"^#+ (.+)$", GUIDE, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", GUIDE)) <= headings


def test_it_names_no_setting_that_does_not_exist() -> None:
    from app.settings import ELSEWHERE, Settings

    known = {f"MAST_{name.upper()}" for name in Settings.model_fields} | ELSEWHERE
    assert set(re.findall(r"MAST_[A-Z_]+[A-Z]", GUIDE)) <= known
